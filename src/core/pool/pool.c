/* SPDX-License-Identifier: Apache-2.0
 *
 * pool: see pool.h. What an event means is in its handler; what follows from it for everybody is in
 * pool_settle.c. */
#include "core/pool/pool.h"

#include "base/mem.h"
#include "core/pool/pool_inside.h"

enum {
    CONNECTIONS_MAX = 1 << 20,
    TICKETS_MAX = 1 << 24,
    STREAMS_MAX = 1 << 16,
    SHARE_MICRO_MAX = 1000000,
    LIFETIME_SHARE_MICRO = 200000,
};

static const uint64_t IDLE_NS = 300000000000;
static const uint64_t CONNECT_IN_NS = 5000000000;
static const uint64_t BACKOFF_NS = 50000000;
static const uint64_t BACKOFF_NS_MAX = 5000000000;

/* ---- tickets -------------------------------------------------------------------------------- */

void pool_ticket_leaves(struct pool *pool, struct pool_ticket *ticket)
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
    pool_ticket_leaves(pool, ticket);
}

/* ---- events --------------------------------------------------------------------------------- */

static struct pool_connection *connection_of(struct pool *pool, const struct pool_event *event)
{
    return slots_get(&pool->connections, event->connection);
}

static struct pool_connection *opening_of(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    return connection != NULL && connection->state == POOL_STATE_OPENING ? connection : NULL;
}

static struct pool_connection *open_of(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    return connection != NULL && connection->state != POOL_STATE_OPENING ? connection : NULL;
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
    pool_figures_arrival(pool);
    bool served_at_once = pool->shared.first != NULL || pool->idle.first != NULL;
    if (pool->stopped || (!served_at_once && pool->waiting.count > pool->settings.waiting_max)) {
        pool->metrics.refused++;
        refuse(pool, ticket, ERR_BUSY);
        return 0;
    }
    pool->arriving = ticket;
    alarms_set(&pool->ticket_alarms, event->ticket.slot, event->deadline_ns);
    return 0;
}

static int cancel(struct pool *pool, const struct pool_event *event)
{
    struct pool_ticket *ticket = ticket_of(pool, event);
    if (id_is_none(ticket->id) || !id_equal(ticket->id, event->ticket))
        return ERR_MISSING;

    pool_ticket_leaves(pool, ticket);
    return 0;
}

static int opened(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = opening_of(pool, event);
    if (connection == NULL)
        return ERR_MISSING;

    pool_connection_opened(pool, connection, event->streams);
    return 0;
}

/* Full jitter: anything up to a ceiling that doubles. */
static uint64_t next_delay_ns(struct pool *pool)
{
    uint64_t ceiling_ns = pool->settings.backoff_ns;

    for (uint32_t i = 0; i < pool->open_failures && ceiling_ns < pool->settings.backoff_ns_max; i++)
        ceiling_ns = pool_later(ceiling_ns, ceiling_ns);
    if (ceiling_ns > pool->settings.backoff_ns_max)
        ceiling_ns = pool->settings.backoff_ns_max;
    return 1 + rng_below(&pool->rng, ceiling_ns);
}

/* It has been dropped already. */
static void open_has_failed(struct pool *pool, int code)
{
    pool->metrics.open_failures++;
    if (pool->now_ns >= pool->reopen_at_ns) { /* failures at one time count once */
        pool->reopen_at_ns = pool_later(pool->now_ns, next_delay_ns(pool));
        pool->open_failures++;
    }
    if (pool_has_live(pool) || pool->waiting.first == NULL)
        return;
    pool->metrics.refused++;
    refuse(pool, LIST_ITEM(pool->waiting.first, struct pool_ticket, link), code);
}

static int open_failed(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = opening_of(pool, event);
    if (connection == NULL)
        return ERR_MISSING;

    pool_connection_drop(pool, connection);
    open_has_failed(pool, event->code);
    return 0;
}

/* A peer that lost one connection may have lost all, of all its clients: the minimum comes back
 * after a while, and not everywhere at once. */
static void refill_later(struct pool *pool)
{
    if (pool->now_ns >= pool->refill_at_ns)
        pool->refill_at_ns =
            pool_later(pool->now_ns, 1 + rng_below(&pool->rng, pool->settings.backoff_ns));
}

static int stream_done(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    if (connection == NULL || connection->streams == 0)
        return ERR_MISSING;

    pool_figures_service(pool, connection, event->ticket);
    pool_connection_end_stream(pool, connection, event->reusable);
    return 0;
}

/* Closes what has lain idle since that time or longer. */
static void close_idle_since(struct pool *pool, uint64_t since_ns)
{
    for (struct list_link *link = pool->idle.last; link != NULL; link = pool->idle.last) {
        struct pool_connection *connection = pool_connection_at(link);
        if (connection->rested_ns > since_ns)
            return;
        pool_connection_close(pool, connection);
    }
}

