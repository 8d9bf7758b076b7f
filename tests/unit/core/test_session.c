/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's side of one connection: for each protocol what comes of which bytes, however they
 * are cut; answers whole and in pieces; the ends of streams and of connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/server/session.h"
#include "wire/http2.h"
#include "wire/websocket.h"

enum { BYTES_MAX = 64 * 1024 * 1024, STREAMS = 16 };

/* ---- one side of a conversation, written down ------------------------------------------------ */

struct talk {
    struct session_budget budget;
    struct session *session;
    struct strbuf heard; /* events, one a line */
    struct strbuf said;  /* bytes for the peer */
    struct strbuf held;  /* fed and not taken */
    bool answers;        /* each request with what it was */
    bool in_pieces;
    uint32_t body_bytes[STREAMS];
    uint32_t last; /* stream that a request came on */
    char path[STREAMS][64];
};

static void talk_init(struct talk *talk, enum session_kind kind,
                      const struct session_limits *limits)
{
    const struct session_limits none = {0};

    *talk = (struct talk){.answers = true, .budget = {.most_bytes = BYTES_MAX}};
    talk->session = session_new(kind, limits != NULL ? limits : &none, &talk->budget);
    assert_non_null(talk->session);
    strbuf_init(&talk->heard, BYTES_MAX);
    strbuf_init(&talk->said, BYTES_MAX);
    strbuf_init(&talk->held, BYTES_MAX);
}

static void talk_free(struct talk *talk)
{
    session_free(talk->session);
    assert_int_equal(talk->budget.used_bytes, 0);
    strbuf_release(&talk->heard);
    strbuf_release(&talk->said);
    strbuf_release(&talk->held);
}

static void answer(struct talk *talk, uint32_t stream)
{
    char text[128];
    struct http_response response = {.status = 200};

    snprintf(text, sizeof text, "%s with %u", talk->path[stream], talk->body_bytes[stream]);
    if (!talk->in_pieces)
        response.body = view_of(text);
    assert_int_equal(session_respond(talk->session, stream, &response, talk->in_pieces), 0);
    for (size_t i = 0; talk->in_pieces && i <= strlen(text); i++)
        assert_int_equal(session_piece(talk->session, stream, view_make(text + i, i < strlen(text)),
                                       i == strlen(text)),
                         0);
}

static void hear(struct talk *talk, const struct session_event *event)
{
    static const char *const names[] = {"REQUEST",  "BODY", "END",     "RESET",
                                        "WRITABLE", "SENT", "MESSAGE", "REFUSED"};

    if (event->kind == SESSION_BODY) {
        talk->body_bytes[event->stream] += (uint32_t)event->bytes.len;
        return;
    }
    strbuf_printf(&talk->heard, "%u %s", event->stream, names[event->kind]);
    if (event->kind == SESSION_REQUEST) {
        const struct http_request *request = event->request;
        struct view host = http_header_get(&request->headers, "host");
        strbuf_printf(&talk->heard, " %.*s %.*s host=%.*s%s", VIEW_ARG(request->method),
                      VIEW_ARG(request->target), VIEW_ARG(host),
                      event->websocket ? " websocket" : "");
        if (event->has_length && event->length != 0)
            strbuf_printf(&talk->heard, " length=%llu", (unsigned long long)event->length);
        snprintf(talk->path[event->stream], sizeof talk->path[0], "%.*s",
                 VIEW_ARG(request->target));
        talk->body_bytes[event->stream] = 0;
        talk->last = event->stream;
    }
    if (event->kind == SESSION_END)
        strbuf_printf(&talk->heard, " body=%u", talk->body_bytes[event->stream]);
    if (event->kind == SESSION_MESSAGE)
        strbuf_printf(&talk->heard, " %.*s", VIEW_ARG(event->bytes));
    if (event->kind == SESSION_REFUSED)
        strbuf_printf(&talk->heard, " %d", event->status);
    strbuf_add_byte(&talk->heard, '\n');
    if (event->kind == SESSION_END && talk->answers)
        answer(talk, event->stream);
}

/* Takes events until there are none, and bytes until there are none. */
static void move_on(struct talk *talk)
{
    for (;;) {
        struct session_event event;
        struct view rest = strbuf_view(&talk->held);
        int got;
        while ((got = session_feed(talk->session, &rest, &event)) == 1)
            hear(talk, &event);
        assert_int_equal(got, 0);
        strbuf_consume(&talk->held, talk->held.len - rest.len);
        size_t before = talk->said.len;
        assert_int_equal(session_output(talk->session, &talk->said, 1000), 0);
        if (talk->said.len == before)
            return;
    }
}

