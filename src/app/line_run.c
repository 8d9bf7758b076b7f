/* SPDX-License-Identifier: Apache-2.0
 *
 * line_run: see line_run.h. */
#include "app/line_run.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/os/lines.h"
#include "shell/os/mailbox.h"
#include "shell/os/workers.h"

enum { MAILS_MAX = 4 };

struct line_run {
    struct loop *loop;
    struct line_run_user user;
    struct lines *lines;
    struct workers *workers;
    struct mailbox *mailbox;
    pthread_t reader;
    bool has_reader;
    struct line_job *spare; /* to say with that there is no memory for another */
    bool going;
    bool paused;
    bool interrupted;
    bool ended;
    atomic_bool all_read;
    struct line_job *window[LINE_RUN_WINDOW]; /* a ring: taken, not emitted */
    size_t first;
    size_t count;
};

/* ---- the reader's thread -------------------------------------------------------------------- */

static void free_job(void *context, void *item)
{
    struct line_run *run = context;
    struct line_job *job = item;

    run->user.drop(run->user.context, job);
    arena_release(&job->arena);
    mem_free(job);
}

/* NULL without memory. */
static struct line_job *job_new(const struct line *line)
{
    struct line_job *job = mem_new(1, sizeof *job);

    if (job == NULL)
        return NULL;
    job->file = line->file;
    job->number = line->number;
    arena_init(&job->arena, LINE_RUN_JOB_BYTES_MAX);
    if (line->text.ptr != NULL && arena_copy(&job->arena, line->text, &job->text) != 0)
        fail(&job->err, ERR_MEMORY, "%s:%u: no memory for this line", line->file, line->number);
    return job;
}

/* One line, or one complaint about a line or a file, on its way. False: there are no more. */
static bool read_one(struct line_run *run)
{
    struct line line = {.file = ""};
    struct err err = {0};

    int code = lines_next(run->lines, &line, &err);
    if (code == 0 || code == ERR_CANCELLED)
        return false;
    struct line_job *job = job_new(&line);
    if (job == NULL) {
        job = run->spare;
        run->spare = NULL;
        job->file = line.file;
        job->number = line.number;
        code = ERR_MEMORY;
        fail(&err, code, "%s:%u: no memory for this line and those behind it", line.file,
             line.number);
    }
    if (code < 0)
        job->err = err;
    if (workers_put(run->workers, job, line.text.len) != 0) {
        free_job(run, job);
        return false;
    }
    return code != ERR_MEMORY;
}

static void wake(void *context)
{
    struct line_run *run = context;
    const char mail = 0;
    int code = mailbox_post(run->mailbox, &mail);
    (void)code; /* full: the loop will look anyway */
}

static void *read_all(void *context)
{
    struct line_run *run = context;

    while (read_one(run))
        continue;
    atomic_store(&run->all_read, true);
    wake(run);
    return NULL;
}

static int start_reader(struct line_run *run, struct err *reterr)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&run->reader, NULL, read_all, run);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return fail(reterr, ERR_IO, "no thread to read with: raise the limit of processes");
    run->has_reader = true;
    return 0;
}

/* ---- the workers' threads ------------------------------------------------------------------- */

static void work(void *context, uint32_t thread, void *item)
{
    struct line_run *run = context;
    struct line_job *job = item;

    if (job->err.code == 0)
        run->user.work(run->user.context, thread, job);
}

/* ---- the loop's thread ---------------------------------------------------------------------- */

static struct line_job *at(const struct line_run *run, size_t i)
{
    return run->window[(run->first + i) % LINE_RUN_WINDOW];
}

static void emit_settled(struct line_run *run)
{
    while (run->count > 0 && at(run, 0)->settled) {
        struct line_job *job = at(run, 0);
        run->first = (run->first + 1) % LINE_RUN_WINDOW;
        run->count--;
        run->user.emit(run->user.context, job);
        free_job(run, job);
    }
}

