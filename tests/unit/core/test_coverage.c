/* SPDX-License-Identifier: Apache-2.0
 *
 * Coverage: every entry is in one cell, and what is thin is told by its rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "core/golden/coverage.h"

struct rig {
    struct arena arena;
    struct coverage coverage;
};

static void cover(struct rig *rig, const char *yaml, uint32_t repeat)
{
    const struct coverage_options options = {.repeat = repeat, .noise_micro = -1};
    struct problems problems;
    struct golden_set set;
    struct err err = {.code = 0};

    arena_init(&rig->arena, 64 << 20);
    problems_init(&problems, &rig->arena, view_of("g.yaml"));
    int code = golden_load(&rig->arena, view_of("g.yaml"), view_of(yaml), GOLDEN_FORM_YAML,
                           &problems, &set);
    if (code == 0)
        code = golden_resolve(&set, &problems);
    if (code != 0) {
        code = problems_status(&problems, &err);
        fail_msg("%d: %s", code, err.text);
    }
    assert_int_equal(coverage_of(&rig->arena, &set, &options, &rig->coverage), 0);
}

static size_t gaps_of(const struct rig *rig, enum coverage_rule rule)
{
    size_t count = 0;

    for (size_t i = 0; i < rig->coverage.gap_count; i++)
        count += rig->coverage.gaps[i].rule == rule;
    return count;
}

static void every_entry_is_in_one_cell(void **state)
{
    struct rig rig;
    size_t sum = 0;

    (void)state;
    cover(&rig,
          "prompts: {p: {text: '{{q}}'}}\n"
          "entries:\n"
          "- {id: a, prompt: p, vars: {q: x}, expect: {language: ja}, tags: [price]}\n"
          "- {id: b, prompt: p, vars: {q: x}, tags: [ja, price, other]}\n"
          "- {id: c, prompt: p, vars: {q: いくらですか}, expect: {format: json}}\n"
          "- {id: d, text: hello}\n",
          3);
    for (size_t i = 0; i < rig.coverage.cell_count; i++)
        sum += rig.coverage.cells[i].entries;
    assert_int_equal(sum, 4);
    assert_int_equal(rig.coverage.all.entries, 4);
    assert_int_equal(rig.coverage.cell_count, 3);
    assert_int_equal(rig.coverage.language_count, 2); /* ja, und */
    assert_int_equal(rig.coverage.languages[0].entries, 3);
    arena_release(&rig.arena);
}

static void kinds_past_the_most_are_counted_together(void **state)
{
    enum { KINDS = COVERAGE_CELLS_MAX + 20 };
    struct strbuf yaml;
    struct rig rig;
    size_t sum = 0;

    (void)state;
    strbuf_init(&yaml, 1 << 20);
    strbuf_add_text(&yaml, "entries:\n");
    for (int i = 0; i < KINDS; i++)
        strbuf_printf(&yaml, "- {id: e%d, text: hello, tags: ['%s%d']}\n", i,
                      i == KINDS - 1 ? "(others)" : "t", i);
    cover(&rig, strbuf_text(&yaml), 1);
    assert_int_equal(rig.coverage.cell_count, COVERAGE_CELLS_MAX + 1);
    for (size_t i = 0; i < rig.coverage.cell_count; i++)
        sum += rig.coverage.cells[i].entries;
    assert_int_equal(sum, KINDS);
    strbuf_release(&yaml);
    arena_release(&rig.arena);
}

static void the_smallest_loss_falls_with_entries_and_repeats(void **state)
{
    static const char set[] =
        "entries:\n- {id: a, text: x, expect: {forbidden: [y], language: en}, tags: [t]}\n";
    struct rig one;
    struct rig four;

    (void)state;
    cover(&one, set, 1);
    cover(&four, set, 4);
    assert_int_equal(one.coverage.all.least_micro / 1000, 281); /* 2.486 · .08 · √2 */
    assert_int_equal(four.coverage.all.least_micro, one.coverage.all.least_micro / 2);
    assert_int_equal(gaps_of(&one, COVERAGE_BLIND_CELL), 1);
    assert_int_equal(gaps_of(&one, COVERAGE_ONE_ANSWER), 1);
    assert_int_equal(gaps_of(&four, COVERAGE_BLIND_CELL), 0);
    assert_int_equal(gaps_of(&four, COVERAGE_ONE_ANSWER), 0);
    arena_release(&one.arena);
    arena_release(&four.arena);
}

static void an_instruction_that_no_check_sees_is_told(void **state)
{
    static const struct {
        const char *prompt;
        const char *expect;
        size_t gaps;
    } rows[] = {
        {"Answer in JSON.", "{keywords: [a]}", 1},
        {"Answer in JSON.", "{format: json}", 0},
        {"日本語で答えてください。", "{keywords: [a]}", 1},
        {"日本語で答えてください。", "{language: ja}", 0},
        {"ANSWER IN AT MOST TEN WORDS", "{keywords: [a]}", 1},
        {"Answer in at most ten words", "{max_chars: 80}", 0},
        {"Never talk of rivals.", "{keywords: [a]}", 1},
        {"Never talk of rivals.", "{forbidden: [rival]}", 0},
        {"Never talk of rivals, in JSON.", "{checks: [{check: exec.own, command: [x]}]}", 0},
        {"Say something nice.", "{keywords: [a]}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char yaml[512];
        struct rig rig;
        snprintf(yaml, sizeof yaml,
                 "prompts: {p: {text: '%s'}}\nentries: [{id: a, prompt: p, expect: %s}]\n",
                 rows[i].prompt, rows[i].expect);
        cover(&rig, yaml, 3);
        if (gaps_of(&rig, COVERAGE_UNSEEN_INSTRUCTION) != rows[i].gaps)
            fail_msg("%s with %s", rows[i].prompt, rows[i].expect);
        arena_release(&rig.arena);
    }
}

static void noise_is_pooled_over_entries_that_have_several_answers(void **state)
{
    struct baseline_answer first[] = {{.score = {.total_micro = 900000}},
                                      {.score = {.total_micro = 1000000}}};
    struct baseline_answer second[] = {{.score = {.total_micro = 500000}}};
    struct baseline_entry entries[] = {{.answers = first, .answer_count = 2},
                                       {.answers = second, .answer_count = 1}};
    struct baseline baseline = {.entries = entries, .entry_count = 2};

    (void)state;
    assert_int_equal(coverage_noise(&baseline), 70711);
    first[0].score.total_micro = first[1].score.total_micro;
    assert_int_equal(coverage_noise(&baseline), 0);
    baseline.entry_count = 0;
    assert_int_equal(coverage_noise(&baseline), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_is_in_one_cell),
        cmocka_unit_test(kinds_past_the_most_are_counted_together),
        cmocka_unit_test(the_smallest_loss_falls_with_entries_and_repeats),
        cmocka_unit_test(an_instruction_that_no_check_sees_is_told),
        cmocka_unit_test(noise_is_pooled_over_entries_that_have_several_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
