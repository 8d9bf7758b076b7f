/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/keywords.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "text/keywords.h"

/* One keyword against one text. */
static struct keyword_found look(const struct keyword_spec *spec, const char *text)
{
    struct keywords *keywords = NULL;
    struct keyword_found found = {0};
    struct err err = {0};

    assert_int_equal(keywords_new(spec, 1, &keywords, &err), 0);
    assert_int_equal(keywords_find(keywords, view_of(text), &found, &err), 0);
    keywords_free(keywords);
    return found;
}

static bool has(const char *text, const char *keyword)
{
    const struct keyword_spec spec = {.kind = KEYWORD_TEXT, .text = view_of(keyword)};
    return look(&spec, text).found;
}

static bool has_word(const char *text, const char *keyword)
{
    const struct keyword_spec spec = {
        .kind = KEYWORD_TEXT, .text = view_of(keyword), .whole_word = true};
    return look(&spec, text).found;
}

static bool matches(const char *text, const char *pattern)
{
    const struct keyword_spec spec = {.kind = KEYWORD_MATCH, .text = view_of(pattern)};
    return look(&spec, text).found;
}

static void a_keyword_is_found_however_it_is_typed(void **state)
{
    (void)state;

    assert_true(has("大人気のＯＮＥ　ＰＩＥＣＥです", "one piece"));
    assert_true(has("ｶﾞﾝﾀﾞﾑの新作", "ガンダム"));
    assert_true(has("ガンダム", "ｶﾞﾝﾀﾞﾑ"));
    assert_true(has("スパイダー・マン", "スパイダーマン"));
    assert_true(has("スパイダーマン", "スパイダー・マン"));
    assert_true(has("コ－ヒ－をどうぞ", "コーヒー"));
    assert_true(has("ba\xcc\x8a"
                    "d",
                    "BÅD"));
    assert_true(has("line\n\n  break", "line break"));
    assert_false(has("鬼滅の刃", "呪術廻戦"));
    assert_false(has("か\xe3\x82\x99", "か"));
}

static void the_last_long_vowel_mark_may_be_missing_but_not_a_syllable(void **state)
{
    (void)state;

    assert_true(has("サーバが落ちた", "サーバー"));
    assert_true(has("サーバー", "サーバー"));
    assert_false(has("サーバル", "サーバー"));
    assert_false(has("カが飛ぶ", "カー"));
}

static void the_place_is_that_of_the_text_as_it_was_given(void **state)
{
    const char *text = "新刊「ＯＮＥ　ＰＩＥＣＥ」入荷";
    const struct keyword_spec spec = {.kind = KEYWORD_TEXT, .text = view_of("One Piece")};
    struct keyword_found found = look(&spec, text);
    (void)state;

    assert_int_equal(found.start, strlen("新刊「"));
    assert_int_equal(found.end, strlen("新刊「ＯＮＥ　ＰＩＥＣＥ"));
    assert_int_equal(found.count, 1);
}

static void alternatives_count_together_without_overlap(void **state)
{
    const struct view any[] = {VIEW("鬼滅"), VIEW("鬼滅の刃"), VIEW("Demon Slayer")};
    struct keyword_spec spec = {.kind = KEYWORD_ANY, .any = any, .any_count = 3, .at_least = 3};
    const char *text = "鬼滅の刃(DEMON SLAYER)、略して鬼滅";
    (void)state;

    struct keyword_found found = look(&spec, text);
    assert_int_equal(found.count, 3);
    assert_true(found.found);
    assert_int_equal(found.end, strlen("鬼滅の刃"));
    spec.at_least = 4;
    assert_false(look(&spec, text).found);
}

static void whole_words_end_where_the_language_says(void **state)
{
    (void)state;

    assert_true(has_word("The cat sat.", "cat"));
    assert_false(has_word("The category", "cat"));
    assert_true(has_word("これはONEです", "one"));
    assert_true(has_word("在庫があります", "在庫"));
    assert_false(has_word("トマトマン", "マト"));
}

static void expressions_know_japanese_word_boundaries(void **state)
{
    (void)state;

    assert_true(matches("これはONE PIECEです", "\\bone piece\\b"));
    assert_true(matches("第3巻", "第\\b3\\b巻"));
    assert_false(matches("PHONEを", "\\bone\\b"));
    assert_true(matches("phone", "\\Bone\\b"));
    assert_false(matches("はONE", "\\Bone"));
    assert_true(matches("a\bc", "a[\\b]c"));
    assert_true(matches("a\\b", "a\\\\b"));
}

static void expressions_see_the_normal_form_and_their_wide_signs_are_literal(void **state)
{
    (void)state;

    assert_true(matches("価格：１，２００円", "1,200円"));
    assert_true(matches("価格1200円", "[０-９]+円"));
    assert_true(matches("本当(ほんとう)", "本当（ほんとう）"));
    assert_true(matches("ｶﾞﾝﾀﾞﾑ", "^ガンダム$"));
    assert_true(matches("なに?", "なに？"));
    assert_true(matches("a.b", "\\Qa.b\\E"));
    assert_false(matches("axb", "\\Qa.b\\E"));
    assert_true(matches("Cafe\xcc\x81", "caf[é]"));
    assert_false(matches("abc", "(?-i)ABC"));
}

