/* SPDX-License-Identifier: Apache-2.0
 *
 * account_add: the accounts of two pools that worked side by side as though they were one. */
#include "core/pool/account.h"

static void add32(uint32_t *into, uint32_t from)
{
    *into = *into > UINT32_MAX - from ? UINT32_MAX : *into + from;
}

static void add64(uint64_t *into, uint64_t from)
{
    *into = *into > UINT64_MAX - from ? UINT64_MAX : *into + from;
}

static void highest(uint64_t *into, uint64_t from)
{
    *into = *into > from ? *into : from;
}

/* What a pool carried, could carry when it was largest, and could carry as it was open; in streams
 * × ns. */
struct carried {
    double busy;
    double capacity;
    double open;
};

static struct carried carried_of(const struct pool_account *account)
{
    const struct pool_metrics *metrics = &account->metrics;
    struct carried carried = {
        .capacity = (double)account->connections_max * (double)metrics->elapsed_ns,
    };
    carried.busy = carried.capacity * metrics->utilization_micro / 1e6;
    if (metrics->utilization_open_micro > 0)
        carried.open = carried.busy / (metrics->utilization_open_micro / 1e6);
    return carried;
}

static uint32_t share_of(double part, double whole)
{
    double share = whole > 0 ? part / whole : 0;
    return (uint32_t)((share > 1 ? 1 : share) * 1e6 + 0.5);
}

static void add_metrics(struct pool_metrics *into, const struct pool_metrics *from)
{
    add32(&into->size, from->size);
    add32(&into->active, from->active);
    add32(&into->idle, from->idle);
    add32(&into->connections_max, from->connections_max);
    into->waiting_max =
        into->waiting_max > from->waiting_max ? into->waiting_max : from->waiting_max;
    add64(&into->arrivals, from->arrivals);
    add64(&into->checkouts, from->checkouts);
    add64(&into->checkins, from->checkins);
    add64(&into->reused, from->reused);
    add64(&into->refused, from->refused);
    add64(&into->timeouts, from->timeouts);
    add64(&into->opened, from->opened);
    add64(&into->open_failures, from->open_failures);
    add64(&into->checks, from->checks);
    add64(&into->check_failures, from->check_failures);
    add64(&into->expired, from->expired);
    add64(&into->checkout_ns_total, from->checkout_ns_total);
    highest(&into->checkout_ns_max, from->checkout_ns_max);
    highest(&into->elapsed_ns, from->elapsed_ns);
}

static int add_histograms(struct pool_histograms *into, const struct pool_histograms *from)
{
    int code = 0;

    for (size_t i = 0; i < POOL_WAY_END && code == 0; i++)
        code = histogram_merge(&into->checkout_ns[i], &from->checkout_ns[i]);
    if (code == 0)
        code = histogram_merge(&into->between_ns, &from->between_ns);
    if (code == 0)
        code = histogram_merge(&into->service_ns, &from->service_ns);
    if (code == 0)
        code = histogram_merge(&into->connect_ns, &from->connect_ns);
    return code;
}

int pool_account_add(struct pool_account *into, const struct pool_account *from)
{
    struct carried a = carried_of(into), b = carried_of(from);

    into->metrics.utilization_micro = share_of(a.busy + b.busy, a.capacity + b.capacity);
    into->metrics.utilization_open_micro = share_of(a.busy + b.busy, a.open + b.open);
    add32(&into->connections_min, from->connections_min);
    add32(&into->connections_max, from->connections_max);
    add_metrics(&into->metrics, &from->metrics);
    return add_histograms(&into->histograms, &from->histograms);
}
