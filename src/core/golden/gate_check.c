/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_check: see gate_check.h. The similarities among an entry's answers are measured once; a
 * division is arithmetic on them. */
#include "core/golden/gate_check.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/gate_statistics.h"

enum { ENTRIES_MAX = 10000, WORK_MAX = 20000000 }; /* similarities looked at, over all divisions */

/* The accepted answers of one entry, and how alike they are. */
struct samples {
    struct score scores[GATE_CHECK_ANSWERS_MAX];
    int32_t alike[GATE_CHECK_ANSWERS_MAX][GATE_CHECK_ANSWERS_MAX];
    size_t count;
    size_t before; /* of them stand for the baseline */
};

struct checking {
    const struct severity_limits *limits;
    bool measures_similarity;
    struct samples *entries;
    size_t count;
    int64_t *differences;
    uint32_t *clusters; /* of each entry: the number of its prompt */
    bool is_clustered;
    uint64_t seed;
    struct rng rng;
};

static size_t answers_needed(const struct similar *similar)
{
    return similar->kind == SIMILAR_NONE ? 2 : 3;
}

static bool is_usable(const struct run_entry *entry, const struct similar *similar)
{
    return entry->baseline != NULL && entry->scored_count > 0 && !entry->is_quarantined
           && entry->baseline->answer_count >= answers_needed(similar);
}

static int take(const struct similar *similar, const struct baseline_entry *baseline,
                struct samples *samples, struct err *reterr)
{
    int32_t cosine;
    int code = 0;

    samples->count = baseline->answer_count < GATE_CHECK_ANSWERS_MAX ? baseline->answer_count
                                                                     : GATE_CHECK_ANSWERS_MAX;
    samples->before = (samples->count + 1) / 2;
    for (size_t i = 0; i < samples->count; i++)
        samples->scores[i] = baseline->answers[i].score;
    for (size_t i = 0; i < samples->count && similar->kind != SIMILAR_NONE; i++)
        for (size_t j = 0; j < i && code == 0; j++) {
            code = similar_pair(similar, baseline->answers[i].text, baseline->answers[j].text,
                                &cosine, &samples->alike[i][j], reterr);
            samples->alike[j][i] = samples->alike[i][j];
        }
    return code;
}

/* Entries are clusters where the gate takes them for such. */
static int find_clusters(const struct run *run, const struct similar *similar, size_t count,
                         struct checking *checking)
{
    struct map prompts;
    size_t at = 0;
    int code = 0;

    map_init(&prompts, count, 3);
    for (size_t i = 0; i < run->entry_count && at < count && code == 0; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!is_usable(entry, similar))
            continue;
        uintptr_t number = (uintptr_t)map_get(&prompts, entry->prompt);
        if (number == 0) {
            number = prompts.count + 1;
            code = map_put(&prompts, entry->prompt, (void *)number);
        }
        checking->clusters[at++] = (uint32_t)number;
    }
    checking->is_clustered = prompts.count >= GATE_CLUSTERS_MIN;
    map_release(&prompts);
    return code;
}

/* The total of answer `at`, with `order` saying which answers are the baseline's. */
static int32_t total_of(const struct checking *checking, const struct samples *samples,
                        const size_t *order, size_t at)
{
    struct score score = samples->scores[order[at]];
    int32_t alike[GATE_CHECK_ANSWERS_MAX];

    if (checking->measures_similarity) {
        for (size_t i = 0; i < samples->before; i++)
            alike[i] = samples->alike[order[at]][order[i]];
        score.similarity_micro = similarity_to_accepted(alike, samples->before, at);
    }
    return score_total(&score);
}

struct division {
    int64_t drop_micro;
    enum severity severity;
};

static struct division divide(struct checking *checking, const struct samples *samples)
{
    size_t order[GATE_CHECK_ANSWERS_MAX];
    int64_t before = 0;
    int64_t now = 0;
    size_t now_count = samples->count - samples->before;
    size_t fell = 0;

