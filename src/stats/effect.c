/* SPDX-License-Identifier: Apache-2.0
 *
 * effect: see effect.h. */
#include "stats/effect.h"

#include <math.h>

#include "stats/clusters.h"

static const double Z_TWO_SIDED_95 = 1.959963984540054;
static const double Z_DETECT = 1.6448536269514722 + 0.8416212335729143; /* z_.95 + z_.80 */

/* Σ_c (Σ_{i in c} (d_i − mean))², the sum of squares that each standard error is made of. */
static double squares_of(const struct clusters *units, double mean)
{
    double squares = 0;

    for (size_t i = 0; i < units->count; i++) {
        double away = (double)units->list[i].sum - mean * units->list[i].size;
        squares += away * away;
    }
    return squares;
}

int effect_of(const int64_t *differences_micro, const uint32_t *clusters, size_t count,
              struct effect *ret_effect)
{
    struct clusters units;
    int code = clusters_init(&units, differences_micro, clusters, count);

    if (code != 0)
        return code;
    double n = (double)count;
    double mean = (double)units.sum / n;
    double squares = squares_of(&units, mean);
    /* Without clusters the variance has n − 1 below it; the clustered form is Miller's as it is. */
    double below = clusters == NULL ? n * (n - 1) : n * n;
    double se = units.count > 1 ? sqrt(squares / below) : 0;
    *ret_effect = (struct effect){
        .count = count,
        .clusters = units.count,
        .mean_micro = mean,
        .se_micro = se,
        .low_micro = mean - Z_TWO_SIDED_95 * se,
        .high_micro = mean + Z_TWO_SIDED_95 * se,
        .mde_micro = Z_DETECT * se,
    };
    clusters_release(&units);
    return 0;
}

/* The part of SE² that answers' noise makes with so many repeats. */
static double noise_part(const struct effect_design *design, unsigned now, unsigned baseline)
{
    return design->noise_micro * design->noise_micro * (1.0 / now + 1.0 / baseline)
           / (double)design->entries;
}

unsigned effect_repeats_needed(const struct effect_design *design)
{
    assert_always(design->entries > 0 && design->repeats > 0 && design->baseline_repeats > 0);
    double wanted = design->margin_micro / Z_DETECT;
    double spread = design->se_micro * design->se_micro
                    - noise_part(design, design->repeats, design->baseline_repeats);

    spread = spread > 0 ? spread : 0;
    for (unsigned repeats = design->repeats; repeats <= EFFECT_REPEATS_MAX; repeats++)
        if (spread + noise_part(design, repeats, repeats) <= wanted * wanted)
            return repeats;
    return 0;
}

size_t effect_entries_needed(const struct effect_design *design)
{
    assert_always(design->entries > 0 && design->margin_micro > 0);
    double times = Z_DETECT * design->se_micro / design->margin_micro;
    double needed = ceil((double)design->entries * times * times);

    return needed < 1 ? 1 : needed >= 1e15 ? (size_t)1000000000000000 : (size_t)needed;
}
