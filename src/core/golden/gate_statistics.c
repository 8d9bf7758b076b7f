/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_statistics: see gate_statistics.h. The unit is an entry; its difference is the mean score
 * now less the baseline's. */
#include "core/golden/gate_statistics.h"

#include <math.h>

#include "base/map.h"
#include "stats/bootstrap.h"
#include "stats/clusters.h"
#include "stats/effect.h"
#include "stats/normal.h"
#include "stats/permutation.h"

static const double P_FAIL = .05;
static const double CONFIDENCE = .90;

struct family {
    int64_t *differences_micro;
    uint32_t *clusters;
    size_t count;
    bool clustered;
    double noise_micro; /* one answer's spread within an entry, where known */
    unsigned repeats;
    unsigned baseline_repeats;
};

enum which { ALL, CHANGED, UNTOUCHED };

static bool is_in(const struct run_entry *entry, enum which which)
{
    bool changed = entry->prompt_changed || entry->model_changed || entry->params_changed;

    if (entry->baseline == NULL || entry->scored_count == 0 || entry->is_quarantined)
        return false;
    return which == ALL || changed == (which == CHANGED);
}

/* Numbers the prompts; an entry's cluster is its prompt's number. */
static int find_clusters(const struct run *run, enum which which, struct family *family)
{
    struct map prompts;
    size_t at = 0;
    int code = 0;

    map_init(&prompts, run->entry_count, 3);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        if (!is_in(&run->entries[i], which))
            continue;
        uintptr_t number = (uintptr_t)map_get(&prompts, run->entries[i].prompt);
        if (number == 0) {
            number = prompts.count + 1;
            code = map_put(&prompts, run->entries[i].prompt, (void *)number);
        }
        family->clusters[at++] = (uint32_t)number;
    }
    family->clustered = prompts.count >= GATE_CLUSTERS_MIN;
    map_release(&prompts);
    return code;
}

static int gather(const struct run *run, enum which which, struct arena *arena,
                  struct family *family)
{
    *family = (struct family){
        .differences_micro = arena_new(arena, run->entry_count, sizeof(int64_t)),
        .clusters = arena_new(arena, run->entry_count, sizeof(uint32_t)),
        .repeats = UINT32_MAX,
        .baseline_repeats = UINT32_MAX,
    };
    if (family->differences_micro == NULL || family->clusters == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!is_in(entry, which))
            continue;
        unsigned now = (unsigned)entry->scored_count;
        unsigned before = (unsigned)entry->baseline->answer_count;
        family->differences_micro[family->count++] = -(int64_t)entry->counted_micro;
        family->repeats = now < family->repeats ? now : family->repeats;
        family->baseline_repeats =
            before < family->baseline_repeats ? before : family->baseline_repeats;
        if (entry->noise_micro != SCORE_ABSENT)
            family->noise_micro = (double)entry->noise_micro / sqrt(1.0 / now + 1.0 / before);
    }
    return find_clusters(run, which, family);
}

bool gate_statistics_fail(double p, double mean)
{
    return p < P_FAIL && mean <= -(double)GATE_MARGIN_MICRO / MICRO;
}

static enum gate_outcome outcome_of(const struct statistics *statistics)
{
    double margin = (double)GATE_MARGIN_MICRO / MICRO;

    if (gate_statistics_fail(statistics->p, statistics->mean))
        return GATE_FAIL;
    return statistics->low > -margin ? GATE_PASS : GATE_INCONCLUSIVE;
}

static size_t repeats_needed(const struct family *family, const struct effect *effect)
{
    struct effect_design design = {
        .se_micro = effect->se_micro,
        .noise_micro = family->noise_micro,
        .entries = family->count,
        .repeats = family->repeats,
        .baseline_repeats = family->baseline_repeats,
        .margin_micro = GATE_MARGIN_MICRO,
    };
    return family->noise_micro > 0 ? effect_repeats_needed(&design) : 0;
}

static int normal_p(const int64_t *differences_micro, const uint32_t *clusters, size_t count,
                    double *ret_p)
{
    struct clusters units;
    double squares = 0;
    int code = clusters_init(&units, differences_micro, clusters, count);

    if (code != 0)
        return code;
    for (size_t i = 0; i < units.count; i++)
        squares += (double)units.list[i].sum * (double)units.list[i].sum;
    *ret_p = squares > 0 ? normal_cdf((double)units.sum / sqrt(squares)) : 1;
    clusters_release(&units);
    return 0;
}

int gate_statistics_p(const int64_t *differences_micro, const uint32_t *clusters, size_t count,
                      size_t drawn_max, uint64_t seed, double *ret_p)
{
    struct permutation permutation;

    if (count > drawn_max)
        return normal_p(differences_micro, clusters, count, ret_p);
    int code = permutation_drop(differences_micro, clusters, count, seed, &permutation);
    if (code == 0)
        *ret_p = permutation.p;
    return code;
}

/* The 90 % interval of the mean. */
static int interval_of(const struct family *family, const uint32_t *clusters,
                       const struct effect *effect, uint64_t seed, struct interval *ret_interval)
{
    if (family->count <= GATE_DRAWN_MAX)
        return bootstrap_mean(family->differences_micro, clusters, family->count, CONFIDENCE, seed,
                              ret_interval);
    double half = normal_quantile((1 + CONFIDENCE) / 2) * effect->se_micro;
    *ret_interval = (struct interval){effect->mean_micro - half, effect->mean_micro + half};
    return 0;
}

static int measure(const struct run *run, enum which which, struct arena *arena,
                   struct statistics *ret_statistics)
{
    struct family family;
    struct interval interval;
    struct effect effect;
    double p = 1;

    *ret_statistics = (struct statistics){0};
    int code = gather(run, which, arena, &family);
    if (code != 0 || family.count == 0)
        return code;
    const uint32_t *clusters = family.clustered ? family.clusters : NULL;
    code = effect_of(family.differences_micro, clusters, family.count, &effect);
    if (code == 0)
        code = gate_statistics_p(family.differences_micro, clusters, family.count, GATE_DRAWN_MAX,
                                 run->seed, &p);
    if (code == 0)
        code = interval_of(&family, clusters, &effect, run->seed, &interval);
    if (code != 0)
        return code;
    struct statistics statistics = {
        .known = true,
        .entries = family.count,
        .mean = effect.mean_micro / MICRO,
        .low = interval.low_micro / MICRO,
        .high = interval.high_micro / MICRO,
        .p = p,
        .smallest_effect = effect.mde_micro / MICRO,
    };
    statistics.outcome = outcome_of(&statistics);
    if (statistics.outcome == GATE_INCONCLUSIVE)
        statistics.repeats_needed = repeats_needed(&family, &effect);
    *ret_statistics = statistics;
    return 0;
}

int gate_statistics(struct run *run, struct arena *arena)
{
    int code = measure(run, ALL, arena, &run->gate.all);
    size_t changed = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        changed += is_in(&run->entries[i], CHANGED);
    if (code != 0 || changed == 0 || changed == run->gate.all.entries) {
        *(changed == 0 ? &run->gate.untouched : &run->gate.changed) = run->gate.all;
        return code;
    }
    if (code == 0)
        code = measure(run, CHANGED, arena, &run->gate.changed);
    if (code == 0)
        code = measure(run, UNTOUCHED, arena, &run->gate.untouched);
    return code;
}
