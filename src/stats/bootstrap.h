/* SPDX-License-Identifier: Apache-2.0
 *
 * bootstrap: an interval for a mean that assumes no distribution.
 *
 * Bias-corrected and accelerated (BCa): Efron, "Better bootstrap confidence intervals", 1987; Efron
 * and Tibshirani, "An introduction to the bootstrap", 1993, chapter 14, equations 14.10 to 14.15.
 * With clusters, whole clusters are drawn and the mean is total over count. Where all values (or
 * all cluster means) are equal, the interval is that point.
 *
 * Memory: scratch from base/mem, given back. Threads: no state; same seed, same interval.
 * Limits: |value| <= 2^31, count <= 2^24. */
#ifndef ASSAY_STATS_BOOTSTRAP_H
#define ASSAY_STATS_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { BOOTSTRAP_DRAWS = 10000 };

struct interval {
    double low_micro;
    double high_micro;
};

/* The two-sided interval of that confidence (.90, .95) for the mean. `clusters` as in
 * permutation.h, or NULL. ERR_INVALID where count is 0, a limit is passed, or confidence is not in
 * (0, 1); ERR_MEMORY. */
MUST_CHECK int bootstrap_mean(const int64_t *values_micro, const uint32_t *clusters, size_t count,
                              double confidence, uint64_t seed, struct interval *ret_interval);

#endif
