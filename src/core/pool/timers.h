/* SPDX-License-Identifier: Apache-2.0
 *
 * timers: one moment for each slot number, and which comes first: a binary heap that knows where
 * each slot stands, so that a moment is moved or taken back in O(log n). Equal moments come in the
 * order of slot numbers, so that a run can be repeated exactly.
 *
 * Memory: one block from base/mem, made by timers_init. Threads: one owner. */
#ifndef ASSAY_CORE_POOL_TIMERS_H
#define ASSAY_CORE_POOL_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct timers_entry {
    uint64_t at_ns;
    uint32_t slot;
};

struct timers {
    struct timers_entry *heap;
    uint32_t *places; /* by slot: place in the heap + 1, 0 where it has no moment */
    uint32_t count;
    uint32_t capacity;
};

/* Room for the slots 0 to capacity - 1. ERR_MEMORY, or ERR_LIMIT for 0. */
MUST_CHECK int timers_init(struct timers *timers, uint32_t capacity);
void timers_release(struct timers *timers);

/* Sets or moves the moment of a slot; UINT64_MAX takes it back. */
void timers_set(struct timers *timers, uint32_t slot, uint64_t at_ns);

/* The earliest moment, UINT64_MAX where there is none. */
uint64_t timers_first(const struct timers *timers);

/* Takes the earliest slot whose moment is not after now_ns; false where there is none. */
bool timers_pop(struct timers *timers, uint64_t now_ns, uint32_t *ret_slot);

#endif
