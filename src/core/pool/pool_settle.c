/* SPDX-License-Identifier: Apache-2.0
 *
 * pool_settle: what follows from whatever happened, in this order: give up what is too much or owed
 * to other pools, serve who waits, open what is missing, check who is idle, say which permits are
 * wanted and give back those that are not. Each step leaves nothing for the one before it. */
#include "core/pool/pool_inside.h"

/* ---- what is too much ----------------------------------------------------------------------- */

/* The connection in use that was woken longest ago, or NULL. */
static struct pool_connection *in_use(const struct pool *pool)
{
    struct list_link *link = pool->full.last != NULL ? pool->full.last : pool->shared.last;

    return link != NULL ? pool_connection_at(link) : NULL;
}

/* After the maximum fell: idle ones go at once, those in use with their last stream. */
static void keep_to_maximum(struct pool *pool)
{
    while (pool_size(pool) - pool->draining.count > pool->connections_max) {
        struct list_link *link = pool->idle.last != NULL ? pool->idle.last : pool->opening.last;
        struct pool_connection *connection = link != NULL ? pool_connection_at(link) : in_use(pool);
        if (connection == NULL)
            return; /* the rest is being checked, or shut: later */
        if (connection->state == POOL_STATE_OPENING)
            pool_connection_close(pool, connection);
        else
            pool_connection_drain(pool, connection);
    }
}

static void give_up(struct pool *pool, struct pool_connection *connection)
{
    pool->metrics.recalled++;
    pool_connection_drain(pool, connection);
}

/* Connections owed to other pools although tickets wait here. One that has not served yet is kept
 * for the first of them: or it might be opened again and again and serve nobody. */
static void give_what_must_be(struct pool *pool)
{
    /* Each that drains gives its permit back when it ends. */
    while (pool->draining.count + (pool->permits - pool_size(pool)) < pool->owed_must) {
        struct pool_connection *idle =
            pool->idle.last != NULL ? pool_connection_at(pool->idle.last) : NULL;
        if (idle != NULL && !idle->served && pool->waiting.count > 0)
            idle = NULL;
        struct pool_connection *connection = idle != NULL ? idle : in_use(pool);
        if (connection == NULL)
            return;
        give_up(pool, connection);
    }
}

/* Connections owed to other pools while nobody here needs them: after everybody was served. */
static void give_what_is_idle(struct pool *pool)
{
    while (pool->idle.last != NULL
           && pool->draining.count + (pool->permits - pool_size(pool)) < pool->owed)
        give_up(pool, pool_connection_at(pool->idle.last));
}

/* A stopped pool keeps nothing that nobody waits for. */
static void wind_down(struct pool *pool)
{
    struct list *const unneeded[] = {&pool->idle, &pool->checking, &pool->shut, &pool->opening};

    if (pool->waiting.count > 0)
        return;
    for (size_t i = 0; i < sizeof unneeded / sizeof unneeded[0]; i++)
        while (unneeded[i]->last != NULL)
            pool_connection_close(pool, pool_connection_at(unneeded[i]->last));
}

/* ---- what is missing ------------------------------------------------------------------------ */

struct missing {
    uint32_t for_tickets;
    uint32_t for_minimum;
};

bool pool_has_live(const struct pool *pool)
{
    return pool->idle.count + pool->checking.count + pool->shared.count + pool->full.count > 0;
}

/* How many connections should be opened, were there no delays and no permits. */
static struct missing missing(const struct pool *pool)
{
    uint32_t each = pool->streams_each;
    uint32_t wanted = pool->waiting.count / each + (pool->waiting.count % each != 0 ? 1 : 0);
    uint32_t room = pool_less(pool->connections_max, pool_size(pool));
    uint32_t minimum = pool->stopped ? 0 : pool->settings.connections_min;
    struct missing more = {
        .for_tickets = pool_less(wanted, pool->opening.count),
        .for_minimum = pool_less(minimum, pool_size(pool) - pool->draining.count),
    };

    more.for_tickets = more.for_tickets < room ? more.for_tickets : room;
    more.for_minimum = more.for_minimum < room ? more.for_minimum : room;
    return more;
}

/* When those for tickets may be opened. A failed open has a ticket to answer for it only where
 * nothing else could serve that ticket. */
static uint64_t open_for_tickets_at(const struct pool *pool)
{
    return pool_has_live(pool) ? pool->reopen_at_ns : 0;
}

static uint64_t open_for_minimum_at(const struct pool *pool)
{
    return pool->reopen_at_ns > pool->refill_at_ns ? pool->reopen_at_ns : pool->refill_at_ns;
}

/* What is missing and may be opened now. */
static struct missing missing_now(const struct pool *pool)
{
    struct missing more = missing(pool);

    if (pool->now_ns < open_for_tickets_at(pool))
        more.for_tickets = 0;
    if (pool->now_ns < open_for_minimum_at(pool))
        more.for_minimum = 0;
    return more;
}

