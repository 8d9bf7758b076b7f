/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of wire/json_number.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>

#include "base/rng.h"
#include "wire/json_number.h"

static struct json_decimal read_number(const char *text)
{
    struct json_decimal decimal;

    if (json_decimal_read(view_of(text), &decimal) != 0)
        fail_msg("%s is refused", text);
    return decimal;
}

static int compare(const char *a, const char *b)
{
    struct json_decimal left = read_number(a);
    struct json_decimal right = read_number(b);
    int order = json_decimal_compare(&left, &right);

    return (order > 0) - (order < 0);
}

static void one_value_has_many_spellings(void **state)
{
    (void)state;
    static const char *const spellings[][2] = {
        {"1", "1.0"},        {"1", "10e-1"},
        {"100", "1e2"},      {"0", "-0.0e5"},
        {"0.001", "1e-3"},   {"1230", "0.00123e6"},
        {"1e400", "10e399"}, {"0", "0e99999999999999"},
        {"-2.50", "-25e-1"}, {"101.010", "1010.1e-1"},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        assert_int_equal(compare(spellings[i][0], spellings[i][1]), 0);
}

static void order_is_exact_where_doubles_are_not(void **state)
{
    (void)state;
    static const char *const ascending[] = {
        "-1e400",
        "-9007199254740993",
        "-9007199254740992",
        "-1.5",
        "-1",
        "-1e-400",
        "0",
        "1e-400",
        "0.1",
        "0.10000000000000000001",
        "0.2",
        "1",
        "1.01",
        "1.1",
        "2",
        "10",
        "99",
        "100",
        "9007199254740992",
        "9007199254740993",
        "1e400",
        "2e400",
        "1e401",
    };
    size_t count = sizeof ascending / sizeof ascending[0];
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            assert_int_equal(compare(ascending[i], ascending[k]), (i > k) - (i < k));
}

static void whole_numbers_are_known(void **state)
{
    (void)state;
    static const char *const whole[] = {"0", "-0.0", "1.0", "1e3", "1.5e1", "1e400", "120e-1"};
    static const char *const broken[] = {"0.5", "1e-1", "1.25e1", "1e-400", "15e-1"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct json_decimal decimal = read_number(whole[i]);
        assert_true(json_decimal_is_whole(&decimal));
    }
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct json_decimal decimal = read_number(broken[i]);
        assert_false(json_decimal_is_whole(&decimal));
    }
}

static int multiple(const char *value, const char *divisor)
{
    struct json_decimal left = read_number(value);
    struct json_decimal right = read_number(divisor);
    bool is_multiple = false;
    int code = json_decimal_is_multiple(&left, &right, &is_multiple);

    return code != 0 ? code : is_multiple;
}

static void multiples_are_exact(void **state)
{
    (void)state;
    assert_int_equal(multiple("0.3", "0.1"), 1);
    assert_int_equal(multiple("1.1", "0.1"), 1);
    assert_int_equal(multiple("1.15", "0.1"), 0);
    assert_int_equal(multiple("0.0075", "0.0001"), 1);
    assert_int_equal(multiple("0.00751", "0.0001"), 0);
    assert_int_equal(multiple("4.5", "1.5"), 1);
    assert_int_equal(multiple("35", "1.5"), 0);
    assert_int_equal(multiple("-9", "3"), 1);
    assert_int_equal(multiple("0", "7"), 1);
    assert_int_equal(multiple("0.000", "7e300"), 1);
    assert_int_equal(multiple("12391239123", "1e-8"), 1);
    assert_int_equal(multiple("1e308", "0.123456789"), 0);
    assert_int_equal(multiple("1e308", "0.5"), 1);
    assert_int_equal(multiple("3", "6"), 0);
    assert_int_equal(multiple("3", "1e300"), 0);
    assert_int_equal(multiple("3e300", "1e300"), 1);
    assert_int_equal(multiple("9007199254740993", "2"), 0);
    assert_int_equal(multiple("1e99999", "7"), 0);
    assert_int_equal(multiple("1e999999", "7"), 0);
    assert_int_equal(multiple("7e999999999999", "0.7"), 1);
    assert_int_equal(multiple("1", "0.1234567890123456789"), ERR_LIMIT);
}

static void multiples_agree_with_integers(void **state)
{
    (void)state;
    struct rng rng;
    uint64_t seed = 7;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (size_t i = 0; i < 20000; i++) {
        uint64_t divisor = 1 + rng_below(&rng, 1000);
        uint64_t value = rng_below(&rng, 1000000);
        char left[64];
        char right[64];
        snprintf(left, sizeof left, "%" PRIu64 "e-3", value);
        snprintf(right, sizeof right, "0.%03" PRIu64, divisor % 1000 == 0 ? 1 : divisor);
        uint64_t unit = divisor % 1000 == 0 ? 1 : divisor;
        assert_int_equal(multiple(left, right), value % unit == 0);
    }
}

static void a_long_number_gives_the_nearest_double(void **state)
{
    (void)state;
    char text[2000];
    double value;

    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17); /* half way between two doubles */
    text[1998] = '1';                      /* and a little above */
    text[1999] = '\0';
    struct json_decimal decimal = read_number(text);
    assert_int_equal(json_decimal_to_double(&decimal, &value), 0);
    assert_true(value == 9007199254740994.0);
    decimal = read_number("1e309");
    assert_int_equal(json_decimal_to_double(&decimal, &value), ERR_INVALID);
}

static void only_numbers_of_json_are_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",   "-",  "01", "1.",  ".5",   "1e",   "1e+", "+1",
                                        "0x", " 1", "1 ", "--1", "1.e1", "1e5.", "NaN"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct json_decimal decimal;
        assert_int_equal(json_decimal_read(view_of(wrong[i]), &decimal), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_has_many_spellings),
        cmocka_unit_test(order_is_exact_where_doubles_are_not),
        cmocka_unit_test(whole_numbers_are_known),
        cmocka_unit_test(multiples_are_exact),
        cmocka_unit_test(multiples_agree_with_integers),
        cmocka_unit_test(a_long_number_gives_the_nearest_double),
        cmocka_unit_test(only_numbers_of_json_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
