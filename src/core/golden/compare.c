/* SPDX-License-Identifier: Apache-2.0
 *
 * compare: see compare.h. Matching, and what each matched entry says by itself. */
#include "core/golden/compare.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "core/golden/compare_state.h"
#include "core/golden/score.h"
#include "stats/mcnemar.h"

enum {
    LIKENESS_SAMPLES_MAX = 5, /* a side: of more repeats, the first */
    NAMES_SHOWN_MAX = 3,      /* of the entries of two runs that have none in common */
};

const char *compare_metric_name(enum compare_metric metric)
{
    static const char *const names[COMPARE_METRICS] = {"score",     "similarity", "keywords",
                                                       "structure", "language",   "fluency"};
    return names[metric];
}

const char *compare_outcome_name(enum compare_outcome outcome)
{
    static const char *const names[] = {
        [COMPARE_UNDECIDED] = "undecided", [COMPARE_EQUAL] = "equal",
        [COMPARE_A_BETTER] = "a_better",   [COMPARE_B_BETTER] = "b_better",
        [COMPARE_MIXED] = "mixed",
    };
    return names[outcome];
}

int compare_warn(struct comparing *comparing, const char *format, ...)
{
    struct comparison *comparison = comparing->comparison;
    char text[ERR_TEXT_MAX];
    va_list args;

    if (comparison->warning_count == COMPARE_WARNINGS_MAX)
        return 0;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return arena_copy(comparing->arena, view_of(text),
                      &comparing->warnings[comparison->warning_count++]);
}

/* ---- matching -------------------------------------------------------------------------------- */

static int key_of(struct arena *arena, const struct run_entry *entry, struct view *ret_key)
{
    size_t len = entry->id.len + 1 + entry->target.len;
    char *key = arena_new(arena, len, 1);

    if (key == NULL)
        return ERR_MEMORY;
    if (entry->id.len > 0)
        memcpy(key, entry->id.ptr, entry->id.len);
    key[entry->id.len] = '\0'; /* no id has one */
    if (entry->target.len > 0)
        memcpy(key + entry->id.len + 1, entry->target.ptr, entry->target.len);
    *ret_key = view_make(key, len);
    return 0;
}

/* B's entries by id and target, each taken once. */
static int match_exactly(const struct run *a, const struct run *b, struct arena *arena,
                         const struct run_entry **partner, bool *is_taken)
{
    struct map map;
    struct view key;
    int code = 0;

    map_init(&map, b->entry_count + 1, 1);
    for (size_t i = 0; i < b->entry_count && code == 0; i++) {
        code = key_of(arena, &b->entries[i], &key);
        if (code == 0 && map_get(&map, key) == NULL)
            code = map_put(&map, key, &b->entries[i]);
    }
    for (size_t i = 0; i < a->entry_count && code == 0; i++) {
        code = key_of(arena, &a->entries[i], &key);
        const struct run_entry *found = code == 0 ? map_get(&map, key) : NULL;
        if (found == NULL || is_taken[found - b->entries])
            continue;
        partner[i] = found;
        is_taken[found - b->entries] = true;
    }
    map_release(&map);
    return code;
}

/* What an id that is left over stands for. */
struct leftover {
    const struct run_entry *sides[2];
    bool is_ambiguous;
};

static int note_leftover(struct map *map, struct arena *arena, const struct run_entry *entry,
                         enum compare_which side)
{
    struct leftover *leftover = map_get(map, entry->id);

    if (leftover == NULL) {
        leftover = arena_new(arena, 1, sizeof *leftover);
        if (leftover == NULL)
            return ERR_MEMORY;
        int code = map_put(map, entry->id, leftover);
        if (code != 0)
            return code;
    }
    leftover->is_ambiguous = leftover->is_ambiguous || leftover->sides[side] != NULL;
    leftover->sides[side] = entry;
    return 0;
}

/* What is left once on each side is the same entry asked of another target. */
static int match_by_id(const struct run *a, const struct run *b, struct arena *arena,
                       const struct run_entry **partner, bool *is_taken)
{
    struct map map;
    int code = 0;

    map_init(&map, a->entry_count + b->entry_count + 1, 2);
    for (size_t i = 0; i < a->entry_count && code == 0; i++)
        if (partner[i] == NULL)
            code = note_leftover(&map, arena, &a->entries[i], COMPARE_A);
    for (size_t i = 0; i < b->entry_count && code == 0; i++)
        if (!is_taken[i])
            code = note_leftover(&map, arena, &b->entries[i], COMPARE_B);
    for (size_t i = 0; i < map.count && code == 0; i++) {
        const struct leftover *leftover = map.entries[i].value;
        if (leftover->is_ambiguous || leftover->sides[COMPARE_A] == NULL
            || leftover->sides[COMPARE_B] == NULL)
            continue;
        partner[leftover->sides[COMPARE_A] - a->entries] = leftover->sides[COMPARE_B];
        is_taken[leftover->sides[COMPARE_B] - b->entries] = true;
    }
    map_release(&map);
    return code;
}

