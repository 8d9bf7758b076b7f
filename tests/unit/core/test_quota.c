/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/quota/quota.h"

static const uint64_t SECOND = 1000000000;

static void so_many_at_once_and_no_more(void **state)
{
    (void)state;
    struct quota quota;
    struct book_hold hold;

    assert_int_equal(quota_init(&quota, &(struct quota_settings){.in_flight_max = 2}, 0), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 1000000, &hold), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 1000000, &hold), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 0, &hold), ERR_BUSY);
    quota_settle(&quota, 0, &hold, 5, true);
    assert_int_equal(quota_admit(&quota, 0, 0, 0, &hold), 0);
    quota_release(&quota);
}

static void a_minute_holds_so_many_requests_and_says_when_the_next_may_come(void **state)
{
    (void)state;
    struct quota quota;
    struct book_hold hold;
    struct quota_settings settings = {.in_flight_max = 100, .requests_a_minute = 60};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    for (int i = 0; i < 60; i++)
        assert_int_equal(quota_admit(&quota, 0, 0, 0, &hold), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 0, &hold), ERR_THROTTLED);
    assert_true(quota_at(&quota, 0, 0, 0) == SECOND);
    assert_int_equal(quota_admit(&quota, SECOND, 0, 0, &hold), 0);
    quota_release(&quota);
}

static void tokens_are_reserved_and_settled(void **state)
{
    (void)state;
    struct quota quota;
    struct book_hold hold;
    struct quota_settings settings = {.in_flight_max = 100, .tokens_a_minute = 1000};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 900, &hold), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 200, &hold), ERR_THROTTLED);
    quota_settle(&quota, 0, &hold, 100, true);
    assert_int_equal(quota_admit(&quota, 0, 0, 900, &hold), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 1, &hold), ERR_THROTTLED);
    quota_release(&quota);
}

static void what_was_never_sent_costs_nothing(void **state)
{
    (void)state;
    struct quota quota;
    struct book_hold hold;
    struct quota_settings settings = {
        .in_flight_max = 1, .requests_a_minute = 1, .tokens_a_minute = 10};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(quota_admit(&quota, 0, 0, 10, &hold), 0);
        quota_settle(&quota, 0, &hold, 10, false);
    }
    quota_release(&quota);
}

static void more_than_a_minutes_tokens_can_never_be_had(void **state)
{
    (void)state;
    struct quota quota;
    struct quota_settings settings = {.in_flight_max = 1, .tokens_a_minute = 1000};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    assert_int_equal(quota_possible(&quota, 1000), 0);
    assert_int_equal(quota_possible(&quota, 1001), ERR_LIMIT);
    quota_release(&quota);
}

static void an_absurd_usage_report_is_bounded(void **state)
{
    (void)state;
    struct quota quota;
    struct book_hold hold;
    struct quota_settings settings = {.in_flight_max = 1, .tokens_a_minute = 1000};

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 10, &hold), 0);
    quota_settle(&quota, 0, &hold, INT64_MAX, true);
    assert_true(quota_at(&quota, 0, 0, 1000) <= 120 * SECOND);
    assert_int_equal(quota_admit(&quota, 120 * SECOND, 0, 1000, &hold), 0);
    quota_settle(&quota, 120 * SECOND, &hold, INT64_MIN, true);
    assert_true(quota_at(&quota, 120 * SECOND, 0, 1000) == 120 * SECOND);
    quota_release(&quota);
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

static const struct book_limits shared = {.tokens_a_day = 1000};
static const struct book_key under_shared = {.entries = {0}, .count = 1};

static void a_call_falls_under_its_key_and_under_the_upstreams_own_limits(void **state)
{
    (void)state;
    struct quota quota;
    struct book_hold hold;
    struct quota_settings settings = {
        .in_flight_max = 100,
        .tokens_a_minute = 900,
        .entries = &shared,
        .entry_count = 1,
        .keys = &under_shared,
        .key_count = 1,
    };

    assert_int_equal(quota_init(&quota, &settings, 0), 0);
    assert_int_equal(quota_possible_under(&quota, 1, 901), ERR_LIMIT);
    assert_int_equal(quota_admit(&quota, 0, 1, 800, &hold), 0);
    assert_int_equal(quota_admit(&quota, 0, 0, 200, &hold), ERR_THROTTLED); /* its minute */
    assert_int_equal(quota_admit(&quota, 60 * SECOND, 1, 300, &hold), ERR_THROTTLED); /* the day */
    assert_int_equal(quota_admit(&quota, 60 * SECOND, 0, 300, &hold), 0);
    assert_int_equal(quota_admit(&quota, 120 * SECOND, 1, 200, &hold), 0);
    assert_int_equal(quota.in_flight, 3);
    quota_release(&quota);
}

static void keys_that_name_no_entry_are_refused(void **state)
{
    (void)state;
    struct quota quota;
    const struct book_key wrong[] = {
        {.entries = {1}, .count = 1},
        {.entries = {0, 0}, .count = 2},
        {.count = BOOK_UNDER_MAX},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct quota_settings settings = {
            .in_flight_max = 1,
            .entries = &shared,
            .entry_count = 1,
            .keys = &wrong[i],
            .key_count = 1,
        };
        assert_int_equal(quota_init(&quota, &settings, 0), ERR_LIMIT);
    }
}

static void running_out_of_memory_at_the_start_leaves_nothing_behind(void **state)
{
    (void)state;
    struct quota quota;
    int code = ERR_MEMORY;

    for (unsigned long n = 1; code != 0; n++) {
        assert_true(n < 20);
        mem_fail_at(n);
        code = quota_init(&quota, &(struct quota_settings){.in_flight_max = 1}, 0);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
    }
    quota_release(&quota);
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
        cmocka_unit_test(a_call_falls_under_its_key_and_under_the_upstreams_own_limits),
        cmocka_unit_test(keys_that_name_no_entry_are_refused),
        cmocka_unit_test(running_out_of_memory_at_the_start_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
