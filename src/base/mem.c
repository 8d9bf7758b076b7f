/* SPDX-License-Identifier: Apache-2.0
 *
 * mem: see mem.h. */
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static _Thread_local unsigned long fail_in; /* 0: never; 1: from the next one on */

static bool must_fail(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return true;
    if (fail_in == 0)
        return false;
    if (fail_in == 1)
        return true;
    fail_in--;
    return false;
}

void *mem_new(size_t count, size_t size)
{
    if (must_fail(count, size))
        return NULL;
    return calloc(count != 0 ? count : 1, size != 0 ? size : 1);
}

void *mem_resize(void *block, size_t count, size_t size)
{
    if (must_fail(count, size))
        return NULL;
    size_t bytes = count * size;
    return realloc(block, bytes != 0 ? bytes : 1);
}

void mem_free(void *block)
{
    free(block);
}

void mem_fail_at(unsigned long n)
{
    fail_in = n;
}

void mem_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
