/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/language.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "text/language.h"

static struct language_result detect_with(const char *text, const char *hint)
{
    struct language_result result;
    assert_int_equal(language_detect(view_of(text), view_of(hint), &result), 0);
    return result;
}

static void is(const char *text, const char *code)
{
    struct language_result result = detect_with(text, "");
    if (strcmp(result.detected, code) != 0)
        print_message("%s: %s, not %s\n", text, result.detected, code);
    assert_string_equal(result.detected, code);
}

static bool fits(const char *text, const char *expected)
{
    struct language_result result = detect_with(text, "");
    return language_matches(view_of(expected), &result, NULL);
}

static void scripts_decide_where_they_can(void **state)
{
    (void)state;

    is("こちらの商品は人気です。", "ja");
    is("안녕하세요", "ko");
    is("这本漫画很有趣。", "zh");
    is("機動戰士鋼彈", "zh");
    is("東京駅前", "ja");
    is("在庫", "ja");
    is("中国", "und");
    is("สวัสดีครับ", "th");
    is("Привет, как дела? Это очень хорошая книга.", "ru");
    is("We recommend this manga for beginners of all ages.", "en");
    is("Bonjour, je vous recommande ce manga qui est très populaire.", "fr");
    is("Your order has been shipped.", "en");
    is("Sushi", "und");
    is("42", "und");
    is("", "und");
}

static void words_that_one_language_has_decide_among_shared_ideographs(void **state)
{
    char code[LANGUAGE_CODE_SIZE];
    (void)state;

    is("新刊入荷", "ja");
    is("人々", "ja");
    is("北京人民大学", "zh");
    is("中国", "und");
    is("世界", "und");
    is("人", "und"); /* one character is no word to go by */
    language_of_piece(view_of("時計"), code);
    assert_string_equal(code, "ja");
    assert_string_equal(detect_with("中国", "zh").detected, "zh");
    assert_string_equal(detect_with("人気の書店です。\n北京\n入荷しました。", "").detected, "ja");
}

static void names_belong_to_the_sentence_around_them(void **state)
{
    (void)state;

    is("「ONE PIECE」は面白いです。", "ja");
    is("ONE PIECEは人気です。", "ja");
    is("Attack on Titan Complete Collection Box Setは在庫があります。", "ja");
    is("My Hero Academiaは在庫があります。", "ja");
    is("I recommend 『鬼滅の刃』 and 「僕のヒーローアカデミア」 for you.", "en");
    is("The manga 僕のヒーローアカデミア is great for beginners.", "en");
    is("We have 3 volumes in stock. 鬼滅の刃 第1巻 is 500 yen. Please order soon.", "en");
    is("おすすめはこちらです。\n- ONE PIECE\n- That Time I Got Reincarnated as a "
       "Slime\nぜひどうぞ。",
       "ja");
}

static void a_clause_of_another_language_counts(void **state)
{
    (void)state;

    is("Here is the answer you asked for in your message: 鬼滅の刃は人気です。", "mixed");
    is("鬼滅の刃は人気です。\nHere is the answer you asked for in your message.", "mixed");
    assert_false(fits("鬼滅の刃は人気です。\nHere is the answer you asked for.", "ja"));
}

static void code_addresses_and_numbers_are_not_looked_at(void **state)
{
    (void)state;

    is("詳細は https://example.com/this/is/a/long/english/path をご覧ください。", "ja");
    is("お問い合わせは support.team@example.com まで。", "ja");
    is("```json\n{\"this\": \"is english text in a code block\"}\n```\n上記の通りです。", "ja");
    is("`the quick brown fox jumps over it` を実行します。", "ja");
    assert_true(fits("12,300", "ja"));
    assert_true(fits("12,300", "en"));
}

static void what_is_open_takes_its_neighbours_language_then_the_hint(void **state)
{
    struct language_result result;
    (void)state;

    is("こちらです。\n中国\n以上です。", "ja");
    is("这是中国的。\n中国\n", "zh");
    is("We have these books for you in our shop today.\nYes", "en");
    result = detect_with("中国", "ja");
    assert_string_equal(result.detected, "ja");
    result = detect_with("中国", "en");
    assert_string_equal(result.detected, "und");
    result = detect_with("Sushi", "en");
    assert_string_equal(result.detected, "en");
    result = detect_with("Sushi", "ja");
    assert_string_equal(result.detected, "und");
}

