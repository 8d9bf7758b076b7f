/* SPDX-License-Identifier: Apache-2.0
 *
 * timers: see timers.h. The heap is an array with the children of place i at 2i + 1 and 2i + 2. */
#include "core/pool/timers.h"

#include "base/mem.h"

int timers_init(struct timers *timers, uint32_t capacity)
{
    if (capacity == 0)
        return ERR_LIMIT;
    struct timers_entry *heap = mem_new(capacity, sizeof *heap);
    uint32_t *places = mem_new(capacity, sizeof *places);
    if (heap == NULL || places == NULL) {
        mem_free(heap);
        mem_free(places);
        return ERR_MEMORY;
    }

    *timers = (struct timers){.heap = heap, .places = places, .capacity = capacity};
    return 0;
}

void timers_release(struct timers *timers)
{
    mem_free(timers->heap);
    mem_free(timers->places);
    *timers = (struct timers){0};
}

static bool comes_before(struct timers_entry a, struct timers_entry b)
{
    return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : a.slot < b.slot;
}

static void put(struct timers *timers, uint32_t place, struct timers_entry entry)
{
    timers->heap[place] = entry;
    timers->places[entry.slot] = place + 1;
}

static void move_up(struct timers *timers, uint32_t place, struct timers_entry entry)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (!comes_before(entry, timers->heap[parent]))
            break;
        put(timers, place, timers->heap[parent]);
        place = parent;
    }
    put(timers, place, entry);
}

static void move_down(struct timers *timers, uint32_t place, struct timers_entry entry)
{
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count && comes_before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!comes_before(timers->heap[child], entry))
            break;
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, entry);
}

static void take_back(struct timers *timers, uint32_t slot)
{
    uint32_t place = timers->places[slot] - 1;
    struct timers_entry last = timers->heap[--timers->count];

    timers->places[slot] = 0;
    if (last.slot == slot)
        return;
    if (place > 0 && comes_before(last, timers->heap[(place - 1) / 2]))
        move_up(timers, place, last);
    else
        move_down(timers, place, last);
}

void timers_set(struct timers *timers, uint32_t slot, uint64_t at_ns)
{
    assert_always(slot < timers->capacity);
    if (timers->places[slot] != 0)
        take_back(timers, slot);
    if (at_ns == UINT64_MAX)
        return;
    move_up(timers, timers->count++, (struct timers_entry){.at_ns = at_ns, .slot = slot});
}

uint64_t timers_first(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0].at_ns : UINT64_MAX;
}

bool timers_pop(struct timers *timers, uint64_t now_ns, uint32_t *ret_slot)
{
    if (timers_first(timers) > now_ns)
        return false;
    *ret_slot = timers->heap[0].slot;
    take_back(timers, *ret_slot);
    return true;
}
