/* SPDX-License-Identifier: Apache-2.0
 *
 * line_run: lines of JSON in, results out in the same order, over all cores and in constant memory:
 * what `assay validate` and `assay score` do with their input.
 *
 *     a reader thread      line → job → workers_put           waits while too much is held
 *     worker threads       work(job)
 *     the loop's thread    settle(job) … line_run_settled     asks others; several jobs at once
 *                          emit(job)                          in the order of the lines
 *
 * Memory: LINE_RUN_HELD jobs and LINE_RUN_HELD_BYTES of lines at most (one line of any size that
 * the limit allows), each job's own arena. Threads: line_run's calls from the loop's thread; `work`
 * runs on others and touches its job and what is constant.
 * Limits: LINE_RUN_LINE_BYTES_MAX a line. */
#ifndef ASSAY_APP_LINE_RUN_H
#define ASSAY_APP_LINE_RUN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

struct line_run;
struct loop;

enum {
    LINE_RUN_LINE_BYTES_MAX = 64 << 20,
    LINE_RUN_HELD = 256,
    LINE_RUN_WINDOW = 256, /* jobs that wait to be settled or to be emitted */
};

static const size_t LINE_RUN_HELD_BYTES = 128u << 20;
static const size_t LINE_RUN_JOB_BYTES_MAX = (size_t)2 << 30;

struct line_job {
    const char *file; /* as messages name it */
    uint32_t number;  /* of the line in the file */
    struct view text; /* in the arena */
    struct arena arena;
    struct err
        err;      /* code other than 0: the line, or its file, could not be read; or work failed */
    void *result; /* the user's */
    bool settled;
};

struct line_run_user {
    /* Works a line off, on worker `thread`. What fails goes to job->err. Not called for jobs that
     * have an error already. */
    void (*work)(void *context, uint32_t thread, struct line_job *job);
    /* On the loop: true where nothing more has to be asked about the job; otherwise
     * line_run_settled is called for it later, never from inside. NULL: always true. */
    bool (*settle)(void *context, struct line_job *job);
    /* On the loop, in order. Views into the job hold until it returns. */
    void (*emit)(void *context, struct line_job *job);
    /* On the loop: nothing more can be emitted at the moment. For flushing. */
    void (*idle)(void *context);
    /* Gives back what `result` has; for every job, emitted or not. From any thread that no longer
     * shares it. */
    void (*drop)(void *context, struct line_job *job);
    void *context;
};

struct line_run_options {
    const char *const *paths; /* "-": standard input */
    size_t path_count;
    uint32_t threads; /* 0: one a core */
    struct line_run_user user;
};

/* Starts the workers. Nothing is read or called back before line_run_go. ERR_MEMORY, ERR_IO. */
MUST_CHECK int line_run_new(struct loop *loop, const struct line_run_options *options,
                            struct line_run **ret_run, struct err *reterr);
/* Ends the threads. NULL is fine. */
void line_run_free(struct line_run *run);

uint32_t line_run_threads(const struct line_run *run);

/* Reads, works, emits, from now on, and stops the loop when all is emitted or it was interrupted.
 * ERR_IO where no thread can be started. */
MUST_CHECK int line_run_go(struct line_run *run, struct err *reterr);

/* The job is settled now. */
void line_run_settled(struct line_run *run, struct line_job *job);
/* Calls back for the jobs that wait to be settled, the oldest first, until one says false. It may
 * call line_run_settled. */
void line_run_each(struct line_run *run, bool (*visit)(void *context, struct line_job *job));
/* Jobs that are taken and not emitted. */
size_t line_run_waiting(const struct line_run *run);
/* While paused, no further job is settled or emitted but those that wait already. */
void line_run_pause(struct line_run *run, bool paused);

/* Reads no more; what was begun is worked off and emitted up to the first job that is not settled.
 * Ends as though the input had. */
void line_run_interrupt(struct line_run *run);
bool line_run_interrupted(const struct line_run *run);

/* Bytes read so far. */
uint64_t line_run_bytes(const struct line_run *run);

#endif
