/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of the tree in wire/json.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "wire/json.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct json *parse(const char *text)
{
    struct json *root = NULL;
    struct err err = {0};

    if (json_parse(&arena, view_of(text), &root, &err) != 0)
        fail_msg("%s: %s", text, err.text);
    return root;
}

static void assert_text(const struct json *value, const char *text)
{
    assert_true(json_is(value, JSON_STRING));
    assert_true(view_is(value->text, text));
}

static void every_value_knows_its_place_and_its_name(void **state)
{
    (void)state;
    const struct json *root = parse("{\n  \"\xe6\x97\xa5\": [ 1.50, \"x\" ],\n\t\"b\":{}}");
    const struct json *array = root->child;
    const struct json *number = array->child;

    assert_int_equal(root->line, 1);
    assert_int_equal(root->count, 2);
    assert_true(view_is(array->key, "\xe6\x97\xa5"));
    assert_int_equal(array->key_line, 2);
    assert_int_equal(array->key_column, 3);
    assert_int_equal(array->column, 8);
    assert_int_equal(array->at, 11);
    assert_int_equal(number->line, 2);
    assert_int_equal(number->column, 10);
    assert_true(view_is(number->text, "1.50"));
    assert_int_equal(array->next->key_line, 3);
    assert_int_equal(array->next->key_column, 2);
    assert_ptr_equal(root->last, array->next);
    assert_null(array->next->next);
}

static void the_tree_does_not_need_the_text_any_more(void **state)
{
    (void)state;
    char text[] = "{\"k\\u0041\\n\":\"plain\", \"s\":\"a\\tb\\ud83d\\ude00c\\\"\", \"n\":12345}";
    struct json *root = NULL;

    assert_int_equal(json_parse(&arena, view_of(text), &root, NULL), 0);
    memset(text, '!', sizeof text - 1);
    assert_text(json_get(root, "kA\n"), "plain");
    assert_text(json_get(root, "s"), "a\tb\xf0\x9f\x98\x80"
                                     "c\"");
    assert_int_equal(json_int(json_get(root, "n"), 0), 12345);
}

static void strings_and_numbers_end_in_nul(void **state)
{
    (void)state;
    const struct json *root = parse("[\"ab\",\"a\\nb\",\"\",12,-0.5e1]");

    for (const struct json *child = root->child; child != NULL; child = child->next)
        assert_int_equal(child->text.ptr[child->text.len], '\0');
    assert_int_equal(parse("7")->text.ptr[1], '\0');
}

static void of_members_with_one_name_the_last_counts(void **state)
{
    (void)state;
    const struct json *root = parse("{\"a\":1,\"b\":2,\"a\":3}");

    assert_int_equal(root->count, 3);
    assert_int_equal(json_int(json_get(root, "a"), 0), 3);
    assert_null(json_get(root, "c"));
    assert_null(json_get(NULL, "a"));
    assert_null(json_get(json_get(root, "a"), "a"));
}

static void a_path_leads_through_members_and_elements(void **state)
{
    (void)state;
    const struct json *root =
        parse("{\"output\":{\"content\":[{\"text\":\"hi\"},[5,[6]]]},\"a b\":1}");

    assert_text(json_path(root, view_of("output.content[0].text")), "hi");
    assert_int_equal(json_int(json_path(root, view_of("output.content[1][1][0]")), 0), 6);
    assert_int_equal(json_int(json_path(root, view_of("a b")), 0), 1);
    assert_ptr_equal(json_path(root, view_of("")), root);
    static const char *const missing[] = {
        "x",
        "output.x",
        "output[0]",
        "output.content[2]",
        "output.content[-1]",
        "output.content[0",
        "output.content[]",
        "output.content[0]text",
        "output..content",
        "output.content[99999999999999999999]",
        ".",
        "[",
        "output.content[0].text.x",
    };
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        assert_null(json_path(root, view_of(missing[i])));
    assert_null(json_path(NULL, view_of("x")));
}

static void reading_a_wrong_kind_gives_what_was_asked_for(void **state)
{
    (void)state;
    const struct json *root = parse("[null,true,false,\"t\"]");
    const struct json *null = root->child;

    assert_int_equal(json_int(null, -7), -7);
    assert_int_equal(json_int(NULL, -7), -7);
    assert_true(json_double(root->last, 2.5) == 2.5);
    assert_true(json_bool(null->next, false));
    assert_false(json_bool(null->next->next, true));
    assert_true(json_bool(null, true));
    assert_true(view_is(json_text(null, view_of("none")), "none"));
    assert_true(view_is(json_text(root->last, view_of("none")), "t"));
    assert_string_equal(json_kind_name(root->kind), "array");
    assert_string_equal(json_kind_name(null->next->kind), "boolean");
}

