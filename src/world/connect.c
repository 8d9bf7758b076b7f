/* SPDX-License-Identifier: Apache-2.0
 *
 * connect: from open to OPENED, and from listen to ACCEPTED (see end.h).
 *
 *   open → CONNECT to each address, one after the other → accepted → OPENED (or FAILED)
 *
 * The first address that is reached counts; the others are not connected to at all. */
#include "base/view.h"
#include "world/end.h"

static const uint64_t CONNECT_RESEND_NS = 1000000000;
static const uint64_t SLOW_NS = 100000000;
static const size_t SLOW_WINDOW = 2048;
static const uint64_t FAULT_BYTES = 1024;
static const uint64_t SHAKING_NS = 10000000000; /* a handshake that takes longer has failed */
static const uint64_t OFFSET_NS = 1000;

static bool hears(const struct end *end, const char *host, uint16_t port)
{
    struct view name = view_of(end->host);

    return end->state == END_LISTENING && end->port == port
           && (view_equal_nocase(name, view_of(host)) || view_is(name, "0.0.0.0")
               || view_is(name, "::"));
}

struct end *world_find_listening(const struct world *world, const char *host, uint16_t port)
{
    struct id id;

    for (uint32_t slot = 0; slot < world->ends.capacity; slot++) {
        struct end *end = slots_at(&world->ends, slot, &id);
        if (end != NULL && hears(end, host, port))
            return end;
    }
    return NULL;
}

/* The connect is answered: where it came to nothing `text` says why. When that is known is told;
 * where the answer never arrives the client's deadline ends it. */
static uint64_t answer(struct end *client, int code, const char *text)
{
    struct world *world = client->world;
    uint64_t given_up_ns = 0;
    uint64_t at_ns = world_arrival(client, world->now_ns, CONNECT_RESEND_NS, &given_up_ns);

    if (at_ns == UINT64_MAX)
        return at_ns;
    /* TLS: one more round trip before the client may speak. */
    if (code == 0 && client->with_tls)
        at_ns += 2 * client->link.latency_ns;
    struct world_event *event =
        world_send(world, at_ns, code == 0 ? EVENT_OPENED : EVENT_FAILED, client->id);
    if (event != NULL) {
        event->code = code;
        event->text = text;
    }
    return at_ns;
}

static void draw_fault(struct end *accepted)
{
    const struct world_link *link = &accepted->link;
    uint64_t most = link->fault_bytes != 0 ? link->fault_bytes : FAULT_BYTES;

    if (world_chance(&accepted->rng, link->reset_micro))
        accepted->fault = FAULT_RESET;
    else if (world_chance(&accepted->rng, link->cut_micro))
        accepted->fault = FAULT_CUT;
    else if (world_chance(&accepted->rng, link->vanish_micro))
        accepted->fault = FAULT_VANISH;
    if (accepted->fault != FAULT_NONE)
        accepted->fault_in_bytes = rng_below(&accepted->rng, most + 1);
}

