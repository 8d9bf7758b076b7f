/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/chars.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/chars.h"

static size_t count(const char *text)
{
    size_t result = 0;
    assert_int_equal(chars_count(view_of(text), &result), 0);
    return result;
}

static size_t words(const char *text)
{
    size_t result = 0;
    assert_int_equal(chars_words(view_of(text), &result), 0);
    return result;
}

static void characters_are_what_readers_count(void **state)
{
    (void)state;

    assert_int_equal(count(""), 0);
    assert_int_equal(count("abc\r\nd"), 5);
    assert_int_equal(count("が"), 1);
    assert_int_equal(count("か\xe3\x82\x99"), 1);
    assert_int_equal(count("がＡ👨‍👩‍👧"), 3);
    assert_int_equal(count("🇯🇵🇬🇧"), 2);
    assert_int_equal(count("\xff\xff"), 2);
}

static void words_are_the_languages_own(void **state)
{
    (void)state;

    assert_int_equal(words(""), 0);
    assert_int_equal(words(" . ! "), 0);
    assert_int_equal(words("It's 3 o'clock, isn't it?"), 5);
    assert_in_range(words("東京に行きました。"), 3, 6);
}

static void every_script_has_its_kind(void **state)
{
    (void)state;

    assert_int_equal(char_kind_of('a'), CHAR_LATIN);
    assert_int_equal(char_kind_of(0xe9), CHAR_LATIN);
    assert_int_equal(char_kind_of(0xff21), CHAR_LATIN); /* Ａ */
    assert_int_equal(char_kind_of('7'), CHAR_DIGIT);
    assert_int_equal(char_kind_of('%'), CHAR_ASCII_SIGN);
    assert_int_equal(char_kind_of(0x3000), CHAR_SPACE);
    assert_int_equal(char_kind_of(0x3042), CHAR_HIRAGANA);
    assert_int_equal(char_kind_of(0x30a2), CHAR_KATAKANA);
    assert_int_equal(char_kind_of(0x30fc), CHAR_KATAKANA);
    assert_int_equal(char_kind_of(0xff76), CHAR_KATAKANA); /* ｶ */
    assert_int_equal(char_kind_of(0x6f22), CHAR_HAN);
    assert_int_equal(char_kind_of(0x20b9f), CHAR_HAN); /* 𠮟 */
    assert_int_equal(char_kind_of(0x3005), CHAR_HAN);  /* 々 */
    assert_int_equal(char_kind_of(0xac00), CHAR_HANGUL);
    assert_int_equal(char_kind_of(0x0436), CHAR_LETTER);
    assert_int_equal(char_kind_of(0x3002), CHAR_OTHER);
    assert_int_equal(char_kind_of(0x1f600), CHAR_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_what_readers_count),
        cmocka_unit_test(words_are_the_languages_own),
        cmocka_unit_test(every_script_has_its_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
