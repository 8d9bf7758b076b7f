/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of core/golden/compare.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/compare.h"

enum { ENTRIES_MAX = 200, SAMPLES_MAX = 8 };

/* A run of entries e-0, e-1, …, each answered `repeats` times. */
struct made {
    struct run run;
    struct run_entry entries[ENTRIES_MAX];
    struct sample samples[ENTRIES_MAX][SAMPLES_MAX];
    char ids[ENTRIES_MAX][16];
    struct view tag;
};

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)1 << 30);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void make(struct made *made, size_t entries, size_t repeats)
{
    memset(made, 0, sizeof *made);
    made->tag = view_of("shop");
    made->run = (struct run){.suite = VIEW("manga"),
                             .scorer = VIEW("tfidf/1"),
                             .entries = made->entries,
                             .entry_count = entries,
                             .cost_known = true};
    for (size_t i = 0; i < entries; i++) {
        struct run_entry *entry = &made->entries[i];
        snprintf(made->ids[i], sizeof made->ids[i], "e-%zu", i);
        *entry = (struct run_entry){
            .id = view_of(made->ids[i]),
            .target = VIEW("sim"),
            .prompt = VIEW("recommend"),
            .prompt_hash = VIEW("0123456789ab"),
            .samples = made->samples[i],
            .sample_count = repeats,
            .scored_count = repeats,
            .tags = &made->tag,
            .tag_count = 1,
            .passed = true,
            .score = score_absent(),
        };
        for (size_t s = 0; s < repeats; s++)
            made->samples[i][s] = (struct sample){
                .scored = true,
                .asked = true,
                .answer = {.reply = {.text = VIEW("the answer"),
                                     .usage = {.known = true, .tokens_in = 10, .tokens_out = 5}},
                           .latency_ns = 100000000},
                .score = score_absent(),
                .language = VIEW("en"),
                .cost_nano_usd = 1000,
            };
    }
}

static void score(struct made *made, size_t entry, int32_t micro)
{
    made->entries[entry].score.total_micro = micro;
    made->entries[entry].score.keywords_micro = micro;
    for (size_t s = 0; s < made->entries[entry].sample_count; s++)
        made->samples[entry][s].score.total_micro = micro;
}

static void score_all(struct made *made, int32_t micro)
{
    for (size_t i = 0; i < made->run.entry_count; i++)
        score(made, i, micro);
}

static void compare(const struct made *a, const struct made *b, struct comparison *comparison)
{
    struct compare_options options = {.names = {VIEW("one"), VIEW("other")}, .seed = 7};
    struct err err = {0};

    assert_int_equal(compare_runs(&a->run, &b->run, &options, &arena, comparison, &err), 0);
}

static bool warns(const struct comparison *comparison, const char *of)
{
    for (size_t i = 0; i < comparison->warning_count; i++)
        if (view_find(comparison->warnings[i], view_of(of), 0) < comparison->warnings[i].len)
            return true;
    return false;
}

static struct made a, b;

static void a_side_that_scores_higher_is_better(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 30, 1);
    make(&b, 30, 1);
    for (size_t i = 0; i < 30; i++) {
        score(&a, i, 700000 + (int32_t)i * 1000);
        score(&b, i, 800000 + (int32_t)(i * 7 % 30) * 1000);
        b.samples[i][0].answer.reply.text = view_of("another answer");
    }
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.outcome, COMPARE_B_BETTER);
    assert_true(comparison.has_score);
    assert_true(comparison.groups[0].p < .001);
    assert_true(comparison.groups[0].low > 0 && comparison.groups[0].high < .2);
    assert_true(view_starts(comparison.summary, view_of("B is better.")));
    compare(&b, &a, &comparison);
    assert_int_equal(comparison.outcome, COMPARE_A_BETTER);
}

static void exchanging_the_sides_turns_every_difference(void **state)
{
    struct comparison one, other;
    static const uint64_t seed = 3;
    struct rng rng;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    make(&a, 15, 1);
    make(&b, 15, 1);
    for (size_t i = 0; i < 15; i++) {
        score(&a, i, (int32_t)rng_below(&rng, MICRO));
        score(&b, i, (int32_t)rng_below(&rng, MICRO));
    }
    compare(&a, &b, &one);
    compare(&b, &a, &other);
    assert_int_equal(one.group_count, other.group_count);
    for (size_t i = 0; i < one.group_count; i++) {
        assert_true(one.groups[i].difference == -other.groups[i].difference);
        assert_true(one.groups[i].p == other.groups[i].p); /* exact: 15 entries */
    }
}

