/* SPDX-License-Identifier: Apache-2.0
 *
 * history_past: what earlier runs of a suite came to, for the line that a report draws.
 *
 * Blocking. Threads: one owner. Memory: the caller's arena. Limit: the newest HISTORY_PAST_MAX. */
#ifndef ASSAY_APP_HISTORY_PAST_H
#define ASSAY_APP_HISTORY_PAST_H

#include "app/plan.h"
#include "report/report.h"

enum { HISTORY_PAST_MAX = 60 };

/* The finished tests of the run's suite before it, scored by the same scorer, the oldest first. A
 * history that is not there yet or cannot be read gives none: saving the run tells why. */
MUST_CHECK int history_past(const struct plan *plan, const struct run *run, struct arena *arena,
                            const struct report_past **ret_past, size_t *ret_count);

/* The same of a configuration (`config` and overrides as in struct plan_options), for a run that is
 * not made now: what the history holds before it. */
MUST_CHECK int history_past_configured(const char *config, const char *const *overrides,
                                       size_t override_count, const struct run *run,
                                       struct arena *arena, const struct report_past **ret_past,
                                       size_t *ret_count);

#endif
