/* SPDX-License-Identifier: Apache-2.0
 *
 * energy: see energy.h. All distances are measured once; a relabelling only sums them anew, and the
 * sum over pairs of different sides is what the two inner sums leave of the whole. */
#include "stats/energy.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"

struct pooled {
    float *distances; /* of i < j at j (j − 1) / 2 + i */
    size_t *order;    /* a relabelling: the first n are the first set */
    size_t n;
    size_t m;
    double total; /* of all distances */
};

static size_t place_of(size_t a, size_t b)
{
    return a < b ? b * (b - 1) / 2 + a : a * (a - 1) / 2 + b;
}

static float distance_of(const float *a, const float *b, size_t size)
{
    double squares = 0;

    for (size_t i = 0; i < size; i++) {
        double away = (double)a[i] - (double)b[i];
        squares += away * away;
    }
    return (float)sqrt(squares);
}

static double sum_within(const struct pooled *pooled, const size_t *members, size_t count)
{
    double sum = 0;

    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            sum += (double)pooled->distances[place_of(members[i], members[j])];
    return sum;
}

static double statistic_of(const struct pooled *pooled)
{
    double n = (double)pooled->n;
    double m = (double)pooled->m;
    double first = sum_within(pooled, pooled->order, pooled->n);
    double second = sum_within(pooled, pooled->order + pooled->n, pooled->m);
    double between = pooled->total - first - second;

    return 2 * between / (n * m) - 2 * first / (n * n) - 2 * second / (m * m);
}

static int measure(struct pooled *pooled, const float *const *first, const float *const *second,
                   size_t size)
{
    size_t count = pooled->n + pooled->m;

    for (size_t i = 0; i < count; i++) {
        const float *a = i < pooled->n ? first[i] : second[i - pooled->n];
        pooled->order[i] = i;
        for (size_t j = 0; j < i; j++) {
            const float *b = j < pooled->n ? first[j] : second[j - pooled->n];
            float distance = distance_of(a, b, size);
            if (!isfinite(distance))
                return ERR_INVALID;
            pooled->distances[place_of(i, j)] = distance;
            pooled->total += (double)distance;
        }
    }
    return 0;
}

static void shuffle(struct rng *rng, size_t *order, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = (size_t)rng_below(rng, i + 1);
        size_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static struct energy test(struct pooled *pooled, uint64_t seed)
{
    struct energy result = {.distance = statistic_of(pooled)};
    double slack = 1e-9 * (1 + fabs(result.distance)); /* equal up to the order of a sum */
    unsigned as_far = 0;
    struct rng rng;

    rng_init_named(&rng, seed, view_of("stats/energy"));
    for (int draw = 0; draw < ENERGY_DRAWS; draw++) {
        shuffle(&rng, pooled->order, pooled->n + pooled->m);
        as_far += statistic_of(pooled) >= result.distance - slack;
    }
    result.p = (1.0 + as_far) / (1 + ENERGY_DRAWS);
    result.distance = fmax(result.distance, 0);
    return result;
}

static int check(const float *const *vectors, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < size; j++)
            if (!isfinite(vectors[i][j]))
                return ERR_INVALID;
    return 0;
}

int energy_test(const float *const *first, size_t n, const float *const *second, size_t m,
                size_t size, uint64_t seed, struct energy *ret_result)
{
    if (n == 0 || m == 0 || size == 0 || n > ENERGY_VECTORS_MAX || m > ENERGY_VECTORS_MAX - n
        || check(first, n, size) != 0 || check(second, m, size) != 0)
        return ERR_INVALID;
    size_t count = n + m;
    struct pooled pooled = {
        .distances = mem_new(count * (count - 1) / 2, sizeof(float)),
        .order = mem_new(count, sizeof(size_t)),
        .n = n,
        .m = m,
    };
    int code = pooled.distances != NULL && pooled.order != NULL
                   ? measure(&pooled, first, second, size)
                   : ERR_MEMORY;
    if (code == 0)
        *ret_result = test(&pooled, seed);
    mem_free(pooled.distances);
    mem_free(pooled.order);
    return code;
}
