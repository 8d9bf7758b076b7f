/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_groups: the statistics of compare.h: each metric over all entries, over those of a
 * language and over those of a tag. */
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "core/golden/compare_state.h"
#include "core/golden/gate_statistics.h"
#include "stats/bootstrap.h"
#include "stats/effect.h"
#include "stats/fdr.h"
#include "stats/permutation.h"

enum {
    COMPOSITE_DRAWN_MAX = 5000, /* entries: past that the normal limits are as good */
};

static const double CONFIDENCE = .95;

/* ---- groups ---------------------------------------------------------------------------------- */

/* A language or tag, and the entries that have it. */
struct part {
    enum compare_group_kind kind;
    struct view value;
    uint32_t *members;
    size_t count;
    size_t capacity;
};

struct parts {
    struct part *list;
    size_t count;
};

struct grouping {
    struct comparing *comparing;
    uint32_t *prompts; /* of each entry: the number of its prompt */
    uint32_t *met;     /* of each prompt: the last test that met it */
    uint32_t tests;
    struct parts parts;
    struct compared_group *groups;
    size_t count;
    size_t to_draw; /* differences that may still be spent on draws */
    int64_t *differences;
    uint32_t *clusters;
};

static int number_prompts(struct grouping *grouping)
{
    const struct comparison *comparison = grouping->comparing->comparison;
    struct map map;
    int code = 0;

    map_init(&map, comparison->count, 3);
    for (size_t i = 0; i < comparison->count && code == 0; i++) {
        struct view prompt = comparison->entries[i].sides[COMPARE_A]->prompt;
        uintptr_t number = (uintptr_t)map_get(&map, prompt);
        if (number == 0) {
            number = map.count + 1;
            code = map_put(&map, prompt, (void *)number);
        }
        grouping->prompts[i] = (uint32_t)number;
    }
    map_release(&map);
    return code;
}

static int part_add(struct part *part, uint32_t entry)
{
    if (part->count > 0 && part->members[part->count - 1] == entry)
        return 0; /* a tag that is written twice */
    if (part->count == part->capacity) {
        size_t capacity = part->capacity > 0 ? 2 * part->capacity : 16;
        uint32_t *members = mem_resize(part->members, capacity, sizeof *members);
        if (members == NULL)
            return ERR_MEMORY;
        part->members = members;
        part->capacity = capacity;
    }
    part->members[part->count++] = entry;
    return 0;
}

static int join_part(struct parts *parts, struct map *map, enum compare_group_kind kind,
                     struct view value, uint32_t entry)
{
    uintptr_t number = (uintptr_t)map_get(map, value);

    if (number == 0) {
        if (parts->count % 64 == 0) {
            struct part *list = mem_resize(parts->list, parts->count + 64, sizeof *list);
            if (list == NULL)
                return ERR_MEMORY;
            parts->list = list;
        }
        parts->list[parts->count++] = (struct part){.kind = kind, .value = value};
        number = parts->count;
        int code = map_put(map, value, (void *)number);
        if (code != 0)
            return code;
    }
    return part_add(&parts->list[number - 1], entry);
}

/* By size, the largest first; of equal ones as they came. */
static int compare_parts(const void *a, const void *b)
{
    const struct part *first = a;
    const struct part *second = b;

    if (first->kind != second->kind)
        return first->kind < second->kind ? -1 : 1;
    if (first->count != second->count)
        return first->count > second->count ? -1 : 1;
    return view_compare(first->value, second->value);
}

