/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_run: carries a plan out: asks every entry as often as the plan says (or takes recorded
 * answers), examines each answer as it comes, has texts embedded, and judges the whole.
 *
 *   golden_run_new → golden_run_start → (the host's loop runs) golden_run_finish → golden_run_free
 *
 * The result is one struct run. Nothing is printed. An answer that cannot be had is part of the
 * result; a store or model that cannot be used is an error. Ten failures in a row of a kind that no
 * repetition cures, before any success, end the asking: the target is wrong, not the answers.
 * Memory: the run's arena, and one copy of each question while it is asked. Threads: the loop's. */
#ifndef ASSAY_APP_GOLDEN_RUN_H
#define ASSAY_APP_GOLDEN_RUN_H

#include "app/embedder.h"
#include "app/host.h"
#include "app/plan.h"
#include "app/recorded.h"
#include "app/target.h"
#include "core/golden/gate.h"

struct answer_cache;
struct golden_run;
struct target;

struct golden_progress {
    size_t asked;    /* questions that were sent or taken from the record */
    size_t answered; /* answers that came, errors included */
    size_t errors;
    size_t total;
    bool embedding; /* all answers are there, vectors are being computed */
};

struct golden_run_options {
    const char *kind;           /* "test" or "baseline" */
    const char *model_dir;      /* of the built-in embedding model */
    const char *dictionary_dir; /* of Japanese words; NULL: the usual places */
    const char *program;        /* this program, for its helpers */
    const char *defect;         /* of the simulator; NULL: the target's */
    struct recorded *recorded;  /* NULL: ask the targets */
    struct provenance provenance;
    bool rescore; /* the baseline's accepted answers stand in for asking */
    struct gate_options gate;
    bool no_cache;
    struct answer_cache *answers; /* looked up before asking, and kept there (app/answer_cache.h);
                                     holds until golden_run_free. NULL: every question is asked */
    uint32_t first_sample;        /* the number of each entry's first sample: other numbers are
                                     other draws of the same question */
    void (*progress)(void *context, const struct golden_progress *progress);
    void *progress_context;
    /* A pool's maximum moved, for a log (as struct asker_options has it); NULL: none. */
    void (*resized)(void *context, const struct asker *asker, uint32_t from, uint32_t to,
                    const char *why);
    /* Each answer as it comes, for a log; NULL: none. */
    void (*answered)(void *context, const struct run_entry *entry, const struct sample *sample);
};

/* The plan must outlive the run. ERR_CONFIG and others where a target or scorer cannot be had. */
MUST_CHECK int golden_run_new(const struct plan *plan, const struct host *host,
                              const struct golden_run_options *options, struct golden_run **ret_run,
                              struct err *reterr);
void golden_run_free(struct golden_run *run);

/* The next target that is asked and whose answers have no known price, so that no max_cost bounds
 * them, from number *index on; NULL after the last. */
const struct target *golden_run_unpriced(const struct golden_run *run, size_t *index);

/* Starts; `ended` is called once from the loop when all answers and vectors are there. */
void golden_run_start(struct golden_run *run, void (*ended)(void *context), void *context);

/* Asks nothing more; what is under way is cancelled, `ended` follows soon. */
void golden_run_interrupt(struct golden_run *run);

/* Judges. Holds until golden_run_free. */
MUST_CHECK int golden_run_finish(struct golden_run *run, const struct run **ret_result,
                                 struct err *reterr);

/* How often the gate would fail on the accepted answers alone, divided at random (gate_check.h),
 * into the result's gate. Call it after golden_run_finish. */
MUST_CHECK int golden_run_check(struct golden_run *run, struct err *reterr);

/* Adds to the result what drifts: what the history shows with this run at its end, and whether the
 * answers as a set have moved away from the accepted ones; the gate does not look at it. Call it
 * after golden_run_finish, before the run is saved. A history that cannot be read is passed over.
 * ERR_MEMORY. */
MUST_CHECK int golden_run_watch(struct golden_run *run, struct err *reterr);

/* The baseline that the finished run makes, its answers measured against one another; entries that
 * were not asked stay as they were, those that left the golden set do not. Call it after
 * golden_run_finish; it lives in the run's arena. ERR_CONFIG where it would mix scorers. */
MUST_CHECK int golden_run_baseline(struct golden_run *run, struct baseline *ret_baseline,
                                   struct err *reterr);

#endif
