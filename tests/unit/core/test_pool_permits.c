/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool under a shared limit: it asks before it opens, gives back what it does not use, and gives
 * up connections for others. */
#include "pool_rig.h"

static void start(struct pool *pool, uint32_t min)
{
    struct pool_settings settings = {.connections_min = min,
                                     .connections_max = 4,
                                     .streams_max = 1,
                                     .tickets_max = 100,
                                     .shared = true};
    rig_start(pool, &settings);
}

static void permit(struct pool *pool, uint64_t now_ns, uint32_t permits)
{
    rig_feed(pool, now_ns, (struct pool_event){.kind = POOL_PERMIT, .permits = permits});
}

static void recall(struct pool *pool, uint64_t now_ns, uint32_t permits, uint32_t must)
{
    rig_feed(pool, now_ns,
             (struct pool_event){.kind = POOL_RECALL, .permits = permits, .must = must});
}

static void expect_wanted(struct pool *pool, uint32_t permits, uint32_t urgent)
{
    struct pool_effect effect = rig_expect(pool, POOL_PERMIT_WANTED);
    assert_int_equal(effect.permits, permits);
    assert_int_equal(effect.urgent, urgent);
}

static void expect_back(struct pool *pool, uint32_t permits)
{
    assert_int_equal(rig_expect(pool, POOL_PERMIT_BACK).permits, permits);
}

/* Two connections: ticket 0 holds the first, ticket 1 the second. */
static void start_with_two(struct pool *pool, struct id opened[2])
{
    start(pool, 0);
    for (uint32_t i = 0; i < 2; i++) {
        rig_want(pool, 0, i);
        expect_wanted(pool, i + 1, i + 1);
        permit(pool, 0, 1);
        opened[i] = rig_expect(pool, POOL_OPEN).connection;
        expect_wanted(pool, 0, 0);
        rig_tell(pool, 0, POOL_OPENED, opened[i]);
        rig_expect(pool, POOL_GRANT);
    }
}

static void nothing_is_opened_without_a_permit(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 0);
    rig_want(&pool, 0, 0);
    expect_wanted(&pool, 1, 1);
    rig_want(&pool, 0, 1);
    expect_wanted(&pool, 2, 2);
    rig_expect_nothing(&pool);
    permit(&pool, 1, 1);
    rig_expect(&pool, POOL_OPEN);
    rig_expect_nothing(&pool); /* it would still like to have two in all */
    permit(&pool, 2, 1);
    rig_expect(&pool, POOL_OPEN);
    expect_wanted(&pool, 0, 0);
    rig_expect_nothing(&pool);
    pool_release(&pool);
}

static void filling_up_to_the_minimum_is_not_urgent(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 3);
    assert_int_equal(pool_deadline(&pool), 0);
    pool_tick(&pool, 0);
    expect_wanted(&pool, 3, 0);
    assert_true(pool_deadline(&pool) == UINT64_MAX);
    rig_want(&pool, 0, 0);
    expect_wanted(&pool, 3, 1);
    permit(&pool, 0, 3);
    for (int i = 0; i < 3; i++)
        rig_expect(&pool, POOL_OPEN);
    expect_wanted(&pool, 0, 0);
    pool_release(&pool);
}

static void a_permit_nobody_needs_any_more_goes_back_after_that_was_said(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 0);
    rig_want(&pool, 0, 0);
    expect_wanted(&pool, 1, 1);
    rig_feed(&pool, 1, (struct pool_event){.kind = POOL_CANCEL, .ticket = rig_ticket(0)});
    expect_wanted(&pool, 0, 0);
    permit(&pool, 2, 1);
    expect_back(&pool, 1);
    rig_expect_nothing(&pool);
    pool_release(&pool);
}

static void a_connection_that_ends_gives_its_permit_back_unless_it_is_needed(void **state)
{
    (void)state;
    struct pool pool;
    struct id opened[2];

    start_with_two(&pool, opened);
    rig_feed(&pool, 1, (struct pool_event){.kind = POOL_CLOSED, .connection = opened[0]});
    expect_back(&pool, 1);
    rig_want(&pool, 2, 2);
    expect_wanted(&pool, 2, 2);
    rig_feed(&pool, 3, (struct pool_event){.kind = POOL_CLOSED, .connection = opened[1]});
    rig_expect(&pool, POOL_OPEN); /* with the permit that came free */
    expect_wanted(&pool, 0, 0);
    rig_expect_nothing(&pool);
    pool_release(&pool);
}

