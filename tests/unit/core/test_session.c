/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's side of one connection over HTTP/1.1 and WebSocket: what comes of which bytes,
 * however they are cut; answers whole and in pieces; the ends of streams and of connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "session_talk.h"
#include "wire/websocket.h"

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
        strbuf_init(&first, TALK_BYTES_MAX);
        for (size_t piece = 1000; piece > 0; piece = piece > 7 ? piece / 4 : piece - 1) {
            struct talk talk;
            talk_init(&talk, SESSION_HTTP1, &limits);
            talk_feed_cut(&talk, view_of(http1_cases[i].bytes), piece);
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
    talk_feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(
        talk_said(&talk, "Transfer-Encoding: chunked\r\n\r\n1\r\n/\r\n1\r\na\r\n1\r\n \r\n"));
    assert_true(view_ends(strbuf_view(&talk.said), view_of("1\r\n0\r\n0\r\n\r\n")));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
    talk_init(&talk, SESSION_HTTP1, NULL);
    talk.in_pieces = true;
    talk_feed(&talk, view_of("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    assert_true(talk_said(&talk, "Connection: close\r\n\r\n/a with 0"));
    assert_false(talk_said(&talk, "keep-alive"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
}

static void http1_keeps_an_old_connection_where_it_is_asked_to(void **state)
{
    (void)state;
    struct talk talk;

    talk_init(&talk, SESSION_HTTP1, NULL);
    talk_feed(&talk, view_of("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    assert_true(talk_said(&talk, "connection: keep-alive\r\n"));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
}

static void head_requests_and_statuses_without_body_send_none(void **state)
{
    (void)state;
    struct talk talk;
    const struct http_response nothing = {.status = 204, .body = VIEW("ignored")};

    talk_init(&talk, SESSION_HTTP1, NULL);
    talk_feed(&talk, view_of("HEAD /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(talk_said(&talk, "content-length: 9\r\n\r\n"));
    assert_true(view_ends(strbuf_view(&talk.said), view_of("\r\n\r\n")));
    talk.in_pieces = true;
    talk_feed(&talk, view_of("HEAD /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(view_ends(strbuf_view(&talk.said), view_of("\r\n\r\n")));
    talk.answers = false;
    talk_feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_int_equal(session_respond(talk.session, 3, &nothing, false), 0);
    talk_move_on(&talk);
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
    talk_feed(&talk, head);
    assert_string_equal(strbuf_text(&talk.said), "HTTP/1.1 100 Continue\r\n\r\n");
    talk_feed(&talk, view_of("h"));
    talk_feed(&talk, view_of("i"));
    assert_true(talk_said(&talk, "/a with 2"));
    strbuf_reset(&talk.said);
    talk_feed(&talk, view_of("POST /a HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
                             "content-length: 2\r\n\r\nhi"));
    assert_false(talk_said(&talk, "100 Continue"));
    strbuf_reset(&talk.said);
    /* refused at its head: no 100, and what follows is not a request */
    struct session_event event;
    struct view rest = head;
    assert_int_equal(session_feed(talk.session, &rest, &event), 1);
    assert_int_equal(event.kind, SESSION_REQUEST);
    assert_int_equal(session_respond(talk.session, event.stream, &no, false), 0);
    talk_feed(&talk, view_of("GET / HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(view_starts(strbuf_view(&talk.said), view_of("HTTP/1.1 403 ")));
    assert_true(talk_said(&talk, "connection: close"));
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
    talk_feed(&talk, two);
    assert_int_equal(talk.held.len, two.len / 2);
    assert_int_equal(session_state(talk.session), SESSION_ANSWERING);
    talk_answer(&talk, 1);
    assert_int_equal(session_state(talk.session), SESSION_ANSWERING);
    talk_move_on(&talk);
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
    talk_feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_false(talk_said(&talk, "connection: close"));
    talk_feed(&talk, view_of("GET /b HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_true(talk_said(&talk, "connection: close"));
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
    talk_feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    session_shut(talk.session);
    assert_int_equal(session_state(talk.session), SESSION_ANSWERING);
    talk_answer(&talk, 1);
    talk_move_on(&talk);
    assert_true(talk_said(&talk, "connection: close"));
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
        talk_feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
        assert_int_equal(session_respond(talk.session, 1, &head, true), 0);
        assert_int_equal(session_piece(talk.session, 1, view_of("half"), false), 0);
        if (cut)
            session_cut(talk.session, 1);
        else
            session_reset(talk.session, 1);
        assert_int_equal(session_state(talk.session), SESSION_CLOSING);
        talk_move_on(&talk);
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
    talk_feed(&talk, view_of("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    assert_int_equal(http_header_add(&bad.headers, view_of("content-length"), view_of("1")), 0);
    assert_int_equal(session_respond(talk.session, 1, &bad, false), ERR_INVALID);
    assert_int_equal(session_respond(talk.session, 1, &early, false), ERR_INVALID);
    assert_int_equal(session_respond(talk.session, 2, &good, false), ERR_CLOSED);
    assert_int_equal(session_piece(talk.session, 1, view_of("x"), true), ERR_CLOSED);
    assert_int_equal(session_respond(talk.session, 1, &good, false), 0);
    assert_int_equal(session_respond(talk.session, 1, &good, false), ERR_CLOSED);
    talk_move_on(&talk);
    assert_int_equal(session_respond(talk.session, 1, &good, false), ERR_CLOSED);
    talk_free(&talk);
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
    talk_feed(talk, view_of(ASK_SOCKET));
    assert_int_equal(session_upgrade(talk->session, 1, &err), 0);
    assert_int_equal(session_kind(talk->session), SESSION_WEBSOCKET);
    talk_move_on(talk);
    assert_true(talk_said(talk, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_true(talk_said(talk, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
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
        strbuf_init(&out, TALK_BYTES_MAX);
        client_frames(client, &out, view_of("こんにちは"));
        client_frames(client, &out, view_of("two"));
        talk_feed_cut(&talk, strbuf_view(&out), piece);
        assert_string_equal(strbuf_text(&talk.heard), "1 MESSAGE こんにちは\n1 MESSAGE two\n");
        assert_int_equal(session_piece(talk.session, 1, view_of("answer"), false), 0);
        assert_int_equal(session_piece(talk.session, 1, view_of(""), true), 0);
        assert_int_equal(session_piece(talk.session, 1, view_of("late"), false), ERR_CLOSED);
        talk_move_on(&talk);
        struct view rest = strbuf_view(&talk.said);
        assert_int_equal(websocket_feed(client, &rest, &event, &err), 1);
        assert_true(view_is(event.bytes, "answer"));
        assert_int_equal(websocket_feed(client, &rest, &event, &err), 1);
        assert_int_equal(event.kind, WEBSOCKET_CLOSE);
        assert_int_equal(event.code, WEBSOCKET_NORMAL);
        assert_int_equal(session_state(talk.session), SESSION_READING);
        strbuf_reset(&out);
        assert_int_equal(websocket_take(client, &out), 0);
        talk_feed_cut(&talk, strbuf_view(&out), piece);
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
        talk_feed(&talk, wrong[i]);
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
    talk_feed(&talk, view_of("GET /ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\n"
                             "upgrade: websocket\r\nsec-websocket-version: 8\r\n"
                             "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    assert_int_equal(session_upgrade(talk.session, 1, &err), ERR_REFUSED);
    talk_move_on(&talk);
    assert_true(talk_said(&talk, "HTTP/1.1 426 "));
    assert_non_null(strstr(strbuf_text(&talk.heard), "1 SENT\n"));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    assert_int_equal(session_upgrade(talk.session, 1, &err), ERR_CLOSED);
    talk_free(&talk);
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
        cmocka_unit_test(a_websocket_carries_messages_both_ways_however_they_are_cut),
        cmocka_unit_test(a_websocket_that_its_peer_closes_or_breaks_is_told_once),
        cmocka_unit_test(an_upgrade_that_is_not_as_it_must_be_is_answered_and_the_connection_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
