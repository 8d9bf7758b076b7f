/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's side of one connection over HTTP/2, and what holds for every protocol: bytes that
 * wait, budgets, memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "session_talk.h"

static void http2_says_the_same_however_its_bytes_are_cut(void **state)
{
    (void)state;

    for (size_t piece = 100000; piece > 0; piece /= 4) {
        struct http2_client client;
        struct talk talk;
        http2_client_init(&client);
        talk_init(&talk, SESSION_HTTP2, NULL);
        http2_client_ask(&client, "GET", "/a", view_of(""), true);
        http2_client_ask(&client, "POST", "/b", view_of("hello"), true);
        uint32_t half = http2_client_ask(&client, "POST", "/c", view_of("he"), false);
        http2_client_talks(&client, &talk, piece);
        assert_int_equal(session_state(talk.session), SESSION_AT_WORK);
        struct err err;
        assert_int_equal(http2_send_body(client.http2, half, view_of("llo!"), true, &err), 0);
        http2_client_talks(&client, &talk, piece);
        assert_string_equal(strbuf_text(&client.bodies), "/a with 0/b with 5/c with 6");
        assert_non_null(strstr(strbuf_text(&talk.heard), "3 REQUEST POST /b host=h length=5\n"));
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 END body=0\n"));
        assert_non_null(strstr(strbuf_text(&talk.heard), "5 SENT\n"));
        assert_int_equal(session_state(talk.session), SESSION_IDLE);
        talk_free(&talk);
        http2_client_free(&client);
    }
}

static void http2_answers_are_given_in_any_order_and_in_pieces(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;
    const struct http_response one = {.status = 200, .body = VIEW("one")};
    const struct http_response three = {.status = 429, .body = VIEW("three")};

    http2_client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    http2_client_ask(&client, "GET", "/1", view_of(""), true);
    http2_client_ask(&client, "GET", "/3", view_of(""), true);
    http2_client_talks(&client, &talk, 1000);
    assert_int_equal(session_respond(talk.session, 3, &three, false), 0);
    http2_client_talks(&client, &talk, 1000);
    assert_string_equal(strbuf_text(&client.events), "3 HEAD 429\n3 END\n");
    assert_int_equal(session_respond(talk.session, 1, &one, true), 0);
    assert_int_equal(session_piece(talk.session, 1, view_of("pie"), false), 0);
    http2_client_talks(&client, &talk, 1000);
    assert_int_equal(session_piece(talk.session, 1, view_of("ces"), true), 0);
    assert_int_equal(session_piece(talk.session, 1, view_of("no"), true), ERR_CLOSED);
    http2_client_talks(&client, &talk, 1000);
    assert_string_equal(strbuf_text(&client.bodies), "threepieces");
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
    http2_client_free(&client);
}

static void an_http2_stream_can_be_reset_by_either_side_and_the_others_live(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;
    const struct http_response head = {.status = 200};

    http2_client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    uint32_t given_up = http2_client_ask(&client, "GET", "/1", view_of(""), true);
    http2_client_ask(&client, "GET", "/3", view_of(""), true);
    http2_client_ask(&client, "GET", "/5", view_of(""), true);
    http2_client_talks(&client, &talk, 1000);
    http2_reset(client.http2, given_up, HTTP2_CANCEL);
    assert_int_equal(session_respond(talk.session, 3, &head, true), 0);
    assert_int_equal(session_piece(talk.session, 3, view_of("half"), false), 0);
    http2_client_talks(&client, &talk, 1000);
    session_reset(talk.session, 3);
    http2_client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&talk.heard), "1 RESET\n"));
    assert_int_equal(session_respond(talk.session, given_up, &head, true), ERR_CLOSED);
    assert_non_null(strstr(strbuf_text(&client.events), "3 RESET INTERNAL_ERROR\n"));
    talk_answer(&talk, 5);
    http2_client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "5 END\n"));
    talk_free(&talk);
    http2_client_free(&client);
}

static void an_http2_body_past_the_limit_is_413_announced_or_not(void **state)
{
    (void)state;
    const struct session_limits limits = {.body_bytes = 10};

    for (int announced = 0; announced < 2; announced++) {
        struct http2_client client;
        struct talk talk;
        struct err err;
        http2_client_init(&client);
        talk_init(&talk, SESSION_HTTP2, &limits);
        uint32_t stream =
            announced ? http2_client_ask(&client, "POST", "/", view_of("eleven bytes"), true)
                      : http2_client_ask(&client, "POST", "/", view_of("0123456789"), false);
        http2_client_talks(&client, &talk, 1000);
        if (!announced) {
            assert_int_equal(http2_send_body(client.http2, stream, view_of("!"), false, &err), 0);
            http2_client_talks(&client, &talk, 1000);
        }
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 REFUSED 413\n"));
        assert_non_null(strstr(strbuf_text(&client.events), "1 HEAD 413\n"));
        assert_int_equal(session_state(talk.session), SESSION_IDLE);
        uint32_t next = http2_client_ask(&client, "GET", "/next", view_of(""), true);
        assert_int_equal(next, 3);
        http2_client_talks(&client, &talk, 1000);
        assert_non_null(strstr(strbuf_text(&client.events), "3 HEAD 200\n"));
        talk_free(&talk);
        http2_client_free(&client);
    }
}