static void runs_with_themselves_are_equal(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 12, 2);
    score_all(&a, 900000);
    compare(&a, &a, &comparison);
    assert_int_equal(comparison.outcome, COMPARE_EQUAL);
    assert_int_equal(comparison.same, 12);
    assert_true(comparison.groups[0].p == 1);
    assert_true(comparison.groups[0].low == 0 && comparison.groups[0].high == 0);
    assert_true(comparison.checks_p == 1);
}

static void chance_alone_is_called_so_most_of_the_time(void **state)
{
    static const uint64_t seed = 5;
    struct rng rng;
    int wrong = 0;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int round = 0; round < 200; round++) {
        struct comparison comparison;
        make(&a, 20, 1);
        make(&b, 20, 1);
        for (size_t i = 0; i < 20; i++) {
            score(&a, i, 500000 + (int32_t)rng_below(&rng, 300000));
            score(&b, i, 500000 + (int32_t)rng_below(&rng, 300000));
        }
        compare(&a, &b, &comparison);
        wrong += comparison.outcome != COMPARE_UNDECIDED;
    }
    assert_true(wrong <= 20); /* 10 expected at p < .05; 20 has a chance of 1 in 400 */
}

static void entries_are_matched_by_id_and_what_is_left_over_is_listed(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 6, 1);
    make(&b, 6, 1);
    score_all(&a, 800000);
    score_all(&b, 800000);
    a.entries[0].id = view_of("only-in-a");
    b.entries[5].id = view_of("only-in-b");
    struct run_entry moved = b.entries[1];
    b.entries[1] = b.entries[4];
    b.entries[4] = moved;
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.count, 4);
    assert_int_equal(comparison.only_count[COMPARE_A], 2);
    assert_int_equal(comparison.only_count[COMPARE_B], 2);
    assert_true(view_is(comparison.only[COMPARE_A][0]->id, "only-in-a"));
    for (size_t i = 0; i < comparison.count; i++)
        assert_true(view_equal(comparison.entries[i].sides[COMPARE_A]->id,
                               comparison.entries[i].sides[COMPARE_B]->id));
    assert_true(warns(&comparison, "stand in A alone"));
}

static void the_same_entry_of_another_target_is_matched_by_its_id(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 4, 1);
    make(&b, 4, 1);
    for (size_t i = 0; i < 4; i++)
        b.entries[i].target = view_of("haiku");
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.count, 4);
    /* with two targets on one side it is not plain which */
    a.entries[1].id = a.entries[0].id;
    a.entries[1].target = view_of("sonnet");
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.count, 2);
    /* where one of them is the same target, that one is it */
    b.entries[0].target = view_of("sonnet");
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.count, 3);
    assert_ptr_equal(comparison.entries[0].sides[COMPARE_A], &a.entries[1]);
}

static void nothing_in_common_is_refused_with_what_there_is(void **state)
{
    struct compare_options options = {.names = {VIEW("one"), VIEW("other")}};
    struct comparison comparison;
    struct err err = {0};
    (void)state;

    make(&a, 5, 1);
    make(&b, 1, 1);
    b.entries[0].id = view_of("else");
    assert_int_equal(compare_runs(&a.run, &b.run, &options, &arena, &comparison, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "'one' has 5 (e-0, e-1, e-2, …) of suite 'manga'"));
    assert_non_null(strstr(err.text, "'other' has 1 (else)"));
    b.run.entry_count = 0;
    assert_int_equal(compare_runs(&b.run, &b.run, &options, &arena, &comparison, &err), ERR_CONFIG);
}

static void one_entry_shows_nothing_and_that_is_said(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 1, 1);
    make(&b, 1, 1);
    score_all(&a, 900000);
    score_all(&b, 100000);
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.outcome, COMPARE_UNDECIDED);
    assert_true(comparison.groups[0].p == 1);
    assert_true(warns(&comparison, "one entry"));
}

