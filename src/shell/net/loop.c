/* SPDX-License-Identifier: Apache-2.0
 *
 * loop: see loop.h. One turn of libuv is: prepare (run tasks, arm the timerfd), poll (sockets, the
 * timerfd), check (run the tasks that the poll's events left). While a task is queued an idle
 * handle keeps the poll from blocking. None of the loop's own handles keeps it alive but the
 * timerfd while a timer is set and the idle handle while a task is queued. */
#include "shell/net/loop.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "base/timers.h"
#include "shell/os/clock.h"

enum { TIMERS_MAX = 1 << 20 };

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_poll_t timer_poll;
    int timer_descriptor;
    uint64_t armed_ns; /* what the timerfd is set to; UINT64_MAX: nothing */
    uint64_t now_ns;
    bool now_known;
    struct timers timers;
    struct loop_task tasks; /* ring of the queued ones; this is its head, no task itself */
    struct loop_task round; /* in the ring while tasks run: those behind it wait */
    struct job *jobs[LOOP_JOBS_MAX];
    uint32_t job_count;
};

struct job {
    uv_work_t request;
    struct loop *loop;
    void (*work)(void *context);
    void (*done)(void *context, int code);
    void *context;
    uint32_t place; /* in loop->jobs */
};

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

void loop_entered(struct loop *loop)
{
    loop->now_known = false;
}

uint64_t loop_now(struct loop *loop)
{
    if (!loop->now_known) {
        loop->now_ns = clock_now_ns();
        loop->now_known = true;
    }
    return loop->now_ns;
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
    if (task->queued)
        return;
    if (loop->tasks.next == &loop->tasks)
        uv_idle_start(&loop->idle, on_idle);
    task->next = &loop->tasks;
    task->previous = loop->tasks.previous;
    task->previous->next = task;
    loop->tasks.previous = task;
    task->queued = true;
}

void loop_undefer(struct loop *loop, struct loop_task *task)
{
    if (!task->queued)
        return;
    task->previous->next = task->next;
    task->next->previous = task->previous;
    task->queued = false;
    if (loop->tasks.next == &loop->tasks)
        uv_idle_stop(&loop->idle);
}

/* Runs what is queued now; what those tasks queue waits for the next time. */
static void run_tasks(struct loop *loop)
{
    if (loop->tasks.next == &loop->tasks)
        return;
    loop_defer(loop, &loop->round);
    while (loop->tasks.next != &loop->round) {
        struct loop_task *task = loop->tasks.next;
        loop_undefer(loop, task);
        loop_entered(loop);
        task->run(task->context);
    }
    loop_undefer(loop, &loop->round);
}

/* Sets the timerfd to the earliest timer. One that is set too early only wakes us for nothing, so
 * timers that move to later (a request's deadline, again and again) cost no system call. */
static void arm(struct loop *loop)
{
    uint64_t next_ns = timers_next_ns(&loop->timers);

    if (next_ns == UINT64_MAX) {
        uv_unref((uv_handle_t *)&loop->timer_poll);
        return;
    }
    uv_ref((uv_handle_t *)&loop->timer_poll);
    if (loop->armed_ns <= next_ns)
        return;
    uint64_t at_ns = next_ns != 0 ? next_ns : 1; /* all zero would disarm it */
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at_ns / 1000000000u),
                     .tv_nsec = (long)(at_ns % 1000000000u)},
    };
    assert_always(timerfd_settime(loop->timer_descriptor, TFD_TIMER_ABSTIME, &when, NULL) == 0);
    loop->armed_ns = next_ns;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;

    run_tasks(loop);
    arm(loop);
}

static void on_check(uv_check_t *check)
{
    run_tasks(check->data);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct loop *loop = poll->data;
    uint64_t expirations;
    struct timer due;

    (void)status;
    (void)events;
    if (read(loop->timer_descriptor, &expirations, sizeof expirations) > 0)
        loop->armed_ns = UINT64_MAX;
    loop_entered(loop);
    uint64_t now_ns = loop_now(loop);
    uint64_t order_end = loop->timers.order_next; /* those set meanwhile wait for the next turn */
    while (loop->timers.count > 0 && loop->timers.heap[0].order < order_end
           && timers_pop(&loop->timers, now_ns, &due))
        due.listener(due.context, now_ns);
}

