/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_server: see sim_server.h. */
#include "app/sim_server.h"

#include "base/mem.h"
#include "base/slots.h"
#include "core/pool/alarms.h"
#include "core/sim/serve.h"
#include "wire/http1.h"

enum {
    CONNECTIONS_DEFAULT = 10000,
    HELD_MAX_BYTES = 4 * 1024 * 1024, /* pipelined bytes behind an answer that waits */
    ANSWER_MAX_BYTES = 64 * 1024 * 1024,
};

static const uint64_t IDLE_DEFAULT_NS = 300ull * 1000 * 1000 * 1000;
static const size_t BUFFERED_MAX_BYTES = 256u * 1024 * 1024;
static const size_t ARENA_MAX_BYTES = 256u * 1024 * 1024;

enum peer_state {
    PEER_READING,
    PEER_WAITING, /* an answer is due later */
    PEER_STALLED, /* the outside's queue is full: WRITABLE goes on */
};

struct peer {
    struct id connection; /* of the outside */
    enum peer_state state;
    struct http1_parser *parser;
    struct strbuf body;
    struct strbuf held;   /* bytes that came while an answer waited */
    struct strbuf answer; /* head and body, once there is one */
    bool keep_alive;
    bool paused;
};

struct sim_server {
    struct outside *outside;
    struct sim_server_options options;
    struct id listening;
    struct slots peers;
    struct alarms alarms;     /* by place: when an answer is due, or patience ends */
    struct id *by_connection; /* by the outside's slot: whose connection it is */
    size_t by_connection_count;
    size_t buffered_bytes; /* of all bodies and held bytes */
    struct sim_server_figures figures;
};

static void process(struct sim_server *server, struct id id, struct view bytes);

/* ---- time ----------------------------------------------------------------------------------- */

static uint64_t now(struct sim_server *server)
{
    return server->outside->ops->now(server->outside);
}

static void on_alarm(void *context, uint64_t now_ns);

static void set_alarm(struct sim_server *server, struct id id, uint64_t at_ns)
{
    alarms_set(&server->alarms, id.slot, at_ns);
    /* the one timer of this context was set when the server was made: this only moves it */
    (void)server->outside->ops->wake_at(server->outside, alarms_first(&server->alarms), on_alarm,
                                        server);
}

static void be_patient(struct sim_server *server, struct id id)
{
    set_alarm(server, id, now(server) + server->options.idle_in_ns);
}

/* ---- connections ---------------------------------------------------------------------------- */

static struct id peer_of(const struct sim_server *server, struct id connection)
{
    if (connection.slot >= server->by_connection_count)
        return (struct id){0};
    struct id id = server->by_connection[connection.slot];
    const struct peer *peer = slots_get(&server->peers, id);
    return peer != NULL && id_equal(peer->connection, connection) ? id : (struct id){0};
}

static int remember(struct sim_server *server, struct id connection, struct id id)
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

static void release_buffers(struct sim_server *server, struct peer *peer)
{
    server->buffered_bytes -= peer->body.len + peer->held.len;
    strbuf_release(&peer->body);
    strbuf_release(&peer->held);
    strbuf_release(&peer->answer);
}

/* Forgets a peer whose connection is over. */
static void forget(struct sim_server *server, struct id id)
{
    struct peer *peer = slots_get(&server->peers, id);

    release_buffers(server, peer);
    http1_parser_free(peer->parser);
    set_alarm(server, id, UINT64_MAX);
    slots_give(&server->peers, id);
}

static void hang_up(struct sim_server *server, struct id id)
{
    struct peer *peer = slots_get(&server->peers, id);

    server->outside->ops->close(server->outside, peer->connection);
    forget(server, id);
}