static void scores_of_other_scorers_are_not_compared(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 10, 1);
    make(&b, 10, 1);
    score_all(&a, 900000);
    score_all(&b, 100000);
    for (size_t i = 0; i < 10; i++)
        a.entries[i].score.similarity_micro = b.entries[i].score.similarity_micro = 500000;
    b.run.scorer = view_of("e5-small-q4/1");
    compare(&a, &b, &comparison);
    assert_false(comparison.has_score);
    assert_true(warns(&comparison, "'tfidf/1' and by 'e5-small-q4/1'"));
    assert_int_equal(comparison.groups[0].metric, COMPARE_KEYWORDS);
}

static void scores_of_other_parts_are_not_compared(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 10, 1);
    make(&b, 10, 1);
    score_all(&a, 900000);
    score_all(&b, 800000);
    for (size_t i = 0; i < 10; i++)
        a.entries[i].score.similarity_micro = 500000; /* B has no baseline */
    compare(&a, &b, &comparison);
    assert_false(comparison.has_score);
    assert_true(warns(&comparison, "scores of other parts"));
}

static void checks_that_pass_on_one_side_alone_are_tested(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 20, 1);
    make(&b, 20, 1);
    for (size_t i = 0; i < 9; i++)
        b.entries[i].passed = false;
    a.entries[15].passed = false;
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.broke, 9);
    assert_int_equal(comparison.healed, 1);
    assert_true(comparison.checks_p > .02 && comparison.checks_p < .022); /* 2·11/1024 */
    assert_int_equal(comparison.outcome, COMPARE_A_BETTER);
}

static void what_is_better_by_one_measure_and_worse_by_another_is_mixed(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 20, 1);
    make(&b, 20, 1);
    score_all(&a, 700000);
    score_all(&b, 800000);
    for (size_t i = 0; i < 9; i++)
        b.entries[i].passed = false;
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.outcome, COMPARE_MIXED);
}

static void sides_without_an_answer_are_left_out(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 8, 1);
    make(&b, 8, 1);
    score_all(&a, 700000);
    score_all(&b, 700000);
    b.samples[2][0].scored = false;
    b.entries[2].scored_count = 0;
    b.entries[2].passed = false;
    compare(&a, &b, &comparison);
    assert_int_equal(comparison.without_answer, 1);
    assert_int_equal(comparison.broke, 0);
    assert_int_equal(comparison.groups[0].entries, 7);
    assert_int_equal(comparison.entries[2].shown[COMPARE_B], -1);
    assert_true(warns(&comparison, "have no answer on one side"));
}

static void repeats_tell_entries_apart(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 5, 4);
    make(&b, 5, 6); /* another number of repeats compares all the same */
    score_all(&a, 500000);
    score_all(&b, 500000);
    for (size_t s = 0; s < 4; s++)
        a.samples[1][s].score.total_micro = 200000 + (int32_t)s;
    for (size_t s = 0; s < 6; s++)
        b.samples[1][s].score.total_micro = 800000 + (int32_t)s;
    compare(&a, &b, &comparison);
    assert_true(comparison.entries[1].is_tested);
    assert_true(comparison.entries[1].p < .0048); /* 1 of the 210 ways to deal ten answers */
    assert_true(comparison.entries[0].p == 1);
    assert_true(comparison.entries[1].p_adjusted >= comparison.entries[1].p);
}

static void languages_and_tags_are_groups_of_their_own(void **state)
{
    static const struct view two_tags[] = {VIEW("shop"), VIEW("ja")};
    struct comparison comparison;
    size_t found = 0;
    (void)state;

    make(&a, 40, 1);
    make(&b, 40, 1);
    for (size_t i = 0; i < 40; i++) {
        bool japanese = i % 2 == 0;
        score(&a, i, 800000 + (int32_t)i);
        score(&b, i, japanese ? 600000 : 800000);
        if (!japanese)
            continue;
        a.samples[i][0].language = b.samples[i][0].language = view_of("ja");
        b.entries[i].tags = two_tags;
        b.entries[i].tag_count = 2;
    }
    compare(&a, &b, &comparison);
    for (size_t i = 0; i < comparison.group_count; i++) {
        const struct compared_group *group = &comparison.groups[i];
        if (!view_is(group->value, "ja") || group->metric != COMPARE_SCORE)
            continue;
        found++;
        assert_int_equal(group->entries, 20);
        assert_true(group->difference < -.19 && group->p_adjusted < .01);
    }
    assert_int_equal(found, 2);
}

