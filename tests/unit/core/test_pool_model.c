/* SPDX-License-Identifier: Apache-2.0
 *
 * Random histories against the promises of a pool that hold always: every ticket has one outcome,
 * none waits past its deadline or beyond the bound, no connection has more streams than its peer
 * allows, no more are open than the maximum and the permits, none is granted while it is checked
 * or drained, none is lost, and nothing due is left undone. Settings come from the seed too. */
#include "pool_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/view.h"

enum { TICKETS = 24, CONNECTIONS = 6, HISTORY = 4000, HISTORIES = 120 };

struct modelled {
    struct id id; /* none: not open and not being opened */
    bool open;
    bool checking;
    bool draining; /* told to, by us */
    uint32_t streams;
    uint32_t capacity;
};

/* What the world outside of the pool knows. */
struct model {
    struct pool pool;
    struct pool_settings settings;
    struct rng rng;
    uint64_t now_ns;
    struct id tickets[TICKETS]; /* waiting; none: not */
    uint64_t deadlines_ns[TICKETS];
    uint32_t generation;
    struct modelled connections[CONNECTIONS];
    uint32_t connections_max;
    uint32_t permits; /* granted and not given back */
    uint32_t wanted;
    bool stopped;
};

static uint32_t below(struct model *model, uint32_t bound)
{
    return (uint32_t)rng_below(&model->rng, bound);
}

static uint32_t size_of(const struct model *model)
{
    uint32_t size = 0;
    for (int i = 0; i < CONNECTIONS; i++)
        size += id_is_none(model->connections[i].id) ? 0 : 1;
    return size;
}

static void take_open(struct model *model, const struct pool_effect *effect)
{
    struct modelled *connection = &model->connections[effect->connection.slot];

    assert_true(id_is_none(connection->id));
    *connection = (struct modelled){.id = effect->connection};
    assert_true(size_of(model) <= model->connections_max);
    assert_true(!model->settings.shared || size_of(model) <= model->permits);
}

static void take_close(struct model *model, const struct pool_effect *effect)
{
    struct modelled *connection = &model->connections[effect->connection.slot];

    assert_true(id_equal(connection->id, effect->connection));
    assert_int_equal(connection->streams, 0); /* no stream is ever cut */
    *connection = (struct modelled){.open = false};
}

static void take_grant(struct model *model, const struct pool_effect *effect)
{
    struct modelled *connection = &model->connections[effect->connection.slot];

    assert_true(id_equal(model->tickets[effect->ticket.slot], effect->ticket));
    assert_true(id_equal(connection->id, effect->connection));
    assert_true(connection->open && !connection->checking && !connection->draining);
    assert_true(++connection->streams <= connection->capacity);
    model->tickets[effect->ticket.slot] = (struct id){0};
}

static void take_refuse(struct model *model, const struct pool_effect *effect)
{
    assert_true(id_equal(model->tickets[effect->ticket.slot], effect->ticket));
    assert_true(effect->code < 0);
    model->tickets[effect->ticket.slot] = (struct id){0};
}

static void take_check(struct model *model, const struct pool_effect *effect)
{
    struct modelled *connection = &model->connections[effect->connection.slot];

    assert_true(id_equal(connection->id, effect->connection) && connection->open);
    assert_true(connection->streams == 0 && !connection->checking);
    assert_true(model->settings.check_every_ns != 0);
    connection->checking = true;
}

static void take_permit_wanted(struct model *model, const struct pool_effect *effect)
{
    assert_true(model->settings.shared && effect->urgent <= effect->permits);
    assert_true(effect->permits <= model->settings.connections_max);
    model->wanted = effect->permits;
}

static void take_permit_back(struct model *model, const struct pool_effect *effect)
{
    assert_true(model->settings.shared && effect->permits > 0);
    assert_true(effect->permits <= model->permits);
    model->permits -= effect->permits;
    assert_true(size_of(model) <= model->permits);
}

static void take_all(struct model *model)
{
    static void (*const takers[POOL_EFFECT_END])(struct model *, const struct pool_effect *) = {
        [POOL_OPEN] = take_open,
        [POOL_CLOSE] = take_close,
        [POOL_GRANT] = take_grant,
        [POOL_REFUSE] = take_refuse,
        [POOL_CHECK] = take_check,
        [POOL_PERMIT_WANTED] = take_permit_wanted,
        [POOL_PERMIT_BACK] = take_permit_back,
    };
    struct pool_effect effect;

    while (pool_next(&model->pool, &effect))
        takers[effect.kind](model, &effect);
}

