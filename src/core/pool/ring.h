/* SPDX-License-Identifier: Apache-2.0
 *
 * ring: a queue of values with a fixed number of places: the effects of a machine.
 *
 * Memory: one block from base/mem, made by ring_init. Threads: one owner. */
#ifndef ASSAY_CORE_POOL_RING_H
#define ASSAY_CORE_POOL_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ring {
    unsigned char *items;
    size_t item_size;
    size_t capacity;
    size_t first;
    size_t count;
};

/* ERR_MEMORY, or ERR_LIMIT for nothing. */
MUST_CHECK int ring_init(struct ring *ring, size_t capacity, size_t item_size);
void ring_release(struct ring *ring);

/* Copies the item in at the end. A full ring is a broken invariant: its owner sized it. */
void ring_push(struct ring *ring, const void *item);

/* Copies the first item out; false where there is none. */
bool ring_pop(struct ring *ring, void *ret_item);

#endif
