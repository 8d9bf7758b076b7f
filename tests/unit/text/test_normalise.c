/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/normalise.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/normalise.h"

enum { ROOM = 64 * 1024 * 1024, FOLDED = NORMALISE_CASE | NORMALISE_KEYWORD };

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, ROOM);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void becomes(const char *source, unsigned flags, const char *expected)
{
    struct normalised normalised;

    assert_int_equal(normalise_text(&arena, view_of(source), flags, &normalised), 0);
    assert_string_equal(normalised.text.ptr, expected);
}

static void width_and_composition_have_one_spelling(void **state)
{
    (void)state;

    becomes("ＡＢＣ１２３", 0, "ABC123");
    becomes("ｶﾞﾝﾀﾞﾑ", 0, "ガンダム");
    becomes("か\xe3\x82\x99", 0, "が");
    becomes("cafe\xcc\x81", 0, "café");
    becomes("①㍿", 0, "1株式会社");
    becomes("漢字かなカナ", 0, "漢字かなカナ");
}

static void case_folds_only_where_asked(void **state)
{
    (void)state;

    becomes("One PIECE ＸＹ Straße", 0, "One PIECE XY Straße");
    becomes("One PIECE ＸＹ Straße ÀÉ", NORMALISE_CASE, "one piece xy strasse àé");
}

static void dashes_after_kana_are_the_long_vowel_mark_and_nowhere_else(void **state)
{
    (void)state;

    becomes("コ－ヒ－ ス―パ— ラ〜メン", FOLDED, "コーヒー スーパー ラーメン");
    becomes("2020-21 well-known 漢-字", FOLDED, "2020-21 well-known 漢-字");
}

static void middle_dots_vanish_and_white_space_is_one_space(void **state)
{
    (void)state;

    becomes("スパイダー・マン ｽﾊﾟｲﾀﾞｰ･ﾏﾝ", FOLDED, "スパイダーマン スパイダーマン");
    becomes("a \t\n\xe3\x80\x80 b", FOLDED, "a b");
}

static void every_byte_knows_where_it_came_from(void **state)
{
    const char *source = "x ＯＮＥ　ｶﾞ・ﾝ";
    struct normalised normalised;
    size_t start = 0, end = 0;
    (void)state;

    assert_int_equal(
        normalise_text(&arena, view_of(source), FOLDED | NORMALISE_OFFSETS, &normalised), 0);
    assert_string_equal(normalised.text.ptr, "x one ガン");
    normalised_source(&normalised, 2, 5, &start, &end);
    assert_int_equal(start, 2);
    assert_int_equal(end, 2 + strlen("ＯＮＥ"));
    normalised_source(&normalised, 6, 12, &start, &end);
    assert_int_equal(start, strlen("x ＯＮＥ　"));
    assert_int_equal(end, strlen(source));
}

static void what_is_no_utf8_is_replaced_byte_by_byte(void **state)
{
    (void)state;

    becomes("a\xff\xe3\x81z", 0, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
}

static void the_normal_form_of_the_normal_form_is_itself(void **state)
{
    static const char *const texts[] = {"ﬁ ½ ㌔ ﷺ ㊙", "ÅÅÅ ̈́ ", "각각 ㄱ", "İı ǅ", "﷽ ⓐ 𝒜"};
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct normalised once, twice;
        assert_int_equal(normalise_text(&arena, view_of(texts[i]), FOLDED, &once), 0);
        assert_int_equal(normalise_text(&arena, once.text, FOLDED, &twice), 0);
        assert_true(view_equal(once.text, twice.text));
        assert_true(utf8_valid(once.text, NULL));
    }
}

static void a_thousand_combining_marks_on_one_letter_are_no_burden(void **state)
{
    enum { MARKS = 200000 };
    char *text = mem_new(1 + 2 * MARKS, 1);
    struct normalised normalised;
    (void)state;

    assert_non_null(text);
    text[0] = 'e';
    for (size_t i = 0; i < MARKS; i++) {
        text[1 + 2 * i] = (char)0xcc;
        text[2 + 2 * i] = (char)(0x80 + i % 16);
    }
    assert_int_equal(
        normalise_text(&arena, view_make(text, 1 + 2 * MARKS), NORMALISE_OFFSETS, &normalised), 0);
    assert_true(normalised.text.len > MARKS);
    mem_free(text);
}

static void nothing_is_fine_and_no_memory_is_an_error(void **state)
{
    struct normalised normalised;
    (void)state;

    becomes("", FOLDED | NORMALISE_OFFSETS, "");
    for (unsigned long at = 1; at <= 4; at++) {
        struct arena fresh;
        arena_init(&fresh, ROOM);
        mem_fail_at(at);
        int code = normalise_text(&fresh, view_of("ＡＢＣ"), NORMALISE_OFFSETS, &normalised);
        mem_fail_at(0);
        assert_int_equal(code, ERR_MEMORY);
        arena_release(&fresh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_and_composition_have_one_spelling),
        cmocka_unit_test(case_folds_only_where_asked),
        cmocka_unit_test(dashes_after_kana_are_the_long_vowel_mark_and_nowhere_else),
        cmocka_unit_test(middle_dots_vanish_and_white_space_is_one_space),
        cmocka_unit_test(every_byte_knows_where_it_came_from),
        cmocka_unit_test(what_is_no_utf8_is_replaced_byte_by_byte),
        cmocka_unit_test(the_normal_form_of_the_normal_form_is_itself),
        cmocka_unit_test(a_thousand_combining_marks_on_one_letter_are_no_burden),
        cmocka_unit_test(nothing_is_fine_and_no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
