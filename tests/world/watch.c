/* SPDX-License-Identifier: Apache-2.0
 *
 * watch: see watch.h. It reads the private parts of the machines on purpose: what is kept twice
 * (a count and a list, a state and a stream) must agree. */
#include "watch.h"

#include <stdarg.h>
#include <stdio.h>

#include "app/carrier_http.h"
#include "core/call/inside.h"
#include "core/pool/pool_inside.h"

static const uint64_t MINUTE_NS = 60000000000;

void problem_say(struct problem *problem, uint64_t now_ns, const char *format, ...)
{
    va_list args;

    if (problem->text[0] != '\0')
        return;
    problem->at_ns = now_ns;
    va_start(args, format);
    vsnprintf(problem->text, sizeof problem->text, format, args);
    va_end(args);
}

/* What was counted while walking over everything. */
struct census {
    uint32_t states[POOL_STATE_END];
    uint32_t streams;
    uint32_t lane_streams;
    uint32_t calls[CALL_STATE_END];
    int64_t reserved;
};

#define HOLDS(watch, now_ns, condition, ...) \
    do { \
        if (!(condition)) \
            problem_say((watch)->problem, now_ns, __VA_ARGS__); \
    } while (0)

/* ---- connections ---------------------------------------------------------------------------- */

static void check_connection(struct watch *watch, uint64_t now_ns, struct census *census,
                             const struct pool_connection *connection)
{
    const struct call_lane *lane = &watch->asker->machine.lanes[connection->id.slot];
    enum pool_state state = connection->state;
    bool has_streams = connection->streams > 0;

    census->states[state]++;
    census->streams += connection->streams;
    census->lane_streams += lane->calls.count;
    HOLDS(watch, now_ns, lane->calls.count == connection->streams,
          "connection %u has %u streams and %u calls", connection->id.slot, connection->streams,
          lane->calls.count);
    HOLDS(watch, now_ns,
          has_streams
              || (state != POOL_STATE_SHARED && state != POOL_STATE_FULL
                  && state != POOL_STATE_DRAINING),
          "connection %u is in use without a stream", connection->id.slot);
    HOLDS(watch, now_ns,
          !has_streams
              || (state != POOL_STATE_OPENING && state != POOL_STATE_IDLE
                  && state != POOL_STATE_CHECKING && state != POOL_STATE_SHUT),
          "connection %u is not in use and has streams", connection->id.slot);
    HOLDS(watch, now_ns, state != POOL_STATE_SHARED || connection->streams < connection->capacity,
          "connection %u has %u streams of %u and is shared", connection->id.slot,
          connection->streams, connection->capacity);
}

