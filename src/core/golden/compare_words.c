/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_words: what a comparison comes to: which side is better, in plain words, what makes the
 * two hard to compare, and what a judge's verdicts add up to. */
#include <math.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "core/golden/compare_state.h"
#include "core/golden/gate_statistics.h"

static const double P_MAX = .05;

enum { SUMMARY_BYTES_MAX = 4096 };

/* ---- warnings -------------------------------------------------------------------------------- */

static int warn_of_runs(struct comparing *comparing)
{
    const struct comparison *comparison = comparing->comparison;
    const struct run *a = comparison->sides[COMPARE_A];
    const struct run *b = comparison->sides[COMPARE_B];
    int code = 0;

    if (a->suite.len > 0 && b->suite.len > 0 && !view_equal(a->suite, b->suite))
        code = compare_warn(comparing, "the two are of different suites, '%.*s' and '%.*s'",
                            VIEW_ARG(a->suite), VIEW_ARG(b->suite));
    if (code == 0 && !comparing->same_scorer)
        code = compare_warn(comparing,
                            "similarity was measured by '%.*s' and by '%.*s': scores with a "
                            "similarity in them are not compared; score one side anew (assay "
                            "compare takes its answers as a file, too)",
                            VIEW_ARG(a->scorer), VIEW_ARG(b->scorer));
    for (int side = 0; side < 2 && code == 0; side++) {
        const struct run *run = comparison->sides[side];
        char name = side == 0 ? 'A' : 'B';
        if (run->interrupted)
            code = compare_warn(comparing, "%c was interrupted: it holds what was measured", name);
        if (code == 0 && run->shard_count > 1)
            code = compare_warn(comparing, "%c is part %u of %u of a run (assay merge joins them)",
                                name, run->shard_index, run->shard_count);
    }
    return code;
}

static int warn_of_entries(struct comparing *comparing)
{
    const struct comparison *comparison = comparing->comparison;
    const struct {
        size_t count;
        const char *what;
    } rows[] = {
        {comparison->only_count[COMPARE_A],
         "stand in A alone: B's golden set or filter does not have them"},
        {comparison->only_count[COMPARE_B],
         "stand in B alone: A's golden set or filter does not have them"},
        {comparison->without_answer, "have no answer on one side, and are not compared"},
        {comparing->changed_questions,
         "were asked something else on the two sides, with the same prompt: the golden set changed "
         "meanwhile"},
        {comparing->unlike_parts,
         "have scores of other parts on the two sides (with a baseline and without): their parts "
         "are compared, their scores are not; @baseline instead of the side without has both"},
        {comparing->other_accepted,
         "were held against other accepted answers on the two sides: similarities are to different "
         "references"},
    };
    int code = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && code == 0; i++)
        if (rows[i].count > 0)
            code = compare_warn(comparing, "%zu of the entries %s", rows[i].count, rows[i].what);
    return code;
}

int compare_warnings(struct comparing *comparing)
{
    int code = warn_of_runs(comparing);

    if (code == 0)
        code = warn_of_entries(comparing);
    if (code == 0 && comparing->bad_vector)
        code = compare_warn(comparing, "how alike the answers are is not known: %s",
                            comparing->bad_vector_text);
    if (code == 0 && comparing->comparison->count == 1)
        code = compare_warn(
            comparing, "one entry can show no difference between two versions: statistics over "
                       "entries need several");
    return code;
}

/* ---- outcome --------------------------------------------------------------------------------- */

/* Below 0: A is better by more than chance explains; above: B. */
static int sign_of(double difference, double p)
{
    if (!(p < P_MAX) || difference == 0)
        return 0;
    return difference > 0 ? 1 : -1;
}

struct signs {
    int score;
    int checks;
    int judge;
};

static struct signs signs_of(const struct comparison *comparison)
{
    struct signs signs = {0};

    if (comparison->has_score)
        signs.score = sign_of(comparison->groups[0].difference, comparison->groups[0].p);
    signs.checks =
        sign_of((double)comparison->healed - (double)comparison->broke, comparison->checks_p);
    if (comparison->judging != NULL && comparison->judging->count > 0) {
        const struct pairwise_tally *tally = &comparison->judging->tallies[0].tally;
        signs.judge = sign_of(tally->rate - .5, tally->p);
    }
    return signs;
}

