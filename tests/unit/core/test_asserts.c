/* SPDX-License-Identifier: Apache-2.0
 *
 * assert.NAME: what is wrong with a demand is told with its place, and what an answer lacks in
 * words. The verdicts of every type stand in tests/e2e/test_import.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "config/yaml.h"
#include "core/validate/asserts.h"

struct rig {
    struct arena arena;
    struct problems problems;
};

static const struct config_field fields[] = {ASSERT_FIELDS(0)};
static const struct config_table table = {"demand", fields, sizeof fields / sizeof fields[0]};

/* Reads a demand; returns how many problems there were. */
static size_t read_demand(struct rig *rig, const char *yaml, struct assert_item *item)
{
    struct assert_item_keys keys = {.type = 0};
    struct json *tree = NULL;
    struct err err = {.code = 0};

    arena_init(&rig->arena, 64 << 20);
    problems_init(&rig->problems, &rig->arena, view_of("p.yaml"));
    struct config_reader reader = {&rig->arena, &rig->problems, view_of("")};
    if (yaml_parse(&rig->arena, view_of("p.yaml"), view_of(yaml), &tree, &err) != 0)
        fail_msg("%s", err.text);
    int code = config_read(&reader, &table, tree, &keys);
    if (code == 0)
        code = assert_read(&reader, tree, &keys, item);
    assert_int_not_equal(code, ERR_MEMORY);
    return rig->problems.total;
}

static struct assert_result judge(struct rig *rig, const char *yaml, const char *answer)
{
    struct assert_subject subject = {.answer = view_of(answer)};
    struct assert_result result = {.passes = false};
    struct assert_item item;
    struct err err = {.code = 0};

    assert_int_equal(read_demand(rig, yaml, &item), 0);
    int code = assert_evaluate(&item, &subject, &rig->arena, &result, &err);
    if (code != 0)
        fail_msg("%s", err.text);
    return result;
}

static void what_is_wrong_with_a_demand_is_told(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{type: unheard}",
        "{type: contains}",
        "{type: contains, value: {a: 1}}",
        "{type: contains, value: []}",
        "{type: regex, value: '('}",
        "{type: json, value: {type: 3}}",
        "{type: words}",
        "{type: words, min: -1}",
        "{type: words, max: many}",
        "{type: latency}",
        "{type: all}",
        "{of: [{type: contains}]}",
        "{of: [], threshold: 1}",
        "{type: contains, value: a, colour: red}",
        "{of: [{of: [{of: [{of: [{of: [{of: [{of: [{of: [{of: [{of: [{type: cost, max: "
        "1}]}]}]}]}]}]"
        "}]}]}]}]}",
    };
    struct assert_item item;
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (read_demand(&rig, bad[i], &item) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(rig.problems.items[0].text, "p.yaml:1:"));
        arena_release(&rig.arena);
    }
}

static void what_an_answer_lacks_is_said_in_words(void **state)
{
    static const struct {
        const char *yaml;
        const char *answer;
        const char *why;
    } rows[] = {
        {"{type: contains, value: Paris}", "paris", "does not contain 'Paris'"},
        {"{type: contains, value: a, not: true}", "a", "contains 'a'"},
        {"{type: contains, value: [a, b]}", "a", "does not contain 'a', 'b': 'b' is missing"},
        {"{type: words, max: 1}", "a b", "has too few or too many words: 2 words"},
        {"{type: levenshtein, value: kitten, threshold: 1}", "sitting",
         "is too far from 'kitten': 3 edits, at most 1 expected"},
        {"{threshold: 0.9, of: [{type: contains, value: a}, {type: contains, value: b}]}", "a",
         "0.500 of the weights, at least 0.9 expected; first: does not contain 'b'"},
    };
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct assert_result result = judge(&rig, rows[i].yaml, rows[i].answer);
        assert_false(result.passes);
        if (strstr(result.why, rows[i].why) == NULL)
            fail_msg("%s: %s", rows[i].yaml, result.why);
        arena_release(&rig.arena);
    }
}

static void weights_decide_a_set(void **state)
{
    static const char set[] = "{threshold: 0.66, of: [{type: contains, value: a, weight: 2}, "
                              "{type: contains, value: b}]}";
    struct rig rig;

    (void)state;
    assert_true(judge(&rig, set, "a").passes);
    arena_release(&rig.arena);
    assert_false(judge(&rig, set, "b").passes);
    arena_release(&rig.arena);
    assert_true(
        judge(&rig, "{of: [{type: contains, value: a, weight: 0}], threshold: 0}", "a").passes);
    arena_release(&rig.arena);
}

static void figures_are_asked_only_where_they_can_be_known(void **state)
{
    struct assert_subject subject = {.answer = VIEW("x")};
    struct assert_result result;
    struct assert_item item;
    struct rig rig;
    struct err err = {.code = 0};

    (void)state;
    assert_int_equal(read_demand(&rig, "{type: cost, max: 0.01}", &item), 0);
    assert_int_equal(assert_evaluate(&item, &subject, &rig.arena, &result, &err), 0);
    assert_true(result.passes); /* a text alone */
    subject.knows_figures = true;
    assert_int_equal(assert_evaluate(&item, &subject, &rig.arena, &result, &err), 0);
    assert_false(result.passes); /* nobody knows what it cost */
    subject.has_cost = true;
    subject.cost_nano_usd = 9000000;
    assert_int_equal(assert_evaluate(&item, &subject, &rig.arena, &result, &err), 0);
    assert_true(result.passes);
    subject.cost_nano_usd = 11000000;
    assert_int_equal(assert_evaluate(&item, &subject, &rig.arena, &result, &err), 0);
    assert_false(result.passes);
    arena_release(&rig.arena);
}

static void hostile_answers_end(void **state)
{
    enum { SIZE = 200000 };
    struct assert_subject subject = {.answer = VIEW("")};
    struct assert_result result;
    struct assert_item item;
    struct rig rig;
    struct err err = {.code = 0};
    static char text[SIZE];

    (void)state;
    memset(text, '[', SIZE);
    subject.answer = view_make(text, SIZE);
    assert_int_equal(read_demand(&rig, "{type: contains_json}", &item), 0);
    int code = assert_evaluate(&item, &subject, &rig.arena, &result, &err);
    assert_true(code == 0 || code == ERR_LIMIT);
    arena_release(&rig.arena);
    assert_int_equal(read_demand(&rig, "{type: levenshtein, value: x}", &item), 0);
    assert_int_equal(assert_evaluate(&item, &subject, &rig.arena, &result, &err), ERR_LIMIT);
    arena_release(&rig.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_with_a_demand_is_told),
        cmocka_unit_test(what_an_answer_lacks_is_said_in_words),
        cmocka_unit_test(weights_decide_a_set),
        cmocka_unit_test(figures_are_asked_only_where_they_can_be_known),
        cmocka_unit_test(hostile_answers_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
