/* SPDX-License-Identifier: Apache-2.0
 *
 * history: past runs in .assay/history.db beside assay.yaml (or where `history:` says): what a run
 * leaves there, and which entries failed last.
 *
 * Blocking. Threads: one owner. */
#ifndef ASSAY_APP_HISTORY_H
#define ASSAY_APP_HISTORY_H

#include "app/plan.h"
#include "core/record/run.h"

/* Where it lies; a C string in the arena, NULL without memory. ERR_UNSUPPORTED is told by
 * history_save and history_failing for a database by URL. */
const char *history_path(const struct plan *plan, struct arena *arena);

/* Adds a judged run with its entries and the prompt versions it used. Errors of the store: each
 * text names the file and the remedy. */
MUST_CHECK int history_save(const struct plan *plan, const struct run *run,
                            const char *assay_version, struct err *reterr);

/* The ids of entries that failed (critical, major, failed checks, no answer) in the suite's last
 * run of kind test, in the arena. ERR_MISSING with the remedy where there was none. */
MUST_CHECK int history_failing(const struct plan *plan, struct arena *arena, const char ***ret_ids,
                               size_t *ret_count, struct err *reterr);

/* What is kept of a past run beside its entries, as JSON: of the run of that id, or of the last one
 * ("@last") or the one before ("@prev"), whatever its suite. `config` as in struct plan_options.
 * ERR_MISSING with the remedy where there is none. */
MUST_CHECK int history_summary(const char *config, struct view run, struct arena *arena,
                               struct view *ret_json, struct err *reterr);

#endif
