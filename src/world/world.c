/* SPDX-License-Identifier: Apache-2.0
 *
 * world: see world.h and end.h. One heap orders everything: what is on its way, and the timers of
 * those who asked to be woken. */
#include "world/world.h"

#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "world/end.h"

enum { ENDS_DEFAULT = 1024, QUEUE_MAX = 1 << 24, PORT_FIRST = 40000, PORT_LAST = 65535 };

static const uint64_t START_NS = 1000000000;
static const uint64_t LATENCY_NS = 100000;
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

static void remember(struct world *world, uint64_t kind, struct id id, uint64_t code,
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

    remember(world, event->kind, event->connection, (uint64_t) - (int64_t)event->code,
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
    remember(world, event.kind, event.connection, (uint64_t) - (int64_t)code, event.bytes);
    listener(context, &event);
}

/* Connecting. */

static bool hears(const struct end *end, const char *host, uint16_t port)
{
    struct view name = view_of(end->host);

    return end->state == END_LISTENING && end->port == port
           && (view_equal_nocase(name, view_of(host)) || view_is(name, "0.0.0.0")
               || view_is(name, "::"));
}

static struct end *find_listening(const struct world *world, const char *host, uint16_t port)
{
    struct id id;

    for (uint32_t slot = 0; slot < world->ends.capacity; slot++) {
        struct end *end = slots_at(&world->ends, slot, &id);
        if (end != NULL && hears(end, host, port))
            return end;
    }
    return NULL;
}

static const struct world_link *link_to(const struct world *world, const char *host, uint16_t port)
{
    for (size_t i = 0; i < world->place_count; i++) {
        const struct world_place *place = &world->places[i];
        if (place->port == port && view_equal_nocase(view_of(place->host), view_of(host)))
            return &place->link;
    }
    return &world->link;
}

static struct end *take(struct world *world, enum end_state state, outside_listener *listener,
                        void *context)
{
    struct id id;
    struct end *end = slots_take(&world->ends, &id);
    if (end == NULL)
        return NULL;

    end->world = world;
    end->id = id;
    end->state = state;
    end->listener = listener;
    end->context = context;
    strbuf_init(&end->out, 2 * (size_t)WORLD_QUEUE_LIMIT);
    strbuf_init(&end->inbox, WORLD_WINDOW);
    return end;
}

/* The connect is answered: where it came to nothing `text` says why. */
static void answer(struct end *client, int code, const char *text)
{
    struct world *world = client->world;
    struct world_event *event = world_send(world, world->now_ns + world_delay_ns(client),
                                           code == 0 ? EVENT_OPENED : EVENT_FAILED, client->id);

    if (event != NULL) {
        event->code = code;
        event->text = text;
    }
}

static void draw_fault(struct end *accepted)
{
    const struct world_link *link = &accepted->link;
    uint64_t most = link->fault_bytes != 0 ? link->fault_bytes : 1024;

    if (world_chance(&accepted->rng, link->reset_micro))
        accepted->fault = FAULT_RESET;
    else if (world_chance(&accepted->rng, link->cut_micro))
        accepted->fault = FAULT_CUT;
    if (accepted->fault != FAULT_NONE)
        accepted->fault_in_bytes = rng_below(&accepted->rng, most + 1);
}

/* TLS at a port without it ends elsewhere, as before a load balancer: the port's protocols count
 * all the same. */
static bool alpn_choose(struct end *client, const struct end *listening)
{
    size_t len = 0;

    for (size_t at = 0; at < listening->alpn_len; at += 1 + len) {
        len = (unsigned char)listening->alpn[at];
        struct view spoken = view_make(listening->alpn + at, 1 + len);
        size_t offered_len = 0;
        for (size_t i = 0; i < client->alpn_len; i += offered_len) {
            offered_len = 1 + (size_t)(unsigned char)client->alpn[i];
            if (view_equal(view_make(client->alpn + i, offered_len), spoken)) {
                client->alpn_chosen = view_make(client->alpn + i + 1, len);
                return true;
            }
        }
    }
    return false;
}

static void alpn_set(struct end *end, struct view alpn)
{
    static const struct view http1 = VIEW("\x08http/1.1");
    struct view wire = alpn.len != 0 ? alpn : http1;

    memcpy(end->alpn, wire.ptr, wire.len);
    end->alpn_len = wire.len;
}

/* Whether the bytes are names with their lengths before them. */
static bool alpn_is_sound(struct view alpn)
{
    size_t at = 0;

    while (at < alpn.len && alpn.ptr[at] != 0)
        at += 1 + (size_t)(unsigned char)alpn.ptr[at];
    return at == alpn.len && alpn.len <= OUTSIDE_ALPN_BYTES_MAX;
}

static void say_accepted(struct end *accepted)
{
    struct outside_event event = {.kind = OUTSIDE_ACCEPTED,
                                  .connection = accepted->id,
                                  .listening = accepted->listening,
                                  .alpn = accepted->alpn_chosen,
                                  .tls = accepted->with_tls,
                                  .text = ""};

    (void)world_emit(accepted, &event);
}

/* The handshake is done; nobody listens to it any more where the port was closed meanwhile. */
static void on_shaken(struct end *accepted)
{
    if (accepted->state != END_SHAKING)
        return;
    accepted->state = END_OPEN;
    if (world_find(accepted->world, accepted->listening) == NULL) {
        accepted->state = END_CLOSING;
        world_give_up(accepted);
    } else {
        say_accepted(accepted);
    }
}

/* A peer that speaks no TLS at a port of TLS: connected, and turned away. */
static void turn_away(struct end *client)
{
    struct world *world = client->world;
    uint64_t opened_ns = world->now_ns + world_delay_ns(client);

    client->alpn_len = 0;
    (void)world_send(world, opened_ns, EVENT_OPENED, client->id);
    struct world_event *over =
        world_send(world, opened_ns + 2 * client->link.latency_ns, EVENT_OVER, client->id);
    if (over != NULL)
        over->text = "the peer closed";
}

static void on_connect(struct end *client)
{
    struct world *world = client->world;
    const struct end *listening = find_listening(world, client->host, client->port);

    if (world_chance(&client->rng, client->link.hang_micro)) {
        world->counts.hung++;
        return;
    }
    bool refused = world_chance(&client->rng, client->link.refuse_micro);
    if (listening != NULL && !refused && client->with_tls && !alpn_choose(client, listening)) {
        answer(client, ERR_TLS,
               "TLS: the peer speaks none of the protocols that were offered (ALPN)");
        return;
    }
    if (listening != NULL && !refused && listening->with_tls && !client->with_tls) {
        turn_away(client);
        return;
    }
    bool shakes = listening != NULL && listening->with_tls;
    struct end *accepted =
        listening != NULL && !refused
            ? take(world, shakes ? END_SHAKING : END_OPEN, listening->listener, listening->context)
            : NULL;
    if (accepted == NULL) {
        world->counts.refused++;
        answer(client, ERR_UNREACHABLE,
               "the connection was refused: nothing listens there; start the server or correct "
               "the url");
        return;
    }
    accepted->link = client->link;
    accepted->listening = listening->id;
    accepted->with_tls = client->with_tls;
    alpn_set(accepted, client->alpn_chosen);
    accepted->alpn_chosen = view_make(accepted->alpn, client->alpn_chosen.len);
    accepted->peer = client->id;
    client->peer = accepted->id;
    rng_init(&accepted->rng, rng_next(&client->rng));
    draw_fault(accepted);
    /* TLS: one more round trip before the client may speak. */
    uint64_t opened_ns = world->now_ns + world_delay_ns(client)
                         + (client->with_tls ? 2 * client->link.latency_ns : 0);
    accepted->last_arrival_ns = opened_ns;
    (void)world_send(world, opened_ns, EVENT_OPENED, client->id);
    if (!shakes) {
        say_accepted(accepted);
        return;
    }
    /* The last flight of the handshake; nothing of the client overtakes it. */
    client->last_arrival_ns = opened_ns + client->link.latency_ns;
    (void)world_send(world, client->last_arrival_ns, EVENT_SHAKEN, accepted->id);
}

static void on_opened(struct end *end)
{
    struct outside_event event = {.kind = OUTSIDE_OPENED,
                                  .connection = end->id,
                                  .alpn = end->alpn_chosen,
                                  .tls = end->with_tls,
                                  .text = ""};

    end->state = END_OPEN;
    end->world->counts.opened++;
    if (world_emit(end, &event))
        world_pump(end);
}

/* An opening end that gives up: the other side, if there is one, learns of it. */
static void fail_opening(struct end *end, int code, const char *text)
{
    struct world *world = end->world;

    if (world_find(world, end->peer) != NULL) {
        struct world_event *event =
            world_send(world, world->now_ns + end->link.latency_ns, EVENT_OVER, end->peer);
        if (event != NULL) {
            event->code = ERR_CLOSED;
            event->text = "the peer reset the connection";
        }
    }
    if (text != NULL)
        world_say_closed(end, code, text);
    else
        world_release(end);
}

/* The queue. */

static void handle(struct end *end, const struct world_event *event)
{
    struct outside_event writable = {.kind = OUTSIDE_WRITABLE, .connection = end->id, .text = ""};

    switch (event->kind) {
    case EVENT_CONNECT:
        on_connect(end);
        return;
    case EVENT_OPENED:
        on_opened(end);
        return;
    case EVENT_SHAKEN:
        on_shaken(end);
        return;
    case EVENT_FAILED:
    case EVENT_DEADLINE:
        if (end->state == END_OPENING)
            fail_opening(end, event->code, event->text);
        return;
    case EVENT_PIECE:
        world_piece_arrives(end, event);
        return;
    case EVENT_OVER:
        world_over_arrives(end, event);
        return;
    case EVENT_WRITABLE:
        if (end->state == END_OPEN)
            (void)world_emit(end, &writable);
        return;
    case EVENT_RESUMED:
        world_resumed(end);
        return;
    case EVENT_GIVE_UP:
        world_give_up(end);
        return;
    }
}

static void on_event(void *context, uint64_t now_ns)
{
    struct world_event *event = context;
    struct end *end = world_find(event->world, event->to);

    (void)now_ns;
    if (end != NULL)
        handle(end, event);
    mem_free(event->bytes);
    mem_free(event);
}

struct world_event *world_send(struct world *world, uint64_t at_ns, enum world_event_kind kind,
                               struct id to)
{
    struct world_event *event = mem_new(1, sizeof *event);

    if (event != NULL) {
        *event = (struct world_event){.world = world, .kind = kind, .to = to};
        if (timers_set(&world->queue, at_ns, on_event, event) == 0)
            return event;
    }
    mem_free(event);
    world->status = ERR_MEMORY;
    return NULL;
}

int world_run(struct world *world, uint64_t until_ns)
{
    struct view nothing = {0};
    struct timer due;
    uint64_t left = world->events_max;

    world->stopped = false;
    while (!world->stopped && timers_pop(&world->queue, until_ns, &due)) {
        if (due.at_ns > world->now_ns)
            world->now_ns = due.at_ns;
        world->counts.events++;
        if (due.listener != on_event)
            remember(world, UINT64_MAX, (struct id){0}, 0, nothing);
        due.listener(due.context, world->now_ns);
        if (world->status != 0)
            return world->status;
        if (--left == 0)
            return ERR_LIMIT;
    }
    if (!world->stopped && until_ns != UINT64_MAX && until_ns > world->now_ns)
        world->now_ns = until_ns;
    return 0;
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
    if (!alpn_is_sound(endpoint->alpn))
        return ERR_LIMIT;
    struct end *end = take(world, END_OPENING, listener, context);
    if (end == NULL)
        return ERR_LIMIT;

    snprintf(end->host, sizeof end->host, "%.*s", VIEW_ARG(endpoint->host));
    end->port = endpoint->port;
    end->with_tls = endpoint->tls;
    alpn_set(end, endpoint->alpn);
    end->link = *link_to(world, end->host, end->port);
    rng_init(&end->rng, rng_next(&world->rng));
    struct world_event *connect =
        world_send(world, world->now_ns + world_delay_ns(end), EVENT_CONNECT, end->id);
    struct world_event *deadline = NULL;
    if (connect != NULL && endpoint->connect_in_ns < UINT64_MAX - world->now_ns) {
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
        if (find_listening(world, host, port) == NULL)
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
    if (!alpn_is_sound(wanted->alpn))
        return fail(reterr, ERR_CONFIG, "cannot listen on %s:%u: its alpn is none", name, port);
    if (port == 0)
        port = free_port(world, name);
    if (port == 0 || find_listening(world, name, port) != NULL)
        return fail(reterr, ERR_UNREACHABLE,
                    "cannot listen on %s:%u: address already in use; choose another port or end "
                    "what listens there",
                    name, port);
    struct end *end = take(world, END_LISTENING, listener, context);
    if (end == NULL)
        return fail(reterr, ERR_LIMIT, "cannot listen on %s:%u: all places are taken", name, port);
    memcpy(end->host, name, sizeof end->host);
    end->port = port;
    end->with_tls = wanted->tls_certificate_file.len != 0;
    alpn_set(end, wanted->alpn);
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
        fail_opening(end, 0, NULL);
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
    *ret_world = world;
    return 0;
}

void world_free(struct world *world)
{
    struct id id;

    if (world == NULL)
        return;
    for (size_t i = 0; i < world->queue.count; i++) {
        if (world->queue.heap[i].listener == on_event) {
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
    mem_free(world);
}

int world_set_link(struct world *world, struct view host, uint16_t port,
                   const struct world_link *link)
{
    if (host.len == 0 && port == 0) {
        world->link = *link;
        return 0;
    }
    for (size_t i = 0; i < world->place_count; i++) {
        struct world_place *known = &world->places[i];
        if (known->port == port && view_equal_nocase(view_of(known->host), host)) {
            known->link = *link;
            return 0;
        }
    }
    struct world_place *places = mem_resize(world->places, world->place_count + 1, sizeof *places);
    if (places == NULL)
        return ERR_MEMORY;
    world->places = places;
    struct world_place *place = &places[world->place_count++];
    *place = (struct world_place){.port = port, .link = *link};
    snprintf(place->host, sizeof place->host, "%.*s", VIEW_ARG(host));
    return 0;
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
