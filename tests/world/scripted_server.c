/* SPDX-License-Identifier: Apache-2.0
 *
 * scripted_server: see scripted_server.h. */
#include "scripted_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "core/server/session.h"
#include "wire/http1.h"

enum {
    PEERS_MAX = 600,
    BYTES_MAX = 64 * 1024 * 1024,
    HUGE_BYTES = 10 * 1000 * 1000,
    MUCH_EVENTS = 500
};

static const uint64_t DRIP_NS = 5000000;

/* A connection; or, of HTTP/2, a stream on one. */
struct peer {
    struct scripted_server *server;
    bool taken;
    struct id connection;    /* none: a stream */
    struct session *session; /* of a connection of HTTP/2 */
    struct peer *parent;     /* of a stream */
    uint32_t stream;
    struct strbuf in;
    struct strbuf out; /* waits for its time */
    size_t written;
    bool under_way;
    bool drips;  /* writes a byte at a time */
    bool closes; /* after what is in out */
};

struct scripted_server {
    struct outside *outside;
    struct id listening;
    uint64_t latency_ns;
    bool http2;
    bool frozen;
    struct session_budget budget;
    struct peer peers[PEERS_MAX];
    struct scripted_figures figures;
    struct strbuf heard; /* the last request */
    uint32_t asked_once; /* how often "…-once" was asked */
};

static uint64_t now(const struct scripted_server *server)
{
    return server->outside->ops->now(server->outside);
}

static void write_out(struct peer *peer);

static void peer_woken(void *context, uint64_t now_ns)
{
    (void)now_ns;
    write_out(context);
}

static void wake_at(struct peer *peer, uint64_t at_ns)
{
    struct outside *outside = peer->server->outside;
    assert_int_equal(outside->ops->wake_at(outside, at_ns, peer_woken, peer), 0);
}

static void forget(struct peer *peer)
{
    struct scripted_server *server = peer->server;

    if (!peer->taken)
        return;
    wake_at(peer, UINT64_MAX);
    for (size_t i = 0; peer->session != NULL && i < PEERS_MAX; i++)
        if (server->peers[i].taken && server->peers[i].parent == peer)
            forget(&server->peers[i]);
    server->figures.open -= peer->parent == NULL ? 1 : 0;
    server->figures.under_way -= peer->under_way ? 1 : 0;
    session_free(peer->session);
    strbuf_release(&peer->in);
    strbuf_release(&peer->out);
    *peer = (struct peer){0};
}

static struct peer *take_peer(struct scripted_server *server)
{
    for (size_t i = 0; i < PEERS_MAX; i++) {
        struct peer *peer = &server->peers[i];
        if (peer->taken)
            continue;
        *peer = (struct peer){.server = server, .taken = true};
        strbuf_init(&peer->in, BYTES_MAX);
        strbuf_init(&peer->out, BYTES_MAX);
        return peer;
    }
    fail_msg("more peers than %d", PEERS_MAX);
    return NULL;
}

static void hang_up(struct peer *peer)
{
    struct outside *outside = peer->server->outside;
    outside->ops->close(outside, peer->connection);
    forget(peer);
}

/* ---- HTTP/2: what an act wrote for HTTP/1.1 is said in frames ------------------------------- */

static void add(struct http_headers *headers, const struct http_header *header)
{
    static const char *const not_here[] = {"content-length", "connection", "transfer-encoding"};

    for (size_t i = 0; i < sizeof not_here / sizeof not_here[0]; i++)
        if (view_equal_nocase(header->name, view_of(not_here[i])))
            return;
    assert_int_equal(http_header_add(headers, header->name, header->value), 0);
}

static void say_head(struct peer *stream, const struct http1_head *head)
{
    struct http_response response = {.status = head->status};

    for (size_t i = 0; i < head->headers.count; i++)
        add(&response.headers, &head->headers.items[i]);
    (void)!session_respond(stream->parent->session, stream->stream, &response, true);
}

static void flush_session(struct peer *peer)
{
    struct outside *outside = peer->server->outside;
    struct strbuf out;
    int code = 0;

    strbuf_init(&out, BYTES_MAX);
    while (code == 0) {
        strbuf_reset(&out);
        assert_int_equal(session_output(peer->session, &out, 64 * 1024), 0);
        if (out.len == 0)
            break;
        code = outside->ops->write(outside, peer->connection, strbuf_view(&out));
    }
    strbuf_release(&out);
}

