/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: see explain.h. Where the suite's drop comes from; explain_entries.c has single entries
 * and checks. */
#include "core/golden/explain.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "core/golden/gate_statistics.h"
#include "core/golden/score.h"
#include "stats/fdr.h"

static const double Q_SUITE = .05;

/* ---- metrics -------------------------------------------------------------------------------- */

static const struct metric {
    const char *name;
    size_t offset; /* in struct score */
} metrics[] = {
    {"score", offsetof(struct score, total_micro)},
    {"similarity", offsetof(struct score, similarity_micro)},
    {"keywords", offsetof(struct score, keywords_micro)},
    {"structure", offsetof(struct score, structure_micro)},
    {"language", offsetof(struct score, language_micro)},
};
enum { METRICS = sizeof metrics / sizeof metrics[0], METRIC_SCORE = 0, METRIC_SIMILARITY = 1 };

static int32_t value_of(const struct score *score, size_t metric)
{
    int32_t value;

    memcpy(&value, (const char *)score + metrics[metric].offset, sizeof value);
    return value;
}

/* Now − baseline; false where a side lacks it, or where an only accepted answer hides its noise. */
static bool difference_of(const struct run_entry *entry, size_t metric, bool noise_known,
                          int64_t *ret_micro)
{
    bool single = entry->baseline->answer_count == 1;
    int32_t now = value_of(&entry->score, metric);
    int32_t before = value_of(&entry->baseline_score, metric);
    int64_t excused = (int64_t)entry->drop_micro - entry->counted_micro;

    if (now == SCORE_ABSENT || before == SCORE_ABSENT)
        return false;
    if (single && !noise_known && (metric == METRIC_SCORE || metric == METRIC_SIMILARITY))
        return false;
    *ret_micro = (int64_t)now - before;
    if (metric == METRIC_SIMILARITY)
        excused = excused * 100 / WEIGHT_SIMILARITY;
    if (metric == METRIC_SCORE || metric == METRIC_SIMILARITY)
        *ret_micro += excused;
    return true;
}

/* ---- groups --------------------------------------------------------------------------------- */

struct group {
    enum explanation_group kind;
    struct view value;
    size_t entries;
};

struct explaining {
    struct run *run;
    bool noise_known;
    struct arena *arena;
    struct group groups[EXPLAIN_GROUPS_MAX];
    size_t group_count;
    uint64_t *member; /* of each entry: a bit for each group */
    uint32_t *prompt; /* of each entry: the number of its prompt */
    uint32_t *seen;   /* of each prompt: the last test that met it */
    int64_t *differences;
    uint32_t *clusters;
    struct explanation *found;
    double *p;
    size_t found_count;
};

static bool is_explained(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count > 0 && !entry->is_quarantined;
}

static int count_in(struct map *counts, struct view value)
{
    return map_put(counts, value, (void *)((uintptr_t)map_get(counts, value) + 1));
}

static int larger_first(const void *a, const void *b)
{
    const struct map_entry *first = a;
    const struct map_entry *second = b;
    uintptr_t left = (uintptr_t)first->value;
    uintptr_t right = (uintptr_t)second->value;

    return left != right ? (left < right ? 1 : -1) : view_compare(first->key, second->key);
}

/* Values that five entries have, and not all, the most frequent first. */
static void take_groups(struct explaining *explaining, enum explanation_group kind,
                        const struct map *counts, size_t all)
{
    struct map_entry *sorted = mem_new(counts->count, sizeof *sorted);

    if (sorted == NULL)
        return; /* fewer explanations, not a wrong one */
    if (counts->count > 0)
        memcpy(sorted, counts->entries, counts->count * sizeof *sorted);
    qsort(sorted, counts->count, sizeof *sorted, larger_first);
    for (size_t i = 0; i < counts->count; i++) {
        size_t entries = (size_t)(uintptr_t)sorted[i].value;
        if (entries < EXPLAIN_ENTRIES_MIN || explaining->group_count == EXPLAIN_GROUPS_MAX)
            break;
        if (entries < all)
            explaining->groups[explaining->group_count++] =
                (struct group){.kind = kind, .value = sorted[i].key, .entries = entries};
    }
    mem_free(sorted);
}

static bool has_twice(const struct run_entry *entry, size_t tag)
{
    for (size_t i = 0; i < tag; i++)
        if (view_equal(entry->tags[i], entry->tags[tag]))
            return true;
    return false;
}

static int find_groups(struct explaining *explaining)
{
    const struct run *run = explaining->run;
    struct map languages;
    struct map tags;
    size_t all = 0;
    int code = 0;

    map_init(&languages, 1024, 7);
    map_init(&tags, (size_t)1 << 20, 8);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!is_explained(entry))
            continue;
        all++;
        if (entry->language.len != 0)
            code = count_in(&languages, entry->language);
        for (size_t t = 0; t < entry->tag_count && code == 0; t++)
            if (!has_twice(entry, t))
                code = count_in(&tags, entry->tags[t]);
    }
    if (all >= EXPLAIN_ENTRIES_MIN)
        explaining->groups[explaining->group_count++] =
            (struct group){.kind = EXPLAIN_SUITE, .value = {"", 0}, .entries = all};
    take_groups(explaining, EXPLAIN_LANGUAGE, &languages, all);
    take_groups(explaining, EXPLAIN_TAG, &tags, all);
    map_release(&languages);
    map_release(&tags);
    return code == ERR_LIMIT ? 0 : code;
}

static bool is_member(const struct run_entry *entry, const struct group *group)
{
    if (group->kind == EXPLAIN_SUITE)
        return true;
    if (group->kind == EXPLAIN_LANGUAGE)
        return view_equal(entry->language, group->value);
    for (size_t t = 0; t < entry->tag_count; t++)
        if (view_equal(entry->tags[t], group->value))
            return true;
    return false;
}

