/* SPDX-License-Identifier: Apache-2.0
 *
 * effect: how large a change is, how sure that is, and what this golden set could have seen.
 *
 * Miller, "Adding error bars to evals", arXiv 2411.00640: SE = s / sqrt(n); clustered SE² =
 * Σ_c (Σ_{i in c} (d_i − mean))² / n². The smallest effect that a one-sided test at .05 sees with
 * power .80 is (z_.95 + z_.80) · SE = 2.486 · SE.
 *
 * Memory: scratch from base/mem for clusters, given back. Threads: no state. */
#ifndef ASSAY_STATS_EFFECT_H
#define ASSAY_STATS_EFFECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct effect {
    size_t count;
    size_t clusters; /* count where none were given */
    double mean_micro;
    double se_micro;   /* 0 where count is 1: one value knows no error */
    double low_micro;  /* mean − 1.96 SE */
    double high_micro; /* mean + 1.96 SE */
    double mde_micro;  /* the smallest drop of the mean that would be seen eight times in ten */
};

/* `clusters` as in permutation.h, or NULL. ERR_INVALID where count is 0, ERR_MEMORY. */
MUST_CHECK int effect_of(const int64_t *differences_micro, const uint32_t *clusters, size_t count,
                         struct effect *ret_effect);

/* What an experiment was, to ask what it should have been. */
struct effect_design {
    double se_micro;    /* of the mean difference, measured */
    double noise_micro; /* standard deviation of one answer's score within an entry */
    size_t entries;
    unsigned repeats; /* now */
    unsigned baseline_repeats;
    double margin_micro; /* δ: the drop that matters */
};

/* Repeats now and of the baseline alike that would decide: the fewest K, no fewer than `repeats`,
 * with (z_.95 + z_.80) · SE(K) <= δ, where SE(K)² = spread of entries' true differences + noise² ·
 * 2/K over the entries. 0 where no number up to EFFECT_REPEATS_MAX would, because the entries
 * themselves differ too much: only more entries help. */
enum { EFFECT_REPEATS_MAX = 1000 };
unsigned effect_repeats_needed(const struct effect_design *design);

/* Entries like these, with as many repeats, that would decide. */
size_t effect_entries_needed(const struct effect_design *design);

#endif
