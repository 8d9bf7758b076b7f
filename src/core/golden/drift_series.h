/* SPDX-License-Identifier: Apache-2.0
 *
 * drift_series: the comparable points of a series, which drift.c watches and drift_chart.c draws.
 * Private to core/golden.
 *
 * Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_DRIFT_SERIES_H
#define ASSAY_CORE_GOLDEN_DRIFT_SERIES_H

#include "core/golden/drift.h"

struct drift_series {
    int32_t *scores;
    size_t *places; /* indexes into the points */
    size_t count;
};

/* Fills drift->lines, and the marks (of `count` points; NULL: not wanted). */
void drift_draw(const struct drift_series *series, struct drift_mark *marks, size_t count,
                struct drift *drift);

#endif