static void simplified_glyphs_in_japanese_are_reported(void **state)
{
    struct language_result result = detect_with("こちらの商品は在库があります。", "");
    (void)state;

    assert_string_equal(result.detected, "ja");
    assert_int_equal(result.simplified_count, 1);
    assert_int_equal(result.simplified_at, strlen("こちらの商品は在"));
}

static void expectations_are_judged_with_their_tolerance(void **state)
{
    struct language_result result;
    int64_t score = 0;
    (void)state;

    assert_true(fits("ONE PIECEは人気です。", "ja"));
    assert_false(fits("ONE PIECE is popular with everybody.", "ja"));
    assert_true(fits("I recommend 『鬼滅の刃』 to you.", "en"));
    assert_true(fits("Yes.", "en"));
    assert_true(fits("Yes.", "fr"));
    assert_false(fits("Yes.", "ja"));
    assert_true(fits("中国", "ja"));
    assert_true(fits("中国", "zh"));
    assert_false(fits("中国", "en"));
    assert_true(fits("anything", "any"));
    assert_true(fits("", "any"));
    assert_false(fits(" \n", "ja"));
    assert_true(fits("Here is the answer you asked for: 鬼滅の刃は人気です。", "mixed"));
    assert_false(fits("鬼滅の刃は人気です。", "mixed"));
    result = detect_with("鬼滅の刃は人気です。\nHere is the answer you asked for in it.", "");
    assert_false(language_matches(view_of("en"), &result, &score));
    assert_in_range(score, 400000, 800000);
}

static void segments_are_the_sentences(void **state)
{
    const char *text = "今日は。 Good morning to all of you, dear readers! 123\nそう。";
    struct language_segment *segments = NULL;
    struct arena arena;
    size_t count = 0;
    (void)state;

    arena_init(&arena, 1 << 20);
    assert_int_equal(language_segments(&arena, view_of(text), view_of(""), &segments, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(segments[0].code, "ja");
    assert_string_equal(segments[1].code, "en");
    assert_string_equal(segments[2].code, "ja");
    assert_int_equal(segments[1].start, strlen("今日は。"));
    assert_int_equal(segments[2].end, strlen(text));
    arena_release(&arena);
}

static void expectations_have_names(void **state)
{
    (void)state;

    assert_true(language_is_expectation(view_of("any")));
    assert_true(language_is_expectation(view_of("mixed")));
    assert_true(language_is_expectation(view_of("ja")));
    assert_false(language_is_expectation(view_of("Japanese")));
    assert_false(language_is_expectation(view_of("JA")));
    assert_false(language_is_expectation(view_of("")));
}

static void broken_bytes_and_no_memory_do_no_harm(void **state)
{
    struct language_result result;
    (void)state;

    assert_int_equal(language_detect(view_make("\xff\xfe\0「`<", 8), view_of(""), &result), 0);
    for (unsigned long at = 1; at <= 2; at++) {
        mem_fail_at(at);
        int code = language_detect(view_of("あ。中国。"), view_of(""), &result);
        mem_fail_at(0);
        assert_int_equal(code, ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_decide_where_they_can),
        cmocka_unit_test(words_that_one_language_has_decide_among_shared_ideographs),
        cmocka_unit_test(names_belong_to_the_sentence_around_them),
        cmocka_unit_test(a_clause_of_another_language_counts),
        cmocka_unit_test(code_addresses_and_numbers_are_not_looked_at),
        cmocka_unit_test(what_is_open_takes_its_neighbours_language_then_the_hint),
        cmocka_unit_test(simplified_glyphs_in_japanese_are_reported),
        cmocka_unit_test(expectations_are_judged_with_their_tolerance),
        cmocka_unit_test(segments_are_the_sentences),
        cmocka_unit_test(expectations_have_names),
        cmocka_unit_test(broken_bytes_and_no_memory_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
