/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/view.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/view.h"

static const struct view EMPTY = {NULL, 0};

static void views_compare_by_bytes_a_shorter_prefix_first(void **state)
{
    (void)state;

    assert_true(view_compare(view_of("a"), view_of("b")) < 0);
    assert_true(view_compare(view_of("b"), view_of("abc")) > 0);
    assert_true(view_compare(view_of("ab"), view_of("abc")) < 0);
    assert_true(view_compare(view_of("abc"), view_of("ab")) > 0);
    assert_int_equal(view_compare(view_of("abc"), view_of("abc")), 0);
    assert_int_equal(view_compare(EMPTY, view_of("")), 0);
    assert_true(view_compare(view_make("\x80", 1), view_make("\x7f", 1)) > 0);
    assert_true(view_compare(view_make("a\0b", 3), view_make("a\0c", 3)) < 0);
}

static void equality_is_of_bytes_and_ascii_case_only_where_asked(void **state)
{
    (void)state;

    assert_true(view_equal(EMPTY, view_of("")));
    assert_true(view_is(view_make("abc", 2), "ab"));
    assert_false(view_is(view_of("Ab"), "ab"));
    assert_true(view_equal_nocase(view_of("Content-TYPE"), view_of("content-type")));
    assert_false(view_equal_nocase(view_of("a"), view_of("ab")));
    assert_false(view_equal_nocase(view_of("[`{@"), view_of("{@[`")));
    assert_false(view_equal_nocase(view_of("\xc3\x84"), view_of("\xc3\xa4")));
}

static void prefixes_and_suffixes_are_found(void **state)
{
    (void)state;

    assert_true(view_starts(view_of("assay.yaml"), view_of("assay")));
    assert_true(view_starts(view_of("a"), EMPTY));
    assert_false(view_starts(view_of("as"), view_of("assay")));
    assert_true(view_ends(view_of("assay.yaml"), view_of(".yaml")));
    assert_false(view_ends(view_of("yaml"), view_of(".yaml")));
    assert_true(view_ends(EMPTY, EMPTY));
}

static void slices_clamp_at_both_ends(void **state)
{
    (void)state;
    struct view word = view_of("hello");

    assert_true(view_is(view_slice(word, 1, 3), "el"));
    assert_true(view_is(view_slice(word, 3, SIZE_MAX), "lo"));
    assert_true(view_is(view_slice(word, 4, 2), ""));
    assert_true(view_is(view_slice(word, SIZE_MAX, SIZE_MAX), ""));
    assert_true(view_is(view_slice(EMPTY, 1, 2), ""));
}

static void finding_agrees_with_looking_at_every_place(void **state)
{
    (void)state;
    const char *texts[] = {"", "a", "aaaaab", "abababac", "xyz", "aab"};
    const char *needles[] = {"", "a", "b", "ab", "aab", "abac", "zz"};

    for (size_t t = 0; t < 6; t++)
        for (size_t n = 0; n < 7; n++)
            for (size_t from = 0; from < 10; from++) {
                struct view text = view_of(texts[t]);
                struct view needle = view_of(needles[n]);
                size_t expected = text.len;
                for (size_t at = text.len + 1; at-- > from;)
                    if (view_starts(view_slice(text, at, text.len), needle))
                        expected = at;
                assert_int_equal(view_find(text, needle, from), expected);
            }
    assert_int_equal(view_find(view_of("abc"), view_of("bc"), SIZE_MAX), 3);
    assert_int_equal(view_find(view_of("abc"), view_of("bc"), SIZE_MAX - 1), 3);
    assert_int_equal(view_find_byte(view_of("abc"), 'c'), 2);
    assert_int_equal(view_find_byte(view_of("abc"), 'd'), 3);
    assert_int_equal(view_find_byte(EMPTY, 'd'), 0);
}

