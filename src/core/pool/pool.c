/* SPDX-License-Identifier: Apache-2.0
 *
 * pool: see pool.h. A state is a list, and set_state is the one door between them. What an event
 * means is in its handler; what follows from it for everybody is in `settle`: serve who waits, open
 * what is missing. */
#include "core/pool/pool.h"

#include "base/mem.h"

enum state {
    STATE_OPENING,
    STATE_IDLE,
    STATE_SHARED, /* has streams and room for more */
    STATE_FULL,
    STATE_DRAINING, /* takes no more streams, ends with its last */
    STATE_END,
};

static const bool legal[STATE_END][STATE_END] = {
    [STATE_OPENING] = {[STATE_IDLE] = true},
    [STATE_IDLE] = {[STATE_SHARED] = true, [STATE_FULL] = true},
    [STATE_SHARED] = {[STATE_IDLE] = true, [STATE_FULL] = true, [STATE_DRAINING] = true},
    [STATE_FULL] = {[STATE_IDLE] = true, [STATE_SHARED] = true, [STATE_DRAINING] = true},
};

struct pool_connection {
    struct list_link link;
    struct id id;
    enum state state;
    uint32_t streams;
    bool served;             /* a stream before the present ones */
    uint64_t since_ns;       /* when it came into its state */
    uint64_t rested_from_ns; /* when it came to the rest from which it was last woken */
};

struct pool_ticket {
    struct list_link link;
    struct id id; /* none: it does not wait */
    uint64_t wanted_ns;
};

enum {
    CONNECTIONS_MAX = 1 << 20,
    TICKETS_MAX = 1 << 24,
    STREAMS_MAX = 1 << 16,
    REOPEN_DOUBLINGS_MAX = 6,
};

static const uint64_t IDLE_NS = 300000000000;
static const uint64_t CONNECT_IN_NS = 5000000000;
static const uint64_t REOPEN_IN_NS = 50000000;

/* ---- states --------------------------------------------------------------------------------- */

static struct list *list_of(struct pool *pool, enum state state)
{
    struct list *lists[STATE_END] = {
        [STATE_OPENING] = &pool->opening,   [STATE_IDLE] = &pool->idle,
        [STATE_SHARED] = &pool->shared,     [STATE_FULL] = &pool->full,
        [STATE_DRAINING] = &pool->draining,
    };
    return lists[state];
}

static void set_state(struct pool *pool, struct pool_connection *connection, enum state state)
{
    assert_always(legal[connection->state][state]);
    list_remove(list_of(pool, connection->state), &connection->link);
    list_add_first(list_of(pool, state), &connection->link);
    connection->state = state;
    connection->since_ns = pool->now_ns;
}

static void drop(struct pool *pool, struct pool_connection *connection)
{
    list_remove(list_of(pool, connection->state), &connection->link);
    pool->streams -= connection->streams;
    pool->metrics.checkins += connection->streams;
    slots_give(&pool->connections, connection->id);
}

static void close_one(struct pool *pool, struct pool_connection *connection)
{
    struct pool_effect effect = {.kind = POOL_CLOSE, .connection = connection->id};

    ring_push(&pool->effects, &effect);
    drop(pool, connection);
}

/* The state of a live connection follows from how many streams it has. */
static void set_state_by_streams(struct pool *pool, struct pool_connection *connection)
{
    enum state state = connection->streams == 0                           ? STATE_IDLE
                       : connection->streams < pool->settings.streams_max ? STATE_SHARED
                                                                          : STATE_FULL;

    if (state != connection->state)
        set_state(pool, connection, state);
}

/* ---- tickets -------------------------------------------------------------------------------- */

static void ticket_leaves(struct pool *pool, struct pool_ticket *ticket)
{
    list_remove(&pool->waiting, &ticket->link);
    alarms_set(&pool->ticket_alarms, ticket->id.slot, UINT64_MAX);
    ticket->id = (struct id){0};
}