static int put_matches(struct comparing *comparing, const struct run_entry **partner,
                       const bool *is_taken)
{
    struct comparison *comparison = comparing->comparison;
    const struct run *a = comparison->sides[COMPARE_A];
    const struct run *b = comparison->sides[COMPARE_B];

    comparison->entries =
        arena_new(comparing->arena, a->entry_count + 1, sizeof(struct compared_entry));
    comparison->only[COMPARE_A] =
        arena_new(comparing->arena, a->entry_count + 1, sizeof(struct run_entry *));
    comparison->only[COMPARE_B] =
        arena_new(comparing->arena, b->entry_count + 1, sizeof(struct run_entry *));
    if (comparison->entries == NULL || comparison->only[COMPARE_A] == NULL
        || comparison->only[COMPARE_B] == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < a->entry_count; i++) {
        if (partner[i] == NULL)
            comparison->only[COMPARE_A][comparison->only_count[COMPARE_A]++] = &a->entries[i];
        else
            comparison->entries[comparison->count++] = (struct compared_entry){
                .sides = {&a->entries[i], partner[i]}, .p = 1, .p_adjusted = 1};
    }
    for (size_t i = 0; i < b->entry_count; i++)
        if (!is_taken[i])
            comparison->only[COMPARE_B][comparison->only_count[COMPARE_B]++] = &b->entries[i];
    return 0;
}

static int match(struct comparing *comparing)
{
    const struct run *a = comparing->comparison->sides[COMPARE_A];
    const struct run *b = comparing->comparison->sides[COMPARE_B];
    const struct run_entry **partner =
        arena_new(comparing->arena, a->entry_count + 1, sizeof(struct run_entry *));
    bool *is_taken = arena_new(comparing->arena, b->entry_count + 1, sizeof *is_taken);

    if (partner == NULL || is_taken == NULL)
        return ERR_MEMORY;
    int code = match_exactly(a, b, comparing->arena, partner, is_taken);
    if (code == 0)
        code = match_by_id(a, b, comparing->arena, partner, is_taken);
    return code == 0 ? put_matches(comparing, partner, is_taken) : code;
}

static void add_side(struct strbuf *out, const struct comparison *comparison, size_t side)
{
    const struct run *run = comparison->sides[side];

    strbuf_printf(out, "'%.*s' has %zu", VIEW_ARG(utf8_cut(comparison->names[side], 80)),
                  run->entry_count);
    for (size_t i = 0; i < run->entry_count && i < NAMES_SHOWN_MAX; i++)
        strbuf_printf(out, "%s%.*s", i == 0 ? " (" : ", ",
                      VIEW_ARG(utf8_cut(run->entries[i].id, 60)));
    if (run->entry_count > 0)
        strbuf_add_text(out, run->entry_count > NAMES_SHOWN_MAX ? ", …)" : ")");
    if (run->suite.len > 0)
        strbuf_printf(out, " of suite '%.*s'", VIEW_ARG(utf8_cut(run->suite, 60)));
}

static int nothing_in_common(const struct comparison *comparison, struct err *reterr)
{
    struct strbuf sides;

    strbuf_init(&sides, ERR_TEXT_MAX);
    add_side(&sides, comparison, COMPARE_A);
    strbuf_add_text(&sides, ", ");
    add_side(&sides, comparison, COMPARE_B);
    int code = fail(reterr, ERR_CONFIG,
                    "the two have no entry in common: %s; name two runs of one golden set (entries "
                    "are matched by id)",
                    strbuf_text(&sides));
    strbuf_release(&sides);
    return code;
}

/* ---- an entry -------------------------------------------------------------------------------- */

static void read_metrics(const struct run_entry *entry, int32_t metrics_micro[COMPARE_METRICS])
{
    const struct score *score = &entry->score;
    bool scored = entry->scored_count > 0;
    const int32_t values[COMPARE_METRICS] = {
        [COMPARE_SCORE] = score->total_micro,
        [COMPARE_SIMILARITY] = score->similarity_micro,
        [COMPARE_KEYWORDS] = score->keywords_micro,
        [COMPARE_STRUCTURE] = score->structure_micro,
        [COMPARE_LANGUAGE] = score->language_micro,
        [COMPARE_FLUENCY] = entry->fluency_known ? entry->fluency_micro : SCORE_ABSENT,
    };

    for (int i = 0; i < COMPARE_METRICS; i++)
        metrics_micro[i] = scored ? values[i] : SCORE_ABSENT;
}