static void trimming_takes_ascii_blanks_from_both_ends_only(void **state)
{
    (void)state;

    assert_true(view_is(view_trim(view_of(" \t\r\n a b \n")), "a b"));
    assert_true(view_is(view_trim(view_of(" \n ")), ""));
    assert_true(view_is(view_trim(view_of("\xc2\xa0x")), "\xc2\xa0x"));
    assert_int_equal(view_trim(EMPTY).len, 0);
}

static void splitting_gives_every_field_and_ends(void **state)
{
    (void)state;
    struct view rest = view_of("a,,b,");
    const char *expected[] = {"a", "", "b", ""};
    size_t count = 0;

    while (rest.ptr != NULL) {
        assert_in_range(count, 0, 3);
        assert_true(view_is(view_split(&rest, ','), expected[count++]));
    }
    assert_int_equal(count, 4);
    rest = view_of("whole");
    assert_true(view_is(view_split(&rest, ','), "whole"));
    assert_null(rest.ptr);
}

static void whole_numbers_are_read_strictly_to_the_ends_of_int64(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "-",
                         "+1",
                         " 1",
                         "1 ",
                         "0x1",
                         "1e3",
                         "1.0",
                         "--1",
                         "9223372036854775808",
                         "1a",
                         "\xef",
                         "-9223372036854775809",
                         "99999999999999999999999"};
    int64_t value = 7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(view_to_int(view_of(bad[i]), &value), ERR_INVALID);
    assert_int_equal(view_to_int(EMPTY, &value), ERR_INVALID);
    assert_int_equal(value, 7);
    assert_int_equal(view_to_int(view_of("9223372036854775807"), &value), 0);
    assert_true(value == INT64_MAX);
    assert_int_equal(view_to_int(view_of("-9223372036854775808"), &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(view_to_int(view_of("-0"), &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(view_to_int(view_of("007"), &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(view_to_int(view_make("123456", 3), &value), 0);
    assert_int_equal(value, 123);
}

static void decimal_numbers_follow_the_grammar_of_json(void **state)
{
    (void)state;
    const char *bad[] = {"",     "-",    "+1",  ".5",  "1.", "01", "-01", "1e",    "1e+",
                         "1.e3", "0x10", "inf", "nan", "1 ", " 1", "1,5", "1e5.5", "Infinity"};
    double value = 7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(view_to_double(view_of(bad[i]), &value), ERR_INVALID);
    assert_true(value == 7);
}

static void decimal_numbers_are_read_to_the_nearest_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0.0},
                {"-0", -0.0},
                {"0.1", 0.1},
                {"1e3", 1000},
                {"1E+3", 1000},
                {"25e-2", 0.25},
                {"-12.5", -12.5},
                {"9007199254740993", 9007199254740992.0},
                {"1.7976931348623157e308", 1.7976931348623157e308},
                {"4.9e-324", 4.9e-324},
                {"1e-400", 0.0},
                {"2.2250738585072011e-308", 2.2250738585072011e-308}};
    double value;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(view_to_double(view_of(good[i].text), &value), 0);
        assert_true(value == good[i].value && signbit(value) == signbit(good[i].value));
    }
    assert_int_equal(view_to_double(view_of("1e999"), &value), 0);
    assert_true(isinf(value));
    assert_int_equal(view_to_double(view_make("12345", 2), &value), 0);
    assert_true(value == 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_bytes_a_shorter_prefix_first),
        cmocka_unit_test(equality_is_of_bytes_and_ascii_case_only_where_asked),
        cmocka_unit_test(prefixes_and_suffixes_are_found),
        cmocka_unit_test(slices_clamp_at_both_ends),
        cmocka_unit_test(finding_agrees_with_looking_at_every_place),
        cmocka_unit_test(trimming_takes_ascii_blanks_from_both_ends_only),
        cmocka_unit_test(splitting_gives_every_field_and_ends),
        cmocka_unit_test(whole_numbers_are_read_strictly_to_the_ends_of_int64),
        cmocka_unit_test(decimal_numbers_follow_the_grammar_of_json),
        cmocka_unit_test(decimal_numbers_are_read_to_the_nearest_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
