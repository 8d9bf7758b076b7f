/* SPDX-License-Identifier: Apache-2.0
 *
 * baseline_run: see baseline_run.h. */
#include "core/golden/baseline_run.h"

#include "base/date.h"
#include "core/golden/score.h"

static int fill_samples(const struct baseline_entry *from, struct arena *arena,
                        struct run_entry *entry)
{
    struct score *scores = arena_new(arena, from->answer_count, sizeof *scores);
    size_t failing = 0;

    entry->samples = arena_new(arena, from->answer_count, sizeof *entry->samples);
    if (entry->samples == NULL || scores == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < from->answer_count; i++) {
        const struct baseline_answer *answer = &from->answers[i];
        entry->samples[i] = (struct sample){
            .asked = true,
            .scored = true,
            .answer.reply.text = answer->text,
            .score = answer->score,
            .verdict = answer->verdict,
        };
        scores[i] = answer->score;
        failing += answer->verdict.count > 0;
    }
    entry->sample_count = from->answer_count;
    entry->scored_count = from->answer_count;
    entry->score = score_mean(scores, from->answer_count);
    entry->passed = failing * 2 < from->answer_count;
    entry->flaky = failing > 0 && entry->passed;
    return 0;
}

static int fill_entry(const struct baseline *baseline, const struct baseline_entry *from,
                      struct arena *arena, struct run_entry *entry)
{
    *entry = (struct run_entry){
        .id = from->id,
        .target = from->target,
        .model = from->model,
        .prompt = from->prompt,
        .prompt_hash = from->prompt_hash,
        .params = from->params,
        .file = baseline->file,
        .line = from->line,
        .severity = SEVERITY_NONE,
        .baseline_score = score_absent(),
        .noise_micro = SCORE_ABSENT,
        .baseline_fluency_micro = SCORE_ABSENT,
    };
    return fill_samples(from, arena, entry);
}

static int fill_mean(struct run *run, struct arena *arena)
{
    struct score *scores = arena_new(arena, run->entry_count, sizeof *scores);

    if (scores == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < run->entry_count; i++)
        scores[i] = run->entries[i].score;
    run->mean = score_mean(scores, run->entry_count);
    return 0;
}

int baseline_as_run(const struct baseline *baseline, struct arena *arena, struct run *ret_run)
{
    struct run run = {
        .id = view_of("@baseline"),
        .kind = view_of("baseline"),
        .suite = baseline->suite,
        .golden_file = view_of(""),
        .baseline_file = baseline->file,
        .repeat = 1,
        .scorer = baseline->scorer,
        .recorded_answers = true,
        .entries = arena_new(arena, baseline->entry_count, sizeof *run.entries),
        .entry_count = baseline->entry_count,
    };
    int code = run.entries != NULL ? 0 : ERR_MEMORY;

    if (date_parse(baseline->recorded, &run.started_unix_s) != 0)
        run.started_unix_s = 0;
    for (size_t i = 0; i < run.entry_count && code == 0; i++) {
        code = fill_entry(baseline, &baseline->entries[i], arena, &run.entries[i]);
        run.asked += run.entries[i].sample_count;
        if (run.entries[i].sample_count > run.repeat)
            run.repeat = (uint32_t)run.entries[i].sample_count;
    }
    run.answered = run.asked;
    if (code == 0)
        code = fill_mean(&run, arena);
    if (code == 0)
        *ret_run = run;
    return code;
}