static void feed_session(struct peer *peer, struct view bytes);

static void write_stream(struct peer *stream)
{
    struct peer *parent = stream->parent;
    struct outside *outside = parent->server->outside;
    const struct http1_limits limits = {.body_bytes = BYTES_MAX};
    struct http1_parser *parser = http1_parser_new(HTTP1_READS_RESPONSES, &limits);
    struct view rest = strbuf_view(&stream->out);
    const struct http_response drip = {.status = 200};
    bool closes = stream->closes;
    struct http1_event event;
    int code = 0;

    if (stream->drips)
        code = session_respond(parent->session, stream->stream, &drip, true);
    while (!stream->drips && (code = http1_feed(parser, &rest, &event, NULL)) == 1) {
        if (event.kind == HTTP1_HEAD)
            say_head(stream, event.head);
        else if (event.kind == HTTP1_BODY)
            (void)!session_piece(parent->session, stream->stream, event.body, false);
        else if (event.kind == HTTP1_END)
            (void)!session_piece(parent->session, stream->stream, (struct view){0}, true);
    }
    if (code == ERR_PROTOCOL)
        (void)!outside->ops->write(outside, parent->connection, strbuf_view(&stream->out));
    http1_parser_free(parser);
    if (closes)
        session_shut(parent->session);
    feed_session(parent, (struct view){0});
    if (closes && parent->taken)
        hang_up(parent);
}

/* What is due of out; then the end of the answer. */
static void write_out(struct peer *peer)
{
    struct outside *outside = peer->server->outside;
    size_t most = peer->drips ? 1 : 256 * 1024;

    if (peer->parent != NULL) {
        write_stream(peer);
        return;
    }

    while (peer->written < peer->out.len) {
        struct view piece =
            view_slice(strbuf_view(&peer->out), peer->written, peer->written + most);
        int code = outside->ops->write(outside, peer->connection, piece);
        if (code == ERR_CLOSED) /* the event comes soon */
            return;
        assert_true(code == 0 || code == ERR_BUSY);
        peer->written += piece.len;
        if (peer->drips)
            wake_at(peer, now(peer->server) + DRIP_NS);
        if (peer->drips || code == ERR_BUSY)
            return;
    }
    peer->server->figures.under_way -= peer->under_way ? 1 : 0;
    peer->under_way = false;
    strbuf_reset(&peer->out);
    peer->written = 0;
    if (peer->closes)
        hang_up(peer);
}

/* ---- what it is told to do ------------------------------------------------------------------ */

static void respond(struct peer *peer, const char *status, const char *headers, struct view body)
{
    strbuf_printf(&peer->out, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
                  body.len);
    strbuf_add(&peer->out, body);
}

static void answer_with(struct peer *peer, const char *headers, struct view text)
{
    struct strbuf body;

    strbuf_init(&body, BYTES_MAX);
    strbuf_add_text(&body,
                    "{\"id\":\"r-1\",\"model\":\"tiny\",\"choices\":[{\"index\":0,\"message\":"
                    "{\"role\":\"assistant\",\"content\":\"");
    strbuf_add(&body, text);
    strbuf_add_text(&body, "\"},\"finish_reason\":\"stop\"}],"
                           "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}");
    respond(peer, "200 OK", headers, strbuf_view(&body));
    strbuf_release(&body);
}

static void fail_with(struct peer *peer, const char *status, const char *type)
{
    char body[256];

    snprintf(body, sizeof body, "{\"error\":{\"message\":\"told to say %s\",\"type\":\"%s\"}}",
             status, type);
    respond(peer, status, "", view_of(body));
}

static void do_answer(struct peer *peer)
{
    answer_with(peer, "", (struct view)VIEW("hello"));
}

static void do_throttle(struct peer *peer)
{
    fail_with(peer, "429 Too Many Requests", "rate_limit_error");
}

static void do_once(struct peer *peer)
{
    if (peer->server->asked_once++ == 0)
        fail_with(peer, "500 Internal Server Error", "server_error");
    else
        do_answer(peer);
}

static void do_fail(struct peer *peer)
{
    fail_with(peer, "500 Internal Server Error", "server_error");
}