static void refuse(struct pool *pool, struct pool_ticket *ticket, int code)
{
    struct pool_effect effect = {
        .kind = POOL_REFUSE,
        .ticket = ticket->id,
        .code = code,
        .waited_ns = pool->now_ns - ticket->wanted_ns,
    };

    ring_push(&pool->effects, &effect);
    ticket_leaves(pool, ticket);
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
    struct pool_metrics *metrics = &pool->metrics;

    ring_push(&pool->effects, &effect);
    ticket_leaves(pool, ticket);
    metrics->checkouts++;
    metrics->reused += connection->served ? 1 : 0;
    metrics->checkout_ns_total += effect.waited_ns;
    if (effect.waited_ns > metrics->checkout_ns_max)
        metrics->checkout_ns_max = effect.waited_ns;

    if (connection->state == STATE_IDLE)
        connection->rested_from_ns = connection->since_ns;
    connection->streams++;
    pool->streams++;
    set_state_by_streams(pool, connection);
}

/* ---- what follows --------------------------------------------------------------------------- */

static uint32_t size_of(const struct pool *pool)
{
    return pool->connections.taken;
}

static bool has_live(const struct pool *pool)
{
    return size_of(pool) > pool->opening.count;
}

/* How many connections should be opened now, were there no delay after failures. */
static uint32_t missing(const struct pool *pool)
{
    uint32_t streams = pool->settings.streams_max;
    uint32_t wanted = pool->waiting.count / streams + (pool->waiting.count % streams != 0 ? 1 : 0);
    uint32_t size = size_of(pool);
    uint32_t for_tickets = wanted > pool->opening.count ? wanted - pool->opening.count : 0;
    uint32_t for_minimum =
        size < pool->settings.connections_min ? pool->settings.connections_min - size : 0;
    uint32_t more = for_tickets > for_minimum ? for_tickets : for_minimum;
    uint32_t room = pool->settings.connections_max - size;

    return more < room ? more : room;
}

/* A failed open has a ticket to answer for it only where nothing else could serve that ticket. */
static bool must_wait_to_open(const struct pool *pool)
{
    return (has_live(pool) || pool->waiting.count == 0) && pool->now_ns < pool->reopen_at_ns;
}

static void open_one(struct pool *pool)
{
    struct id id;
    struct pool_connection *connection = slots_take(&pool->connections, &id);
    assert_always(connection != NULL);

    connection->id = id;
    connection->state = STATE_OPENING;
    connection->since_ns = pool->now_ns;
    list_add_first(&pool->opening, &connection->link);
    ring_push(&pool->effects, &(struct pool_effect){.kind = POOL_OPEN, .connection = id});
}

static void settle(struct pool *pool)
{
    while (pool->waiting.first != NULL) {
        struct list_link *link = pool->shared.first != NULL ? pool->shared.first : pool->idle.first;
        if (link == NULL)
            break;
        grant(pool, LIST_ITEM(pool->waiting.first, struct pool_ticket, link),
              LIST_ITEM(link, struct pool_connection, link));
    }
    if (must_wait_to_open(pool))
        return;
    for (uint32_t more = missing(pool); more > 0; more--)
        open_one(pool);
}

/* ---- events --------------------------------------------------------------------------------- */

static struct pool_connection *connection_of(struct pool *pool, const struct pool_event *event)
{
    return slots_get(&pool->connections, event->connection);
}

static struct pool_ticket *ticket_of(struct pool *pool, const struct pool_event *event)
{
    assert_always(event->ticket.slot < pool->settings.tickets_max);
    return &pool->tickets[event->ticket.slot];
}

static int want(struct pool *pool, const struct pool_event *event)
{
    struct pool_ticket *ticket = ticket_of(pool, event);
    assert_always(id_is_none(ticket->id) && !id_is_none(event->ticket));

    ticket->id = event->ticket;
    ticket->wanted_ns = pool->now_ns;
    list_add_last(&pool->waiting, &ticket->link);
    bool served_at_once = pool->shared.first != NULL || pool->idle.first != NULL;
    if (!served_at_once && pool->waiting.count > pool->settings.waiting_max) {
        pool->metrics.refused++;
        refuse(pool, ticket, ERR_BUSY);
        return 0;
    }
    alarms_set(&pool->ticket_alarms, event->ticket.slot, event->deadline_ns);
    return 0;
}

