/* SPDX-License-Identifier: Apache-2.0
 *
 * score: see score.h. */
#include "core/golden/score.h"

struct severity_limits severity_limits_default(void)
{
    return (struct severity_limits){
        .critical_micro = 200000, .major_micro = 100000, .minor_micro = 50000};
}

int32_t score_total(const struct score *score)
{
    const struct {
        int32_t part_micro;
        int32_t weight;
    } parts[] = {
        {score->similarity_micro, WEIGHT_SIMILARITY},
        {score->keywords_micro, WEIGHT_KEYWORDS},
        {score->structure_micro, WEIGHT_STRUCTURE},
        {score->language_micro, WEIGHT_LANGUAGE},
    };
    int64_t sum = 0;
    int64_t weights = 0;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].part_micro == SCORE_ABSENT)
            continue;
        sum += (int64_t)parts[i].part_micro * parts[i].weight;
        weights += parts[i].weight;
    }
    return weights != 0 ? (int32_t)((sum + weights / 2) / weights) : SCORE_ABSENT;
}

struct mean {
    int64_t sum;
    int64_t count;
    int32_t absent;
};

static void add(struct mean *mean, int32_t value)
{
    if (value == mean->absent)
        return;
    mean->sum += value;
    mean->count++;
}

/* Rounded half away from zero. */
static int32_t value_of(const struct mean *mean)
{
    if (mean->count == 0)
        return mean->absent;
    int64_t half = mean->sum < 0 ? -mean->count / 2 : mean->count / 2;
    return (int32_t)((mean->sum + half) / mean->count);
}

struct score score_mean(const struct score *scores, size_t count)
{
    struct score absent = score_absent();
    struct mean similarity = {.absent = absent.similarity_micro};
    struct mean cosine = {.absent = absent.cosine_micro};
    struct mean keywords = {.absent = absent.keywords_micro};
    struct mean structure = {.absent = absent.structure_micro};
    struct mean language = {.absent = absent.language_micro};
    struct mean total = {.absent = absent.total_micro};

    for (size_t i = 0; i < count; i++) {
        add(&similarity, scores[i].similarity_micro);
        add(&cosine, scores[i].cosine_micro);
        add(&keywords, scores[i].keywords_micro);
        add(&structure, scores[i].structure_micro);
        add(&language, scores[i].language_micro);
        add(&total, scores[i].total_micro);
    }
    return (struct score){
        .similarity_micro = value_of(&similarity),
        .cosine_micro = value_of(&cosine),
        .keywords_micro = value_of(&keywords),
        .structure_micro = value_of(&structure),
        .language_micro = value_of(&language),
        .total_micro = value_of(&total),
    };
}

enum severity severity_of_drop(int32_t drop_micro, const struct severity_limits *limits)
{
    if (drop_micro >= limits->critical_micro)
        return SEVERITY_CRITICAL;
    if (drop_micro >= limits->major_micro)
        return SEVERITY_MAJOR;
    if (drop_micro >= limits->minor_micro)
        return SEVERITY_MINOR;
    return drop_micro <= -limits->minor_micro ? SEVERITY_IMPROVED : SEVERITY_NONE;
}

enum severity severity_of_repeats(enum severity severity, size_t fell, size_t answers)
{
    if (severity == SEVERITY_CRITICAL && fell * 2 <= answers)
        severity = SEVERITY_MAJOR;
    if (severity == SEVERITY_MAJOR && fell * 2 < answers)
        severity = SEVERITY_MINOR;
    return severity;
}

int32_t similarity_to_accepted(const int32_t *similarities_micro, size_t count, size_t skip)
{
    int32_t first = SCORE_ABSENT;
    int32_t second = SCORE_ABSENT;
    size_t references = 0;

    for (size_t i = 0; i < count; i++) {
        if (i == skip)
            continue;
        references++;
        if (similarities_micro[i] > first) {
            second = first;
            first = similarities_micro[i];
        } else if (similarities_micro[i] > second) {
            second = similarities_micro[i];
        }
    }
    if (references < 2 || skip < count)
        return first;
    int64_t sum = (int64_t)first * (int64_t)(references - 1) + second;
    return (int32_t)((sum + (int64_t)references / 2) / (int64_t)references);
}
