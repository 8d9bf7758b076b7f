/* SPDX-License-Identifier: Apache-2.0
 *
 * run_find: a run by whatever name people give it: an id of the history (or the start of one that
 * is unique), @last, @prev, @baseline, `version:HASH12` (the newest run that used this version of a
 * prompt), or the file of a JSON report.
 *
 * Blocking: reads files and the history. Memory: the caller's arena. Threads: one owner. */
#ifndef ASSAY_APP_RUN_FIND_H
#define ASSAY_APP_RUN_FIND_H

#include "app/plan.h"
#include "core/record/run.h"

struct run_find {
    const char *config;           /* as in struct plan_options */
    const char *suite;            /* NULL: any, or the only one for @baseline */
    const char *const *overrides; /* KEY=VALUE */
    size_t override_count;
};

/* @baseline becomes a run whose samples are the accepted answers. ERR_MISSING with the remedy where
 * there is none of that name; the codes of the store and of run_read. */
MUST_CHECK int run_find(const struct run_find *where, const char *name, struct arena *arena,
                        struct run *ret_run, struct err *reterr);

#endif
