/* SPDX-License-Identifier: Apache-2.0
 *
 * server_peer: a connection (see server_internal.h): which protocol it speaks, bytes in and out,
 * back-pressure, patience. */
#include "app/server_internal.h"
#include "base/mem.h"

/* ---- who is there ---------------------------------------------------------------------------- */

static int remember(struct server *server, struct id connection, struct id id)
{
    if (connection.slot >= server->by_connection_count) {
        size_t count = (size_t)connection.slot + 64;
        struct id *grown = mem_resize(server->by_connection, count, sizeof *server->by_connection);
        if (grown == NULL)
            return ERR_MEMORY;
        memset(grown + server->by_connection_count, 0,
               (count - server->by_connection_count) * sizeof *grown);
        server->by_connection = grown;
        server->by_connection_count = count;
    }
    server->by_connection[connection.slot] = id;
    return 0;
}

static int open_session(struct server *server, struct peer *peer, enum session_kind kind)
{
    peer->session = session_new(kind, &server->options.limits, &server->budget);
    peer->ticked_at_ns = server_now(server);
    return peer->session != NULL ? 0 : ERR_MEMORY;
}

static void turn_away(struct server *server, const struct outside_event *event)
{
    static const struct view full =
        VIEW("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    struct outside *outside = server->outside;

    server->figures.turned_away++;
    if (!view_is(event->alpn, "h2"))
        (void)outside->ops->write(outside, event->connection, full);
    outside->ops->close(outside, event->connection);
}

void peer_accept(struct server *server, const struct outside_event *event)
{
    struct id id;
    struct peer *peer = server->draining ? NULL : slots_take(&server->peers, &id);

    if (peer == NULL) {
        turn_away(server, event);
        return;
    }
    *peer = (struct peer){
        .id = id, .connection = event->connection, .tls = event->tls, .waits_for = PEER_WAITS_ANEW};
    strbuf_init(&peer->held, SERVER_HELD_MAX_BYTES);
    if (remember(server, event->connection, id) != 0
        || (view_is(event->alpn, "h2") && open_session(server, peer, SESSION_HTTP2) != 0)) {
        turn_away(server, event);
        peer_forget(server, peer);
        return;
    }
    server->figures.connections++;
    server_mark(server, peer);
}

static void unmark(struct server *server, const struct peer *peer)
{
    struct peer **at = &server->marked;

    while (peer->marked && *at != peer)
        at = &(*at)->next_marked;
    if (peer->marked)
        *at = peer->next_marked;
}

static void release_held(struct server *server, struct peer *peer)
{
    session_budget_give(&server->budget, peer->held.len);
    strbuf_release(&peer->held);
}

void peer_forget(struct server *server, struct peer *peer)
{
    request_lose_all(server, peer);
    session_free(peer->session);
    release_held(server, peer);
    alarms_set(&server->alarms, peer->id.slot, UINT64_MAX);
    unmark(server, peer);
    slots_give(&server->peers, peer->id);
}

void peer_end(struct server *server, struct peer *peer, bool reset)
{
    struct outside *outside = server->outside;

    if (reset)
        outside->ops->reset(outside, peer->connection);
    else
        outside->ops->close(outside, peer->connection);
    peer_forget(server, peer);
}

void peer_shut(struct server *server, struct peer *peer)
{
    if (peer->session == NULL) {
        peer_end(server, peer, false);
        return;
    }
    session_shut(peer->session);
    server_mark(server, peer);
}

/* ---- bytes in -------------------------------------------------------------------------------- */

/* ERR_LIMIT, ERR_MEMORY: they do not fit. */
static int hold(struct server *server, struct peer *peer, struct view bytes)
{
    if (bytes.len > peer->held.limit - peer->held.len
        || !session_budget_take(&server->budget, bytes.len))
        return ERR_LIMIT;
    strbuf_add(&peer->held, bytes);
    int code = strbuf_status(&peer->held);
    if (code != 0)
        session_budget_give(&server->budget, bytes.len);
    return code;
}

/* By its first bytes; 0 also where they do not say yet. */
static int choose_protocol(struct server *server, struct peer *peer)
{
    static const struct view preface = VIEW("PRI * HTTP/2.0\r\n");
    struct view held = strbuf_view(&peer->held);
    struct view begins = view_slice(held, 0, preface.len);

    if (held.len == 0)
        return 0;
    if (server->options.without_http1)
        return open_session(server, peer, SESSION_HTTP2);
    if (server->options.without_http2 || !view_starts(preface, begins))
        return open_session(server, peer, SESSION_HTTP1);
    return begins.len == preface.len ? open_session(server, peer, SESSION_HTTP2) : 0;
}

/* Feeds the session until it says no more. */
static int take(struct server *server, struct peer *peer, struct view *rest)
{
    struct session_event event;

    for (;;) {
        int got = session_feed(peer->session, rest, &event);
        if (got <= 0)
            return got;
        if (event.kind == SESSION_REQUEST || event.kind == SESSION_MESSAGE)
            peer->waits_for = PEER_WAITS_ANEW;
        request_event(server, peer, &event);
    }
}

static int take_held(struct server *server, struct peer *peer)
{
    struct view rest = strbuf_view(&peer->held);
    int code = take(server, peer, &rest);
    size_t taken = peer->held.len - rest.len;

    if (taken != 0) {
        session_budget_give(&server->budget, taken);
        strbuf_consume(&peer->held, taken);
        if (peer->held.len == 0)
            strbuf_release(&peer->held);
    }
    return code;
}

/* Seconds that passed since the last bytes, for budgets of the session. */
static void tick(struct server *server, struct peer *peer)
{
    static const uint64_t second_ns = 1000000000;
    uint64_t seconds = (server_now(server) - peer->ticked_at_ns) / second_ns;

    peer->ticked_at_ns += seconds * second_ns;
    for (uint64_t i = 0; i < seconds && i < 60; i++)
        session_tick(peer->session);
}

void peer_bytes(struct server *server, struct peer *peer, struct view bytes)
{
    int code = 0;

    if (peer->session != NULL && peer->held.len == 0) {
        tick(server, peer);
        code = take(server, peer, &bytes);
    }
    if (code == 0 && bytes.len != 0)
        code = hold(server, peer, bytes);
    if (code == 0 && peer->session == NULL)
        code = choose_protocol(server, peer);
    if (code != 0)
        peer_end(server, peer, true);
    else
        server_mark(server, peer);
}

/* ---- bytes out ------------------------------------------------------------------------------- */

/* Hands over the next bytes: 1; 0 where there are none or the outside takes none. */
static int write_some(struct server *server, struct peer *peer)
{
    struct outside *outside = server->outside;

    if (peer->blocked)
        return 0;
    strbuf_reset(&server->scratch);
    int code = session_output(peer->session, &server->scratch, SERVER_STEP_BYTES);
    if (code != 0)
        return code;
    if (server->scratch.len == 0)
        return 0;
    code = outside->ops->write(outside, peer->connection, strbuf_view(&server->scratch));
    if (code == ERR_BUSY) {
        peer->blocked = true;
        code = 0;
    }
    return code != 0 ? code : 1;
}

/* ---- patience -------------------------------------------------------------------------------- */

static enum peer_wait wait_of(const struct peer *peer)
{
    if (peer->blocked)
        return PEER_WAITS_READER;
    if (peer->session == NULL)
        return peer->held.len != 0 ? PEER_WAITS_HEAD : PEER_WAITS_REQUEST;
    switch (session_state(peer->session)) {
    case SESSION_IDLE:
        return PEER_WAITS_REQUEST;
    case SESSION_READING:
        return PEER_WAITS_HEAD;
    case SESSION_AT_WORK:
    case SESSION_ANSWERING:
        if (session_kind(peer->session) == SESSION_WEBSOCKET)
            return PEER_WAITS_MESSAGE;
        /* Requests have a time of their own; what was refused without one has the peer's. */
        return peer->requests != NULL ? PEER_WAITS_FOREVER : PEER_WAITS_READER;
    case SESSION_CLOSING:
    case SESSION_BROKEN:
        break;
    }
    return PEER_WAITS_READER;
}

static uint64_t time_of(const struct server *server, const struct peer *peer, uint64_t now_ns)
{
    const struct server_options *options = &server->options;
    uint64_t life_ends_ns = peer->websocket_at_ns + options->websocket_in_ns;

    switch (peer->waits_for) {
    case PEER_WAITS_REQUEST:
        return now_ns + options->idle_in_ns;
    case PEER_WAITS_HEAD:
        return now_ns + options->head_in_ns;
    case PEER_WAITS_READER:
        return now_ns + options->stall_in_ns;
    case PEER_WAITS_MESSAGE:
        return now_ns + options->websocket_idle_in_ns < life_ends_ns
                   ? now_ns + options->websocket_idle_in_ns
                   : life_ends_ns;
    case PEER_WAITS_FOREVER:
    case PEER_WAITS_ANEW:
        break;
    }
    return UINT64_MAX;
}

static void set_patience(struct server *server, struct peer *peer)
{
    enum peer_wait wait = wait_of(peer);

    if (wait == peer->waits_for)
        return;
    peer->waits_for = wait;
    alarms_set(&server->alarms, peer->id.slot, time_of(server, peer, server_now(server)));
}

void peer_alarm(struct server *server, struct peer *peer)
{
    bool unread = peer->waits_for == PEER_WAITS_READER;

    server->figures.timeouts++;
    if (peer->session == NULL || unread) {
        peer_end(server, peer, unread);
        return;
    }
    session_shut(peer->session);
    if (peer->waits_for == PEER_WAITS_MESSAGE) {
        server_mark(server, peer); /* goodbye, and a little time for the peer's */
        return;
    }
    if (write_some(server, peer) < 0)
        peer_end(server, peer, true);
    else
        peer_end(server, peer, false);
}

/* ---- moving on ------------------------------------------------------------------------------- */

static void set_pause(struct server *server, struct peer *peer)
{
    bool paused = peer->blocked || peer->held.len >= SERVER_STEP_BYTES;

    if (peer->session != NULL && session_state(peer->session) == SESSION_ANSWERING)
        paused = paused || peer->held.len != 0 || !server->options.leaves_with_peer;
    if (peer->paused != paused)
        server->outside->ops->pause(server->outside, peer->connection, paused);
    peer->paused = paused;
}

void peer_move_on(struct server *server, struct peer *peer)
{
    int code = 1;

    while (peer->session != NULL && code > 0) {
        code = take_held(server, peer);
        if (code == 0)
            code = write_some(server, peer);
    }
    enum session_state state = peer->session != NULL ? session_state(peer->session) : SESSION_IDLE;
    if (code < 0 && peer->session != NULL) {
        peer_end(server, peer, true);
    } else if (state == SESSION_BROKEN) {
        peer_end(server, peer, true);
    } else if (state == SESSION_CLOSING && !peer->blocked) {
        peer_end(server, peer, false);
    } else {
        set_pause(server, peer);
        set_patience(server, peer);
    }
}