static int closed(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    if (connection == NULL)
        return ERR_MISSING;

    bool was_opening = connection->state == POOL_STATE_OPENING;
    uint64_t rested_ns = connection->rested_ns;
    pool_connection_drop(pool, connection);
    if (was_opening) {
        open_has_failed(pool, event->code != 0 ? event->code : ERR_CLOSED);
        return 0;
    }
    refill_later(pool);
    if (event->stale)
        close_idle_since(pool, rested_ns);
    return 0;
}

static int capacity(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = open_of(pool, event);
    if (connection == NULL)
        return ERR_MISSING;

    pool_connection_set_capacity(pool, connection, event->streams);
    return 0;
}

static int drain(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = open_of(pool, event);
    if (connection == NULL)
        return ERR_MISSING;

    pool_connection_drain(pool, connection);
    refill_later(pool);
    return 0;
}

static void check_failed(struct pool *pool, struct pool_connection *connection)
{
    pool->metrics.check_failures++;
    pool_connection_close(pool, connection);
    refill_later(pool);
}

static int checked(struct pool *pool, const struct pool_event *event)
{
    struct pool_connection *connection = connection_of(pool, event);
    if (connection == NULL || connection->state != POOL_STATE_CHECKING)
        return ERR_MISSING;

    if (event->code == 0)
        pool_connection_proved(pool, connection);
    else
        check_failed(pool, connection);
    return 0;
}

static int set_max(struct pool *pool, const struct pool_event *event)
{
    if (event->connections_max < 1 || event->connections_max > pool->settings.connections_max)
        return ERR_LIMIT;

    pool->connections_max = event->connections_max;
    return 0;
}

static int stop(struct pool *pool, const struct pool_event *event)
{
    (void)event;
    pool->stopped = true;
    return 0;
}

static int permit(struct pool *pool, const struct pool_event *event)
{
    assert_always(pool->settings.shared);
    pool->permits += event->permits;
    return 0;
}

static int recall(struct pool *pool, const struct pool_event *event)
{
    assert_always(pool->settings.shared && event->must <= event->permits);
    pool->owed = event->permits;
    pool->owed_must = event->must;
    return 0;
}

/* ---- the machine ---------------------------------------------------------------------------- */

static void begin(struct pool *pool, uint64_t now_ns)
{
    assert_always(pool->effects.count == 0);
    pool_figures_advance(pool, now_ns);
    pool->now_ns = now_ns;
}

static void note_waiting(struct pool *pool)
{
    if (pool->waiting.count > pool->metrics.waiting_max)
        pool->metrics.waiting_max = pool->waiting.count;
    if (pool->waiting.count > pool->window.waiting_max)
        pool->window.waiting_max = pool->waiting.count;
}

int pool_feed(struct pool *pool, uint64_t now_ns, const struct pool_event *event)
{
    static int (*const handlers[POOL_EVENT_END])(struct pool *, const struct pool_event *) = {
        [POOL_WANT] = want,         [POOL_CANCEL] = cancel,
        [POOL_OPENED] = opened,     [POOL_OPEN_FAILED] = open_failed,
        [POOL_CLOSED] = closed,     [POOL_STREAM_DONE] = stream_done,
        [POOL_CAPACITY] = capacity, [POOL_DRAIN] = drain,
        [POOL_CHECKED] = checked,   [POOL_SET_MAX] = set_max,
        [POOL_STOP] = stop,         [POOL_PERMIT] = permit,
        [POOL_RECALL] = recall,
    };

    begin(pool, now_ns);
    int code = handlers[event->kind](pool, event);
    pool_settle(pool);
    pool->arriving = NULL;
    note_waiting(pool);
    return code;
}

/* The one that came into this state first, if that was so long ago; else NULL. */
static struct pool_connection *overdue(const struct pool *pool, const struct list *list,
                                       uint64_t after_ns)
{
    if (list->last == NULL)
        return NULL;
    struct pool_connection *connection = pool_connection_at(list->last);
    return pool->now_ns - connection->since_ns >= after_ns ? connection : NULL;
}

static bool above_minimum(const struct pool *pool)
{
    return pool_size(pool) - pool->draining.count > pool->settings.connections_min;
}

void pool_tick(struct pool *pool, uint64_t now_ns)
{
    struct pool_connection *connection;
    uint32_t slot;

    begin(pool, now_ns);
    while (alarms_pop(&pool->ticket_alarms, now_ns, &slot)) {
        pool->metrics.timeouts++;
        refuse(pool, &pool->tickets[slot], ERR_BUSY);
    }
    while ((connection = overdue(pool, &pool->opening, pool->settings.connect_in_ns)) != NULL) {
        pool_connection_close(pool, connection);
        open_has_failed(pool, ERR_TIMEOUT);
    }
    /* A peer that allows nothing for so long is like one that cannot be connected to. */
    while ((connection = overdue(pool, &pool->shut, pool->settings.connect_in_ns)) != NULL) {
        pool_connection_close(pool, connection);
        open_has_failed(pool, ERR_BUSY);
    }
    while ((connection = overdue(pool, &pool->checking, pool->settings.check_in_ns)) != NULL)
        check_failed(pool, connection);
    pool_expire(pool);
    while (pool->idle.last != NULL && above_minimum(pool)) {
        connection = pool_connection_at(pool->idle.last);
        if (now_ns - connection->rested_ns < pool->settings.idle_ns)
            break;
        pool_connection_close(pool, connection);
    }
    pool_settle(pool);
    note_waiting(pool);
}

