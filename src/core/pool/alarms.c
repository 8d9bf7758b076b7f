/* SPDX-License-Identifier: Apache-2.0
 *
 * alarms: see alarms.h. The heap is an array with the children of place i at 2i + 1 and 2i + 2. */
#include "core/pool/alarms.h"

#include "base/mem.h"

int alarms_init(struct alarms *alarms, uint32_t capacity)
{
    if (capacity == 0)
        return ERR_LIMIT;
    struct alarms_entry *heap = mem_new(capacity, sizeof *heap);
    uint32_t *places = mem_new(capacity, sizeof *places);
    if (heap == NULL || places == NULL) {
        mem_free(heap);
        mem_free(places);
        return ERR_MEMORY;
    }

    *alarms = (struct alarms){.heap = heap, .places = places, .capacity = capacity};
    return 0;
}

void alarms_release(struct alarms *alarms)
{
    mem_free(alarms->heap);
    mem_free(alarms->places);
    *alarms = (struct alarms){0};
}

static bool comes_before(struct alarms_entry a, struct alarms_entry b)
{
    return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : a.slot < b.slot;
}

static void put(struct alarms *alarms, uint32_t place, struct alarms_entry entry)
{
    alarms->heap[place] = entry;
    alarms->places[entry.slot] = place + 1;
}

static void move_up(struct alarms *alarms, uint32_t place, struct alarms_entry entry)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (!comes_before(entry, alarms->heap[parent]))
            break;
        put(alarms, place, alarms->heap[parent]);
        place = parent;
    }
    put(alarms, place, entry);
}

static void move_down(struct alarms *alarms, uint32_t place, struct alarms_entry entry)
{
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= alarms->count)
            break;
        if (child + 1 < alarms->count && comes_before(alarms->heap[child + 1], alarms->heap[child]))
            child++;
        if (!comes_before(alarms->heap[child], entry))
            break;
        put(alarms, place, alarms->heap[child]);
        place = child;
    }
    put(alarms, place, entry);
}

static void take_back(struct alarms *alarms, uint32_t slot)
{
    uint32_t place = alarms->places[slot] - 1;
    struct alarms_entry last = alarms->heap[--alarms->count];

    alarms->places[slot] = 0;
    if (last.slot == slot)
        return;
    if (place > 0 && comes_before(last, alarms->heap[(place - 1) / 2]))
        move_up(alarms, place, last);
    else
        move_down(alarms, place, last);
}

void alarms_set(struct alarms *alarms, uint32_t slot, uint64_t at_ns)
{
    assert_always(slot < alarms->capacity);
    if (alarms->places[slot] != 0)
        take_back(alarms, slot);
    if (at_ns == UINT64_MAX)
        return;
    move_up(alarms, alarms->count++, (struct alarms_entry){.at_ns = at_ns, .slot = slot});
}

uint64_t alarms_first(const struct alarms *alarms)
{
    return alarms->count > 0 ? alarms->heap[0].at_ns : UINT64_MAX;
}

bool alarms_pop(struct alarms *alarms, uint64_t now_ns, uint32_t *ret_slot)
{
    if (alarms_first(alarms) > now_ns)
        return false;
    *ret_slot = alarms->heap[0].slot;
    take_back(alarms, *ret_slot);
    return true;
}
