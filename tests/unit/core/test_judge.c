/* SPDX-License-Identifier: Apache-2.0
 *
 * Judgement of an entry and the gate over a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/golden/gate.h"
#include "core/golden/entries.h"
#include "core/golden/judge.h"

static struct arena arena;
static struct golden_set set;
static struct expectation *expectation;
static struct similar similar;
static int32_t allowance_micro; /* for entries with one accepted answer */

static const char golden[] =
    "entries:\n"
    "  - id: e\n"
    "    text: hi\n"
    "    expect: {keywords: [少年], forbidden: [在庫切れ], language: ja, max_chars: 40}\n";

static int set_up(void **state)
{
    struct problems problems;
    struct err err = {0};

    (void)state;
    allowance_micro = 0;
    arena_init(&arena, 256 << 20);
    problems_init(&problems, &arena, view_of("g.yaml"));
    assert_int_equal(
        golden_load(&arena, view_of("g.yaml"), view_of(golden), GOLDEN_FORM_YAML, &problems, &set),
        0);
    assert_int_equal(golden_resolve(&set, &problems), 0);
    const struct expectation_place place = golden_place(&set, 0);
    assert_int_equal(expectation_new(&set.entries[0].expect, &place, &expectation, &err), 0);
    similar =
        (struct similar){.kind = SIMILAR_NGRAM, .calibration = calibration_find(view_of("tfidf"))};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    expectation_free(expectation);
    arena_release(&arena);
    return 0;
}

static const char good[] = "少年におすすめの漫画は鬼滅の刃です。";
static const char also_good[] = "少年におすすめの漫画は『鬼滅の刃』です。";
static const char english[] = "I recommend Demon Slayer to every young reader of manga. 少年";
static const char forbidden[] = "少年におすすめの漫画は在庫切れです。";

static struct baseline_entry *accept(const char *const *texts, size_t count)
{
    struct baseline_entry *baseline = arena_new(&arena, 1, sizeof *baseline);
    struct err err = {0};

    baseline->answers = arena_new(&arena, count, sizeof *baseline->answers);
    baseline->answer_count = count;
    for (size_t i = 0; i < count; i++) {
        baseline->answers[i].text = view_of(texts[i]);
        baseline->answers[i].score = score_absent();
    }
    assert_int_equal(similar_accept(&similar, baseline, &err), 0);
    return baseline;
}

static struct run_entry judged(const struct baseline_entry *baseline, const char *const *texts,
                               size_t count)
{
    struct judge judge = {.limits = severity_limits_default(),
                          .similar = &similar,
                          .allowance_micro = allowance_micro};
    struct run_entry entry = {.id = view_of("e"), .baseline = baseline, .sample_count = count};
    struct err err = {0};

    entry.samples = arena_new(&arena, count, sizeof *entry.samples);
    for (size_t i = 0; i < count; i++) {
        entry.samples[i].asked = true;
        entry.samples[i].answer.reply.text = view_of(texts[i]);
        assert_int_equal(judge_sample(expectation, &entry.samples[i], &arena, &err), 0);
    }
    assert_int_equal(judge_entry(&judge, expectation, &entry, &arena, &err), 0);
    return entry;
}

static void an_unchanged_answer_is_no_regression(void **state)
{
    (void)state;
    const char *const accepted[] = {good, also_good, good};
    struct run_entry entry = judged(accept(accepted, 3), accepted, 3);

    assert_int_equal(entry.severity, SEVERITY_NONE);
    assert_true(entry.passed);
    assert_int_equal(entry.failed_count, 0);
}

static void an_answer_in_the_wrong_language_is_critical_and_says_why(void **state)
{
    (void)state;
    const char *const accepted[] = {good, also_good};
    const char *const now[] = {english, english, english};
    struct run_entry entry = judged(accept(accepted, 2), now, 3);

    assert_int_equal(entry.severity, SEVERITY_CRITICAL);
    assert_true(entry.newly_failed);
    assert_true(view_find(entry.reason, view_of("language"), 0) < entry.reason.len);
}

static void a_check_that_newly_fails_in_most_answers_is_major_whatever_the_score(void **state)
{
    (void)state;
    const char *const accepted[] = {good, also_good};
    const char *const now[] = {forbidden, forbidden, good};
    struct run_entry entry = judged(accept(accepted, 2), now, 3);

    assert_true(entry.newly_failed);
    assert_true(entry.severity >= SEVERITY_MAJOR);
    assert_true(view_is(entry.failed[0].check, "forbidden"));
    assert_int_equal(entry.failed[0].start, 33);
}

static void a_check_that_fails_in_one_answer_of_three_is_flaky_not_failed(void **state)
{
    (void)state;
    const char *const accepted[] = {good, also_good};
    const char *const now[] = {forbidden, good, good};
    struct run_entry entry = judged(accept(accepted, 2), now, 3);

    assert_true(entry.flaky);
    assert_true(entry.passed);
    assert_false(entry.newly_failed);
}

