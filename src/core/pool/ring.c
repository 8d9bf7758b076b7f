/* SPDX-License-Identifier: Apache-2.0
 *
 * ring: see ring.h. */
#include "core/pool/ring.h"

#include <string.h>

#include "base/mem.h"

int ring_init(struct ring *ring, size_t capacity, size_t item_size)
{
    if (capacity == 0 || item_size == 0)
        return ERR_LIMIT;
    unsigned char *items = mem_new(capacity, item_size);
    if (items == NULL)
        return ERR_MEMORY;

    *ring = (struct ring){.items = items, .item_size = item_size, .capacity = capacity};
    return 0;
}

void ring_release(struct ring *ring)
{
    mem_free(ring->items);
    *ring = (struct ring){0};
}

void ring_push(struct ring *ring, const void *item)
{
    assert_always(ring->count < ring->capacity);
    size_t at = ring->first + ring->count;

    if (at >= ring->capacity)
        at -= ring->capacity;
    memcpy(ring->items + at * ring->item_size, item, ring->item_size);
    ring->count++;
}

bool ring_pop(struct ring *ring, void *ret_item)
{
    if (ring->count == 0)
        return false;

    memcpy(ret_item, ring->items + ring->first * ring->item_size, ring->item_size);
    ring->count--;
    ring->first++;
    if (ring->count == 0 || ring->first == ring->capacity)
        ring->first = 0; /* an empty one starts over: what was never needed stays untouched */
    return true;
}
