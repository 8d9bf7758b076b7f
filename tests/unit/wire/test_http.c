/* SPDX-License-Identifier: Apache-2.0
 *
 * What header helpers promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/http.h"

static struct view v(const char *text)
{
    return view_of(text);
}

static void names_compare_without_case_and_the_first_value_counts(void **state)
{
    (void)state;
    struct http_headers headers = {.count = 0};

    assert_int_equal(http_header_add(&headers, v("Content-Type"), v("a")), 0);
    assert_int_equal(http_header_add(&headers, v("content-type"), v("b")), 0);
    assert_true(view_is(http_header_get(&headers, "CONTENT-TYPE"), "a"));
    assert_null(http_header_get(&headers, "content-typ").ptr);
    http_header_remove(&headers, "content-TYPE");
    assert_int_equal(headers.count, 0);
}

static void removing_keeps_the_order_of_the_others(void **state)
{
    (void)state;
    struct http_headers headers = {.count = 0};
    const char *const names[] = {"a", "x", "b", "X", "c"};

    for (size_t i = 0; i < 5; i++)
        assert_int_equal(http_header_add(&headers, v(names[i]), v("")), 0);
    http_header_remove(&headers, "x");
    assert_int_equal(headers.count, 3);
    assert_true(view_is(headers.items[0].name, "a"));
    assert_true(view_is(headers.items[1].name, "b"));
    assert_true(view_is(headers.items[2].name, "c"));
}

static void bytes_that_no_header_may_hold_are_refused(void **state)
{
    (void)state;
    struct http_headers headers = {.count = 0};
    const char *const names[] = {"", "a b", "a:", "a\r", "\xc3\xa9", "a\t", "(a)", "a\"b"};
    const char *const values[] = {"a\r\nInjected: 1", "a\nb", "a\rb", "\x01", "\x7f"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(http_header_add(&headers, v(names[i]), v("1")), ERR_INVALID);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(http_header_add(&headers, v("a"), v(values[i])), ERR_INVALID);
    assert_int_equal(http_header_add(&headers, v("a"), view_make("a\0b", 3)), ERR_INVALID);
    assert_int_equal(headers.count, 0);
    assert_int_equal(http_header_add(&headers, v("a"), v("caf\xc3\xa9\tx")), 0);
}

static void one_header_too_many_is_a_limit(void **state)
{
    (void)state;
    struct http_headers headers = {.count = 0};

    for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
        assert_int_equal(http_header_add(&headers, v("a"), v("1")), 0);
    assert_int_equal(http_header_add(&headers, v("a"), v("1")), ERR_LIMIT);
}

static void registered_statuses_have_their_phrase_and_others_none(void **state)
{
    (void)state;

    assert_string_equal(http_reason(404), "Not Found");
    assert_string_equal(http_reason(429), "Too Many Requests");
    assert_string_equal(http_reason(299), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_compare_without_case_and_the_first_value_counts),
        cmocka_unit_test(removing_keeps_the_order_of_the_others),
        cmocka_unit_test(bytes_that_no_header_may_hold_are_refused),
        cmocka_unit_test(one_header_too_many_is_a_limit),
        cmocka_unit_test(registered_statuses_have_their_phrase_and_others_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
