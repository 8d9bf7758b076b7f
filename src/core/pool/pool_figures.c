/* SPDX-License-Identifier: Apache-2.0
 *
 * pool_figures: what a pool measures. Utilization is weighted by time: streams in use, summed over
 * time, over streams that could have been, so that a sample at an unlucky moment cannot mislead.
 * Histograms of arrivals, waits, connects and services are what another run can be simulated
 * from. */
#include "core/pool/pool_inside.h"

static const uint64_t LONGEST_NS = 3600000000000; /* longer ones are counted as about this */
static const double MICRO = 1e6;

enum { NS_OF_US = 1000, HISTOGRAMS = POOL_WAY_END + 3 };

static void all_histograms(struct pool_histograms *histograms, struct histogram *all[HISTOGRAMS])
{
    for (size_t i = 0; i < POOL_WAY_END; i++)
        all[i] = &histograms->checkout_ns[i];
    all[POOL_WAY_END] = &histograms->between_ns;
    all[POOL_WAY_END + 1] = &histograms->service_ns;
    all[POOL_WAY_END + 2] = &histograms->connect_ns;
}

int pool_figures_init(struct pool *pool)
{
    struct histogram *all[HISTOGRAMS];
    int code = 0;

    all_histograms(&pool->histograms, all);
    for (size_t i = 0; i < HISTOGRAMS && code == 0; i++)
        code = histogram_init(all[i], LONGEST_NS);
    return code;
}

void pool_figures_release(struct pool *pool)
{
    struct histogram *all[HISTOGRAMS];

    all_histograms(&pool->histograms, all);
    for (size_t i = 0; i < HISTOGRAMS; i++)
        histogram_release(all[i]);
}

static void add(struct pool_sum *sum, uint64_t ns, uint64_t streams)
{
    uint64_t rest_ns = sum->rest_ns + ns % NS_OF_US * streams;

    sum->us += ns / NS_OF_US * streams + rest_ns / NS_OF_US;
    sum->rest_ns = rest_ns % NS_OF_US;
}

/* What the pool at its largest could carry: what is open, and more such connections up to it. */
static uint64_t streams_at_most(const struct pool *pool)
{
    uint32_t open = pool_size(pool) - pool->opening.count;

    return pool->streams_open
           + (uint64_t)pool_less(pool->connections_max, open) * pool->streams_each;
}

void pool_figures_advance(struct pool *pool, uint64_t now_ns)
{
    assert_always(now_ns >= pool->now_ns);
    uint64_t ns = now_ns - pool->now_ns;

    if (ns == 0)
        return;
    add(&pool->busy, ns, pool->streams);
    add(&pool->open, ns, pool->streams_open);
    add(&pool->capacity, ns, streams_at_most(pool));
}

void pool_figures_arrival(struct pool *pool)
{
    if (pool->metrics.arrivals > 0)
        histogram_record(&pool->histograms.between_ns, pool->now_ns - pool->arrived_ns);
    pool->metrics.arrivals++;
    pool->arrived_ns = pool->now_ns;
}

static void raise(uint64_t *highest, uint64_t value)
{
    if (value > *highest)
        *highest = value;
}

void pool_figures_checkout(struct pool *pool, enum pool_way way, uint64_t waited_ns)
{
    pool->metrics.checkouts++;
    pool->metrics.checkout_ns_total += waited_ns;
    raise(&pool->metrics.checkout_ns_max, waited_ns);
    raise(&pool->window.checkout_ns_max, waited_ns);
    histogram_record(&pool->histograms.checkout_ns[way], waited_ns);
}

void pool_figures_service(struct pool *pool, const struct pool_connection *connection,
                          struct id ticket)
{
    const struct pool_ticket *known =
        id_is_none(ticket) || ticket.slot >= pool->settings.tickets_max
            ? NULL
            : &pool->tickets[ticket.slot];

    if (known != NULL && id_equal(known->granted, ticket))
        histogram_record(&pool->histograms.service_ns, pool->now_ns - known->granted_ns);
    else if (connection->streams == 1 && connection->alone)
        histogram_record(&pool->histograms.service_ns, pool->now_ns - connection->granted_ns);
}

/* ---- what is told --------------------------------------------------------------------------- */

static uint32_t share_micro(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (uint32_t)((double)part / (double)whole * MICRO + 0.5) : 0;
}

static void tell_shares(struct pool_metrics *metrics)
{
    metrics->utilization_micro = share_micro(metrics->busy_us, metrics->capacity_us);
    metrics->utilization_open_micro = share_micro(metrics->busy_us, metrics->open_us);
}

void pool_metrics(const struct pool *pool, struct pool_metrics *ret_metrics)
{
    *ret_metrics = pool->metrics;
    ret_metrics->size = pool_size(pool);
    ret_metrics->opening = pool->opening.count;
    ret_metrics->idle = pool->idle.count + pool->checking.count + pool->shut.count;
    ret_metrics->checking = pool->checking.count;
    ret_metrics->draining = pool->draining.count;
    ret_metrics->active = pool->shared.count + pool->full.count + pool->draining.count;
    ret_metrics->waiting = pool->waiting.count;
    ret_metrics->streams = pool->streams;
    ret_metrics->connections_max = pool->connections_max;
    ret_metrics->busy_us = pool->busy.us;
    ret_metrics->open_us = pool->open.us;
    ret_metrics->capacity_us = pool->capacity.us;
    ret_metrics->elapsed_ns = pool->now_ns - pool->begun_ns;
    tell_shares(ret_metrics);
}

void pool_window_metrics(const struct pool *pool, struct pool_metrics *ret_metrics)
{
    /* All that only ever grows. */
    static const size_t sums[] = {
        offsetof(struct pool_metrics, arrivals),
        offsetof(struct pool_metrics, checkouts),
        offsetof(struct pool_metrics, checkins),
        offsetof(struct pool_metrics, reused),
        offsetof(struct pool_metrics, refused),
        offsetof(struct pool_metrics, timeouts),
        offsetof(struct pool_metrics, opened),
        offsetof(struct pool_metrics, open_failures),
        offsetof(struct pool_metrics, checks),
        offsetof(struct pool_metrics, check_failures),
        offsetof(struct pool_metrics, expired),
        offsetof(struct pool_metrics, recalled),
        offsetof(struct pool_metrics, busy_us),
        offsetof(struct pool_metrics, open_us),
        offsetof(struct pool_metrics, capacity_us),
        offsetof(struct pool_metrics, checkout_ns_total),
    };
    struct pool_metrics metrics;

    pool_metrics(pool, &metrics);
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        uint64_t *value = (uint64_t *)(void *)((char *)&metrics + sums[i]);
        *value -= *(const uint64_t *)(const void *)((const char *)&pool->window + sums[i]);
    }
    metrics.checkout_ns_max = pool->window.checkout_ns_max;
    metrics.waiting_max = pool->window.waiting_max;
    metrics.elapsed_ns = pool->now_ns - pool->window_begun_ns;
    tell_shares(&metrics);
    *ret_metrics = metrics;
}

void pool_window_reset(struct pool *pool)
{
    pool_metrics(pool, &pool->window);
    pool->window.checkout_ns_max = 0;
    pool->window.waiting_max = pool->waiting.count;
    pool->window_begun_ns = pool->now_ns;
}

const struct pool_histograms *pool_histograms(const struct pool *pool)
{
    return &pool->histograms;
}
