/* SPDX-License-Identifier: Apache-2.0
 *
 * map: a hash map from byte strings to pointers that remembers the order of insertion.
 *
 * Keyed SipHash-1-3 (Aumasson and Bernstein, 2012), so that a peer who chooses the keys cannot
 * choose the collisions. Keys are borrowed and must outlive the map; values are the caller's.
 * Memory: base/mem, freed by map_release. Threads: one owner. Limit: given at map_init. */
#ifndef ASSAY_BASE_MAP_H
#define ASSAY_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

struct map_entry {
    struct view key;
    void *value;
    uint64_t hash;
};

struct map {
    struct map_entry *entries; /* in order of insertion */
    uint32_t *slots;           /* index + 1 into entries, 0 where empty */
    size_t count;
    size_t capacity; /* of entries; slots has twice as many, a power of two */
    size_t limit;
    uint64_t seed;
};

/* Empty; holds at most `limit` entries (capped at 2^30). `seed` keys the hash. */
void map_init(struct map *map, size_t limit, uint64_t seed);
void map_release(struct map *map);

/* The value, or NULL where the key is not there. */
void *map_get(const struct map *map, struct view key);

/* Adds or replaces. Returns ERR_LIMIT or ERR_MEMORY and changes nothing on failure. */
MUST_CHECK int map_put(struct map *map, struct view key, void *value);

/* Entries in order of insertion: for (i = 0; i < map.count; i++) map.entries[i]. */

/* SipHash-1-3 of the bytes under the key (seed, ~seed). */
uint64_t map_hash(struct view bytes, uint64_t seed);

#endif
