/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/quota/outlier.h"

static const uint64_t SECOND = 1000000000;

static void start(struct outlier *outlier, uint32_t hosts)
{
    assert_int_equal(outlier_init(outlier, &(struct outlier_settings){.hosts = hosts}, 0), 0);
}

static bool fail_in_a_row(struct outlier *outlier, uint64_t now_ns, uint32_t host,
                          struct outlier_change *ret_change)
{
    for (int i = 0; i < 4; i++)
        assert_false(outlier_ended(outlier, now_ns, host, false, ret_change));
    return outlier_ended(outlier, now_ns, host, false, ret_change);
}

/* Ticks until nothing more is said; the last change. */
static int tick(struct outlier *outlier, uint64_t now_ns, struct outlier_change *ret_change)
{
    int changes = 0;

    while (outlier_tick(outlier, now_ns, ret_change))
        changes++;
    return changes;
}

static void five_failures_in_a_row_put_it_out_for_30_seconds(void **state)
{
    (void)state;
    struct outlier outlier;
    struct outlier_change change;

    start(&outlier, 3);
    assert_false(outlier_ended(&outlier, 0, 1, false, &change));
    assert_false(outlier_ended(&outlier, 0, 1, true, &change)); /* not in a row */
    assert_true(fail_in_a_row(&outlier, SECOND, 1, &change));
    assert_int_equal(change.host, 1);
    assert_int_equal(change.reason, OUTLIER_IN_A_ROW);
    assert_true(change.until_ns == 31 * SECOND);
    assert_true(outlier_is_ejected(&outlier, 1) && !outlier_is_ejected(&outlier, 0));
    for (uint64_t s = 10; s <= 30; s += 10)
        assert_int_equal(tick(&outlier, s * SECOND, &change), 0);
    assert_true(outlier_deadline(&outlier) == 31 * SECOND);
    assert_int_equal(tick(&outlier, 31 * SECOND, &change), 1);
    assert_int_equal(change.reason, OUTLIER_BACK);
    assert_false(outlier_is_ejected(&outlier, 1));
    outlier_release(&outlier);
}

static void each_time_is_longer_until_it_has_behaved(void **state)
{
    (void)state;
    struct outlier outlier;
    struct outlier_change change;
    uint64_t now_ns = 0;

    start(&outlier, 1);
    for (uint64_t times = 1; times <= 12; times++) {
        assert_true(fail_in_a_row(&outlier, now_ns, 0, &change));
        uint64_t out_s = times * 30 < 300 ? times * 30 : 300;
        assert_true(change.until_ns == now_ns + out_s * SECOND);
        for (; now_ns < change.until_ns && outlier_is_ejected(&outlier, 0);)
            tick(&outlier, now_ns = outlier_deadline(&outlier), &change);
    }
    for (int i = 0; i < 20; i++) /* as many good intervals take it all off */
        tick(&outlier, now_ns = outlier_deadline(&outlier), &change);
    assert_true(fail_in_a_row(&outlier, now_ns, 0, &change));
    assert_true(change.until_ns == now_ns + 30 * SECOND);
    outlier_release(&outlier);
}

static void no_more_than_the_share_is_out_but_one_may_always_be(void **state)
{
    (void)state;
    struct outlier outlier;
    struct outlier_change change;
    uint32_t out = 0;

    start(&outlier, 30);
    for (uint32_t host = 0; host < 30; host++)
        out += fail_in_a_row(&outlier, 0, host, &change) ? 1 : 0;
    assert_int_equal(out, 3);
    outlier_release(&outlier);
    start(&outlier, 2);
    assert_true(fail_in_a_row(&outlier, 0, 0, &change));
    assert_false(fail_in_a_row(&outlier, 0, 1, &change));
    outlier_release(&outlier);
}

/* So many requests to each host; `bad_host` fails one of four, the others one of 50. */
static void interval(struct outlier *outlier, uint64_t now_ns, uint32_t hosts, int requests,
                     uint32_t bad_host)
{
    struct outlier_change change;

    for (uint32_t host = 0; host < hosts; host++)
        for (int i = 0; i < requests; i++)
            assert_false(outlier_ended(outlier, now_ns, host, i % (host == bad_host ? 4 : 50) != 1,
                                       &change));
}

static void one_far_below_the_mean_of_all_is_put_out_at_the_end_of_an_interval(void **state)
{
    (void)state;
    struct outlier outlier;
    struct outlier_change change;

    start(&outlier, 10);
    interval(&outlier, SECOND, 10, 200, 7);
    assert_int_equal(tick(&outlier, 10 * SECOND - 1, &change), 0);
    assert_int_equal(tick(&outlier, 10 * SECOND, &change), 1);
    assert_int_equal(change.host, 7);
    assert_int_equal(change.reason, OUTLIER_SUCCESS_RATE);
    assert_true(change.until_ns == 40 * SECOND);
    outlier_release(&outlier);
}

static void too_few_requests_or_hosts_cannot_be_compared(void **state)
{
    (void)state;
    struct outlier outlier;
    struct outlier_change change;

    start(&outlier, 10);
    interval(&outlier, SECOND, 10, 99, 7);
    assert_int_equal(tick(&outlier, 10 * SECOND, &change), 0);
    interval(&outlier, 11 * SECOND, 4, 500, 3);
    assert_int_equal(tick(&outlier, 20 * SECOND, &change), 0);
    outlier_release(&outlier);
}

static void settings_out_of_range_are_refused_and_lack_of_memory_is_said(void **state)
{
    (void)state;
    struct outlier outlier;

    assert_int_equal(outlier_init(&outlier, &(struct outlier_settings){0}, 0), ERR_LIMIT);
    assert_int_equal(outlier_init(&outlier, &(struct outlier_settings){.hosts = 1025}, 0),
                     ERR_LIMIT);
    assert_int_equal(
        outlier_init(&outlier,
                     &(struct outlier_settings){.hosts = 1, .ejected_share_micro = 1000001}, 0),
        ERR_LIMIT);
    mem_fail_at(1);
    assert_int_equal(outlier_init(&outlier, &(struct outlier_settings){.hosts = 1}, 0), ERR_MEMORY);
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_failures_in_a_row_put_it_out_for_30_seconds),
        cmocka_unit_test(each_time_is_longer_until_it_has_behaved),
        cmocka_unit_test(no_more_than_the_share_is_out_but_one_may_always_be),
        cmocka_unit_test(one_far_below_the_mean_of_all_is_put_out_at_the_end_of_an_interval),
        cmocka_unit_test(too_few_requests_or_hosts_cannot_be_compared),
        cmocka_unit_test(settings_out_of_range_are_refused_and_lack_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
