/* SPDX-License-Identifier: Apache-2.0
 *
 * How connections live and end: checks, lifetimes, draining, the peer's limits, a maximum that
 * changes, back-off, the end of the pool. One test a promise. */
#include "pool_rig.h"

#include "base/mem.h"

/* ---- checks --------------------------------------------------------------------------------- */

static const struct pool_settings checked = {
    .connections_max = 8,
    .streams_max = 1,
    .tickets_max = 100,
    .check_every_ns = 60 * SECOND,
    .check_in_ns = 2 * SECOND,
};

static void
an_idle_connection_is_checked_after_a_minute_and_granted_to_nobody_meanwhile(void **state)
{
    (void)state;
    struct pool pool;

    rig_start(&pool, &checked);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, SECOND, POOL_STREAM_DONE, connection);
    assert_true(pool_deadline(&pool) == 61 * SECOND);
    pool_tick(&pool, 61 * SECOND);
    assert_true(id_equal(rig_expect(&pool, POOL_CHECK).connection, connection));
    rig_want(&pool, 61 * SECOND, 1);
    struct id other = rig_expect(&pool, POOL_OPEN).connection;
    rig_expect_nothing(&pool);
    rig_feed(&pool, 62 * SECOND,
             (struct pool_event){.kind = POOL_CHECKED, .connection = connection});
    assert_true(id_equal(rig_expect(&pool, POOL_GRANT).connection, connection));
    assert_false(id_equal(connection, other));
    pool_release(&pool);
}

static void a_failed_check_closes_and_refills_to_the_minimum(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = checked;

    settings.connections_min = 1;
    rig_start(&pool, &settings);
    pool_tick(&pool, 0);
    struct id connection = rig_expect(&pool, POOL_OPEN).connection;
    rig_tell(&pool, 0, POOL_OPENED, connection);
    pool_tick(&pool, 60 * SECOND);
    rig_expect(&pool, POOL_CHECK);
    rig_feed(
        &pool, 61 * SECOND,
        (struct pool_event){.kind = POOL_CHECKED, .connection = connection, .code = ERR_CLOSED});
    assert_true(id_equal(rig_expect(&pool, POOL_CLOSE).connection, connection));
    rig_expect_nothing(&pool);
    pool_tick(&pool, pool_deadline(&pool));
    rig_expect(&pool, POOL_OPEN);
    assert_int_equal(rig_metrics(&pool).check_failures, 1);
    pool_release(&pool);
}

static void a_check_without_an_answer_has_failed(void **state)
{
    (void)state;
    struct pool pool;

    rig_start(&pool, &checked);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, 0, POOL_STREAM_DONE, connection);
    pool_tick(&pool, 60 * SECOND);
    rig_expect(&pool, POOL_CHECK);
    assert_true(pool_deadline(&pool) == 62 * SECOND);
    pool_tick(&pool, 62 * SECOND);
    rig_expect(&pool, POOL_CLOSE);
    struct pool_event late = {.kind = POOL_CHECKED, .connection = connection};
    assert_int_equal(pool_feed(&pool, 62 * SECOND, &late), ERR_MISSING);
    pool_release(&pool);
}

static void a_check_is_no_use_the_idle_limit_still_counts_from_the_last_stream(void **state)
{
    (void)state;
    struct pool pool;
    uint64_t now_ns = 0;
    unsigned checks = 0;

    rig_start(&pool, &checked);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, 0, POOL_STREAM_DONE, connection);
    for (struct pool_effect effect = {0}; effect.kind != POOL_CLOSE;) {
        now_ns = pool_deadline(&pool);
        pool_tick(&pool, now_ns);
        assert_true(pool_next(&pool, &effect));
        if (effect.kind == POOL_CHECK)
            rig_tell(&pool, now_ns, POOL_CHECKED, connection);
        checks += effect.kind == POOL_CHECK ? 1 : 0;
    }
    assert_true(now_ns == 300 * SECOND);
    assert_in_range(checks, 4, 5);
    pool_release(&pool);
}

