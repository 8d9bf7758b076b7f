/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a drop comes from, and what is luck. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <math.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/golden/explain.h"
#include "core/golden/gate_statistics.h"
#include "gate_rig.h"

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static const struct view tag_ja = {"ja", 2};
static const struct view tag_en = {"en", 2};

static int set_up(void **state)
{
    struct rig *rig = mem_new(1, sizeof *rig);

    if (rig == NULL)
        return -1;
    arena_init(&rig->arena, 64 << 20);
    rig->noise = .02;
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    arena_release(&rig->arena);
    mem_free(rig);
    return 0;
}

/* Sixteen entries, every second one in Japanese, whose answers fell by so much. */
static void begin_bilingual(struct rig *rig, double drop_ja, size_t accepted)
{
    rig_begin(rig, 7, 16, accepted, 3);
    for (size_t i = 0; i < 16; i++) {
        rig->entries[i].tags = i % 2 == 0 ? &tag_ja : &tag_en;
        rig->entries[i].tag_count = 1;
        rig->entries[i].language = *rig->entries[i].tags;
        rig->shift[i] = i % 2 == 0 ? drop_ja : 0;
        rig->entries[i].sample_count = 0;
        rig_answer(rig, i, 3);
    }
    rig_judge_all(rig);
}

static bool is_found(const struct gate *gate, enum explanation_group group, const char *value,
                     const char *metric)
{
    for (size_t i = 0; i < gate->explanation_count; i++)
        if (gate->explanations[i].group == group && view_is(gate->explanations[i].value, value)
            && view_is(gate->explanations[i].metric, metric))
            return true;
    return false;
}

static void a_drop_of_one_language_is_told_of_that_language(void **state)
{
    struct rig *rig = *state;

    begin_bilingual(rig, .15, 3);
    assert_int_equal(explain_suite(&rig->run, true, &rig->arena), 0);
    assert_true(is_found(&rig->run.gate, EXPLAIN_LANGUAGE, "ja", "similarity"));
    assert_true(is_found(&rig->run.gate, EXPLAIN_TAG, "ja", "score"));
    assert_false(is_found(&rig->run.gate, EXPLAIN_LANGUAGE, "en", "similarity"));
    assert_false(is_found(&rig->run.gate, EXPLAIN_LANGUAGE, "ja", "keywords"));
    assert_true(rig->run.gate.explanations[0].p_adjusted >= rig->run.gate.explanations[0].p);
}

static void nothing_that_fell_is_nothing_to_explain(void **state)
{
    struct rig *rig = *state;

    begin_bilingual(rig, 0, 3);
    assert_int_equal(explain_suite(&rig->run, true, &rig->arena), 0);
    assert_int_equal(rig->run.gate.explanation_count, 0);
}

static void entries_in_quarantine_explain_nothing(void **state)
{
    struct rig *rig = *state;

    begin_bilingual(rig, .15, 3);
    for (size_t i = 0; i < 16; i += 2)
        rig->entries[i].is_quarantined = true;
    assert_int_equal(explain_suite(&rig->run, true, &rig->arena), 0);
    assert_int_equal(rig->run.gate.explanation_count, 0);
}

static void an_only_accepted_answer_of_unknown_noise_explains_no_similarity(void **state)
{
    struct rig *rig = *state;

    begin_bilingual(rig, .15, 1);
    assert_int_equal(explain_suite(&rig->run, false, &rig->arena), 0);
    assert_int_equal(rig->run.gate.explanation_count, 0);
    assert_int_equal(explain_suite(&rig->run, true, &rig->arena), 0);
    assert_true(is_found(&rig->run.gate, EXPLAIN_LANGUAGE, "ja", "similarity"));
}

static void four_entries_explain_nothing(void **state)
{
    struct rig *rig = *state;

    rig->drop = .3;
    rig_begin(rig, 1, 4, 3, 3);
    assert_int_equal(explain_suite(&rig->run, true, &rig->arena), 0);
    assert_int_equal(rig->run.gate.explanation_count, 0);
}

static void more_tags_than_can_be_looked_at_are_no_error(void **state)
{
    struct rig *rig = *state;
    static struct view many[100];
    static char names[100][8];

    rig->drop = .1;
    rig_begin(rig, 1, 20, 3, 3);
    for (size_t i = 0; i < 100; i++) {
        snprintf(names[i], sizeof names[i], "t%zu", i);
        many[i] = view_of(names[i]);
    }
    for (size_t i = 0; i < 19; i++) {
        rig->entries[i].tags = many;
        rig->entries[i].tag_count = 100;
    }
    assert_int_equal(explain_suite(&rig->run, true, &rig->arena), 0);
    assert_true(rig->run.gate.explanation_count > 0);
}

static void an_entry_that_fell_stands_out_among_those_that_did_not(void **state)
{
    struct rig *rig = *state;

    rig_begin(rig, 3, 12, 6, 6);
    rig->shift[4] = .2;
    rig->entries[4].sample_count = 0;
    rig_answer(rig, 4, 6);
    rig_judge_all(rig);
    assert_int_equal(explain_entries(&rig->run), 0);
    for (size_t i = 0; i < 12; i++) {
        assert_true(rig->entries[i].is_tested);
        assert_true((rig->entries[i].p_adjusted <= .10) == (i == 4));
    }
    /* 1 of the ways of choosing 6 of 12 is as low */
    assert_near(rig->entries[4].p_fell, 1 / 924.0);
}