    for (size_t i = 0; i < samples->count; i++)
        order[i] = i;
    for (size_t i = samples->count; i > 1; i--) {
        size_t other = (size_t)rng_below(&checking->rng, i);
        size_t kept = order[other];
        order[other] = order[i - 1];
        order[i - 1] = kept;
    }
    for (size_t i = 0; i < samples->before; i++)
        before += total_of(checking, samples, order, i);
    before /= (int64_t)samples->before;
    for (size_t i = samples->before; i < samples->count; i++) {
        int32_t total = total_of(checking, samples, order, i);
        now += total;
        fell += before - total >= checking->limits->minor_micro;
    }
    now /= (int64_t)now_count;
    enum severity severity = severity_of_drop((int32_t)(before - now), checking->limits);
    return (struct division){.drop_micro = before - now,
                             .severity = severity_of_repeats(severity, fell, now_count)};
}

static int divide_all(struct checking *checking, size_t split, struct false_alarms *alarms)
{
    size_t critical = 0;
    size_t major = 0;
    int64_t sum = 0;
    double p = 1;

    for (size_t i = 0; i < checking->count; i++) {
        struct division division = divide(checking, &checking->entries[i]);
        checking->differences[i] = -division.drop_micro;
        sum -= division.drop_micro;
        critical += division.severity == SEVERITY_CRITICAL;
        major += division.severity == SEVERITY_MAJOR;
    }
    alarms->critical += critical > 0;
    alarms->major += major > 0;
    double mean = (double)sum / (double)checking->count / MICRO;
    if (!gate_statistics_fail(0, mean))
        return 0; /* whatever its p is */
    int code =
        gate_statistics_p(checking->differences, checking->is_clustered ? checking->clusters : NULL,
                          checking->count, GATE_DRAWN_MAX, checking->seed + split, &p);
    alarms->statistics += code == 0 && gate_statistics_fail(p, mean);
    return code;
}

static size_t splits_of(const struct checking *checking)
{
    size_t work = 1;

    for (size_t i = 0; i < checking->count; i++)
        work += checking->entries[i].count * checking->entries[i].before;
    size_t splits = WORK_MAX / work;
    return splits > GATE_CHECK_SPLITS       ? GATE_CHECK_SPLITS
           : splits < GATE_CHECK_SPLITS_MIN ? GATE_CHECK_SPLITS_MIN
                                            : splits;
}

static int check(struct checking *checking, struct false_alarms *ret_alarms)
{
    struct false_alarms alarms = {.entries = checking->count, .splits = splits_of(checking)};
    int code = 0;

    for (size_t split = 0; split < alarms.splits && code == 0; split++)
        code = divide_all(checking, split, &alarms);
    alarms.known = true;
    alarms.statistics /= (double)alarms.splits;
    alarms.critical /= (double)alarms.splits;
    alarms.major /= (double)alarms.splits;
    if (code == 0)
        *ret_alarms = alarms;
    return code;
}

int gate_check(const struct run *run, const struct severity_limits *limits,
               const struct similar *similar, struct false_alarms *ret_alarms, struct err *reterr)
{
    struct checking checking = {
        .limits = limits,
        .measures_similarity = similar->kind != SIMILAR_NONE,
        .seed = run->seed,
    };
    size_t count = 0;
    int code = 0;

    *ret_alarms = (struct false_alarms){.known = false};
    for (size_t i = 0; i < run->entry_count; i++)
        count += is_usable(&run->entries[i], similar);
    if (count == 0)
        return 0;
    count = count < ENTRIES_MAX ? count : ENTRIES_MAX;
    rng_init_named(&checking.rng, run->seed, view_of("golden/gate_check"));
    checking.entries = mem_new(count, sizeof *checking.entries);
    checking.differences = mem_new(count, sizeof *checking.differences);
    checking.clusters = mem_new(count, sizeof *checking.clusters);
    if (checking.entries == NULL || checking.differences == NULL || checking.clusters == NULL
        || find_clusters(run, similar, count, &checking) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory to divide the accepted answers");
    for (size_t i = 0; i < run->entry_count && checking.count < count && code == 0; i++)
        if (is_usable(&run->entries[i], similar))
            code = take(similar, run->entries[i].baseline, &checking.entries[checking.count++],
                        reterr);
    if (code == 0 && check(&checking, ret_alarms) != 0)
        code = fail(reterr, ERR_MEMORY, "no memory to divide the accepted answers");
    mem_free(checking.entries);
    mem_free(checking.differences);
    mem_free(checking.clusters);
    return code;
}
