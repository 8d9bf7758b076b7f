/* SPDX-License-Identifier: Apache-2.0
 *
 * normal: the standard normal distribution.
 *
 * The quantile is Wichura's algorithm AS 241, PPND16 (Applied Statistics 37, 1988), about 16
 * digits.
 * Threads: no state. */
#ifndef ASSAY_STATS_NORMAL_H
#define ASSAY_STATS_NORMAL_H

/* P(Z <= z). */
double normal_cdf(double z);

/* The z with P(Z <= z) = p; −infinity at 0, infinity at 1, NaN outside. */
double normal_quantile(double p);

#endif
