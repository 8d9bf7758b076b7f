/* SPDX-License-Identifier: Apache-2.0
 *
 * drift_vectors: have the answers moved as a set? See drift.h.
 *
 * Relabelling is within each entry, so that an entry's own centring is the same under every
 * labelling (stats/energy.h relabels all at once, for which residuals are too alike: at two samples
 * a side it is wrong 13 times in 100 at .05). With as many vectors on both sides the energy
 * distance is −Σ s_i s_j |x_i − x_j| / n², s being 1 now and −1 before. */
#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/drift.h"

enum { SIDE_MAX = DRIFT_VECTORS_MAX };

/* Vectors less the mean of their entry's: of each entry those of now, then as many of before. */
struct centring {
    size_t size;  /* of a vector */
    size_t count; /* vectors so far */
    float *numbers;
    double *mean;      /* scratch */
    size_t *entry_end; /* of each vector: where its entry's vectors end */
    float *distances;  /* count × count */
    signed char *labels;
};

static void add_to_mean(struct centring *centring, const float *const *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < centring->size; j++)
            centring->mean[j] += .5 / (double)count * (double)vectors[i][j];
}

static void add_centred(struct centring *centring, const float *const *vectors, size_t count,
                        size_t entry_end, signed char label)
{
    for (size_t i = 0; i < count; i++, centring->count++) {
        float *numbers = centring->numbers + centring->count * centring->size;
        for (size_t j = 0; j < centring->size; j++)
            numbers[j] = (float)((double)vectors[i][j] - centring->mean[j]);
        centring->labels[centring->count] = label;
        centring->entry_end[centring->count] = entry_end;
    }
}

static void add_entry(struct centring *centring, const struct drift_vectors *entry, size_t pairs)
{
    size_t entry_end = centring->count + 2 * pairs;

    for (size_t j = 0; j < centring->size; j++)
        centring->mean[j] = 0;
    add_to_mean(centring, entry->now, pairs);
    add_to_mean(centring, entry->before, pairs);
    add_centred(centring, entry->now, pairs, entry_end, 1);
    add_centred(centring, entry->before, pairs, entry_end, -1);
}

static void measure_distances(struct centring *centring)
{
    for (size_t i = 0; i < centring->count; i++)
        for (size_t j = 0; j < i; j++) {
            const float *a = centring->numbers + i * centring->size;
            const float *b = centring->numbers + j * centring->size;
            double sum = 0;
            for (size_t k = 0; k < centring->size; k++)
                sum += ((double)a[k] - b[k]) * ((double)a[k] - b[k]);
            centring->distances[i * centring->count + j] = (float)sqrt(sum);
        }
}

/* The energy distance of the present labels. */
static double energy_of(const struct centring *centring)
{
    double side = (double)centring->count / 2;
    double sum = 0;

    for (size_t i = 0; i < centring->count; i++) {
        const float *row = centring->distances + i * centring->count;
        float part = 0;
        for (size_t j = 0; j < i; j++)
            part += centring->labels[j] * row[j];
        sum -= (double)(centring->labels[i] * part);
    }
    return 2 * sum / (side * side);
}

/* Shuffles the labels within each entry. */
static void relabel(struct centring *centring, struct rng *rng)
{
    for (size_t i = 0; i < centring->count; i++) {
        size_t other = i + (size_t)rng_below(rng, centring->entry_end[i] - i);
        signed char label = centring->labels[i];
        centring->labels[i] = centring->labels[other];
        centring->labels[other] = label;
    }
}

static void test_labels(struct centring *centring, uint64_t seed, struct energy *ret_result)
{
    static const double ROUNDING = 1e-6;
    struct rng rng;
    size_t as_far = 0;

    rng_init_named(&rng, seed, view_of("drift of answers"));
    measure_distances(centring);
    double distance = energy_of(centring);
    for (int draw = 0; draw < ENERGY_DRAWS; draw++) {
        relabel(centring, &rng);
        as_far += energy_of(centring) >= distance - ROUNDING;
    }
    *ret_result =
        (struct energy){.distance = distance, .p = ((double)as_far + 1) / (ENERGY_DRAWS + 1)};
}

static size_t pairs_of(const struct drift_vectors *entry)
{
    return entry->now_count < entry->before_count ? entry->now_count : entry->before_count;
}

static size_t count_pairs(const struct drift_vectors *entries, size_t count)
{
    size_t pairs = 0;

    for (size_t i = 0; i < count && pairs < SIDE_MAX; i++)
        pairs += pairs_of(&entries[i]);
    return pairs < SIDE_MAX ? pairs : SIDE_MAX;
}

int drift_vectors_test(const struct drift_vectors *entries, size_t count, size_t size,
                       uint64_t seed, struct energy *ret_result)
{
    size_t pairs = count_pairs(entries, count);
    if (pairs < DRIFT_RUNS_MIN || size == 0)
        return ERR_MISSING;

    struct centring centring = {
        .size = size,
        .numbers = mem_new(2 * pairs, size * sizeof(float)),
        .mean = mem_new(size, sizeof(double)),
        .entry_end = mem_new(2 * pairs, sizeof(size_t)),
        .distances = mem_new(2 * pairs, 2 * pairs * sizeof(float)),
        .labels = mem_new(2 * pairs, 1),
    };
    bool has_memory = centring.numbers != NULL && centring.mean != NULL
                      && centring.entry_end != NULL && centring.distances != NULL
                      && centring.labels != NULL;
    for (size_t i = 0; i < count && has_memory && centring.count < 2 * pairs; i++) {
        size_t left = pairs - centring.count / 2;
        add_entry(&centring, &entries[i],
                  pairs_of(&entries[i]) < left ? pairs_of(&entries[i]) : left);
    }
    if (has_memory)
        test_labels(&centring, seed, ret_result);
    mem_free(centring.numbers);
    mem_free(centring.mean);
    mem_free(centring.entry_end);
    mem_free(centring.distances);
    mem_free(centring.labels);
    return has_memory ? 0 : ERR_MEMORY;
}
