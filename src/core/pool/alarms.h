/* SPDX-License-Identifier: Apache-2.0
 *
 * alarms: one moment for each slot number, and which comes first: a binary heap that knows where
 * each slot stands, so that a moment is moved or taken back in O(log n). Equal moments come in the
 * order of slot numbers, so that a run can be repeated exactly.
 *
 * Memory: one block from base/mem, made by alarms_init. Threads: one owner. */
#ifndef ASSAY_CORE_POOL_ALARMS_H
#define ASSAY_CORE_POOL_ALARMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct alarms_entry {
    uint64_t at_ns;
    uint32_t slot;
};

struct alarms {
    struct alarms_entry *heap;
    uint32_t *places; /* by slot: place in the heap + 1, 0 where it has no moment */
    uint32_t count;
    uint32_t capacity;
};

/* Room for the slots 0 to capacity - 1. ERR_MEMORY, or ERR_LIMIT for 0. */
MUST_CHECK int alarms_init(struct alarms *alarms, uint32_t capacity);
void alarms_release(struct alarms *alarms);

/* Sets or moves the moment of a slot; UINT64_MAX takes it back. */
void alarms_set(struct alarms *alarms, uint32_t slot, uint64_t at_ns);

/* The earliest moment, UINT64_MAX where there is none. */
uint64_t alarms_first(const struct alarms *alarms);

/* Takes the earliest slot whose moment is not after now_ns; false where there is none. */
bool alarms_pop(struct alarms *alarms, uint64_t now_ns, uint32_t *ret_slot);

#endif
