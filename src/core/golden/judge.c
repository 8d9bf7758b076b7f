/* SPDX-License-Identifier: Apache-2.0
 *
 * judge: see judge.h. */
#include "core/golden/judge.h"

#include <math.h>
#include <stdio.h>

#include "base/strbuf.h"

enum { CHECKS_MAX = 64, REASON_BYTES_MAX = 4096 };

int judge_sample(const struct expectation *expectation, struct sample *sample, struct arena *arena,
                 struct err *reterr)
{
    struct examined examined;

    sample->score = score_absent();
    if (sample->answer.reply.code != 0)
        return 0;
    int code = examine_sample(expectation, sample, arena, &examined, reterr);
    if (code != 0)
        return code;
    sample->scored = true;
    sample->score = examined.score;
    sample->verdict = examined.verdict;
    sample->language = examined.language;
    return 0;
}

/* ---- checks over repeats -------------------------------------------------------------------- */

/* How often each check fails, over the answers of one side. */
struct tally {
    struct view check;
    size_t answers;
    const struct finding *example;
};

struct tallies {
    struct tally items[CHECKS_MAX];
    size_t count;
    size_t answers;
};

static struct tally *tally_of(struct tallies *tallies, struct view check)
{
    for (size_t i = 0; i < tallies->count; i++)
        if (view_equal(tallies->items[i].check, check))
            return &tallies->items[i];
    if (tallies->count == CHECKS_MAX)
        return NULL;
    tallies->items[tallies->count] = (struct tally){.check = check};
    return &tallies->items[tallies->count++];
}

static bool first_of_its_check(const struct verdict *verdict, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (view_equal(verdict->findings[i].check, verdict->findings[at].check))
            return false;
    return true;
}

static void count_answer(struct tallies *tallies, const struct verdict *verdict)
{
    tallies->answers++;
    for (size_t i = 0; i < verdict->count; i++) {
        struct tally *tally = tally_of(tallies, verdict->findings[i].check);
        if (tally == NULL || !first_of_its_check(verdict, i))
            continue;
        tally->answers++;
        if (tally->example == NULL)
            tally->example = &verdict->findings[i];
    }
}

static bool most(const struct tallies *tallies, const struct tally *tally)
{
    return tally->answers * 2 >= tallies->answers;
}

static bool failed_before(struct tallies *before, struct view check)
{
    for (size_t i = 0; i < before->count; i++)
        if (view_equal(before->items[i].check, check))
            return most(before, &before->items[i]);
    return false;
}

/* ---- one entry ------------------------------------------------------------------------------ */

struct judging {
    const struct judge *judge;
    const struct expectation *expectation;
    struct run_entry *entry;
    struct arena *arena;
    struct err *reterr;
    struct tallies now;
    struct tallies before;
    struct strbuf reason;
};

static int score_samples(struct judging *judging)
{
    struct run_entry *entry = judging->entry;
    const struct baseline_entry *baseline = entry->baseline;
    struct score *scores = arena_new(judging->arena, entry->sample_count, sizeof *scores);

    if (scores == NULL)
        return ERR_MEMORY;
    entry->scored_count = 0;
    for (size_t i = 0; i < entry->sample_count; i++) {
        struct sample *sample = &entry->samples[i];
        if (!sample->scored)
            continue;
        if (baseline != NULL) {
            int code = similar_score(judging->judge->similar, sample->answer.reply.text,
                                     baseline->answers, baseline->answer_count,
                                     baseline->answer_count, &sample->score, judging->reterr);
            if (code != 0)
                return code;
        }
        sample->score.total_micro = score_total(&sample->score);
        scores[entry->scored_count++] = sample->score;
        count_answer(&judging->now, &sample->verdict);
    }
    entry->score = score_mean(scores, entry->scored_count);
    return 0;
}

/* Whether the check is one that others answer: a command, a judge, a guardrail. */
static bool is_asked(struct view check)
{
    return view_is(check, "exec") || view_is(check, "guardrail")
           || view_starts(check, view_of("exec.")) || view_starts(check, view_of("judge."));
}

/* What others said when an answer was accepted stays: they are not asked again. */
static int keep_asked(struct judging *judging, const struct verdict *examined,
                      struct verdict *verdict)
{
    size_t count = examined->count;

    if (verdict->count == 0) {
        *verdict = *examined;
        return 0;
    }
    struct finding *findings = arena_new(judging->arena, count + verdict->count, sizeof *findings);
    if (findings == NULL)
        return ERR_MEMORY;
    if (count != 0)
        memcpy(findings, examined->findings, count * sizeof *findings);
    for (size_t i = 0; i < verdict->count; i++)
        if (is_asked(verdict->findings[i].check))
            findings[count++] = verdict->findings[i];
    *verdict = (struct verdict){.findings = findings, .count = count};
    return 0;
}

/* The accepted answers by today's expectations; their similarity to one another is measured where
 * the file does not have it. */