static void not_more_than_one_in_four_is_checked_at_a_time(void **state)
{
    (void)state;
    struct pool pool;
    struct id opened[8];
    struct pool_effect effect;
    unsigned checks = 0;

    rig_start(&pool, &checked);
    for (uint32_t i = 0; i < 8; i++)
        opened[i] = rig_connect(&pool, 0, i);
    for (uint32_t i = 0; i < 8; i++)
        rig_tell(&pool, 0, POOL_STREAM_DONE, opened[i]);
    pool_tick(&pool, 60 * SECOND);
    while (pool_next(&pool, &effect))
        checks++;
    assert_int_equal(checks, 2);
    assert_int_equal(rig_metrics(&pool).idle, 8);
    assert_true(pool_deadline(&pool) == 62 * SECOND); /* the others wait for those, and spin not */
    rig_tell(&pool, 60 * SECOND, POOL_CHECKED, opened[0]);
    rig_expect(&pool, POOL_CHECK);
    pool_release(&pool);
}

static void a_checked_connection_takes_its_old_place_in_the_order_of_use(void **state)
{
    (void)state;
    struct pool pool;

    rig_start(&pool, &checked);
    struct id first = rig_connect(&pool, 0, 0);
    struct id second = rig_connect(&pool, 0, 1);
    struct id third = rig_connect(&pool, 0, 2);
    rig_tell(&pool, 1, POOL_STREAM_DONE, first);
    rig_tell(&pool, 2, POOL_STREAM_DONE, second);
    rig_tell(&pool, 3, POOL_STREAM_DONE, third);
    pool_tick(&pool, 60 * SECOND + 1);
    assert_true(id_equal(rig_expect(&pool, POOL_CHECK).connection, first));
    rig_tell(&pool, 61 * SECOND, POOL_CHECKED, first);
    assert_true(id_equal(rig_expect(&pool, POOL_CHECK).connection, second));
    rig_tell(&pool, 61 * SECOND, POOL_CHECKED, second);
    rig_expect(&pool, POOL_CHECK);
    rig_tell(&pool, 61 * SECOND, POOL_CHECKED, third);
    struct id expected[] = {third, second, first};
    for (uint32_t i = 0; i < 3; i++) {
        rig_want(&pool, 62 * SECOND, 10 + i);
        assert_true(id_equal(rig_expect(&pool, POOL_GRANT).connection, expected[i]));
    }
    pool_release(&pool);
}

/* ---- lifetimes ------------------------------------------------------------------------------ */

static void a_lifetime_cuts_no_stream_and_ends_with_the_last(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {
        .connections_max = 1, .streams_max = 2, .tickets_max = 9, .lifetime_ns = 100 * SECOND};

    rig_start(&pool, &settings);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_want(&pool, 0, 1);
    rig_expect(&pool, POOL_GRANT);
    pool_tick(&pool, 101 * SECOND);
    rig_expect_nothing(&pool);
    rig_want(&pool, 101 * SECOND, 2);
    rig_expect_nothing(&pool); /* it takes no more */
    rig_tell(&pool, 150 * SECOND, POOL_STREAM_DONE, connection);
    rig_expect_nothing(&pool);
    rig_tell(&pool, 160 * SECOND, POOL_STREAM_DONE, connection);
    assert_true(id_equal(rig_expect(&pool, POOL_CLOSE).connection, connection));
    rig_expect(&pool, POOL_OPEN); /* for the ticket that waits */
    assert_int_equal(rig_metrics(&pool).expired, 1);
    pool_release(&pool);
}

static void connections_of_one_moment_never_expire_together_nor_late(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct pool pool;
        struct pool_settings settings = {.connections_min = 50,
                                         .connections_max = 50,
                                         .streams_max = 1,
                                         .tickets_max = 1,
                                         .lifetime_ns = 1000 * SECOND,
                                         .seed = seed};
        struct pool_effect effect;
        uint64_t last_ns = 0;
        unsigned ended = 0;

        rig_start(&pool, &settings);
        pool_tick(&pool, 0);
        struct id opened[50];
        for (uint32_t i = 0; i < 50; i++)
            opened[i] = rig_expect(&pool, POOL_OPEN).connection;
        for (uint32_t i = 0; i < 50; i++)
            rig_tell(&pool, 0, POOL_OPENED, opened[i]);
        while (ended < 50) {
            uint64_t now_ns = pool_deadline(&pool);
            unsigned now = 0;
            pool_tick(&pool, now_ns);
            while (pool_next(&pool, &effect))
                now += effect.kind == POOL_CLOSE && effect.connection.generation == 1 ? 1 : 0;
            assert_true(now <= 1 && now_ns <= 1000 * SECOND);
            if (now == 1) {
                assert_true(now_ns >= 800 * SECOND && now_ns > last_ns);
                assert_true(ended == 0 || now_ns - last_ns >= 2 * SECOND);
                last_ns = now_ns;
            }
            ended += now;
        }
        pool_release(&pool);
    }
}