/* Whether whole prompts flip is asked of each group: two of 32 prompts could show nothing of it. */
static void a_group_of_few_prompts_is_tested_by_its_entries(void **state)
{
    static char prompts[42][16];
    struct view hard = view_of("hard");
    struct comparison comparison;
    double p = 1;
    (void)state;

    make(&a, 42, 1);
    make(&b, 42, 1);
    for (size_t i = 0; i < 42; i++) {
        snprintf(prompts[i], sizeof prompts[i], "prompt-%zu", i < 12 ? i % 2 : i);
        a.entries[i].prompt = b.entries[i].prompt = view_of(prompts[i]);
        score(&a, i, 800000);
        score(&b, i, i < 12 ? 700000 + (int32_t)i : 800000);
        if (i < 12)
            a.entries[i].tags = b.entries[i].tags = &hard;
    }
    compare(&a, &b, &comparison);
    for (size_t i = 0; i < comparison.group_count; i++)
        if (view_is(comparison.groups[i].value, "hard")
            && comparison.groups[i].metric == COMPARE_SCORE)
            p = comparison.groups[i].p;
    assert_true(p < .001);
}

static void costs_tokens_and_latencies_are_compared(void **state)
{
    struct comparison comparison;
    (void)state;

    make(&a, 30, 1);
    make(&b, 30, 1);
    for (size_t i = 0; i < 30; i++) {
        a.samples[i][0].answer.latency_ns = 100000000 + i * 1000000;
        b.samples[i][0].answer.latency_ns = 50000000 + i * 1000000;
        b.samples[i][0].cost_nano_usd = 250;
    }
    compare(&a, &b, &comparison);
    assert_true(comparison.cost_usd.is_known);
    assert_true(comparison.cost_usd.ratio > .2499 && comparison.cost_usd.ratio < .2501);
    assert_true(comparison.tokens_out.mean[COMPARE_A] == 5);
    assert_true(comparison.latency.is_known);
    assert_true(comparison.latency.median_ms[COMPARE_A] == 114.5);
    assert_true(comparison.latency.median_difference_ms == -50);
    assert_true(comparison.latency.median_low_ms <= -50
                && comparison.latency.median_high_ms >= -50);
    assert_true(comparison.latency.p95_difference_ms == -50);
    b.run.cost_known = false;
    for (size_t i = 0; i < 30; i++)
        b.samples[i][0].answer.latency_ns = 0; /* recorded elsewhere */
    compare(&a, &b, &comparison);
    assert_false(comparison.cost_usd.is_known);
    assert_false(comparison.latency.is_known);
}

static const float *broken_vector(void *context, struct view text, size_t *ret_count)
{
    static const float numbers[] = {1, __builtin_nanf("")};
    (void)context;
    (void)text;

    *ret_count = 2;
    return numbers;
}

static void a_vector_with_nan_makes_likeness_unknown_and_is_told(void **state)
{
    struct similar similar = {.kind = SIMILAR_VECTOR,
                              .calibration = calibration_find(view_of("e5-small-q4")),
                              .vector = broken_vector};
    struct compare_options options = {.similar = &similar, .likeness_measure = VIEW("e5")};
    struct comparison comparison;
    struct err err = {0};
    (void)state;

    make(&a, 6, 1);
    make(&b, 6, 1);
    for (size_t i = 3; i < 6; i++)
        b.samples[i][0].answer.reply.text = view_of("something else");
    assert_int_equal(compare_runs(&a.run, &b.run, &options, &arena, &comparison, &err), 0);
    assert_int_equal(comparison.likeness_micro, SCORE_ABSENT);
    assert_int_equal(comparison.entries[0].likeness_micro, SCORE_ABSENT);
    assert_true(warns(&comparison, "how alike the answers are is not known"));
}