static void do_deny(struct peer *peer)
{
    fail_with(peer, "401 Unauthorized", "authentication_error");
}

static void do_forbid(struct peer *peer)
{
    fail_with(peer, "403 Forbidden", "permission_error");
}

static void do_page(struct peer *peer)
{
    respond(peer, "200 OK", "Content-Type: text/html\r\n",
            (struct view)VIEW("<html><body>hi</body></html>"));
}

static void do_invalid(struct peer *peer)
{
    answer_with(peer, "", (struct view)VIEW("bad \xff\xc3 bytes"));
}

static void do_huge(struct peer *peer)
{
    struct strbuf text;

    strbuf_init(&text, BYTES_MAX);
    strbuf_add_repeated(&text, 'a', HUGE_BYTES);
    answer_with(peer, "", strbuf_view(&text));
    strbuf_release(&text);
}

static void do_flood(struct peer *peer)
{
    strbuf_add_text(&peer->out, "HTTP/1.1 200 OK\r\n\r\n");
    strbuf_add_repeated(&peer->out, 'a', 33 * 1024 * 1024);
}

static void do_cut(struct peer *peer)
{
    strbuf_add_text(&peer->out, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":");
    peer->closes = true;
}

static void do_close(struct peer *peer)
{
    peer->closes = true;
}

static void do_drip(struct peer *peer)
{
    strbuf_add_text(&peer->out, "HTTP/1.1 200 OK\r\nX-Long: ");
    strbuf_add_repeated(&peer->out, 'x', 60000);
    peer->drips = true;
}

static void do_babble(struct peer *peer)
{
    strbuf_add_text(&peer->out, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
}

static void do_last(struct peer *peer)
{
    answer_with(peer, "Connection: close\r\n", (struct view)VIEW("hello"));
    peer->closes = true;
}

static void do_leave(struct peer *peer)
{
    do_answer(peer);
    peer->closes = true;
}

static void do_stream(struct peer *peer)
{
    static const char *const pieces[] = {"hel", "lo ", "you"};

    strbuf_add_text(&peer->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 3; i++) {
        char event[200];
        snprintf(event, sizeof event,
                 "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"}}]}\n\n",
                 pieces[i]);
        http1_write_chunk(&peer->out, view_of(event));
    }
}

static void do_stream_much(struct peer *peer)
{
    strbuf_add_text(&peer->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < MUCH_EVENTS; i++) {
        struct strbuf event;
        strbuf_init(&event, BYTES_MAX);
        strbuf_add_text(&event, "data: {\"choices\":[{\"delta\":{\"content\":\"");
        strbuf_add_repeated(&event, 'a', HUGE_BYTES / MUCH_EVENTS);
        strbuf_add_text(&event, "\"}}]}\n\n");
        http1_write_chunk(&peer->out, strbuf_view(&event));
        strbuf_release(&event);
    }
    http1_write_chunk(&peer->out, (struct view)VIEW("data: [DONE]\n\n"));
    assert_int_equal(http1_write_last_chunk(&peer->out, NULL, NULL), 0);
}

static void do_stream_well(struct peer *peer)
{
    do_stream(peer);
    http1_write_chunk(&peer->out,
                      (struct view)VIEW("data: {\"choices\":[{\"index\":0,\"delta\":{},"
                                        "\"finish_reason\":\"stop\"}]}\n\n"
                                        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                                        "\"completion_tokens\":4}}\n\ndata: [DONE]\n\n"));
    assert_int_equal(http1_write_last_chunk(&peer->out, NULL, NULL), 0);
}

static void do_stream_cut(struct peer *peer)
{
    do_stream(peer);
    peer->closes = true;
}

static void do_stream_error(struct peer *peer)
{
    do_stream(peer);
    http1_write_chunk(&peer->out, (struct view)VIEW("data: {\"error\":{\"type\":\"server_error\","
                                                    "\"message\":\"told to break off\"}}\n\n"));
    assert_int_equal(http1_write_last_chunk(&peer->out, NULL, NULL), 0);
}

static void do_keys(struct peer *peer)
{
    respond(peer, "200 OK", "Content-Type: application/json\r\n",
            (struct view)VIEW("{\"AccessKeyId\":\"AKIDFETCHED\",\"SecretAccessKey\":\"hidden\","
                              "\"Token\":\"t\",\"Expiration\":\"2999-01-01T00:00:00Z\"}"));
}