static void half_of_the_answers_broken_is_major_at_least(void **state)
{
    (void)state;
    const char *const accepted[] = {good, also_good};
    const char *const now[] = {english, english, good, also_good};
    struct run_entry entry = judged(accept(accepted, 2), now, 4);

    assert_true(entry.severity >= SEVERITY_MAJOR);
}

static void one_bad_answer_of_three_makes_no_entry_major(void **state)
{
    (void)state;
    const char *const accepted[] = {good, also_good};
    const char *const once[] = {english, good, also_good};
    const char *const twice[] = {english, english, also_good};
    struct run_entry entry = judged(accept(accepted, 2), once, 3);

    assert_true(entry.drop_micro >= 100000);
    assert_int_equal(entry.severity, SEVERITY_MINOR);
    assert_true(entry.flaky);
    entry = judged(accept(accepted, 2), twice, 3);
    assert_int_equal(entry.severity, SEVERITY_CRITICAL);
}

static void what_failed_in_the_baseline_too_is_not_newly_failed(void **state)
{
    (void)state;
    const char *const accepted[] = {forbidden, forbidden};
    const char *const now[] = {forbidden};
    struct run_entry entry = judged(accept(accepted, 2), now, 1);

    assert_false(entry.newly_failed);
    assert_int_equal(entry.severity, SEVERITY_NONE);
    assert_false(entry.passed);
}

static void without_a_baseline_the_checks_decide(void **state)
{
    (void)state;
    const char *const bad[] = {english};
    const char *const fine[] = {good};

    assert_false(judged(NULL, bad, 1).passed);
    assert_true(judged(NULL, fine, 1).passed);
}

static void an_empty_answer_is_an_answer_and_fails(void **state)
{
    (void)state;
    const char *const now[] = {""};
    struct run_entry entry = judged(NULL, now, 1);

    assert_int_equal(entry.scored_count, 1);
    assert_false(entry.passed);
}

static void repeats_tell_the_noise(void **state)
{
    (void)state;
    const char *const accepted[] = {good, also_good};
    const char *const now[] = {good, also_good};
    struct run_entry entry = judged(accept(accepted, 2), now, 2);
    struct run run = {.entries = &entry, .entry_count = 1};

    judge_noise(&run);
    assert_true(entry.noise_micro >= 0);
}

/* ---- the gate ------------------------------------------------------------------------------- */

/* A run of entries with the severities given, drops to match. */
static struct run run_of(const enum severity *severities, size_t count)
{
    static const int32_t drops[SEVERITY_COUNT] = {-60000, 0, 60000, 120000, 250000};
    static struct baseline_answer answer;
    static struct baseline_entry baseline = {.answers = &answer, .answer_count = 1};
    struct run_entry *entries = arena_new(&arena, count, sizeof *entries);

    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct run_entry){
            .id = view_of("x"),
            .prompt = view_of("p"),
            .baseline = &baseline,
            .sample_count = 1,
            .scored_count = 1,
            .passed = true,
            .severity = severities[i],
            .drop_micro = drops[severities[i]],
            .counted_micro = drops[severities[i]],
            .noise_micro = SCORE_ABSENT,
            .score = {MICRO, MICRO, MICRO, MICRO, MICRO, MICRO - drops[severities[i]]},
        };
        entries[i].samples = arena_new(&arena, 1, sizeof *entries[i].samples);
    }
    return (struct run){.entries = entries, .entry_count = count};
}

static int status_of(struct run *run, enum gate_major major, bool strict)
{
    struct gate_options options = {
        .mode = GATE_SEVERITY,
        .major = major,
        .strict = strict,
        .limits = severity_limits_default(),
        .similarity_floor_micro = 750000,
        .keywords_floor_micro = 800000,
        .score_floor_micro = 700000,
        .noise_known = true,
    };

    assert_int_equal(gate_decide(run, &options, &arena), 0);
    return run->gate.exit_status;
}

static void one_critical_entry_fails_the_gate(void **state)
{
    (void)state;
    enum severity severities[30] = {SEVERITY_CRITICAL};
    for (size_t i = 1; i < 30; i++)
        severities[i] = SEVERITY_NONE;
    struct run run = run_of(severities, 30);

    assert_int_equal(status_of(&run, GATE_MAJOR_SIGNOFF, false), 1);
}

static void too_many_majors_are_a_tenth_and_at_least_two(void **state)
{
    (void)state;
    enum severity severities[30];
    for (size_t i = 0; i < 30; i++)
        severities[i] = i < 2 ? SEVERITY_MAJOR : SEVERITY_NONE;
    struct run few = run_of(severities, 30);
    struct run many = run_of(severities, 20);
    struct run single = run_of(severities, 1);

    assert_int_equal(status_of(&few, GATE_MAJOR_SIGNOFF, false), 4);
    assert_int_equal(status_of(&few, GATE_MAJOR_WARN, false), 0);
    assert_int_equal(status_of(&few, GATE_MAJOR_FAIL, false), 1);
    assert_int_equal(status_of(&many, GATE_MAJOR_SIGNOFF, false), 1);
    assert_int_equal(status_of(&single, GATE_MAJOR_SIGNOFF, false), 4);
}