/* What must be so after each step. */
static void examine(const struct model *model)
{
    struct pool_metrics metrics = rig_metrics(&model->pool);
    uint32_t waiting = 0;
    uint32_t streams = 0;
    uint32_t active = 0;

    for (int i = 0; i < TICKETS; i++)
        waiting += id_is_none(model->tickets[i]) ? 0 : 1;
    for (int i = 0; i < CONNECTIONS; i++) {
        const struct modelled *connection = &model->connections[i];
        streams += connection->streams;
        active += connection->streams > 0 ? 1 : 0;
        assert_int_equal(pool_knows(&model->pool, connection->id), !id_is_none(connection->id));
    }
    assert_int_equal(metrics.waiting, waiting);
    assert_true(waiting <= model->settings.waiting_max);
    assert_int_equal(metrics.size, size_of(model));
    assert_int_equal(metrics.streams, streams);
    assert_int_equal(metrics.active, active);
    assert_int_equal(metrics.checkouts - metrics.checkins, streams);
    assert_true(metrics.utilization_micro <= 1000000);
    assert_true(metrics.utilization_open_micro <= 1000000);
    if (model->settings.shared) /* a permit without a connection is never kept */
        assert_int_equal(model->permits, size_of(model));
    if (model->stopped && waiting == 0)
        assert_int_equal(metrics.idle + metrics.opening, 0);
    uint64_t out = waiting + metrics.checkouts + metrics.refused + metrics.timeouts;
    assert_true(metrics.arrivals >= out); /* the rest was cancelled */
}

static void feed(struct model *model, struct pool_event event, int expected)
{
    assert_int_equal(pool_feed(&model->pool, model->now_ns, &event), expected);
    take_all(model);
    examine(model);
}

static void any_ticket_event(struct model *model)
{
    uint32_t slot = below(model, TICKETS);
    struct id *waiting = &model->tickets[slot];

    if (!id_is_none(*waiting)) {
        struct id was = *waiting;
        *waiting = (struct id){0};
        feed(model, (struct pool_event){.kind = POOL_CANCEL, .ticket = was}, 0);
        return;
    }
    *waiting = (struct id){.slot = slot, .generation = ++model->generation};
    model->deadlines_ns[slot] = model->now_ns + 1 + rng_below(&model->rng, 5 * SECOND);
    feed(model,
         (struct pool_event){
             .kind = POOL_WANT, .ticket = *waiting, .deadline_ns = model->deadlines_ns[slot]},
         0);
}

static uint32_t any_capacity(struct model *model)
{
    return 1 + below(model, model->settings.streams_max + 1);
}

static uint32_t at_most(const struct model *model, uint32_t capacity)
{
    return capacity < model->settings.streams_max ? capacity : model->settings.streams_max;
}

static void any_opening_event(struct model *model, struct modelled *connection)
{
    struct pool_event event = {.connection = connection->id, .code = ERR_UNREACHABLE};

    if (below(model, 2) == 0) {
        event.kind = below(model, 3) == 0 ? POOL_CLOSED : POOL_OPEN_FAILED;
        *connection = (struct modelled){.open = false};
    } else {
        event.kind = POOL_OPENED;
        event.streams = below(model, 2) == 0 ? 0 : any_capacity(model);
        connection->open = true;
        connection->capacity =
            event.streams == 0 ? model->settings.streams_max : at_most(model, event.streams);
    }
    feed(model, event, 0);
}

static void any_open_event(struct model *model, struct modelled *connection)
{
    struct pool_event event = {.connection = connection->id, .code = ERR_UNREACHABLE};
    uint32_t what = below(model, 12);

    event.stale = below(model, 2) == 0;
    event.reusable = below(model, 4) > 0;
    if (connection->checking && what < 6) {
        event.kind = POOL_CHECKED;
        event.code = below(model, 4) == 0 ? ERR_CLOSED : 0;
        connection->checking = false;
    } else if (what == 6) {
        event.kind = POOL_CLOSED;
        *connection = (struct modelled){.open = false};
    } else if (what == 7) {
        event.kind = POOL_DRAIN;
        connection->draining = true;
    } else if (what == 8) {
        event.kind = POOL_CAPACITY;
        event.streams = below(model, 4) == 0 ? 0 : any_capacity(model);
        connection->capacity = at_most(model, event.streams);
    } else if (connection->streams > 0) {
        event.kind = POOL_STREAM_DONE;
        connection->streams--;
        connection->draining = connection->draining || !event.reusable;
    } else {
        event.kind = POOL_CHECKED; /* nobody asked */
        feed(model, event, connection->checking ? 0 : ERR_MISSING);
        return;
    }
    feed(model, event, 0);
}

static void any_connection_event(struct model *model)
{
    struct modelled *connection = &model->connections[below(model, CONNECTIONS)];

    if (id_is_none(connection->id))
        feed(model, (struct pool_event){.kind = POOL_STREAM_DONE}, ERR_MISSING);
    else if (!connection->open)
        any_opening_event(model, connection);
    else
        any_open_event(model, connection);
}