static int cancel(struct pool *pool, const struct pool_event *event)
{
    struct pool_ticket *ticket = ticket_of(pool, event);
    if (id_is_none(ticket->id) || !id_equal(ticket->id, event->ticket))
        return ERR_MISSING;

    ticket_leaves(pool, ticket);
    return 0;
}

static int opened(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    if (connection == NULL || connection->state != STATE_OPENING)
        return ERR_MISSING;

    pool->open_failures = 0;
    pool->metrics.opened++;
    set_state(pool, connection, STATE_IDLE);
    return 0;
}

static void fail_open(struct pool *pool, struct pool_connection *connection, int code)
{
    pool->metrics.open_failures++;
    drop(pool, connection);
    if (pool->now_ns >= pool->reopen_at_ns) { /* failures at one time count once */
        pool->reopen_at_ns = pool->now_ns + (REOPEN_IN_NS << pool->open_failures);
        if (pool->open_failures < REOPEN_DOUBLINGS_MAX)
            pool->open_failures++;
    }
    if (has_live(pool) || pool->waiting.first == NULL)
        return;
    pool->metrics.refused++;
    refuse(pool, LIST_ITEM(pool->waiting.first, struct pool_ticket, link), code);
}

static int open_failed(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    if (connection == NULL || connection->state != STATE_OPENING)
        return ERR_MISSING;

    fail_open(pool, connection, event->code);
    return 0;
}

static int stream_done(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    if (connection == NULL || connection->streams == 0)
        return ERR_MISSING;

    connection->streams--;
    connection->served = true;
    pool->streams--;
    pool->metrics.checkins++;
    if (!event->reusable && connection->state != STATE_DRAINING)
        set_state(pool, connection, STATE_DRAINING);
    if (connection->state != STATE_DRAINING)
        set_state_by_streams(pool, connection);
    else if (connection->streams == 0)
        close_one(pool, connection);
    return 0;
}

/* Closes what has lain idle since that time or longer. */
static void close_idle_since(struct pool *pool, uint64_t since_ns)
{
    for (struct list_link *link = pool->idle.last; link != NULL; link = pool->idle.last) {
        struct pool_connection *connection = LIST_ITEM(link, struct pool_connection, link);
        if (connection->since_ns > since_ns)
            return;
        close_one(pool, connection);
    }
}

static int closed(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    if (connection == NULL)
        return ERR_MISSING;

    if (connection->state == STATE_OPENING) {
        fail_open(pool, connection, event->code != 0 ? event->code : ERR_CLOSED);
        return 0;
    }
    uint64_t rested_from_ns = connection->rested_from_ns;
    drop(pool, connection);
    if (event->stale)
        close_idle_since(pool, rested_from_ns);
    return 0;
}

/* ---- the machine ---------------------------------------------------------------------------- */

/* Time moves on: what was in use until now is added up. */
static void advance(struct pool *pool, uint64_t now_ns)
{
    assert_always(now_ns >= pool->now_ns);
    pool->metrics.busy_ns += (now_ns - pool->now_ns) * pool->streams;
    pool->now_ns = now_ns;
}

int pool_feed(struct pool *pool, uint64_t now_ns, const struct pool_event *event)
{
    static int (*const handlers[])(struct pool *, const struct pool_event *) = {
        [POOL_WANT] = want,
        [POOL_CANCEL] = cancel,
        [POOL_OPENED] = opened,
        [POOL_OPEN_FAILED] = open_failed,
        [POOL_STREAM_DONE] = stream_done,
        [POOL_CLOSED] = closed,
    };

    assert_always(pool->effects.count == 0);
    advance(pool, now_ns);
    int code = handlers[event->kind](pool, event);
    settle(pool);
    return code;
}

