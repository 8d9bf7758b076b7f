/* SPDX-License-Identifier: Apache-2.0
 *
 * arena: memory that is given back all at once, for one request or one run.
 *
 * Memory: blocks from base/mem, growing from 128 bytes to 1 MiB, freed by arena_release. Every
 * arena has a ceiling. What an arena gave holds until arena_release.
 * Threads: one owner. */
#ifndef ASSAY_BASE_ARENA_H
#define ASSAY_BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"
#include "base/view.h"

struct arena_block;

struct arena {
    struct arena_block *last;
    size_t used;  /* bytes of all blocks together */
    size_t limit; /* ceiling for used */
};

/* An empty arena that will hold at most `limit` bytes. Nothing is allocated yet. */
void arena_init(struct arena *arena, size_t limit);

/* Frees everything; the arena is empty and usable again. */
void arena_release(struct arena *arena);

/* count × size zeroed bytes, aligned for any type; NULL when memory or the limit ran out. */
void *arena_new(struct arena *arena, size_t count, size_t size);

/* A copy of the bytes with a NUL after them (not counted). On failure ret_copy is untouched and
 * the result is ERR_MEMORY. */
MUST_CHECK int arena_copy(struct arena *arena, struct view bytes, struct view *ret_copy);

/* The same as a C string, NULL on failure. */
char *arena_string(struct arena *arena, struct view bytes);

/* Formatted text as a C string in the arena, NULL on failure. */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