static bool is_equal(const struct comparison *comparison)
{
    if (comparison->same != comparison->count || comparison->broke + comparison->healed > 0)
        return false;
    for (size_t i = 0; i < comparison->count; i++)
        for (int metric = 0; metric < COMPARE_METRICS; metric++)
            if (comparison->entries[i].difference_micro[metric] != 0)
                return false;
    return true;
}

static enum compare_outcome outcome_of(const struct comparison *comparison,
                                       const struct signs *signs)
{
    bool a = signs->score < 0 || signs->checks < 0 || signs->judge < 0;
    bool b = signs->score > 0 || signs->checks > 0 || signs->judge > 0;

    if (a && b)
        return COMPARE_MIXED;
    if (a || b)
        return a ? COMPARE_A_BETTER : COMPARE_B_BETTER;
    return is_equal(comparison) ? COMPARE_EQUAL : COMPARE_UNDECIDED;
}

static void add_p(struct strbuf *out, double p)
{
    if (p < .001)
        strbuf_add_text(out, "p < .001");
    else
        strbuf_printf(out, "p = %.3f", p);
}

static void add_score(struct strbuf *out, const struct compared_group *group, int sign)
{
    if (group->difference == 0)
        strbuf_printf(out, " The mean score over %zu %s is the same on both sides.", group->entries,
                      group->entries == 1 ? "entry" : "entries");
    else
        strbuf_printf(out,
                      " B's score is %s by %.*f on average over %zu %s (95 %% interval %+.3f to "
                      "%+.3f, ",
                      group->difference > 0 ? "higher" : "lower",
                      fabs(group->difference) < .001 ? 6 : 3, fabs(group->difference),
                      group->entries, group->entries == 1 ? "entry" : "entries", group->low,
                      group->high);
    if (group->difference != 0) {
        add_p(out, group->p);
        strbuf_add_text(out, ").");
    }
    if (sign != 0 && fabs(group->difference) * MICRO < GATE_MARGIN_MICRO)
        strbuf_printf(out, " That is sure, but small: less than the %.2f that the gate looks for.",
                      (double)GATE_MARGIN_MICRO / MICRO);
    if (sign == 0 && group->smallest_effect > 0)
        strbuf_printf(out,
                      " Entries like these would show a difference of %.3f eight times in ten.",
                      group->smallest_effect);
}

/* Fewer than six scores that differ cannot reach p < .05 however they are flipped: 2 / 2^5. */
static void add_too_few(struct strbuf *out, const struct comparison *comparison)
{
    enum { FEWEST = 6 };
    size_t differing = 0;

    for (size_t i = 0; i < comparison->count; i++)
        differing += comparison->entries[i].difference_micro[COMPARE_SCORE] != 0;
    if (differing > 0 && differing < FEWEST)
        strbuf_printf(out, " Only %zu %s in score, and fewer than %d cannot reach p < .05.",
                      differing, differing == 1 ? "entry differs" : "entries differ", FEWEST);
}

static void add_checks(struct strbuf *out, const struct comparison *comparison)
{
    if (comparison->broke + comparison->healed == 0)
        return;
    strbuf_printf(out, " Checks: %zu %s on side B alone, %zu on side A alone (", comparison->healed,
                  comparison->healed == 1 ? "entry passes" : "entries pass", comparison->broke);
    add_p(out, comparison->checks_p);
    strbuf_add_text(out, ").");
}

static void add_judge(struct strbuf *out, const struct comparison *comparison)
{
    if (comparison->judging == NULL || comparison->judging->count == 0)
        return;
    const struct pairwise_tally *tally = &comparison->judging->tallies[0].tally;
    strbuf_printf(out, " The judge prefers B's answer %zu %s, A's %zu, neither %zu (",
                  tally->wins[1], tally->wins[1] == 1 ? "time" : "times", tally->wins[0],
                  tally->ties);
    add_p(out, tally->p);
    strbuf_add_text(out, ").");
    if (tally->rounds > 0 && tally->turned * 4 >= tally->rounds)
        strbuf_printf(out,
                      " In %zu of %zu rounds its verdict turned with the order of the answers: it "
                      "goes by the place, and those rounds count as ties.",
                      tally->turned, tally->rounds);
}