static int score_baseline(struct judging *judging)
{
    const struct baseline_entry *baseline = judging->entry->baseline;
    struct score *scores = arena_new(judging->arena, baseline->answer_count, sizeof *scores);

    if (scores == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < baseline->answer_count; i++) {
        struct baseline_answer *answer = &baseline->answers[i];
        struct score kept = answer->score;
        struct examined examined;
        int code = examine(judging->expectation, answer->text, NULL, judging->arena, &examined,
                           judging->reterr);
        if (code == 0 && kept.similarity_micro == SCORE_ABSENT)
            code = similar_score(judging->judge->similar, answer->text, baseline->answers,
                                 baseline->answer_count, i, &kept, judging->reterr);
        if (code != 0)
            return code;
        answer->score = examined.score;
        if (judging->judge->similar->kind != SIMILAR_NONE) {
            answer->score.similarity_micro = kept.similarity_micro;
            answer->score.cosine_micro = kept.cosine_micro;
        }
        answer->score.total_micro = score_total(&answer->score);
        code = keep_asked(judging, &examined.verdict, &answer->verdict);
        if (code != 0)
            return code;
        scores[i] = answer->score;
        count_answer(&judging->before, &answer->verdict);
    }
    judging->entry->baseline_score = score_mean(scores, baseline->answer_count);
    return 0;
}

static void find_failed(struct judging *judging, struct finding *failed)
{
    struct run_entry *entry = judging->entry;

    for (size_t i = 0; i < judging->now.count; i++) {
        const struct tally *tally = &judging->now.items[i];
        if (!most(&judging->now, tally)) {
            entry->flaky = true;
            continue;
        }
        failed[entry->failed_count++] = *tally->example;
    }
    entry->failed = failed;
    entry->passed = true;
    for (size_t i = 0; i < entry->failed_count; i++)
        if (failed[i].severity >= SEVERITY_MAJOR) /* a lighter one is told and fails nothing */
            entry->passed = false;
}

/* Words for the parts of the score that fell, the largest loss first. */
static void explain_drop(struct judging *judging)
{
    const struct run_entry *entry = judging->entry;
    const struct {
        const char *name;
        int32_t before_micro, now_micro, weight;
    } parts[] = {
        {"similarity", entry->baseline_score.similarity_micro, entry->score.similarity_micro,
         WEIGHT_SIMILARITY},
        {"keywords", entry->baseline_score.keywords_micro, entry->score.keywords_micro,
         WEIGHT_KEYWORDS},
        {"structure", entry->baseline_score.structure_micro, entry->score.structure_micro,
         WEIGHT_STRUCTURE},
        {"language", entry->baseline_score.language_micro, entry->score.language_micro,
         WEIGHT_LANGUAGE},
    };

    strbuf_printf(&judging->reason, "score %.3f → %.3f",
                  (double)entry->baseline_score.total_micro / MICRO,
                  (double)entry->score.total_micro / MICRO);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].before_micro == SCORE_ABSENT || parts[i].now_micro == SCORE_ABSENT)
            continue;
        int64_t loss =
            (int64_t)(parts[i].before_micro - parts[i].now_micro) * parts[i].weight / 100;
        if (loss >= MICRO / 100)
            strbuf_printf(&judging->reason, ", %s %.2f → %.2f", parts[i].name,
                          (double)parts[i].before_micro / MICRO,
                          (double)parts[i].now_micro / MICRO);
    }
}

/* How many answers scored below the baseline by a minor drop at least. */
static size_t count_fallen(const struct judging *judging)
{
    const struct run_entry *entry = judging->entry;
    size_t fell = 0;

    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].scored
            && entry->baseline_score.total_micro - entry->samples[i].score.total_micro
                   >= judging->judge->limits.minor_micro)
            fell++;
    return fell;
}

/* What is left of a drop: being excused makes no improvement, and no drop of a rise. */
static int32_t excused_drop(const struct run_entry *entry)
{
    if (entry->drop_micro <= 0)
        return entry->drop_micro;
    return entry->counted_micro > 0 ? entry->counted_micro : 0;
}

/* The allowance is taken off as it is, even where more is excused than was lost: statistics need
 * differences that are 0 on average where nothing changed, and what is cut off at 0 never is. */
static void weigh_drop(struct judging *judging)
{
    struct run_entry *entry = judging->entry;

    entry->drop_micro = entry->baseline_score.total_micro - entry->score.total_micro;
    entry->counted_micro = entry->drop_micro;
    if (entry->baseline->answer_count == 1) {
        entry->counted_micro -= judging->judge->allowance_micro;
        if (entry->counted_micro < -MICRO)
            entry->counted_micro = -MICRO;
    }
    enum severity severity = severity_of_drop(excused_drop(entry), &judging->judge->limits);
    entry->severity = severity_of_repeats(severity, count_fallen(judging), entry->scored_count);
    if (entry->severity != severity)
        entry->flaky = true;
    if (entry->severity != SEVERITY_NONE)
        explain_drop(judging);
}

static void weigh_checks(struct judging *judging)
{
    struct run_entry *entry = judging->entry;

    for (size_t i = 0; i < entry->failed_count; i++) {
        const struct finding *failed = &entry->failed[i];
        if (failed_before(&judging->before, failed->check))
            continue;
        entry->newly_failed = true;
        if (failed->severity > entry->severity)
            entry->severity = failed->severity;
    }
}

