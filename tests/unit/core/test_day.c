/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise; then random takings against a list of all that was taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/quota/day.h"

static const uint64_t QUARTER = 900000000000;
static const uint64_t DAY = 86400000000000;

static void so_much_in_a_day_and_no_more(void **state)
{
    (void)state;
    struct day day;

    assert_int_equal(day_init(&day, 5, 1000), 0);
    assert_int_equal(day_reserve(&day, 10, 1001), ERR_LIMIT);
    assert_int_equal(day_reserve(&day, 10, 600), 0);
    assert_int_equal(day_reserve(&day, 20, 401), ERR_THROTTLED);
    assert_int_equal(day_reserve(&day, DAY - 1, 400), 0);
    assert_int_equal(day_reserve(&day, DAY, 1), ERR_THROTTLED);
}

static void what_was_taken_comes_back_a_day_later_as_promised(void **state)
{
    (void)state;
    struct day day;

    assert_int_equal(day_init(&day, 0, 1000), 0);
    assert_int_equal(day_reserve(&day, QUARTER + 5, 1000), 0);
    uint64_t at_ns = day_at(&day, QUARTER + 6, 1);
    assert_in_range(at_ns, QUARTER + 5 + DAY, QUARTER + 5 + DAY + QUARTER);
    assert_int_equal(day_reserve(&day, at_ns - 1, 1), ERR_THROTTLED);
    assert_int_equal(day_reserve(&day, at_ns, 1000), 0);
    assert_true(day_at(&day, at_ns + 100 * DAY, 1000) == at_ns + 100 * DAY);
}

static void a_settlement_goes_back_to_when_it_was_reserved(void **state)
{
    (void)state;
    struct day day;

    assert_int_equal(day_init(&day, 0, 1000), 0);
    assert_int_equal(day_reserve(&day, 0, 1000), 0);
    day_settle(&day, 3 * QUARTER, 0, 1000, 100);
    assert_int_equal(day_reserve(&day, 3 * QUARTER, 900), 0);
    day_settle(&day, 4 * QUARTER, 3 * QUARTER, 900, 950); /* beyond the limit, but it happened */
    assert_int_equal(day_reserve(&day, 4 * QUARTER, 1), ERR_THROTTLED);
    assert_int_equal(day_reserve(&day, DAY + QUARTER, 50), 0); /* the first 100 are gone */
    day_settle(&day, 4 * DAY, 0, 1000, 0);                     /* long gone */
    assert_int_equal(day_reserve(&day, 4 * DAY, 1000), 0);
}

enum { TAKINGS = 3000 };

static void in_no_24_hours_is_more_taken_than_the_limit(void **state)
{
    (void)state;
    static uint64_t at_ns[TAKINGS];
    static int64_t amounts[TAKINGS];

    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct rng rng;
        struct day day;
        uint64_t now_ns = 0;
        int count = 0;
        print_message("seed %d\n", (int)seed);
        rng_init(&rng, seed);
        assert_int_equal(day_init(&day, 0, 5000), 0);
        while (count < TAKINGS) {
            now_ns += rng_below(&rng, QUARTER / 2);
            amounts[count] = 1 + (int64_t)rng_below(&rng, 300);
            uint64_t free_ns = day_at(&day, now_ns, amounts[count]);
            int code = day_reserve(&day, now_ns, amounts[count]);
            assert_int_equal(code, free_ns == now_ns ? 0 : ERR_THROTTLED);
            at_ns[count] = now_ns;
            count += code == 0 ? 1 : 0;
        }
        int64_t sum = 0;
        for (int last = 0, first = 0; last < TAKINGS; last++) {
            sum += amounts[last];
            for (; at_ns[last] - at_ns[first] >= DAY; first++)
                sum -= amounts[first];
            assert_true(sum <= 5000);
        }
    }
}

static void limits_out_of_range_are_refused(void **state)
{
    (void)state;
    struct day day;

    assert_int_equal(day_init(&day, 0, 0), ERR_LIMIT);
    assert_int_equal(day_init(&day, 0, INT64_MAX), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_much_in_a_day_and_no_more),
        cmocka_unit_test(what_was_taken_comes_back_a_day_later_as_promised),
        cmocka_unit_test(a_settlement_goes_back_to_when_it_was_reserved),
        cmocka_unit_test(in_no_24_hours_is_more_taken_than_the_limit),
        cmocka_unit_test(limits_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
