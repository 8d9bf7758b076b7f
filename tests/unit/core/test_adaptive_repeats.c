/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom --repeat auto asks again. The rates that follow are in test_gate_rates.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/golden/adaptive_repeats.h"
#include "gate_rig.h"

enum { ENTRIES = 30 };

static int set_up(void **state)
{
    struct rig *rig = mem_new(1, sizeof *rig);

    if (rig == NULL)
        return -1;
    arena_init(&rig->arena, 1 << 20);
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

static struct adaptive_round next(struct rig *rig, enum gate_mode mode, uint32_t *ret_extra)
{
    struct adaptive_repeats machine = {.most = 10, .mode = mode, .limits = rig_limits()};
    struct adaptive_round round;

    adaptive_repeats_next(&machine, &rig->run, ret_extra, &round);
    return round;
}

static void shift(struct rig *rig, size_t entry, double drop, size_t answers)
{
    rig->shift[entry] = drop;
    rig->entries[entry].sample_count = 0;
    rig_answer(rig, entry, answers);
    rig_judge(rig, entry);
}

static void quiet_entries_are_not_asked_again(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    rig_begin(rig, 1, ENTRIES, 3, 2);
    struct adaptive_round round = next(rig, GATE_BOTH, extra);
    assert_int_equal(round.ended, ADAPTIVE_DECIDED);
    assert_int_equal(round.questions, 0);
}

static void an_entry_near_a_limit_is_asked_again_whichever_way_it_went(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    for (int direction = -1; direction <= 1; direction += 2) {
        rig_begin(rig, 1, ENTRIES, 3, 2);
        rig->truth[4] = .6;
        for (size_t j = 0; j < 3; j++)
            rig->accepted[4][j].score = rig_parts(600000);
        rig->noise = .001;
        shift(rig, 4, direction * .1, 2);
        rig->noise = .02;
        struct adaptive_round round = next(rig, GATE_BOTH, extra);
        assert_int_equal(round.ended, ADAPTIVE_GOES_ON);
        assert_int_equal(round.undecided, 1);
        for (size_t i = 0; i < ENTRIES; i++)
            assert_int_equal(extra[i], i == 4);
    }
}

static void what_was_asked_as_often_as_may_be_stays_open_and_is_told(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    rig_begin(rig, 1, ENTRIES, 3, 10);
    for (size_t j = 0; j < 3; j++)
        rig->accepted[4][j].score = rig_parts(600000);
    rig->truth[4] = .6;
    rig->noise = .001;
    shift(rig, 4, .1, 10);
    struct adaptive_round round = next(rig, GATE_BOTH, extra);
    assert_int_equal(round.ended, ADAPTIVE_EXHAUSTED);
    assert_int_equal(round.undecided, 1);
}

static void a_firm_failure_ends_the_asking(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    rig_begin(rig, 1, ENTRIES, 3, 2);
    shift(rig, 4, .1, 2);
    shift(rig, 5, .4, 2);
    struct adaptive_round round = next(rig, GATE_BOTH, extra);
    assert_int_equal(round.ended, ADAPTIVE_FAILED);
    assert_int_equal(extra[4], 0);
}

static void noise_that_hides_a_drop_that_matters_has_the_whole_suite_asked_again(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    rig->noise = .15;
    rig_begin(rig, 1, ENTRIES, 5, 2);
    for (size_t i = 0; i < ENTRIES; i++) /* nobody is firm: only noise is to count */
        rig->entries[i].counted_micro = rig->entries[i].drop_micro = 0;
    next(rig, GATE_STATISTICS, extra);
    for (size_t i = 0; i < ENTRIES; i++)
        assert_int_equal(extra[i], 1);
}

static void a_check_that_some_answers_fail_is_asked_again_until_it_is_plain(void **state)
{
    static const struct finding failed = {
        .check = {"language", 8}, .severity = SEVERITY_MAJOR, .message = {"is English", 10}};
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    rig_begin(rig, 1, ENTRIES, 3, 2);
    rig->entries[3].baseline = NULL;
    rig->samples[3][0].verdict = (struct verdict){&failed, 1};
    assert_int_equal(next(rig, GATE_BOTH, extra).questions, 1);
    assert_int_equal(extra[3], 1);
    rig_answer(rig, 3, 8);
    rig->entries[3].scored_count = 10;
    assert_int_equal(next(rig, GATE_BOTH, extra).undecided, 0);
}

static void entries_in_quarantine_or_without_an_answer_are_left_alone(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    rig_begin(rig, 1, ENTRIES, 3, 2);
    shift(rig, 4, .1, 2);
    shift(rig, 5, .1, 2);
    rig->entries[4].is_quarantined = true;
    rig->entries[5].scored_count = 0;
    assert_int_equal(next(rig, GATE_BOTH, extra).questions, 0);
}

static void answers_that_never_vary_are_asked_no_more_than_twice(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[ENTRIES];

    rig->noise = 0;
    rig_begin(rig, 1, ENTRIES, 3, 2);
    assert_int_equal(next(rig, GATE_BOTH, extra).ended, ADAPTIVE_DECIDED);
}

static void no_entry_is_no_error(void **state)
{
    struct rig *rig = *state;
    uint32_t extra[1];

    rig_begin(rig, 1, 0, 3, 2);
    assert_int_equal(next(rig, GATE_BOTH, extra).ended, ADAPTIVE_DECIDED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(quiet_entries_are_not_asked_again),
        CASE(an_entry_near_a_limit_is_asked_again_whichever_way_it_went),
        CASE(what_was_asked_as_often_as_may_be_stays_open_and_is_told),
        CASE(a_firm_failure_ends_the_asking),
        CASE(noise_that_hides_a_drop_that_matters_has_the_whole_suite_asked_again),
        CASE(a_check_that_some_answers_fail_is_asked_again_until_it_is_plain),
        CASE(entries_in_quarantine_or_without_an_answer_are_left_alone),
        CASE(answers_that_never_vary_are_asked_no_more_than_twice),
        CASE(no_entry_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
