/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool's first promises, one test each: who gets which connection, what a failed open means,
 * how much is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/pool/pool.h"

static const uint64_t SECOND = 1000000000;

static struct id ticket(uint32_t slot)
{
    return (struct id){.slot = slot, .generation = 1};
}

static void start(struct pool *pool, uint32_t min, uint32_t max, uint32_t streams)
{
    struct pool_settings settings = {
        .connections_min = min,
        .connections_max = max,
        .streams_max = streams,
        .tickets_max = 100,
    };
    assert_int_equal(pool_init(pool, &settings, 0), 0);
}

static void want(struct pool *pool, uint64_t now_ns, uint32_t slot, uint64_t deadline_ns)
{
    assert_int_equal(pool_feed(pool, now_ns,
                               &(struct pool_event){.kind = POOL_WANT,
                                                    .ticket = ticket(slot),
                                                    .deadline_ns = deadline_ns}),
                     0);
}

static void tell(struct pool *pool, uint64_t now_ns, enum pool_event_kind kind,
                 struct id connection)
{
    assert_int_equal(pool_feed(pool, now_ns,
                               &(struct pool_event){.kind = kind,
                                                    .connection = connection,
                                                    .code = ERR_UNREACHABLE,
                                                    .reusable = true}),
                     0);
}

static struct pool_effect expect(struct pool *pool, enum pool_effect_kind kind)
{
    struct pool_effect effect;
    assert_true(pool_next(pool, &effect));
    assert_int_equal(effect.kind, kind);
    return effect;
}

static void expect_nothing(struct pool *pool)
{
    struct pool_effect effect;
    assert_false(pool_next(pool, &effect));
}

/* A pool with one connection that ticket 0 holds. */
static struct id start_with_one(struct pool *pool, uint32_t max)
{
    start(pool, 0, max, 1);
    want(pool, 0, 0, SECOND);
    struct id connection = expect(pool, POOL_OPEN).connection;
    tell(pool, 0, POOL_OPENED, connection);
    assert_int_equal(expect(pool, POOL_GRANT).ticket.slot, 0);
    return connection;
}

static void a_wish_opens_a_connection_and_gets_it(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 0, 2, 1);
    want(&pool, 5, 7, SECOND);
    struct id connection = expect(&pool, POOL_OPEN).connection;
    expect_nothing(&pool);
    tell(&pool, 15, POOL_OPENED, connection);
    struct pool_effect effect = expect(&pool, POOL_GRANT);
    assert_true(id_equal(effect.connection, connection) && effect.ticket.slot == 7);
    assert_false(effect.reused);
    assert_int_equal(effect.waited_ns, 10);
    pool_release(&pool);
}

static void a_wish_takes_whichever_connection_is_free_first(void **state)
{
    (void)state;
    struct pool pool;
    struct id first = start_with_one(&pool, 2);

    want(&pool, 10, 1, SECOND);
    struct id second = expect(&pool, POOL_OPEN).connection;
    tell(&pool, 20, POOL_STREAM_DONE, first);
    struct pool_effect effect = expect(&pool, POOL_GRANT);
    assert_true(id_equal(effect.connection, first));
    assert_true(effect.reused);
    tell(&pool, 30, POOL_OPENED, second);
    expect_nothing(&pool);
    pool_release(&pool);
}

static void the_connection_used_last_is_used_next(void **state)
{
    (void)state;
    struct pool pool;
    struct id first = start_with_one(&pool, 2);

    want(&pool, 0, 1, SECOND);
    struct id second = expect(&pool, POOL_OPEN).connection;
    tell(&pool, 0, POOL_OPENED, second);
    expect(&pool, POOL_GRANT);
    tell(&pool, 10, POOL_STREAM_DONE, second);
    tell(&pool, 20, POOL_STREAM_DONE, first);
    want(&pool, 30, 2, SECOND);
    assert_true(id_equal(expect(&pool, POOL_GRANT).connection, first));
    pool_release(&pool);
}

static void past_the_maximum_wishes_wait_in_order(void **state)
{
    (void)state;
    struct pool pool;
    struct id connection = start_with_one(&pool, 1);

    want(&pool, 0, 2, SECOND);
    want(&pool, 0, 1, SECOND);
    expect_nothing(&pool);
    tell(&pool, 10, POOL_STREAM_DONE, connection);
    assert_int_equal(expect(&pool, POOL_GRANT).ticket.slot, 2);
    tell(&pool, 20, POOL_STREAM_DONE, connection);
    assert_int_equal(expect(&pool, POOL_GRANT).ticket.slot, 1);
    pool_release(&pool);
}

