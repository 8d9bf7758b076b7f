/* SPDX-License-Identifier: Apache-2.0
 *
 * history_look: past runs, their course and what drifts, read out of the history for
 * report/history.h; and forgetting old runs.
 *
 * Blocking. Memory: the caller's arena. Threads: one owner. Limits: HISTORY_SUITES_MAX suites, of
 * each the newest HISTORY_RUNS_WATCHED runs; entries are watched in so many runs as have
 * HISTORY_POINTS_MAX results together. */
#ifndef ASSAY_APP_HISTORY_LOOK_H
#define ASSAY_APP_HISTORY_LOOK_H

#include "report/history.h"
#include "shell/store/store.h"

enum { HISTORY_SUITES_MAX = 20, HISTORY_RUNS_WATCHED = 500, HISTORY_POINTS_MAX = 200000 };

struct history_wish {
    const char *config; /* as in struct plan_options */
    const char *const *overrides;
    size_t override_count;
    const char *suite; /* NULL: all */
    const char *entry; /* NULL: the runs; else this entry's course */
    uint32_t last;     /* rows of the table */
};

/* Fills rows, series, drifting entries and notes; how it is shown is the caller's. ERR_MISSING
 * where the history has no such suite or entry. */
MUST_CHECK int history_look(const struct history_wish *wish, struct arena *arena,
                            struct history_report *ret_report, struct err *reterr);

/* "90d", "12w", "36h" (an age), or "500" (so many runs of each suite). ERR_USAGE. */
MUST_CHECK int history_keep_read(const char *text, int64_t now_unix_s, struct store_keep *ret_keep,
                                 struct err *reterr);

#endif