static void feed(struct talk *talk, struct view bytes)
{
    strbuf_add(&talk->held, bytes);
    move_on(talk);
}

static void feed_cut(struct talk *talk, struct view bytes, size_t piece)
{
    for (size_t at = 0; at < bytes.len; at += piece)
        feed(talk, view_slice(bytes, at, at + piece));
}

static bool said(const struct talk *talk, const char *words)
{
    return view_find(strbuf_view(&talk->said), view_of(words), 0) < talk->said.len;
}

/* ---- HTTP/1.1 -------------------------------------------------------------------------------- */

static const struct {
    const char *bytes;
    const char *heard;
    enum session_state state;
} http1_cases[] = {
    {"GET /a HTTP/1.1\r\nhost: h\r\n\r\n", "1 REQUEST GET /a host=h\n1 END body=0\n1 SENT\n",
     SESSION_IDLE},
    {"POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello",
     "1 REQUEST POST /a host=h length=5\n1 END body=5\n1 SENT\n", SESSION_IDLE},
    {"POST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n2\r\n!!\r\n"
     "0\r\nx: y\r\n\r\n",
     "1 REQUEST POST /a host=h\n1 END body=7\n1 SENT\n", SESSION_IDLE},
    {"GET /a HTTP/1.1\r\nhost: h\r\n\r\nPOST /b HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\nx"
     "GET /c HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\nGET /d HTTP/1.1\r\nhost: h\r\n\r\n",
     "1 REQUEST GET /a host=h\n1 END body=0\n1 SENT\n"
     "2 REQUEST POST /b host=h length=1\n2 END body=1\n2 SENT\n"
     "3 REQUEST GET /c host=h\n3 END body=0\n3 SENT\n",
     SESSION_CLOSING},
    {"GET /old HTTP/1.0\r\n\r\n", "1 REQUEST GET /old host=\n1 END body=0\n1 SENT\n",
     SESSION_CLOSING},
    {"nonsense\r\n\r\n", "0 REFUSED 400\n", SESSION_CLOSING},
    {"GET / HTTP/1.1\r\n\r\n", "0 REFUSED 400\n", SESSION_CLOSING},
    {"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2000\r\n\r\n", "0 REFUSED 413\n",
     SESSION_CLOSING},
    {"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
     "1 REQUEST POST / host=h\n1 REFUSED 400\n", SESSION_CLOSING},
    {"GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
     "0 REFUSED 400\n", SESSION_CLOSING},
    {"GET /ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
     "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
     "1 REQUEST GET /ws host=h websocket\n1 END body=0\n1 SENT\n", SESSION_IDLE},
    {"GET /h2c HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
     "1 REQUEST GET /h2c host=h\n1 END body=0\n1 SENT\n", SESSION_IDLE},
    {"GET /a HTTP/1.1\r\nho", "", SESSION_READING},
    {"POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhel",
     "1 REQUEST POST /a host=h length=5\n", SESSION_AT_WORK},
};

static void http1_says_the_same_however_its_bytes_are_cut(void **state)
{
    (void)state;
    const struct session_limits limits = {.body_bytes = 1000};

    for (size_t i = 0; i < sizeof http1_cases / sizeof http1_cases[0]; i++) {
        struct strbuf first;
        strbuf_init(&first, BYTES_MAX);
        for (size_t piece = 1000; piece > 0; piece = piece > 7 ? piece / 4 : piece - 1) {
            struct talk talk;
            talk_init(&talk, SESSION_HTTP1, &limits);
            feed_cut(&talk, view_of(http1_cases[i].bytes), piece);
            assert_string_equal(strbuf_text(&talk.heard), http1_cases[i].heard);
            assert_int_equal(session_state(talk.session), http1_cases[i].state);
            if (first.len == 0)
                strbuf_add(&first, strbuf_view(&talk.said));
            assert_true(view_equal(strbuf_view(&first), strbuf_view(&talk.said)));
            talk_free(&talk);
        }
        strbuf_release(&first);
    }
}