static const char *opening_of(enum compare_outcome outcome)
{
    static const char *const openings[] = {
        [COMPARE_UNDECIDED] = "Neither side is better by more than chance explains.",
        [COMPARE_EQUAL] = "Both sides gave the same answers.",
        [COMPARE_A_BETTER] = "A is better.",
        [COMPARE_B_BETTER] = "B is better.",
        [COMPARE_MIXED] = "Each side is better by one measure and worse by another.",
    };
    return openings[outcome];
}

int compare_conclude(struct comparison *comparison, struct arena *arena)
{
    struct signs signs = signs_of(comparison);
    struct strbuf out;

    strbuf_init(&out, SUMMARY_BYTES_MAX);
    comparison->outcome = outcome_of(comparison, &signs);
    strbuf_add_text(&out, opening_of(comparison->outcome));
    if (comparison->outcome != COMPARE_EQUAL) {
        if (comparison->has_score)
            add_score(&out, &comparison->groups[0], signs.score);
        if (comparison->has_score && comparison->outcome == COMPARE_UNDECIDED)
            add_too_few(&out, comparison);
        add_checks(&out, comparison);
    }
    add_judge(&out, comparison);
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&out), &comparison->summary);
    strbuf_release(&out);
    return code;
}

/* ---- a judge's verdicts ---------------------------------------------------------------------- */

struct counting {
    struct compared_tally *tallies;
    size_t count;
    struct map maps[2]; /* languages, tags */
};

static void count_in(struct counting *counting, enum compare_group_kind kind, struct view value,
                     const struct pairwise_pair *pair, int *code)
{
    struct map *map = &counting->maps[kind == COMPARE_BY_TAG];
    struct compared_tally *tally = map_get(map, value);

    if (*code != 0)
        return;
    if (tally == NULL) {
        if (counting->count > COMPARE_GROUPS_MAX)
            return;
        tally = &counting->tallies[counting->count++];
        *tally = (struct compared_tally){.kind = kind, .value = value};
        *code = map_put(map, value, tally);
    }
    pairwise_add(&tally->tally, pair);
}

static void count_entry(struct counting *counting, const struct compared_entry *entry, int *code)
{
    const struct run_entry *tagged = entry->sides[COMPARE_B];

    if (tagged->tag_count == 0)
        tagged = entry->sides[COMPARE_A];
    pairwise_add(&counting->tallies[0].tally, entry->pair);
    if (entry->language.len > 0)
        count_in(counting, COMPARE_BY_LANGUAGE, entry->language, entry->pair, code);
    for (size_t t = 0; t < tagged->tag_count; t++)
        count_in(counting, COMPARE_BY_TAG, tagged->tags[t], entry->pair, code);
}

int compare_judged(struct comparison *comparison, const struct compared_judging *judging,
                   struct arena *arena)
{
    struct counting counting = {
        .tallies = arena_new(arena, COMPARE_GROUPS_MAX + 2, sizeof(struct compared_tally)),
        .count = 1,
    };
    struct compared_judging *kept = arena_new(arena, 1, sizeof *kept);
    int code = 0;

    if (counting.tallies == NULL || kept == NULL)
        return ERR_MEMORY;
    map_init(&counting.maps[0], COMPARE_GROUPS_MAX + 2, 6);
    map_init(&counting.maps[1], COMPARE_GROUPS_MAX + 2, 7);
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->entries[i].pair != NULL)
            count_entry(&counting, &comparison->entries[i], &code);
    map_release(&counting.maps[0]);
    map_release(&counting.maps[1]);
    for (size_t i = 0; i < counting.count; i++)
        pairwise_conclude(&counting.tallies[i].tally);
    *kept = *judging;
    kept->tallies = counting.tallies;
    kept->count = counting.count;
    comparison->judging = kept;
    return code == 0 ? compare_conclude(comparison, arena) : code;
}
