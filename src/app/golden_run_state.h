/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_run_state: what the files of golden_run share: golden_run.c (life and judgement),
 * golden_ask.c (questions and answers), golden_embed.c (scorers and vectors).
 *
 * Threads: the loop's. */
#ifndef ASSAY_APP_GOLDEN_RUN_STATE_H
#define ASSAY_APP_GOLDEN_RUN_STATE_H

#include "app/golden_run.h"
#include "base/digest.h"
#include "core/golden/similar.h"
#include "shell/net/loop.h"

struct ask {
    struct golden_run *run;
    size_t item;
    size_t sample;
    bool taken;             /* its question was put, or its recorded answer looked for */
    bool is_named;          /* `question` is known */
    struct digest question; /* of an answer cache */
};

/* How far the questions to one target are: a slow target holds up no other. */
struct ask_queue {
    size_t next; /* index into asks, past those of this target that were taken */
    size_t in_flight;
    size_t in_flight_max;
};

struct exec;
struct ask_checks;

struct golden_run {
    const struct plan *plan;
    const struct host *host;
    struct golden_run_options options;
    struct target_overrides overrides;
    struct arena arena;
    struct run result;
    struct target *targets; /* of plan->targets; NULL where answers are recorded */

    struct digest *target_digests; /* of plan->targets, with an answer cache (golden_keep.c) */

    /* asking */
    struct recorded_entry **given; /* of the items: answers that stand in for asking, or NULL */
    bool is_given;                 /* nothing is asked */
    struct ask *asks;
    size_t total;
    struct ask_queue *queues; /* of plan->targets */
    size_t in_flight;         /* questions, and commands that check an answer */
    size_t in_flight_max;
    struct exec *execs;        /* commands that check an answer now (golden_exec.c) */
    struct ask_checks *others; /* who is asked about answers (golden_others.c); NULL: nobody */
    uint32_t *extra; /* of the entries, with --repeat auto: how many more answers each is to have */
    bool stopping;
    bool any_success;
    size_t failures_in_a_row;
    struct err stop_reason; /* why the asking ended early */
    struct loop_task pump;
    struct golden_progress progress;
    uint64_t started_ns;

    /* vectors */
    struct similar similar;
    struct calibration calibration;
    struct embedder *embedder; /* NULL where the suite needs none */
    struct target embedding_target;
    struct cache *cache;

    void (*ended)(void *context);
    void *ended_context;
    bool has_ended;
    struct err failure; /* of our own making: no memory, a pattern that ran too long */
};

/* golden_ask.c: fills run->result.entries and the list of asks; asks as many as there is room
 * for. */
MUST_CHECK int golden_ask_prepare(struct golden_run *run, struct err *reterr);
void golden_ask_pump(void *context);

/* Asks entry i extra[i] times more. ERR_MEMORY. */
MUST_CHECK int golden_ask_more(struct golden_run *run, const uint32_t *extra);

/* golden_again.c: all answers are there. Another round of questions where they leave something
 * open (--repeat auto); false where asking is over. */
bool golden_again(struct golden_run *run);

/* golden_embed.c */
MUST_CHECK int golden_embed_prepare(struct golden_run *run, struct err *reterr);
void golden_embed_release(struct golden_run *run);
/* Wants the vectors that judging this sample will need. */
void golden_embed_want(struct golden_run *run, const struct run_entry *entry,
                       const struct sample *sample);
/* Fits the calibration of an embeddings target from the accepted answers. */
MUST_CHECK int golden_embed_calibrate(struct golden_run *run, struct baseline *baseline,
                                      struct err *reterr);

/* golden_run.c: scores and severities of all entries, from the answers there are. */
void golden_run_judge(struct golden_run *run);
/* All answers are there. */
void golden_run_answered(struct golden_run *run);
/* Something that is nobody's answer went wrong; the run ends. */
void golden_run_broken(struct golden_run *run, int code, const char *text);
void golden_run_tell(struct golden_run *run);

#endif
