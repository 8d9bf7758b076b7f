/* SPDX-License-Identifier: Apache-2.0
 *
 * machine_watch: see machine_watch.h. */
#include "machine_watch.h"

#include <stdarg.h>
#include <stdio.h>

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

/* ---- connections ---------------------------------------------------------------------------- */

static bool may_have_streams(enum pool_state state)
{
    return state == POOL_STATE_SHARED || state == POOL_STATE_FULL || state == POOL_STATE_DRAINING;
}

static void check_connection(const struct call_machine *machine, uint64_t now_ns,
                             struct problem *problem, const struct pool_connection *connection)
{
    uint32_t slot = connection->id.slot;
    uint32_t calls = machine->lanes[slot].calls.count;

    HOLDS(problem, now_ns, calls == connection->streams,
          "connection %u has %u streams and %u calls", slot, connection->streams, calls);
    HOLDS(problem, now_ns, may_have_streams(connection->state) == (connection->streams > 0),
          "connection %u in state %d has %u streams", slot, (int)connection->state,
          connection->streams);
    HOLDS(problem, now_ns,
          connection->state != POOL_STATE_SHARED || connection->streams < connection->capacity,
          "connection %u has %u streams of %u and is shared", slot, connection->streams,
          connection->capacity);
}

static void check_lists(const struct pool *pool, uint64_t now_ns, struct problem *problem,
                        const struct census *census)
{
    const struct list *const lists[POOL_STATE_END] = {
        [POOL_STATE_OPENING] = &pool->opening,   [POOL_STATE_IDLE] = &pool->idle,
        [POOL_STATE_CHECKING] = &pool->checking, [POOL_STATE_SHARED] = &pool->shared,
        [POOL_STATE_FULL] = &pool->full,         [POOL_STATE_SHUT] = &pool->shut,
        [POOL_STATE_DRAINING] = &pool->draining,
    };

    for (int state = 0; state < POOL_STATE_END; state++)
        HOLDS(problem, now_ns, lists[state]->count == census->states[state],
              "%u connections are in state %d, its list has %u", census->states[state], state,
              lists[state]->count);
}

static void check_pool(const struct call_machine *machine, uint64_t now_ns, struct problem *problem,
                       struct census *census)
{
    const struct pool *pool = &machine->pool;
    struct pool_metrics metrics;
    struct id id;

    for (uint32_t slot = 0; slot < pool->connections.capacity; slot++) {
        const struct pool_connection *connection = slots_at(&pool->connections, slot, &id);
        if (connection == NULL)
            continue;
        census->connections++;
        census->states[connection->state]++;
        census->streams += connection->streams;
        check_connection(machine, now_ns, problem, connection);
    }
    check_lists(pool, now_ns, problem, census);
    pool_metrics(pool, &metrics);
    HOLDS(problem, now_ns,
          census->connections == pool->connections.taken
              && census->connections <= pool->settings.connections_max,
          "%u connections, %u places taken, %u allowed", census->connections,
          pool->connections.taken, pool->settings.connections_max);
    HOLDS(problem, now_ns, !pool->settings.shared || census->connections <= pool->permits,
          "%u connections with %u permits", census->connections, pool->permits);
    HOLDS(problem, now_ns, census->streams == pool->streams,
          "%u streams on connections, the pool counts %u", census->streams, pool->streams);
    HOLDS(problem, now_ns, metrics.size == metrics.opening + metrics.idle + metrics.active,
          "size %u is not opening %u, idle %u, active %u", metrics.size, metrics.opening,
          metrics.idle, metrics.active);
    HOLDS(problem, now_ns, metrics.checkouts - metrics.checkins == metrics.streams,
          "%llu streams taken, %llu given back, %u in use", (unsigned long long)metrics.checkouts,
          (unsigned long long)metrics.checkins, metrics.streams);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void check_call(const struct call_machine *machine, uint64_t now_ns, struct problem *problem,
                       const struct call *call)
{
    HOLDS(problem, now_ns, now_ns <= call->deadline_ns, "a call waits %.9f s past its deadline",
          (double)(now_ns - call->deadline_ns) / 1e9);
    HOLDS(problem, now_ns,
          call->state != CALL_STATE_SENT || pool_knows(&machine->pool, call->connection),
          "a call was sent on a connection that is gone");
    HOLDS(problem, now_ns, call->tries <= machine->settings.attempts, "a call was tried %u times",
          call->tries);
}

static void check_calls(const struct call_machine *machine, uint64_t now_ns,
                        struct problem *problem, struct census *census)
{
    for (uint32_t slot = 0; slot < machine->settings.calls_max; slot++) {
        const struct call *call = &machine->calls[slot];
        census->calls[call->state]++;
        if (call->state == CALL_STATE_ABSENT)
            continue;
        census->held++;
        check_call(machine, now_ns, problem, call);
        if (call->state == CALL_STATE_WAITING || call->state == CALL_STATE_SENT)
            census->reserved += call->hold.tokens;
    }
    uint32_t in_flight = census->calls[CALL_STATE_WAITING] + census->calls[CALL_STATE_SENT];
    HOLDS(problem, now_ns,
          in_flight == machine->quota.in_flight
              && in_flight <= machine->settings.quota.in_flight_max,
          "%u calls in flight, the quota counts %u of %u", in_flight, machine->quota.in_flight,
          machine->settings.quota.in_flight_max);
    HOLDS(problem, now_ns, census->calls[CALL_STATE_SENT] == census->streams,
          "%u calls were sent, %u streams are in use", census->calls[CALL_STATE_SENT],
          census->streams);
    HOLDS(problem, now_ns, census->calls[CALL_STATE_WAITING] == machine->pool.waiting.count,
          "%u calls wait for a stream, the pool knows of %u", census->calls[CALL_STATE_WAITING],
          machine->pool.waiting.count);
    HOLDS(problem, now_ns, census->calls[CALL_STATE_QUEUED] == machine->queue.count,
          "%u calls are queued, the queue has %u", census->calls[CALL_STATE_QUEUED],
          machine->queue.count);
}

/* Nobody waits for what is there, and whoever waits for a time has one. */
static void check_progress(const struct call_machine *machine, uint64_t now_ns,
                           struct problem *problem)
{
    const struct pool *pool = &machine->pool;
    bool may_go_on = machine->quota.in_flight < machine->quota.in_flight_max
                     && machine->breaker.state != BREAKER_HALF_OPEN;

    HOLDS(problem, now_ns,
          pool->waiting.count == 0 || (pool->idle.count == 0 && pool->shared.count == 0),
          "%u calls wait for a stream, and %u connections have room", pool->waiting.count,
          pool->idle.count + pool->shared.count);
    HOLDS(problem, now_ns,
          pool->waiting.count == 0 || pool->opening.count > 0 || pool->settings.shared
              || pool->connections.taken >= pool->connections_max
              || pool_deadline(pool) != UINT64_MAX,
          "%u calls wait for a stream, and none is being opened", pool->waiting.count);
    HOLDS(problem, now_ns,
          machine->queue.count == 0 || !may_go_on || machine->admit_at_ns != UINT64_MAX,
          "%u calls are queued, and nobody looks when one may go on", machine->queue.count);
}

void machine_check(const struct call_machine *machine, uint64_t now_ns, struct problem *problem,
                   struct census *ret_census)
{
    *ret_census = (struct census){0};
    check_pool(machine, now_ns, problem, ret_census);
    check_calls(machine, now_ns, problem, ret_census);
    check_progress(machine, now_ns, problem);
}
