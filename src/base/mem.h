/* SPDX-License-Identifier: Apache-2.0
 *
 * mem: the one door to the heap, so that tests can make any allocation fail.
 *
 * Threads: the failure countdown is per thread. Limits: none here; callers bring their ceilings. */
#ifndef ASSAY_BASE_MEM_H
#define ASSAY_BASE_MEM_H

#include <stddef.h>

/* count × size zeroed bytes, or NULL (also when the product overflows). mem_free them. */
void *mem_new(size_t count, size_t size);

/* Like realloc for count × size bytes; on failure NULL, and the old block stays as it was. */
void *mem_resize(void *block, size_t count, size_t size);

/* Gives a block back; NULL is fine. */
void mem_free(void *block);

/* Gives memory that was freed back to the system, where its library keeps it: after a crowd. Takes
 * milliseconds where there is much. */
void mem_trim(void);

/* For tests: the n-th allocation of this thread from now (1 is the next) and all after it fail;
 * 0 ends it. */
void mem_fail_at(unsigned long n);

#endif
