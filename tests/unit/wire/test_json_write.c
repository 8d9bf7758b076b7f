/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of the writer in wire/json.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "wire/json.h"

static struct strbuf out;
static struct json_writer writer;

static void start(unsigned indent)
{
    strbuf_release(&out);
    strbuf_init(&out, 1 << 20);
    json_writer_init(&writer, &out, indent);
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_release(&out);
    return 0;
}

static void write_all(void)
{
    json_write_object(&writer);
    json_write_key(&writer, "a");
    json_write_array(&writer);
    json_write_int(&writer, INT64_MIN);
    json_write_bool(&writer, true);
    json_write_null(&writer);
    json_write_end(&writer, ']');
    json_write_key(&writer, "b");
    json_write_object(&writer);
    json_write_end(&writer, '}');
    json_write_key_view(&writer, view_of("c"));
    json_write_raw(&writer, view_of("[1]"));
    json_write_key(&writer, "d");
    json_write_text(&writer, "x");
    json_write_end(&writer, '}');
}

static void commas_and_colons_come_by_themselves(void **state)
{
    (void)state;
    start(0);
    write_all();
    assert_string_equal(strbuf_text(&out),
                        "{\"a\":[-9223372036854775808,true,null],\"b\":{},\"c\":[1],\"d\":\"x\"}");
}

static void a_member_is_its_key_and_its_value(void **state)
{
    (void)state;
    start(0);
    json_write_object(&writer);
    json_member_string(&writer, "s", view_of("\n"));
    json_member_text(&writer, "t", "x");
    json_member_int(&writer, "i", -1);
    json_member_double(&writer, "d", 0.1);
    json_member_fixed(&writer, "f", 812345, 6);
    json_member_bool(&writer, "b", false);
    json_member_object(&writer, "o");
    json_member_array(&writer, "a");
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
    assert_string_equal(strbuf_text(&out), "{\"s\":\"\\n\",\"t\":\"x\",\"i\":-1,\"d\":0.1,"
                                           "\"f\":0.812345,\"b\":false,\"o\":{\"a\":[]}}");
}

static void an_indent_gives_a_line_to_each_value(void **state)
{
    (void)state;
    start(2);
    write_all();
    assert_string_equal(strbuf_text(&out), "{\n"
                                           "  \"a\": [\n"
                                           "    -9223372036854775808,\n"
                                           "    true,\n"
                                           "    null\n"
                                           "  ],\n"
                                           "  \"b\": {},\n"
                                           "  \"c\": [1],\n"
                                           "  \"d\": \"x\"\n"
                                           "}");
}

static void strings_escape_what_must_be_and_nothing_else(void **state)
{
    (void)state;
    static const char text[] = "\"\\/\b\f\n\r\t\x01\x1f\x7f\xe6\x97\xa5\0z";

    start(0);
    json_write_string(&writer, view_make(text, sizeof text - 1));
    assert_string_equal(strbuf_text(&out),
                        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xe6\x97\xa5\\u0000z\"");
}

static void invalid_utf8_becomes_the_replacement_character(void **state)
{
    (void)state;
    start(0);
    json_write_text(&writer, "a\xff\xe3\x81z\xed\xa0\x80");
    assert_string_equal(strbuf_text(&out), "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"
                                           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_true(json_valid(strbuf_view(&out), NULL));
}

static void assert_double(double value, const char *expected)
{
    start(0);
    json_write_double(&writer, value);
    assert_string_equal(strbuf_text(&out), expected);
}

static void doubles_have_their_shortest_spelling(void **state)
{
    (void)state;
    assert_double(0.1, "0.1");
    assert_double(0.1 + 0.2, "0.30000000000000004");
    assert_double(1.0, "1");
    assert_double(-0.0, "-0");
    assert_double(1e300, "1e+300");
    assert_double(5e-324, "4.94065645841247e-324");
    assert_double(NAN, "null");
    assert_double(-INFINITY, "null");
}

static void every_double_reads_back_the_same(void **state)
{
    (void)state;
    struct rng rng;
    uint64_t seed = 20;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (size_t i = 0; i < 20000; i++) {
        uint64_t bits = rng_next(&rng);
        double value;
        double back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        start(0);
        json_write_double(&writer, value);
        assert_int_equal(view_to_double(strbuf_view(&out), &back), 0);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void fixed_numbers_are_exact(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int decimals;
        const char *expected;
    } cases[] = {
        {812345, 6, "0.812345"},
        {1000000, 6, "1"},
        {-1500000, 6, "-1.5"},
        {0, 6, "0"},
        {5, 0, "5"},
        {-1, 18, "-0.000000000000000001"},
        {INT64_MIN, 2, "-92233720368547758.08"},
        {INT64_MAX, 18, "9.223372036854775807"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start(0);
        json_write_fixed(&writer, cases[i].value, cases[i].decimals);
        assert_string_equal(strbuf_text(&out), cases[i].expected);
    }
}

static void a_tree_is_written_as_it_was_read(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1.50,{\"b\":[]},\"\\n\"],\"a\":null,\"\":{\"c\":true,\"d\":false}}";
    struct arena arena;
    struct json *root;

    arena_init(&arena, 1 << 20);
    assert_int_equal(json_parse(&arena, view_of(text), &root, NULL), 0);
    start(0);
    json_write_tree(&writer, root);
    assert_string_equal(strbuf_text(&out), text);
    start(0);
    json_write_tree(&writer, root->child->child->next);
    assert_string_equal(strbuf_text(&out), "{\"b\":[]}");
    arena_release(&arena);
}

static void what_json_cannot_spell_as_a_number_is_a_string(void **state)
{
    (void)state;
    struct json value = {.kind = JSON_NUMBER, .text = VIEW("0x1F")};

    start(0);
    json_write_tree(&writer, &value);
    assert_string_equal(strbuf_text(&out), "\"0x1F\"");
}

static void a_tree_without_end_fails_at_the_depth_limit(void **state)
{
    (void)state;
    struct json value = {.kind = JSON_ARRAY, .count = 1};

    value.child = value.last = &value;
    start(0);
    json_write_tree(&writer, &value);
    assert_int_equal(strbuf_status(&out), ERR_LIMIT);
}

static void a_full_strbuf_and_failed_memory_stick(void **state)
{
    (void)state;
    strbuf_release(&out);
    strbuf_init(&out, 10);
    json_writer_init(&writer, &out, 0);
    write_all();
    assert_int_equal(strbuf_status(&out), ERR_LIMIT);
    start(0);
    mem_fail_at(1);
    write_all();
    mem_fail_at(0);
    assert_int_equal(strbuf_status(&out), ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_colons_come_by_themselves),
        cmocka_unit_test(a_member_is_its_key_and_its_value),
        cmocka_unit_test(an_indent_gives_a_line_to_each_value),
        cmocka_unit_test(strings_escape_what_must_be_and_nothing_else),
        cmocka_unit_test(invalid_utf8_becomes_the_replacement_character),
        cmocka_unit_test(doubles_have_their_shortest_spelling),
        cmocka_unit_test(every_double_reads_back_the_same),
        cmocka_unit_test(fixed_numbers_are_exact),
        cmocka_unit_test(a_tree_is_written_as_it_was_read),
        cmocka_unit_test(what_json_cannot_spell_as_a_number_is_a_string),
        cmocka_unit_test(a_tree_without_end_fails_at_the_depth_limit),
        cmocka_unit_test(a_full_strbuf_and_failed_memory_stick),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
