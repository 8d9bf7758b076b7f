/* SPDX-License-Identifier: Apache-2.0
 *
 * timers: see timers.h. The table finds a context's place by linear probing; every move inside the
 * heap writes the new place into the table. */
#include "base/timers.h"

#include "base/mem.h"

enum { CAPACITY_MIN = 16, LIMIT_MAX = 1 << 30 };

/* A pointer's bits well mixed (the finaliser of MurmurHash3). */
static size_t hash_of(const void *context)
{
    uint64_t bits = (uint64_t)(uintptr_t)context;

    bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdu;
    bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53u;
    return (size_t)(bits ^ bits >> 33);
}

static size_t table_mask(const struct timers *timers)
{
    return timers->capacity * 2 - 1;
}

/* The context's slot in the table, or the empty one where it would go. */
static size_t slot_of(const struct timers *timers, const void *context)
{
    size_t mask = table_mask(timers);
    size_t slot = hash_of(context) & mask;

    while (timers->table[slot] != 0 && timers->heap[timers->table[slot] - 1].context != context)
        slot = (slot + 1) & mask;
    return slot;
}

/* Empties a slot and closes the gap, so that probing needs no tombstones. */
static void slot_clear(struct timers *timers, size_t slot)
{
    size_t mask = table_mask(timers);

    timers->table[slot] = 0;
    for (size_t next = (slot + 1) & mask; timers->table[next] != 0; next = (next + 1) & mask) {
        size_t home = hash_of(timers->heap[timers->table[next] - 1].context) & mask;
        if (((next - home) & mask) >= ((next - slot) & mask)) {
            timers->table[slot] = timers->table[next];
            timers->table[next] = 0;
            slot = next;
        }
    }
}

static bool sooner(const struct timer *a, const struct timer *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void swap(struct timers *timers, size_t i, size_t j)
{
    size_t slot_i = slot_of(timers, timers->heap[i].context);
    size_t slot_j = slot_of(timers, timers->heap[j].context);
    struct timer held = timers->heap[i];

    timers->heap[i] = timers->heap[j];
    timers->heap[j] = held;
    timers->table[slot_i] = (uint32_t)j + 1;
    timers->table[slot_j] = (uint32_t)i + 1;
}

static void sift(struct timers *timers, size_t i)
{
    while (i > 0 && sooner(&timers->heap[i], &timers->heap[(i - 1) / 2])) {
        swap(timers, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < timers->count; child++) {
            if (sooner(&timers->heap[child], &timers->heap[least]))
                least = child;
        }
        if (least == i)
            return;
        swap(timers, i, least);
        i = least;
    }
}

static int grow(struct timers *timers)
{
    size_t capacity = timers->capacity != 0 ? timers->capacity * 2 : CAPACITY_MIN;
    uint32_t *table = mem_new(capacity * 2, sizeof *table);
    struct timer *heap = table != NULL ? mem_resize(timers->heap, capacity, sizeof *heap) : NULL;

    if (heap == NULL) {
        mem_free(table);
        return ERR_MEMORY;
    }
    mem_free(timers->table);
    timers->table = table;
    timers->heap = heap;
    timers->capacity = capacity;
    for (size_t i = 0; i < timers->count; i++)
        timers->table[slot_of(timers, timers->heap[i].context)] = (uint32_t)i + 1;
    return 0;
}

void timers_init(struct timers *timers, size_t limit)
{
    *timers = (struct timers){.limit = limit < LIMIT_MAX ? limit : LIMIT_MAX};
}

void timers_release(struct timers *timers)
{
    mem_free(timers->heap);
    mem_free(timers->table);
    timers_init(timers, timers->limit);
}

int timers_set(struct timers *timers, uint64_t at_ns, timers_listener *listener, void *context)
{
    size_t slot = timers->capacity != 0 ? slot_of(timers, context) : 0;
    bool known = timers->capacity != 0 && timers->table[slot] != 0;

    if (!known) {
        if (timers->count >= timers->limit)
            return ERR_LIMIT;
        if (timers->count == timers->capacity) {
            int code = grow(timers);
            if (code != 0)
                return code;
            slot = slot_of(timers, context);
        }
        timers->count++;
        timers->table[slot] = (uint32_t)timers->count;
    }
    size_t place = timers->table[slot] - 1;
    timers->heap[place] = (struct timer){
        .at_ns = at_ns, .order = timers->order_next++, .listener = listener, .context = context};
    sift(timers, place);
    return 0;
}

static void remove_at(struct timers *timers, size_t place)
{
    size_t last = timers->count - 1;

    if (place != last)
        swap(timers, place, last);
    slot_clear(timers, slot_of(timers, timers->heap[last].context));
    timers->count = last;
    if (place != last)
        sift(timers, place);
}

bool timers_cancel(struct timers *timers, const void *context)
{
    size_t slot = timers->capacity != 0 ? slot_of(timers, context) : 0;

    if (timers->capacity == 0 || timers->table[slot] == 0)
        return false;
    remove_at(timers, timers->table[slot] - 1);
    return true;
}

uint64_t timers_next_ns(const struct timers *timers)
{
    return timers->count != 0 ? timers->heap[0].at_ns : UINT64_MAX;
}

bool timers_pop(struct timers *timers, uint64_t now_ns, struct timer *ret_timer)
{
    if (timers->count == 0 || timers->heap[0].at_ns > now_ns)
        return false;
    *ret_timer = timers->heap[0];
    remove_at(timers, 0);
    return true;
}
