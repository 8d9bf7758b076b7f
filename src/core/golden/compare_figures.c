/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_figures: what the answers of both sides cost, and how long they took. Intervals of
 * latencies: percentile bootstrap over entries (an entry's answers stay together), by counting how
 * often each entry was drawn while going once through sorted latencies. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/compare_state.h"
#include "stats/percentile.h"

enum { LATENCY_DRAWS = 1000 };

static const double NANO_USD = 1e9;

/* ---- amounts --------------------------------------------------------------------------------- */

typedef bool amount_read(const struct sample *sample, double *ret_amount);

static bool read_cost(const struct sample *sample, double *ret_amount)
{
    *ret_amount = (double)sample->cost_nano_usd / NANO_USD;
    return true;
}

static bool read_tokens_in(const struct sample *sample, double *ret_amount)
{
    *ret_amount = (double)sample->answer.reply.usage.tokens_in;
    return sample->answer.reply.usage.known;
}

static bool read_tokens_out(const struct sample *sample, double *ret_amount)
{
    *ret_amount = (double)sample->answer.reply.usage.tokens_out;
    return sample->answer.reply.usage.known;
}

static struct compared_amount amount_of(const struct comparison *comparison, amount_read *read)
{
    struct compared_amount amount = {0};
    size_t counts[2] = {0, 0};

    for (size_t i = 0; i < comparison->count; i++)
        for (int side = 0; side < 2; side++) {
            const struct run_entry *entry = comparison->entries[i].sides[side];
            for (size_t s = 0; s < entry->sample_count; s++) {
                double value;
                if (!entry->samples[s].scored || !read(&entry->samples[s], &value))
                    continue;
                amount.total[side] += value;
                counts[side]++;
            }
        }
    if (counts[COMPARE_A] == 0 || counts[COMPARE_B] == 0)
        return (struct compared_amount){0};
    amount.is_known = true;
    for (int side = 0; side < 2; side++)
        amount.mean[side] = amount.total[side] / (double)counts[side];
    if (amount.mean[COMPARE_A] > 0)
        amount.ratio = amount.mean[COMPARE_B] / amount.mean[COMPARE_A];
    return amount;
}

/* ---- latency --------------------------------------------------------------------------------- */

struct timed {
    double latency_ms;
    uint32_t entry;
};

struct timings {
    struct timed *list; /* ascending */
    size_t count;
};

static int compare_timed(const void *a, const void *b)
{
    double first = ((const struct timed *)a)->latency_ms;
    double second = ((const struct timed *)b)->latency_ms;

    return first < second ? -1 : first > second;
}

static int gather(const struct comparison *comparison, int side, struct timings *timings)
{
    size_t capacity = 0;

    for (size_t i = 0; i < comparison->count; i++)
        capacity += comparison->entries[i].sides[side]->sample_count;
    timings->list = mem_new(capacity + 1, sizeof *timings->list);
    if (timings->list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct run_entry *entry = comparison->entries[i].sides[side];
        for (size_t s = 0; s < entry->sample_count; s++)
            if (entry->samples[s].scored && entry->samples[s].answer.latency_ns > 0)
                timings->list[timings->count++] = (struct timed){
                    .latency_ms = (double)entry->samples[s].answer.latency_ns / 1e6,
                    .entry = (uint32_t)i,
                };
    }
    if (timings->count > 1)
        qsort(timings->list, timings->count, sizeof *timings->list, compare_timed);
    return 0;
}

/* As percentile_of has it, over the list itself. */
static double quantile_of(const struct timings *timings, double q)
{
    double at = q * (double)(timings->count - 1);
    size_t low = (size_t)at;
    size_t high = low + 1 < timings->count ? low + 1 : low;
    double from = timings->list[low].latency_ms;

    return from + (at - (double)low) * (timings->list[high].latency_ms - from);
}

/* The same of a list in which each answer stands as often as its entry was drawn; the median and
 * the 95th percentile, without interpolation. False where none was drawn. */
static bool drawn_quantiles(const struct timings *timings, const uint32_t *times, double ret_ms[2])
{
    static const double qs[2] = {.5, .95};
    uint64_t total = 0;
    uint64_t passed = 0;
    size_t found = 0;

    for (size_t i = 0; i < timings->count; i++)
        total += times[timings->list[i].entry];
    if (total == 0)
        return false;
    for (size_t i = 0; i < timings->count && found < 2; i++) {
        passed += times[timings->list[i].entry];
        while (found < 2 && (double)passed > qs[found] * (double)(total - 1))
            ret_ms[found++] = timings->list[i].latency_ms;
    }
    return true;
}

/* Differences of both quantiles, B − A, of so many draws; returns how many could be had. */
static size_t draw_differences(const struct timings timings[2], size_t entries, uint64_t seed,
                               uint32_t *times, double *ret_differences_ms[2])
{
    struct rng rng;
    size_t count = 0;

    rng_init_named(&rng, seed, view_of("golden/compare/latency"));
    for (int draw = 0; draw < LATENCY_DRAWS; draw++) {
        double quantiles_ms[2][2];
        memset(times, 0, entries * sizeof *times);
        for (size_t i = 0; i < entries; i++)
            times[rng_below(&rng, entries)]++;
        if (!drawn_quantiles(&timings[0], times, quantiles_ms[0])
            || !drawn_quantiles(&timings[1], times, quantiles_ms[1]))
            continue;
        for (int q = 0; q < 2; q++)
            ret_differences_ms[q][count] = quantiles_ms[1][q] - quantiles_ms[0][q];
        count++;
    }
    return count;
}

static void put_intervals(struct compared_latency *latency, double *differences_ms[2], size_t count)
{
    double lows[2], highs[2];

    for (int q = 0; q < 2; q++) {
        percentile_sort(differences_ms[q], count);
        lows[q] = percentile_of(differences_ms[q], count, .025);
        highs[q] = percentile_of(differences_ms[q], count, .975);
    }
    latency->median_low_ms = lows[0];
    latency->median_high_ms = highs[0];
    latency->p95_low_ms = lows[1];
    latency->p95_high_ms = highs[1];
}

static int measure_latency(const struct timings timings[2], size_t entries, uint64_t seed,
                           struct compared_latency *ret_latency)
{
    struct compared_latency latency = {.is_known = timings[0].count > 0 && timings[1].count > 0};
    uint32_t *times = mem_new(entries + 1, sizeof *times);
    double *differences_ms[2] = {mem_new(LATENCY_DRAWS, sizeof(double)),
                                 mem_new(LATENCY_DRAWS, sizeof(double))};
    bool fits = times != NULL && differences_ms[0] != NULL && differences_ms[1] != NULL;

    for (int side = 0; latency.is_known && side < 2; side++) {
        latency.answers[side] = timings[side].count;
        latency.median_ms[side] = quantile_of(&timings[side], .5);
        latency.p95_ms[side] = quantile_of(&timings[side], .95);
    }
    latency.median_difference_ms = latency.median_ms[COMPARE_B] - latency.median_ms[COMPARE_A];
    latency.p95_difference_ms = latency.p95_ms[COMPARE_B] - latency.p95_ms[COMPARE_A];
    if (fits && latency.is_known)
        put_intervals(&latency, differences_ms,
                      draw_differences(timings, entries, seed, times, differences_ms));
    mem_free(times);
    mem_free(differences_ms[0]);
    mem_free(differences_ms[1]);
    if (!fits)
        return ERR_MEMORY;
    *ret_latency = latency;
    return 0;
}

int compare_figures(struct comparing *comparing)
{
    struct comparison *comparison = comparing->comparison;
    const struct run *const *sides = comparison->sides;
    struct timings timings[2] = {{0}};

    if (sides[COMPARE_A]->cost_known && sides[COMPARE_B]->cost_known)
        comparison->cost_usd = amount_of(comparison, read_cost);
    comparison->tokens_in = amount_of(comparison, read_tokens_in);
    comparison->tokens_out = amount_of(comparison, read_tokens_out);
    comparison->tokens_estimated =
        sides[COMPARE_A]->tokens_estimated || sides[COMPARE_B]->tokens_estimated;
    int code = gather(comparison, COMPARE_A, &timings[COMPARE_A]);
    if (code == 0)
        code = gather(comparison, COMPARE_B, &timings[COMPARE_B]);
    if (code == 0)
        code = measure_latency(timings, comparison->count, comparing->options->seed,
                               &comparison->latency);
    mem_free(timings[COMPARE_A].list);
    mem_free(timings[COMPARE_B].list);
    return code;
}
