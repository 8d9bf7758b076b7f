/* SPDX-License-Identifier: Apache-2.0
 *
 * What adopt.h promises: the entries of one golden set with the prompts of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/golden/adopt.h"

struct bench {
    struct arena arena;
    struct problems problems;
    struct golden_set set;
    struct adopted adopted;
    int code;
};

static void adopt(struct bench *bench, const char *former, const char *present)
{
    struct view file = VIEW("golden/set.yaml");

    *bench = (struct bench){0};
    arena_init(&bench->arena, 64 << 20);
    problems_init(&bench->problems, &bench->arena, file);
    bench->code = golden_load_adopting(&bench->arena, file, view_of(former), file, view_of(present),
                                       &bench->problems, &bench->set, &bench->adopted);
    if (bench->code == 0)
        bench->code = golden_resolve(&bench->set, &bench->problems);
}

static const char *question(struct bench *bench, const char *id)
{
    const struct golden_entry *entry = golden_entry_of(&bench->set, view_of(id));
    struct chat chat = {0};
    struct err err = {0};

    if (entry == NULL)
        return "";
    assert_int_equal(golden_render(&bench->set, (size_t)(entry - bench->set.entries), &bench->arena,
                                   &chat, &err),
                     0);
    return arena_string(&bench->arena, chat.messages[chat.message_count - 1].text);
}

static void the_former_prompt_of_that_name_is_asked_with_the_entry_of_today(void **state)
{
    struct bench bench;

    (void)state;
    adopt(&bench,
          "prompts: {greet: {text: 'old {{name}}', params: {temperature: 1}}}\n"
          "entries:\n  - {id: a, prompt: greet, vars: {name: Aki}, tags: [old]}\n",
          "prompts: {greet: {text: 'new {{name}}'}}\n"
          "entries:\n  - {id: a, prompt: greet, vars: {name: Ben}, tags: [new]}\n"
          "  - {id: b, prompt: greet, vars: {name: Chi}}\n");
    assert_int_equal(bench.code, 0);
    assert_int_equal(bench.set.entry_count, 2);
    assert_string_equal(question(&bench, "a"), "old Ben");
    assert_string_equal(question(&bench, "b"), "old Chi");
    assert_true(golden_has_tag(&bench.set.entries[0], view_of("new")));
    assert_false(golden_has_tag(&bench.set.entries[0], view_of("old")));
    assert_int_equal(bench.adopted.unmatched_count, 0);
    arena_release(&bench.arena);
}

static void a_prompt_that_has_another_name_is_found_by_the_entry(void **state)
{
    struct bench bench;

    (void)state;
    adopt(&bench,
          "prompts: {hello: {text: 'old {{who}}'}}\n"
          "entries:\n  - {id: a, prompt: hello, vars: {who: Aki}}\n",
          "prompts: {greet: {text: 'new {{name}}'}}\n"
          "entries:\n  - {id: a, prompt: greet, vars: {name: Ben}}\n");
    assert_int_equal(bench.code, 0);
    assert_string_equal(question(&bench, "a"), "old Aki"); /* only the former entry says who */
    arena_release(&bench.arena);
}

static void a_prompt_in_the_entry_itself_is_the_former_entry_s(void **state)
{
    struct bench bench;

    (void)state;
    adopt(&bench,
          "entries:\n  - {id: a, text: 'old', params: {max_tokens: 5}}\n"
          "  - {id: gone, text: 'x'}\n",
          "entries:\n  - {id: a, text: 'new', params: {max_tokens: 9}}\n"
          "  - {id: fresh, text: 'new'}\n");
    assert_int_equal(bench.code, 0);
    assert_string_equal(question(&bench, "a"), "old");
    assert_int_equal(json_int(json_get(bench.set.entries[0].params, "max_tokens"), 0), 5);
    assert_int_equal(bench.adopted.unmatched_count, 2);
    assert_true(view_is(bench.adopted.unmatched[0].id, "fresh"));
    assert_false(bench.adopted.unmatched[0].is_extra);
    assert_true(view_is(bench.adopted.unmatched[1].id, "gone"));
    assert_true(bench.adopted.unmatched[1].is_extra);
    arena_release(&bench.arena);
}

static void an_entry_without_any_prompt_is_left_out_and_told(void **state)
{
    struct bench bench;

    (void)state;
    adopt(&bench, "prompts: {greet: {text: 'old'}}\nentries:\n  - {id: a, prompt: greet}\n",
          "prompts: {greet: {text: 'new'}, thank: {text: 'thanks'}}\n"
          "entries:\n  - {id: a, prompt: greet}\n  - {id: b, prompt: thank}\n");
    assert_int_equal(bench.code, 0);
    assert_int_equal(bench.set.entry_count, 1);
    assert_int_equal(bench.adopted.unmatched_count, 1);
    assert_true(view_is(bench.adopted.unmatched[0].why, "there is no prompt 'thank'"));
    arena_release(&bench.arena);
}

static void what_is_wrong_in_either_is_told(void **state)
{
    static const struct {
        const char *former;
        const char *present;
    } bad[] = {
        {"prompts: [", "entries:\n  - {id: a, text: x}\n"},
        {"entries:\n  - {id: a, text: x}\n", "entries: ["},
        {"entries:\n  - {id: a, text: x}\n", "entries: 5"},
        {"entries: 5", "entries:\n  - {id: a, text: x}\n"},
        {"entries:\n  - {id: a, text: x}\n", "entries:\n  - {id: b, text: y}\n"},
        {"", ""},
        {"prompts: {p: {text: '{{'}}\nentries: []", "entries:\n  - {id: a, prompt: p}\n"},
        {"entries:\n  - {id: a, text: x}\n", "entries:\n  - 7\n  - {id: 5}\n  - {}\n"},
        {"entries:\n  - {id: a, text: '{{x}}'}\n", "entries:\n  - {id: a, text: y, vars: 3}\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bench bench;
        adopt(&bench, bad[i].former, bad[i].present);
        if (bench.code != ERR_CONFIG)
            fail_msg("case %zu: %s", i, err_name(bench.code));
        assert_true(bench.problems.total > 0);
        arena_release(&bench.arena);
    }
}

static void memory_that_runs_out_is_told(void **state)
{
    bool done = false;

    (void)state;
    for (unsigned long n = 1; !done && n < 500; n++) {
        struct bench bench;
        mem_fail_at(n);
        adopt(&bench, "prompts: {p: {text: x}}\nentries:\n  - {id: a, prompt: p, vars: {v: w}}\n",
              "prompts: {p: {text: y}}\nentries:\n  - {id: a, prompt: p}\n");
        mem_fail_at(0);
        done = bench.code == 0;
        assert_true(done || bench.code == ERR_MEMORY);
        arena_release(&bench.arena);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_former_prompt_of_that_name_is_asked_with_the_entry_of_today),
        cmocka_unit_test(a_prompt_that_has_another_name_is_found_by_the_entry),
        cmocka_unit_test(a_prompt_in_the_entry_itself_is_the_former_entry_s),
        cmocka_unit_test(an_entry_without_any_prompt_is_left_out_and_told),
        cmocka_unit_test(what_is_wrong_in_either_is_told),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
