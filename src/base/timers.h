/* SPDX-License-Identifier: Apache-2.0
 *
 * timers: who wants to be called when, one wish for each context. A binary heap by time (then by
 * the order of setting), with a hash table from context to place, so that setting, moving and
 * cancelling cost O(log n). Never looks at a clock.
 *
 * Memory: base/mem, grown by timers_set, freed by timers_release. Threads: one owner.
 * Limit: given at timers_init. */
#ifndef ASSAY_BASE_TIMERS_H
#define ASSAY_BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef void timers_listener(void *context, uint64_t now_ns);

struct timer {
    uint64_t at_ns;
    uint64_t order; /* of two at the same time the lower goes first */
    timers_listener *listener;
    void *context;
};

struct timers {
    struct timer *heap;
    uint32_t *table; /* heap index + 1 by hash of context, 0 where empty; twice the capacity */
    size_t count;
    size_t capacity; /* a power of two, 0 at first */
    size_t limit;
    uint64_t order_next;
};

/* At most `limit` timers (capped at 2^30). Nothing is allocated yet. */
void timers_init(struct timers *timers, size_t limit);
void timers_release(struct timers *timers);

/* Sets or replaces the context's timer. ERR_LIMIT or ERR_MEMORY, and nothing changed. */
MUST_CHECK int timers_set(struct timers *timers, uint64_t at_ns, timers_listener *listener,
                          void *context);

/* Forgets the context's timer; false where there was none. */
bool timers_cancel(struct timers *timers, const void *context);

/* The earliest time; UINT64_MAX where there is none. */
uint64_t timers_next_ns(const struct timers *timers);

/* Takes out the earliest timer if it is due at now_ns. */
bool timers_pop(struct timers *timers, uint64_t now_ns, struct timer *ret_timer);

#endif