static void idle_connections_are_given_up_when_recalled_now_or_later(void **state)
{
    (void)state;
    struct pool pool;
    struct id opened[2];

    start_with_two(&pool, opened);
    rig_tell(&pool, 1, POOL_STREAM_DONE, opened[0]);
    recall(&pool, 2, 2, 0);
    assert_true(id_equal(rig_expect(&pool, POOL_CLOSE).connection, opened[0]));
    expect_back(&pool, 1);
    rig_want(&pool, 3, 5);
    expect_wanted(&pool, 2, 2);
    rig_tell(&pool, 4, POOL_STREAM_DONE, opened[1]);
    rig_expect(&pool, POOL_GRANT); /* own callers come before what is owed only if idle */
    expect_wanted(&pool, 0, 0);
    rig_tell(&pool, 5, POOL_STREAM_DONE, opened[1]);
    rig_expect(&pool, POOL_CLOSE);
    expect_back(&pool, 1);
    assert_int_equal(rig_metrics(&pool).recalled, 2);
    pool_release(&pool);
}

static void what_must_be_given_goes_after_its_stream_although_others_wait_here(void **state)
{
    (void)state;
    struct pool pool;
    struct id opened[2];

    start_with_two(&pool, opened);
    rig_want(&pool, 1, 5);
    expect_wanted(&pool, 3, 3);
    recall(&pool, 2, 1, 1);
    rig_expect_nothing(&pool);                       /* no stream is cut */
    rig_tell(&pool, 3, POOL_STREAM_DONE, opened[0]); /* the one woken longest ago */
    rig_expect(&pool, POOL_CLOSE);
    expect_wanted(&pool, 2, 2);
    expect_back(&pool, 1);
    rig_expect_nothing(&pool);
    rig_tell(&pool, 4, POOL_STREAM_DONE, opened[1]);
    rig_expect(&pool, POOL_GRANT); /* no more is owed */
    pool_release(&pool);
}

static void a_new_connection_serves_once_before_it_must_go(void **state)
{
    (void)state;
    struct pool pool;

    start(&pool, 0);
    rig_want(&pool, 0, 0);
    expect_wanted(&pool, 1, 1);
    permit(&pool, 1, 1);
    struct id connection = rig_expect(&pool, POOL_OPEN).connection;
    expect_wanted(&pool, 0, 0);
    recall(&pool, 2, 1, 1);
    rig_expect_nothing(&pool);
    rig_tell(&pool, 3, POOL_OPENED, connection);
    rig_expect(&pool, POOL_GRANT);
    rig_expect_nothing(&pool);
    rig_tell(&pool, 4, POOL_STREAM_DONE, connection);
    rig_expect(&pool, POOL_CLOSE);
    expect_back(&pool, 1);
    pool_release(&pool);
}

static void a_recall_can_be_taken_back(void **state)
{
    (void)state;
    struct pool pool;
    struct id opened[2];

    start_with_two(&pool, opened);
    recall(&pool, 1, 2, 0);
    recall(&pool, 2, 0, 0);
    rig_tell(&pool, 3, POOL_STREAM_DONE, opened[0]);
    rig_expect_nothing(&pool);
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_opened_without_a_permit),
        cmocka_unit_test(filling_up_to_the_minimum_is_not_urgent),
        cmocka_unit_test(a_permit_nobody_needs_any_more_goes_back_after_that_was_said),
        cmocka_unit_test(a_connection_that_ends_gives_its_permit_back_unless_it_is_needed),
        cmocka_unit_test(idle_connections_are_given_up_when_recalled_now_or_later),
        cmocka_unit_test(what_must_be_given_goes_after_its_stream_although_others_wait_here),
        cmocka_unit_test(a_new_connection_serves_once_before_it_must_go),
        cmocka_unit_test(a_recall_can_be_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
