/* SPDX-License-Identifier: Apache-2.0
 *
 * What a pool measures: counts, times, and utilization weighted by time. */
#include "pool_rig.h"

static const struct pool_settings four = {
    .connections_max = 4, .streams_max = 1, .tickets_max = 100};

static void utilization_is_use_over_what_the_maximum_could_carry_weighted_by_time(void **state)
{
    (void)state;
    struct pool pool;

    rig_start(&pool, &four);
    struct id first = rig_connect(&pool, 0, 0);
    struct id second = rig_connect(&pool, 0, 1);
    rig_tell(&pool, 50 * SECOND, POOL_STREAM_DONE, first);
    rig_tell(&pool, 100 * SECOND, POOL_STREAM_DONE, second);
    pool_tick(&pool, 200 * SECOND);
    struct pool_metrics metrics = rig_metrics(&pool);
    assert_int_equal(metrics.busy_us, 150000000);
    assert_int_equal(metrics.capacity_us, 800000000);
    assert_int_equal(metrics.open_us, 400000000);
    assert_int_equal(metrics.utilization_micro, 187500);
    assert_int_equal(metrics.utilization_open_micro, 375000);
    assert_true(metrics.elapsed_ns == 200 * SECOND);
    pool_release(&pool);
}

static void capacity_follows_the_streams_that_peers_allow_and_the_maximum(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 4, .streams_max = 100, .tickets_max = 9};

    rig_start(&pool, &settings);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_feed(&pool, 0,
             (struct pool_event){.kind = POOL_CAPACITY, .connection = connection, .streams = 10});
    rig_feed(&pool, 10 * SECOND, (struct pool_event){.kind = POOL_SET_MAX, .connections_max = 2});
    assert_int_equal(rig_metrics(&pool).capacity_us, 40 * 10000000);
    pool_tick(&pool, 20 * SECOND);
    assert_int_equal(rig_metrics(&pool).capacity_us, 40 * 10000000 + 20 * 10000000);
    assert_int_equal(rig_metrics(&pool).open_us, 10 * 20000000);
    pool_release(&pool);
}

static void a_connection_whose_peer_allows_no_stream_is_counted_as_idle(void **state)
{
    (void)state;
    struct pool pool;

    rig_start(&pool, &four);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, SECOND, POOL_STREAM_DONE, connection);
    rig_feed(&pool, SECOND, (struct pool_event){.kind = POOL_CAPACITY, .connection = connection});
    struct pool_metrics metrics = rig_metrics(&pool);
    assert_int_equal(metrics.size, 1);
    assert_int_equal(metrics.opening + metrics.active, 0);
    assert_int_equal(metrics.idle, 1);
    pool_release(&pool);
}

static void nothing_less_than_a_microsecond_is_lost_from_the_sums(void **state)
{
    (void)state;
    struct pool pool;

    rig_start(&pool, &four);
    rig_connect(&pool, 0, 0);
    for (uint64_t i = 1; i <= 10000; i++)
        pool_tick(&pool, i * 100);
    assert_int_equal(rig_metrics(&pool).busy_us, 1000);
    assert_int_equal(rig_metrics(&pool).capacity_us, 4000);
    pool_release(&pool);
}

static void sums_do_not_overflow_in_a_hundred_years(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 50, .streams_max = 100, .tickets_max = 1};

    rig_start(&pool, &settings);
    for (uint64_t year = 1; year <= 100; year++)
        pool_tick(&pool, year * 31557600 * SECOND);
    struct pool_metrics metrics = rig_metrics(&pool);
    assert_true(metrics.capacity_us == UINT64_C(100) * 31557600 * 1000000 * 5000);
    pool_release(&pool);
}

static void a_window_counts_from_its_beginning(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_metrics window;

    rig_start(&pool, &four);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, 100 * SECOND, POOL_STREAM_DONE, connection);
    pool_window_reset(&pool);
    rig_want(&pool, 150 * SECOND, 1);
    rig_expect(&pool, POOL_GRANT);
    pool_tick(&pool, 200 * SECOND);
    pool_window_metrics(&pool, &window);
    assert_int_equal(window.checkouts, 1);
    assert_int_equal(window.checkins, 0);
    assert_int_equal(window.opened, 0);
    assert_int_equal(window.size, 1);
    assert_int_equal(window.utilization_micro, 125000);
    assert_int_equal(window.utilization_open_micro, 500000);
    assert_true(window.elapsed_ns == 100 * SECOND);
    assert_int_equal(rig_metrics(&pool).checkouts, 2);
    assert_int_equal(rig_metrics(&pool).utilization_micro, 187500);
    pool_release(&pool);
}

