/* SPDX-License-Identifier: Apache-2.0
 *
 * seed: true randomness from the kernel (getrandom), for seeds and unguessable names.
 *
 * Threads: no state. */
#ifndef ASSAY_SHELL_OS_SEED_H
#define ASSAY_SHELL_OS_SEED_H

#include <stddef.h>
#include <stdint.h>

/* 64 random bits. */
uint64_t seed_random(void);

/* Fills `size` bytes. */
void seed_fill(void *bytes, size_t size);

#endif
