/* SPDX-License-Identifier: Apache-2.0
 *
 * Promises of core/golden/fluent.h, without a dictionary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/golden/fluent.h"

enum { SAMPLES_MAX = 3, ANSWERS_MAX = 3 };

struct rig {
    struct arena arena;
    struct sample samples[SAMPLES_MAX];
    struct baseline_answer answers[ANSWERS_MAX];
    struct baseline_entry baseline;
    struct run_entry entry;
};

static void rig_open(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    arena_init(&rig->arena, 1 << 20);
    rig->baseline.answers = rig->answers;
    rig->entry.samples = rig->samples;
}

static void rig_close(struct rig *rig)
{
    arena_release(&rig->arena);
}

static void accept_answer(struct rig *rig, const char *text)
{
    rig->entry.baseline = &rig->baseline;
    rig->answers[rig->baseline.answer_count++].text = view_of(text);
}

static void answer(struct rig *rig, const char *text)
{
    struct sample *sample = &rig->samples[rig->entry.sample_count++];

    sample->scored = true;
    sample->answer.reply.text = view_of(text);
}

static void a_changed_register_is_told_where_most_answers_changed(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    accept_answer(&rig, "この本は面白いです。");
    accept_answer(&rig, "とても面白い本です。");
    answer(&rig, "この本は面白かった。");
    answer(&rig, "とても面白い本だ。");
    answer(&rig, "とても面白い本です。");
    assert_int_equal(fluent_entry(NULL, &rig.entry, &rig.arena), 0);
    assert_true(rig.entry.fluency_known && rig.entry.register_changed);
    assert_int_equal(rig.entry.baseline_fluency_micro, MICRO);
    assert_true(rig.entry.fluency_micro < MICRO * 7 / 10);
    assert_true(view_find(rig.entry.fluency_reason, view_of("polite"), 0)
                < rig.entry.fluency_reason.len);
    assert_true(rig.samples[0].fluency.style_changed && !rig.samples[2].fluency.style_changed);
    rig_close(&rig);
}

static void answers_that_read_as_the_accepted_ones_need_no_words(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    accept_answer(&rig, "「この本は面白いです。"); /* a bracket that was accepted */
    answer(&rig, "「この本はとても面白いです。");
    assert_int_equal(fluent_entry(NULL, &rig.entry, &rig.arena), 0);
    assert_int_equal(rig.entry.fluency_micro, MICRO);
    assert_int_equal(rig.entry.fluency_reason.len, 0);
    rig_close(&rig);
}

static void without_accepted_answers_each_is_judged_by_itself(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    answer(&rig, "縺薙ｌ縺ｯ譛ｬ縺ｧ縺吶");
    assert_int_equal(fluent_entry(NULL, &rig.entry, &rig.arena), 0);
    assert_int_equal(rig.entry.baseline_fluency_micro, SCORE_ABSENT);
    assert_int_equal(rig.entry.fluency_micro, 0);
    assert_true(rig.entry.fluency_reason.len > 0);
    rig_close(&rig);
}

static void errors_and_blank_answers_have_no_fluency(void **state)
{
    struct rig rig;
    struct run run = {.entries = &rig.entry, .entry_count = 1};

    (void)state;
    rig_open(&rig);
    answer(&rig, " \n");
    answer(&rig, "This is never read.");
    rig.samples[1].scored = false;
    assert_int_equal(fluent_entry(NULL, &rig.entry, &rig.arena), 0);
    assert_false(rig.entry.fluency_known || rig.samples[0].fluency_known);
    fluent_mean(&run);
    assert_false(run.fluency_known);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_register_is_told_where_most_answers_changed),
        cmocka_unit_test(answers_that_read_as_the_accepted_ones_need_no_words),
        cmocka_unit_test(without_accepted_answers_each_is_judged_by_itself),
        cmocka_unit_test(errors_and_blank_answers_have_no_fluency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