static uint32_t most_of(struct missing more)
{
    return more.for_tickets > more.for_minimum ? more.for_tickets : more.for_minimum;
}

static void open_what_is_missing(struct pool *pool)
{
    uint32_t more = most_of(missing_now(pool));
    uint32_t permits = pool->settings.shared ? pool->permits - pool_size(pool) : more;

    for (uint32_t i = 0; i < more && i < permits; i++)
        pool_connection_open(pool);
}

uint64_t pool_open_at(const struct pool *pool)
{
    struct missing more = missing(pool);
    uint64_t tickets_ns = more.for_tickets > 0 ? open_for_tickets_at(pool) : UINT64_MAX;
    uint64_t minimum_ns = more.for_minimum > 0 ? open_for_minimum_at(pool) : UINT64_MAX;

    if (pool->settings.shared && pool->told_wanted != 0) {
        tickets_ns = tickets_ns > pool->now_ns ? tickets_ns : UINT64_MAX;
        minimum_ns = minimum_ns > pool->now_ns ? minimum_ns : UINT64_MAX;
    }
    return pool_earlier(tickets_ns, minimum_ns);
}

/* ---- permits -------------------------------------------------------------------------------- */

static void give_back(struct pool *pool, uint32_t permits)
{
    struct pool_effect effect = {.kind = POOL_PERMIT_BACK, .permits = permits};

    if (permits == 0)
        return;
    pool->permits -= permits;
    pool->owed = pool_less(pool->owed, permits);
    pool->owed_must = pool_less(pool->owed_must, permits);
    ring_push(&pool->effects, &effect);
}

/* Of the permits without a connection, those that are owed. */
static uint32_t owed_now(const struct pool *pool)
{
    uint32_t spare = pool->permits - pool_size(pool);
    uint32_t owed = pool->waiting.count > 0 ? pool->owed_must : pool->owed;

    return spare < owed ? spare : owed;
}

/* Whoever shares the limit is told first what is wanted now, so that it does not give again what
 * is given back. */
static void tell_what_is_wanted(struct pool *pool)
{
    struct missing more = missing_now(pool);
    uint32_t spare = pool->permits - pool_size(pool);
    uint32_t any = pool_less(most_of(more), spare);
    uint32_t for_tickets = pool_less(more.for_tickets, spare);
    struct pool_effect effect = {
        .kind = POOL_PERMIT_WANTED,
        .permits = any > 0 ? pool->permits + any : 0,
        .urgent = for_tickets > 0 ? pool->permits + for_tickets : 0,
    };

    if (effect.permits == pool->told_wanted && effect.urgent == pool->told_urgent)
        return;
    pool->told_wanted = effect.permits;
    pool->told_urgent = effect.urgent;
    ring_push(&pool->effects, &effect);
}

/* ---- what follows --------------------------------------------------------------------------- */

static enum pool_way way_of(const struct pool *pool, const struct pool_ticket *ticket,
                            const struct pool_connection *connection)
{
    if (ticket == pool->arriving)
        return POOL_WAY_REUSED;
    if (!connection->served && connection->opened_ns >= ticket->wanted_ns)
        return POOL_WAY_CONNECTED;
    return POOL_WAY_WAITED;
}

static void grant(struct pool *pool, struct pool_ticket *ticket, struct pool_connection *connection)
{
    struct pool_effect effect = {
        .kind = POOL_GRANT,
        .ticket = ticket->id,
        .connection = connection->id,
        .reused = connection->served,
        .waited_ns = pool->now_ns - ticket->wanted_ns,
    };

    ring_push(&pool->effects, &effect);
    pool->metrics.reused += connection->served ? 1 : 0;
    pool_figures_checkout(pool, way_of(pool, ticket, connection), effect.waited_ns);
    ticket->granted = ticket->id;
    ticket->granted_ns = pool->now_ns;
    pool_ticket_leaves(pool, ticket);
    pool_connection_add_stream(pool, connection);
}

static void serve(struct pool *pool)
{
    while (pool->waiting.first != NULL) {
        struct list_link *link = pool->shared.first != NULL ? pool->shared.first : pool->idle.first;
        if (link == NULL)
            return;
        grant(pool, LIST_ITEM(pool->waiting.first, struct pool_ticket, link),
              pool_connection_at(link));
    }
}

void pool_settle(struct pool *pool)
{
    keep_to_maximum(pool);
    if (pool->owed_must > 0)
        give_what_must_be(pool);
    serve(pool);
    if (pool->owed > 0)
        give_what_is_idle(pool);
    if (pool->stopped)
        wind_down(pool);
    uint32_t back = pool->settings.shared ? owed_now(pool) : 0;
    pool->permits -= back;
    open_what_is_missing(pool);
    pool_check(pool);
    if (!pool->settings.shared)
        return;
    tell_what_is_wanted(pool);
    pool->permits += back;
    give_back(pool, pool->permits - pool_size(pool));
}
