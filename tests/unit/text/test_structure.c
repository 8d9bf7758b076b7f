/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/structure.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/strbuf.h"
#include "text/structure.h"

static struct structure_result check(enum structure_format format, bool fenced, unsigned elements,
                                     const char *text)
{
    const struct structure_spec spec = {.format = format, .fenced = fenced, .elements = elements};
    struct structure_result result;

    structure_check(&spec, view_of(text), &result);
    assert_int_equal(result.why[0] == '\0', result.ok);
    return result;
}

static struct structure_result json(bool fenced, const char *text)
{
    return check(STRUCTURE_JSON, fenced, 0, text);
}

static struct structure_result markdown(unsigned elements, const char *text)
{
    return check(STRUCTURE_MARKDOWN, false, elements, text);
}

static void json_is_the_whole_answer_and_strict(void **state)
{
    (void)state;

    assert_true(json(false, "{\"a\": [1, 2]}\n").ok);
    assert_int_equal(json(false, "{\"a\": 1}").score_micro, 1000000);
    assert_false(json(false, "Sure! {\"a\": 1}").ok);
    assert_false(json(false, "```json\n{\"a\": 1}\n```").ok);
    assert_false(json(true, "").ok);
    struct structure_result result = json(false, "{\"a\":\n 1,}");
    assert_false(result.ok);
    assert_int_equal(result.score_micro, 0);
    assert_non_null(strstr(result.why, "2:4"));
}

static void one_fenced_block_counts_where_it_is_allowed(void **state)
{
    (void)state;
    struct structure_result result =
        json(true, "Here you are:\n\n```json\n{\"a\": 1}\n```\nEnjoy!");

    assert_true(result.ok);
    assert_true(view_is(result.json, "{\"a\": 1}\n"));
    assert_true(json(true, "{\"a\": \"```\"}").ok);
    assert_true(json(true, "~~~\n[1]\n~~~").ok);
    assert_false(json(true, "```\n[1]\n```\n```\n[2]\n```").ok);
    assert_false(json(true, "```\n[1]\n").ok);
    assert_false(json(true, "```json\n{a: 1}\n```").ok);
}

static void markdown_elements_are_found_by_a_parser_not_by_their_look(void **state)
{
    (void)state;

    assert_true(markdown(STRUCTURE_HEADING, "# Title\n\ntext").ok);
    assert_false(markdown(STRUCTURE_HEADING, "#hashtag").ok);
    assert_false(markdown(STRUCTURE_HEADING, "```\n# comment\n```").ok);
    assert_true(markdown(STRUCTURE_LIST, "- a\n- b").ok);
    assert_true(markdown(STRUCTURE_LIST, "1. 一\n2. 二").ok);
    assert_true(markdown(STRUCTURE_CODE, "use `x`").ok);
    assert_true(markdown(STRUCTURE_LINK, "[a](https://example.com)").ok);
    assert_false(markdown(STRUCTURE_LINK, "[a] (b)").ok);
}

static void tables_need_their_delimiter_row(void **state)
{
    (void)state;

    assert_true(markdown(STRUCTURE_TABLE, "text\n\n| 巻 | 価格 |\n|---|:-:|\n| 1 | 600円 |").ok);
    assert_true(markdown(STRUCTURE_TABLE, "a | b\n--|--\n1 | 2").ok);
    assert_false(markdown(STRUCTURE_TABLE, "| a | b |\n| 1 | 2 |").ok);
    assert_false(markdown(STRUCTURE_TABLE, "| a | b |\n|---|\n").ok);
    assert_false(markdown(STRUCTURE_TABLE, "```\n| a | b |\n|---|---|\n```").ok);
}

/* In time: were the lines counted anew for each paragraph, this would take minutes. */
static void a_table_is_found_behind_any_number_of_paragraphs(void **state)
{
    static const char table[] = "> x\n\n| a | b |\n| - | - |\n";
    const struct structure_spec spec = {.format = STRUCTURE_MARKDOWN, .elements = STRUCTURE_TABLE};
    struct structure_result result;
    struct strbuf text;

    (void)state;
    strbuf_init(&text, STRUCTURE_MARKDOWN_MAX);
    while (text.len + sizeof table + 3 <= STRUCTURE_MARKDOWN_MAX)
        strbuf_add_text(&text, "a\n\n");
    structure_check(&spec, strbuf_view(&text), &result);
    assert_false(result.ok);
    strbuf_add_text(&text, table);
    structure_check(&spec, strbuf_view(&text), &result);
    assert_true(result.ok);
    strbuf_release(&text);
}

static void by_default_any_block_will_do_but_plain_paragraphs(void **state)
{
    (void)state;

    assert_true(markdown(0, "> quoted").ok);
    assert_true(markdown(0, "a | b\n--|--\n1 | 2").ok);
    assert_false(markdown(0, "Plain.\n\n**Bold** and [link](x).").ok);
    assert_false(markdown(0, "").ok);
}

static void the_score_is_the_share_of_what_was_asked_for(void **state)
{
    struct structure_result result =
        markdown(STRUCTURE_HEADING | STRUCTURE_LIST | STRUCTURE_TABLE, "# Title\n\n- a");
    (void)state;

    assert_int_equal(result.score_micro, 666667);
    assert_int_equal(result.missing, STRUCTURE_TABLE);
    assert_string_equal(result.why, "missing in the Markdown: table");
}

static void text_is_always_text(void **state)
{
    (void)state;

    assert_true(check(STRUCTURE_TEXT, false, 0, "").ok);
}

static void names_are_known(void **state)
{
    enum structure_format format = STRUCTURE_TEXT;
    (void)state;

    assert_int_equal(structure_element_named(view_of("table")), STRUCTURE_TABLE);
    assert_int_equal(structure_element_named(view_of("tables")), 0);
    assert_int_equal(structure_format_named(view_of("markdown"), &format), 0);
    assert_int_equal(format, STRUCTURE_MARKDOWN);
    assert_int_equal(structure_format_named(view_of("yaml"), &format), ERR_INVALID);
}

static void of_json_people_read_the_strings(void **state)
{
    struct arena arena;
    struct view prose;
    (void)state;

    arena_init(&arena, 1 << 20);
    assert_int_equal(
        structure_prose(&arena, view_of("{\"title\": \"鬼滅\\u306e刃\", \"n\": [1, \"good\"]}"),
                        &prose),
        0);
    assert_true(view_is(prose, "鬼滅の刃\ngood\n"));
    assert_int_equal(structure_prose(&arena, view_of("```json\n[\"a\"]\n```"), &prose), 0);
    assert_true(view_is(prose, "a\n"));
    assert_int_equal(structure_prose(&arena, view_of("{no json"), &prose), 0);
    assert_true(view_is(prose, "{no json"));
    assert_int_equal(structure_prose(&arena, view_of("Hello"), &prose), 0);
    assert_true(view_is(prose, "Hello"));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_the_whole_answer_and_strict),
        cmocka_unit_test(one_fenced_block_counts_where_it_is_allowed),
        cmocka_unit_test(markdown_elements_are_found_by_a_parser_not_by_their_look),
        cmocka_unit_test(tables_need_their_delimiter_row),
        cmocka_unit_test(a_table_is_found_behind_any_number_of_paragraphs),
        cmocka_unit_test(by_default_any_block_will_do_but_plain_paragraphs),
        cmocka_unit_test(the_score_is_the_share_of_what_was_asked_for),
        cmocka_unit_test(text_is_always_text),
        cmocka_unit_test(names_are_known),
        cmocka_unit_test(of_json_people_read_the_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
