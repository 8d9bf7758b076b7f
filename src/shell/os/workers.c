/* SPDX-License-Identifier: Apache-2.0
 *
 * workers: see workers.h. The items held are a ring: from `first` those to be taken, from `begun`
 * those that wait for a thread. One lock for it all: an item is work of microseconds at least. */
#include "shell/os/workers.h"

#include <pthread.h>
#include <signal.h>

#include "base/mem.h"
#include "shell/os/env.h"

enum { HELD_FOR_EACH = 64, STACK_BYTES = 4 << 20 };

struct held {
    void *item;
    size_t bytes;
    bool done;
};

struct workers {
    struct workers_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* work came, the end came */
    pthread_cond_t taken;   /* there is room */
    pthread_cond_t done;    /* the oldest is done */
    struct held *ring;
    uint64_t first; /* counts of items: taken, begun, put */
    uint64_t begun;
    uint64_t put;
    size_t bytes;
    bool stopped;
    pthread_t *threads;
    uint32_t started;
    uint32_t numbered; /* threads that know their number */
};

static struct held *at(struct workers *workers, uint64_t number)
{
    return &workers->ring[number % workers->options.held_max];
}

/* ---- the threads ---------------------------------------------------------------------------- */

/* The number of the next item to work off, once there is one; false at the end. */
static bool await_work(struct workers *workers, uint64_t *ret_number)
{
    while (workers->begun == workers->put && !workers->stopped)
        pthread_cond_wait(&workers->changed, &workers->lock);
    if (workers->stopped)
        return false;
    *ret_number = workers->begun++;
    return true;
}

static void *run(void *context)
{
    struct workers *workers = context;
    uint64_t number;

    pthread_mutex_lock(&workers->lock);
    uint32_t thread = workers->numbered++;
    while (await_work(workers, &number)) {
        void *item = at(workers, number)->item;
        pthread_mutex_unlock(&workers->lock);
        workers->options.work(workers->options.context, thread, item);
        pthread_mutex_lock(&workers->lock);
        at(workers, number)->done = true;
        if (number != workers->first)
            continue;
        pthread_cond_signal(&workers->done);
        if (workers->options.ready != NULL)
            workers->options.ready(workers->options.context);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

/* Signals are for the thread that made us: they are blocked while threads start. */
static int start_threads(struct workers *workers, struct err *reterr)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    int failed = 0;

    sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0)
        return fail(reterr, ERR_MEMORY, "no memory for worker threads");
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers->started < workers->options.threads && failed == 0) {
        failed = pthread_create(&workers->threads[workers->started], &attributes, run, workers);
        if (failed == 0)
            workers->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed != 0)
        return fail(reterr, ERR_IO,
                    "only %u of %u worker threads can be started: use fewer (-j), or raise the "
                    "limit of processes",
                    workers->started, workers->options.threads);
    return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int make(struct workers *workers, struct err *reterr)
{
    workers->ring = mem_new(workers->options.held_max, sizeof *workers->ring);
    workers->threads = mem_new(workers->options.threads, sizeof *workers->threads);
    if (workers->ring == NULL || workers->threads == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for worker threads");
    return start_threads(workers, reterr);
}

int workers_new(const struct workers_options *options, struct workers **ret_workers,
                struct err *reterr)
{
    struct workers *workers = mem_new(1, sizeof *workers);

    if (workers == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for worker threads");
    workers->options = *options;
    if (options->threads == 0)
        workers->options.threads = env_cores() < WORKERS_MAX ? env_cores() : WORKERS_MAX;
    if (options->held_max == 0)
        workers->options.held_max = workers->options.threads * HELD_FOR_EACH;
    if (workers->options.threads > WORKERS_MAX || workers->options.held_max > WORKERS_HELD_MAX) {
        mem_free(workers);
        return fail(reterr, ERR_LIMIT, "at most %d worker threads and %d items", WORKERS_MAX,
                    WORKERS_HELD_MAX);
    }
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->changed, NULL);
    pthread_cond_init(&workers->taken, NULL);
    pthread_cond_init(&workers->done, NULL);
    int code = make(workers, reterr);
    if (code != 0) {
        workers_free(workers, NULL);
        return code;
    }
    *ret_workers = workers;
    return 0;
}

uint32_t workers_threads(const struct workers *workers)
{
    return workers->options.threads;
}

void workers_stop(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->stopped = true;
    pthread_cond_broadcast(&workers->changed);
    pthread_cond_broadcast(&workers->taken);
    pthread_cond_broadcast(&workers->done);
    pthread_mutex_unlock(&workers->lock);
}

void workers_free(struct workers *workers, void (*drop)(void *context, void *item))
{
    if (workers == NULL)
        return;
    workers_stop(workers);
    for (uint32_t i = 0; i < workers->started; i++)
        pthread_join(workers->threads[i], NULL);
    for (uint64_t i = workers->first; drop != NULL && i < workers->put; i++)
        drop(workers->options.context, at(workers, i)->item);
    pthread_cond_destroy(&workers->done);
    pthread_cond_destroy(&workers->taken);
    pthread_cond_destroy(&workers->changed);
    pthread_mutex_destroy(&workers->lock);
    mem_free(workers->threads);
    mem_free(workers->ring);
    mem_free(workers);
}

/* ---- items ---------------------------------------------------------------------------------- */

static bool is_full(const struct workers *workers, size_t bytes)
{
    uint64_t held = workers->put - workers->first;
    size_t most = workers->options.bytes_max;

    if (held == 0)
        return false;
    return held >= workers->options.held_max
           || (most != 0 && (workers->bytes > most || bytes > most - workers->bytes));
}

static int put(struct workers *workers, void *item, size_t bytes, bool wait)
{
    int code = 0;

    pthread_mutex_lock(&workers->lock);
    while (wait && !workers->stopped && is_full(workers, bytes))
        pthread_cond_wait(&workers->taken, &workers->lock);
    if (workers->stopped)
        code = ERR_CANCELLED;
    else if (is_full(workers, bytes))
        code = ERR_BUSY;
    if (code == 0) {
        *at(workers, workers->put++) = (struct held){.item = item, .bytes = bytes};
        workers->bytes += bytes;
        pthread_cond_signal(&workers->changed);
    }
    pthread_mutex_unlock(&workers->lock);
    return code;
}

int workers_put(struct workers *workers, void *item, size_t bytes)
{
    return put(workers, item, bytes, true);
}

int workers_try_put(struct workers *workers, void *item, size_t bytes)
{
    return put(workers, item, bytes, false);
}

enum workers_state workers_take(struct workers *workers, bool wait, void **ret_item)
{
    enum workers_state state = WORKERS_EMPTY;

    pthread_mutex_lock(&workers->lock);
    while (wait && workers->first < workers->put && !at(workers, workers->first)->done
           && !(workers->stopped && workers->first >= workers->begun))
        pthread_cond_wait(&workers->done, &workers->lock);
    if (workers->first < workers->put)
        state = at(workers, workers->first)->done ? WORKERS_DONE : WORKERS_BUSY;
    if (state == WORKERS_BUSY && workers->stopped && workers->first >= workers->begun)
        state = WORKERS_EMPTY; /* what is left was never begun */
    if (state == WORKERS_DONE) {
        struct held *held = at(workers, workers->first++);
        *ret_item = held->item;
        workers->bytes -= held->bytes;
        pthread_cond_signal(&workers->taken);
    }
    pthread_mutex_unlock(&workers->lock);
    return state;
}
