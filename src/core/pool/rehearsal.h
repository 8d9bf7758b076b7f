/* SPDX-License-Identifier: Apache-2.0
 *
 * rehearsal: a measured workload played again in simulated time against a pool of another size: the
 * real machine (pool.h), arrivals, service and connect times drawn from what was measured.
 *
 * What it assumes: arrivals do not wait for each other's answers, times are independent of one
 * another and of the pool's size. So bursts longer than a gap between two arrivals are smoothed,
 * and a service that slows down under load looks better than it is; a run whose callers were held
 * back by their own limit shows fewer arrivals than there would be.
 *
 * Pure. Memory: base/mem, given back before it returns. Same workload, wish and seed: the same
 * figures. Limits: below. */
#ifndef ASSAY_CORE_POOL_REHEARSAL_H
#define ASSAY_CORE_POOL_REHEARSAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"

enum {
    REHEARSAL_ARRIVALS = 20000, /* where nothing else is wished; a tenth more warms up */
    REHEARSAL_ARRIVALS_MAX = 1 << 24,
    REHEARSAL_WAITING_MAX = 1 << 16, /* more callers at once are refused */
};

/* Nanoseconds all; connect_ns may be NULL or empty: connections open at once. */
struct workload {
    const struct histogram *between_ns; /* from one arrival to the next */
    const struct histogram *service_ns; /* a stream is in use */
    const struct histogram *connect_ns;
};

struct rehearsal_wish {
    uint32_t connections_min;
    uint32_t connections_max;
    uint32_t streams_max;    /* on one connection; 0: 1 */
    uint64_t checkout_in_ns; /* a wait that takes longer fails; 0: 5 s */
    uint32_t arrivals;       /* 0: REHEARSAL_ARRIVALS */
    uint64_t seed;
};

struct rehearsal {
    uint64_t arrivals; /* counted ones */
    uint64_t timeouts; /* of them, that waited too long or found the queue full */
    uint64_t checkout_ns_mean;
    uint64_t checkout_ns_p50;
    uint64_t checkout_ns_p99; /* UINT64_MAX where more than 1 % timed out */
    uint64_t checkout_ns_max;
    uint64_t opened; /* connections */
    uint32_t connections_peak;
    uint32_t utilization_micro; /* of what connections_max could carry */
};

/* ERR_MISSING where the workload is empty, ERR_LIMIT for a wish out of range, ERR_MEMORY. */
MUST_CHECK int pool_rehearse(const struct workload *workload, const struct rehearsal_wish *wish,
                             struct rehearsal *ret_rehearsal);

/* The smallest connections_max (1 to wish->connections_max) whose checkout p99 is at most
 * wanted_ns, and its figures; ERR_LIMIT where even the largest is too small: its figures are given
 * then, too. */
MUST_CHECK int pool_size_for(const struct workload *workload, const struct rehearsal_wish *wish,
                             uint64_t wanted_ns, uint32_t *ret_connections,
                             struct rehearsal *ret_rehearsal);

#endif
