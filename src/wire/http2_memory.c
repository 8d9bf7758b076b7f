/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_memory: nghttp2's memory comes from base/mem, so that tests can make it fail, and is counted
 * against a ceiling: each block begins with its own size. */
#include "base/mem.h"
#include "wire/http2_state.h"

/* As large as an alignment for any type, so that what follows it is aligned too. */
union block {
    size_t size;
    max_align_t alignment;
};

static bool has_room(struct http2_memory *memory, size_t size)
{
    if (size <= memory->most && memory->used <= memory->most - size)
        return true;
    memory->refused = true;
    memory->too_much = true;
    return false;
}

static void *keep(struct http2_memory *memory, union block *block, size_t size)
{
    if (block == NULL) {
        memory->refused = true;
        return NULL;
    }
    block->size = size;
    memory->used += size;
    return block + 1;
}

static void *allocate(size_t size, void *context)
{
    struct http2_memory *memory = context;

    if (!has_room(memory, size))
        return NULL;
    return keep(memory, mem_new(1, sizeof(union block) + size), size);
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

    if (ptr == NULL)
        return;
    union block *block = (union block *)ptr - 1;
    memory->used -= block->size;
    mem_free(block);
}

static void *resize(void *ptr, size_t size, void *context)
{
    struct http2_memory *memory = context;

    if (ptr == NULL)
        return allocate(size, context);
    union block *block = (union block *)ptr - 1;
    size_t before = block->size;
    if (size > before && !has_room(memory, size - before))
        return NULL;
    void *resized = keep(memory, mem_resize(block, 1, sizeof(union block) + size), size);
    if (resized != NULL)
        memory->used -= before;
    return resized;
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
