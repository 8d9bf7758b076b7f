/* SPDX-License-Identifier: Apache-2.0
 *
 * percentile: order statistics of numbers that are all there (histograms have their own).
 *
 * Linear interpolation between order statistics, type 7 of Hyndman and Fan ("Sample quantiles in
 * statistical packages", 1996), as numpy and R do by default. Threads: no state. */
#ifndef ASSAY_STATS_PERCENTILE_H
#define ASSAY_STATS_PERCENTILE_H

#include <stddef.h>
#include <stdint.h>

/* Ascending, in place. No value may be NaN. */
void percentile_sort(double *values, size_t count);
void percentile_sort_int(int64_t *values, size_t count);

/* The q-quantile (0..1, clamped) of ascending values; 0 where count is 0. */
double percentile_of(const double *sorted, size_t count, double q);
double percentile_of_int(const int64_t *sorted, size_t count, double q);

#endif
