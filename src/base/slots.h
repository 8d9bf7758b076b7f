/* SPDX-License-Identifier: Apache-2.0
 *
 * slots: a fixed number of places, each known by a slot number and a generation, so that a late
 * answer finds nobody instead of somebody else.
 *
 * Memory: one block from base/mem made by slots_init, freed by slots_release; items never move.
 * Threads: one owner. Limit: the count given at slots_init, at most 2^24. */
#ifndef ASSAY_BASE_SLOTS_H
#define ASSAY_BASE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Generation 0 is never given out: a zeroed id names nobody. */
struct id {
    uint32_t slot;
    uint32_t generation;
};

static inline bool id_equal(struct id a, struct id b)
{
    return a.slot == b.slot && a.generation == b.generation;
}

static inline bool id_is_none(struct id id)
{
    return id.generation == 0;
}

static inline uint64_t id_pack(struct id id)
{
    return (uint64_t)id.generation << 32 | id.slot;
}

static inline struct id id_unpack(uint64_t packed)
{
    return (struct id){.slot = (uint32_t)packed, .generation = (uint32_t)(packed >> 32)};
}

struct slots {
    unsigned char *items;
    uint32_t *generations; /* odd while taken */
    uint32_t *next_free;
    size_t item_size;
    uint32_t capacity;
    uint32_t taken;
    uint32_t first_free;
};

/* Room for `capacity` items of item_size bytes. ERR_LIMIT above 2^24 or at 0, or ERR_MEMORY. */
MUST_CHECK int slots_init(struct slots *slots, uint32_t capacity, size_t item_size);
void slots_release(struct slots *slots);

/* A free place, zeroed, and its id; NULL when all are taken. */
void *slots_take(struct slots *slots, struct id *ret_id);

/* The item of that id, or NULL when it was given back meanwhile or never was. */
void *slots_get(const struct slots *slots, struct id id);

/* Gives the place back; the id names nobody from now on. The id must name somebody. */
void slots_give(struct slots *slots, struct id id);

/* The item in place `slot` and its id, NULL where it is free: to visit all, loop to capacity. */
void *slots_at(const struct slots *slots, uint32_t slot, struct id *ret_id);

#endif