static void pause(struct sim_server *server, struct peer *peer, bool paused)
{
    if (peer->paused != paused)
        server->outside->ops->pause(server->outside, peer->connection, paused);
    peer->paused = paused;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* Writes head and body into the peer's answer; without the body for HEAD. */
static int encode(struct peer *peer, struct http_response *response, bool without_body,
                  bool old_version)
{
    struct err err;
    int code = http_header_add(&response->headers, view_of("server"), view_of("assay-sim"));

    if (code == 0 && !peer->keep_alive)
        code = http_header_add(&response->headers, view_of("connection"), view_of("close"));
    else if (code == 0 && old_version)
        code = http_header_add(&response->headers, view_of("connection"), view_of("keep-alive"));
    strbuf_reset(&peer->answer);
    if (code == 0)
        code = http1_write_response_head(&peer->answer, response,
                                         without_body ? HTTP1_NO_BODY : HTTP1_LENGTH, &err);
    if (code == 0 && !without_body)
        strbuf_add(&peer->answer, response->body);
    return code != 0 ? code : strbuf_status(&peer->answer);
}

/* Sends the answer that is there; the peer may be gone afterwards. */
static void send_answer(struct sim_server *server, struct id id)
{
    struct peer *peer = slots_get(&server->peers, id);
    int code =
        server->outside->ops->write(server->outside, peer->connection, strbuf_view(&peer->answer));

    strbuf_release(&peer->answer);
    if (code != 0 && code != ERR_BUSY) {
        hang_up(server, id);
        return;
    }
    if (!peer->keep_alive) {
        hang_up(server, id);
        return;
    }
    peer->state = code == ERR_BUSY ? PEER_STALLED : PEER_READING;
    be_patient(server, id);
}

/* Answers what cannot be read, or not be taken on, and ends the connection. */
static void reject(struct sim_server *server, struct id id, int status, const char *why)
{
    struct peer *peer = slots_get(&server->peers, id);
    struct http_response response = {.status = status};
    struct strbuf body;
    struct json_writer writer;

    server->figures.errors++;
    peer->keep_alive = false;
    strbuf_init(&body, ERR_TEXT_MAX * 8);
    json_writer_init(&writer, &body, 0);
    json_write_object(&writer);
    json_write_key(&writer, "message");
    json_write_text(&writer, why);
    json_write_end(&writer, '}');
    response.body = strbuf_view(&body);
    int code =
        http_header_add(&response.headers, view_of("content-type"), view_of("application/json"));
    if (code == 0)
        code = encode(peer, &response, false, false);
    strbuf_release(&body);
    if (code != 0)
        hang_up(server, id);
    else
        send_answer(server, id);
}

/* The request is whole: makes the answer, and sends it once it is due. */
static void answer(struct sim_server *server, struct id id, const struct http1_head *head)
{
    struct peer *peer = slots_get(&server->peers, id);
    struct http_request request = {.method = head->method,
                                   .target = head->target,
                                   .headers = head->headers,
                                   .body = strbuf_view(&peer->body)};
    struct http_response response;
    struct arena arena;
    uint64_t latency_ns = 0;

    arena_init(&arena, ARENA_MAX_BYTES);
    int code = sim_serve(&server->options.sim, &request, server->figures.requests++, &arena,
                         &response, &latency_ns);
    if (code == 0)
        code = encode(peer, &response, view_is(head->method, "HEAD"), head->version_minor == 0);
    int status = code == 0 ? response.status : 503;
    arena_release(&arena);
    server->buffered_bytes -= peer->body.len;
    strbuf_release(&peer->body);
    if (code != 0) {
        reject(server, id, 503, "The simulator is out of memory, try again later.");
        return;
    }
    server->figures.answers += status == 200;
    server->figures.errors += status != 200;
    if (latency_ns == 0) {
        send_answer(server, id);
        return;
    }
    peer->state = PEER_WAITING;
    set_alarm(server, id, now(server) + latency_ns);
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool take_on(struct sim_server *server, struct strbuf *buffer, struct view bytes)
{
    if (bytes.len > BUFFERED_MAX_BYTES - server->buffered_bytes)
        return false;
    strbuf_add(buffer, bytes);
    if (strbuf_status(buffer) != 0)
        return false;
    server->buffered_bytes += bytes.len;
    return true;
}

/* Deals with one event of the parser; false where the peer can take no further one now. */
static bool on_http(struct sim_server *server, struct id id, const struct http1_event *event)
{
    struct peer *peer = slots_get(&server->peers, id);

    switch (event->kind) {
    case HTTP1_HEAD:
        if (event->head->expects_continue)
            (void)server->outside->ops->write(server->outside, peer->connection,
                                              view_of("HTTP/1.1 100 Continue\r\n\r\n"));
        return true;
    case HTTP1_BODY:
        if (take_on(server, &peer->body, event->body))
            return true;
        reject(server, id, 503, "The simulator holds too many request bodies, try again later.");
        return false;
    case HTTP1_TRAILERS:
        return true;
    case HTTP1_END:
    case HTTP1_UPGRADE: /* declined: answered as if it had not been asked for */
        peer->keep_alive = event->kind == HTTP1_END && event->keep_alive;
        answer(server, id, event->head);
        peer = slots_get(&server->peers, id);
        return peer != NULL && peer->state == PEER_READING;
    }
    return false;
}

/* Keeps what came too early until the answer before it is out. */
static void hold(struct sim_server *server, struct id id, struct view bytes)
{
    struct peer *peer = slots_get(&server->peers, id);

    if (bytes.len == 0)
        return;
    if (!take_on(server, &peer->held, bytes))
        hang_up(server, id);
    else
        pause(server, peer, true);
}

static void process(struct sim_server *server, struct id id, struct view bytes)
{
    struct peer *peer = slots_get(&server->peers, id);
    struct err err;

    while (peer != NULL && peer->state == PEER_READING) {
        struct http1_event event;
        int got = http1_feed(peer->parser, &bytes, &event, &err);
        if (got == 0)
            return;
        if (got < 0) {
            int status = http1_error_status(peer->parser);
            reject(server, id, status != 0 ? status : 400, err.text);
            return;
        }
        if (!on_http(server, id, &event))
            break;
        peer = slots_get(&server->peers, id);
    }
    peer = slots_get(&server->peers, id);
    if (peer != NULL)
        hold(server, id, bytes);
}

/* The peer may go on: first what was held, then new bytes. */
static void go_on(struct sim_server *server, struct id id)
{
    struct peer *peer = slots_get(&server->peers, id);
    struct strbuf held = peer->held;

    strbuf_init(&peer->held, HELD_MAX_BYTES);
    server->buffered_bytes -= held.len;
    process(server, id, strbuf_view(&held));
    strbuf_release(&held);
    peer = slots_get(&server->peers, id);
    if (peer != NULL && peer->state == PEER_READING)
        pause(server, peer, false);
}

/* ---- events --------------------------------------------------------------------------------- */

static void on_alarm(void *context, uint64_t now_ns)
{
    struct sim_server *server = context;
    uint32_t slot;

    while (alarms_pop(&server->alarms, now_ns, &slot)) {
        struct id id;
        struct peer *peer = slots_at(&server->peers, slot, &id);
        if (peer == NULL)
            continue;
        if (peer->state == PEER_WAITING) {
            send_answer(server, id);
            peer = slots_get(&server->peers, id);
            if (peer != NULL && peer->state == PEER_READING)
                go_on(server, id);
        } else {
            hang_up(server, id); /* patience is over */
        }
    }
    (void)server->outside->ops->wake_at(server->outside, alarms_first(&server->alarms), on_alarm,
                                        server);
}

static void accept_peer(struct sim_server *server, struct id connection)
{
    struct http1_limits limits = {.body_bytes = SIM_BODY_MAX_BYTES};
    struct id id;
    struct peer *peer = slots_take(&server->peers, &id);
    struct http1_parser *parser =
        peer != NULL ? http1_parser_new(HTTP1_READS_REQUESTS, &limits) : NULL;

    if (parser == NULL || remember(server, connection, id) != 0) {
        http1_parser_free(parser);
        if (peer != NULL)
            slots_give(&server->peers, id);
        (void)server->outside->ops->write(
            server->outside, connection,
            view_of("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: "
                    "close\r\n\r\n"));
        server->outside->ops->close(server->outside, connection);
        return;
    }
    *peer = (struct peer){.connection = connection, .state = PEER_READING, .parser = parser};
    strbuf_init(&peer->body, SIM_BODY_MAX_BYTES);
    strbuf_init(&peer->held, HELD_MAX_BYTES);
    strbuf_init(&peer->answer, ANSWER_MAX_BYTES);
    server->figures.connections++;
    be_patient(server, id);
}

static void on_bytes(struct sim_server *server, struct id id, struct view bytes)
{
    const struct peer *peer = slots_get(&server->peers, id);

    if (peer->state == PEER_READING)
        process(server, id, bytes);
    else
        hold(server, id, bytes);
}

static void on_event(void *context, const struct outside_event *event)
{
    struct sim_server *server = context;

    if (event->kind == OUTSIDE_ACCEPTED) {
        accept_peer(server, event->connection);
        return;
    }
    struct id id = peer_of(server, event->connection);
    struct peer *peer = slots_get(&server->peers, id);
    if (peer == NULL)
        return;
    if (event->kind == OUTSIDE_BYTES) {
        on_bytes(server, id, event->bytes);
    } else if (event->kind == OUTSIDE_CLOSED) {
        forget(server, id);
    } else if (event->kind == OUTSIDE_WRITABLE && peer->state == PEER_STALLED) {
        peer->state = PEER_READING;
        go_on(server, id);
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

int sim_server_new(struct outside *outside, const struct sim_server_options *options,
                   struct sim_server **ret_server, uint16_t *ret_port, struct err *reterr)
{
    struct sim_server *server = mem_new(1, sizeof *server);
    uint16_t port;

    if (server == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the simulator's server");
    *server = (struct sim_server){.outside = outside, .options = *options};
    if (server->options.host.len == 0)
        server->options.host = view_of("127.0.0.1");
    if (server->options.connections_max == 0)
        server->options.connections_max = CONNECTIONS_DEFAULT;
    if (server->options.idle_in_ns == 0)
        server->options.idle_in_ns = IDLE_DEFAULT_NS;
    int code = slots_init(&server->peers, server->options.connections_max, sizeof(struct peer));
    if (code == 0)
        code = alarms_init(&server->alarms, server->options.connections_max);
    if (code == 0)
        code = outside->ops->wake_at(outside, UINT64_MAX, on_alarm, server);
    if (code != 0)
        fail(reterr, code, "no room for a server of %u connections",
             server->options.connections_max);
    else
        code = outside->ops->listen(
            outside,
            &(struct outside_port){.host = server->options.host, .port = server->options.port},
            on_event, server, &server->listening, &port, reterr);
    if (code != 0) {
        alarms_release(&server->alarms);
        slots_release(&server->peers);
        mem_free(server);
        return code;
    }
    *ret_server = server;
    *ret_port = port;
    return 0;
}

void sim_server_free(struct sim_server *server)
{
    if (server == NULL)
        return;
    server->outside->ops->close(server->outside, server->listening);
    for (uint32_t slot = 0; slot < server->peers.capacity; slot++) {
        struct id id;
        if (slots_at(&server->peers, slot, &id) != NULL)
            hang_up(server, id);
    }
    (void)server->outside->ops->wake_at(server->outside, UINT64_MAX, on_alarm, server);
    alarms_release(&server->alarms);
    slots_release(&server->peers);
    mem_free(server->by_connection);
    mem_free(server);
}

struct sim_server_figures sim_server_figures(const struct sim_server *server)
{
    return server->figures;
}