static int find_parts(struct grouping *grouping)
{
    const struct comparison *comparison = grouping->comparing->comparison;
    struct map maps[2];
    int code = 0;

    map_init(&maps[0], comparison->count + 1, 4);
    map_init(&maps[1], SIZE_MAX, 5);
    for (size_t i = 0; i < comparison->count && code == 0; i++) {
        const struct compared_entry *entry = &comparison->entries[i];
        const struct run_entry *tagged = entry->sides[COMPARE_B];
        if (tagged->tag_count == 0)
            tagged = entry->sides[COMPARE_A];
        if (entry->language.len > 0)
            code = join_part(&grouping->parts, &maps[0], COMPARE_BY_LANGUAGE, entry->language,
                             (uint32_t)i);
        for (size_t t = 0; t < tagged->tag_count && code == 0; t++)
            code =
                join_part(&grouping->parts, &maps[1], COMPARE_BY_TAG, tagged->tags[t], (uint32_t)i);
    }
    map_release(&maps[0]);
    map_release(&maps[1]);
    if (grouping->parts.count > 1)
        qsort(grouping->parts.list, grouping->parts.count, sizeof *grouping->parts.list,
              compare_parts);
    return code;
}

static void parts_release(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        mem_free(parts->list[i].members);
    mem_free(parts->list);
}

/* ---- one test -------------------------------------------------------------------------------- */

static int draw(struct grouping *grouping, const uint32_t *clusters, size_t count,
                struct compared_group *group)
{
    struct permutation permutation;
    struct interval interval;
    uint64_t seed = grouping->comparing->options->seed;
    bool rose = group->difference > 0;

    int code = bootstrap_mean(grouping->differences, clusters, count, CONFIDENCE, seed, &interval);
    /* flips are as likely either way: the mirrored test is the other side's */
    for (size_t i = 0; rose && i < count; i++)
        grouping->differences[i] = -grouping->differences[i];
    if (code == 0)
        code = permutation_drop(grouping->differences, clusters, count, seed, &permutation);
    if (code != 0)
        return code;
    group->is_drawn = true;
    group->p = 2 * permutation.p < 1 ? 2 * permutation.p : 1;
    group->low = interval.low_micro / MICRO;
    group->high = interval.high_micro / MICRO;
    return 0;
}

/* The limits of sign flips and bootstrap as entries become many. */
static int approximate(struct grouping *grouping, const uint32_t *clusters, size_t count,
                       const struct effect *effect, struct compared_group *group)
{
    double p;

    for (size_t i = 0; group->difference > 0 && i < count; i++)
        grouping->differences[i] = -grouping->differences[i];
    int code = gate_statistics_p(grouping->differences, clusters, count, 0,
                                 grouping->comparing->options->seed, &p);
    if (code != 0)
        return code;
    group->p = 2 * p < 1 ? 2 * p : 1;
    group->low = effect->low_micro / MICRO;
    group->high = effect->high_micro / MICRO;
    return 0;
}

/* Of `count` differences of so many prompts. */
static int test(struct grouping *grouping, size_t count, size_t prompts, bool is_composite,
                struct compared_group *group)
{
    const uint32_t *clusters = prompts >= COMPARE_CLUSTERS_MIN ? grouping->clusters : NULL;
    struct effect effect;

    int code = effect_of(grouping->differences, clusters, count, &effect);
    if (code != 0)
        return code;
    group->entries = count;
    group->difference = effect.mean_micro / MICRO;
    group->smallest_effect = effect.mde_micro / MICRO;
    if (is_composite ? count <= COMPOSITE_DRAWN_MAX : count <= grouping->to_draw) {
        grouping->to_draw -= is_composite ? 0 : count;
        return draw(grouping, clusters, count, group);
    }
    return approximate(grouping, clusters, count, &effect, group);
}

/* The metric over the part's entries, over all where it is NULL; adds a group where there are
 * enough. */