static void any_order(struct model *model)
{
    if (below(model, 20) == 0) {
        model->connections_max = 1 + below(model, model->settings.connections_max);
        feed(model,
             (struct pool_event){.kind = POOL_SET_MAX, .connections_max = model->connections_max},
             0);
    }
    if (model->settings.shared && model->wanted > model->permits) {
        uint32_t more = 1 + below(model, model->wanted - model->permits);
        model->permits += more;
        feed(model, (struct pool_event){.kind = POOL_PERMIT, .permits = more}, 0);
    }
    if (model->settings.shared && below(model, 10) == 0) {
        uint32_t owed = below(model, CONNECTIONS);
        uint32_t must = owed > 0 ? below(model, owed + 1) : 0;
        feed(model, (struct pool_event){.kind = POOL_RECALL, .permits = owed, .must = must}, 0);
    }
}

static void any_time(struct model *model)
{
    uint64_t to_ns = model->now_ns + rng_below(&model->rng, SECOND / 2);
    uint64_t due_ns = pool_deadline(&model->pool);

    due_ns = due_ns > model->now_ns ? due_ns : model->now_ns;
    model->now_ns = due_ns < to_ns ? due_ns : to_ns; /* as a loop does: never past a deadline */
    pool_tick(&model->pool, model->now_ns);
    take_all(model);
    for (int i = 0; i < TICKETS; i++)
        assert_true(id_is_none(model->tickets[i]) || model->deadlines_ns[i] > model->now_ns);
    examine(model);
    assert_true(pool_deadline(&model->pool) > model->now_ns); /* nothing due is left undone */
}

/* Everybody leaves: what is left must end by itself. */
static void wind_down(struct model *model)
{
    model->stopped = true;
    feed(model, (struct pool_event){.kind = POOL_STOP}, 0);
    for (int i = 0; i < TICKETS; i++) {
        struct id was = model->tickets[i];
        model->tickets[i] = (struct id){0};
        if (!id_is_none(was))
            feed(model, (struct pool_event){.kind = POOL_CANCEL, .ticket = was}, 0);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        while (model->connections[i].streams > 0) {
            model->connections[i].streams--;
            feed(model,
                 (struct pool_event){.kind = POOL_STREAM_DONE,
                                     .connection = model->connections[i].id,
                                     .reusable = true},
                 0);
        }
    }
    assert_true(pool_over(&model->pool));
    assert_int_equal(size_of(model), 0);
    assert_int_equal(model->permits, 0);
}

/* What all histories together came to: each kind of happening must be among them. */
static struct pool_metrics totals;

static void add_up(const struct pool *pool)
{
    struct pool_metrics metrics = rig_metrics(pool);

    totals.reused += metrics.reused;
    totals.refused += metrics.refused;
    totals.timeouts += metrics.timeouts;
    totals.open_failures += metrics.open_failures;
    totals.check_failures += metrics.check_failures;
    totals.expired += metrics.expired;
    totals.recalled += metrics.recalled;
}

static void any_history(uint64_t seed)
{
    struct model model = {.now_ns = 0};

    rng_init(&model.rng, seed);
    model.connections_max = 1 + below(&model, CONNECTIONS);
    model.settings = (struct pool_settings){
        .connections_min = below(&model, model.connections_max + 1),
        .connections_max = model.connections_max,
        .streams_max = 1 + below(&model, 3),
        .tickets_max = TICKETS,
        .waiting_max = 1 + below(&model, TICKETS),
        .connect_in_ns = SECOND,
        .idle_ns = 2 * SECOND,
        .check_every_ns = below(&model, 3) == 0 ? 0 : SECOND / 20,
        .check_in_ns = SECOND / 2,
        .lifetime_ns = below(&model, 3) == 0 ? 0 : 5 * SECOND,
        .seed = seed,
        .shared = below(&model, 2) == 0,
    };
    assert_int_equal(pool_init(&model.pool, &model.settings, 0), 0);
    any_time(&model);
    for (int step = 0; step < HISTORY; step++) {
        uint32_t what = below(&model, 20);
        if (what < 8)
            any_ticket_event(&model);
        else if (what < 17)
            any_connection_event(&model);
        else if (what < 18)
            any_order(&model);
        else
            any_time(&model);
    }
    wind_down(&model);
    add_up(&model.pool);
    pool_release(&model.pool);
}

static void its_promises_hold_over_any_history(void **state)
{
    (void)state;
    const char *given = getenv("ASSAY_SEED");
    int64_t first = 1;

    if (given != NULL)
        assert_int_equal(view_to_int(view_of(given), &first), 0);
    for (int64_t seed = first; seed < first + (given != NULL ? 1 : HISTORIES); seed++) {
        print_message("seed %lld (ASSAY_SEED=%lld brings it back)\n", (long long)seed,
                      (long long)seed);
        any_history((uint64_t)seed);
    }
    if (given != NULL)
        return;
    assert_true(totals.reused > 0 && totals.refused > 0 && totals.timeouts > 0);
    assert_true(totals.open_failures > 0 && totals.check_failures > 0);
    assert_true(totals.expired > 0 && totals.recalled > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_promises_hold_over_any_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
