/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of report/compare.h and report/columns.h: comparisons show what models wrote as
 * data, and fit the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "report/columns.h"
#include "report/compare.h"
#include "wire/json.h"

enum { ENTRIES = 40 };

static const char hostile[] =
    "<script>alert(1)</script> | x | @everyone `rm` ]]> \x1b[31m \x07 ``` [a](http://b) \xff\xfe "
    "\xe2\x80\xae日本語 \"quoted\" \\ &amp;\n# heading\n| a | b |";

struct side {
    struct run run;
    struct run_entry entries[ENTRIES];
    struct sample samples[ENTRIES];
};

static struct side sides[2];
static char ids[ENTRIES][16];
static struct arena arena;
static struct comparison comparison;

static int set_up(void **state)
{
    struct compare_options options = {.names = {VIEW("one\x1b"), VIEW("<other>")}, .seed = 1};
    struct err err = {0};
    (void)state;

    arena_init(&arena, (size_t)1 << 28);
    for (size_t side = 0; side < 2; side++) {
        sides[side].run = (struct run){.suite = VIEW("shop"),
                                       .scorer = VIEW("none"),
                                       .entries = sides[side].entries,
                                       .entry_count = ENTRIES};
        for (size_t i = 0; i < ENTRIES; i++) {
            snprintf(ids[i], sizeof ids[i], "id|<%zu>", i);
            sides[side].samples[i] = (struct sample){
                .asked = true,
                .scored = true,
                .answer.reply.text = side == 0 ? view_make(hostile, sizeof hostile - 1)
                                               : view_of("a tame answer of the other side"),
                .language = VIEW("en"),
            };
            sides[side].entries[i] = (struct run_entry){.id = view_of(ids[i]),
                                                        .target = VIEW("sim"),
                                                        .samples = &sides[side].samples[i],
                                                        .sample_count = 1,
                                                        .scored_count = 1,
                                                        .passed = side == 0,
                                                        .score = score_absent()};
            sides[side].entries[i].score.total_micro = 500000 + (int32_t)(side * 1000 * i);
        }
    }
    return compare_runs(&sides[0].run, &sides[1].run, &options, &arena, &comparison, &err);
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct strbuf written(const char *format, bool color, unsigned columns, enum compare_by by)
{
    struct compare_report_options options = {
        .assay_version = "1", .color = color, .columns = columns, .by = by, .limit = ENTRIES};
    struct strbuf out;

    strbuf_init(&out, 1 << 26);
    compare_format_named(view_of(format))->write(&comparison, &options, &out);
    assert_int_equal(strbuf_status(&out), 0);
    return out;
}

static size_t widest_line(struct view text)
{
    size_t widest = 0;

    while (text.ptr != NULL && text.len > 0) {
        struct view line = view_split(&text, '\n');
        size_t columns = 0;
        for (size_t pos = 0; pos < line.len;)
            columns += columns_of(utf8_next(line, &pos, NULL));
        widest = columns > widest ? columns : widest;
    }
    return widest;
}

static void no_control_of_others_reaches_a_terminal(void **state)
{
    static const unsigned widths[] = {80, 160};
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        struct strbuf out = written("text", false, widths[i], COMPARE_SHOW_ALL);
        struct view text = strbuf_view(&out);
        assert_true(utf8_valid(text, NULL));
        assert_int_equal(view_find_byte(text, '\x1b'), text.len);
        assert_int_equal(view_find_byte(text, '\x07'), text.len);
        assert_int_equal(view_find(text, view_of("\xe2\x80\xae"), 0), text.len);
        assert_true(view_find(text, view_of("{+"), 0) < text.len);
        strbuf_release(&out);
    }
}

static void colours_take_the_place_of_marks(void **state)
{
    struct strbuf out = written("text", true, 120, COMPARE_SHOW_ENTRIES);
    struct view text = strbuf_view(&out);
    (void)state;

    assert_int_equal(view_find(text, view_of("{+"), 0), text.len);
    assert_true(view_find(text, view_of("\x1b[32m"), 0) < text.len);
    assert_true(view_find(text, view_of(" │"), 0) < text.len);
    strbuf_release(&out);
}