/* ---- draining and the peer's limits --------------------------------------------------------- */

static void a_drained_connection_serves_what_it_has_and_nobody_else(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 2, .streams_max = 4, .tickets_max = 9};

    rig_start(&pool, &settings);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, 1, POOL_DRAIN, connection);
    rig_expect_nothing(&pool);
    rig_want(&pool, 2, 1);
    struct id other = rig_expect(&pool, POOL_OPEN).connection;
    rig_tell(&pool, 3, POOL_OPENED, other);
    assert_true(id_equal(rig_expect(&pool, POOL_GRANT).connection, other));
    rig_tell(&pool, 4, POOL_STREAM_DONE, connection);
    assert_true(id_equal(rig_expect(&pool, POOL_CLOSE).connection, connection));
    rig_tell(&pool, 5, POOL_STREAM_DONE, other);
    rig_tell(&pool, 5, POOL_DRAIN, other); /* idle: at once */
    rig_expect(&pool, POOL_CLOSE);
    pool_release(&pool);
}

static void a_drained_connection_does_not_count_for_the_minimum(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {
        .connections_min = 1, .connections_max = 2, .streams_max = 1, .tickets_max = 9};

    rig_start(&pool, &settings);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, 1, POOL_DRAIN, connection);
    rig_expect_nothing(&pool);
    pool_tick(&pool, pool_deadline(&pool));
    rig_expect(&pool, POOL_OPEN);
    pool_release(&pool);
}

static void the_peers_capacity_is_obeyed_and_may_fall_below_what_is_in_use(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 1, .streams_max = 100, .tickets_max = 9};

    rig_start(&pool, &settings);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_want(&pool, 0, 1);
    rig_expect(&pool, POOL_GRANT);
    rig_feed(&pool, 0,
             (struct pool_event){.kind = POOL_CAPACITY, .connection = connection, .streams = 1});
    rig_want(&pool, 0, 2);
    rig_expect_nothing(&pool);
    rig_tell(&pool, 1, POOL_STREAM_DONE, connection);
    rig_expect_nothing(&pool); /* one is in use, one is allowed */
    rig_tell(&pool, 2, POOL_STREAM_DONE, connection);
    rig_expect(&pool, POOL_GRANT);
    rig_want(&pool, 3, 3);
    rig_want(&pool, 3, 4);
    rig_expect_nothing(&pool);
    rig_feed(&pool, 4,
             (struct pool_event){.kind = POOL_CAPACITY, .connection = connection, .streams = 3});
    rig_expect(&pool, POOL_GRANT);
    rig_expect(&pool, POOL_GRANT);
    assert_int_equal(rig_metrics(&pool).streams, 3);
    pool_release(&pool);
}

static void what_the_peer_allows_from_the_start_is_obeyed_from_the_start(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 9, .streams_max = 100, .tickets_max = 9};

    rig_start(&pool, &settings);
    rig_want(&pool, 0, 0);
    struct id connection = rig_expect(&pool, POOL_OPEN).connection;
    rig_want(&pool, 0, 1);
    rig_want(&pool, 0, 2);
    rig_expect_nothing(&pool); /* it might carry all */
    rig_feed(&pool, 1,
             (struct pool_event){.kind = POOL_OPENED, .connection = connection, .streams = 1});
    rig_expect(&pool, POOL_GRANT);
    rig_expect(&pool, POOL_OPEN); /* now it is known that each needs one */
    rig_expect(&pool, POOL_OPEN);
    rig_expect_nothing(&pool);
    pool_release(&pool);
}