static void a_floor_warns_and_strict_makes_it_fail(void **state)
{
    (void)state;
    enum severity severities[5] = {SEVERITY_NONE, SEVERITY_NONE, SEVERITY_NONE, SEVERITY_NONE,
                                   SEVERITY_NONE};
    struct run run = run_of(severities, 5);
    for (size_t i = 0; i < 5; i++)
        run.entries[i].score.similarity_micro = 700000;

    assert_int_equal(status_of(&run, GATE_MAJOR_SIGNOFF, false), 0);
    assert_true(run.gate.warning_count > 0);
    assert_int_equal(status_of(&run, GATE_MAJOR_SIGNOFF, true), 1);
}

static void the_first_of_130_1_3_4_counts(void **state)
{
    (void)state;
    enum severity severities[30] = {SEVERITY_CRITICAL, SEVERITY_MAJOR};
    for (size_t i = 2; i < 30; i++)
        severities[i] = SEVERITY_NONE;
    struct run run = run_of(severities, 30);

    run.entries[2].scored_count = 0;
    assert_int_equal(status_of(&run, GATE_MAJOR_SIGNOFF, false), 1);
    run.entries[0].severity = SEVERITY_NONE;
    assert_int_equal(status_of(&run, GATE_MAJOR_SIGNOFF, false), 3);
    run.interrupted = true;
    assert_int_equal(status_of(&run, GATE_MAJOR_SIGNOFF, false), 130);
}

static void a_drop_too_small_for_any_entry_fails_by_statistics(void **state)
{
    (void)state;
    enum severity severities[30];
    for (size_t i = 0; i < 30; i++)
        severities[i] = SEVERITY_NONE;
    struct run run = run_of(severities, 30);
    for (size_t i = 0; i < 30; i++)
        run.entries[i].counted_micro = 35000 + (int32_t)(i * 400);
    struct gate_options options = {.mode = GATE_BOTH, .limits = severity_limits_default()};

    /* while nobody knows how far unchanged answers fall, it is a warning */
    assert_int_equal(gate_decide(&run, &options, &arena), 0);
    assert_int_equal(run.gate.exit_status, 0);
    assert_true(run.gate.warning_count > 0);
    options.noise_known = true;
    assert_int_equal(gate_decide(&run, &options, &arena), 0);
    assert_int_equal(run.gate.exit_status, 1);
    assert_int_equal(run.gate.all.outcome, GATE_FAIL);
    assert_true(run.gate.all.p < .001);
}

/* Half of the answers came as they were accepted, half in other words: twice the mean drop that was
 * measured of unchanged answers. Nothing changed, so nothing may be found. */
static void what_is_excused_averages_to_nothing_over_the_suite(void **state)
{
    static const char other[] = "少年なら、海賊の冒険を描くワンピースが一番でしょう。";
    const char *const accepted[] = {good};
    const char *const again[2][1] = {{good}, {other}};
    struct run_entry *entries = arena_new(&arena, 40, sizeof *entries);
    struct run run = {.entries = entries, .entry_count = 40};
    struct gate_options options = {
        .mode = GATE_BOTH, .limits = severity_limits_default(), .noise_known = true};

    (void)state;
    struct run_entry fallen = judged(accept(accepted, 1), again[1], 1);
    assert_true(fallen.drop_micro > 120000);
    allowance_micro = fallen.drop_micro / 2;
    for (size_t i = 0; i < 40; i++)
        entries[i] = judged(accept(accepted, 1), again[i % 2], 1);
    assert_int_equal(entries[0].severity, SEVERITY_NONE); /* no improvement, either */
    assert_int_equal(gate_decide(&run, &options, &arena), 0);
    assert_true(run.gate.all.p > .3);
    assert_true(run.gate.all.mean > -.001 && run.gate.all.mean < .001);
    assert_int_equal(run.gate.explanation_count, 0);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(an_unchanged_answer_is_no_regression),
        PROMISE(an_answer_in_the_wrong_language_is_critical_and_says_why),
        PROMISE(a_check_that_newly_fails_in_most_answers_is_major_whatever_the_score),
        PROMISE(a_check_that_fails_in_one_answer_of_three_is_flaky_not_failed),
        PROMISE(half_of_the_answers_broken_is_major_at_least),
        PROMISE(one_bad_answer_of_three_makes_no_entry_major),
        PROMISE(what_failed_in_the_baseline_too_is_not_newly_failed),
        PROMISE(without_a_baseline_the_checks_decide),
        PROMISE(an_empty_answer_is_an_answer_and_fails),
        PROMISE(repeats_tell_the_noise),
        PROMISE(what_is_excused_averages_to_nothing_over_the_suite),
        PROMISE(one_critical_entry_fails_the_gate),
        PROMISE(too_many_majors_are_a_tenth_and_at_least_two),
        PROMISE(a_floor_warns_and_strict_makes_it_fail),
        PROMISE(the_first_of_130_1_3_4_counts),
        PROMISE(a_drop_too_small_for_any_entry_fails_by_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
