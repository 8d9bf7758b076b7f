/* SPDX-License-Identifier: Apache-2.0
 *
 * fisher: two counts of passes out of their repeats: Fisher's exact test of a 2×2 table (Fisher
 * 1934; the two-sided p sums all tables that are no more likely than the one seen, as R and scipy
 * do).
 * Threads: no state. */
#ifndef ASSAY_STATS_FISHER_H
#define ASSAY_STATS_FISHER_H

#include <stdint.h>

struct fisher {
    double p_worse; /* one-sided: the second rate is as low by chance */
    double p;       /* two-sided */
};

/* passed <= total on both sides, totals up to 2^31; an empty side gives 1 and 1. */
struct fisher fisher_exact(uint64_t before_passed, uint64_t before_total, uint64_t now_passed,
                           uint64_t now_total);

#endif
