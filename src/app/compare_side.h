/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_side: one side of a comparison, by whatever name people give it: a run that was had
 * (app/run_find.h), recorded answers (a file of JSON Lines, or - for standard input; scored by the
 * suite's golden set), or something to be asked now:
 *
 *   target:NAME     the suite asked of another target
 *   rev:REV         the suite as a git revision has it, with today's entries
 *   set:KEY=VALUE   the suite with a setting changed
 *
 * which may be joined by commas: target:haiku,set:suites.manga.repeat=3.
 * Blocking but for the asking itself. Memory: the side's arena and plan. Threads: the loop's. */
#ifndef ASSAY_APP_COMPARE_SIDE_H
#define ASSAY_APP_COMPARE_SIDE_H

#include "app/git_files.h"
#include "app/golden_run.h"
#include "app/plan.h"
#include "app/recorded.h"

enum { COMPARE_SIDE_OVERRIDES_MAX = 96 };

/* As the command line has it, for both sides. */
struct compare_side_options {
    const char *config;
    const char *suite;
    const char *const *tags;
    size_t tag_count;
    const char *const *overrides;
    size_t override_count;
    int64_t repeat;
    int64_t concurrency;
    int64_t seed;           /* −1: the suite's */
    int64_t max_cost_micro; /* of this side; 0: the suite's */
};

struct compare_side {
    const char *name;
    struct arena arena;
    struct plan plan;
    bool has_plan; /* it must be scored, at least */
    bool is_live;  /* and asked */
    struct recorded recorded;
    bool has_recorded;
    struct git *git; /* of rev: */
    struct git_files *files;
    struct plan_entries entries;
    struct strbuf entries_text;
    struct golden_run *run;
    struct golden_progress progress; /* of the run, as far as it told */
    struct run stored;
    const struct run *result; /* NULL until it is there */
};

/* Finds it, or plans it: everything wrong is told before anything is asked. Codes of run_find,
 * plan_make, git_open; ERR_USAGE for a name that cannot be understood. */
MUST_CHECK int compare_side_open(struct compare_side *side, const char *name,
                                 const struct compare_side_options *options, struct err *reterr);
/* Safe on a zeroed side. */
void compare_side_release(struct compare_side *side);

/* Makes the run of a side with a plan. */
MUST_CHECK int compare_side_prepare(struct compare_side *side, const struct host *host,
                                    const struct golden_run_options *options, struct err *reterr);
/* After it ended: its result. */
MUST_CHECK int compare_side_finish(struct compare_side *side, struct err *reterr);

/* Leaves only entries with one of the tags in a run that knows tags; of one that knows none, those
 * that `other` (filtered before, may be NULL) has. */
MUST_CHECK int compare_side_filter(struct compare_side *side, const struct run *other,
                                   const char *const *tags, size_t tag_count);

/* Whether the run's entries know their tags. */
bool compare_side_has_tags(const struct run *run);

#endif
