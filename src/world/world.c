/* SPDX-License-Identifier: Apache-2.0
 *
 * world: see world.h and end.h: what callers of the outside may ask for, and the world's life. */
#include "world/world.h"

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "world/end.h"

enum { ENDS_DEFAULT = 1024, QUEUE_MAX = 1 << 24, PORT_FIRST = 40000, PORT_LAST = 65535 };

static const uint64_t START_NS = 1000000000;
static const uint64_t LATENCY_NS = 100000;
static const uint64_t OFFSET_NS = 1000;
static const uint64_t EVENTS_DEFAULT = 100000000;
static const int64_t DATE_DEFAULT = 1767225600; /* 2026-01-01T00:00:00Z */

bool world_chance(struct rng *rng, uint32_t micro)
{
    return micro != 0 && rng_below(rng, 1000000) < micro;
}

struct end *world_find(const struct world *world, struct id id)
{
    return slots_get(&world->ends, id);
}

struct end *world_find_owned(const struct world *world, struct id id)
{
    struct end *end = world_find(world, id);

    return end != NULL && end->state != END_CLOSING && end->state != END_SHAKING ? end : NULL;
}

void world_release(struct end *end)
{
    strbuf_release(&end->out);
    strbuf_release(&end->inbox);
    slots_give(&end->world->ends, end->id);
}

void world_remember(struct world *world, uint64_t kind, struct id id, uint64_t code,
                    struct view bytes)
{
    uint64_t facts[] = {world->now_ns, kind, id_pack(id), code, bytes.len};

    world->hash = map_hash(view_make(facts, sizeof facts), world->hash);
    if (bytes.len != 0)
        world->hash = map_hash(bytes, world->hash);
}

bool world_emit(struct end *end, const struct outside_event *event)
{
    struct world *world = end->world;
    struct id id = end->id;

    world_remember(world, event->kind, event->connection, (uint64_t) - (int64_t)event->code,
                   event->bytes);
    end->listener(end->context, event);
    return world_find_owned(world, id) != NULL;
}

void world_say_closed(struct end *end, int code, const char *text)
{
    struct world *world = end->world;
    outside_listener *listener = end->listener;
    void *context = end->context;
    struct outside_event event = {
        .kind = OUTSIDE_CLOSED, .connection = end->id, .code = code, .text = text};

    world_release(end);
    world_remember(world, event.kind, event.connection, (uint64_t) - (int64_t)code, event.bytes);
    listener(context, &event);
}

struct end *world_take(struct world *world, enum end_state state, outside_listener *listener,
                       void *context)
{
    struct id id;
    struct end *end = slots_take(&world->ends, &id);
    if (end == NULL)
        return NULL;

    end->world = world;
    end->id = id;
    end->state = state;
    end->window = WORLD_WINDOW;
    end->name = -1;
    end->listener = listener;
    end->context = context;
    strbuf_init(&end->out, 2 * (size_t)WORLD_QUEUE_LIMIT);
    strbuf_init(&end->inbox, WORLD_WINDOW);
    return end;
}

void world_stop(struct world *world)
{
    world->stopped = true;
}

/* The table of functions. */

static uint64_t op_now(struct outside *outside)
{
    return ((const struct world *)outside)->now_ns;
}

static int64_t op_unix_s(struct outside *outside)
{
    const struct world *world = (const struct world *)outside;

    return world->started_unix_s + (int64_t)((world->now_ns - START_NS) / START_NS);
}

static int op_open(struct outside *outside, const struct outside_endpoint *endpoint,
                   outside_listener *listener, void *context, struct id *ret_connection)
{
    struct world *world = (struct world *)outside;
    if (!world_alpn_is_sound(endpoint->alpn))
        return ERR_LIMIT;
    struct end *end = world_take(world, END_OPENING, listener, context);
    if (end == NULL)
        return ERR_LIMIT;

    snprintf(end->host, sizeof end->host, "%.*s", VIEW_ARG(endpoint->host));
    end->port = endpoint->port;
    end->with_tls = endpoint->tls;
    world_alpn_set(end, endpoint->alpn);
    end->name = world_find_name(world, end->host);
    world_aim(end, end->host);
    rng_init(&end->rng, rng_next(&world->rng));
    if (world->interleave)
        end->offset_ns = rng_below(&end->rng, OFFSET_NS);
    world_connect(end);
    struct world_event *deadline = NULL;
    if (world->status == 0 && endpoint->connect_in_ns < UINT64_MAX - world->now_ns) {
        deadline =
            world_send(world, world->now_ns + endpoint->connect_in_ns, EVENT_DEADLINE, end->id);
        if (deadline != NULL) {
            deadline->code = ERR_TIMEOUT;
            deadline->text = "connecting took too long; is the address right, and is the server "
                             "up?";
        }
    }
    if (world->status != 0) {
        world_release(end);
        return ERR_MEMORY;
    }
    *ret_connection = end->id;
    return 0;
}