/* Who belongs where, and which prompts there are. */
static int number_entries(struct explaining *explaining)
{
    const struct run *run = explaining->run;
    struct map prompts;
    int code = 0;

    map_init(&prompts, run->entry_count + 1, 9);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!is_explained(entry))
            continue;
        for (size_t g = 0; g < explaining->group_count; g++)
            if (is_member(entry, &explaining->groups[g]))
                explaining->member[i] |= UINT64_C(1) << g;
        uintptr_t number = (uintptr_t)map_get(&prompts, entry->prompt);
        if (number == 0) {
            number = prompts.count + 1;
            code = map_put(&prompts, entry->prompt, (void *)number);
        }
        explaining->prompt[i] = (uint32_t)number;
    }
    map_release(&prompts);
    return code;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static int test(struct explaining *explaining, size_t g, size_t metric)
{
    const struct run *run = explaining->run;
    const uint32_t stamp = (uint32_t)(g * METRICS + metric + 1);
    int64_t sum = 0;
    size_t count = 0;
    size_t prompts = 0;
    double p = 1;

    for (size_t i = 0; i < run->entry_count; i++) {
        int64_t difference;
        if ((explaining->member[i] >> g & 1) == 0
            || !difference_of(&run->entries[i], metric, explaining->noise_known, &difference))
            continue;
        uint32_t prompt = explaining->prompt[i];
        prompts += explaining->seen[prompt] != stamp;
        explaining->seen[prompt] = stamp;
        explaining->differences[count] = difference;
        explaining->clusters[count++] = prompt;
        sum += difference;
    }
    if (count < EXPLAIN_ENTRIES_MIN)
        return 0;
    /* What did not fall is no explanation of a fall: a p of 1 is no smaller than its own. */
    int code = sum >= 0
                   ? 0
                   : gate_statistics_p(explaining->differences,
                                       prompts >= GATE_CLUSTERS_MIN ? explaining->clusters : NULL,
                                       count, EXPLAIN_EXACT_MAX, run->seed, &p);
    explaining->p[explaining->found_count] = p;
    explaining->found[explaining->found_count++] = (struct explanation){
        .group = explaining->groups[g].kind,
        .value = explaining->groups[g].value,
        .metric = view_of(metrics[metric].name),
        .entries = count,
        .mean = (double)sum / (double)count / MICRO,
        .p = p,
    };
    return code;
}

static int graver_first(const void *a, const void *b)
{
    const struct explanation *first = a;
    const struct explanation *second = b;

    if (first->p_adjusted < second->p_adjusted || first->p_adjusted > second->p_adjusted)
        return first->p_adjusted < second->p_adjusted ? -1 : 1;
    if (first->mean < second->mean || first->mean > second->mean)
        return first->mean < second->mean ? -1 : 1;
    return view_compare(first->metric, second->metric);
}

static int test_all(struct explaining *explaining)
{
    int code = 0;

    for (size_t g = 0; g < explaining->group_count; g++)
        for (size_t metric = 0; metric < METRICS && code == 0; metric++)
            if (explaining->groups[g].kind != EXPLAIN_SUITE || metric != METRIC_SCORE)
                code = test(explaining, g, metric); /* the suite's own score stands alone */
    if (code == 0 && explaining->found_count > 0)
        code = fdr_adjust(FDR_BENJAMINI_HOCHBERG, explaining->p, explaining->found_count,
                          explaining->p);
    return code;
}

static int keep(struct explaining *explaining)
{
    struct gate *gate = &explaining->run->gate;
    struct explanation *kept = arena_new(explaining->arena, explaining->found_count, sizeof *kept);
    size_t count = 0;

    if (kept == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < explaining->found_count; i++) {
        explaining->found[i].p_adjusted = explaining->p[i];
        if (explaining->p[i] <= Q_SUITE)
            kept[count++] = explaining->found[i];
    }
    qsort(kept, count, sizeof *kept, graver_first);
    gate->explanations = kept;
    gate->explanation_count = count;
    return 0;
}

int explain_suite(struct run *run, bool noise_known, struct arena *arena)
{
    size_t room = run->entry_count + 1;
    struct explaining explaining = {
        .run = run,
        .noise_known = noise_known,
        .arena = arena,
        .member = mem_new(room, sizeof *explaining.member),
        .prompt = mem_new(room, sizeof *explaining.prompt),
        .seen = mem_new(room, sizeof *explaining.seen),
        .differences = mem_new(room, sizeof *explaining.differences),
        .clusters = mem_new(room, sizeof *explaining.clusters),
        .found = mem_new(EXPLAIN_GROUPS_MAX * METRICS, sizeof *explaining.found),
        .p = mem_new(EXPLAIN_GROUPS_MAX * METRICS, sizeof *explaining.p),
    };
    int code = ERR_MEMORY;

    run->gate.explanations = NULL;
    run->gate.explanation_count = 0;
    if (explaining.member != NULL && explaining.prompt != NULL && explaining.seen != NULL
        && explaining.differences != NULL && explaining.clusters != NULL && explaining.found != NULL
        && explaining.p != NULL)
        code = find_groups(&explaining);
    if (code == 0)
        code = number_entries(&explaining);
    if (code == 0)
        code = test_all(&explaining);
    if (code == 0)
        code = keep(&explaining);
    mem_free(explaining.member);
    mem_free(explaining.prompt);
    mem_free(explaining.seen);
    mem_free(explaining.differences);
    mem_free(explaining.clusters);
    mem_free(explaining.found);
    mem_free(explaining.p);
    return code;
}