static void an_early_answer_over_http2_leaves_the_connection_alive(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;
    const struct http_response busy = {.status = 503, .body = VIEW("later")};

    http2_client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    http2_client_ask(&client, "POST", "/1", view_of("half"), false);
    http2_client_talks(&client, &talk, 1000);
    assert_int_equal(session_respond(talk.session, 1, &busy, false), 0);
    http2_client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "1 HEAD 503\n"));
    http2_client_ask(&client, "GET", "/3", view_of(""), true);
    http2_client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "3 END\n"));
    assert_int_equal(session_state(talk.session), SESSION_IDLE);
    talk_free(&talk);
    http2_client_free(&client);
}

static void bytes_that_are_no_http2_end_the_connection_with_goaway(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;

    http2_client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    http2_client_ask(&client, "GET", "/1", view_of(""), true);
    http2_client_talks(&client, &talk, 1000);
    talk_feed(&talk,
              view_make("\x00\x00\x01\x06\x00\x00\x00\x00\x00x", 10)); /* a PING of one byte */
    http2_client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&talk.heard), "1 RESET\n0 REFUSED 0\n"));
    assert_non_null(strstr(strbuf_text(&client.events), "GOAWAY FRAME_SIZE_ERROR"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
    http2_client_free(&client);
}

static void shutting_http2_serves_what_is_under_way(void **state)
{
    (void)state;
    struct http2_client client;
    struct talk talk;

    http2_client_init(&client);
    talk_init(&talk, SESSION_HTTP2, NULL);
    talk.answers = false;
    http2_client_ask(&client, "GET", "/1", view_of(""), true);
    http2_client_talks(&client, &talk, 1000);
    session_shut(talk.session);
    http2_client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "GOAWAY NO_ERROR"));
    assert_int_equal(session_state(talk.session), SESSION_AT_WORK);
    talk_answer(&talk, 1);
    http2_client_talks(&client, &talk, 1000);
    assert_non_null(strstr(strbuf_text(&client.events), "1 END\n"));
    assert_int_equal(session_state(talk.session), SESSION_CLOSING);
    talk_free(&talk);
    http2_client_free(&client);
}

/* A session with one request open on stream 1. */
static void open_one(struct talk *talk, struct http2_client *client, enum session_kind kind,
                     const struct session_limits *limits, size_t budget)
{
    http2_client_init(client);
    talk_init(talk, kind, limits);
    talk->answers = false;
    talk->budget.most_bytes = budget;
    if (kind == SESSION_HTTP2) {
        http2_client_ask(client, "GET", "/1", view_of(""), true);
        http2_client_talks(client, talk, 1000);
    } else {
        talk_feed(talk, view_of("GET /1 HTTP/1.1\r\nhost: h\r\n\r\n"));
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
        open_one(&talk, &client, (enum session_kind)kind, NULL, TALK_BYTES_MAX);
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
            http2_client_talks(&client, &talk, 100000);
        else
            talk_move_on(&talk);
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 WRITABLE\n"));
        assert_int_equal(session_piece(talk.session, 1, view_of(""), true), 0);
        if (kind == SESSION_HTTP2)
            http2_client_talks(&client, &talk, 100000);
        else
            talk_move_on(&talk);
        assert_non_null(strstr(strbuf_text(&talk.heard), "1 SENT\n"));
        if (kind == SESSION_HTTP2)
            assert_int_equal(client.bodies.len, given);
        mem_free(block);
        talk_free(&talk);
        http2_client_free(&client);
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
                     of_budget ? 50000 : TALK_BYTES_MAX);
            assert_int_equal(session_respond(talk.session, 1, &large, false), ERR_LIMIT);
            assert_int_equal(talk.budget.used_bytes, 0);
            assert_int_equal(session_respond(talk.session, 1, &head, true), 0);
            assert_int_equal(session_piece(talk.session, 1, large.body, false), ERR_LIMIT);
            assert_int_equal(session_piece(talk.session, 1, view_of("little"), true), 0);
            mem_free(block);
            talk_free(&talk);
            http2_client_free(&client);
        }
}

static void memory_that_runs_out_is_an_error_or_nothing(void **state)
{
    (void)state;

    for (int kind = SESSION_HTTP1; kind <= SESSION_HTTP2; kind++)
        for (unsigned long n = 1; n < 80; n++) {
            const struct session_limits limits = {0};
            const struct http_response response = {.status = 200, .body = VIEW("text")};
            struct session_budget budget = {.most_bytes = TALK_BYTES_MAX};
            struct http2_client client;
            struct strbuf in;
            struct strbuf out;
            struct err err;
            struct session_event event;
            http2_client_init(&client);
            strbuf_init(&in, TALK_BYTES_MAX);
            strbuf_init(&out, TALK_BYTES_MAX);
            strbuf_room(&out, 100000);
            http2_client_ask(&client, "GET", "/", view_of(""), true);
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
            http2_client_free(&client);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http2_says_the_same_however_its_bytes_are_cut),
        cmocka_unit_test(http2_answers_are_given_in_any_order_and_in_pieces),
        cmocka_unit_test(an_http2_stream_can_be_reset_by_either_side_and_the_others_live),
        cmocka_unit_test(an_http2_body_past_the_limit_is_413_announced_or_not),
        cmocka_unit_test(an_early_answer_over_http2_leaves_the_connection_alive),
        cmocka_unit_test(bytes_that_are_no_http2_end_the_connection_with_goaway),
        cmocka_unit_test(shutting_http2_serves_what_is_under_way),
        cmocka_unit_test(a_full_stream_says_busy_then_writable_and_loses_nothing),
        cmocka_unit_test(what_goes_past_the_answer_or_the_budget_is_not_taken),
        cmocka_unit_test(memory_that_runs_out_is_an_error_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