static void http1_answers_in_pieces_are_chunks_and_until_close_for_old_clients(void **state)
{
    (void)state;
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, NULL);
    talk.in_pieces = true;
    feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(said(&talk, "Transfer-Encoding: chunked\r\n\r\n1\r\n/\r\n1\r\na\r\n1\r\n \r\n"));
    assert_true(view_ends(strbuf_view(&talk.said), view_of("1\r\n0\r\n0\r\n\r\n")));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
    talk_init(&talk, SESSION_HTTP1, NULL);
    talk.in_pieces = true;
    feed(&talk, view_of("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    assert_true(said(&talk, "Connection: close\r\n\r\n/a with 0"));
    assert_false(said(&talk, "keep-alive"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
}

static void http1_keeps_an_old_connection_where_it_is_asked_to(void **state)
{
    (void)state;
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, NULL);
    feed(&talk, view_of("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    assert_true(said(&talk, "connection: keep-alive\r\n"));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
}

static void head_requests_and_statuses_without_body_send_none(void **state)
{
    (void)state;
    struct talk talk;
    const struct http_response nothing = {.status = 204, .body = VIEW("ignored")};

    talk_init(&talk, SESSION_HTTP1, NULL);
    feed(&talk, view_of("HEAD /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(said(&talk, "content-length: 9\r\n\r\n"));
    assert_true(view_ends(strbuf_view(&talk.said), view_of("\r\n\r\n")));
    talk.in_pieces = true;
    feed(&talk, view_of("HEAD /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(view_ends(strbuf_view(&talk.said), view_of("\r\n\r\n")));
    talk.answers = false;
    feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_int_equal(session_respond(talk.session, 3, &nothing, false), 0);
    move_on(&talk);
    assert_true(view_ends(strbuf_view(&talk.said), view_of("204 No Content\r\n\r\n")));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
}

static void continue_is_said_once_and_not_where_the_body_is_there_or_refused(void **state)
{
    (void)state;
    static const struct view head =
        VIEW("POST /a HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    const struct http_response no = {.status = 403};
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, NULL);
    feed(&talk, head);
    assert_string_equal(strbuf_text(&talk.said), "HTTP/1.1 100 Continue\r\n\r\n");
    feed(&talk, view_of("h"));
    feed(&talk, view_of("i"));
    assert_true(said(&talk, "/a with 2"));
    strbuf_reset(&talk.said);
    feed(&talk, view_of("POST /a HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
                        "content-length: 2\r\n\r\nhi"));
    assert_false(said(&talk, "100 Continue"));
    strbuf_reset(&talk.said);
    /* refused at its head: no 100, and what follows is not a request */
    struct session_event event;
    struct view rest = head;
    assert_int_equal(session_feed(talk.session, &rest, &event), 1);
    assert_int_equal(event.kind, SESSION_REQUEST);
    assert_int_equal(session_respond(talk.session, event.stream, &no, false), 0);
    feed(&talk, view_of("GET / HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(view_starts(strbuf_view(&talk.said), view_of("HTTP/1.1 403 ")));
    assert_true(said(&talk, "connection: close"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
}

static void http1_takes_no_byte_of_the_next_request_until_the_answer_left(void **state)
{
    (void)state;
    static const struct view two =
        VIEW("GET /a HTTP/1.1\r\nhost: h\r\n\r\nGET /b HTTP/1.1\r\nhost: h\r\n\r\n");
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, NULL);
    talk.answers = false;
    feed(&talk, two);
    assert_int_equal(talk.held.len, two.len / 2);
    assert_int_equal(session_state(talk.session), SESSION_ANSWERING);
    answer(&talk, 1);
    assert_int_equal(session_state(talk.session), SESSION_ANSWERING);
    move_on(&talk);
    assert_int_equal(talk.held.len, 0);
    assert_int_equal(talk.last, 2);
    talk_free(&talk);
}

static void a_connection_has_so_many_requests_and_then_ends(void **state)
{
    (void)state;
    const struct session_limits limits = {.requests = 2};
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, &limits);
    feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_false(said(&talk, "connection: close"));
    feed(&talk, view_of("GET /b HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(said(&talk, "connection: close"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
}

static void shutting_ends_idle_ones_at_once_and_others_with_their_answer(void **state)
{
    (void)state;
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, NULL);
    session_shut(talk.session);
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
    talk_init(&talk, SESSION_HTTP1, NULL);
    talk.answers = false;
    feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    session_shut(talk.session);
    assert_int_equal(session_state(talk.session), SESSION_ANSWERING);
    answer(&talk, 1);
    move_on(&talk);
    assert_true(said(&talk, "connection: close"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
}

static void a_reset_breaks_the_connection_after_what_was_said_and_a_cut_closes_it(void **state)
{
    (void)state;

    for (int cut = 0; cut < 2; cut++) {
        const struct http_response head = {.status = 200};
        struct talk talk;
        talk_init(&talk, SESSION_HTTP1, NULL);
        talk.answers = false;
        feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
        assert_int_equal(session_respond(talk.session, 1, &head, true), 0);
        assert_int_equal(session_piece(talk.session, 1, view_of("half"), false), 0);
        if (cut)
            session_cut(talk.session, 1);
        else
            session_reset(talk.session, 1);
        assert_int_equal(session_state(talk.session), SESSION_CLOSING);
        move_on(&talk);
        assert_true(view_ends(strbuf_view(&talk.said), view_of("4\r\nhalf\r\n")));
        assert_int_equal(session_state(talk.session), cut ? SESSION_CLOSING : SESSION_BROKEN);
        assert_int_equal(session_piece(talk.session, 1, view_of("more"), true), ERR_CLOSED);
        talk_free(&talk);
    }
}

static void what_cannot_be_sent_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    struct http_response bad = {.status = 200};
    const struct http_response early = {.status = 100};
    const struct http_response good = {.status = 200, .body = VIEW("ok")};
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, NULL);
    talk.answers = false;
    feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_int_equal(http_header_add(&bad.headers, view_of("content-length"), view_of("1")), 0);
    assert_int_equal(session_respond(talk.session, 1, &bad, false), ERR_INVALID);
    assert_int_equal(session_respond(talk.session, 1, &early, false), ERR_INVALID);
    assert_int_equal(session_respond(talk.session, 2, &good, false), ERR_CLOSED);
    assert_int_equal(session_piece(talk.session, 1, view_of("x"), true), ERR_CLOSED);
    assert_int_equal(session_respond(talk.session, 1, &good, false), 0);
    assert_int_equal(session_respond(talk.session, 1, &good, false), ERR_CLOSED);
    move_on(&talk);
    assert_int_equal(session_respond(talk.session, 1, &good, false), ERR_CLOSED);
    talk_free(&talk);
}

/* ---- waiting bytes, for every protocol ------------------------------------------------------- */

struct http2_client {
    struct http2 *http2;
    struct strbuf bodies; /* of all streams */
    struct strbuf events;
};

static void client_init(struct http2_client *client)
{
    client->http2 = http2_new(HTTP2_CLIENT_PLAIN, NULL);
    assert_non_null(client->http2);
    strbuf_init(&client->bodies, BYTES_MAX);
    strbuf_init(&client->events, BYTES_MAX);
}

static void client_free(struct http2_client *client)
{
    http2_free(client->http2);
    strbuf_release(&client->bodies);
    strbuf_release(&client->events);
}

static uint32_t client_ask(struct http2_client *client, const char *method, const char *target,
                           struct view body, bool end)
{
    struct http_request request = {
        .method = view_of(method), .target = view_of(target), .body = body};
    uint32_t stream = 0;
    struct err err;

    assert_int_equal(http_header_add(&request.headers, view_of("host"), view_of("h")), 0);
    assert_int_equal(http2_send_request(client->http2, &request, end, &stream, &err), 0);
    return stream;
}

/* What the client has to say, to the session in pieces of so many bytes; back what the session
 * says, until both are silent. */
static void client_talks(struct http2_client *client, struct talk *talk, size_t piece)
{
    struct strbuf out;
    bool more = true;

    strbuf_init(&out, BYTES_MAX);
    while (more) {
        struct http2_event event;
        struct err err;
        struct view rest = strbuf_view(&talk->said);
        while (http2_feed(client->http2, &rest, &event, &err) == 1) {
            if (event.kind == HTTP2_BODY)
                strbuf_add(&client->bodies, event.body);
            if (event.kind == HTTP2_HEAD)
                strbuf_printf(&client->events, "%u HEAD %d\n", event.stream, event.head->status);
            if (event.kind == HTTP2_END)
                strbuf_printf(&client->events, "%u END\n", event.stream);
            if (event.kind == HTTP2_RESET)
                strbuf_printf(&client->events, "%u RESET %s\n", event.stream,
                              http2_code_name(event.code));
            if (event.kind == HTTP2_GOAWAY)
                strbuf_printf(&client->events, "GOAWAY %s\n", http2_code_name(event.code));
        }
        strbuf_reset(&talk->said);
        strbuf_reset(&out);
        assert_int_equal(http2_take(client->http2, &out, BYTES_MAX / 2, &err), 0);
        more = out.len != 0;
        feed_cut(talk, strbuf_view(&out), piece);
        move_on(talk);
        more = more || talk->said.len != 0;
    }
    strbuf_release(&out);
}

static void http2_says_the_same_however_its_bytes_are_cut(void **state)
{
    (void)state;

    for (size_t piece = 100000; piece > 0; piece /= 4) {
        struct http2_client client;
        struct talk talk;
        client_init(&client);
        talk_init(&talk, SESSION_HTTP2, NULL);
        client_ask(&client, "GET", "/a", view_of(""), true);
        client_ask(&client, "POST", "/b", view_of("hello"), true);
        uint32_t half = client_ask(&client, "POST", "/c", view_of("he"), false);
        client_talks(&client, &talk, piece);
        assert_int_equal(session_state(talk.session), SESSION_AT_WORK);
        struct err err;
        assert_int_equal(http2_send_body(client.http2, half, view_of("llo!"), true, &err), 0);
        client_talks(&client, &talk, piece);
        assert_string_equal(strbuf_text(&client.bodies), "/a with 0/b with 5/c with 6");
        assert_non_null(strstr(strbuf_text(&talk.heard), "3 REQUEST POST /b host=h length=5\n"));
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 END body=0\n"));
        assert_non_null(strstr(strbuf_text(&talk.heard), "5 SENT\n"));
        assert_int_equal(session_state(talk.session), SESSION_IDLE);
        talk_free(&talk);
        client_free(&client);
    }
}

static void http2_answers_are_given_in_any_order_and_in_pieces(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;
    const struct http_response one = {.status = 200, .body = VIEW("one")};
    const struct http_response three = {.status = 429, .body = VIEW("three")};

    client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    client_ask(&client, "GET", "/1", view_of(""), true);
    client_ask(&client, "GET", "/3", view_of(""), true);
    client_talks(&client, &talk, 1000);
    assert_int_equal(session_respond(talk.session, 3, &three, false), 0);
    client_talks(&client, &talk, 1000);
    assert_string_equal(strbuf_text(&client.events), "3 HEAD 429\n3 END\n");
    assert_int_equal(session_respond(talk.session, 1, &one, true), 0);
    assert_int_equal(session_piece(talk.session, 1, view_of("pie"), false), 0);
    client_talks(&client, &talk, 1000);
    assert_int_equal(session_piece(talk.session, 1, view_of("ces"), true), 0);
    assert_int_equal(session_piece(talk.session, 1, view_of("no"), true), ERR_CLOSED);
    client_talks(&client, &talk, 1000);
    assert_string_equal(strbuf_text(&client.bodies), "threepieces");
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
    client_free(&client);
}

static void an_http2_stream_can_be_reset_by_either_side_and_the_others_live(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;
    const struct http_response head = {.status = 200};

    client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    uint32_t given_up = client_ask(&client, "GET", "/1", view_of(""), true);
    client_ask(&client, "GET", "/3", view_of(""), true);
    client_ask(&client, "GET", "/5", view_of(""), true);
    client_talks(&client, &talk, 1000);
    http2_reset(client.http2, given_up, HTTP2_CANCEL);
    assert_int_equal(session_respond(talk.session, 3, &head, true), 0);
    assert_int_equal(session_piece(talk.session, 3, view_of("half"), false), 0);
    client_talks(&client, &talk, 1000);
    session_reset(talk.session, 3);
    client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&talk.heard), "1 RESET\n"));
    assert_int_equal(session_respond(talk.session, given_up, &head, true), ERR_CLOSED);
    assert_non_null(strstr(strbuf_text(&client.events), "3 RESET INTERNAL_ERROR\n"));
    answer(&talk, 5);
    client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "5 END\n"));
    talk_free(&talk);
    client_free(&client);
}

static void an_http2_body_past_the_limit_is_413_announced_or_not(void **state)
{
    (void)state;
    const struct session_limits limits = {.body_bytes = 10};

    for (int announced = 0; announced < 2; announced++) {
        struct http2_client client;
        struct talk talk;
        struct err err;
        client_init(&client);
        talk_init(&talk, SESSION_HTTP2, &limits);
        uint32_t stream = announced
                              ? client_ask(&client, "POST", "/", view_of("eleven bytes"), true)
                              : client_ask(&client, "POST", "/", view_of("0123456789"), false);
        client_talks(&client, &talk, 1000);
        if (!announced) {
            assert_int_equal(http2_send_body(client.http2, stream, view_of("!"), false, &err), 0);
            client_talks(&client, &talk, 1000);
        }
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 REFUSED 413\n"));
        assert_non_null(strstr(strbuf_text(&client.events), "1 HEAD 413\n"));
        assert_int_equal(session_state(talk.session), SESSION_IDLE);
        uint32_t next = client_ask(&client, "GET", "/next", view_of(""), true);
        assert_int_equal(next, 3);
        client_talks(&client, &talk, 1000);
        assert_non_null(strstr(strbuf_text(&client.events), "3 HEAD 200\n"));
        talk_free(&talk);
        client_free(&client);
    }
}

static void an_early_answer_over_http2_leaves_the_connection_alive(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;
    const struct http_response busy = {.status = 503, .body = VIEW("later")};

    client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    client_ask(&client, "POST", "/1", view_of("half"), false);
    client_talks(&client, &talk, 1000);
    assert_int_equal(session_respond(talk.session, 1, &busy, false), 0);
    client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "1 HEAD 503\n"));
    client_ask(&client, "GET", "/3", view_of(""), true);
    client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "3 END\n"));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
    client_free(&client);
}

static void bytes_that_are_no_http2_end_the_connection_with_goaway(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;

    client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    client_ask(&client, "GET", "/1", view_of(""), true);
    client_talks(&client, &talk, 1000);
    feed(&talk, view_make("\x00\x00\x01\x06\x00\x00\x00\x00\x00x", 10)); /* a PING of one byte */
    client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&talk.heard), "1 RESET\n0 REFUSED 0\n"));
    assert_non_null(strstr(strbuf_text(&client.events), "GOAWAY FRAME_SIZE_ERROR"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
    client_free(&client);
}

static void shutting_http2_serves_what_is_under_way(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;

    client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    client_ask(&client, "GET", "/1", view_of(""), true);
    client_talks(&client, &talk, 1000);
    session_shut(talk.session);
    client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "GOAWAY NO_ERROR"));
    assert_int_equal(session_state(talk.session), SESSION_AT_WORK);
    answer(&talk, 1);
    client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "1 END\n"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
    client_free(&client);
}