static int measure(struct grouping *grouping, const struct part *part, enum compare_metric metric)
{
    const struct comparison *comparison = grouping->comparing->comparison;
    size_t members = part != NULL ? part->count : comparison->count;
    bool is_composite = part == NULL && metric == COMPARE_SCORE;
    struct compared_group *group = &grouping->groups[grouping->count];
    size_t count = 0;
    size_t prompts = 0;

    grouping->tests++;
    *group = (struct compared_group){.kind = part != NULL ? part->kind : COMPARE_ALL,
                                     .value = part != NULL ? part->value : view_of(""),
                                     .metric = metric};
    for (size_t i = 0; i < members; i++) {
        size_t at = part != NULL ? part->members[i] : i;
        const struct compared_entry *entry = &comparison->entries[at];
        if (!entry->is_known[metric])
            continue;
        grouping->differences[count] = entry->difference_micro[metric];
        uint32_t prompt = grouping->prompts[at];
        prompts += grouping->met[prompt] != grouping->tests;
        grouping->met[prompt] = grouping->tests;
        grouping->clusters[count++] = prompt;
        for (int side = 0; side < 2; side++)
            group->mean[side] += (double)entry->metrics_micro[side][metric] / MICRO;
    }
    if (count == 0 || (part != NULL && count < COMPARE_ENTRIES_MIN))
        return 0;
    for (int side = 0; side < 2; side++)
        group->mean[side] /= (double)count;
    int code = test(grouping, count, prompts, is_composite, group);
    if (code == 0)
        grouping->count++;
    return code;
}

static int measure_all(struct grouping *grouping)
{
    int code = 0;

    for (int metric = 0; metric < COMPARE_METRICS && code == 0; metric++)
        code = measure(grouping, NULL, (enum compare_metric)metric);
    for (int metric = 0; metric < COMPARE_METRICS; metric++)
        for (size_t i = 0; i < grouping->parts.count && i < COMPARE_GROUPS_MAX && code == 0; i++)
            code = measure(grouping, &grouping->parts.list[i], (enum compare_metric)metric);
    return code;
}

static int adjust(struct grouping *grouping, bool has_score)
{
    size_t first = has_score ? 1 : 0;
    size_t count = grouping->count - first;
    double *p = mem_new(count + 1, sizeof *p);

    if (p == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        p[i] = grouping->groups[first + i].p;
    int code = count > 0 ? fdr_adjust(FDR_BENJAMINI_HOCHBERG, p, count, p) : 0;
    for (size_t i = 0; i < count; i++)
        grouping->groups[first + i].p_adjusted = p[i];
    if (has_score)
        grouping->groups[0].p_adjusted = grouping->groups[0].p;
    mem_free(p);
    return code;
}

static int group_all(struct grouping *grouping)
{
    struct comparison *comparison = grouping->comparing->comparison;

    int code = number_prompts(grouping);
    if (code == 0)
        code = find_parts(grouping);
    if (code != 0)
        return code;
    size_t parts = grouping->parts.count < COMPARE_GROUPS_MAX ? grouping->parts.count
                                                              : (size_t)COMPARE_GROUPS_MAX;
    grouping->groups = arena_new(grouping->comparing->arena, (parts + 1) * COMPARE_METRICS + 1,
                                 sizeof *grouping->groups);
    if (grouping->groups == NULL)
        return ERR_MEMORY;
    code = measure_all(grouping);
    if (code != 0)
        return code;
    comparison->has_score = grouping->count > 0 && grouping->groups[0].kind == COMPARE_ALL
                            && grouping->groups[0].metric == COMPARE_SCORE;
    comparison->groups = grouping->groups;
    comparison->group_count = grouping->count;
    return adjust(grouping, comparison->has_score);
}

int compare_groups(struct comparing *comparing)
{
    size_t count = comparing->comparison->count;
    struct grouping grouping = {
        .comparing = comparing,
        .to_draw = COMPARE_DRAWN_MAX,
        .prompts = mem_new(count + 1, sizeof *grouping.prompts),
        .met = mem_new(count + 1, sizeof *grouping.met),
        .clusters = mem_new(count + 1, sizeof *grouping.clusters),
        .differences = mem_new(count + 1, sizeof *grouping.differences),
    };
    bool fits = grouping.prompts != NULL && grouping.met != NULL && grouping.clusters != NULL
                && grouping.differences != NULL;
    int code = fits ? group_all(&grouping) : ERR_MEMORY;

    parts_release(&grouping.parts);
    mem_free(grouping.prompts);
    mem_free(grouping.met);
    mem_free(grouping.clusters);
    mem_free(grouping.differences);
    return code;
}
