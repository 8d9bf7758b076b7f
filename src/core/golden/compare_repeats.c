/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_repeats: each entry of a comparison by its own repeats: would answers dealt out to the
 * two sides at random differ as much? All ways of dealing them where there are few, else draws. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/compare_state.h"
#include "stats/fdr.h"

enum {
    REPEATS_MAX = 64, /* of a side */
    WAYS_MAX = 1000,
    DRAWS_MAX = 999,
    HITS_MAX = 20, /* ends the draws of a test that is plainly not small */
};

struct repeats {
    int64_t scores[2 * REPEATS_MAX]; /* B's first */
    size_t ofb;
    size_t count;
};

static size_t gather(const struct run_entry *entry, int64_t *scores)
{
    size_t count = 0;

    for (size_t i = 0; i < entry->sample_count && count < REPEATS_MAX; i++)
        if (entry->samples[i].scored)
            scores[count++] = entry->samples[i].score.total_micro;
    return count;
}

/* How far the mean of the chosen lies from what their share of the sum would be, either way. */
static int64_t distance(const struct repeats *repeats, int64_t chosen, int64_t sum)
{
    return llabs(chosen * (int64_t)repeats->count - sum * (int64_t)repeats->ofb);
}

static uint64_t ways_of(size_t n, size_t k)
{
    uint64_t ways = 1;

    for (size_t i = 1; i <= k && ways <= WAYS_MAX; i++)
        ways = ways * (n - k + i) / i;
    return ways;
}

/* Goes through all ways of choosing `ofb` of `count` (in the order of combinations). */
static double exact_p(const struct repeats *repeats, int64_t seen, int64_t sum)
{
    size_t chosen[REPEATS_MAX];
    size_t k = repeats->ofb;
    uint64_t as_far = 0, ways = 0;

    for (size_t i = 0; i < k; i++)
        chosen[i] = i;
    for (;;) {
        int64_t total = 0;
        for (size_t i = 0; i < k; i++)
            total += repeats->scores[chosen[i]];
        ways++;
        as_far += distance(repeats, total, sum) >= seen;
        size_t at = k;
        while (at > 0 && chosen[at - 1] == repeats->count - k + at - 1)
            at--;
        if (at == 0)
            return (double)as_far / (double)ways;
        chosen[at - 1]++;
        for (size_t i = at; i < k; i++)
            chosen[i] = chosen[i - 1] + 1;
    }
}

/* Besag and Clifford, "Sequential Monte Carlo p-values", 1991. */
static double drawn_p(struct repeats *repeats, struct rng *rng, int64_t seen, int64_t sum)
{
    uint64_t hits = 0;

    for (uint64_t draws = 1; draws <= DRAWS_MAX; draws++) {
        int64_t total = 0;
        for (size_t i = 0; i < repeats->ofb; i++) {
            size_t other = i + (size_t)rng_below(rng, repeats->count - i);
            int64_t moved = repeats->scores[other];
            repeats->scores[other] = repeats->scores[i];
            repeats->scores[i] = moved;
            total += moved;
        }
        hits += distance(repeats, total, sum) >= seen;
        if (hits == HITS_MAX)
            return (double)hits / (double)draws;
    }
    return (double)(hits + 1) / (DRAWS_MAX + 1);
}

static void test_entry(struct compared_entry *entry, struct rng *rng)
{
    struct repeats repeats;
    int64_t sum = 0, ofb = 0;

    if (!entry->is_known[COMPARE_SCORE])
        return;
    repeats.ofb = gather(entry->sides[COMPARE_B], repeats.scores);
    repeats.count = repeats.ofb + gather(entry->sides[COMPARE_A], repeats.scores + repeats.ofb);
    if (repeats.ofb < 2 || repeats.count - repeats.ofb < 2)
        return;
    for (size_t i = 0; i < repeats.count; i++) {
        sum += repeats.scores[i];
        ofb += i < repeats.ofb ? repeats.scores[i] : 0;
    }
    int64_t seen = distance(&repeats, ofb, sum);
    entry->is_tested = true;
    entry->p = ways_of(repeats.count, repeats.ofb) <= WAYS_MAX ? exact_p(&repeats, seen, sum)
                                                               : drawn_p(&repeats, rng, seen, sum);
}

int compare_repeats(struct comparing *comparing)
{
    struct comparison *comparison = comparing->comparison;
    double *p = mem_new(comparison->count + 1, sizeof *p);
    size_t count = 0;
    struct rng rng;

    if (p == NULL)
        return ERR_MEMORY;
    rng_init_named(&rng, comparing->options->seed, view_of("golden/compare"));
    for (size_t i = 0; i < comparison->count; i++) {
        test_entry(&comparison->entries[i], &rng);
        if (comparison->entries[i].is_tested)
            p[count++] = comparison->entries[i].p;
    }
    int code = count > 0 ? fdr_adjust(FDR_BENJAMINI_HOCHBERG, p, count, p) : 0;
    count = 0;
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->entries[i].is_tested)
            comparison->entries[i].p_adjusted = p[count++];
    mem_free(p);
    return code;
}