static void likeness_by_n_grams_is_one_for_equal_texts(void **state)
{
    struct similar similar = {.kind = SIMILAR_NGRAM,
                              .calibration = calibration_find(view_of("tfidf"))};
    struct compare_options options = {.similar = &similar, .likeness_measure = VIEW("n-grams")};
    struct comparison comparison;
    struct err err = {0};
    (void)state;

    make(&a, 2, 1);
    make(&b, 2, 1);
    b.samples[1][0].answer.reply.text = view_of("全く別のこと");
    assert_int_equal(compare_runs(&a.run, &b.run, &options, &arena, &comparison, &err), 0);
    assert_int_equal(comparison.entries[0].likeness_micro, MICRO);
    assert_true(comparison.entries[1].likeness_micro < 200000);
    assert_int_equal(comparison.entries[0].is_same, true);
    assert_int_equal(comparison.same, 1);
}

static void a_judge_can_decide(void **state)
{
    struct compared_judging judging = {.target = VIEW("sonnet"), .rounds = 1};
    static struct pairwise_pair pairs[12];
    struct comparison comparison;
    (void)state;

    make(&a, 12, 1);
    make(&b, 12, 1);
    compare(&a, &b, &comparison);
    for (size_t i = 0; i < 12; i++) {
        pairs[i] =
            (struct pairwise_pair){.rounds = 1, .votes = {{PAIRWISE_SECOND, PAIRWISE_FIRST}}};
        pairwise_settle(&pairs[i]);
        comparison.entries[i].pair = &pairs[i];
    }
    assert_int_equal(compare_judged(&comparison, &judging, &arena), 0);
    assert_int_equal(comparison.outcome, COMPARE_B_BETTER);
    assert_int_equal(comparison.judging->tallies[0].tally.wins[COMPARE_B], 12);
    assert_int_equal(comparison.judging->count, 3); /* all, en, shop */
}

static void no_memory_is_an_error(void **state)
{
    struct compare_options options = {.names = {VIEW("one"), VIEW("other")}};
    bool done = false;
    (void)state;

    make(&a, 6, 3);
    make(&b, 6, 3);
    score_all(&a, 500000);
    score_all(&b, 600000);
    b.entries[0].target = view_of("haiku");
    for (unsigned long at = 1; !done && at < 300; at++) {
        struct comparison comparison;
        struct err err = {0};
        struct arena fresh;
        arena_init(&fresh, 1 << 24);
        mem_fail_at(at);
        int code = compare_runs(&a.run, &b.run, &options, &fresh, &comparison, &err);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        done = code == 0;
        arena_release(&fresh);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_side_that_scores_higher_is_better),
        cmocka_unit_test(exchanging_the_sides_turns_every_difference),
        cmocka_unit_test(runs_with_themselves_are_equal),
        cmocka_unit_test(chance_alone_is_called_so_most_of_the_time),
        cmocka_unit_test(entries_are_matched_by_id_and_what_is_left_over_is_listed),
        cmocka_unit_test(the_same_entry_of_another_target_is_matched_by_its_id),
        cmocka_unit_test(nothing_in_common_is_refused_with_what_there_is),
        cmocka_unit_test(one_entry_shows_nothing_and_that_is_said),
        cmocka_unit_test(scores_of_other_scorers_are_not_compared),
        cmocka_unit_test(scores_of_other_parts_are_not_compared),
        cmocka_unit_test(checks_that_pass_on_one_side_alone_are_tested),
        cmocka_unit_test(what_is_better_by_one_measure_and_worse_by_another_is_mixed),
        cmocka_unit_test(sides_without_an_answer_are_left_out),
        cmocka_unit_test(repeats_tell_entries_apart),
        cmocka_unit_test(languages_and_tags_are_groups_of_their_own),
        cmocka_unit_test(a_group_of_few_prompts_is_tested_by_its_entries),
        cmocka_unit_test(costs_tokens_and_latencies_are_compared),
        cmocka_unit_test(a_vector_with_nan_makes_likeness_unknown_and_is_told),
        cmocka_unit_test(likeness_by_n_grams_is_one_for_equal_texts),
        cmocka_unit_test(a_judge_can_decide),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
