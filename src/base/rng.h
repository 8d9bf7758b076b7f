/* SPDX-License-Identifier: Apache-2.0
 *
 * rng: a seeded random generator, a field of whoever needs one. Same seed, same numbers, on every
 * machine; never for secrets.
 *
 * xoshiro256** 1.0 seeded by splitmix64 (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2018; prng.di.unimi.it). Threads: one owner. */
#ifndef ASSAY_BASE_RNG_H
#define ASSAY_BASE_RNG_H

#include <stdint.h>

#include "base/view.h"

struct rng {
    uint64_t state[4];
};

void rng_init(struct rng *rng, uint64_t seed);

/* A generator for one purpose: depends on the seed and on the name, so that drawing for one thing
 * never shifts the draws of another. */
void rng_init_named(struct rng *rng, uint64_t seed, struct view name);

/* 64 uniform bits. */
uint64_t rng_next(struct rng *rng);

/* Uniform in 0..bound-1 without bias; bound must not be 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Uniform in [0, 1), 53 bits. */
double rng_unit(struct rng *rng);

/* Standard normal (Box and Muller, one value a call). */
double rng_normal(struct rng *rng);

#endif
