/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong, collected. */
#include "support.h"

static void problems_of_a_file_stand_in_the_order_of_their_places(void **state)
{
    struct problems problems;
    struct err err = {.code = 0};

    problems_init(&problems, *state, view_of("a.yaml"));
    assert_int_equal(problems_status(&problems, &err), 0);
    assert_int_equal(problems_add(&problems, 9, 2, "last"), ERR_CONFIG);
    assert_int_equal(problems_add(&problems, 3, 7, "second"), ERR_CONFIG);
    assert_int_equal(problems_add(&problems, 3, 1, "first %d", 1), ERR_CONFIG);
    problems.file = view_of("b.yaml");
    assert_int_equal(problems_add(&problems, 1, 1, "other file"), ERR_CONFIG);
    assert_int_equal(problems_status(&problems, &err), ERR_CONFIG);
    assert_string_equal(err.text, "a.yaml:3:1: first 1\na.yaml:3:7: second\na.yaml:9:2: last\n"
                                  "b.yaml:1:1: other file");
}

static void twenty_are_kept_and_the_others_counted(void **state)
{
    struct problems problems;
    struct err err;

    problems_init(&problems, *state, view_of("a.yaml"));
    for (unsigned i = 1; i <= 50; i++)
        problems_add(&problems, i, 1, "bad");
    assert_int_equal(problems.count, 20);
    assert_int_equal(problems.total, 50);
    assert_int_equal(problems_status(&problems, &err), ERR_CONFIG);
    assert_contains(err.text, "a.yaml:20:1: bad\nand 30 more");
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct problems problems;
    struct err err;
    struct strbuf text;

    strbuf_init(&text, 10000);
    for (int i = 0; i < 1000; i++)
        strbuf_add_text(&text, "少");
    problems_init(&problems, *state, view_of("a"));
    for (int i = 0; i < 3; i++)
        problems_add(&problems, 1, 1, "%s", strbuf_text(&text));
    assert_int_equal(problems_status(&problems, &err), ERR_CONFIG);
    assert_true(strlen(err.text) < ERR_TEXT_MAX);
    assert_string_equal(problems_quote(strbuf_view(&text)).text, "'少少少少少少少少少少少少少…'");
    strbuf_release(&text);
}

static void a_quoted_value_stays_on_one_line(void **state)
{
    (void)state;
    assert_string_equal(problems_quote(view_of("a\nb\tc\x7f")).text, "'a b c '");
}

static void what_came_from_the_command_line_says_so(void **state)
{
    struct problems problems;

    problems_init(&problems, *state, view_of("a.yaml"));
    problems_add(&problems, 0, 0, "no such thing");
    assert_string_equal(problems.items[0].text, "--set: no such thing");
}

static void running_out_of_memory_is_remembered_as_that(void **state)
{
    struct arena tiny;
    struct problems problems;
    struct err err = {.code = 0};
    (void)state;

    arena_init(&tiny, 1);
    problems_init(&problems, &tiny, view_of("a.yaml"));
    assert_int_equal(problems_add(&problems, 1, 1, "bad"), ERR_MEMORY);
    assert_int_equal(problems_status(&problems, &err), ERR_MEMORY);
    arena_release(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ARENA_TEST(problems_of_a_file_stand_in_the_order_of_their_places),
        ARENA_TEST(twenty_are_kept_and_the_others_counted),
        ARENA_TEST(long_texts_are_cut_between_characters),
        ARENA_TEST(a_quoted_value_stays_on_one_line),
        ARENA_TEST(what_came_from_the_command_line_says_so),
        ARENA_TEST(running_out_of_memory_is_remembered_as_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
