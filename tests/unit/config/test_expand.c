/* SPDX-License-Identifier: Apache-2.0
 *
 * References to the environment: what they become, and that no value ever shows in a message. */
#include "support.h"

#include "config/expand.h"

static bool lookup(void *context, struct view name, struct view *ret_value)
{
    (void)context;
    if (view_is(name, "HOST")) {
        *ret_value = view_of("example.test");
        return true;
    }
    if (view_is(name, "EMPTY")) {
        *ret_value = view_of("");
        return true;
    }
    if (view_is(name, "NESTED")) {
        *ret_value = view_of("${HOST}");
        return true;
    }
    return false;
}

static const char *expanded(struct arena *arena, const char *yaml)
{
    struct problems problems;
    struct json *root = yaml_of(arena, yaml);

    problems_init(&problems, arena, view_of("t.yaml"));
    assert_int_equal(config_expand(arena, root, lookup, NULL, &problems), 0);
    return as_json(arena, root);
}

static const char *problems_of(struct arena *arena, const char *yaml)
{
    struct problems problems;
    struct json *root = yaml_of(arena, yaml);

    problems_init(&problems, arena, view_of("t.yaml"));
    assert_int_equal(config_expand(arena, root, lookup, NULL, &problems), ERR_CONFIG);
    return all_problems(arena, &problems);
}

static void references_are_replaced_wherever_they_stand_in_a_value(void **state)
{
    assert_string_equal(expanded(*state, "url: https://${HOST}/v1?h=${HOST}"),
                        "{\"url\":\"https://example.test/v1?h=example.test\"}");
    assert_string_equal(expanded(*state, "[[{a: \"${HOST}\"}], 5]"),
                        "[[{\"a\":\"example.test\"}],5]");
}

static void a_default_counts_where_the_variable_is_not_set_or_empty(void **state)
{
    assert_string_equal(expanded(*state, "['${NOPE:-x y}', '${EMPTY:-z}', '${HOST:-z}']"),
                        "[\"x y\",\"z\",\"example.test\"]");
    assert_string_equal(expanded(*state, "['${NOPE:-}', '${EMPTY}']"), "[\"\",\"\"]");
}

static void two_dollars_before_a_brace_stand_for_the_characters_as_they_are(void **state)
{
    assert_string_equal(expanded(*state, "['$${HOST}', 'a$b', '$', '$$', '$${', '${HOST}$${x}']"),
                        "[\"${HOST}\",\"a$b\",\"$\",\"$$\",\"${\",\"example.test${x}\"]");
}

static void what_was_expanded_is_neither_expanded_again_nor_read_as_yaml(void **state)
{
    assert_string_equal(expanded(*state, "[\"${NESTED}\", \"${NOPE:-5}\", \"${NOPE:-[1]}\"]"),
                        "[\"${HOST}\",\"5\",\"[1]\"]");
}

static void keys_are_left_alone(void **state)
{
    assert_string_equal(expanded(*state, "\"${HOST}\": 1"), "{\"${HOST}\":1}");
}

static void aliases_of_an_escaped_text_are_expanded_once_each(void **state)
{
    assert_string_equal(expanded(*state, "a: &x '$${HOST}'\nb: *x\n"),
                        "{\"a\":\"${HOST}\",\"b\":\"${HOST}\"}");
}

static void what_is_wrong_is_told_with_its_place_all_of_it_and_without_the_value(void **state)
{
    const char *text =
        problems_of(*state, "api_key: hidden${NOPE}\nb: 'hidden${open'\nc: 'hidden${a b}'\n"
                            "d: '${}'\ne: '${1A}'\n");

    assert_contains(text, "t.yaml:1:10: the environment variable 'NOPE' is not set: set it, or "
                          "give a default as in ${NAME:-default}");
    assert_contains(text, "t.yaml:2:4: ${ without }");
    assert_contains(text, "t.yaml:3:4: ${...} takes the name of an environment variable");
    assert_contains(text, "t.yaml:4:4: ");
    assert_contains(text, "t.yaml:5:4: ");
    assert_null(strstr(text, "hidden"));
}

static void without_a_lookup_no_variable_is_set(void **state)
{
    struct problems problems;
    struct json *root = yaml_of(*state, "a: ${HOST}");

    problems_init(&problems, *state, view_of("t.yaml"));
    assert_int_equal(config_expand(*state, root, NULL, NULL, &problems), ERR_CONFIG);
}

static void a_value_past_its_limit_is_refused(void **state)
{
    struct problems problems;
    struct json *root = yaml_of(*state, "a: 1");
    struct strbuf text;

    strbuf_init(&text, 4 * 1024 * 1024);
    for (int i = 0; i < 100000; i++)
        strbuf_add_text(&text, "${HOST}");
    root->child->kind = JSON_STRING;
    root->child->text = strbuf_view(&text);
    problems_init(&problems, *state, view_of("t.yaml"));
    assert_int_equal(config_expand(*state, root, lookup, NULL, &problems), ERR_CONFIG);
    assert_contains(problems.items[0].text, "longer than 1 MiB once expanded");
    strbuf_release(&text);
}

static void an_escaped_reference_is_no_reference(void **state)
{
    (void)state;
    assert_true(config_has_reference(view_of("a${B}")));
    assert_false(config_has_reference(view_of("a$${B}")));
    assert_true(config_has_reference(view_of("$${A}${B}")));
    assert_false(config_has_reference(view_of("sk-123")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(references_are_replaced_wherever_they_stand_in_a_value),
        ARENA_TEST(a_default_counts_where_the_variable_is_not_set_or_empty),
        ARENA_TEST(two_dollars_before_a_brace_stand_for_the_characters_as_they_are),
        ARENA_TEST(what_was_expanded_is_neither_expanded_again_nor_read_as_yaml),
        ARENA_TEST(keys_are_left_alone),
        ARENA_TEST(aliases_of_an_escaped_text_are_expanded_once_each),
        ARENA_TEST(what_is_wrong_is_told_with_its_place_all_of_it_and_without_the_value),
        ARENA_TEST(without_a_lookup_no_variable_is_set),
        ARENA_TEST(a_value_past_its_limit_is_refused),
        ARENA_TEST(an_escaped_reference_is_no_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
