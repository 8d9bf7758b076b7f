/* SPDX-License-Identifier: Apache-2.0
 *
 * run_read: a run read back from what report_json or the history wrote: what comparisons, merging,
 * and reports of past runs start from.
 *
 * Whatever a report needs comes back as it went: writing the run that was read gives the same text.
 * Reports of the first versions lack members; what is not there is absent (zero, empty,
 * SCORE_ABSENT). A report of a later schema is refused.
 * Memory: the caller's arena, and one entry's tree while it is read; texts go where the caller
 * wants them. Threads: no state. */
#ifndef ASSAY_REPORT_RUN_READ_H
#define ASSAY_REPORT_RUN_READ_H

#include "base/arena.h"
#include "core/record/run.h"
#include "core/record/text_keeper.h"

/* A whole report as report_json wrote it. ERR_SYNTAX and ERR_CONFIG with "FILE:LINE:COLUMN: …",
 * ERR_UNSUPPORTED for another kind or a later schema, ERR_MEMORY. */
MUST_CHECK int run_read(struct arena *arena, struct view file, struct view text,
                        struct run *ret_run, struct err *reterr);

/* The same with a keeper, which may be NULL. */
MUST_CHECK int run_read_kept(struct arena *arena, const struct text_keeper *keeper,
                             struct view file, struct view text, struct run *ret_run,
                             struct err *reterr);

/* The two halves that the history keeps: a run without its entries (report_json_summary), and one
 * entry (report_json_entry). `name` is for messages. */
MUST_CHECK int run_read_summary(struct arena *arena, struct view name, struct view text,
                                struct run *ret_run, struct err *reterr);
MUST_CHECK int run_read_entry(struct arena *arena, struct view name, struct view text,
                              struct run_entry *ret_entry, struct err *reterr);

#endif
