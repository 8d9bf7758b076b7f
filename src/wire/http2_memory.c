/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_memory: nghttp2's memory comes from base/mem, so that tests can make it fail, and is
 * counted against a ceiling.
 *
 * nghttp2 1.52 does not survive every allocation that fails: what it could not attach to a stream
 * it frees at once, and again with the session. So blocks are kept in a list, and once something
 * was refused nothing is given out or taken back any more: the session is left as it is, and all
 * its blocks go together, in http2_memory_release. */
#include "base/mem.h"
#include "wire/http2_state.h"

/* Before each block; as large as an alignment for any type, so that what follows it is aligned. */
union http2_block {
    struct {
        size_t size;
        union http2_block *next;
        union http2_block *previous;
    } link;
    max_align_t alignment;
};

static bool has_room(struct http2_memory *memory, size_t size)
{
    if (memory->refused)
        return false;
    if (size <= memory->most && memory->used <= memory->most - size)
        return true;
    memory->refused = true;
    memory->too_much = true;
    return false;
}

static void leave(struct http2_memory *memory, const union http2_block *block)
{
    union http2_block *next = block->link.next;
    union http2_block *previous = block->link.previous;

    *(previous != NULL ? &previous->link.next : &memory->first) = next;
    if (next != NULL)
        next->link.previous = previous;
    memory->used -= block->link.size;
}

static void *enter(struct http2_memory *memory, union http2_block *block, size_t size)
{
    block->link.size = size;
    block->link.next = memory->first;
    block->link.previous = NULL;
    if (memory->first != NULL)
        memory->first->link.previous = block;
    memory->first = block;
    memory->used += size;
    return block + 1;
}

static void *allocate(size_t size, void *context)
{
    struct http2_memory *memory = context;

    if (!has_room(memory, size))
        return NULL;
    union http2_block *block = mem_new(1, sizeof *block + size);
    memory->refused = block == NULL;
    return block != NULL ? enter(memory, block, size) : NULL;
}

static void *allocate_many(size_t count, size_t size, void *context)
{
    if (size != 0 && count > SIZE_MAX / 2 / size)
        return NULL;
    return allocate(count * size, context);
}

static void give_back(void *ptr, void *context)
{
    struct http2_memory *memory = context;

    if (ptr == NULL || memory->refused)
        return;
    union http2_block *block = (union http2_block *)ptr - 1;
    leave(memory, block);
    mem_free(block);
}

static void *resize(void *ptr, size_t size, void *context)
{
    struct http2_memory *memory = context;

    if (ptr == NULL)
        return allocate(size, context);
    union http2_block *block = (union http2_block *)ptr - 1;
    size_t before = block->link.size;
    if (!has_room(memory, size > before ? size - before : 0))
        return NULL;
    leave(memory, block);
    union http2_block *resized = mem_resize(block, 1, sizeof *block + size);
    memory->refused = resized == NULL;
    if (resized != NULL)
        return enter(memory, resized, size);
    enter(memory, block, before);
    return NULL;
}

nghttp2_mem http2_memory_functions(struct http2_memory *memory)
{
    return (nghttp2_mem){
        .mem_user_data = memory,
        .malloc = allocate,
        .free = give_back,
        .calloc = allocate_many,
        .realloc = resize,
    };
}

void http2_memory_release(struct http2_memory *memory)
{
    while (memory->first != NULL) {
        union http2_block *block = memory->first;
        leave(memory, block);
        mem_free(block);
    }
}
