/* SPDX-License-Identifier: Apache-2.0
 *
 * server: see server.h and server_internal.h. Ports, time, life. */
#include "app/server_internal.h"
#include "base/mem.h"

enum { CONNECTIONS_DEFAULT = 10000, REQUESTS_A_CONNECTION = 2 };

static const uint64_t SECOND_NS = 1000000000;
static const size_t BUFFERED_DEFAULT_BYTES = (size_t)256 * 1024 * 1024;

/* ---- time ------------------------------------------------------------------------------------ */

uint64_t server_now(const struct server *server)
{
    return server->outside->ops->now(server->outside);
}

static void on_alarm(void *context, uint64_t now_ns);

/* To an earlier time alone: waking too early costs less than moving the timer with every request.
 * Where the outside has no timer now, the next thing that happens asks again. */
static void wake_at(struct server *server, uint64_t at_ns)
{
    if (server->woken_for_ns <= at_ns)
        return;
    if (server->outside->ops->wake_at(server->outside, at_ns, on_alarm, server) == 0)
        server->woken_for_ns = at_ns;
}

void server_mark(struct server *server, struct peer *peer)
{
    if (peer->marked)
        return;
    peer->marked = true;
    peer->next_marked = server->marked;
    server->marked = peer;
    if (!server->inside)
        wake_at(server, server_now(server));
}

static void drain_ends(struct server *server)
{
    void (*done)(void *) = server->drained;

    alarms_set(&server->alarms, server->peers.capacity + server->requests.capacity, UINT64_MAX);
    server->drained = NULL;
    if (done != NULL)
        done(server->drained_context);
}

/* The end of whatever happened. */
static void leave(struct server *server)
{
    while (server->marked != NULL) {
        struct peer *peer = server->marked;
        server->marked = peer->next_marked;
        peer->marked = false;
        peer_move_on(server, peer);
    }
    server->inside = false;
    wake_at(server, alarms_first(&server->alarms));
    if (server->drained != NULL && server->peers.taken == 0)
        drain_ends(server);
}

static void end_all(struct server *server, bool reset)
{
    struct id id;

    for (uint32_t slot = 0; slot < server->peers.capacity; slot++) {
        struct peer *peer = slots_at(&server->peers, slot, &id);
        if (peer != NULL)
            peer_end(server, peer, reset);
    }
}

static void on_alarm(void *context, uint64_t now_ns)
{
    struct server *server = context;
    uint32_t slot;

    server->inside = true;
    server->woken_for_ns = UINT64_MAX;
    while (alarms_pop(&server->alarms, now_ns, &slot)) {
        struct id id;
        uint32_t peers = server->peers.capacity;
        if (slot < peers) {
            struct peer *peer = slots_at(&server->peers, slot, &id);
            if (peer != NULL)
                peer_alarm(server, peer);
        } else if (slot < peers + server->requests.capacity) {
            struct request *request = slots_at(&server->requests, slot - peers, &id);
            if (request != NULL)
                request_alarm(server, request);
        } else {
            end_all(server, true);
        }
    }
    leave(server);
}

/* ---- events ---------------------------------------------------------------------------------- */

static struct peer *peer_of(const struct server *server, struct id connection)
{
    if (connection.slot >= server->by_connection_count)
        return NULL;
    struct peer *peer = slots_get(&server->peers, server->by_connection[connection.slot]);
    return peer != NULL && id_equal(peer->connection, connection) ? peer : NULL;
}

