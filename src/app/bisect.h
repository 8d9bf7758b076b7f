/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect: finds the commit of a git history that made a suite's answers worse: the machine of
 * core/golden/bisect over golden runs of each commit's prompts.
 *
 *   bisect_run_new → bisect_run_go → bisect_run_report → bisect_run_free
 *
 * At each commit everything is read from it (git_files) but the entries and what they expect, which
 * are the work tree's, as are thresholds and scorer. Nothing of the user's is touched: no checkout,
 * no index, no stash.
 * State lies in .assay/bisect: what is being searched, each answer's outcome once it is known, and
 * the good end's answers, so that the same command goes on where an earlier one ended, however
 * it ended; the answers themselves lie in .assay/answers.db.
 * Blocking but for the host's loop, which bisect_run_go runs. Memory: base/mem and one arena.
 * Threads: the loop's. */
#ifndef ASSAY_APP_BISECT_H
#define ASSAY_APP_BISECT_H

#include "app/host.h"
#include "app/plan.h"
#include "core/golden/bisect_report.h"

struct bisect_run;

struct bisect_progress {
    enum bisect_phase phase;
    uint64_t calls;
    double posterior; /* of the likeliest commit; 0 before the search */
    size_t credible;  /* commits that still count; 0 before the search */
};

struct bisect_run_options {
    const struct plan_options *plan; /* config, suite, target, entries, tags, overrides, seed, -j */
    const char *good;                /* revisions */
    const char *bad;
    uint32_t repeat;           /* of the survey; 0: chosen */
    uint64_t calls_max;        /* 0: 500 more than the survey takes */
    int64_t cost_nano_usd_max; /* 0: none */
    bool restart;              /* forget what an earlier search knows */
    const char *model_dir;     /* as struct golden_run_options has them */
    const char *dictionary_dir;
    const char *program;
    const char *assay_version;
    void (*progress)(void *context, const struct bisect_progress *progress);
    void *progress_context;
};

/* Reads the history, the plan of every commit, and what an earlier search left. ERR_USAGE where the
 * ends make no line, the budget is less than the survey takes, or an earlier search is of something
 * else (named); ERR_CONFIG where good or bad do not load; the codes of git and of plans. */
MUST_CHECK int bisect_run_new(const struct bisect_run_options *options, const struct host *host,
                              struct bisect_run **ret_run, struct err *reterr);
void bisect_run_free(struct bisect_run *run); /* NULL is fine */

/* Asks until it ends; 0 also where it ends without a commit (the report says how). The code of a
 * target or store that could not be used. */
MUST_CHECK int bisect_run_go(struct bisect_run *run, struct err *reterr);

/* Ends it soon; what is known stays. From the loop. */
void bisect_run_interrupt(struct bisect_run *run);

/* Holds until bisect_run_free. */
MUST_CHECK int bisect_run_report(struct bisect_run *run, const struct bisect_report **ret_report,
                                 struct err *reterr);

#endif