static uint16_t free_port(struct world *world, const char *host)
{
    for (int tries = PORT_FIRST; tries <= PORT_LAST; tries++) {
        uint16_t port = world->port_next;
        world->port_next = port == PORT_LAST ? PORT_FIRST : (uint16_t)(port + 1);
        if (world_find_listening(world, host, port) == NULL)
            return port;
    }
    return 0;
}

static int op_listen(struct outside *outside, const struct outside_port *wanted,
                     outside_listener *listener, void *context, struct id *ret_listening,
                     uint16_t *ret_port, struct err *reterr)
{
    struct world *world = (struct world *)outside;
    uint16_t port = wanted->port;
    char name[WORLD_HOST_SIZE];

    snprintf(name, sizeof name, "%.*s", VIEW_ARG(wanted->host));
    if (!world_alpn_is_sound(wanted->alpn))
        return fail(reterr, ERR_CONFIG, "cannot listen on %s:%u: its alpn is none", name, port);
    if (port == 0)
        port = free_port(world, name);
    if (port == 0 || world_find_listening(world, name, port) != NULL)
        return fail(reterr, ERR_UNREACHABLE,
                    "cannot listen on %s:%u: address already in use; choose another port or end "
                    "what listens there",
                    name, port);
    struct end *end = world_take(world, END_LISTENING, listener, context);
    if (end == NULL)
        return fail(reterr, ERR_LIMIT, "cannot listen on %s:%u: all places are taken", name, port);
    memcpy(end->host, name, sizeof end->host);
    end->port = port;
    end->with_tls = wanted->tls_certificate_file.len != 0;
    world_alpn_set(end, wanted->alpn);
    *ret_listening = end->id;
    if (ret_port != NULL)
        *ret_port = port;
    return 0;
}

static void op_close(struct outside *outside, struct id id)
{
    struct end *end = world_find_owned((struct world *)outside, id);

    if (end == NULL)
        return;
    if (end->state == END_OPEN)
        world_close_open(end);
    else if (end->state == END_OPENING)
        world_fail_opening(end, 0, NULL);
    else
        world_release(end);
}

static void op_reset(struct outside *outside, struct id id)
{
    struct end *end = world_find_owned((struct world *)outside, id);

    if (end != NULL && end->state == END_OPEN)
        world_reset(end);
    else
        op_close(outside, id);
}

static int op_wake_at(struct outside *outside, uint64_t at_ns, outside_timer_listener *listener,
                      void *context)
{
    struct world *world = (struct world *)outside;

    if (at_ns == UINT64_MAX) {
        timers_cancel(&world->queue, context);
        return 0;
    }
    return timers_set(&world->queue, at_ns, listener, context);
}

static const struct outside_ops ops = {
    .now = op_now,
    .unix_s = op_unix_s,
    .open = op_open,
    .listen = op_listen,
    .write = world_write,
    .pause = world_pause,
    .close = op_close,
    .reset = op_reset,
    .wake_at = op_wake_at,
};

/* Made, changed, asked, freed. */

int world_new(const struct world_options *options, struct world **ret_world)
{
    static const struct view name = VIEW("world");
    struct world *world = mem_new(1, sizeof *world);
    if (world == NULL)
        return ERR_MEMORY;

    uint32_t ends = options->connections_max != 0 ? options->connections_max : ENDS_DEFAULT;
    int code = slots_init(&world->ends, ends, sizeof(struct end));
    if (code != 0) {
        mem_free(world);
        return code;
    }
    world->outside.ops = &ops;
    timers_init(&world->queue, QUEUE_MAX);
    rng_init_named(&world->rng, options->seed, name);
    world->now_ns = START_NS;
    world->started_unix_s = options->started_unix_s != 0 ? options->started_unix_s : DATE_DEFAULT;
    world->events_max = options->events_max != 0 ? options->events_max : EVENTS_DEFAULT;
    world->link.latency_ns = LATENCY_NS;
    world->port_next = PORT_FIRST;
    world->interleave = options->interleave;
    *ret_world = world;
    return 0;
}

void world_free(struct world *world)
{
    struct id id;

    if (world == NULL)
        return;
    for (size_t i = 0; i < world->queue.count; i++) {
        if (world->queue.heap[i].listener == world_on_event) {
            struct world_event *event = world->queue.heap[i].context;
            mem_free(event->bytes);
            mem_free(event);
        }
    }
    for (uint32_t slot = 0; slot < world->ends.capacity; slot++) {
        struct end *end = slots_at(&world->ends, slot, &id);
        if (end != NULL)
            world_release(end);
    }
    timers_release(&world->queue);
    slots_release(&world->ends);
    mem_free(world->places);
    mem_free(world->gaps);
    mem_free(world->names);
    mem_free(world);
}

void world_watch(struct world *world, void (*watcher)(void *context, uint64_t now_ns),
                 void *context)
{
    world->watcher = watcher;
    world->watcher_context = context;
}

struct outside *world_outside(struct world *world)
{
    return &world->outside;
}

uint64_t world_now(const struct world *world)
{
    return world->now_ns;
}

uint64_t world_history_hash(const struct world *world)
{
    return world->hash;
}

struct world_counts world_counts(const struct world *world)
{
    return world->counts;
}
