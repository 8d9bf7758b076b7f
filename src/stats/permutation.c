/* SPDX-License-Identifier: Apache-2.0
 *
 * permutation: see permutation.h. The exact test goes through all flips in Gray-code order, so that
 * each differs from the last in one sign. */
#include "stats/permutation.h"

#include "base/rng.h"
#include "stats/clusters.h"

static uint64_t count_exact(struct clusters *units)
{
    uint64_t total = UINT64_C(1) << units->count;
    uint64_t as_low = 1; /* the one seen */
    int64_t sum = units->sum;

    for (uint64_t i = 1; i < total; i++) {
        struct cluster *flipped = &units->list[__builtin_ctzll(i)];
        flipped->sum = -flipped->sum;
        sum += 2 * flipped->sum;
        as_low += sum <= units->sum;
    }
    return as_low;
}

static uint64_t count_drawn(const struct clusters *units, uint64_t seed)
{
    struct rng rng;
    uint64_t as_low = 0;

    rng_init_named(&rng, seed, view_of("stats/permutation"));
    for (int draw = 0; draw < PERMUTATION_DRAWS; draw++) {
        int64_t sum = 0;
        uint64_t bits = 0;
        for (size_t i = 0; i < units->count; i++) {
            if (i % 64 == 0)
                bits = rng_next(&rng);
            sum += (bits & 1) != 0 ? units->list[i].sum : -units->list[i].sum;
            bits >>= 1;
        }
        as_low += sum <= units->sum;
    }
    return as_low;
}

int permutation_drop(const int64_t *differences_micro, const uint32_t *clusters, size_t count,
                     uint64_t seed, struct permutation *ret_result)
{
    struct clusters units;
    int code = clusters_init(&units, differences_micro, clusters, count);

    if (code != 0)
        return code;
    struct permutation result = {.units = units.count,
                                 .is_exact = units.count <= PERMUTATION_EXACT_MAX};
    if (result.is_exact) {
        result.flips = UINT64_C(1) << units.count;
        result.as_low = count_exact(&units);
        result.p = (double)result.as_low / (double)result.flips;
    } else {
        result.flips = PERMUTATION_DRAWS;
        result.as_low = count_drawn(&units, seed);
        result.p = (1 + (double)result.as_low) / (1 + (double)result.flips);
    }
    clusters_release(&units);
    *ret_result = result;
    return 0;
}
