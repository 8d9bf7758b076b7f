/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate's false alarms on accepted answers divided at random. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/golden/gate_check.h"
#include "gate_rig.h"

static const struct similar no_similarity = {.kind = SIMILAR_NONE};

static int set_up(void **state)
{
    struct rig *rig = mem_new(1, sizeof *rig);

    if (rig == NULL)
        return -1;
    arena_init(&rig->arena, 64 << 20);
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

/* The scores of the rig's answers have their noise in the keywords: nothing else is measured. */
static struct false_alarms check(struct rig *rig, double noise, size_t accepted)
{
    struct severity_limits limits = rig_limits();
    struct false_alarms alarms;
    struct err err = {0};

    rig->noise = noise;
    rig_begin(rig, 11, 20, accepted, 2);
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j < accepted; j++) {
            struct score *score = &rig->accepted[i][j].score;
            score->keywords_micro = score->total_micro;
            score->similarity_micro = SCORE_ABSENT;
        }
    assert_int_equal(gate_check(&rig->run, &limits, &no_similarity, &alarms, &err), 0);
    return alarms;
}

static void quiet_answers_raise_no_alarm(void **state)
{
    struct false_alarms alarms = check(*state, .01, 4);

    assert_true(alarms.known);
    assert_int_equal(alarms.entries, 20);
    assert_int_equal(alarms.splits, GATE_CHECK_SPLITS);
    assert_true(alarms.statistics <= 0 && alarms.critical <= 0 && alarms.major <= 0);
}

static void noisy_answers_raise_false_severities_but_few_false_statistics(void **state)
{
    struct false_alarms alarms = check(*state, .12, 4);

    assert_true(alarms.major > .5);
    assert_true(alarms.critical > .2);
    assert_true(alarms.statistics < .10);
}

/* Where entries share prompts, the gate flips whole prompts: so must the check of it. Here one
 * prompt has most entries: how far the mean falls is its doing, and its one sign proves little. */
static void entries_of_one_prompt_are_weighed_together(void **state)
{
    enum { ENTRIES = 190, ALIKE = 171 };
    static char prompts[ENTRIES][16];
    struct rig *rig = *state;
    struct severity_limits limits = rig_limits();
    struct false_alarms apart;
    struct false_alarms together;
    struct err err = {0};

    rig_begin(rig, 11, ENTRIES, 4, 2);
    for (size_t i = 0; i < ENTRIES; i++) {
        for (size_t j = 0; j < 4; j++)
            rig->accepted[i][j].score =
                (struct score){SCORE_ABSENT, SCORE_ABSENT, 0, MICRO, MICRO, 0};
        for (size_t j = 0; j < 4; j++)
            rig->accepted[i][j].score.keywords_micro = j % 2 == 0 ? MICRO : 0;
    }
    assert_int_equal(gate_check(&rig->run, &limits, &no_similarity, &apart, &err), 0);
    for (size_t i = 0; i < ENTRIES; i++) {
        snprintf(prompts[i], sizeof prompts[i], "p%zu", i < ALIKE ? 0 : i - ALIKE + 1);
        rig->entries[i].prompt = view_of(prompts[i]);
    }
    assert_int_equal(gate_check(&rig->run, &limits, &no_similarity, &together, &err), 0);
    assert_true(apart.statistics > 0);
    assert_true(together.statistics < apart.statistics);
}

static void one_accepted_answer_cannot_be_divided(void **state)
{
    assert_false(check(*state, .01, 1).known);
}

static void the_same_seed_gives_the_same_rates(void **state)
{
    struct false_alarms first = check(*state, .1, 4);
    struct false_alarms second = check(*state, .1, 4);

    assert_memory_equal(&first.critical, &second.critical, sizeof first.critical);
    assert_memory_equal(&first.statistics, &second.statistics, sizeof first.statistics);
}

static void memory_that_ends_is_told(void **state)
{
    struct rig *rig = *state;
    struct severity_limits limits = rig_limits();
    struct false_alarms alarms;
    struct err err = {0};

    check(rig, .1, 4);
    for (unsigned long n = 1; n < 5; n++) {
        mem_fail_at(n);
        int code = gate_check(&rig->run, &limits, &no_similarity, &alarms, &err);
        mem_fail_at(0);
        assert_int_equal(code, ERR_MEMORY);
        assert_false(alarms.known);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(quiet_answers_raise_no_alarm),
        CASE(noisy_answers_raise_false_severities_but_few_false_statistics),
        CASE(entries_of_one_prompt_are_weighed_together),
        CASE(one_accepted_answer_cannot_be_divided),
        CASE(the_same_seed_gives_the_same_rates),
        CASE(memory_that_ends_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
