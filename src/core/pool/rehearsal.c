/* SPDX-License-Identifier: Apache-2.0
 *
 * rehearsal: see rehearsal.h. The next thing that happens is the earliest of: an arrival, the end
 * of a stream, of an open, the pool's own deadline. */
#include "core/pool/rehearsal.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/slots.h"
#include "core/pool/alarms.h"
#include "core/pool/pool.h"

enum { CONNECTIONS_MAX = 100000, STREAMS_MAX = 1024 };

static const uint64_t CHECKOUT_IN_NS = 5000000000;
static const uint64_t CHECKOUT_NS_MAX = 3600000000000;

/* ---- drawing -------------------------------------------------------------------------------- */

/* A histogram as the running sum of its buckets. */
struct deck {
    uint64_t *sums;
    uint32_t *buckets;
    size_t count;
    uint64_t total;
};

static int deck_init(struct deck *deck, const struct histogram *histogram)
{
    *deck = (struct deck){.count = 0};
    if (histogram == NULL || histogram->total == 0)
        return 0;
    size_t used = 0;
    for (size_t i = 0; i < histogram->len; i++)
        used += histogram->counts[i] != 0;
    deck->sums = mem_new(used, sizeof *deck->sums);
    deck->buckets = mem_new(used, sizeof *deck->buckets);
    if (deck->sums == NULL || deck->buckets == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < histogram->len; i++) {
        if (histogram->counts[i] == 0)
            continue;
        deck->total += histogram->counts[i];
        deck->sums[deck->count] = deck->total;
        deck->buckets[deck->count++] = (uint32_t)i;
    }
    return 0;
}

static void deck_release(struct deck *deck)
{
    mem_free(deck->sums);
    mem_free(deck->buckets);
}

/* A value as often as it was measured, anywhere within its bucket; 0 from an empty deck. */
static uint64_t deck_draw(const struct deck *deck, struct rng *rng)
{
    if (deck->count == 0)
        return 0;
    uint64_t rank = rng_below(rng, deck->total);
    size_t low = 0;
    size_t high = deck->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (deck->sums[middle] > rank)
            high = middle;
        else
            low = middle + 1;
    }
    uint64_t from = histogram_low(deck->buckets[low]);
    uint64_t to = histogram_high(deck->buckets[low]);
    return from + rng_below(rng, to - from + 1);
}

/* ---- the stage ------------------------------------------------------------------------------ */

struct caller {
    struct id id;
    struct id connection;
    bool counted;
};

struct stage {
    struct rehearsal_wish wish;
    struct pool pool;
    struct slots callers; /* struct caller: tickets of the pool */
    struct alarms ends;   /* of streams, by caller */
    struct alarms opens;  /* by connection */
    struct id *opening;   /* by connection slot */
    struct deck between;
    struct deck service;
    struct deck connect;
    struct rng rng;
    struct histogram waits;
    uint64_t now_ns;
    uint64_t arrival_ns; /* the next; UINT64_MAX: none */
    uint32_t arrivals_left;
    uint32_t warming_left; /* of them, that are not counted */
    uint64_t wait_ns_total;
    struct rehearsal result;
    uint64_t counted_from_ns;
};

static void drain(struct stage *stage)
{
    struct pool_effect effect;

    while (pool_next(&stage->pool, &effect)) {
        struct caller *caller = effect.kind == POOL_GRANT || effect.kind == POOL_REFUSE
                                    ? slots_get(&stage->callers, effect.ticket)
                                    : NULL;
        switch (effect.kind) {
        case POOL_OPEN:
            stage->opening[effect.connection.slot] = effect.connection;
            alarms_set(&stage->opens, effect.connection.slot,
                       stage->now_ns + deck_draw(&stage->connect, &stage->rng));
            break;
        case POOL_CLOSE:
            alarms_set(&stage->opens, effect.connection.slot, UINT64_MAX);
            break;
        case POOL_GRANT:
            if (caller->counted) {
                histogram_record(&stage->waits, effect.waited_ns);
                stage->wait_ns_total += effect.waited_ns;
            }
            caller->connection = effect.connection;
            alarms_set(&stage->ends, effect.ticket.slot,
                       stage->now_ns + deck_draw(&stage->service, &stage->rng));
            break;
        case POOL_REFUSE:
            stage->result.timeouts += caller->counted;
            slots_give(&stage->callers, effect.ticket);
            break;
        case POOL_CHECK:
        case POOL_PERMIT_WANTED:
        case POOL_PERMIT_BACK:
        case POOL_EFFECT_END:
            break; /* neither checks nor shares were asked for */
        }
    }
    if (stage->pool.connections.taken > stage->result.connections_peak)
        stage->result.connections_peak = stage->pool.connections.taken;
}