void pool_tick(struct pool *pool, uint64_t now_ns)
{
    assert_always(pool->effects.count == 0);
    advance(pool, now_ns);

    uint32_t slot;
    while (alarms_pop(&pool->ticket_alarms, now_ns, &slot)) {
        pool->metrics.timeouts++;
        refuse(pool, &pool->tickets[slot], ERR_BUSY);
    }
    for (struct list_link *link = pool->opening.last; link != NULL; link = pool->opening.last) {
        struct pool_connection *connection = LIST_ITEM(link, struct pool_connection, link);
        if (now_ns - connection->since_ns < pool->settings.connect_in_ns)
            break;
        ring_push(&pool->effects,
                  &(struct pool_effect){.kind = POOL_CLOSE, .connection = connection->id});
        fail_open(pool, connection, ERR_TIMEOUT);
    }
    for (struct list_link *link = pool->idle.last; link != NULL; link = pool->idle.last) {
        struct pool_connection *connection = LIST_ITEM(link, struct pool_connection, link);
        if (size_of(pool) <= pool->settings.connections_min
            || now_ns - connection->since_ns < pool->settings.idle_ns)
            break;
        close_one(pool, connection);
    }
    settle(pool);
}

bool pool_next(struct pool *pool, struct pool_effect *ret_effect)
{
    return ring_pop(&pool->effects, ret_effect);
}

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
    return b_ns > UINT64_MAX - a_ns ? UINT64_MAX : a_ns + b_ns;
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

uint64_t pool_deadline(const struct pool *pool)
{
    uint64_t at_ns = alarms_first(&pool->ticket_alarms);

    if (pool->opening.last != NULL)
        at_ns = earlier(at_ns,
                        later(LIST_ITEM(pool->opening.last, struct pool_connection, link)->since_ns,
                              pool->settings.connect_in_ns));
    if (pool->idle.last != NULL && size_of(pool) > pool->settings.connections_min)
        at_ns =
            earlier(at_ns, later(LIST_ITEM(pool->idle.last, struct pool_connection, link)->since_ns,
                                 pool->settings.idle_ns));
    if (missing(pool) > 0)
        at_ns = earlier(at_ns, pool->reopen_at_ns);
    return at_ns;
}

bool pool_knows(const struct pool *pool, struct id connection)
{
    return slots_get(&pool->connections, connection) != NULL;
}

void pool_metrics(const struct pool *pool, struct pool_metrics *ret_metrics)
{
    *ret_metrics = pool->metrics;
    ret_metrics->size = size_of(pool);
    ret_metrics->opening = pool->opening.count;
    ret_metrics->idle = pool->idle.count;
    ret_metrics->active = pool->shared.count + pool->full.count + pool->draining.count;
    ret_metrics->waiting = pool->waiting.count;
}

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

int pool_init(struct pool *pool, const struct pool_settings *settings, uint64_t now_ns)
{
    if (settings->connections_max < 1 || settings->connections_max > CONNECTIONS_MAX
        || settings->connections_min > settings->connections_max || settings->tickets_max < 1
        || settings->tickets_max > TICKETS_MAX || settings->streams_max < 1
        || settings->streams_max > STREAMS_MAX)
        return ERR_LIMIT;

    *pool = (struct pool){.settings = *settings, .now_ns = now_ns};
    struct pool_settings *own = &pool->settings;
    own->waiting_max = (uint32_t)or_default(own->waiting_max, own->tickets_max);
    own->idle_ns = or_default(own->idle_ns, IDLE_NS);
    own->connect_in_ns = or_default(own->connect_in_ns, CONNECT_IN_NS);

    /* Between two drains: an outcome for each ticket, an end and a new begin of each connection. */
    size_t effects_max = own->tickets_max + (size_t)2 * own->connections_max;
    pool->tickets = mem_new(own->tickets_max, sizeof *pool->tickets);
    int code = pool->tickets == NULL ? ERR_MEMORY : 0;
    if (code == 0)
        code = slots_init(&pool->connections, own->connections_max, sizeof(struct pool_connection));
    if (code == 0)
        code = alarms_init(&pool->ticket_alarms, own->tickets_max);
    if (code == 0)
        code = ring_init(&pool->effects, effects_max, sizeof(struct pool_effect));
    if (code != 0)
        pool_release(pool);
    return code;
}

void pool_release(struct pool *pool)
{
    mem_free(pool->tickets);
    slots_release(&pool->connections);
    alarms_release(&pool->ticket_alarms);
    ring_release(&pool->effects);
    *pool = (struct pool){0};
}