static void check_pool(struct watch *watch, uint64_t now_ns, struct census *census)
{
    const struct pool *pool = &watch->asker->machine.pool;
    const struct list *lists[POOL_STATE_END] = {
        [POOL_STATE_OPENING] = &pool->opening,   [POOL_STATE_IDLE] = &pool->idle,
        [POOL_STATE_CHECKING] = &pool->checking, [POOL_STATE_SHARED] = &pool->shared,
        [POOL_STATE_FULL] = &pool->full,         [POOL_STATE_SHUT] = &pool->shut,
        [POOL_STATE_DRAINING] = &pool->draining,
    };
    uint32_t size = 0;
    struct id id;

    for (uint32_t slot = 0; slot < pool->connections.capacity; slot++) {
        const struct pool_connection *connection = slots_at(&pool->connections, slot, &id);
        if (connection != NULL)
            check_connection(watch, now_ns, census, connection);
    }
    for (int state = 0; state < POOL_STATE_END; state++) {
        size += census->states[state];
        HOLDS(watch, now_ns, lists[state]->count == census->states[state],
              "%u connections are in state %d, its list has %u", census->states[state], state,
              lists[state]->count);
    }
    HOLDS(watch, now_ns, size == pool->connections.taken && size <= pool->connections_max,
          "%u connections, %u places taken, %u allowed", size, pool->connections.taken,
          pool->connections_max);
    HOLDS(watch, now_ns, census->streams == pool->streams,
          "%u streams on connections, the pool counts %u", census->streams, pool->streams);
    HOLDS(watch, now_ns, watch->spy->open == size,
          "the pool believes in %u connections, there are %u", size, watch->spy->open);
    struct pool_metrics metrics;
    pool_metrics(pool, &metrics);
    HOLDS(watch, now_ns, metrics.size == metrics.opening + metrics.idle + metrics.active,
          "size %u is not opening %u, idle %u, active %u", metrics.size, metrics.opening,
          metrics.idle, metrics.active);
    HOLDS(watch, now_ns, metrics.checkouts - metrics.checkins == metrics.streams,
          "%llu streams taken, %llu given back, %u in use", (unsigned long long)metrics.checkouts,
          (unsigned long long)metrics.checkins, metrics.streams);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void check_call(struct watch *watch, uint64_t now_ns, struct census *census,
                       const struct call *call)
{
    const struct call_machine *machine = &watch->asker->machine;

    census->calls[call->state]++;
    if (call->state == CALL_STATE_ABSENT)
        return;
    HOLDS(watch, now_ns, slots_get(&watch->asker->asks, call->id) != NULL,
          "a call goes on whose question is done");
    HOLDS(watch, now_ns, now_ns <= call->deadline_ns, "a call waits %.9f s past its deadline",
          (double)(now_ns - call->deadline_ns) / 1e9);
    HOLDS(watch, now_ns,
          call->state != CALL_STATE_SENT || pool_knows(&machine->pool, call->connection),
          "a call was sent on a connection that is gone");
    HOLDS(watch, now_ns, call->tries <= machine->settings.attempts, "a call was tried %u times",
          call->tries);
    if (call->state == CALL_STATE_WAITING || call->state == CALL_STATE_SENT)
        census->reserved += call->hold.tokens;
}

static void check_calls(struct watch *watch, uint64_t now_ns, struct census *census)
{
    const struct asker *asker = watch->asker;
    const struct call_machine *machine = &asker->machine;
    const struct quota *quota = &machine->quota;

    for (uint32_t slot = 0; slot < machine->settings.calls_max; slot++)
        check_call(watch, now_ns, census, &machine->calls[slot]);
    uint32_t in_flight = census->calls[CALL_STATE_WAITING] + census->calls[CALL_STATE_SENT];
    HOLDS(watch, now_ns, in_flight == quota->in_flight && in_flight <= asker->options.max_in_flight,
          "%u calls in flight, the quota counts %u of %u", in_flight, quota->in_flight,
          asker->options.max_in_flight);
    HOLDS(watch, now_ns, census->calls[CALL_STATE_SENT] == census->streams,
          "%u calls were sent, %u streams are in use", census->calls[CALL_STATE_SENT],
          census->streams);
    HOLDS(watch, now_ns, census->calls[CALL_STATE_WAITING] == machine->pool.waiting.count,
          "%u calls wait for a stream, the pool knows of %u", census->calls[CALL_STATE_WAITING],
          machine->pool.waiting.count);
    HOLDS(watch, now_ns, machine->queue.count == census->calls[CALL_STATE_QUEUED],
          "%u calls are queued, the queue has %u", census->calls[CALL_STATE_QUEUED],
          machine->queue.count);
    HOLDS(watch, now_ns, asker->asks.taken == watch->live,
          "%u questions are open, the asker holds %u", watch->live, asker->asks.taken);
    HOLDS(watch, now_ns,
          asker->asks.taken <= asker->options.max_in_flight + asker->options.waiting_max,
          "%u questions are held", asker->asks.taken);
    HOLDS(watch, now_ns, watch->live == 0 || asker->wake_ns != UINT64_MAX,
          "questions are open and nobody will be woken");
}

/* ---- the ledger ----------------------------------------------------------------------------- */

/* What a bucket that started full can have given by now. */
static double given(int64_t a_minute, uint64_t ns)
{
    return (double)a_minute * (1 + (double)ns / (double)MINUTE_NS) + 1;
}

static void check_ledger(struct watch *watch, uint64_t now_ns, const struct census *census)
{
    const struct asker_options *options = &watch->asker->options;
    uint64_t ns = now_ns - watch->begun_ns;
    uint64_t sent = watch->asker->machine.stats.sent;
    int64_t tokens = watch->spent + census->reserved - watch->overrun;

    HOLDS(watch, now_ns, options->rpm == 0 || (double)sent <= given(options->rpm, ns),
          "%llu requests in %.3f s with an rpm of %lld", (unsigned long long)sent, (double)ns / 1e9,
          (long long)options->rpm);
    HOLDS(watch, now_ns, options->tpm == 0 || (double)tokens <= given(options->tpm, ns),
          "%lld tokens in %.3f s with a tpm of %lld", (long long)tokens, (double)ns / 1e9,
          (long long)options->tpm);
}

/* ---- all of it ------------------------------------------------------------------------------ */

void watch_init(struct watch *watch, const struct asker *asker, const struct spy *spy,
                struct problem *problem, uint64_t now_ns)
{
    *watch = (struct watch){.asker = asker, .spy = spy, .problem = problem, .begun_ns = now_ns};
}

static void check_exchanges(struct watch *watch, uint64_t now_ns, const struct census *census)
{
    const struct carrier_http *http = (const struct carrier_http *)watch->asker->carrier;

    HOLDS(watch, now_ns, http->exchanges.taken == census->streams,
          "%u requests are carried, %u streams are in use", http->exchanges.taken, census->streams);
}

void watch_check(struct watch *watch, uint64_t now_ns)
{
    struct census census = {0};

    watch->checks++;
    if (watch->asker->pending.count > 0)
        return; /* what was asked or given up just now is done with the next event, at once */
    check_pool(watch, now_ns, &census);
    check_calls(watch, now_ns, &census);
    check_exchanges(watch, now_ns, &census);
    check_ledger(watch, now_ns, &census);
}

void watch_check_rest(struct watch *watch, uint64_t now_ns)
{
    struct asker_stats stats;

    asker_stats(watch->asker, &stats);
    HOLDS(watch, now_ns, stats.in_flight == 0 && stats.waiting == 0 && stats.pool.streams == 0,
          "all is done, and %u questions are in flight, %u wait, %u streams are in use",
          stats.in_flight, stats.waiting, stats.pool.streams);
    HOLDS(watch, now_ns, stats.answered + stats.failed == stats.asked,
          "%llu asked, %llu answered, %llu failed", (unsigned long long)stats.asked,
          (unsigned long long)stats.answered, (unsigned long long)stats.failed);
}

int64_t watch_reserved(const struct asker *asker, struct id ask)
{
    const struct ask *found = asker_find(asker, ask);

    return found != NULL ? found->tokens : 0;
}