static void feed(struct stage *stage, const struct pool_event *event)
{
    int code = pool_feed(&stage->pool, stage->now_ns, event);

    assert_always(code == 0);
    drain(stage);
}

static void arrive(struct stage *stage)
{
    struct id id;
    bool counted = stage->warming_left == 0;
    struct caller *caller = slots_take(&stage->callers, &id);

    stage->arrivals_left--;
    stage->arrival_ns = stage->arrivals_left == 0
                            ? UINT64_MAX
                            : stage->now_ns + deck_draw(&stage->between, &stage->rng);
    if (counted) {
        stage->result.arrivals++;
    } else if (--stage->warming_left == 0) {
        pool_window_reset(&stage->pool);
    }
    if (caller == NULL) {
        stage->result.timeouts += counted;
        return;
    }
    *caller = (struct caller){.id = id, .counted = counted};
    feed(stage, &(struct pool_event){.kind = POOL_WANT,
                                     .ticket = id,
                                     .deadline_ns = stage->now_ns + stage->wish.checkout_in_ns});
}

static void end_streams(struct stage *stage)
{
    uint32_t slot;

    while (alarms_pop(&stage->ends, stage->now_ns, &slot)) {
        struct id id;
        struct caller *caller = slots_at(&stage->callers, slot, &id);
        struct pool_event done = {.kind = POOL_STREAM_DONE,
                                  .connection = caller->connection,
                                  .ticket = id,
                                  .reusable = true};
        slots_give(&stage->callers, id);
        feed(stage, &done);
    }
}

static void end_opens(struct stage *stage)
{
    uint32_t slot;

    while (alarms_pop(&stage->opens, stage->now_ns, &slot))
        feed(stage, &(struct pool_event){.kind = POOL_OPENED, .connection = stage->opening[slot]});
}