/* Whether `reader` reads slowly, which is felt by who writes to it. */
static void draw_reader(struct end *reader, struct end *writer)
{
    const struct world_link *link = &writer->link;

    if (!world_chance(&writer->rng, link->slow_micro))
        return;
    reader->takes_in_ns = link->slow_ns != 0 ? link->slow_ns : SLOW_NS;
    writer->window = link->slow_window_bytes != 0 ? link->slow_window_bytes : SLOW_WINDOW;
    if (writer->window > WORLD_WINDOW)
        writer->window = WORLD_WINDOW;
    writer->world->counts.slow++;
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

void world_alpn_set(struct end *end, struct view alpn)
{
    static const struct view http1 = VIEW("\x08http/1.1");
    struct view wire = alpn.len != 0 ? alpn : http1;

    memcpy(end->alpn, wire.ptr, wire.len);
    end->alpn_len = wire.len;
}

/* Whether the bytes are names with their lengths before them. */
bool world_alpn_is_sound(struct view alpn)
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
void world_shaken(struct end *accepted)
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

/* Nobody is there, or nobody who would have it; the next address may be better. */
static void refuse(struct end *client, int code, const char *text)
{
    client->world->counts.refused += code == ERR_UNREACHABLE ? 1 : 0;
    if (client->tries_left == 0)
        (void)answer(client, code, text);
}

static struct end *accept_from(struct end *client, const struct end *listening)
{
    struct end *accepted = world_take(client->world, listening->with_tls ? END_SHAKING : END_OPEN,
                                      listening->listener, listening->context);
    if (accepted == NULL)
        return NULL;

    accepted->link = client->link;
    memcpy(accepted->host, client->host, sizeof accepted->host);
    accepted->port = client->port;
    accepted->listening = listening->id;
    accepted->with_tls = client->with_tls;
    world_alpn_set(accepted, client->alpn_chosen);
    accepted->alpn_chosen = view_make(accepted->alpn, client->alpn_chosen.len);
    accepted->peer = client->id;
    client->peer = accepted->id;
    rng_init(&accepted->rng, rng_next(&client->rng));
    if (client->world->interleave)
        accepted->offset_ns = rng_below(&accepted->rng, OFFSET_NS);
    draw_fault(accepted);
    draw_reader(client, accepted);
    draw_reader(accepted, client);
    return accepted;
}

static void accept_client(struct end *client, const struct end *listening)
{
    struct world *world = client->world;
    struct end *accepted = accept_from(client, listening);

    if (accepted == NULL) {
        refuse(client, ERR_UNREACHABLE, "the connection was refused: the peer is full");
        return;
    }
    uint64_t opened_ns = answer(client, 0, NULL);
    accepted->last_arrival_ns = opened_ns;
    accepted->dark = opened_ns == UINT64_MAX;
    if (accepted->state != END_SHAKING) {
        say_accepted(accepted);
        return;
    }
    (void)world_send(world, world->now_ns + SHAKING_NS, EVENT_UNSHAKEN, accepted->id);
    if (opened_ns != UINT64_MAX) {
        /* The last flight of the handshake; nothing of the client overtakes it. */
        client->last_arrival_ns = opened_ns + client->link.latency_ns;
        (void)world_send(world, client->last_arrival_ns, EVENT_SHAKEN, accepted->id);
    }
}

void world_connect_arrives(struct end *client, int address)
{
    struct world *world = client->world;

    if (client->state != END_OPENING || !id_is_none(client->peer))
        return; /* it came another way already */
    client->tries_left--;
    if (client->name >= 0)
        world_aim(client, world->names[client->name].addresses[address]);
    const struct end *listening = world_find_listening(world, client->host, client->port);
    if (world_chance(&client->rng, client->link.hang_micro)) {
        world->counts.hung++;
        return;
    }
    if (listening == NULL || world_chance(&client->rng, client->link.refuse_micro)) {
        refuse(client, ERR_UNREACHABLE,
               "the connection was refused: nothing listens there; start the server or correct "
               "the url");
        return;
    }
    if (client->with_tls && !alpn_choose(client, listening)) {
        refuse(client, ERR_TLS,
               "TLS: the peer speaks none of the protocols that were offered (ALPN)");
        return;
    }
    world->counts.other_address += address > 0 ? 1 : 0;
    if (listening->with_tls && !client->with_tls)
        turn_away(client);
    else
        accept_client(client, listening);
}

static void connect_to(struct end *client, int address, uint64_t leaves_ns)
{
    struct world *world = client->world;
    uint64_t given_up_ns = 0;
    uint64_t at_ns = world_arrival(client, leaves_ns, CONNECT_RESEND_NS, &given_up_ns);
    bool arrives = at_ns != UINT64_MAX;
    struct world_event *event = world_send(world, arrives ? at_ns : given_up_ns,
                                           arrives ? EVENT_CONNECT : EVENT_FAILED, client->id);

    if (event == NULL)
        return;
    event->code = arrives ? address : ERR_TIMEOUT;
    event->text = arrives ? "" : "the peer did not answer";
}

void world_connect(struct end *client)
{
    struct world *world = client->world;

    client->tries_left = 1;
    if (client->name < 0) {
        connect_to(client, 0, world->now_ns);
        return;
    }
    const struct world_entry *entry = &world->names[client->name];
    uint64_t known_ns = world->now_ns + entry->settings.lookup_ns;
    if (entry->settings.address_count == 0
        || (world->now_ns >= entry->settings.fails_from_ns
            && world->now_ns < entry->settings.fails_until_ns)) {
        struct world_event *event = world_send(world, known_ns, EVENT_FAILED, client->id);
        world->counts.lookups_failed++;
        if (event != NULL) {
            event->code = ERR_UNREACHABLE;
            event->text = "the name was not found; correct the url, or wait for the name server";
        }
        return;
    }
    client->tries_left = (uint32_t)entry->settings.address_count;
    for (size_t i = 0; i < entry->settings.address_count; i++) {
        world_aim(client, entry->addresses[i]);
        connect_to(client, (int)i, known_ns + i * entry->settings.stagger_ns);
    }
}

void world_opened(struct end *end)
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
void world_fail_opening(struct end *end, int code, const char *text)
{
    if (world_find(end->world, end->peer) != NULL)
        world_send_over(end, ERR_CLOSED, "the peer reset the connection");
    if (text != NULL)
        world_say_closed(end, code, text);
    else
        world_release(end);
}