static void numbers_are_read_as_far_as_they_fit(void **state)
{
    (void)state;
    assert_int_equal(json_int(parse("9223372036854775807"), 0), INT64_MAX);
    assert_int_equal(json_int(parse("-9223372036854775808"), 0), INT64_MIN);
    assert_int_equal(json_int(parse("9223372036854775808"), 5), 5);
    assert_int_equal(json_int(parse("1e3"), 5), 1000);
    assert_int_equal(json_int(parse("12.50e1"), 5), 125);
    assert_int_equal(json_int(parse("1.0"), 5), 1);
    assert_int_equal(json_int(parse("-0"), 5), 0);
    assert_int_equal(json_int(parse("1.5"), 5), 5);
    assert_int_equal(json_int(parse("1e99999999999999999999"), 5), 5);
    assert_true(json_double(parse("0.1"), 0) == 0.1);
    assert_true(json_double(parse("1e308"), 0) == 1e308);
    assert_true(json_double(parse("1e400"), 3) == 3);
    assert_true(json_double(parse("1e-400"), 3) == 0);
    assert_true(json_double(parse("9007199254740993"), 0) == 9007199254740992.0);
}

static void values_made_by_hand_read_like_parsed_ones(void **state)
{
    (void)state;
    struct json *object = json_new(&arena, JSON_OBJECT);
    struct json *array = json_new(&arena, JSON_ARRAY);

    json_set(object, view_of("list"), array);
    json_append(array, json_new(&arena, JSON_TRUE));
    json_append(array, json_new_text(&arena, view_of("x")));
    assert_int_equal(array->count, 2);
    assert_text(json_path(object, view_of("list[1]")), "x");
    assert_true(json_bool(json_path(object, view_of("list[0]")), false));
}

static void memory_grows_with_the_document_only(void **state)
{
    (void)state;
    enum { ELEMENTS = 20000 };
    struct strbuf text;
    struct json *root;

    strbuf_init(&text, 1 << 20);
    strbuf_add_byte(&text, '[');
    for (size_t i = 0; i < ELEMENTS; i++)
        strbuf_add_text(&text, i == 0 ? "\"\\u0000\"" : ",\"\\u0000\"");
    strbuf_add_byte(&text, ']');
    assert_int_equal(json_parse(&arena, strbuf_view(&text), &root, NULL), 0);
    assert_int_equal(root->count, ELEMENTS);
    assert_true(arena.used < text.len + ELEMENTS * (sizeof(struct json) + 16) + (2 << 20));
    strbuf_release(&text);
}

static void a_full_arena_and_each_failed_allocation_are_errors(void **state)
{
    (void)state;
    const char *text = "[{\"a\":[1,2,3]},\"some text\",[[[[[[[]]]]]]],{\"b\":null}]";
    struct arena small;
    struct err err;
    struct json *root;

    arena_init(&small, 300);
    assert_int_equal(json_parse(&small, view_of(text), &root, &err), ERR_MEMORY);
    assert_string_equal(err.text, "no room for a JSON document of 53 bytes");
    arena_release(&small);

    arena_init(&small, 1 << 20);
    for (unsigned long n = 1;; n++) {
        mem_fail_at(n);
        int code = json_parse(&small, view_of(text), &root, NULL);
        mem_fail_at(0);
        arena_release(&small);
        if (code == 0)
            break;
        assert_int_equal(code, ERR_MEMORY);
        assert_true(n < 100);
    }
}

static void errors_of_the_scanner_are_errors_of_the_tree(void **state)
{
    (void)state;
    struct json *root = NULL;
    struct err err;

    assert_int_equal(json_parse(&arena, view_of("{\"a\":\n[1,,2]}"), &root, &err), ERR_SYNTAX);
    assert_string_equal(err.text, "2:4: expected a value, found ','");
    assert_null(root);
    assert_int_equal(json_parse(&arena, view_make(NULL, 0), &root, &err), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_knows_its_place_and_its_name),
        cmocka_unit_test(the_tree_does_not_need_the_text_any_more),
        cmocka_unit_test(strings_and_numbers_end_in_nul),
        cmocka_unit_test(of_members_with_one_name_the_last_counts),
        cmocka_unit_test(a_path_leads_through_members_and_elements),
        cmocka_unit_test(reading_a_wrong_kind_gives_what_was_asked_for),
        cmocka_unit_test(numbers_are_read_as_far_as_they_fit),
        cmocka_unit_test(values_made_by_hand_read_like_parsed_ones),
        cmocka_unit_test(memory_grows_with_the_document_only),
        cmocka_unit_test(a_full_arena_and_each_failed_allocation_are_errors),
        cmocka_unit_test(errors_of_the_scanner_are_errors_of_the_tree),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
