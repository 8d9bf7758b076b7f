/* SPDX-License-Identifier: Apache-2.0
 *
 * loop: one thread's event loop over libuv: tasks to run soon, timers at nanoseconds by one
 * absolute timerfd (libuv's own are whole milliseconds), and blocking jobs on worker threads.
 *
 * Memory: base/mem; libuv's own. Threads: every call from the loop's thread, but for a job's `work`
 * which runs on another and touches only its own context.
 * Limits: LOOP_JOBS_MAX jobs waiting or running; 2^20 timers. */
#ifndef ASSAY_SHELL_NET_LOOP_H
#define ASSAY_SHELL_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct uv_loop_s;

enum { LOOP_JOBS_MAX = 64 };

MUST_CHECK int loop_new(struct loop **ret_loop, struct err *reterr);

/* Ends it; what runs over it (net, processes, signals) must have been freed before. Waits for jobs
 * that cannot be cancelled, a name lookup among them. NULL is fine. */
void loop_free(struct loop *loop);

/* Runs until loop_stop, or until nothing is left that could happen. */
void loop_run(struct loop *loop);

/* Makes loop_run return once the callback that calls this has returned. Called outside of
 * loop_run, the next loop_run returns at once. */
void loop_stop(struct loop *loop);

/* Monotonic nanoseconds, the same until control returns to the loop. */
uint64_t loop_now(struct loop *loop);

/* A task lives in its owner's storage, zeroed but for run and context. */
struct loop_task {
    void (*run)(void *context);
    void *context;
    struct loop_task *next;     /* the loop's */
    struct loop_task *previous; /* the loop's */
    bool queued;                /* the loop's */
};

/* Runs the task soon, once, after control returned to the loop. One that is queued stays so. */
void loop_defer(struct loop *loop, struct loop_task *task);

/* Takes a task back; fine where it is not queued. */
void loop_undefer(struct loop *loop, struct loop_task *task);

typedef void loop_timer_listener(void *context, uint64_t now_ns);

/* Calls the listener once at or after at_ns; a later call with the same context replaces it;
 * UINT64_MAX cancels it. Timers of one instant fire in the order they were set.
 * ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int loop_wake_at(struct loop *loop, uint64_t at_ns, loop_timer_listener *listener,
                            void *context);

/* Cancels the context's timer; fine where there is none. */
void loop_wake_never(struct loop *loop, void *context);

/* Runs `work` on another thread, then `done` on the loop; code is 0, or ERR_CANCELLED where the
 * loop ended first and work never ran. ERR_BUSY where LOOP_JOBS_MAX wait already. */
MUST_CHECK int loop_work(struct loop *loop, void (*work)(void *context),
                         void (*done)(void *context, int code), void *context);

/* For the shell's own files: libuv's loop, and the mark that control came from the loop, which
 * every callback of libuv makes first (it lets loop_now move). */
struct uv_loop_s *loop_uv(struct loop *loop);
void loop_entered(struct loop *loop);

#endif
