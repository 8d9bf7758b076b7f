/* SPDX-License-Identifier: Apache-2.0
 *
 * slots: see slots.h. A generation is odd while its place is taken, so freeing and taking each add
 * one, and an id matches only the one tenancy it was made for (until 2^31 tenancies of one
 * place). */
#include "base/slots.h"

#include <string.h>

#include "base/mem.h"

enum { CAPACITY_MAX = 1 << 24 };

static const uint32_t NONE = UINT32_MAX;

int slots_init(struct slots *slots, uint32_t capacity, size_t item_size)
{
    if (capacity == 0 || capacity > CAPACITY_MAX)
        return ERR_LIMIT;
    if (item_size > SIZE_MAX - 15)
        return ERR_MEMORY;

    struct slots fresh = {.item_size = (item_size + 15) / 16 * 16, .capacity = capacity};
    fresh.items = mem_new(capacity, fresh.item_size);
    fresh.generations = mem_new(capacity, sizeof *fresh.generations);
    fresh.next_free = mem_new(capacity, sizeof *fresh.next_free);
    if (fresh.items == NULL || fresh.generations == NULL || fresh.next_free == NULL) {
        slots_release(&fresh);
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < capacity; i++)
        fresh.next_free[i] = i + 1 < capacity ? i + 1 : NONE;
    *slots = fresh;
    return 0;
}

void slots_release(struct slots *slots)
{
    mem_free(slots->items);
    mem_free(slots->generations);
    mem_free(slots->next_free);
    *slots = (struct slots){.first_free = NONE};
}

void *slots_take(struct slots *slots, struct id *ret_id)
{
    if (slots->taken == slots->capacity)
        return NULL;
    uint32_t slot = slots->first_free;

    slots->first_free = slots->next_free[slot];
    slots->taken++;
    slots->generations[slot]++;
    *ret_id = (struct id){.slot = slot, .generation = slots->generations[slot]};
    void *item = slots->items + slot * slots->item_size;
    memset(item, 0, slots->item_size);
    return item;
}

void *slots_get(const struct slots *slots, struct id id)
{
    if (id.generation % 2 == 0 || id.slot >= slots->capacity
        || slots->generations[id.slot] != id.generation)
        return NULL;
    return slots->items + id.slot * slots->item_size;
}

void slots_give(struct slots *slots, struct id id)
{
    assert_always(slots_get(slots, id) != NULL);
    slots->generations[id.slot]++;
    slots->next_free[id.slot] = slots->first_free;
    slots->first_free = id.slot;
    slots->taken--;
}

void *slots_at(const struct slots *slots, uint32_t slot, struct id *ret_id)
{
    assert_always(slot < slots->capacity);
    if (slots->generations[slot] % 2 == 0)
        return NULL;
    *ret_id = (struct id){.slot = slot, .generation = slots->generations[slot]};
    return slots->items + slot * slots->item_size;
}
