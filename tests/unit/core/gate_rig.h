/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_rig: a made-up run: entries with accepted answers and answers of now, whose scores are drawn
 * from known distributions, judged as core/golden/judge judges. */
#ifndef ASSAY_TESTS_GATE_RIG_H
#define ASSAY_TESTS_GATE_RIG_H

#include <string.h>

#include "base/rng.h"
#include "core/golden/gate.h"

enum { RIG_ENTRIES_MAX = 200, RIG_ANSWERS_MAX = 40 };

struct rig {
    struct arena arena;
    struct rng rng;
    struct run run;
    struct run_entry entries[RIG_ENTRIES_MAX];
    struct baseline_entry baselines[RIG_ENTRIES_MAX];
    struct baseline_answer accepted[RIG_ENTRIES_MAX][RIG_ANSWERS_MAX];
    struct sample samples[RIG_ENTRIES_MAX][RIG_ANSWERS_MAX];
    double truth[RIG_ENTRIES_MAX]; /* mean score of an entry's answers */
    char names[RIG_ENTRIES_MAX][32];
    double drop;   /* of now against the baseline */
    double spread; /* of that drop over entries */
    double noise;  /* standard deviation of an answer */
    double shift[RIG_ENTRIES_MAX];
};

static inline struct severity_limits rig_limits(void)
{
    return (struct severity_limits){200000, 100000, 50000};
}

static inline int32_t rig_score(struct rig *rig, double mean)
{
    double score = (mean + rig->noise * rng_normal(&rig->rng)) * MICRO;
    return (int32_t)(score < 0 ? 0 : score > MICRO ? MICRO : score);
}

static inline struct score rig_parts(int32_t total)
{
    struct score score = score_absent();

    score.total_micro = total;
    score.similarity_micro = total;
    score.keywords_micro = MICRO;
    return score;
}

static inline void rig_answer(struct rig *rig, size_t entry, size_t more)
{
    struct run_entry *at = &rig->entries[entry];

    for (size_t i = 0; i < more; i++) {
        struct sample *sample = &rig->samples[entry][at->sample_count++];
        *sample = (struct sample){.asked = true, .scored = true};
        sample->score = rig_parts(rig_score(rig, rig->truth[entry] - rig->shift[entry]));
    }
}

static inline void rig_judge(struct rig *rig, size_t entry)
{
    struct run_entry *at = &rig->entries[entry];
    struct severity_limits limits = rig_limits();
    int64_t now = 0;
    int64_t before = 0;
    size_t fell = 0;

    for (size_t i = 0; i < at->sample_count; i++)
        now += at->samples[i].score.total_micro;
    for (size_t i = 0; i < at->baseline->answer_count; i++)
        before += at->baseline->answers[i].score.total_micro;
    before /= (int64_t)at->baseline->answer_count;
    at->scored_count = at->sample_count;
    at->score = rig_parts((int32_t)(now / (int64_t)at->sample_count));
    at->baseline_score = rig_parts((int32_t)before);
    for (size_t i = 0; i < at->sample_count; i++)
        fell += before - at->samples[i].score.total_micro >= limits.minor_micro;
    at->drop_micro = (int32_t)before - at->score.total_micro;
    at->counted_micro = at->drop_micro;
    at->severity =
        severity_of_repeats(severity_of_drop(at->counted_micro, &limits), fell, at->sample_count);
    at->passed = true;
    at->baseline_passed = true;
}

static inline void rig_judge_all(struct rig *rig)
{
    for (size_t i = 0; i < rig->run.entry_count; i++)
        rig_judge(rig, i);
}

/* `accepted` and `now` answers an entry. */
static inline void rig_begin(struct rig *rig, uint64_t seed, size_t entries, size_t accepted,
                             size_t now)
{
    rng_init(&rig->rng, seed);
    rig->run = (struct run){.entries = rig->entries, .entry_count = entries, .seed = seed};
    for (size_t i = 0; i < entries; i++) {
        rig->truth[i] = .5 + .35 * rng_unit(&rig->rng);
        rig->shift[i] = rig->drop + rig->spread * rng_normal(&rig->rng);
        snprintf(rig->names[i], sizeof rig->names[i], "entry-%zu", i);
        rig->baselines[i] = (struct baseline_entry){
            .id = view_of(rig->names[i]), .answers = rig->accepted[i], .answer_count = accepted};
        for (size_t j = 0; j < accepted; j++)
            rig->accepted[i][j] =
                (struct baseline_answer){.score = rig_parts(rig_score(rig, rig->truth[i]))};
        rig->entries[i] = (struct run_entry){.id = view_of(rig->names[i]),
                                             .target = view_of("t"),
                                             .model = view_of("m"),
                                             .prompt = view_of("p"),
                                             .prompt_hash = view_of("0123456789ab"),
                                             .samples = rig->samples[i],
                                             .baseline = &rig->baselines[i],
                                             .noise_micro = SCORE_ABSENT};
        rig_answer(rig, i, now);
    }
    rig_judge_all(rig);
}

#endif
