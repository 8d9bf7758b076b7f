/* SPDX-License-Identifier: Apache-2.0
 *
 * arena: see arena.h. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

enum { BLOCK_MIN = 128, BLOCK_MAX = 1 << 20, ALIGN = 16 };

struct arena_block {
    struct arena_block *before;
    size_t used;
    size_t size;
    size_t unused_padding;
    /* the bytes follow */
};

_Static_assert(sizeof(struct arena_block) % ALIGN == 0, "blocks keep their bytes aligned");

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_release(struct arena *arena)
{
    while (arena->last != NULL) {
        struct arena_block *block = arena->last;
        arena->last = block->before;
        mem_free(block);
    }
    arena->used = 0;
}

static bool add_block(struct arena *arena, size_t wanted)
{
    size_t size = arena->last != NULL ? arena->last->size * 2 : BLOCK_MIN;
    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < wanted)
        size = wanted;
    if (size > arena->limit - arena->used)
        size = arena->limit - arena->used;
    if (size < wanted)
        return false;

    struct arena_block *block = mem_new(1, sizeof *block + size);
    if (block == NULL)
        return false;
    block->before = arena->last;
    block->size = size;
    arena->last = block;
    arena->used += size;
    return true;
}

void *arena_new(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - ALIGN) / size)
        return NULL;
    size_t wanted = (count * size + ALIGN - 1) / ALIGN * ALIGN;
    if (wanted == 0)
        wanted = ALIGN;
    if (arena->last == NULL || arena->last->size - arena->last->used < wanted)
        if (!add_block(arena, wanted))
            return NULL;

    struct arena_block *block = arena->last;
    char *bytes = (char *)(block + 1) + block->used;
    block->used += wanted;
    return bytes;
}

char *arena_string(struct arena *arena, struct view bytes)
{
    char *copy = bytes.len < SIZE_MAX ? arena_new(arena, bytes.len + 1, 1) : NULL;

    if (copy != NULL && bytes.len != 0)
        memcpy(copy, bytes.ptr, bytes.len);
    return copy;
}

int arena_copy(struct arena *arena, struct view bytes, struct view *ret_copy)
{
    char *copy = arena_string(arena, bytes);

    if (copy == NULL)
        return ERR_MEMORY;
    *ret_copy = view_make(copy, bytes.len);
    return 0;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (wanted < 0)
        return NULL;

    char *text = arena_new(arena, (size_t)wanted + 1, 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)wanted + 1, format, args);
    va_end(args);
    return text;
}