/* A session with one request open on stream 1. */
static void open_one(struct talk *talk, struct http2_client *client, enum session_kind kind,
                     const struct session_limits *limits, size_t budget)
{
    client_init(client);
    talk_init(talk, kind, limits);
    talk->answers = false;
    talk->budget.most_bytes = budget;
    if (kind == SESSION_HTTP2) {
        client_ask(client, "GET", "/1", view_of(""), true);
        client_talks(client, talk, 1000);
    } else {
        feed(talk, view_of("GET /1 HTTP/1.1\r\nhost: h\r\n\r\n"));
    }
}

static void a_full_stream_says_busy_then_writable_and_loses_nothing(void **state)
{
    (void)state;

    for (int kind = SESSION_HTTP1; kind <= SESSION_HTTP2; kind++) {
        const struct http_response head = {.status = 200};
        struct http2_client client;
        struct talk talk;
        char *block = mem_new(100000, 1);
        open_one(&talk, &client, (enum session_kind)kind, NULL, BYTES_MAX);
        assert_int_equal(session_respond(talk.session, 1, &head, true), 0);
        int code = 0;
        size_t given = 0;
        while (code == 0) {
            code = session_piece(talk.session, 1, view_make(block, 100000), false);
            given += 100000;
        }
        assert_int_equal(code, ERR_BUSY);
        assert_true(given <= 400000);
        assert_true(session_waiting(talk.session, 1) >= given);
        assert_true(talk.budget.used_bytes >= given);
        if (kind == SESSION_HTTP2)
            client_talks(&client, &talk, 100000);
        else
            move_on(&talk);
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 WRITABLE\n"));
        assert_int_equal(session_piece(talk.session, 1, view_of(""), true), 0);
        if (kind == SESSION_HTTP2)
            client_talks(&client, &talk, 100000);
        else
            move_on(&talk);
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 SENT\n"));
        if (kind == SESSION_HTTP2)
            assert_int_equal(client.bodies.len, given);
        mem_free(block);
        talk_free(&talk);
        client_free(&client);
    }
}