static void take(struct line_run *run, struct line_job *job)
{
    run->window[(run->first + run->count++) % LINE_RUN_WINDOW] = job;
    job->settled =
        job->err.code != 0 || run->user.settle == NULL || run->user.settle(run->user.context, job);
}

static void end(struct line_run *run)
{
    if (run->ended)
        return;
    run->ended = true;
    if (run->user.idle != NULL)
        run->user.idle(run->user.context);
    loop_stop(run->loop);
}

static void pump(struct line_run *run)
{
    bool all_read = atomic_load(&run->all_read); /* before looking for what it put last */
    enum workers_state state = WORKERS_BUSY;
    void *item = NULL;

    if (!run->going || run->ended)
        return;
    emit_settled(run);
    while (!run->paused && run->count < LINE_RUN_WINDOW) {
        state = workers_take(run->workers, run->interrupted, &item);
        if (state != WORKERS_DONE)
            break;
        take(run, item);
        emit_settled(run);
    }
    if (run->interrupted || (state == WORKERS_EMPTY && all_read && run->count == 0))
        end(run);
    else if (run->user.idle != NULL)
        run->user.idle(run->user.context);
}

static void on_mail(void *context, const void *message)
{
    (void)message;
    pump(context);
}

void line_run_settled(struct line_run *run, struct line_job *job)
{
    job->settled = true;
    wake(run);
}

void line_run_each(struct line_run *run, bool (*visit)(void *context, struct line_job *job))
{
    for (size_t i = 0; i < run->count; i++)
        if (!at(run, i)->settled && !visit(run->user.context, at(run, i)))
            break;
}

size_t line_run_waiting(const struct line_run *run)
{
    return run->count;
}

void line_run_pause(struct line_run *run, bool paused)
{
    run->paused = paused;
    wake(run);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int make(struct line_run *run, const struct line_run_options *options, struct err *reterr)
{
    const struct workers_options workers = {
        .threads = options->threads,
        .held_max = LINE_RUN_HELD,
        .bytes_max = LINE_RUN_HELD_BYTES,
        .work = work,
        .ready = wake,
        .context = run,
    };

    run->spare = mem_new(1, sizeof *run->spare);
    if (run->spare == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for reading lines");
    int code = lines_new(options->paths, options->path_count, LINE_RUN_LINE_BYTES_MAX, &run->lines,
                         reterr);
    if (code == 0)
        code = mailbox_new(run->loop, 1, MAILS_MAX, on_mail, run, &run->mailbox, reterr);
    if (code == 0)
        code = workers_new(&workers, &run->workers, reterr);
    return code;
}

int line_run_new(struct loop *loop, const struct line_run_options *options,
                 struct line_run **ret_run, struct err *reterr)
{
    struct line_run *run = mem_new(1, sizeof *run);

    if (run == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for reading lines");
    run->loop = loop;
    run->user = options->user;
    int code = make(run, options, reterr);
    if (code != 0) {
        line_run_free(run);
        return code;
    }
    *ret_run = run;
    return 0;
}

void line_run_free(struct line_run *run)
{
    if (run == NULL)
        return;
    if (run->lines != NULL)
        lines_stop(run->lines);
    if (run->workers != NULL)
        workers_stop(run->workers);
    if (run->has_reader)
        pthread_join(run->reader, NULL);
    workers_free(run->workers, free_job);
    for (size_t i = 0; i < run->count; i++)
        free_job(run, at(run, i));
    mem_free(run->spare);
    mailbox_free(run->mailbox);
    lines_free(run->lines);
    mem_free(run);
}

uint32_t line_run_threads(const struct line_run *run)
{
    return workers_threads(run->workers);
}

int line_run_go(struct line_run *run, struct err *reterr)
{
    run->going = true;
    return start_reader(run, reterr);
}

void line_run_interrupt(struct line_run *run)
{
    run->interrupted = true;
    lines_stop(run->lines);
    workers_stop(run->workers);
    wake(run);
}

bool line_run_interrupted(const struct line_run *run)
{
    return run->interrupted;
}

uint64_t line_run_bytes(const struct line_run *run)
{
    return lines_bytes(run->lines);
}