/* A check that was kept by its name alone failed when its answer was accepted. */
static void weigh_baseline(struct judging *judging)
{
    judging->entry->baseline_passed = true;
    for (size_t i = 0; i < judging->before.count; i++) {
        const struct tally *tally = &judging->before.items[i];
        if (most(&judging->before, tally)
            && (tally->example->severity >= SEVERITY_MAJOR || is_asked(tally->check)))
            judging->entry->baseline_passed = false;
    }
}

static void explain_checks(struct judging *judging)
{
    const struct run_entry *entry = judging->entry;

    for (size_t i = 0; i < entry->failed_count; i++) {
        bool is_new =
            entry->baseline == NULL || !failed_before(&judging->before, entry->failed[i].check);
        if (judging->reason.len != 0)
            strbuf_add_text(&judging->reason, "; ");
        strbuf_printf(&judging->reason, "%s%.*s: %.*s",
                      entry->baseline == NULL ? ""
                      : is_new                ? "newly failed "
                                              : "still fails ",
                      VIEW_ARG(entry->failed[i].check), VIEW_ARG(entry->failed[i].message));
    }
}

/* The error of the first answer that is one, where no answer could be scored. */
static void find_error(struct run_entry *entry)
{
    entry->code = ERR_CANCELLED;
    entry->error_text = view_of("was not asked");
    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].asked && !entry->samples[i].scored) {
            entry->code = entry->samples[i].answer.reply.code;
            entry->error_text = entry->samples[i].answer.reply.error_text;
            return;
        }
}

static int judge_scored(struct judging *judging)
{
    struct run_entry *entry = judging->entry;
    struct finding *failed = arena_new(judging->arena, judging->now.count, sizeof *failed);

    if (failed == NULL)
        return ERR_MEMORY;
    if (entry->baseline != NULL) {
        int code = score_baseline(judging);
        if (code != 0)
            return code;
    }
    find_failed(judging, failed);
    if (entry->baseline != NULL) {
        weigh_drop(judging);
        weigh_checks(judging);
        weigh_baseline(judging);
    }
    explain_checks(judging);
    if (strbuf_status(&judging->reason) == ERR_MEMORY)
        return ERR_MEMORY;
    return arena_copy(judging->arena, strbuf_view(&judging->reason), &entry->reason);
}

int judge_entry(const struct judge *judge, const struct expectation *expectation,
                struct run_entry *entry, struct arena *arena, struct err *reterr)
{
    struct err err = {0};
    struct judging judging = {
        .judge = judge,
        .expectation = expectation,
        .entry = entry,
        .arena = arena,
        .reterr = &err,
    };

    entry->severity = SEVERITY_NONE;
    entry->noise_micro = SCORE_ABSENT;
    entry->baseline_score = score_absent();
    entry->failed_count = 0;
    entry->flaky = false; /* an entry that is asked again is judged again */
    entry->newly_failed = false;
    entry->baseline_passed = false;
    entry->code = 0;
    strbuf_init(&judging.reason, REASON_BYTES_MAX);
    int code = score_samples(&judging);
    if (code == 0 && entry->scored_count == 0)
        find_error(entry);
    else if (code == 0)
        code = judge_scored(&judging);
    strbuf_release(&judging.reason);
    if (code != 0)
        return fail(reterr, code, "entry '%.*s': %s", VIEW_ARG(entry->id),
                    err.text[0] != '\0' ? err.text : err_text(code));
    return 0;
}

/* ---- noise ---------------------------------------------------------------------------------- */

struct spread {
    double squares;
    size_t freedom;
};

static void add_spread(struct spread *spread, int32_t total_micro, int32_t mean_micro)
{
    double away = (double)(total_micro - mean_micro);
    spread->squares += away * away;
}

void judge_noise(struct run *run)
{
    struct spread spread = {0, 0};

    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (entry->scored_count == 0)
            continue;
        for (size_t j = 0; j < entry->sample_count; j++)
            if (entry->samples[j].scored)
                add_spread(&spread, entry->samples[j].score.total_micro, entry->score.total_micro);
        spread.freedom += entry->scored_count > 0 ? entry->scored_count - 1 : 0;
        if (entry->baseline == NULL || entry->scored_count == 0)
            continue;
        for (size_t j = 0; j < entry->baseline->answer_count; j++)
            add_spread(&spread, entry->baseline->answers[j].score.total_micro,
                       entry->baseline_score.total_micro);
        spread.freedom += entry->baseline->answer_count - 1;
    }
    if (spread.freedom == 0)
        return;
    double variance = spread.squares / (double)spread.freedom;
    for (size_t i = 0; i < run->entry_count; i++) {
        struct run_entry *entry = &run->entries[i];
        if (entry->baseline == NULL || entry->scored_count == 0)
            continue;
        entry->noise_micro = (int32_t)sqrt(variance / (double)entry->scored_count
                                           + variance / (double)entry->baseline->answer_count);
    }
}
