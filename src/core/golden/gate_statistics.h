/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_statistics: what statistics say of a judged run, for the suite and for its two families.
 *
 * Threads: no state; the run's seed makes it repeatable. */
#ifndef ASSAY_CORE_GOLDEN_GATE_STATISTICS_H
#define ASSAY_CORE_GOLDEN_GATE_STATISTICS_H

#include "base/arena.h"
#include "core/record/run.h"

enum { GATE_MARGIN_MICRO = 30000, GATE_CLUSTERS_MIN = 20 };

/* The rule of failing: a p below .05 and a mean that fell by the margin at least. */
bool gate_statistics_fail(double p, double mean);

/* Fills run->gate.all, .changed and .untouched. ERR_MEMORY. */
MUST_CHECK int gate_statistics(struct run *run, struct arena *arena);

#endif