static void an_empty_match_counts(void **state)
{
    const struct keyword_spec spec = {.kind = KEYWORD_MATCH, .text = view_of("^(?!.*foo)")};
    (void)state;

    assert_true(look(&spec, "bar").found);
    assert_false(look(&spec, "a foo").found);
    assert_true(look(&spec, "").found);
}

static void a_bad_list_says_which_keyword_and_which_character(void **state)
{
    static const struct {
        struct keyword_spec spec;
        const char *says;
    } bad[] = {
        {{.kind = KEYWORD_TEXT, .text = VIEW(" \t")}, "keyword 2 is empty"},
        {{.kind = KEYWORD_TEXT, .text = VIEW("・")}, "keyword 2 is empty"},
        {{.kind = KEYWORD_ANY}, "keyword 2: 'any' lists no alternative"},
        {{.kind = KEYWORD_MATCH, .text = VIEW("日本(語")},
         "keyword 2: regular expression '日本(語': "},
        {{.kind = KEYWORD_MATCH, .text = VIEW("日本\\b*(")}, "character"},
        {{.kind = KEYWORD_MATCH}, "keyword 2: the regular expression is empty"},
        {{.kind = KEYWORD_MATCH, .text = VIEW("a\xff")}, "byte 2 is not valid UTF-8"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct keyword_spec specs[] = {{.kind = KEYWORD_TEXT, .text = VIEW("x")},
                                             bad[i].spec};
        struct keywords *keywords = NULL;
        struct err err = {0};
        assert_int_equal(keywords_new(specs, 2, &keywords, &err), ERR_CONFIG);
        assert_non_null(strstr(err.text, bad[i].says));
    }
}

static void the_character_of_a_bad_expression_is_the_users_own(void **state)
{
    const struct keyword_spec spec = {.kind = KEYWORD_MATCH, .text = VIEW("\\b日\\b本(?<1>x)")};
    struct keywords *keywords = NULL;
    struct err err = {0};
    (void)state;

    assert_int_equal(keywords_new(&spec, 1, &keywords, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "character 10:"));
}

static void an_expression_that_backtracks_for_ever_is_an_error(void **state)
{
    const struct keyword_spec spec = {.kind = KEYWORD_MATCH, .text = VIEW("(a+)+$")};
    struct keywords *keywords = NULL;
    struct keyword_found found;
    struct err err = {0};
    char text[2000];
    (void)state;

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '!';
    assert_int_equal(keywords_new(&spec, 1, &keywords, &err), 0);
    assert_int_equal(keywords_find(keywords, view_make(text, sizeof text), &found, &err),
                     ERR_LIMIT);
    assert_non_null(strstr(err.text, "keyword 1: the regular expression takes more than"));
    keywords_free(keywords);
}

static void coverage_is_the_mean_of_what_there_is(void **state)
{
    (void)state;

    assert_int_equal(keywords_coverage_micro(0, 0, 0, 0), 1000000);
    assert_int_equal(keywords_coverage_micro(1, 3, 0, 0), 333333);
    assert_int_equal(keywords_coverage_micro(2, 3, 0, 0), 666667);
    assert_int_equal(keywords_coverage_micro(0, 0, 1, 4), 750000);
    assert_int_equal(keywords_coverage_micro(1, 2, 1, 4), 625000);
    assert_int_equal(keywords_coverage_micro(3, 3, 0, 2), 1000000);
    assert_int_equal(keywords_coverage_micro(0, 3, 2, 2), 0);
}

static void no_memory_is_an_error_wherever_it_runs_out(void **state)
{
    const struct view any[] = {VIEW("あ"), VIEW("いーーー")};
    const struct keyword_spec specs[] = {
        {.kind = KEYWORD_ANY, .any = any, .any_count = 2, .whole_word = true},
        {.kind = KEYWORD_MATCH, .text = VIEW("\\b本+")},
    };
    struct keyword_found found[2];
    bool done = false;
    (void)state;

    for (unsigned long at = 1; !done && at < 200; at++) {
        struct keywords *keywords = NULL;
        struct err err = {0};
        mem_fail_at(at);
        int code = keywords_new(specs, 2, &keywords, &err);
        if (code == 0)
            code = keywords_find(keywords, view_of("あの本"), found, &err);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        done = code == 0;
        keywords_free(keywords);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyword_is_found_however_it_is_typed),
        cmocka_unit_test(the_last_long_vowel_mark_may_be_missing_but_not_a_syllable),
        cmocka_unit_test(the_place_is_that_of_the_text_as_it_was_given),
        cmocka_unit_test(alternatives_count_together_without_overlap),
        cmocka_unit_test(whole_words_end_where_the_language_says),
        cmocka_unit_test(expressions_know_japanese_word_boundaries),
        cmocka_unit_test(expressions_see_the_normal_form_and_their_wide_signs_are_literal),
        cmocka_unit_test(an_empty_match_counts),
        cmocka_unit_test(a_bad_list_says_which_keyword_and_which_character),
        cmocka_unit_test(the_character_of_a_bad_expression_is_the_users_own),
        cmocka_unit_test(an_expression_that_backtracks_for_ever_is_an_error),
        cmocka_unit_test(coverage_is_the_mean_of_what_there_is),
        cmocka_unit_test(no_memory_is_an_error_wherever_it_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