static void a_wish_is_refused_at_its_deadline_and_not_before(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_metrics metrics;

    start_with_one(&pool, 1);
    want(&pool, 0, 1, 500);
    assert_int_equal(pool_deadline(&pool), 500);
    pool_tick(&pool, 499);
    expect_nothing(&pool);
    pool_tick(&pool, 500);
    struct pool_effect effect = expect(&pool, POOL_REFUSE);
    assert_int_equal(effect.code, ERR_BUSY);
    assert_int_equal(effect.ticket.slot, 1);
    pool_metrics(&pool, &metrics);
    assert_int_equal(metrics.timeouts, 1);
    pool_release(&pool);
}

static void a_full_queue_refuses_at_once(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_settings settings = {
        .connections_max = 1, .streams_max = 1, .tickets_max = 10, .waiting_max = 1};

    assert_int_equal(pool_init(&pool, &settings, 0), 0);
    want(&pool, 0, 0, SECOND);
    expect(&pool, POOL_OPEN);
    want(&pool, 0, 1, SECOND);
    assert_int_equal(expect(&pool, POOL_REFUSE).code, ERR_BUSY);
    pool_release(&pool);
}

static void who_no_longer_wants_gets_nothing(void **state)
{
    (void)state;
    struct pool pool;
    struct id connection = start_with_one(&pool, 1);
    struct pool_event cancel = {.kind = POOL_CANCEL, .ticket = ticket(1)};

    want(&pool, 0, 1, SECOND);
    assert_int_equal(pool_feed(&pool, 0, &cancel), 0);
    assert_int_equal(pool_feed(&pool, 0, &cancel), ERR_MISSING);
    tell(&pool, 0, POOL_STREAM_DONE, connection);
    expect_nothing(&pool);
    pool_release(&pool);
}

static void a_failed_open_refuses_the_oldest_wish_with_its_code(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 0, 2, 1);
    want(&pool, 0, 0, SECOND);
    struct id first = expect(&pool, POOL_OPEN).connection;
    want(&pool, 0, 1, SECOND);
    struct id second = expect(&pool, POOL_OPEN).connection;
    tell(&pool, 5, POOL_OPEN_FAILED, second);
    struct pool_effect effect = expect(&pool, POOL_REFUSE);
    assert_int_equal(effect.code, ERR_UNREACHABLE);
    assert_int_equal(effect.ticket.slot, 0);
    tell(&pool, 6, POOL_OPENED, first);
    assert_int_equal(expect(&pool, POOL_GRANT).ticket.slot, 1);
    pool_release(&pool);
}

static void a_failed_open_refuses_nobody_while_a_live_connection_may_serve(void **state)
{
    (void)state;
    struct pool pool;
    struct id first = start_with_one(&pool, 2);

    want(&pool, 0, 1, SECOND);
    struct id second = expect(&pool, POOL_OPEN).connection;
    tell(&pool, 5, POOL_OPEN_FAILED, second);
    expect_nothing(&pool);
    assert_true(pool_deadline(&pool) > 5); /* it tries again, but not at once */
    pool_tick(&pool, pool_deadline(&pool));
    expect(&pool, POOL_OPEN);
    tell(&pool, SECOND / 2, POOL_STREAM_DONE, first);
    assert_int_equal(expect(&pool, POOL_GRANT).ticket.slot, 1);
    pool_release(&pool);
}

static void an_open_that_takes_too_long_is_closed_and_has_failed(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 0, 1, 1);
    want(&pool, 0, 0, 60 * SECOND);
    struct id connection = expect(&pool, POOL_OPEN).connection;
    assert_true(pool_deadline(&pool) == 5 * SECOND);
    pool_tick(&pool, 5 * SECOND);
    assert_true(id_equal(expect(&pool, POOL_CLOSE).connection, connection));
    assert_int_equal(expect(&pool, POOL_REFUSE).code, ERR_TIMEOUT);
    struct pool_event late = {.kind = POOL_OPENED, .connection = connection};
    assert_int_equal(pool_feed(&pool, 5 * SECOND, &late), ERR_MISSING);
    pool_release(&pool);
}

