/* SPDX-License-Identifier: Apache-2.0
 *
 * bootstrap: see bootstrap.h. */
#include "stats/bootstrap.h"

#include <math.h>
#include <stdbool.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/clusters.h"
#include "stats/normal.h"
#include "stats/percentile.h"

static bool all_means_equal(const struct clusters *units)
{
    const struct cluster *first = &units->list[0];

    for (size_t i = 1; i < units->count; i++) {
        const struct cluster *other = &units->list[i];
        if ((double)first->sum * other->size != (double)other->sum * first->size)
            return false;
    }
    return true;
}

static void draw_means(const struct clusters *units, uint64_t seed, double *means)
{
    struct rng rng;

    rng_init_named(&rng, seed, view_of("stats/bootstrap"));
    for (int draw = 0; draw < BOOTSTRAP_DRAWS; draw++) {
        int64_t sum = 0;
        uint64_t size = 0;
        for (size_t i = 0; i < units->count; i++) {
            const struct cluster *unit = &units->list[rng_below(&rng, units->count)];
            sum += unit->sum;
            size += unit->size;
        }
        means[draw] = (double)sum / (double)size;
    }
}

/* z0: how far the draws lie to one side of the estimate; ties count half. */
static double bias_of(const double *means, double estimate)
{
    double below = 0;

    for (int i = 0; i < BOOTSTRAP_DRAWS; i++)
        below += means[i] < estimate ? 1 : means[i] == estimate ? 0.5 : 0;
    double share = below / BOOTSTRAP_DRAWS;
    double least = 0.5 / BOOTSTRAP_DRAWS;
    share = share < least ? least : share > 1 - least ? 1 - least : share;
    return normal_quantile(share);
}

/* a: the skewness of the mean when each unit is left out in turn. */
static double acceleration_of(const struct clusters *units)
{
    double mean = 0, squares = 0, cubes = 0;
    double count = (double)units->count;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < units->count; i++) {
            double left = (double)(units->sum - units->list[i].sum)
                          / (double)(units->values - units->list[i].size);
            if (pass == 0) {
                mean += left / count;
            } else {
                double away = mean - left;
                squares += away * away;
                cubes += away * away * away;
            }
        }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

/* Which quantile of the draws takes the place of the plain one. */
static double corrected(double z, double bias, double acceleration)
{
    double from = bias + z;
    return normal_cdf(bias + from / (1 - acceleration * from));
}

static int interval_of(const struct clusters *units, double confidence, uint64_t seed,
                       struct interval *ret_interval)
{
    double estimate = (double)units->sum / (double)units->values;
    double *means = mem_new(BOOTSTRAP_DRAWS, sizeof *means);

    if (means == NULL)
        return ERR_MEMORY;
    draw_means(units, seed, means);
    double bias = bias_of(means, estimate);
    double acceleration = acceleration_of(units);
    double z = normal_quantile((1 + confidence) / 2);
    percentile_sort(means, BOOTSTRAP_DRAWS);
    ret_interval->low_micro =
        percentile_of(means, BOOTSTRAP_DRAWS, corrected(-z, bias, acceleration));
    ret_interval->high_micro =
        percentile_of(means, BOOTSTRAP_DRAWS, corrected(z, bias, acceleration));
    mem_free(means);
    return 0;
}

int bootstrap_mean(const int64_t *values_micro, const uint32_t *clusters, size_t count,
                   double confidence, uint64_t seed, struct interval *ret_interval)
{
    struct clusters units;

    if (!(confidence > 0 && confidence < 1))
        return ERR_INVALID;
    int code = clusters_init(&units, values_micro, clusters, count);
    if (code != 0)
        return code;
    if (all_means_equal(&units)) {
        double point = (double)units.sum / (double)units.values;
        *ret_interval = (struct interval){.low_micro = point, .high_micro = point};
    } else {
        code = interval_of(&units, confidence, seed, ret_interval);
    }
    clusters_release(&units);
    return code;
}
