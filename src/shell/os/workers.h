/* SPDX-License-Identifier: Apache-2.0
 *
 * workers: threads that work items off a bounded queue, and give them back in the order in which
 * they came: for work that keeps a core busy, line by line, answer by answer.
 *
 *     any one thread: workers_put, workers_put, …        (waits while too much is held)
 *     the threads:    work(context, thread, item)
 *     another thread: workers_take → the oldest, once it is done
 *
 * An item is held from workers_put to workers_take; what is held is bounded in number and in bytes,
 * so that input larger than memory streams through. What an item is, and who frees it, is its
 * owner's business.
 *
 * Memory: the threads' stacks and one place for each item held. Threads: one puts, one takes (they
 * may be the same where the taker never waits for what it has yet to put), workers_stop from any.
 * Limits: WORKERS_MAX threads, WORKERS_HELD_MAX items. */
#ifndef ASSAY_SHELL_OS_WORKERS_H
#define ASSAY_SHELL_OS_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct workers;

enum { WORKERS_MAX = 256, WORKERS_HELD_MAX = 65536 };

struct workers_options {
    uint32_t threads;  /* 0: one a processor */
    uint32_t held_max; /* items; 0: 64 for each thread */
    size_t bytes_max;  /* of the items held, as workers_put states them; 0: no limit. One item is
                          taken whatever its size */
    /* Does the work. `thread` counts from 0: for what each thread has of its own. */
    void (*work)(void *context, uint32_t thread, void *item);
    /* Called from one of the threads when the oldest item became done; NULL: nobody is told. It
     * must not call back. */
    void (*ready)(void *context);
    void *context;
};

/* ERR_LIMIT, ERR_MEMORY, ERR_IO (no thread can be started). */
MUST_CHECK int workers_new(const struct workers_options *options, struct workers **ret_workers,
                           struct err *reterr);

/* How many threads there are. */
uint32_t workers_threads(const struct workers *workers);

/* Hands an item over, waiting while as much as allowed is held. ERR_CANCELLED once stopped: the
 * item was not taken. */
MUST_CHECK int workers_put(struct workers *workers, void *item, size_t bytes);

/* The same without waiting: ERR_BUSY where as much as allowed is held. */
MUST_CHECK int workers_try_put(struct workers *workers, void *item, size_t bytes);

enum workers_state {
    WORKERS_DONE,  /* *ret_item is the oldest item, worked off */
    WORKERS_BUSY,  /* the oldest is not done yet */
    WORKERS_EMPTY, /* none is held */
};

/* The oldest item. With `wait`, waits until it is done: never BUSY. */
enum workers_state workers_take(struct workers *workers, bool wait, void **ret_item);

/* From now on nothing is put, and what no thread has begun never will be. */
void workers_stop(struct workers *workers);

/* Stops, waits for the threads, and frees. Items that are still held are given to `drop`, whether
 * or not they were worked off (NULL: to nobody). NULL is fine. */
void workers_free(struct workers *workers, void (*drop)(void *context, void *item));

#endif