int loop_wake_at(struct loop *loop, uint64_t at_ns, loop_timer_listener *listener, void *context)
{
    if (at_ns == UINT64_MAX) {
        timers_cancel(&loop->timers, context);
        return 0;
    }
    return timers_set(&loop->timers, at_ns, listener, context);
}

void loop_wake_never(struct loop *loop, void *context)
{
    timers_cancel(&loop->timers, context);
}

static void on_work(uv_work_t *request)
{
    struct job *job = request->data;

    job->work(job->context);
}

static void on_work_done(uv_work_t *request, int status)
{
    struct job *job = request->data;
    struct loop *loop = job->loop;

    loop_entered(loop);
    loop->job_count--;
    loop->jobs[job->place] = loop->jobs[loop->job_count];
    loop->jobs[job->place]->place = job->place;
    job->done(job->context, status == UV_ECANCELED ? ERR_CANCELLED : 0);
    mem_free(job);
}

int loop_work(struct loop *loop, void (*work)(void *context), void (*done)(void *context, int code),
              void *context)
{
    if (loop->job_count == LOOP_JOBS_MAX)
        return ERR_BUSY;
    struct job *job = mem_new(1, sizeof *job);
    if (job == NULL)
        return ERR_MEMORY;

    *job = (struct job){.loop = loop, .work = work, .done = done, .context = context};
    job->request.data = job;
    int status = uv_queue_work(&loop->uv, &job->request, on_work, on_work_done);
    if (status != 0) {
        mem_free(job);
        return ERR_IO;
    }
    job->place = loop->job_count;
    loop->jobs[loop->job_count++] = job;
    return 0;
}

void loop_run(struct loop *loop)
{
    /* What was set before libuv runs must keep it alive. */
    arm(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop_entered(loop);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static int start_handles(struct loop *loop)
{
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    uv_idle_init(&loop->uv, &loop->idle);
    loop->prepare.data = loop;
    loop->check.data = loop;
    loop->idle.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    uv_unref((uv_handle_t *)&loop->prepare);
    uv_unref((uv_handle_t *)&loop->check);
    int status = uv_poll_init(&loop->uv, &loop->timer_poll, loop->timer_descriptor);
    if (status != 0)
        return status;
    loop->timer_poll.data = loop;
    return uv_poll_start(&loop->timer_poll, UV_READABLE, on_timer);
}

int loop_new(struct loop **ret_loop, struct err *reterr)
{
    struct loop *loop = mem_new(1, sizeof *loop);
    if (loop == NULL)
        return fail(reterr, ERR_MEMORY, "cannot start the event loop: out of memory");

    loop->armed_ns = UINT64_MAX;
    loop->tasks.next = &loop->tasks;
    loop->tasks.previous = &loop->tasks;
    timers_init(&loop->timers, TIMERS_MAX);
    loop->timer_descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int status = loop->timer_descriptor < 0 ? -errno : uv_loop_init(&loop->uv);
    if (status != 0) {
        if (loop->timer_descriptor >= 0)
            close(loop->timer_descriptor);
        mem_free(loop);
        return fail(reterr, ERR_IO,
                    "cannot start the event loop: %s; where files run out, raise 'ulimit -n'",
                    uv_strerror(status));
    }
    status = start_handles(loop);
    if (status != 0) {
        loop_free(loop);
        return fail(reterr, ERR_IO, "cannot start the event loop: %s", uv_strerror(status));
    }
    *ret_loop = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    uv_handle_t *own[] = {(uv_handle_t *)&loop->prepare, (uv_handle_t *)&loop->check,
                          (uv_handle_t *)&loop->idle, (uv_handle_t *)&loop->timer_poll};

    for (uint32_t i = 0; i < loop->job_count; i++)
        uv_cancel((uv_req_t *)&loop->jobs[i]->request);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        uv_close(own[i], NULL);
    /* Handles of net, process and signals are closing already: running on hears the last of them,
     * waits for killed children and for jobs. */
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        continue;
    assert_always(uv_loop_close(&loop->uv) == 0);
    close(loop->timer_descriptor);
    timers_release(&loop->timers);
    mem_free(loop);
}
