/* SPDX-License-Identifier: Apache-2.0
 *
 * score_run: carries `assay score` out: lines in, scores out in order, on all cores (line_run).
 * Vectors of one batch of texts are computed while the next lines are read; each distinct text of a
 * batch once.
 *
 *     line ─▶ read ─▶ wants vectors ─▶ … ─▶ score ─▶ written      without vectors: read and scored
 *            worker    loop, embedder        worker    loop        in one go
 *
 * Memory: that of line_run, and the vectors of SCORE_RUN_TEXTS texts. Threads: the loop's. */
#ifndef ASSAY_APP_SCORE_RUN_H
#define ASSAY_APP_SCORE_RUN_H

#include "app/embedder.h"
#include "app/words.h"
#include "core/golden/offline.h"

struct loop;
struct score_run;

enum { SCORE_RUN_TEXTS = 20000 };

struct score_run_options {
    const char *const *paths;
    size_t path_count;
    uint32_t threads;                 /* at least 1 */
    struct similar similar;           /* kind and calibration */
    const char *scorer;               /* names the similarity */
    struct embedder_options embedder; /* of SIMILAR_VECTOR: made where a line needs it */
    bool has_embedder;         /* false: the model is not installed, and who needs it is told */
    const struct words *words; /* for twice as many threads */
    /* On the loop, in order. A failure ends the run; ERR_CLOSED, quietly. */
    int (*write)(void *context, struct view line, struct err *reterr);
    void (*complain)(void *context, const struct err *err);
    void (*idle)(void *context);
    void *context;
};

struct score_summary {
    uint64_t scored;
    uint64_t bad;         /* lines that are none, and files that cannot be read */
    bool has_usage_error; /* exit status 2 */
    bool has_trouble;     /* exit status 3 */
    bool interrupted;
};

MUST_CHECK int score_run_new(struct loop *loop, const struct score_run_options *options,
                             struct score_run **ret_run, struct err *reterr);
void score_run_free(struct score_run *run); /* NULL is fine */

/* Begins; the loop is stopped at the end. */
MUST_CHECK int score_run_go(struct score_run *run, struct err *reterr);
void score_run_interrupt(struct score_run *run);

struct score_summary score_run_summary(const struct score_run *run);

#endif