static void the_highest_values_of_a_window_are_its_own(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 1, .streams_max = 1, .tickets_max = 9};
    struct pool_metrics window;

    rig_start(&pool, &settings);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_want(&pool, 0, 1);
    rig_want(&pool, 0, 2);
    rig_tell(&pool, 9 * SECOND, POOL_STREAM_DONE, connection);
    rig_expect(&pool, POOL_GRANT);
    pool_window_reset(&pool);
    rig_want(&pool, 10 * SECOND, 3);
    rig_tell(&pool, 11 * SECOND, POOL_STREAM_DONE, connection);
    rig_expect(&pool, POOL_GRANT);
    rig_tell(&pool, 12 * SECOND, POOL_STREAM_DONE, connection);
    rig_expect(&pool, POOL_GRANT);
    pool_window_metrics(&pool, &window);
    assert_true(window.checkout_ns_max == 11 * SECOND);
    assert_int_equal(window.waiting_max, 2);
    pool_window_reset(&pool);
    pool_window_metrics(&pool, &window);
    assert_true(window.checkout_ns_max == 0);
    assert_int_equal(window.waiting_max, 0);
    assert_true(rig_metrics(&pool).checkout_ns_max == 11 * SECOND);
    assert_true(rig_metrics(&pool).checkout_ns_total == 22 * SECOND);
    pool_release(&pool);
}

static void waits_are_told_apart_by_how_the_stream_was_come_by(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 1, .streams_max = 1, .tickets_max = 9};

    rig_start(&pool, &settings);
    const struct pool_histograms *histograms = pool_histograms(&pool);
    rig_want(&pool, 0, 0);
    struct id connection = rig_expect(&pool, POOL_OPEN).connection;
    rig_want(&pool, 0, 1);
    rig_tell(&pool, 5 * SECOND, POOL_OPENED, connection);
    rig_expect(&pool, POOL_GRANT); /* connected, 5 s */
    rig_tell(&pool, 7 * SECOND, POOL_STREAM_DONE, connection);
    rig_expect(&pool, POOL_GRANT); /* waited, 7 s */
    rig_tell(&pool, 8 * SECOND, POOL_STREAM_DONE, connection);
    rig_want(&pool, 9 * SECOND, 2);
    rig_expect(&pool, POOL_GRANT); /* reused */
    assert_int_equal(histograms->checkout_ns[POOL_WAY_CONNECTED].total, 1);
    assert_true(histograms->checkout_ns[POOL_WAY_CONNECTED].max == 5 * SECOND);
    assert_int_equal(histograms->checkout_ns[POOL_WAY_WAITED].total, 1);
    assert_true(histograms->checkout_ns[POOL_WAY_WAITED].max == 7 * SECOND);
    assert_int_equal(histograms->checkout_ns[POOL_WAY_REUSED].total, 1);
    assert_int_equal(histograms->checkout_ns[POOL_WAY_REUSED].max, 0);
    assert_true(histograms->connect_ns.max == 5 * SECOND);
    pool_release(&pool);
}

static void arrivals_and_services_are_kept_to_simulate_the_run_again(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 1, .streams_max = 2, .tickets_max = 9};

    rig_start(&pool, &settings);
    const struct pool_histograms *histograms = pool_histograms(&pool);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, 3 * SECOND, POOL_STREAM_DONE, connection); /* alone: known without a ticket */
    assert_true(histograms->service_ns.max == 3 * SECOND);
    rig_want(&pool, 10 * SECOND, 1);
    rig_expect(&pool, POOL_GRANT);
    rig_want(&pool, 12 * SECOND, 2);
    rig_expect(&pool, POOL_GRANT);
    struct pool_event done = {.kind = POOL_STREAM_DONE,
                              .connection = connection,
                              .ticket = rig_ticket(1),
                              .reusable = true};
    rig_feed(&pool, 15 * SECOND, done);
    assert_int_equal(histograms->service_ns.total, 2);
    assert_true(histograms->service_ns.max == 5 * SECOND);
    done.ticket = (struct id){0};
    rig_want(&pool, 16 * SECOND, 3);
    rig_expect(&pool, POOL_GRANT);
    rig_feed(&pool, 17 * SECOND, done); /* whose it was is not known: nothing is made up */
    rig_feed(&pool, 18 * SECOND, done);
    assert_int_equal(histograms->service_ns.total, 2);
    assert_int_equal(histograms->between_ns.total, 3);
    assert_true(histograms->between_ns.min == 2 * SECOND);
    assert_true(histograms->between_ns.max == 10 * SECOND);
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utilization_is_use_over_what_the_maximum_could_carry_weighted_by_time),
        cmocka_unit_test(capacity_follows_the_streams_that_peers_allow_and_the_maximum),
        cmocka_unit_test(nothing_less_than_a_microsecond_is_lost_from_the_sums),
        cmocka_unit_test(sums_do_not_overflow_in_a_hundred_years),
        cmocka_unit_test(a_window_counts_from_its_beginning),
        cmocka_unit_test(the_highest_values_of_a_window_are_its_own),
        cmocka_unit_test(waits_are_told_apart_by_how_the_stream_was_come_by),
        cmocka_unit_test(a_connection_whose_peer_allows_no_stream_is_counted_as_idle),
        cmocka_unit_test(arrivals_and_services_are_kept_to_simulate_the_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