static uint64_t earliest(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* Until the last arrival has been served or refused: what comes after says nothing of load. */
static void play(struct stage *stage)
{
    pool_tick(&stage->pool, stage->now_ns);
    drain(stage);
    while (stage->arrival_ns != UINT64_MAX || stage->callers.taken != 0) {
        uint64_t next_ns =
            earliest(earliest(stage->arrival_ns, pool_deadline(&stage->pool)),
                     earliest(alarms_first(&stage->ends), alarms_first(&stage->opens)));
        stage->now_ns = next_ns > stage->now_ns ? next_ns : stage->now_ns;
        end_opens(stage);
        end_streams(stage);
        if (pool_deadline(&stage->pool) <= stage->now_ns) {
            pool_tick(&stage->pool, stage->now_ns);
            drain(stage);
        }
        if (stage->arrival_ns <= stage->now_ns) {
            arrive(stage);
            if (stage->arrival_ns == UINT64_MAX) /* load ends here */
                break;
        }
    }
}

static void measure(struct stage *stage)
{
    struct rehearsal *result = &stage->result;
    struct pool_metrics metrics;

    pool_window_metrics(&stage->pool, &metrics);
    /* Who still waits at the end has not timed out, and was not served either. */
    uint64_t served = stage->waits.total;
    result->checkout_ns_mean = served != 0 ? stage->wait_ns_total / served : 0;
    result->checkout_ns_p50 = histogram_percentile(&stage->waits, 500000);
    result->checkout_ns_p99 = result->timeouts * 100 > result->arrivals
                                  ? UINT64_MAX
                                  : histogram_percentile(&stage->waits, 990000);
    result->checkout_ns_max = histogram_max(&stage->waits);
    result->opened = metrics.opened;
    result->utilization_micro = metrics.utilization_micro;
}

static int stage_init(struct stage *stage, const struct workload *workload)
{
    const struct rehearsal_wish *wish = &stage->wish;
    struct pool_settings settings = {
        .connections_min = wish->connections_min,
        .connections_max = wish->connections_max,
        .streams_max = wish->streams_max,
        .tickets_max = REHEARSAL_WAITING_MAX,
        .connect_in_ns = CHECKOUT_NS_MAX,
        .seed = wish->seed,
    };

    rng_init_named(&stage->rng, wish->seed, view_of("rehearsal"));
    int code = pool_init(&stage->pool, &settings, stage->now_ns);
    if (code == 0)
        code = slots_init(&stage->callers, REHEARSAL_WAITING_MAX, sizeof(struct caller));
    if (code == 0)
        code = alarms_init(&stage->ends, REHEARSAL_WAITING_MAX);
    if (code == 0)
        code = alarms_init(&stage->opens, wish->connections_max);
    if (code == 0)
        code = histogram_init(&stage->waits, CHECKOUT_NS_MAX);
    if (code == 0)
        code = deck_init(&stage->between, workload->between_ns);
    if (code == 0)
        code = deck_init(&stage->service, workload->service_ns);
    if (code == 0)
        code = deck_init(&stage->connect, workload->connect_ns);
    stage->opening = mem_new(wish->connections_max, sizeof *stage->opening);
    return code == 0 && stage->opening == NULL ? ERR_MEMORY : code;
}

static void stage_release(struct stage *stage)
{
    pool_release(&stage->pool);
    slots_release(&stage->callers);
    alarms_release(&stage->ends);
    alarms_release(&stage->opens);
    histogram_release(&stage->waits);
    deck_release(&stage->between);
    deck_release(&stage->service);
    deck_release(&stage->connect);
    mem_free(stage->opening);
}

int pool_rehearse(const struct workload *workload, const struct rehearsal_wish *wish,
                  struct rehearsal *ret_rehearsal)
{
    struct stage stage = {.wish = *wish, .now_ns = 1};

    if (workload->between_ns->total == 0 || workload->service_ns->total == 0)
        return ERR_MISSING;
    if (stage.wish.streams_max == 0)
        stage.wish.streams_max = 1;
    if (stage.wish.checkout_in_ns == 0)
        stage.wish.checkout_in_ns = CHECKOUT_IN_NS;
    if (stage.wish.arrivals == 0)
        stage.wish.arrivals = REHEARSAL_ARRIVALS;
    if (wish->connections_max == 0 || wish->connections_max > CONNECTIONS_MAX
        || stage.wish.streams_max > STREAMS_MAX || wish->connections_min > wish->connections_max
        || stage.wish.arrivals > REHEARSAL_ARRIVALS_MAX
        || stage.wish.checkout_in_ns > CHECKOUT_NS_MAX)
        return ERR_LIMIT;
    stage.warming_left = stage.wish.arrivals / 10;
    stage.arrivals_left = stage.wish.arrivals + stage.warming_left;
    stage.arrival_ns = stage.now_ns;
    int code = stage_init(&stage, workload);
    if (code == 0) {
        play(&stage);
        measure(&stage);
        *ret_rehearsal = stage.result;
    }
    stage_release(&stage);
    return code;
}

int pool_size_for(const struct workload *workload, const struct rehearsal_wish *wish,
                  uint64_t wanted_ns, uint32_t *ret_connections, struct rehearsal *ret_rehearsal)
{
    struct rehearsal_wish tried = *wish;
    uint32_t low = 1;
    uint32_t high = wish->connections_max;
    struct rehearsal best;

    int code = pool_rehearse(workload, &tried, &best);
    if (code != 0)
        return code;
    bool possible = best.checkout_ns_p99 <= wanted_ns;
    while (possible && low < high) {
        struct rehearsal figures;
        tried.connections_max = low + (high - low) / 2;
        tried.connections_min = wish->connections_min < tried.connections_max
                                    ? wish->connections_min
                                    : tried.connections_max;
        code = pool_rehearse(workload, &tried, &figures);
        if (code != 0)
            return code;
        if (figures.checkout_ns_p99 <= wanted_ns) {
            best = figures;
            high = tried.connections_max;
        } else {
            low = tried.connections_max + 1;
        }
    }
    *ret_connections = high;
    *ret_rehearsal = best;
    return possible ? 0 : ERR_LIMIT;
}
