/* SPDX-License-Identifier: Apache-2.0
 *
 * history: past runs in .assay/history.db beside assay.yaml (or in the file or PostgreSQL database
 * that `history:` names): what a run leaves there, which entries failed last, what drifts.
 *
 * Blocking. Threads: one owner. */
#ifndef ASSAY_APP_HISTORY_H
#define ASSAY_APP_HISTORY_H

#include "app/plan.h"
#include "core/record/run.h"
#include "shell/store/store.h"

/* Where it lies, a path or a URL (which may hold a password: never print it; store_label is for
 * messages); a C string in the arena, NULL without memory. */
const char *history_path(const struct plan *plan, struct arena *arena);

/* Opens the history of a plan, or of a configuration (`config` and overrides as in struct
 * plan_options). Codes of the store; those of plan_settings. */
MUST_CHECK int history_open(const struct plan *plan, struct store **ret_store, struct err *reterr);
MUST_CHECK int history_open_configured(const char *config, const char *const *overrides,
                                       size_t override_count, struct store **ret_store,
                                       struct err *reterr);

/* Adds a judged run with its entries and the prompt versions it used. Errors of the store: each
 * text names the file and the remedy. */
MUST_CHECK int history_save(const struct plan *plan, const struct run *run,
                            const char *assay_version, struct err *reterr);

/* What makes results comparable, 12 hex digits as C strings in the arena, NULL without memory: of
 * an entry its prompt's version, model, parameters, scorer, golden set and baseline; of a run all
 * of its entries. */
const char *history_entry_family(const struct run *run, const struct run_entry *entry,
                                 struct arena *arena);
const char *history_run_family(const struct run *run, struct arena *arena);

/* The key of an entry's results in the store, "ID @TARGET", and the parts of one. */
const char *history_key(const struct run_entry *entry, struct arena *arena);
struct view history_key_entry(struct view key);
struct view history_key_target(struct view key);

/* The ids of entries that failed (critical, major, failed checks, no answer) in the suite's last
 * run of kind test, in the arena. ERR_MISSING with the remedy where there was none. */
MUST_CHECK int history_failing(const struct plan *plan, struct arena *arena, const char ***ret_ids,
                               size_t *ret_count, struct err *reterr);

/* What is kept of a past run beside its entries, as JSON: of the run of that id or unique beginning
 * of one, or of the last one ("@last") or the one before ("@prev"), whatever its suite. `config` as
 * in struct plan_options. ERR_MISSING with the remedy where there is none. */
MUST_CHECK int history_summary(const char *config, struct view run, struct arena *arena,
                               struct view *ret_json, struct err *reterr);

/* The sentences of run->drift: what the history, this run at its end, shows of slow change. A
 * history that is not there yet or cannot be read gives none: saving the run tells why. */
MUST_CHECK int history_drift(const struct plan *plan, struct run *run, struct arena *arena);

#endif
