/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_run: two sides side by side: finds or plans both, asks those that must be asked at the
 * same time, and compares.
 *
 *   compare_run_open → (compare_run_forecast) → compare_run_start → (the loop runs) →
 *   compare_run_finish → compare_run_release
 *
 * How alike the answers are is measured by the vectors that the runs' scorer left in the cache,
 * where every answer has one, else by character n-grams: nothing is embedded for it.
 * Live sides are not kept in the history. Threads: the loop's. */
#ifndef ASSAY_APP_COMPARE_RUN_H
#define ASSAY_APP_COMPARE_RUN_H

#include "app/compare_side.h"
#include "core/golden/compare.h"

struct compare_run {
    const struct compare_side_options *options;
    struct compare_side sides[2];
    struct arena arena;
    struct golden_run_options asking; /* what compare_run_start was given */
    struct comparison comparison;     /* once finished */
    size_t pending;
    void (*ended)(void *context);
    void *ended_context;
};

MUST_CHECK int compare_run_open(struct compare_run *run, const char *const names[2],
                                const struct compare_side_options *options, struct err *reterr);
/* Safe on a zeroed run. */
void compare_run_release(struct compare_run *run);

/* Whether something must be asked or scored, so that the loop must run. */
bool compare_run_is_pending(const struct compare_run *run);

/* What will be asked, a line a side and target. */
MUST_CHECK int compare_run_forecast(const struct compare_run *run, struct strbuf *out,
                                    struct err *reterr);

/* Starts what must be asked; `ended` is called once from the loop when all is there. The options'
 * progress is told of both sides together. */
MUST_CHECK int compare_run_start(struct compare_run *run, struct host *host,
                                 const struct golden_run_options *options,
                                 void (*ended)(void *context), void *context, struct err *reterr);
void compare_run_interrupt(struct compare_run *run);

/* Judges the sides and compares them: run->comparison. `no_cache`: n-grams alone. */
MUST_CHECK int compare_run_finish(struct compare_run *run, bool no_cache, struct err *reterr);

#endif