static void what_is_idle_too_long_is_closed_down_to_the_minimum(void **state)
{
    (void)state;
    struct pool pool;
    struct id opened[3];

    start(&pool, 1, 3, 1);
    for (uint32_t i = 0; i < 3; i++) {
        want(&pool, 0, i, SECOND);
        opened[i] = expect(&pool, POOL_OPEN).connection;
    }
    for (uint32_t i = 0; i < 3; i++) {
        tell(&pool, 0, POOL_OPENED, opened[i]);
        expect(&pool, POOL_GRANT);
    }
    for (uint32_t i = 0; i < 3; i++)
        tell(&pool, i * SECOND, POOL_STREAM_DONE, opened[i]);
    assert_true(pool_deadline(&pool) == 300 * SECOND);
    pool_tick(&pool, 400 * SECOND);
    assert_true(id_equal(expect(&pool, POOL_CLOSE).connection, opened[0]));
    assert_true(id_equal(expect(&pool, POOL_CLOSE).connection, opened[1]));
    expect_nothing(&pool);
    assert_true(pool_deadline(&pool) == UINT64_MAX);
    pool_release(&pool);
}

static void the_minimum_is_opened_at_the_first_tick_and_soon_after_a_loss(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 2, 5, 1);
    assert_int_equal(pool_deadline(&pool), 0);
    pool_tick(&pool, 0);
    struct id first = expect(&pool, POOL_OPEN).connection;
    struct id second = expect(&pool, POOL_OPEN).connection;
    expect_nothing(&pool);
    tell(&pool, 1, POOL_OPENED, first);
    tell(&pool, 1, POOL_OPENED, second);
    tell(&pool, 2, POOL_CLOSED, first);
    expect_nothing(&pool); /* whoever lost one may have lost many: not all at once */
    assert_true(pool_deadline(&pool) > 2 && pool_deadline(&pool) <= 2 + SECOND / 20);
    pool_tick(&pool, pool_deadline(&pool));
    expect(&pool, POOL_OPEN);
    expect_nothing(&pool);
    pool_release(&pool);
}

static void a_minimum_that_cannot_be_opened_is_tried_ever_more_slowly(void **state)
{
    (void)state;
    struct pool pool;
    uint64_t now_ns = 0;
    unsigned opens = 0;

    start(&pool, 1, 1, 1);
    while (now_ns < 60 * SECOND) {
        struct pool_effect effect;
        pool_tick(&pool, now_ns);
        if (pool_next(&pool, &effect)) {
            opens++;
            tell(&pool, now_ns, POOL_OPEN_FAILED, effect.connection);
        }
        now_ns = pool_deadline(&pool);
    }
    assert_in_range(opens, 10, 40);
    pool_release(&pool);
}

static void a_connection_that_cannot_be_reused_is_closed(void **state)
{
    (void)state;
    struct pool pool;
    struct id connection = start_with_one(&pool, 1);
    struct pool_event done = {.kind = POOL_STREAM_DONE, .connection = connection};

    want(&pool, 0, 1, SECOND);
    assert_int_equal(pool_feed(&pool, 0, &done), 0);
    assert_true(id_equal(expect(&pool, POOL_CLOSE).connection, connection));
    assert_false(id_equal(expect(&pool, POOL_OPEN).connection, connection));
    assert_int_equal(pool_feed(&pool, 0, &done), ERR_MISSING);
    pool_release(&pool);
}

static void one_stale_connection_condemns_those_that_lay_idle_longer(void **state)
{
    (void)state;
    struct pool pool;
    struct id opened[3];

    start(&pool, 0, 3, 1);
    for (uint32_t i = 0; i < 3; i++) {
        want(&pool, 0, i, SECOND);
        opened[i] = expect(&pool, POOL_OPEN).connection;
    }
    for (uint32_t i = 0; i < 3; i++) {
        tell(&pool, 0, POOL_OPENED, opened[i]);
        expect(&pool, POOL_GRANT);
    }
    for (uint32_t i = 0; i < 2; i++)
        tell(&pool, 10 + i, POOL_STREAM_DONE, opened[i]);
    want(&pool, 20, 5, SECOND);
    assert_true(id_equal(expect(&pool, POOL_GRANT).connection, opened[1]));
    tell(&pool, 30, POOL_STREAM_DONE, opened[2]);
    struct pool_event closed = {.kind = POOL_CLOSED, .connection = opened[1], .stale = true};
    assert_int_equal(pool_feed(&pool, 40, &closed), 0);
    assert_true(id_equal(expect(&pool, POOL_CLOSE).connection, opened[0]));
    expect_nothing(&pool); /* the one that just came back from use stays */
    pool_release(&pool);
}

