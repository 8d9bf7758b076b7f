/* SPDX-License-Identifier: Apache-2.0
 *
 * YAML into the tree: what each construct becomes, where it stands, and what is refused, where and
 * with which remedy. */
#include "support.h"

#include "base/mem.h"

struct pair {
    const char *yaml;
    const char *expected;
};

static void check_trees(struct arena *arena, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_string_equal(as_json(arena, yaml_of(arena, pairs[i].yaml)), pairs[i].expected);
}

static void check_errors(struct arena *arena, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json *root;
        struct err err = {.code = 0};
        int code = yaml_parse(arena, view_of("t.yaml"), view_of(pairs[i].yaml), &root, &err);
        if (code != ERR_CONFIG)
            fail_msg("accepted: %s", pairs[i].yaml);
        assert_contains(err.text, pairs[i].expected);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void plain_scalars_follow_the_core_schema_so_no_and_on_are_texts(void **state)
{
    static const struct pair pairs[] = {
        {"[no, on, yes, off, y, n, No, ON]",
         "[\"no\",\"on\",\"yes\",\"off\",\"y\",\"n\",\"No\",\"ON\"]"},
        {"[null, Null, NULL, ~, true, True, TRUE, false, False, FALSE]",
         "[null,null,null,null,true,true,true,false,false,false]"},
        {"a:", "{\"a\":null}"},
        {"[nULL, tRUE, 12:30, 2026-11-23, 1_000, 0b1, 0xG, 0o8, 0o, 0x, 1e, e1, ., +, -, 1.2.3]",
         "[\"nULL\",\"tRUE\",\"12:30\",\"2026-11-23\",\"1_000\",\"0b1\",\"0xG\",\"0o8\",\"0o\","
         "\"0x\",\"1e\",\"e1\",\".\",\"+\",\"-\",\"1.2.3\"]"},
        {"[.infinity, -.nan, inf, nan]", "[\".infinity\",\"-.nan\",\"inf\",\"nan\"]"},
    };
    check_trees(*state, pairs, COUNT(pairs));
}

static void numbers_become_spellings_that_json_reads(void **state)
{
    static const struct pair pairs[] = {
        {"[0, -0, 7, +5, 007, -012, 000]", "[0,-0,7,5,7,-12,0]"},
        {"[0x1F, 0xff, 0o17, 0xFFFFFFFFFFFFFFFF]", "[31,255,15,18446744073709551615]"},
        {"[.5, +.5, -.5, 5., 00.50, 1.10]", "[0.5,0.5,-0.5,5,0.50,1.10]"},
        {"[1e3, 1E+3, .5e-2, 5.e2, -1.25e02]", "[1e3,1E+3,0.5e-2,5e2,-1.25e02]"},
        {"[!!int \"5\", !!float '.5', !!str 5, ! 5, !!null '', !!bool \"true\"]",
         "[5,0.5,\"5\",\"5\",null,true]"},
    };
    struct json *root = yaml_of(*state, "[0x1F, +5, .5]");

    check_trees(*state, pairs, COUNT(pairs));
    assert_int_equal(json_int(root->child, 0), 31);
    assert_int_equal(json_int(root->child->next, 0), 5);
    assert_true(json_double(root->last, 0) == 0.5);
}

static void quoted_and_block_scalars_are_texts(void **state)
{
    static const struct pair pairs[] = {
        {"['1', \"true\", 'it''s', \"\\x41\\n\\u5c11\"]", "[\"1\",\"true\",\"it's\",\"A\\n少\"]"},
        {"a: |\n  5\n  6\nb: >-\n  x\n  y\n", "{\"a\":\"5\\n6\\n\",\"b\":\"x y\"}"},
        {"鬼滅: 少年 # a comment", "{\"鬼滅\":\"少年\"}"},
    };
    check_trees(*state, pairs, COUNT(pairs));
}

static void keys_are_texts_as_they_are_written(void **state)
{
    static const struct pair pairs[] = {
        {"{1: a, true: b, ~: c, 0x1F: d, \"x y\": e}",
         "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"0x1F\":\"d\",\"x y\":\"e\"}"},
        {"&k name: 1\nother: *k\n", "{\"name\":1,\"other\":\"name\"}"},
        {"a: &v text\n*v : 1\n", "{\"a\":\"text\",\"text\":1}"},
    };
    check_trees(*state, pairs, COUNT(pairs));
}

static void an_empty_document_is_null(void **state)
{
    static const struct pair pairs[] = {
        {"", "null"},           {"# nothing\n", "null"},
        {"---\n...\n", "null"}, {"\xef\xbb\xbf", "null"},
        {"--- 5\n...\n", "5"},
    };
    check_trees(*state, pairs, COUNT(pairs));
}

static void aliases_are_copies_and_merge_keys_fill_what_is_missing(void **state)
{
    static const struct pair pairs[] = {
        {"a: &x {p: 1, q: [2]}\nb: *x\n", "{\"a\":{\"p\":1,\"q\":[2]},\"b\":{\"p\":1,\"q\":[2]}}"},
        {"a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x, r: 4}\n",
         "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"r\":4,\"p\":1}}"},
        {"a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n",
         "{\"a\":{\"p\":1},\"b\":{\"p\":2,\"q\":2},\"c\":{\"p\":1,\"q\":2}}"},
        {"a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y}\n",
         "{\"a\":{\"p\":1},\"b\":{\"q\":2,\"p\":1},\"c\":{\"q\":2,\"p\":1}}"},
        {"{\"<<\": 5}", "{\"<<\":5}"},
        {"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
    };
    check_trees(*state, pairs, COUNT(pairs));
}

static void every_key_and_value_knows_its_line_and_column_in_characters(void **state)
{
    const struct json *root = yaml_of(*state, "a: 1\n少年:   {b: [x,  yy]}\n");
    const struct json *second = root->last;
    const struct json *list = second->child;

    assert_int_equal(second->key_line, 2);
    assert_int_equal(second->key_column, 1);
    assert_int_equal(second->line, 2);
    assert_int_equal(second->column, 7);
    assert_int_equal(list->key_column, 8);
    assert_int_equal(list->column, 11);
    assert_int_equal(list->last->column, 16);
}

static void an_alias_stands_where_it_is_written(void **state)
{
    const struct json *root = yaml_of(*state, "a: &x {p: 1}\nb: *x\n");

    assert_int_equal(root->last->line, 2);
    assert_int_equal(root->last->column, 4);
    assert_int_equal(root->last->child->line, 1);
}

static void a_duplicate_key_names_both_lines(void **state)
{
    static const struct pair pairs[] = {
        {"model: a\nregion: b\nmodel: c\n",
         "t.yaml:3:1: duplicate key 'model', first given at line 1: keep one of them"},
        {"x:\n  a: 1\n  \"a\": 2\n", "t.yaml:3:3: duplicate key 'a', first given at line 2"},
        {"k0: 0\nk1: 0\nk2: 0\nk3: 0\nk4: 0\nk5: 0\nk6: 0\nk7: 0\nk8: 0\nk9: 0\nl0: 0\nl1: 0\n"
         "l2: 0\nl3: 0\nl4: 0\nl5: 0\nl6: 0\nk3: 0\n",
         "t.yaml:18:1: duplicate key 'k3', first given at line 4"},
    };
    check_errors(*state, pairs, COUNT(pairs));
}

static void malformed_yaml_is_refused_with_place_and_remedy(void **state)
{
    static const struct pair pairs[] = {
        {"a:\n\tb: 1\n", "t.yaml:2:1: "},
        {"a:\n\tb: 1\n", "indent with spaces, not with tabs"},
        {"a: 1\n  b: 2\n", "t.yaml:2:4: mapping values are not allowed"},
        {"a: 1\n  b: 2\n", "check the indentation, or quote a text that holds ': '"},
        {"a: [1, 2\nb: 3\n", "close the list with ']'"},
        {"a: {b: 1\n", "close the mapping with '}'"},
        {"a: \"open\n", "a quote that was opened is never closed"},
        {"a: 'open\nb: 1\n", "that began at line 1"},
        {"a: @x\n", "t.yaml:1:4: found character that cannot start any token"},
        {"a: @x\n", "quote a text that starts with @, ` or %"},
        {"a: \"\\q\"\n", "write \\\\ for a backslash"},
        {"- 1\nb: 2\n", "list items start in one column"},
        {"a: 1\n b\nc: 2\n- d\n", "t.yaml:4:1: "},
        {"a: *nobody\n", "t.yaml:1:4: this alias names no anchor"},
        {"a: &x [*x]\n", "t.yaml:1:8: this alias stands inside what it names"},
        {"a: !custom 1\n", "t.yaml:1:4: this tag is not understood: remove it"},
        {"a: !!int x\n", "t.yaml:1:4: the value does not fit its tag"},
        {"a: !!map [1]\n", "t.yaml:1:4: the value does not fit its tag"},
        {"[a]: 1\n", "t.yaml:1:1: a key must be a text"},
        {"{{name}}: 1\n", "a key must be a text, not a list or a mapping: quote it"},
        {"a: {{name}}\n", "t.yaml:1:5: a key must be a text"},
        {"a: .inf\n", "t.yaml:1:4: infinity and not-a-number are no values here"},
        {"a: -.INF\n", "infinity"},
        {"a: .NaN\n", "infinity"},
        {"a: 0x10000000000000000\n", "t.yaml:1:4: this number needs more than 64 bits"},
        {"a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document starts here"},
        {"%YAML 3.0\n--- a\n", "write YAML 1.2"},
        {"a: &x {p: 1}\nb: {<<: 5}\n", "t.yaml:2:9: '<<' takes a mapping"},
        {"b: {<<: [5]}\n", "'<<' takes a mapping"},
        {"a: &x {p: 1}\nb: {<<: *x, <<: *x}\n", "t.yaml:2:13: a second '<<' in one mapping"},
    };
    check_errors(*state, pairs, COUNT(pairs));
}

static void bytes_that_are_no_utf8_text_are_refused_where_they_stand(void **state)
{
    static const struct pair pairs[] = {
        {"a: 1\nb: 少\xff\n", "t.yaml:2:5: a byte that is not UTF-8: save the file as UTF-8"},
        {"\xff\xfe"
         "a",
         "t.yaml:1:1: this is UTF-16: save the file as UTF-8"},
        {"a: 1\nb: 少\x01\n", "t.yaml:2:5: a control character stands here"},
    };
    struct json *root;
    struct err err;

    check_errors(*state, pairs, COUNT(pairs));
    assert_int_equal(yaml_parse(*state, view_of("t"), view_make("a: \0b", 5), &root, &err),
                     ERR_CONFIG);
    assert_contains(err.text, "t:1:4: a control character stands here");
}

static void nesting_ends_at_a_hundred(void **state)
{
    struct strbuf deep;
    struct json *root;
    struct err err = {.code = 0};

    strbuf_init(&deep, 1000);
    strbuf_add_repeated(&deep, '[', 100);
    strbuf_add_repeated(&deep, ']', 100);
    assert_int_equal(yaml_parse(*state, view_of("t"), strbuf_view(&deep), &root, &err), 0);
    strbuf_reset(&deep);
    strbuf_add_repeated(&deep, '[', 101);
    strbuf_add_repeated(&deep, ']', 101);
    assert_int_equal(yaml_parse(*state, view_of("t"), strbuf_view(&deep), &root, &err), ERR_CONFIG);
    assert_string_equal(err.text, "t:1:101: nested more than 100 deep");
    strbuf_release(&deep);
}

static void aliases_cannot_nest_deeper_than_writing_can(void **state)
{
    struct strbuf chain;
    struct json *root;
    struct err err = {.code = 0};

    strbuf_init(&chain, 100000);
    strbuf_add_text(&chain, "a0: &a0 [x]\n");
    for (int i = 1; i < 200; i++)
        strbuf_printf(&chain, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    assert_int_equal(yaml_parse(*state, view_of("t"), strbuf_view(&chain), &root, &err),
                     ERR_CONFIG);
    assert_contains(err.text, "nested more than 100 deep");
    strbuf_release(&chain);
}

static void a_billion_laughs_end_at_a_million_values(void **state)
{
    struct strbuf laughs;
    struct json *root;
    struct err err = {.code = 0};

    strbuf_init(&laughs, 100000);
    strbuf_add_text(&laughs, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (int i = 1; i < 10; i++) {
        strbuf_printf(&laughs, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            strbuf_printf(&laughs, "*a%d,", i - 1);
        strbuf_add_text(&laughs, "]\n");
    }
    assert_int_equal(yaml_parse(*state, view_of("t"), strbuf_view(&laughs), &root, &err),
                     ERR_CONFIG);
    assert_contains(err.text, "more than 1,000,000 values");
    strbuf_release(&laughs);
}

static void more_than_64_mib_is_refused_before_it_is_read(void **state)
{
    struct json *root;
    struct err err = {.code = 0};
    char byte = ' ';

    assert_int_equal(
        yaml_parse(*state, view_of("t"), view_make(&byte, YAML_SIZE_MAX + 1), &root, &err),
        ERR_CONFIG);
    assert_string_equal(err.text, "t:1:1: larger than 64 MiB: split the file");
}

static void a_mapping_of_many_keys_is_read_in_order(void **state)
{
    struct strbuf text;
    struct json *root;

    strbuf_init(&text, 10000000);
    for (int i = 0; i < 20000; i++)
        strbuf_printf(&text, "key%d: %d\n", i, i);
    root = yaml_of(*state, strbuf_text(&text));
    assert_int_equal(root->count, 20000);
    assert_int_equal(json_int(root->last, 0), 19999);
    strbuf_release(&text);
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
    const char *text = "a: &x {p: 1, q: 0x1F, r: +5}\nb: {<<: *x}\nc: [*x, \"t\"]\n"
                       "d: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, "
                       "l: 1, m: 1, n: 1, o: 1, p: 1, q: 1}\n";
    int failures = 0;
    (void)state;

    for (unsigned long n = 1; n < 100; n++) {
        struct arena arena;
        struct json *root;
        struct err err = {.code = 0};
        arena_init(&arena, TEST_ARENA_MAX);
        mem_fail_at(n);
        int code = yaml_parse(&arena, view_of("t"), view_of(text), &root, &err);
        mem_fail_at(0);
        arena_release(&arena);
        assert_true(code == 0 || code == ERR_MEMORY);
        failures += code != 0;
    }
    assert_true(failures > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(plain_scalars_follow_the_core_schema_so_no_and_on_are_texts),
        ARENA_TEST(numbers_become_spellings_that_json_reads),
        ARENA_TEST(quoted_and_block_scalars_are_texts),
        ARENA_TEST(keys_are_texts_as_they_are_written),
        ARENA_TEST(an_empty_document_is_null),
        ARENA_TEST(aliases_are_copies_and_merge_keys_fill_what_is_missing),
        ARENA_TEST(every_key_and_value_knows_its_line_and_column_in_characters),
        ARENA_TEST(an_alias_stands_where_it_is_written),
        ARENA_TEST(a_duplicate_key_names_both_lines),
        ARENA_TEST(malformed_yaml_is_refused_with_place_and_remedy),
        ARENA_TEST(bytes_that_are_no_utf8_text_are_refused_where_they_stand),
        ARENA_TEST(nesting_ends_at_a_hundred),
        ARENA_TEST(aliases_cannot_nest_deeper_than_writing_can),
        ARENA_TEST(a_billion_laughs_end_at_a_million_values),
        ARENA_TEST(more_than_64_mib_is_refused_before_it_is_read),
        ARENA_TEST(a_mapping_of_many_keys_is_read_in_order),
        ARENA_TEST(a_failed_allocation_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