static void on_event(void *context, const struct outside_event *event)
{
    struct server *server = context;
    struct peer *peer = event->kind != OUTSIDE_ACCEPTED ? peer_of(server, event->connection) : NULL;

    server->inside = true;
    if (event->kind == OUTSIDE_ACCEPTED) {
        peer_accept(server, event);
    } else if (peer != NULL && event->kind == OUTSIDE_BYTES) {
        peer_bytes(server, peer, event->bytes);
    } else if (peer != NULL && event->kind == OUTSIDE_CLOSED) {
        peer_forget(server, peer);
    } else if (peer != NULL && event->kind == OUTSIDE_WRITABLE) {
        peer->blocked = false;
        peer->waits_for = PEER_WAITS_ANEW; /* it reads: its time begins again */
        server_mark(server, peer);
    }
    leave(server);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void fill_options(struct server_options *options)
{
    if (options->port.host.len == 0)
        options->port.host = view_of("127.0.0.1");
    options->port.alpn = view_of(options->without_http2   ? "\x08http/1.1"
                                 : options->without_http1 ? "\x02h2"
                                                          : "\x02h2\x08http/1.1");
    if (options->connections_max == 0)
        options->connections_max = CONNECTIONS_DEFAULT;
    if (options->requests_max == 0)
        options->requests_max = options->connections_max * REQUESTS_A_CONNECTION;
    if (options->buffered_max_bytes == 0)
        options->buffered_max_bytes = BUFFERED_DEFAULT_BYTES;
    if (options->head_in_ns == 0)
        options->head_in_ns = 10 * SECOND_NS;
    if (options->body_in_ns == 0)
        options->body_in_ns = 30 * SECOND_NS;
    if (options->stall_in_ns == 0)
        options->stall_in_ns = 60 * SECOND_NS;
    if (options->idle_in_ns == 0)
        options->idle_in_ns = 300 * SECOND_NS;
    if (options->websocket_idle_in_ns == 0)
        options->websocket_idle_in_ns = 600 * SECOND_NS;
    if (options->websocket_in_ns == 0)
        options->websocket_in_ns = 7200 * SECOND_NS;
}

static int make_places(struct server *server)
{
    const struct server_options *options = &server->options;
    int code = slots_init(&server->peers, options->connections_max, sizeof(struct peer));

    if (code == 0)
        code = slots_init(&server->requests, options->requests_max, sizeof(struct request));
    if (code == 0)
        code = alarms_init(&server->alarms, options->connections_max + options->requests_max + 1);
    return code;
}

static void release(struct server *server)
{
    (void)server->outside->ops->wake_at(server->outside, UINT64_MAX, on_alarm, server);
    alarms_release(&server->alarms);
    slots_release(&server->requests);
    slots_release(&server->peers);
    strbuf_release(&server->scratch);
    mem_free(server->by_connection);
    mem_free(server);
}

int server_new(struct outside *outside, const struct server_options *options,
               const struct server_handler *handler, void *context, struct server **ret_server,
               uint16_t *ret_port, struct err *reterr)
{
    struct server *server = mem_new(1, sizeof *server);
    uint16_t port;

    if (server == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for a server");
    *server = (struct server){.outside = outside,
                              .options = *options,
                              .handler = *handler,
                              .context = context,
                              .woken_for_ns = UINT64_MAX,
                              .date_unix_s = INT64_MIN};
    fill_options(&server->options);
    strbuf_init(&server->scratch, (size_t)4 * SERVER_STEP_BYTES);
    server->budget.most_bytes = server->options.buffered_max_bytes;
    int code = make_places(server);
    if (code == 0)
        code = outside->ops->wake_at(outside, UINT64_MAX - 1, on_alarm, server);
    if (code != 0)
        fail(reterr, code, "no room for a server of %u connections",
             server->options.connections_max);
    else
        code = outside->ops->listen(outside, &server->options.port, on_event, server,
                                    &server->listening, &port, reterr);
    if (code != 0) {
        release(server);
        return code;
    }
    server->options.port = (struct outside_port){0}; /* its views are the caller's */
    *ret_server = server;
    *ret_port = port;
    return 0;
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    server->inside = true;
    server->drained = NULL;
    server->outside->ops->close(server->outside, server->listening);
    end_all(server, false);
    release(server);
}

void server_drain(struct server *server, uint64_t in_ns, void (*done)(void *context), void *context)
{
    struct id id;

    server->draining = true;
    server->drained = done;
    server->drained_context = context;
    server->outside->ops->close(server->outside, server->listening);
    for (uint32_t slot = 0; slot < server->peers.capacity; slot++) {
        struct peer *peer = slots_at(&server->peers, slot, &id);
        if (peer != NULL)
            peer_shut(server, peer);
    }
    uint64_t now_ns = server_now(server);
    uint64_t until_ns = in_ns < UINT64_MAX - 1 - now_ns ? now_ns + in_ns : UINT64_MAX - 1;
    /* With nobody there the end is due at once. */
    alarms_set(&server->alarms, server->peers.capacity + server->requests.capacity,
               server->peers.taken == 0 ? now_ns : until_ns);
    if (!server->inside)
        wake_at(server, now_ns);
}

struct server_figures server_figures(const struct server *server)
{
    struct server_figures figures = server->figures;

    figures.open = server->peers.taken;
    figures.under_way = server->requests.taken;
    figures.buffered_bytes = server->budget.used_bytes;
    return figures;
}