static void do_silence(struct peer *peer)
{
    (void)peer;
}

static void act(struct peer *peer, struct view request)
{
    static const struct {
        const char *word;
        void (*act)(struct peer *peer);
    } acts[] = {
        {"do:throttle", do_throttle},
        {"do:once", do_once},
        {"do:fail", do_fail},
        {"do:deny", do_deny},
        {"do:forbid", do_forbid},
        {"do:page", do_page},
        {"do:invalid", do_invalid},
        {"do:huge", do_huge},
        {"do:flood", do_flood},
        {"do:cut", do_cut},
        {"do:close", do_close},
        {"do:drip", do_drip},
        {"do:babble", do_babble},
        {"do:last", do_last},
        {"do:leave", do_leave},
        {"do:silence", do_silence},
        {"do:answer", do_answer},
        {"do:words", do_stream_well},
        {"do:broken-words", do_stream_cut},
        {"do:error-words", do_stream_error},
        {"do:much", do_stream_much},
        {"GET /do:keys", do_keys},
    };

    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (view_find(request, view_of(acts[i].word), 0) == request.len)
            continue;
        acts[i].act(peer);
        if (acts[i].act != do_silence)
            wake_at(peer, now(peer->server) + peer->server->latency_ns);
        return;
    }
    fail_msg("a question told the server nothing: %.*s", VIEW_ARG(request));
}

/* ---- connections ---------------------------------------------------------------------------- */

/* The length of the first whole request in the bytes; 0 while there is none. */
static size_t request_length(struct view bytes)
{
    static const struct view end = VIEW("\r\n\r\n");
    static const struct view length = VIEW("Content-Length: ");
    size_t head = view_find(bytes, end, 0);
    if (head == bytes.len)
        return 0;

    size_t at = view_find(bytes, length, 0);
    assert_true(at < head);
    struct view value = view_slice(bytes, at + length.len, head + 2);
    int64_t count = -1;
    assert_int_equal(view_to_int(view_trim(view_split(&value, '\n')), &count), 0);
    return bytes.len >= head + 4 + (size_t)count ? head + 4 + (size_t)count : 0;
}

static void take_request(struct peer *peer)
{
    struct scripted_figures *figures = &peer->server->figures;

    figures->requests++;
    peer->under_way = true;
    if (++figures->under_way > figures->under_way_most)
        figures->under_way_most = figures->under_way;
    strbuf_reset(&peer->server->heard);
    strbuf_add(&peer->server->heard, strbuf_view(&peer->in));
    act(peer, strbuf_view(&peer->in));
    strbuf_reset(&peer->in);
}

static void take_bytes(struct peer *peer, struct view bytes)
{
    strbuf_add(&peer->in, bytes);
    assert_int_equal(strbuf_status(&peer->in), 0);
    size_t length = request_length(strbuf_view(&peer->in));
    if (length == 0)
        return;
    assert_false(peer->under_way); /* a client of ours never pipelines */
    assert_int_equal(length, peer->in.len);
    take_request(peer);
}

static struct peer *find(struct scripted_server *server, struct id connection)
{
    for (size_t i = 0; i < PEERS_MAX; i++)
        if (server->peers[i].taken && server->peers[i].parent == NULL
            && id_equal(server->peers[i].connection, connection))
            return &server->peers[i];
    return NULL;
}

static struct peer *find_stream(struct peer *parent, uint32_t stream)
{
    struct scripted_server *server = parent->server;

    for (size_t i = 0; i < PEERS_MAX; i++)
        if (server->peers[i].taken && server->peers[i].parent == parent
            && server->peers[i].stream == stream)
            return &server->peers[i];
    return NULL;
}

/* A request of HTTP/2, written down as HTTP/1.1 would have it. */
static void begin_stream(struct peer *parent, const struct session_event *event)
{
    struct peer *stream = take_peer(parent->server);

    stream->parent = parent;
    stream->stream = event->stream;
    strbuf_printf(&stream->in, "%.*s %.*s HTTP/1.1\r\n", VIEW_ARG(event->request->method),
                  VIEW_ARG(event->request->target));
    for (size_t i = 0; i < event->request->headers.count; i++) {
        const struct http_header *header = &event->request->headers.items[i];
        strbuf_printf(&stream->in, "%.*s: %.*s\r\n", VIEW_ARG(header->name),
                      VIEW_ARG(header->value));
    }
    strbuf_add_text(&stream->in, "\r\n");
}

