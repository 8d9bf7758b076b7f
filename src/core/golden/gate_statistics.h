/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_statistics: what statistics say of a judged run, for the suite and for its two families.
 *
 * Past GATE_DRAWN_MAX entries the permutation test and the bootstrap interval give way to their
 * normal limits, from which they differ in no figure that is printed, and which take no minutes.
 *
 * Threads: no state; the run's seed makes it repeatable. */
#ifndef ASSAY_CORE_GOLDEN_GATE_STATISTICS_H
#define ASSAY_CORE_GOLDEN_GATE_STATISTICS_H

#include "base/arena.h"
#include "core/record/run.h"

enum { GATE_MARGIN_MICRO = 30000, GATE_CLUSTERS_MIN = 20, GATE_DRAWN_MAX = 5000 };

/* The rule of failing: a p below .05 and a mean that fell by the margin at least. */
bool gate_statistics_fail(double p, double mean);

/* The one-sided p of the sign-flip test that the differences fell (stats/permutation.h); of more
 * than `drawn_max` the normal limit: their sum over the root of the sum of squares of what flips.
 * `clusters` may be NULL. ERR_INVALID where count is 0, ERR_MEMORY. */
MUST_CHECK int gate_statistics_p(const int64_t *differences_micro, const uint32_t *clusters,
                                 size_t count, size_t drawn_max, uint64_t seed, double *ret_p);

/* Fills run->gate.all, .changed and .untouched. ERR_MEMORY. */
MUST_CHECK int gate_statistics(struct run *run, struct arena *arena);

#endif
