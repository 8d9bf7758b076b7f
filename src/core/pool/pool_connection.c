/* SPDX-License-Identifier: Apache-2.0
 *
 * pool_connection: the states of a connection. A state is a list, and set_state is the one door
 * between them. Idle connections are in two lists: by when they last came to rest, because the
 * latest is used first and the oldest closed first, and by their last sign of life, because the
 * oldest is checked first. A check is no use: it changes the second order and not the first. */
#include "core/pool/pool_inside.h"

static const bool legal[POOL_STATE_END][POOL_STATE_END] = {
    [POOL_STATE_OPENING] = {[POOL_STATE_IDLE] = true},
    [POOL_STATE_IDLE] = {[POOL_STATE_CHECKING] = true,
                         [POOL_STATE_SHARED] = true,
                         [POOL_STATE_FULL] = true,
                         [POOL_STATE_SHUT] = true},
    [POOL_STATE_CHECKING] = {[POOL_STATE_IDLE] = true, [POOL_STATE_SHUT] = true},
    [POOL_STATE_SHARED] =
        {[POOL_STATE_IDLE] = true, [POOL_STATE_FULL] = true, [POOL_STATE_DRAINING] = true},
    [POOL_STATE_FULL] = {[POOL_STATE_IDLE] = true,
                         [POOL_STATE_SHARED] = true,
                         [POOL_STATE_SHUT] = true,
                         [POOL_STATE_DRAINING] = true},
    [POOL_STATE_SHUT] = {[POOL_STATE_IDLE] = true},
};

static const double MICRO = 1e6;

static struct list *list_of(struct pool *pool, enum pool_state state)
{
    struct list *const lists[POOL_STATE_END] = {
        [POOL_STATE_OPENING] = &pool->opening,   [POOL_STATE_IDLE] = &pool->idle,
        [POOL_STATE_CHECKING] = &pool->checking, [POOL_STATE_SHARED] = &pool->shared,
        [POOL_STATE_FULL] = &pool->full,         [POOL_STATE_SHUT] = &pool->shut,
        [POOL_STATE_DRAINING] = &pool->draining,
    };
    return lists[state];
}

/* Keeps pool.streams_open what the connections that are open could carry. One that drains, or whose
 * limit fell below its use, carries what it has. */
static void recount(struct pool *pool, struct pool_connection *connection)
{
    bool takes_more = connection->state != POOL_STATE_DRAINING
                      && connection->state != POOL_STATE_OPENING
                      && connection->capacity > connection->streams;
    uint32_t carries = takes_more ? connection->capacity : connection->streams;

    pool->streams_open = pool->streams_open - connection->counted + carries;
    connection->counted = carries;
}

static void leave(struct pool *pool, struct pool_connection *connection)
{
    list_remove(list_of(pool, connection->state), &connection->link);
    if (connection->state == POOL_STATE_IDLE)
        list_remove(&pool->unproved, &connection->proof);
}

/* Back among the idle ones where it was: as a rule near the end, for the oldest are checked. */
static void rest_again(struct pool *pool, struct pool_connection *connection)
{
    struct list_link *link = pool->idle.last;

    while (link != NULL && pool_connection_at(link)->rested_ns <= connection->rested_ns)
        link = link->previous;
    if (link == NULL)
        list_add_first(&pool->idle, &connection->link);
    else
        list_add_after(&pool->idle, &connection->link, link);
}

static void set_state(struct pool *pool, struct pool_connection *connection, enum pool_state state)
{
    enum pool_state was = connection->state;

    assert_always(legal[was][state]);
    leave(pool, connection);
    connection->state = state;
    connection->since_ns = pool->now_ns;
    if (state == POOL_STATE_IDLE && was == POOL_STATE_CHECKING) {
        rest_again(pool, connection);
    } else {
        list_add_first(list_of(pool, state), &connection->link);
        if (state == POOL_STATE_IDLE)
            connection->rested_ns = pool->now_ns;
    }
    if (state == POOL_STATE_IDLE) {
        connection->proved_ns = pool->now_ns;
        list_add_first(&pool->unproved, &connection->proof);
    }
    recount(pool, connection);
}

/* The state of a live connection follows from how many streams it has. */
static void follow_streams(struct pool *pool, struct pool_connection *connection)
{
    enum pool_state state = POOL_STATE_FULL;

    if (connection->streams < connection->capacity)
        state = connection->streams == 0 ? POOL_STATE_IDLE : POOL_STATE_SHARED;
    else if (connection->streams == 0)
        state = POOL_STATE_SHUT;
    if (state != connection->state)
        set_state(pool, connection, state);
    else
        recount(pool, connection);
}

/* ---- a connection's life -------------------------------------------------------------------- */

void pool_connection_open(struct pool *pool)
{
    struct id id;
    struct pool_connection *connection = slots_take(&pool->connections, &id);

    assert_always(connection != NULL);
    connection->id = id;
    connection->state = POOL_STATE_OPENING;
    connection->since_ns = pool->now_ns;
    list_add_first(&pool->opening, &connection->link);
    ring_push(&pool->effects, &(struct pool_effect){.kind = POOL_OPEN, .connection = id});
}

/* Shortened by a half to the whole of the share, at random: the other half is for pool_expire. */
static uint64_t lifetime_of(struct pool *pool)
{
    double share = pool->settings.lifetime_share_micro / MICRO;
    double part = 1 - share * (0.5 + 0.5 * rng_unit(&pool->rng));
    double ns = (double)pool->settings.lifetime_ns * part;

    return ns >= 1 ? (uint64_t)ns : 1;
}

