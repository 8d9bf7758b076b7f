/* SPDX-License-Identifier: Apache-2.0
 *
 * fdr: many p values at once, and how many of the discoveries may be false.
 *
 * Benjamini and Hochberg 1995 (independent or positively dependent tests); Benjamini and Yekutieli
 * 2001 (any dependence). Adjusted values are compared with q directly. Threads: no state. */
#ifndef ASSAY_STATS_FDR_H
#define ASSAY_STATS_FDR_H

#include <stddef.h>

#include "base/err.h"

enum fdr_method {
    FDR_BENJAMINI_HOCHBERG,
    FDR_BENJAMINI_YEKUTIELI,
};

/* ret_adjusted[i] for p[i] (the arrays may be the same): a test is a discovery where it is <= q.
 * ERR_INVALID where a p is not in 0..1, ERR_MEMORY. */
MUST_CHECK int fdr_adjust(enum fdr_method method, const double *p, size_t count,
                          double *ret_adjusted);

#endif