static void streams_share_a_connection_up_to_its_limit(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 0, 2, 2);
    want(&pool, 0, 0, SECOND);
    struct id connection = expect(&pool, POOL_OPEN).connection;
    want(&pool, 0, 1, SECOND);
    expect_nothing(&pool); /* the one being opened has room for both */
    want(&pool, 0, 2, SECOND);
    expect(&pool, POOL_OPEN);
    tell(&pool, 0, POOL_OPENED, connection);
    expect(&pool, POOL_GRANT);
    expect(&pool, POOL_GRANT);
    expect_nothing(&pool);
    tell(&pool, 0, POOL_STREAM_DONE, connection);
    assert_true(id_equal(expect(&pool, POOL_GRANT).connection, connection));
    tell(&pool, 0, POOL_STREAM_DONE, connection);
    tell(&pool, 0, POOL_STREAM_DONE, connection);
    struct pool_metrics metrics;
    pool_metrics(&pool, &metrics);
    assert_int_equal(metrics.idle, 1);
    assert_int_equal(metrics.checkouts, 3);
    assert_int_equal(metrics.checkins, 3);
    pool_release(&pool);
}

static void use_is_summed_over_time(void **state)
{
    (void)state;
    struct pool pool;
    struct pool_metrics metrics;
    struct id connection = start_with_one(&pool, 1);

    tell(&pool, 70500, POOL_STREAM_DONE, connection);
    pool_tick(&pool, 1000000);
    pool_metrics(&pool, &metrics);
    assert_int_equal(metrics.busy_us, 70);
    pool_release(&pool);
}

static void running_out_of_memory_at_the_start_leaves_nothing_behind(void **state)
{
    (void)state;
    struct pool_settings settings = {.connections_max = 2, .streams_max = 1, .tickets_max = 4};
    struct pool pool;
    int code = ERR_MEMORY;

    for (unsigned long n = 1; code != 0; n++) {
        assert_true(n < 20);
        mem_fail_at(n);
        code = pool_init(&pool, &settings, 0);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
    }
    pool_release(&pool);
}

static void settings_out_of_range_are_refused(void **state)
{
    (void)state;
    struct pool pool;
    const struct pool_settings wrong[] = {
        {.connections_max = 0, .streams_max = 1, .tickets_max = 1},
        {.connections_max = 1, .streams_max = 0, .tickets_max = 1},
        {.connections_max = 1, .streams_max = 1, .tickets_max = 0},
        {.connections_min = 2, .connections_max = 1, .streams_max = 1, .tickets_max = 1},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(pool_init(&pool, &wrong[i], 0), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wish_opens_a_connection_and_gets_it),
        cmocka_unit_test(a_wish_takes_whichever_connection_is_free_first),
        cmocka_unit_test(the_connection_used_last_is_used_next),
        cmocka_unit_test(past_the_maximum_wishes_wait_in_order),
        cmocka_unit_test(a_wish_is_refused_at_its_deadline_and_not_before),
        cmocka_unit_test(a_full_queue_refuses_at_once),
        cmocka_unit_test(who_no_longer_wants_gets_nothing),
        cmocka_unit_test(a_failed_open_refuses_the_oldest_wish_with_its_code),
        cmocka_unit_test(a_failed_open_refuses_nobody_while_a_live_connection_may_serve),
        cmocka_unit_test(an_open_that_takes_too_long_is_closed_and_has_failed),
        cmocka_unit_test(what_is_idle_too_long_is_closed_down_to_the_minimum),
        cmocka_unit_test(the_minimum_is_opened_at_the_first_tick_and_soon_after_a_loss),
        cmocka_unit_test(a_minimum_that_cannot_be_opened_is_tried_ever_more_slowly),
        cmocka_unit_test(a_connection_that_cannot_be_reused_is_closed),
        cmocka_unit_test(one_stale_connection_condemns_those_that_lay_idle_longer),
        cmocka_unit_test(streams_share_a_connection_up_to_its_limit),
        cmocka_unit_test(use_is_summed_over_time),
        cmocka_unit_test(running_out_of_memory_at_the_start_leaves_nothing_behind),
        cmocka_unit_test(settings_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
