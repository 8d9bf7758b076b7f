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

enum { CONNECTIONS_MAX = 300, BYTES_MAX = 64 * 1024 * 1024, HUGE_BYTES = 10 * 1000 * 1000 };

static const uint64_t DRIP_NS = 5000000;

struct peer {
    struct scripted_server *server;
    struct id connection; /* none: free */
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
    struct peer peers[CONNECTIONS_MAX];
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
    if (id_is_none(peer->connection))
        return;
    wake_at(peer, UINT64_MAX);
    peer->connection = (struct id){0};
    peer->server->figures.open--;
    peer->server->figures.under_way -= peer->under_way ? 1 : 0;
    peer->under_way = false;
    strbuf_release(&peer->in);
    strbuf_release(&peer->out);
}

static void hang_up(struct peer *peer)
{
    struct outside *outside = peer->server->outside;
    outside->ops->close(outside, peer->connection);
    forget(peer);
}

/* What is due of out; then the end of the answer. */
static void write_out(struct peer *peer)
{
    struct outside *outside = peer->server->outside;
    size_t most = peer->drips ? 1 : 256 * 1024;

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
        {"do:throttle", do_throttle}, {"do:once", do_once},     {"do:fail", do_fail},
        {"do:deny", do_deny},         {"do:forbid", do_forbid}, {"do:page", do_page},
        {"do:invalid", do_invalid},   {"do:huge", do_huge},     {"do:flood", do_flood},
        {"do:cut", do_cut},           {"do:close", do_close},   {"do:drip", do_drip},
        {"do:babble", do_babble},     {"do:last", do_last},     {"do:leave", do_leave},
        {"do:silence", do_silence},   {"do:answer", do_answer},
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

static void take_bytes(struct peer *peer, struct view bytes)
{
    struct scripted_figures *figures = &peer->server->figures;

    strbuf_add(&peer->in, bytes);
    assert_int_equal(strbuf_status(&peer->in), 0);
    size_t length = request_length(strbuf_view(&peer->in));
    if (length == 0)
        return;
    assert_false(peer->under_way); /* a client of ours never pipelines */
    assert_int_equal(length, peer->in.len);
    figures->requests++;
    peer->under_way = true;
    if (++figures->under_way > figures->under_way_most)
        figures->under_way_most = figures->under_way;
    strbuf_reset(&peer->server->heard);
    strbuf_add(&peer->server->heard, strbuf_view(&peer->in));
    act(peer, strbuf_view(&peer->in));
    strbuf_reset(&peer->in);
}

static struct peer *find(struct scripted_server *server, struct id connection)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (id_equal(server->peers[i].connection, connection))
            return &server->peers[i];
    return NULL;
}

static void accept_peer(struct scripted_server *server, struct id connection)
{
    struct peer *peer = find(server, (struct id){0});
    assert_non_null(peer);

    *peer = (struct peer){.server = server, .connection = connection};
    strbuf_init(&peer->in, BYTES_MAX);
    strbuf_init(&peer->out, BYTES_MAX);
    server->figures.connections++;
    if (++server->figures.open > server->figures.connections_most)
        server->figures.connections_most = server->figures.open;
}

static void listener(void *context, const struct outside_event *event)
{
    struct scripted_server *server = context;
    if (event->kind == OUTSIDE_ACCEPTED) {
        accept_peer(server, event->connection);
        return;
    }

    struct peer *peer = find(server, event->connection);
    if (peer == NULL)
        return;
    if (event->kind == OUTSIDE_BYTES)
        take_bytes(peer, event->bytes);
    else if (event->kind == OUTSIDE_WRITABLE)
        write_out(peer);
    else if (event->kind == OUTSIDE_CLOSED)
        forget(peer);
}

struct scripted_server *scripted_server_new(struct outside *outside, uint64_t latency_ns,
                                            uint16_t *ret_port)
{
    struct scripted_server *server = mem_new(1, sizeof *server);
    struct err err = {0};

    assert_non_null(server);
    server->outside = outside;
    server->latency_ns = latency_ns;
    strbuf_init(&server->heard, BYTES_MAX);
    if (outside->ops->listen(outside, &(struct outside_port){.host = VIEW("127.0.0.1")}, listener,
                             server, &server->listening, ret_port, &err)
        != 0)
        fail_msg("%s", err.text);
    return server;
}

void scripted_server_drop(struct scripted_server *server)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (!id_is_none(server->peers[i].connection))
            hang_up(&server->peers[i]);
}

void scripted_server_free(struct scripted_server *server)
{
    scripted_server_drop(server);
    server->outside->ops->close(server->outside, server->listening);
    strbuf_release(&server->heard);
    mem_free(server);
}

struct scripted_figures scripted_server_figures(const struct scripted_server *server)
{
    return server->figures;
}

const char *scripted_server_heard(const struct scripted_server *server)
{
    return strbuf_text(&server->heard);
}