static bool has_like_parts(const int32_t *a, const int32_t *b)
{
    for (int i = COMPARE_SIMILARITY; i <= COMPARE_LANGUAGE; i++)
        if ((a[i] == SCORE_ABSENT) != (b[i] == SCORE_ABSENT))
            return false;
    return true;
}

static void measure_metrics(struct comparing *comparing, struct compared_entry *entry)
{
    const int32_t *a = entry->metrics_micro[COMPARE_A];
    const int32_t *b = entry->metrics_micro[COMPARE_B];
    bool has_score = a[COMPARE_SCORE] != SCORE_ABSENT && b[COMPARE_SCORE] != SCORE_ABSENT;
    bool has_similarity = a[COMPARE_SIMILARITY] != SCORE_ABSENT;
    bool unlike = has_score && !has_like_parts(a, b);

    comparing->unlike_parts += unlike;
    for (int i = 0; i < COMPARE_METRICS; i++) {
        entry->is_known[i] = a[i] != SCORE_ABSENT && b[i] != SCORE_ABSENT;
        if (!comparing->same_scorer
            && (i == COMPARE_SIMILARITY || (i == COMPARE_SCORE && has_similarity)))
            entry->is_known[i] = false;
        if (i == COMPARE_SCORE && unlike)
            entry->is_known[i] = false;
        entry->difference_micro[i] = entry->is_known[i] ? b[i] - a[i] : 0;
    }
}

static struct view answer_of(const struct run_entry *entry, size_t sample)
{
    return entry->samples[sample].answer.reply.text;
}

static long first_answered(const struct run_entry *entry)
{
    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].scored)
            return (long)i;
    return -1;
}

/* Repeat by repeat; another number of repeats where all of both sides are one text. */
static bool has_same_answers(const struct run_entry *a, const struct run_entry *b)
{
    bool is_paired = a->sample_count == b->sample_count;
    size_t most = a->sample_count > b->sample_count ? a->sample_count : b->sample_count;

    if (a->sample_count == 0 || b->sample_count == 0)
        return false;
    for (size_t i = 0; i < most; i++) {
        size_t of_a = i < a->sample_count ? i : 0;
        size_t of_b = is_paired ? i : 0;
        if (!a->samples[of_a].scored || !b->samples[of_b].scored
            || !view_equal(answer_of(a, of_a), answer_of(b, of_b)))
            return false;
    }
    for (size_t i = 1; !is_paired && i < b->sample_count; i++)
        if (!b->samples[i].scored || !view_equal(answer_of(b, i), answer_of(b, 0)))
            return false;
    return true;
}

/* The first answers; where those are the same and a later one of B's is not, that one. */
static void choose_shown(struct compared_entry *entry)
{
    const struct run_entry *a = entry->sides[COMPARE_A];
    const struct run_entry *b = entry->sides[COMPARE_B];

    entry->shown[COMPARE_A] = first_answered(a);
    entry->shown[COMPARE_B] = first_answered(b);
    if (entry->is_same || entry->shown[COMPARE_A] < 0)
        return;
    struct view shown = answer_of(a, (size_t)entry->shown[COMPARE_A]);
    for (size_t i = 0; i < b->sample_count; i++)
        if (b->samples[i].scored && !view_equal(answer_of(b, i), shown)) {
            entry->shown[COMPARE_B] = (long)i;
            return;
        }
}

static struct view language_of(const struct compared_entry *entry)
{
    for (int side = 0; side < 2; side++)
        if (entry->shown[side] >= 0) {
            struct view found = entry->sides[side]->samples[entry->shown[side]].language;
            if (found.len > 0 && !view_is(found, "und"))
                return found;
        }
    return view_of("");
}

/* Mean over B's answers of the nearest of A's; SCORE_ABSENT where a vector is none. */
static int32_t likeness_of(struct comparing *comparing, const struct compared_entry *entry)
{
    const struct run_entry *a = entry->sides[COMPARE_A];
    const struct run_entry *b = entry->sides[COMPARE_B];
    int64_t sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < b->sample_count && count < LIKENESS_SAMPLES_MAX; i++) {
        int32_t nearest = SCORE_ABSENT;
        if (!b->samples[i].scored)
            continue;
        for (size_t j = 0, tried = 0; j < a->sample_count && tried < LIKENESS_SAMPLES_MAX; j++) {
            int32_t cosine, similarity;
            struct err err = {0};
            if (!a->samples[j].scored)
                continue;
            tried++;
            if (similar_pair(comparing->options->similar, answer_of(b, i), answer_of(a, j), &cosine,
                             &similarity, &err)
                != 0) {
                if (!comparing->bad_vector)
                    memcpy(comparing->bad_vector_text, err.text, sizeof err.text);
                comparing->bad_vector = true;
                return SCORE_ABSENT;
            }
            nearest = similarity > nearest ? similarity : nearest;
        }
        if (nearest == SCORE_ABSENT)
            return SCORE_ABSENT;
        sum += nearest;
        count++;
    }
    return count > 0 ? (int32_t)(sum / (int64_t)count) : SCORE_ABSENT;
}