bool pool_next(struct pool *pool, struct pool_effect *ret_effect)
{
    return ring_pop(&pool->effects, ret_effect);
}

/* When the oldest in the list will have been there so long. */
static uint64_t due_at(const struct list *list, uint64_t after_ns)
{
    return list->last != NULL ? pool_later(pool_connection_at(list->last)->since_ns, after_ns)
                              : UINT64_MAX;
}

uint64_t pool_deadline(const struct pool *pool)
{
    uint64_t at_ns = alarms_first(&pool->ticket_alarms);

    at_ns = pool_earlier(at_ns, alarms_first(&pool->lifetimes));
    at_ns = pool_earlier(at_ns, due_at(&pool->opening, pool->settings.connect_in_ns));
    at_ns = pool_earlier(at_ns, due_at(&pool->shut, pool->settings.connect_in_ns));
    at_ns = pool_earlier(at_ns, due_at(&pool->checking, pool->settings.check_in_ns));
    at_ns = pool_earlier(at_ns, pool_check_at(pool));
    if (pool->idle.last != NULL && above_minimum(pool))
        at_ns = pool_earlier(at_ns, pool_later(pool_connection_at(pool->idle.last)->rested_ns,
                                               pool->settings.idle_ns));
    return pool_earlier(at_ns, pool_open_at(pool));
}

bool pool_knows(const struct pool *pool, struct id connection)
{
    return slots_get(&pool->connections, connection) != NULL;
}

bool pool_over(const struct pool *pool)
{
    return pool->stopped && pool_size(pool) == 0 && pool->waiting.count == 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static bool in_range(const struct pool_settings *settings)
{
    return settings->connections_max >= 1 && settings->connections_max <= CONNECTIONS_MAX
           && settings->connections_min <= settings->connections_max && settings->tickets_max >= 1
           && settings->tickets_max <= TICKETS_MAX && settings->streams_max >= 1
           && settings->streams_max <= STREAMS_MAX
           && settings->lifetime_share_micro <= SHARE_MICRO_MAX;
}

static void fill_in_defaults(struct pool_settings *own)
{
    own->waiting_max = (uint32_t)or_default(own->waiting_max, own->tickets_max);
    own->idle_ns = or_default(own->idle_ns, IDLE_NS);
    own->connect_in_ns = or_default(own->connect_in_ns, CONNECT_IN_NS);
    own->check_in_ns = or_default(own->check_in_ns, own->connect_in_ns);
    own->lifetime_share_micro =
        (uint32_t)or_default(own->lifetime_share_micro, LIFETIME_SHARE_MICRO);
    own->backoff_ns = or_default(own->backoff_ns, BACKOFF_NS);
    own->backoff_ns_max = or_default(own->backoff_ns_max, BACKOFF_NS_MAX);
}

int pool_init(struct pool *pool, const struct pool_settings *settings, uint64_t now_ns)
{
    if (!in_range(settings))
        return ERR_LIMIT;

    *pool = (struct pool){
        .settings = *settings,
        .now_ns = now_ns,
        .begun_ns = now_ns,
        .window_begun_ns = now_ns,
        .streams_each = settings->streams_max,
        .connections_max = settings->connections_max,
    };
    struct pool_settings *own = &pool->settings;
    fill_in_defaults(own);
    rng_init_named(&pool->rng, own->seed, (struct view)VIEW("pool"));

    /* Between two drains: an outcome for each ticket, an end and a new begin (or a check) of each
     * connection, what is wanted and what is given back. */
    size_t effects_max = own->tickets_max + (size_t)2 * own->connections_max + 2;
    pool->tickets = mem_new(own->tickets_max, sizeof *pool->tickets);
    int code = pool->tickets == NULL ? ERR_MEMORY : 0;
    if (code == 0)
        code = slots_init(&pool->connections, own->connections_max, sizeof(struct pool_connection));
    if (code == 0)
        code = alarms_init(&pool->ticket_alarms, own->tickets_max);
    if (code == 0)
        code = alarms_init(&pool->lifetimes, own->connections_max);
    if (code == 0)
        code = ring_init(&pool->effects, effects_max, sizeof(struct pool_effect));
    if (code == 0)
        code = pool_figures_init(pool);
    if (code != 0)
        pool_release(pool);
    return code;
}

void pool_release(struct pool *pool)
{
    mem_free(pool->tickets);
    slots_release(&pool->connections);
    alarms_release(&pool->ticket_alarms);
    alarms_release(&pool->lifetimes);
    ring_release(&pool->effects);
    pool_figures_release(pool);
    *pool = (struct pool){0};
}
