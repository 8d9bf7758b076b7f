/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/tokens.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/tokens.h"

static uint64_t milli(const char *text)
{
    return tokens_estimate_milli(view_of(text));
}

static void each_kind_of_character_has_its_price(void **state)
{
    (void)state;

    assert_int_equal(milli("ひら"), 2 * 930);
    assert_int_equal(milli("カー"), 2 * 947);
    assert_int_equal(milli("漢"), 1220);
    assert_int_equal(milli("word"), 1129);
    assert_int_equal(milli("wording"), 1129 + 64);
    assert_int_equal(milli("two words"), 2 * 1129);
    assert_int_equal(milli("42"), 2 * 483);
    assert_int_equal(milli("!?"), 2 * 690);
    assert_int_equal(milli("。"), 1427);
    assert_int_equal(milli(" \n\t"), 0);
}

static void whole_tokens_are_rounded_up_and_only_nothing_is_none(void **state)
{
    (void)state;

    assert_int_equal(tokens_estimate(view_of("")), 0);
    assert_int_equal(tokens_estimate(view_of(" ")), 1);
    assert_int_equal(tokens_estimate(view_of("word")), 2);
    assert_int_equal(tokens_estimate(view_of("こんにちは")), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_character_has_its_price),
        cmocka_unit_test(whole_tokens_are_rounded_up_and_only_nothing_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
