/* SPDX-License-Identifier: Apache-2.0
 *
 * permutation: is the mean of paired differences below zero by more than chance? A one-sided
 * sign-flip test.
 *
 * Under the null each difference is as likely up as down, so all 2^n ways of flipping signs are
 * equally likely; p is the share of them with a sum as low as the one seen. Exact for n <=
 * PERMUTATION_EXACT_MAX; otherwise PERMUTATION_DRAWS seeded draws and p = (1 + #) / (draws + 1),
 * which never is 0 and never too small (Phipson and Smyth, "Permutation p-values should never be
 * zero", 2010). Where entries share what makes them go up or down together, whole clusters flip.
 * Differences are integers, so that ties are ties.
 *
 * Memory: scratch from base/mem, given back. Threads: no state; same seed, same p.
 * Limits: |difference| <= 2^31, count <= 2^24. */
#ifndef ASSAY_STATS_PERMUTATION_H
#define ASSAY_STATS_PERMUTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { PERMUTATION_EXACT_MAX = 20, PERMUTATION_DRAWS = 9999 };

struct permutation {
    double p;
    bool is_exact;
    size_t units;    /* differences, or clusters, that flip */
    uint64_t flips;  /* ways looked at: 2^units, or PERMUTATION_DRAWS */
    uint64_t as_low; /* of them, those with a sum as low as the one seen */
};

/* ERR_INVALID where count is 0 or a limit is passed, ERR_MEMORY. `clusters` holds a cluster number
 * for each difference (any numbers), or is NULL where each stands alone. */
MUST_CHECK int permutation_drop(const int64_t *differences_micro, const uint32_t *clusters,
                                size_t count, uint64_t seed, struct permutation *ret_result);

#endif