static void answers_fit_the_width(void **state)
{
    static const unsigned widths[] = {60, 80, 100, 133, 200};
    (void)state;

    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        struct compare_report_options options = {
            .columns = widths[i], .by = COMPARE_SHOW_ENTRIES, .limit = 3};
        struct strbuf out;
        strbuf_init(&out, 1 << 20);
        for (size_t e = 0; e < ENTRIES; e++)
            comparison.entries[e].broke = false; /* titles may be longer than the page */
        report_compare_text(&comparison, &options, &out);
        assert_true(widest_line(strbuf_view(&out)) <= widths[i] + 1);
        strbuf_release(&out);
    }
}

static void json_can_be_read_and_holds_every_entry(void **state)
{
    struct strbuf out = written("json", false, 0, COMPARE_SHOW_ALL);
    struct json *root = NULL;
    (void)state;

    assert_int_equal(json_parse(&arena, strbuf_view(&out), &root, NULL), 0);
    assert_true(view_is(json_text(json_get(root, "kind"), view_of("")), "compare"));
    assert_int_equal(json_get(root, "entries")->count, ENTRIES);
    strbuf_release(&out);
}

static void markdown_is_escaped_and_within_its_limit(void **state)
{
    struct strbuf out = written("markdown", false, 0, COMPARE_SHOW_ALL);
    struct view text = strbuf_view(&out);
    (void)state;

    assert_true(text.len <= COMPARE_MARKDOWN_MAX);
    assert_int_equal(view_find(text, view_of("<script"), 0), text.len);
    assert_int_equal(view_find(text, view_of("@everyone"), 0), text.len);
    assert_int_equal(view_find(text, view_of("\n# heading"), 0), text.len);
    assert_int_equal(view_find(text, view_of("http://"), 0), text.len);
    assert_true(view_find(text, view_of("<details>"), 0) < text.len);
    strbuf_release(&out);
}

static void each_table_can_stand_alone(void **state)
{
    struct strbuf metrics = written("text", false, 80, COMPARE_SHOW_METRICS);
    struct strbuf entries = written("text", false, 80, COMPARE_SHOW_ENTRIES);
    (void)state;

    assert_non_null(strstr(strbuf_text(&metrics), "entries that pass"));
    assert_null(strstr(strbuf_text(&metrics), "tame"));
    assert_null(strstr(strbuf_text(&entries), "entries that pass"));
    assert_non_null(strstr(strbuf_text(&entries), "tame"));
    strbuf_release(&metrics);
    strbuf_release(&entries);
}

static void other_formats_have_no_name(void **state)
{
    (void)state;

    assert_null(compare_format_named(view_of("xml")));
    assert_null(compare_format_named(view_of("")));
    assert_non_null(strstr(compare_format_names(), "markdown"));
}

static void laid_out(const char *text, size_t width, size_t lines_max, const char *expected)
{
    struct column column;
    struct strbuf out;

    column_init(&column, width, false);
    column.lines_max = lines_max;
    strbuf_init(&out, 1 << 16);
    column_put(&column, view_of(text), COLUMN_PLAIN);
    column_end(&column);
    column_write(&column, 0, &out);
    assert_string_equal(strbuf_text(&out), expected);
    strbuf_release(&out);
    column_release(&column);
}

static void lines_break_between_words_and_anywhere_in_japanese(void **state)
{
    (void)state;

    laid_out("one two three", 8, 0, "one two\nthree\n");
    laid_out("鬼滅の刃は", 6, 0, "鬼滅の\n刃は\n");
    laid_out("abcdefghij", 4, 0, "abcd\nefgh\nij\n");
    laid_out("a\nb", 10, 0, "a\nb\n");
    laid_out("", 10, 0, "\n");
    laid_out("one two three four five", 8, 2, "one two\nthree …\n");
    laid_out("a\tb\rc\x1b", 10, 0, "a bc\xef\xbf\xbd\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_control_of_others_reaches_a_terminal),
        cmocka_unit_test(colours_take_the_place_of_marks),
        cmocka_unit_test(answers_fit_the_width),
        cmocka_unit_test(json_can_be_read_and_holds_every_entry),
        cmocka_unit_test(markdown_is_escaped_and_within_its_limit),
        cmocka_unit_test(each_table_can_stand_alone),
        cmocka_unit_test(other_formats_have_no_name),
        cmocka_unit_test(lines_break_between_words_and_anywhere_in_japanese),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