static void a_peer_that_allows_nothing_for_long_is_like_one_that_cannot_be_reached(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {
        .connections_max = 1, .streams_max = 9, .tickets_max = 9, .connect_in_ns = 3 * SECOND};

    rig_start(&pool, &settings);
    struct id connection = rig_connect(&pool, 0, 0);
    rig_tell(&pool, 0, POOL_STREAM_DONE, connection);
    rig_feed(&pool, SECOND, (struct pool_event){.kind = POOL_CAPACITY, .connection = connection});
    rig_want(&pool, SECOND, 1);
    rig_want(&pool, SECOND, 2);
    rig_expect_nothing(&pool);
    assert_true(pool_deadline(&pool) == 4 * SECOND);
    pool_tick(&pool, 4 * SECOND);
    rig_expect(&pool, POOL_CLOSE);
    assert_int_equal(rig_expect(&pool, POOL_REFUSE).code, ERR_BUSY);
    connection = rig_expect(&pool, POOL_OPEN).connection;
    rig_tell(&pool, 4 * SECOND, POOL_OPENED, connection);
    rig_expect(&pool, POOL_GRANT);
    rig_tell(&pool, 4 * SECOND, POOL_STREAM_DONE, connection);
    rig_feed(&pool, 5 * SECOND,
             (struct pool_event){.kind = POOL_CAPACITY, .connection = connection});
    rig_feed(&pool, 6 * SECOND,
             (struct pool_event){.kind = POOL_CAPACITY, .connection = connection, .streams = 2});
    rig_want(&pool, 6 * SECOND, 3);
    rig_expect(&pool, POOL_GRANT); /* allowed again, in time */
    pool_release(&pool);
}

/* ---- the maximum, the back-off, the end ----------------------------------------------------- */

static void a_lower_maximum_closes_idle_ones_now_and_busy_ones_when_they_are_done(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {.connections_max = 4, .streams_max = 1, .tickets_max = 9};
    struct id opened[4];

    rig_start(&pool, &settings);
    for (uint32_t i = 0; i < 4; i++)
        opened[i] = rig_connect(&pool, 0, i);
    rig_tell(&pool, 1, POOL_STREAM_DONE, opened[0]);
    rig_feed(&pool, 2, (struct pool_event){.kind = POOL_SET_MAX, .connections_max = 2});
    assert_true(id_equal(rig_expect(&pool, POOL_CLOSE).connection, opened[0]));
    rig_expect_nothing(&pool);
    rig_want(&pool, 3, 5);
    rig_expect_nothing(&pool);
    rig_tell(&pool, 4, POOL_STREAM_DONE, opened[1]); /* the one woken longest ago */
    assert_true(id_equal(rig_expect(&pool, POOL_CLOSE).connection, opened[1]));
    rig_expect_nothing(&pool);
    rig_tell(&pool, 5, POOL_STREAM_DONE, opened[2]);
    rig_expect(&pool, POOL_GRANT);
    rig_want(&pool, 6, 6);
    rig_expect_nothing(&pool);
    rig_feed(&pool, 7, (struct pool_event){.kind = POOL_SET_MAX, .connections_max = 4});
    rig_expect(&pool, POOL_OPEN);
    struct pool_event wrong = {.kind = POOL_SET_MAX, .connections_max = 5};
    assert_int_equal(pool_feed(&pool, 8, &wrong), ERR_LIMIT);
    wrong.connections_max = 0;
    assert_int_equal(pool_feed(&pool, 8, &wrong), ERR_LIMIT);
    pool_release(&pool);
}

/* When the minimum of one is tried again after each of so many failures. */
static void delays_of(uint64_t seed, uint64_t delays_ns[], unsigned count)
{
    struct pool pool;
    struct pool_settings settings = {.connections_min = 1,
                                     .connections_max = 1,
                                     .streams_max = 1,
                                     .tickets_max = 1,
                                     .backoff_ns = SECOND / 10,
                                     .backoff_ns_max = 2 * SECOND,
                                     .seed = seed};
    uint64_t now_ns = 0;

    rig_start(&pool, &settings);
    pool_tick(&pool, 0);
    for (unsigned i = 0; i < count; i++) {
        rig_feed(&pool, now_ns,
                 (struct pool_event){.kind = POOL_OPEN_FAILED,
                                     .connection = rig_expect(&pool, POOL_OPEN).connection,
                                     .code = ERR_UNREACHABLE});
        delays_ns[i] = pool_deadline(&pool) - now_ns;
        now_ns = pool_deadline(&pool);
        pool_tick(&pool, now_ns);
    }
    pool_release(&pool);
}