static void three_answers_against_three_are_never_surer_than_one_in_twenty(void **state)
{
    struct rig *rig = *state;

    rig->drop = .3;
    rig_begin(rig, 3, 6, 3, 3);
    assert_int_equal(explain_entries(&rig->run), 0);
    for (size_t i = 0; i < 6; i++)
        assert_near(rig->entries[i].p_fell, .05);
}

static void scores_that_are_all_equal_tell_nothing(void **state)
{
    struct rig *rig = *state;

    rig->noise = 0;
    rig_begin(rig, 3, 6, 3, 3);
    assert_int_equal(explain_entries(&rig->run), 0);
    assert_int_equal(explain_suite(&rig->run, true, &rig->arena), 0);
    assert_near(rig->entries[0].p_fell, 1);
    assert_int_equal(rig->run.gate.explanation_count, 0);
}

static void checks_that_fail_now_and_passed_before_tell_where_scores_do_not(void **state)
{
    static const struct finding failed = {
        .check = {"language", 8}, .severity = SEVERITY_MAJOR, .message = {"is English", 10}};
    struct rig *rig = *state;

    rig->noise = 0;
    rig_begin(rig, 3, 6, 4, 4);
    for (size_t j = 0; j < 4; j++)
        rig->samples[2][j].verdict = (struct verdict){&failed, 1};
    assert_int_equal(explain_entries(&rig->run), 0);
    assert_near(rig->entries[2].p_fell, 1 / 70.0); /* Fisher, 4 of 4 against 0 of 4 */
    assert_near(rig->entries[1].p_fell, 1);
}

static void an_entry_that_was_not_repeated_is_not_tested(void **state)
{
    struct rig *rig = *state;

    rig_begin(rig, 3, 6, 1, 3);
    assert_int_equal(explain_entries(&rig->run), 0);
    assert_false(rig->entries[0].is_tested);
}

static void many_repeats_are_drawn_and_never_give_zero(void **state)
{
    struct rig *rig = *state;

    rig->drop = .4;
    rig_begin(rig, 3, 3, 30, 30);
    assert_int_equal(explain_entries(&rig->run), 0);
    assert_near(rig->entries[0].p_fell, 1 / 10000.0);
}

static void discordant_checks_are_weighed_exactly(void **state)
{
    struct rig *rig = *state;

    rig_begin(rig, 3, 10, 3, 3);
    for (size_t i = 0; i < 6; i++)
        rig->entries[i].passed = false;
    rig->entries[0].is_quarantined = true;
    explain_checks(&rig->run);
    assert_int_equal(rig->run.gate.checks_broke, 5);
    assert_int_equal(rig->run.gate.checks_healed, 0);
    assert_near(rig->run.gate.checks_p, 1 / 32.0);
}

static void the_normal_limit_agrees_with_the_draws(void **state)
{
    struct rig *rig = *state;
    int64_t differences[RIG_ENTRIES_MAX];
    uint32_t clusters[RIG_ENTRIES_MAX];

    for (uint64_t seed = 1; seed <= 5; seed++) {
        rig->noise = .05;
        rig->drop = .003;
        rig_begin(rig, seed, RIG_ENTRIES_MAX, 3, 3);
        for (size_t i = 0; i < RIG_ENTRIES_MAX; i++) {
            differences[i] = -rig->entries[i].drop_micro;
            clusters[i] = (uint32_t)i / 4;
        }
        for (int clustered = 0; clustered < 2; clustered++) {
            const uint32_t *numbers = clustered ? clusters : NULL;
            double drawn;
            double normal;
            assert_int_equal(gate_statistics_p(differences, numbers, RIG_ENTRIES_MAX,
                                               RIG_ENTRIES_MAX, seed, &drawn),
                             0);
            assert_int_equal(
                gate_statistics_p(differences, numbers, RIG_ENTRIES_MAX, 1, seed, &normal), 0);
            assert_true(fabs(drawn - normal) < .02);
        }
    }
}

static void memory_that_ends_is_told(void **state)
{
    struct rig *rig = *state;
    int failures = 0;

    begin_bilingual(rig, .15, 3);
    for (unsigned long n = 1; n < 60; n++) {
        mem_fail_at(n);
        int code = explain_suite(&rig->run, true, &rig->arena);
        code = code == 0 ? explain_entries(&rig->run) : code;
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        failures += code != 0;
    }
    assert_true(failures > 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_drop_of_one_language_is_told_of_that_language),
        CASE(nothing_that_fell_is_nothing_to_explain),
        CASE(entries_in_quarantine_explain_nothing),
        CASE(an_only_accepted_answer_of_unknown_noise_explains_no_similarity),
        CASE(four_entries_explain_nothing),
        CASE(more_tags_than_can_be_looked_at_are_no_error),
        CASE(an_entry_that_fell_stands_out_among_those_that_did_not),
        CASE(three_answers_against_three_are_never_surer_than_one_in_twenty),
        CASE(scores_that_are_all_equal_tell_nothing),
        CASE(checks_that_fail_now_and_passed_before_tell_where_scores_do_not),
        CASE(an_entry_that_was_not_repeated_is_not_tested),
        CASE(many_repeats_are_drawn_and_never_give_zero),
        CASE(discordant_checks_are_weighed_exactly),
        CASE(the_normal_limit_agrees_with_the_draws),
        CASE(memory_that_ends_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
