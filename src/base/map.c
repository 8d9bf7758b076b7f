/* SPDX-License-Identifier: Apache-2.0
 *
 * map: see map.h. Open addressing with linear probing, at most half full; nothing is ever
 * removed. */
#include "base/map.h"

#include "base/mem.h"

enum { CAPACITY_MIN = 8 };

static const size_t ENTRIES_MAX = (size_t)1 << 30;

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t map_hash(struct view bytes, uint64_t seed)
{
    uint64_t v[4] = {seed ^ 0x736f6d6570736575u, ~seed ^ 0x646f72616e646f6du,
                     seed ^ 0x6c7967656e657261u, ~seed ^ 0x7465646279746573u};
    size_t at = 0;

    for (; at + 8 <= bytes.len; at += 8) {
        uint64_t word;
        memcpy(&word, bytes.ptr + at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)bytes.len << 56;
    for (size_t i = 0; at + i < bytes.len; i++)
        last |= (uint64_t)(unsigned char)bytes.ptr[at + i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *map, size_t limit, uint64_t seed)
{
    *map = (struct map){.limit = limit < ENTRIES_MAX ? limit : ENTRIES_MAX, .seed = seed};
}

void map_release(struct map *map)
{
    mem_free(map->entries);
    mem_free(map->slots);
    map_init(map, map->limit, map->seed);
}

/* Where the key is, or where it would go. */
static uint32_t *slot_of(const struct map *map, struct view key, uint64_t hash)
{
    size_t mask = map->capacity * 2 - 1;
    size_t at = (size_t)hash & mask;

    while (map->slots[at] != 0) {
        const struct map_entry *entry = &map->entries[map->slots[at] - 1];
        if (entry->hash == hash && view_equal(entry->key, key))
            break;
        at = (at + 1) & mask;
    }
    return &map->slots[at];
}

static int grow(struct map *map)
{
    size_t capacity = map->capacity != 0 ? map->capacity * 2 : CAPACITY_MIN;
    uint32_t *slots = mem_new(capacity * 2, sizeof *slots);
    if (slots == NULL)
        return ERR_MEMORY;
    struct map_entry *entries = mem_resize(map->entries, capacity, sizeof *entries);
    if (entries == NULL) {
        mem_free(slots);
        return ERR_MEMORY;
    }
    mem_free(map->slots);
    map->slots = slots;
    map->entries = entries;
    map->capacity = capacity;
    for (size_t i = 0; i < map->count; i++)
        *slot_of(map, entries[i].key, entries[i].hash) = (uint32_t)i + 1;
    return 0;
}

void *map_get(const struct map *map, struct view key)
{
    if (map->count == 0)
        return NULL;
    uint32_t slot = *slot_of(map, key, map_hash(key, map->seed));
    return slot != 0 ? map->entries[slot - 1].value : NULL;
}

int map_put(struct map *map, struct view key, void *value)
{
    uint64_t hash = map_hash(key, map->seed);

    if (map->count != 0) {
        uint32_t slot = *slot_of(map, key, hash);
        if (slot != 0) {
            map->entries[slot - 1].value = value;
            return 0;
        }
    }
    if (map->count >= map->limit)
        return ERR_LIMIT;
    if (map->count == map->capacity) {
        int code = grow(map);
        if (code != 0)
            return code;
    }
    map->entries[map->count] = (struct map_entry){.key = key, .value = value, .hash = hash};
    *slot_of(map, key, hash) = (uint32_t)++map->count;
    return 0;
}