static void failed_opens_are_tried_again_after_delays_with_full_jitter(void **state)
{
    (void)state;
    enum { DELAYS = 8, SEEDS = 400 };
    double mean_ns[DELAYS] = {0};

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t delays_ns[DELAYS];
        uint64_t ceiling_ns = SECOND / 10;
        delays_of(seed, delays_ns, DELAYS);
        for (unsigned i = 0; i < DELAYS; i++) {
            assert_true(delays_ns[i] >= 1 && delays_ns[i] <= ceiling_ns);
            mean_ns[i] += (double)delays_ns[i] / SEEDS;
            ceiling_ns = 2 * ceiling_ns < 2 * SECOND ? 2 * ceiling_ns : 2 * SECOND;
        }
    }
    /* Half of each ceiling, to five standard errors of the mean of a uniform one. */
    assert_true(mean_ns[0] > 0.043e9 && mean_ns[0] < 0.057e9);
    assert_true(mean_ns[3] > 0.34e9 && mean_ns[3] < 0.46e9);
    assert_true(mean_ns[7] > 0.85e9 && mean_ns[7] < 1.15e9);
}

static void a_stopped_pool_serves_who_waits_refuses_others_and_ends(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {
        .connections_min = 1, .connections_max = 2, .streams_max = 1, .tickets_max = 9};

    rig_start(&pool, &settings);
    struct id first = rig_connect(&pool, 0, 0);
    struct id second = rig_connect(&pool, 0, 1);
    rig_want(&pool, 0, 2);
    rig_feed(&pool, 1, (struct pool_event){.kind = POOL_STOP});
    rig_expect_nothing(&pool);
    rig_want(&pool, 2, 3);
    assert_int_equal(rig_expect(&pool, POOL_REFUSE).code, ERR_BUSY);
    rig_tell(&pool, 3, POOL_STREAM_DONE, first);
    assert_int_equal(rig_expect(&pool, POOL_GRANT).ticket.slot, 2);
    rig_tell(&pool, 4, POOL_STREAM_DONE, second);
    rig_expect(&pool, POOL_CLOSE);
    assert_false(pool_over(&pool));
    rig_tell(&pool, 5, POOL_STREAM_DONE, first);
    rig_expect(&pool, POOL_CLOSE);
    rig_expect_nothing(&pool);
    assert_true(pool_over(&pool));
    assert_true(pool_deadline(&pool) == UINT64_MAX);
    pool_release(&pool);
}

static void a_stop_closes_what_is_idle_and_what_is_being_opened(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {
        .connections_min = 2, .connections_max = 2, .streams_max = 1, .tickets_max = 9};

    rig_start(&pool, &settings);
    pool_tick(&pool, 0);
    struct id first = rig_expect(&pool, POOL_OPEN).connection;
    rig_expect(&pool, POOL_OPEN);
    rig_tell(&pool, 1, POOL_OPENED, first);
    rig_feed(&pool, 2, (struct pool_event){.kind = POOL_STOP});
    rig_expect(&pool, POOL_CLOSE);
    rig_expect(&pool, POOL_CLOSE);
    rig_expect_nothing(&pool);
    assert_true(pool_over(&pool));
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            an_idle_connection_is_checked_after_a_minute_and_granted_to_nobody_meanwhile),
        cmocka_unit_test(a_failed_check_closes_and_refills_to_the_minimum),
        cmocka_unit_test(a_check_without_an_answer_has_failed),
        cmocka_unit_test(a_check_is_no_use_the_idle_limit_still_counts_from_the_last_stream),
        cmocka_unit_test(not_more_than_one_in_four_is_checked_at_a_time),
        cmocka_unit_test(a_checked_connection_takes_its_old_place_in_the_order_of_use),
        cmocka_unit_test(a_lifetime_cuts_no_stream_and_ends_with_the_last),
        cmocka_unit_test(connections_of_one_moment_never_expire_together_nor_late),
        cmocka_unit_test(a_drained_connection_serves_what_it_has_and_nobody_else),
        cmocka_unit_test(a_drained_connection_does_not_count_for_the_minimum),
        cmocka_unit_test(the_peers_capacity_is_obeyed_and_may_fall_below_what_is_in_use),
        cmocka_unit_test(what_the_peer_allows_from_the_start_is_obeyed_from_the_start),
        cmocka_unit_test(a_peer_that_allows_nothing_for_long_is_like_one_that_cannot_be_reached),
        cmocka_unit_test(a_lower_maximum_closes_idle_ones_now_and_busy_ones_when_they_are_done),
        cmocka_unit_test(failed_opens_are_tried_again_after_delays_with_full_jitter),
        cmocka_unit_test(a_stopped_pool_serves_who_waits_refuses_others_and_ends),
        cmocka_unit_test(a_stop_closes_what_is_idle_and_what_is_being_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
