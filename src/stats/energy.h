/* SPDX-License-Identifier: Apache-2.0
 *
 * energy: do two sets of vectors come from one distribution? The energy distance, and a permutation
 * test of it.
 *
 *   E = 2/(nm) Σ|x_i − y_j| − 1/n² Σ|x_i − x_j| − 1/m² Σ|y_i − y_j|
 * with Euclidean distances (Székely and Rizzo, "Energy statistics: a class of statistics based on
 * distances", 2013). It is 0 only where the distributions are the same: means may agree while the
 * answers have drifted apart. p = (1 + #) / (draws + 1) over seeded relabellings.
 *
 * Memory: (n + m)² / 2 floats of scratch from base/mem, given back. Threads: no state; same seed,
 * same p. Limits: n + m <= ENERGY_VECTORS_MAX. */
#ifndef ASSAY_STATS_ENERGY_H
#define ASSAY_STATS_ENERGY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { ENERGY_VECTORS_MAX = 2000, ENERGY_DRAWS = 999 };

struct energy {
    double distance;
    double p;
};

/* `first` has n vectors of `size` numbers each. ERR_INVALID where a side is empty, a number is not
 * finite, or the limit is passed; ERR_MEMORY. */
MUST_CHECK int energy_test(const float *const *first, size_t n, const float *const *second,
                           size_t m, size_t size, uint64_t seed, struct energy *ret_result);

#endif