static bool is_held_against_others(const struct run_entry *a, const struct run_entry *b)
{
    if (a->baseline == NULL || b->baseline == NULL)
        return false;
    if (a->baseline->answer_count != b->baseline->answer_count)
        return true;
    for (size_t i = 0; i < a->baseline->answer_count; i++)
        if (!view_equal(a->baseline->answers[i].text, b->baseline->answers[i].text))
            return true;
    return false;
}

static void compare_entry(struct comparing *comparing, struct compared_entry *entry)
{
    struct comparison *comparison = comparing->comparison;
    const struct run_entry *a = entry->sides[COMPARE_A];
    const struct run_entry *b = entry->sides[COMPARE_B];
    bool same_prompt = view_equal(a->prompt_hash, b->prompt_hash);

    read_metrics(a, entry->metrics_micro[COMPARE_A]);
    read_metrics(b, entry->metrics_micro[COMPARE_B]);
    measure_metrics(comparing, entry);
    entry->is_judged = a->scored_count > 0 && b->scored_count > 0;
    for (int side = 0; side < 2; side++) {
        entry->passed[side] = entry->is_judged && entry->sides[side]->passed;
        comparison->passed[side] += entry->passed[side];
    }
    entry->broke = entry->passed[COMPARE_A] && !entry->passed[COMPARE_B];
    entry->healed = entry->passed[COMPARE_B] && !entry->passed[COMPARE_A];
    entry->is_same = has_same_answers(a, b);
    choose_shown(entry);
    entry->language = language_of(entry);
    entry->likeness_micro =
        comparing->options->similar != NULL && entry->is_judged && !comparing->bad_vector
            ? likeness_of(comparing, entry)
            : SCORE_ABSENT;
    comparison->broke += entry->broke;
    comparison->healed += entry->healed;
    comparison->same += entry->is_same;
    comparison->without_answer += !entry->is_judged;
    comparison->changed_prompts += !same_prompt;
    comparing->other_accepted += is_held_against_others(a, b);
    comparing->changed_questions += same_prompt && a->question.len > 0 && b->question.len > 0
                                    && !view_equal(a->question, b->question);
}

static void mean_likeness(struct comparing *comparing)
{
    struct comparison *comparison = comparing->comparison;
    int64_t sum = 0;
    int64_t count = 0;

    for (size_t i = 0; i < comparison->count; i++) {
        if (comparing->bad_vector)
            comparison->entries[i].likeness_micro = SCORE_ABSENT;
        if (comparison->entries[i].likeness_micro == SCORE_ABSENT)
            continue;
        sum += comparison->entries[i].likeness_micro;
        count++;
    }
    comparison->likeness_micro = count > 0 ? (int32_t)(sum / count) : SCORE_ABSENT;
    if (count > 0)
        comparison->likeness_measure = comparing->options->likeness_measure;
}

/* ---- all ------------------------------------------------------------------------------------- */

int compare_runs(const struct run *a, const struct run *b, const struct compare_options *options,
                 struct arena *arena, struct comparison *ret_comparison, struct err *reterr)
{
    struct comparison comparison = {.sides = {a, b},
                                    .names = {options->names[0], options->names[1]}};
    struct comparing comparing = {
        .comparison = &comparison,
        .options = options,
        .arena = arena,
        .warnings = arena_new(arena, COMPARE_WARNINGS_MAX, sizeof(struct view)),
        .same_scorer = view_equal(a->scorer, b->scorer),
    };

    int code = comparing.warnings != NULL ? match(&comparing) : ERR_MEMORY;
    if (code == 0 && comparison.count == 0)
        return nothing_in_common(&comparison, reterr);
    for (size_t i = 0; i < comparison.count && code == 0; i++)
        compare_entry(&comparing, &comparison.entries[i]);
    mean_likeness(&comparing);
    comparison.checks_p = mcnemar_exact(comparison.broke, comparison.healed).p;
    comparison.warnings = comparing.warnings;
    if (code == 0)
        code = compare_groups(&comparing);
    if (code == 0)
        code = compare_repeats(&comparing);
    if (code == 0)
        code = compare_figures(&comparing);
    if (code == 0)
        code = compare_warnings(&comparing);
    if (code == 0)
        code = compare_conclude(&comparison, arena);
    if (code != 0)
        return fail(reterr, code, "no memory to compare %zu entries", comparison.count);
    *ret_comparison = comparison;
    return 0;
}
