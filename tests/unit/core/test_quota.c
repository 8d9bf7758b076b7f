/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/quota/quota.h"

static const uint64_t SECOND = 1000000000;

static void so_many_at_once_and_no_more(void **state)
{
    (void)state;
    struct quota quota;

    assert_int_equal(quota_init(&quota, &(struct quota_settings){.in_flight_max = 2}, 0), 0);
    assert_int_equal(quota_admit(&quota, 0, 1000000), 0);
    assert_int_equal(quota_admit(&quota, 0, 1000000), 0);
    assert_int_equal(quota_admit(&quota, 0, 0), ERR_BUSY);
    quota_settle(&quota, 0, 1000000, 5, true);
    assert_int_equal(quota_admit(&quota, 0, 0), 0);
}

static void a_minute_holds_so_many_requests_and_says_when_the_next_may_come(void **state)
{
    (void)state;
    struct quota quota;
    struct quota_settings settings = {.in_flight_max = 100, .requests_a_minute = 60};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    for (int i = 0; i < 60; i++)
        assert_int_equal(quota_admit(&quota, 0, 0), 0);
    assert_int_equal(quota_admit(&quota, 0, 0), ERR_THROTTLED);
    assert_true(quota_at(&quota, 0, 0) == SECOND);
    assert_int_equal(quota_admit(&quota, SECOND, 0), 0);
}

static void tokens_are_reserved_and_settled(void **state)
{
    (void)state;
    struct quota quota;
    struct quota_settings settings = {.in_flight_max = 100, .tokens_a_minute = 1000};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    assert_int_equal(quota_admit(&quota, 0, 900), 0);
    assert_int_equal(quota_admit(&quota, 0, 200), ERR_THROTTLED);
    quota_settle(&quota, 0, 900, 100, true);
    assert_int_equal(quota_admit(&quota, 0, 900), 0);
    assert_int_equal(quota_admit(&quota, 0, 1), ERR_THROTTLED);
}

static void what_was_never_sent_costs_nothing(void **state)
{
    (void)state;
    struct quota quota;
    struct quota_settings settings = {
        .in_flight_max = 1, .requests_a_minute = 1, .tokens_a_minute = 10};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(quota_admit(&quota, 0, 10), 0);
        quota_settle(&quota, 0, 10, 10, false);
    }
}

static void more_than_a_minutes_tokens_can_never_be_had(void **state)
{
    (void)state;
    struct quota quota;
    struct quota_settings settings = {.in_flight_max = 1, .tokens_a_minute = 1000};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    assert_int_equal(quota_possible(&quota, 1000), 0);
    assert_int_equal(quota_possible(&quota, 1001), ERR_LIMIT);
}

static void an_absurd_usage_report_is_bounded(void **state)
{
    (void)state;
    struct quota quota;
    struct quota_settings settings = {.in_flight_max = 1, .tokens_a_minute = 1000};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    assert_int_equal(quota_admit(&quota, 0, 10), 0);
    quota_settle(&quota, 0, 10, INT64_MAX, true);
    assert_true(quota_at(&quota, 0, 1000) <= 120 * SECOND);
    assert_int_equal(quota_admit(&quota, 120 * SECOND, 1000), 0);
    quota_settle(&quota, 120 * SECOND, 1000, INT64_MIN, true);
    assert_true(quota_at(&quota, 120 * SECOND, 1000) == 120 * SECOND);
}

static void settings_out_of_range_are_refused(void **state)
{
    (void)state;
    struct quota quota;
    const struct quota_settings wrong[] = {
        {.in_flight_max = 0},
        {.in_flight_max = 1, .requests_a_minute = -1},
        {.in_flight_max = 1, .tokens_a_minute = INT64_MAX},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(quota_init(&quota, &wrong[i], 0), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_at_once_and_no_more),
        cmocka_unit_test(a_minute_holds_so_many_requests_and_says_when_the_next_may_come),
        cmocka_unit_test(tokens_are_reserved_and_settled),
        cmocka_unit_test(what_was_never_sent_costs_nothing),
        cmocka_unit_test(more_than_a_minutes_tokens_can_never_be_had),
        cmocka_unit_test(an_absurd_usage_report_is_bounded),
        cmocka_unit_test(settings_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
