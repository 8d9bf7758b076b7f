/* SPDX-License-Identifier: Apache-2.0
 *
 * advice: what a pool's figures call for, and how large it should be for what was measured.
 *
 * Three rules, each naming the figure that triggered it: in use over 80 % of the time (propose 1.5
 * times as many), under 20 % on a pool larger than 10 (propose half, 5 at least), more than 1 % of
 * checkouts timed out. And a reasoned size: the smallest whose checkouts are quick enough when the
 * measured workload is played again (rehearsal.h), with what that costs in connections and saves
 * in waiting.
 *
 * Pure. Memory: as rehearsal.h. Threads: no state. Source: the product's pool alerts. */
#ifndef ASSAY_CORE_POOL_ADVICE_H
#define ASSAY_CORE_POOL_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/pool/pool.h"
#include "core/pool/rehearsal.h"

enum advice_rule {
    ADVICE_BUSY,     /* in use over 80 % */
    ADVICE_SLACK,    /* in use under 20 %, larger than 10 */
    ADVICE_TIMEOUTS, /* over 1 % of those who wanted a stream */
    ADVICE_RULES,
};

enum {
    ADVICE_BUSY_ABOVE_MICRO = 800000,
    ADVICE_SLACK_BELOW_MICRO = 200000,
    ADVICE_SLACK_SIZE_ABOVE = 10,
    ADVICE_SLACK_SIZE_LEAST = 5,
    ADVICE_TIMEOUTS_ABOVE_MICRO = 10000,
};

struct advice {
    bool holds[ADVICE_RULES];
    uint32_t propose[ADVICE_RULES]; /* connections; of TIMEOUTS the same as BUSY proposes */
    uint32_t timeouts_micro;        /* of those who wanted a stream */
};

/* Judges figures of a pool of connections_max (metrics->connections_max). */
struct advice pool_advise(const struct pool_metrics *metrics);

/* "busy", "slack", "timeouts". */
const char *advice_rule_name(enum advice_rule rule);

/* The reasoned size. */
struct advice_size {
    bool possible;            /* false: not even the bound is enough for the wanted p99 */
    uint32_t connections;     /* proposed */
    struct rehearsal now;     /* the pool as it is */
    struct rehearsal then;    /* with the proposed size */
    struct rehearsal doubled; /* with twice that: what further connections would still save */
};

/* Plays the workload with the pool as it is (`wish`), with the smallest pool of at most `bound`
 * connections whose checkout p99 is at most wanted_ns, and with twice that. ERR_MISSING where
 * nothing was measured, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int pool_advise_size(const struct workload *workload, const struct rehearsal_wish *wish,
                                uint64_t wanted_ns, uint32_t bound, struct advice_size *ret_size);

#endif
