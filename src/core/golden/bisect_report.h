/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_report: a bisection as reports read it: the line of commits, what was asked of whom, the
 * commit at fault.
 *
 * Views belong to whoever made it. Threads: values. */
#ifndef ASSAY_CORE_GOLDEN_BISECT_REPORT_H
#define ASSAY_CORE_GOLDEN_BISECT_REPORT_H

#include "core/golden/bisect.h"

struct bisect_commit {
    struct view name; /* in full */
    struct view subject;
    struct view author;
    struct view date;    /* RFC 3339 */
    struct view merged;  /* of a merge: the tip that it brought; else empty */
    struct view skipped; /* why it cannot be asked; empty: it can */
    bool is_changed;     /* asks something else than the commit before */
    double posterior;    /* that it is the first bad one */
    struct bisect_rate seen;
};

struct bisect_report {
    struct view suite;
    struct view golden_file;
    const char *target;            /* --target; NULL: the suite's */
    struct bisect_commit *commits; /* good … bad */
    size_t commit_count;
    struct bisect_result result;
    size_t *credible; /* commits of the 95 % set */
    size_t credible_count;
    struct view *discordant; /* ids of the entries that were probed */
    size_t discordant_count;
    struct view diff;   /* of prompts and settings at the commit at fault; empty: none */
    struct view *notes; /* what else is to be known, a sentence each */
    size_t note_count;
    uint64_t calls_before; /* of result.calls, those of earlier turns or a cache */
    int64_t cost_nano_usd; /* of all turns */
    bool cost_known;
    uint64_t calls_max;        /* 0: no bound */
    int64_t cost_nano_usd_max; /* 0: none */
    int exit_status;
};

#endif