static void what_goes_past_the_answer_or_the_budget_is_not_taken(void **state)
{
    (void)state;
    const struct session_limits limits = {.answer_bytes = 100000};

    for (int kind = SESSION_HTTP1; kind <= SESSION_HTTP2; kind++)
        for (int of_budget = 0; of_budget < 2; of_budget++) {
            const struct http_response head = {.status = 200};
            struct http2_client client;
            struct talk talk;
            char *block = mem_new(300000, 1);
            const struct http_response large = {.status = 200, .body = view_make(block, 300000)};
            open_one(&talk, &client, (enum session_kind)kind, of_budget ? NULL : &limits,
                     of_budget ? 50000 : BYTES_MAX);
            assert_int_equal(session_respond(talk.session, 1, &large, false), ERR_LIMIT);
            assert_int_equal(talk.budget.used_bytes, 0);
            assert_int_equal(session_respond(talk.session, 1, &head, true), 0);
            assert_int_equal(session_piece(talk.session, 1, large.body, false), ERR_LIMIT);
            assert_int_equal(session_piece(talk.session, 1, view_of("little"), true), 0);
            mem_free(block);
            talk_free(&talk);
            client_free(&client);
        }
}

/* ---- WebSocket ------------------------------------------------------------------------------- */

static const char ASK_SOCKET[] =
    "GET /ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void open_socket(struct talk *talk, const struct session_limits *limits)
{
    struct err err;

    talk_init(talk, SESSION_HTTP1, limits);
    talk->answers = false;
    feed(talk, view_of(ASK_SOCKET));
    assert_int_equal(session_upgrade(talk->session, 1, &err), 0);
    assert_int_equal(session_kind(talk->session), SESSION_WEBSOCKET);
    move_on(talk);
    assert_true(said(talk, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_true(said(talk, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    strbuf_reset(&talk->said);
    strbuf_reset(&talk->heard);
}

/* What a client sends, appended to out. */
static void client_frames(struct websocket *client, struct strbuf *out, struct view message)
{
    struct err err;

    assert_int_equal(websocket_send(client, WEBSOCKET_TEXT, message, true, &err), 0);
    assert_int_equal(websocket_take(client, out), 0);
}

static void a_websocket_carries_messages_both_ways_however_they_are_cut(void **state)
{
    (void)state;

    for (size_t piece = 1000; piece > 0; piece /= 3) {
        struct rng rng;
        rng_init(&rng, 7);
        struct websocket *client = websocket_new(WEBSOCKET_CLIENT, NULL, &rng);
        struct websocket_event event;
        struct strbuf out;
        struct talk talk;
        struct err err;
        open_socket(&talk, NULL);
        strbuf_init(&out, BYTES_MAX);
        client_frames(client, &out, view_of("こんにちは"));
        client_frames(client, &out, view_of("two"));
        feed_cut(&talk, strbuf_view(&out), piece);
        assert_string_equal(strbuf_text(&talk.heard), "1 MESSAGE こんにちは\n1 MESSAGE two\n");
        assert_int_equal(session_piece(talk.session, 1, view_of("answer"), false), 0);
        assert_int_equal(session_piece(talk.session, 1, view_of(""), true), 0);
        assert_int_equal(session_piece(talk.session, 1, view_of("late"), false), ERR_CLOSED);
        move_on(&talk);
        struct view rest = strbuf_view(&talk.said);
        assert_int_equal(websocket_feed(client, &rest, &event, &err), 1);
        assert_true(view_is(event.bytes, "answer"));
        assert_int_equal(websocket_feed(client, &rest, &event, &err), 1);
        assert_int_equal(event.kind, WEBSOCKET_CLOSE);
        assert_int_equal(event.code, WEBSOCKET_NORMAL);
        assert_int_equal(session_state(talk.session), SESSION_READING);
        strbuf_reset(&out);
        assert_int_equal(websocket_take(client, &out), 0);
        feed_cut(&talk, strbuf_view(&out), piece);
        assert_int_equal(session_state(talk.session), SESSION_CLOSING);
        assert_true(view_ends(strbuf_view(&talk.heard), view_of("1 SENT\n")));
        strbuf_release(&out);
        websocket_free(client);
        talk_free(&talk);
    }
}

static void a_websocket_that_its_peer_closes_or_breaks_is_told_once(void **state)
{
    (void)state;
    static const struct view wrong[] = {
        VIEW("\x88\x80mask"),                   /* CLOSE, masked */
        VIEW("\x81\x01x"),                      /* a frame that is not masked */
        VIEW("\x81\xff\0\0\0\0\x7f\0\0\0mask"), /* longer than a frame may be */
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct talk talk;
        open_socket(&talk, NULL);
        feed(&talk, wrong[i]);
        assert_string_equal(strbuf_text(&talk.heard), "1 RESET\n");
        assert_int_equal(session_piece(talk.session, 1, view_of("x"), false), ERR_CLOSED);
        assert_true(talk.said.len > 0);
        assert_int_equal((unsigned char)talk.said.ptr[0], 0x88);
        assert_int_equal(session_state(talk.session), SESSION_CLOSING);
        talk_free(&talk);
    }
}

static void an_upgrade_that_is_not_as_it_must_be_is_answered_and_the_connection_lives(void **state)
{
    (void)state;
    struct talk talk;
    struct err err;

    talk_init(&talk, SESSION_HTTP1, NULL);
    talk.answers = false;
    feed(&talk, view_of("GET /ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\n"
                        "upgrade: websocket\r\nsec-websocket-version: 8\r\n"
                        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    assert_int_equal(session_upgrade(talk.session, 1, &err), ERR_REFUSED);
    move_on(&talk);
    assert_true(said(&talk, "HTTP/1.1 426 "));
    assert_non_null(strstr(strbuf_text(&talk.heard), "1 SENT\n"));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    assert_int_equal(session_upgrade(talk.session, 1, &err), ERR_CLOSED);
    talk_free(&talk);
}

static void memory_that_runs_out_is_an_error_or_nothing(void **state)
{
    (void)state;

    for (int kind = SESSION_HTTP1; kind <= SESSION_HTTP2; kind++)
        for (unsigned long n = 1; n < 80; n++) {
            const struct session_limits limits = {0};
            const struct http_response response = {.status = 200, .body = VIEW("text")};
            struct session_budget budget = {.most_bytes = BYTES_MAX};
            struct http2_client client;
            struct strbuf in;
            struct strbuf out;
            struct err err;
            struct session_event event;
            client_init(&client);
            strbuf_init(&in, BYTES_MAX);
            strbuf_init(&out, BYTES_MAX);
            strbuf_room(&out, 100000);
            client_ask(&client, "GET", "/", view_of(""), true);
            if (kind == SESSION_HTTP2)
                assert_int_equal(http2_take(client.http2, &in, 100000, &err), 0);
            else
                strbuf_add_text(&in, "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
            struct view rest = strbuf_view(&in);
            mem_fail_at(n);
            struct session *session = session_new((enum session_kind)kind, &limits, &budget);
            while (session != NULL && session_feed(session, &rest, &event) == 1)
                if (event.kind == SESSION_END)
                    (void)!session_respond(session, event.stream, &response, false);
            if (session != NULL)
                (void)!session_output(session, &out, 50000);
            mem_fail_at(0);
            session_free(session);
            assert_int_equal(budget.used_bytes, 0);
            strbuf_release(&in);
            strbuf_release(&out);
            client_free(&client);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http1_says_the_same_however_its_bytes_are_cut),
        cmocka_unit_test(http1_answers_in_pieces_are_chunks_and_until_close_for_old_clients),
        cmocka_unit_test(http1_keeps_an_old_connection_where_it_is_asked_to),
        cmocka_unit_test(head_requests_and_statuses_without_body_send_none),
        cmocka_unit_test(continue_is_said_once_and_not_where_the_body_is_there_or_refused),
        cmocka_unit_test(http1_takes_no_byte_of_the_next_request_until_the_answer_left),
        cmocka_unit_test(a_connection_has_so_many_requests_and_then_ends),
        cmocka_unit_test(shutting_ends_idle_ones_at_once_and_others_with_their_answer),
        cmocka_unit_test(a_reset_breaks_the_connection_after_what_was_said_and_a_cut_closes_it),
        cmocka_unit_test(what_cannot_be_sent_is_refused_and_nothing_is_sent),
        cmocka_unit_test(http2_says_the_same_however_its_bytes_are_cut),
        cmocka_unit_test(http2_answers_are_given_in_any_order_and_in_pieces),
        cmocka_unit_test(an_http2_stream_can_be_reset_by_either_side_and_the_others_live),
        cmocka_unit_test(an_http2_body_past_the_limit_is_413_announced_or_not),
        cmocka_unit_test(an_early_answer_over_http2_leaves_the_connection_alive),
        cmocka_unit_test(bytes_that_are_no_http2_end_the_connection_with_goaway),
        cmocka_unit_test(shutting_http2_serves_what_is_under_way),
        cmocka_unit_test(a_full_stream_says_busy_then_writable_and_loses_nothing),
        cmocka_unit_test(what_goes_past_the_answer_or_the_budget_is_not_taken),
        cmocka_unit_test(a_websocket_carries_messages_both_ways_however_they_are_cut),
        cmocka_unit_test(a_websocket_that_its_peer_closes_or_breaks_is_told_once),
        cmocka_unit_test(an_upgrade_that_is_not_as_it_must_be_is_answered_and_the_connection_lives),
        cmocka_unit_test(memory_that_runs_out_is_an_error_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