static void take_request(struct peer *peer);

static void feed_session(struct peer *peer, struct view bytes)
{
    struct session_event event;

    while (session_feed(peer->session, &bytes, &event) == 1) {
        struct peer *stream = find_stream(peer, event.stream);
        if (event.kind == SESSION_REQUEST)
            begin_stream(peer, &event);
        else if (event.kind == SESSION_BODY)
            strbuf_add(&stream->in, event.bytes);
        else if (event.kind == SESSION_END)
            take_request(stream);
        else if ((event.kind == SESSION_SENT || event.kind == SESSION_RESET) && stream != NULL)
            forget(stream);
    }
    flush_session(peer);
    struct view none = {0};
    while (session_feed(peer->session, &none, &event) == 1) /* what left by the flush */
        if (event.kind == SESSION_SENT && find_stream(peer, event.stream) != NULL)
            forget(find_stream(peer, event.stream));
}

static void accept_peer(struct scripted_server *server, const struct outside_event *event)
{
    static const struct session_limits limits = {.requests = 0};
    struct peer *peer = take_peer(server);

    peer->connection = event->connection;
    if (server->http2 || view_is(event->alpn, "h2")) {
        peer->session = session_new(SESSION_HTTP2, &limits, &server->budget);
        assert_non_null(peer->session);
    }
    server->figures.connections++;
    if (++server->figures.open > server->figures.connections_most)
        server->figures.connections_most = server->figures.open;
}

static void listener(void *context, const struct outside_event *event)
{
    struct scripted_server *server = context;
    if (event->kind == OUTSIDE_ACCEPTED) {
        accept_peer(server, event);
        return;
    }

    struct peer *peer = find(server, event->connection);
    if (peer == NULL)
        return;
    bool http2 = peer->session != NULL;
    if (event->kind == OUTSIDE_BYTES && server->frozen)
        return;
    if (event->kind == OUTSIDE_BYTES && http2)
        feed_session(peer, event->bytes);
    else if (event->kind == OUTSIDE_BYTES)
        take_bytes(peer, event->bytes);
    else if (event->kind == OUTSIDE_WRITABLE && http2)
        feed_session(peer, (struct view){0});
    else if (event->kind == OUTSIDE_WRITABLE)
        write_out(peer);
    else if (event->kind == OUTSIDE_CLOSED)
        forget(peer);
}

struct scripted_server *scripted_server_on(struct outside *outside, uint64_t latency_ns,
                                           const struct outside_port *port, uint16_t *ret_port)
{
    struct scripted_server *server = mem_new(1, sizeof *server);
    struct err err = {0};

    assert_non_null(server);
    server->outside = outside;
    server->latency_ns = latency_ns;
    server->budget.most_bytes = (size_t)1 << 30;
    strbuf_init(&server->heard, BYTES_MAX);
    if (outside->ops->listen(outside, port, listener, server, &server->listening, ret_port, &err)
        != 0)
        fail_msg("%s", err.text);
    return server;
}

struct scripted_server *scripted_server_new(struct outside *outside, uint64_t latency_ns,
                                            uint16_t *ret_port)
{
    return scripted_server_on(outside, latency_ns,
                              &(struct outside_port){.host = VIEW("127.0.0.1")}, ret_port);
}

void scripted_server_drop(struct scripted_server *server)
{
    for (size_t i = 0; i < PEERS_MAX; i++)
        if (server->peers[i].taken && server->peers[i].parent == NULL)
            hang_up(&server->peers[i]);
}

void scripted_server_free(struct scripted_server *server)
{
    scripted_server_drop(server);
    server->outside->ops->close(server->outside, server->listening);
    strbuf_release(&server->heard);
    mem_free(server);
}

void scripted_server_speak_http2(struct scripted_server *server)
{
    server->http2 = true;
}

void scripted_server_freeze(struct scripted_server *server, bool frozen)
{
    server->frozen = frozen;
}

struct scripted_figures scripted_server_figures(const struct scripted_server *server)
{
    return server->figures;
}

const char *scripted_server_heard(const struct scripted_server *server)
{
    return strbuf_text(&server->heard);
}