static void learn_capacity(struct pool *pool, struct pool_connection *connection, uint32_t streams)
{
    uint32_t most = pool->settings.streams_max;

    connection->capacity = streams < most ? streams : most;
    pool->streams_each = connection->capacity > 0 ? connection->capacity : 1;
}

void pool_connection_opened(struct pool *pool, struct pool_connection *connection, uint32_t streams)
{
    pool->open_failures = 0;
    pool->metrics.opened++;
    histogram_record(&pool->histograms.connect_ns, pool->now_ns - connection->since_ns);
    connection->opened_ns = pool->now_ns;
    learn_capacity(pool, connection, streams != 0 ? streams : pool->settings.streams_max);
    set_state(pool, connection, POOL_STATE_IDLE);
    if (pool->settings.lifetime_ns != 0)
        alarms_set(&pool->lifetimes, connection->id.slot,
                   pool_later(pool->now_ns, lifetime_of(pool)));
}

void pool_connection_set_capacity(struct pool *pool, struct pool_connection *connection,
                                  uint32_t streams)
{
    learn_capacity(pool, connection, streams);
    if (connection->state != POOL_STATE_DRAINING && connection->state != POOL_STATE_CHECKING)
        follow_streams(pool, connection);
    else
        recount(pool, connection);
}

void pool_connection_add_stream(struct pool *pool, struct pool_connection *connection)
{
    connection->alone = connection->streams == 0;
    connection->granted_ns = pool->now_ns;
    connection->streams++;
    pool->streams++;
    follow_streams(pool, connection);
}

void pool_connection_end_stream(struct pool *pool, struct pool_connection *connection,
                                bool reusable)
{
    connection->streams--;
    connection->served = true;
    pool->streams--;
    pool->metrics.checkins++;
    if (connection->state != POOL_STATE_DRAINING && !reusable)
        set_state(pool, connection, POOL_STATE_DRAINING);
    if (connection->state != POOL_STATE_DRAINING)
        follow_streams(pool, connection);
    else if (connection->streams == 0)
        pool_connection_close(pool, connection);
    else
        recount(pool, connection);
}

void pool_connection_drain(struct pool *pool, struct pool_connection *connection)
{
    assert_always(connection->state != POOL_STATE_OPENING);
    if (connection->streams == 0)
        pool_connection_close(pool, connection);
    else if (connection->state != POOL_STATE_DRAINING)
        set_state(pool, connection, POOL_STATE_DRAINING);
}

void pool_connection_drop(struct pool *pool, struct pool_connection *connection)
{
    leave(pool, connection);
    alarms_set(&pool->lifetimes, connection->id.slot, UINT64_MAX);
    pool->streams -= connection->streams;
    pool->streams_open -= connection->counted;
    pool->metrics.checkins += connection->streams;
    slots_give(&pool->connections, connection->id);
}

void pool_connection_close(struct pool *pool, struct pool_connection *connection)
{
    struct pool_effect effect = {.kind = POOL_CLOSE, .connection = connection->id};

    ring_push(&pool->effects, &effect);
    pool_connection_drop(pool, connection);
}

/* ---- lifetimes ------------------------------------------------------------------------------ */

void pool_expire(struct pool *pool)
{
    uint64_t share_ns = (uint64_t)((double)pool->settings.lifetime_ns
                                   * (pool->settings.lifetime_share_micro / MICRO) / 2);
    uint64_t apart_ns = share_ns / pool->settings.connections_max + 1;
    uint32_t slot;

    while (alarms_pop(&pool->lifetimes, pool->now_ns, &slot)) {
        struct id id;
        struct pool_connection *connection = slots_at(&pool->connections, slot, &id);
        assert_always(connection != NULL);
        if (connection->state == POOL_STATE_DRAINING)
            continue;
        if (pool->now_ns < pool->expire_at_ns) {
            alarms_set(&pool->lifetimes, slot, pool->expire_at_ns);
            continue;
        }
        pool->expire_at_ns = pool_later(pool->now_ns, apart_ns);
        pool->metrics.expired++;
        pool_connection_drain(pool, connection);
    }
}

/* ---- checks --------------------------------------------------------------------------------- */

/* One at a time, and not more than one in four: whoever comes meanwhile should find one free. */
static bool may_check(const struct pool *pool)
{
    uint32_t at_rest = pool->idle.count + pool->checking.count;

    return pool->checking.count == 0 || pool->checking.count < at_rest / 4;
}

uint64_t pool_check_at(const struct pool *pool)
{
    if (pool->settings.check_every_ns == 0 || pool->unproved.last == NULL || !may_check(pool))
        return UINT64_MAX;
    return pool_later(LIST_ITEM(pool->unproved.last, struct pool_connection, proof)->proved_ns,
                      pool->settings.check_every_ns);
}

void pool_connection_check(struct pool *pool, struct pool_connection *connection)
{
    struct pool_effect effect = {.kind = POOL_CHECK, .connection = connection->id};

    ring_push(&pool->effects, &effect);
    pool->metrics.checks++;
    set_state(pool, connection, POOL_STATE_CHECKING);
}

void pool_check(struct pool *pool)
{
    while (pool_check_at(pool) <= pool->now_ns)
        pool_connection_check(pool, LIST_ITEM(pool->unproved.last, struct pool_connection, proof));
}

void pool_connection_proved(struct pool *pool, struct pool_connection *connection)
{
    follow_streams(pool, connection);
}
