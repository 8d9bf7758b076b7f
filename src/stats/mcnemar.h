/* SPDX-License-Identifier: Apache-2.0
 *
 * mcnemar: did more paired checks break than heal? Exact, by the binomial on the discordant pairs
 * (McNemar 1947; the exact form as in Fay, "Two-sided exact tests and matching confidence intervals
 * for discrete data", 2010). Threads: no state. */
#ifndef ASSAY_STATS_MCNEMAR_H
#define ASSAY_STATS_MCNEMAR_H

#include <stdint.h>

struct mcnemar {
    double p_worse; /* one-sided: as many broke by chance */
    double p;       /* two-sided */
};

/* broke: passed before and fail now; healed: failed before and pass now. Both 0 gives 1 and 1. */
struct mcnemar mcnemar_exact(uint64_t broke, uint64_t healed);

#endif
