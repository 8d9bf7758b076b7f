/* SPDX-License-Identifier: Apache-2.0
 *
 * What http2 promises to a client and a server that keep the rules. Each talks to the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../laws/http2_bytes.h"
#include "base/mem.h"
#include "http2_pair.h"

/* Both ends have heard each other's settings. */
static void start(struct http2_pair *pair, const struct http2_limits *client,
                  const struct http2_limits *server)
{
    http2_pair_init(pair, client, server);
    http2_pair_run(pair);
    assert_int_equal(strncmp(http2_pair_log(&pair->client), "CAPACITY", 8), 0);
    assert_string_equal(http2_pair_log(&pair->server), "");
}

static void a_request_and_its_answer_arrive_whole(void **state)
{
    (void)state;
    struct http2_pair pair;
    start(&pair, NULL, NULL);

    assert_int_equal(http2_pair_ask(&pair, "POST", "/x?y=1", (struct view)VIEW("hello"), true), 1);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server),
                        "HEAD 1 POST /x?y=1 host=h content-length=5\nBODY 1 5\nEND 1\nCLOSED 1\n");
    assert_string_equal(strbuf_text(&pair.server.body), "hello");
    assert_string_equal(http2_pair_log(&pair.client),
                        "HEAD 1 200 content-length=2\nBODY 1 2\nEND 1\nCLOSED 1\n");
    assert_string_equal(strbuf_text(&pair.client.body), "ok");
    http2_pair_release(&pair);
}

static void a_request_without_body_says_so_at_once(void **state)
{
    (void)state;
    struct http2_pair pair;
    start(&pair, NULL, NULL);

    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server), "HEAD 1 GET / host=h\nEND 1\nCLOSED 1\n");
    http2_pair_release(&pair);
}

static void bodies_may_be_given_in_pieces(void **state)
{
    (void)state;
    struct http2_pair pair;
    const struct http_response response = {.status = 206, .body = VIEW("ab")};
    start(&pair, NULL, NULL);
    pair.answers = false;

    uint32_t stream = http2_pair_ask(&pair, "PUT", "/", (struct view){0}, false);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server), "HEAD 1 PUT / host=h\n");
    assert_int_equal(
        http2_send_body(pair.client.http2, stream, (struct view)VIEW("one"), false, NULL), 0);
    http2_pair_run(&pair);
    assert_int_equal(http2_send_response_head(pair.server.http2, stream, &response, false, NULL),
                     0);
    assert_int_equal(http2_send_body(pair.client.http2, stream, (struct view){0}, true, NULL), 0);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server), "BODY 1 3\nEND 1\n");
    assert_int_equal(http2_send_body(pair.server.http2, stream, (struct view)VIEW("c"), true, NULL),
                     0);
    assert_int_equal(http2_send_body(pair.server.http2, stream, (struct view)VIEW("d"), true, NULL),
                     ERR_CLOSED);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client),
                        "HEAD 1 206\nBODY 1 2\nBODY 1 1\nEND 1\nCLOSED 1\n");
    assert_string_equal(strbuf_text(&pair.client.body), "abc");
    http2_pair_release(&pair);
}

static void many_streams_share_the_connection(void **state)
{
    (void)state;
    struct http2_pair pair;
    start(&pair, NULL, NULL);

    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 100; i++)
            http2_pair_ask(&pair, "POST", "/", (struct view)VIEW("some bytes"), true);
        http2_pair_run(&pair);
        assert_int_equal(http2_status(pair.client.http2).streams, 0);
        assert_int_equal(http2_status(pair.server.http2).streams, 0);
    }
    assert_int_equal(pair.client.body.len, 3000 * 2);
    assert_int_equal(pair.server.body.len, 3000 * 10);
    http2_pair_release(&pair);
}

static void interim_answers_are_sent_and_passed_over(void **state)
{
    (void)state;
    struct http2_pair pair;
    const struct http_response interim = {.status = 103};
    start(&pair, NULL, NULL);

    uint32_t stream = http2_pair_ask(&pair, "POST", "/", (struct view){0}, false);
    http2_pair_run(&pair);
    assert_int_equal(http2_send_response_head(pair.server.http2, stream, &interim, false, NULL), 0);
    http2_pair_run(&pair);
    assert_int_equal(http2_send_body(pair.client.http2, stream, (struct view)VIEW("x"), true, NULL),
                     0);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client),
                        "HEAD 1 200 content-length=2\nBODY 1 2\nEND 1\nCLOSED 1\n");
    http2_pair_release(&pair);
}

static void answers_that_have_no_body_end_with_their_head(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct http_response response = {.status = 200, .body = VIEW("not sent")};
    start(&pair, NULL, NULL);
    pair.answers = false;

    http2_pair_ask(&pair, "HEAD", "/", (struct view){0}, true);
    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_pair_run(&pair);
    assert_int_equal(http2_send_response_head(pair.server.http2, 1, &response, false, NULL), 0);
    assert_int_equal(http2_send_body(pair.server.http2, 1, (struct view)VIEW("x"), true, NULL), 0);
    response.status = 304;
    assert_int_equal(http2_send_response_head(pair.server.http2, 3, &response, true, NULL), 0);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client),
                        "HEAD 1 200\nEND 1\nCLOSED 1\nHEAD 3 304\nEND 3\nCLOSED 3\n");
    http2_pair_release(&pair);
}

static void an_answer_before_the_requests_end_cancels_the_rest(void **state)
{
    (void)state;
    struct http2_pair pair;
    const struct http_response response = {.status = 413, .body = VIEW("too large")};
    start(&pair, NULL, NULL);

    http2_pair_ask(&pair, "POST", "/", (struct view)VIEW("some"), false);
    http2_pair_run(&pair);
    assert_int_equal(http2_send_response_head(pair.server.http2, 1, &response, true, NULL), 0);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server), "HEAD 1 POST / host=h\nBODY 1 4\nCLOSED 1\n");
    assert_string_equal(http2_pair_log(&pair.client),
                        "HEAD 1 413 content-length=9\nBODY 1 9\nEND 1\nCLOSED 1\n");
    assert_int_equal(http2_send_body(pair.client.http2, 1, (struct view)VIEW("x"), true, NULL),
                     ERR_CLOSED);
    http2_pair_release(&pair);
}

/* ---- heads ---------------------------------------------------------------------------------- */

static void expect_refused(struct http2_pair *pair, const char *name, const char *value,
                           const char *text)
{
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    struct err err = {0};
    uint32_t stream;

    request.headers.items[0] = (struct http_header){VIEW("host"), VIEW("h")};
    request.headers.items[1] = (struct http_header){view_of(name), view_of(value)};
    request.headers.count = 2;
    assert_int_equal(http2_send_request(pair->client.http2, &request, true, &stream, &err),
                     ERR_INVALID);
    if (strstr(err.text, text) == NULL)
        fail_msg("%s: %s", name, err.text);
}

static void what_cannot_be_sent_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct http2_pair pair;
    start(&pair, NULL, NULL);

    expect_refused(&pair, "Connection", "close", "belongs to a connection of HTTP/1.1");
    expect_refused(&pair, "Transfer-Encoding", "chunked", "belongs to a connection");
    expect_refused(&pair, "TE", "gzip", "belongs to a connection");
    expect_refused(&pair, "a b", "c", "is no name");
    expect_refused(&pair, ":path", "/", "is no name");
    expect_refused(&pair, "a", "b\r\nc", "control character");
    expect_refused(&pair, "content-length", "7", "where the body has 0 bytes");

    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    struct err err;
    uint32_t stream;
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err),
                     ERR_INVALID);
    assert_non_null(strstr(err.text, "lacks the header Host"));
    request.target = (struct view)VIEW("/a b");
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err),
                     ERR_INVALID);
    request.method = (struct view)VIEW("CONNECT");
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err),
                     ERR_INVALID);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server), "");
    http2_pair_release(&pair);
}

static void names_are_lowered_and_values_trimmed(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    uint32_t stream;
    start(&pair, NULL, NULL);

    request.headers.items[0] = (struct http_header){VIEW("X-API-Key"), VIEW(" k ")};
    request.headers.items[1] = (struct http_header){VIEW("HOST"), VIEW("h")};
    request.headers.items[2] = (struct http_header){VIEW("TE"), VIEW("trailers")};
    request.headers.count = 3;
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, NULL), 0);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server),
                        "HEAD 1 GET / host=h x-api-key=k te=trailers\nEND 1\nCLOSED 1\n");
    http2_pair_release(&pair);
}

static void cookies_in_crumbs_become_one_header(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    uint32_t stream;
    start(&pair, NULL, NULL);

    request.headers.items[0] = (struct http_header){VIEW("host"), VIEW("h")};
    request.headers.items[1] = (struct http_header){VIEW("cookie"), VIEW("a=1")};
    request.headers.items[2] = (struct http_header){VIEW("x"), VIEW("y")};
    request.headers.items[3] = (struct http_header){VIEW("cookie"), VIEW("b=2")};
    request.headers.items[4] = (struct http_header){VIEW("cookie"), VIEW("c=3")};
    request.headers.count = 5;
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, NULL), 0);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.server),
                        "HEAD 1 GET / host=h cookie=a=1; b=2; c=3 x=y\nEND 1\nCLOSED 1\n");
    http2_pair_release(&pair);
}

static void a_head_that_is_too_large_is_answered_431(void **state)
{
    (void)state;
    static const struct http2_limits small = {.header_bytes = 200, .headers = 3};
    struct http2_pair pair;
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    char value[301];
    uint32_t stream;
    start(&pair, NULL, &small);
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';

    request.headers.items[0] = (struct http_header){VIEW("host"), VIEW("h")};
    request.headers.items[1] = (struct http_header){VIEW("a"), view_of(value)};
    request.headers.count = 2;
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, NULL), 0);
    http2_pair_run(&pair);
    request.headers.items[1].value = (struct view)VIEW("v");
    request.headers.items[2] = request.headers.items[3] = request.headers.items[1];
    request.headers.count = 4;
    assert_int_equal(http2_send_request(pair.client.http2, &request, false, &stream, NULL), 0);
    http2_pair_run(&pair);
    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client),
                        "HEAD 1 431 content-length=0\nEND 1\nCLOSED 1\n"
                        "HEAD 3 431 content-length=0\nEND 3\nCLOSED 3\n"
                        "HEAD 5 200 content-length=2\nBODY 5 2\nEND 5\nCLOSED 5\n");
    assert_string_equal(http2_pair_log(&pair.server), "HEAD 5 GET / host=h\nEND 5\nCLOSED 5\n");
    http2_pair_release(&pair);
}

static void an_answers_head_that_is_too_large_resets_its_stream(void **state)
{
    (void)state;
    static const struct http2_limits small = {.header_bytes = 300};
    struct http2_pair pair;
    struct http_response response = {.status = 200};
    char value[301];
    start(&pair, &small, NULL);
    pair.answers = false;
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';

    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_pair_run(&pair);
    assert_int_equal(http_header_add(&response.headers, (struct view)VIEW("a"), view_of(value)), 0);
    assert_int_equal(http2_send_response_head(pair.server.http2, 1, &response, false, NULL), 0);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client), "RESET 1 ENHANCE_YOUR_CALM\n");
    assert_string_equal(http2_pair_log(&pair.server), "HEAD 1 GET / host=h\nEND 1\n"
                                                      "RESET 1 ENHANCE_YOUR_CALM peer\n");
    http2_pair_release(&pair);
}

static void a_body_that_is_too_large_resets_its_stream(void **state)
{
    (void)state;
    static const struct http2_limits small = {.body_bytes = 10};
    struct http2_pair pair;
    start(&pair, NULL, &small);

    http2_pair_ask(&pair, "POST", "/", (struct view)VIEW("12345678901"), true);
    http2_pair_ask(&pair, "POST", "/", (struct view)VIEW("1234567890"), true);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client),
                        "RESET 1 ENHANCE_YOUR_CALM peer\n"
                        "HEAD 3 200 content-length=2\nBODY 3 2\nEND 3\nCLOSED 3\n");
    http2_pair_release(&pair);
}

/* ---- flow control --------------------------------------------------------------------------- */

static void fill(struct strbuf *bytes, size_t len)
{
    strbuf_init(bytes, len);
    for (size_t i = 0; i < len; i++)
        strbuf_add_byte(bytes, (char)(i * 7 % 251));
    assert_int_equal(strbuf_status(bytes), 0);
}

static void large_bodies_go_through_small_windows(void **state)
{
    (void)state;
    static const struct http2_limits narrow = {.stream_window = 1000, .connection_window = 70000};
    struct http2_pair pair;
    struct strbuf bytes;
    fill(&bytes, 3000000);
    start(&pair, &narrow, &narrow);

    http2_pair_ask(&pair, "POST", "/", strbuf_view(&bytes), true);
    http2_pair_run(&pair);
    assert_true(view_equal(strbuf_view(&pair.server.body), strbuf_view(&bytes)));
    assert_string_equal(strbuf_text(&pair.client.body), "ok");
    strbuf_release(&bytes);
    http2_pair_release(&pair);
}

static void a_held_stream_gets_no_more_than_its_window(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct strbuf bytes;
    fill(&bytes, 5 << 20);
    start(&pair, NULL, NULL);

    http2_pair_ask(&pair, "POST", "/", (struct view){0}, false);
    http2_pair_run(&pair);
    http2_hold(pair.server.http2, 1, true);
    assert_int_equal(http2_send_body(pair.client.http2, 1, strbuf_view(&bytes), true, NULL), 0);
    http2_pair_run(&pair);
    assert_int_equal(pair.server.body.len, 1 << 20);
    assert_true(http2_status(pair.client.http2).stalled);

    http2_pair_ask(&pair, "POST", "/", strbuf_view(&bytes), true); /* others are not slowed down */
    http2_pair_run(&pair);
    assert_int_equal(pair.server.body.len, 6 << 20);

    http2_consume(pair.server.http2, 1, 1 << 20);
    assert_false(http2_status(pair.client.http2).wants_take);
    http2_pair_run(&pair);
    assert_int_equal(pair.server.body.len, 7 << 20);
    http2_hold(pair.server.http2, 1, false);
    http2_pair_run(&pair);
    assert_int_equal(pair.server.body.len, 10 << 20);
    assert_false(http2_status(pair.client.http2).stalled);
    assert_int_equal(http2_status(pair.client.http2).queued_bytes, 0);
    strbuf_release(&bytes);
    http2_pair_release(&pair);
}

static void a_full_queue_is_busy_until_it_is_writable(void **state)
{
    (void)state;
    static const struct http2_limits small = {.stream_queue = 1000};
    struct http2_pair pair;
    struct strbuf bytes;
    fill(&bytes, 1000);
    start(&pair, &small, NULL);

    http2_pair_ask(&pair, "POST", "/", (struct view){0}, false);
    assert_int_equal(http2_send_body(pair.client.http2, 1, strbuf_view(&bytes), false, NULL), 0);
    assert_int_equal(http2_queued(pair.client.http2, 1), 1000);
    assert_int_equal(http2_send_body(pair.client.http2, 1, (struct view)VIEW("x"), false, NULL),
                     ERR_BUSY);
    assert_int_equal(http2_queued(pair.client.http2, 1), 1000);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client), "WRITABLE 1\n");
    assert_int_equal(http2_send_body(pair.client.http2, 1, (struct view)VIEW("x"), true, NULL), 0);
    http2_pair_run(&pair);
    assert_int_equal(pair.server.body.len, 1001);
    strbuf_release(&bytes);
    http2_pair_release(&pair);
}

static void the_connection_has_a_ceiling_too(void **state)
{
    (void)state;
    static const struct http2_limits small = {.connection_queue = 1000};
    struct http2_pair pair;
    struct strbuf bytes;
    struct err err;
    fill(&bytes, 1000);
    start(&pair, &small, NULL);

    http2_pair_ask(&pair, "POST", "/", (struct view){0}, false);
    http2_pair_ask(&pair, "POST", "/", strbuf_view(&bytes), true);
    assert_int_equal(http2_send_body(pair.client.http2, 1, (struct view)VIEW("x"), true, &err),
                     ERR_BUSY);
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    uint32_t stream;
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err),
                     ERR_BUSY);
    http2_pair_run(&pair);
    assert_int_equal(http2_send_body(pair.client.http2, 1, (struct view)VIEW("x"), true, &err), 0);
    http2_pair_run(&pair);
    assert_int_equal(pair.server.body.len, 1001);
    strbuf_release(&bytes);
    http2_pair_release(&pair);
}

static void take_stops_where_it_is_told(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct strbuf bytes;
    struct strbuf out;
    fill(&bytes, 500000);
    strbuf_init(&out, 1 << 20);
    start(&pair, NULL, NULL);

    http2_pair_ask(&pair, "POST", "/", strbuf_view(&bytes), true);
    size_t before = 0;
    while (http2_status(pair.client.http2).wants_take) {
        assert_int_equal(http2_take(pair.client.http2, &out, 100, NULL), 0);
        assert_true(out.len - before <= 100 + HTTP2_FRAME_BYTES_MAX);
        before = out.len;
    }
    assert_true(out.len > 65535 && out.len < 1 << 20);
    strbuf_release(&bytes);
    strbuf_release(&out);
    http2_pair_release(&pair);
}

/* ---- the connection ------------------------------------------------------------------------- */

static void a_client_opens_no_more_streams_than_the_server_takes(void **state)
{
    (void)state;
    static const struct http2_limits two = {.streams = 2};
    struct http2_pair pair;
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    struct err err;
    uint32_t stream;
    http2_pair_init(&pair, NULL, &two);
    pair.answers = false;
    assert_int_equal(http2_status(pair.client.http2).free, 100);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client), "CAPACITY 2\n");

    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    assert_int_equal(http2_status(pair.client.http2).free, 0);
    assert_int_equal(
        http_header_add(&request.headers, (struct view)VIEW("host"), (struct view)VIEW("h")), 0);
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err),
                     ERR_BUSY);
    assert_string_equal(err.text, "all 2 streams are taken");
    http2_pair_run(&pair);
    const struct http_response response = {.status = 200};
    assert_int_equal(http2_send_response_head(pair.server.http2, 3, &response, true, NULL), 0);
    http2_pair_run(&pair);
    assert_int_equal(http2_status(pair.client.http2).free, 1);
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err), 0);
    http2_pair_release(&pair);
}

static void a_server_that_goes_away_serves_what_was_asked_before(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    struct err err;
    uint32_t stream;
    start(&pair, NULL, NULL);

    http2_pair_ask(&pair, "GET", "/1", (struct view){0}, true);
    http2_goaway(pair.server.http2);
    http2_pair_ask(&pair, "GET", "/2", (struct view){0}, true); /* it has not heard */
    assert_false(http2_status(pair.server.http2).done);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client),
                        "GOAWAY 2147483647 NO_ERROR\n"
                        "HEAD 1 200 content-length=2\nHEAD 3 200 content-length=2\n"
                        "BODY 1 2\nEND 1\nCLOSED 1\nBODY 3 2\nEND 3\nCLOSED 3\n");
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err),
                     ERR_CLOSED);
    assert_true(http2_status(pair.server.http2).done);
    assert_true(http2_status(pair.client.http2).done);
    assert_int_equal(http2_finish(pair.client.http2, NULL), 0);
    http2_pair_release(&pair);
}

static void what_goaway_leaves_out_may_be_asked_again(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct strbuf bytes;
    start(&pair, NULL, NULL);
    strbuf_init(&bytes, 100);

    for (int i = 0; i < 3; i++)
        http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_bytes_frame(&bytes,
                      &(struct http2_bytes){GOAWAY, 0, 0, VIEW("\0\0\0\x01\0\0\0\0why"), 0});
    http2_pair_feed(&pair, false, strbuf_view(&bytes));
    assert_string_equal(http2_pair_log(&pair.client), "GOAWAY 1 NO_ERROR\n"
                                                      "RESET 3 REFUSED_STREAM unprocessed\n"
                                                      "RESET 5 REFUSED_STREAM unprocessed\n");
    assert_int_equal(http2_status(pair.client.http2).streams, 1);
    http2_pair_run(&pair);
    assert_non_null(strstr(http2_pair_log(&pair.client), "HEAD 1 200"));
    strbuf_release(&bytes);
    http2_pair_release(&pair);
}

static void a_reset_says_who_did_it_and_whether_anything_was_begun(void **state)
{
    (void)state;
    struct http2_pair pair;
    start(&pair, NULL, NULL);
    pair.answers = false;

    for (int i = 0; i < 3; i++)
        http2_pair_ask(&pair, "POST", "/", (struct view)VIEW("x"), i == 0);
    http2_pair_run(&pair);
    http2_reset(pair.server.http2, 1, HTTP2_REFUSED_STREAM);
    http2_reset(pair.server.http2, 3, HTTP2_INTERNAL_ERROR);
    http2_reset(pair.server.http2, 99, HTTP2_INTERNAL_ERROR);
    http2_reset(pair.client.http2, 5, HTTP2_CANCEL);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client), "RESET 1 REFUSED_STREAM peer unprocessed\n"
                                                      "RESET 3 INTERNAL_ERROR peer\n");
    assert_non_null(strstr(http2_pair_log(&pair.server), "RESET 5 CANCEL peer\n"));
    assert_int_equal(http2_status(pair.client.http2).streams, 0);
    assert_int_equal(http2_status(pair.server.http2).streams, 0);
    http2_pair_release(&pair);
}

static void no_event_names_a_stream_that_was_reset(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct http2_event event;
    struct view rest;
    start(&pair, NULL, NULL);

    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_pair_move(&pair, true);
    strbuf_reset(&pair.server.out);
    assert_int_equal(http2_take(pair.server.http2, &pair.server.out, 1 << 20, NULL), 0);
    rest = strbuf_view(&pair.server.out);
    assert_int_equal(http2_feed(pair.client.http2, &rest, &event, NULL), 1);
    assert_int_equal(event.kind, HTTP2_HEAD);
    http2_reset(pair.client.http2, 1, HTTP2_CANCEL);
    assert_int_equal(http2_feed(pair.client.http2, &rest, &event, NULL), 0);
    http2_pair_release(&pair);
}

static void a_ping_is_answered(void **state)
{
    (void)state;
    struct http2_pair pair;
    start(&pair, NULL, NULL);

    assert_int_equal(http2_ping(pair.client.http2, 1234567), 0);
    assert_int_equal(http2_ping(pair.client.http2, 2), ERR_BUSY);
    http2_pair_run(&pair);
    assert_string_equal(http2_pair_log(&pair.client), "PONG 1234567\n");
    assert_int_equal(http2_ping(pair.client.http2, 2), 0);
    http2_pair_release(&pair);
}

static void an_abort_tells_the_other_side_why(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct err err;
    start(&pair, NULL, NULL);

    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    http2_abort(pair.client.http2, HTTP2_ENHANCE_YOUR_CALM, "it took too long");
    http2_pair_move(&pair, true);
    assert_string_equal(http2_pair_log(&pair.client), "ERR_CLOSED it took too long\n");
    assert_true(http2_status(pair.client.http2).done);
    assert_non_null(strstr(http2_pair_log(&pair.server), "GOAWAY 0 ENHANCE_YOUR_CALM\n"));
    uint32_t stream;
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    assert_int_equal(http2_send_request(pair.client.http2, &request, true, &stream, &err),
                     ERR_CLOSED);
    http2_pair_release(&pair);
}

static void a_connection_that_is_cut_says_what_was_lost(void **state)
{
    (void)state;
    struct http2_pair pair;
    struct err err;
    start(&pair, NULL, NULL);

    assert_int_equal(http2_finish(pair.client.http2, &err), 0);
    http2_pair_feed(&pair, false, (struct view)VIEW("\0\0"));
    assert_int_equal(http2_finish(pair.client.http2, &err), ERR_CLOSED);
    assert_string_equal(err.text, "the server closed the connection within a frame");
    http2_pair_ask(&pair, "GET", "/", (struct view){0}, true);
    assert_int_equal(http2_finish(pair.client.http2, &err), ERR_CLOSED);
    assert_string_equal(err.text, "the server closed the connection with 1 streams under way");
    http2_pair_release(&pair);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* A conversation with most of what there is; what fails is told, and nothing leaks. 0 where nothing
 * failed. */
static int converse(void)
{
    struct http2 *client = http2_new(HTTP2_CLIENT_PLAIN, NULL);
    struct http2 *server = http2_new(HTTP2_SERVER, NULL);
    struct strbuf out;
    int failed = client == NULL || server == NULL ? ERR_MEMORY : 0;
    strbuf_init(&out, 1 << 20);

    for (int round = 0; round < 8 && failed == 0; round++) {
        struct http_request request = {
            .method = VIEW("POST"), .target = VIEW("/"), .body = VIEW("body")};
        const struct http_response response = {.status = 200, .body = VIEW("answer")};
        struct http2_event event;
        struct err err;
        uint32_t stream = 0;
        request.headers.items[0] = (struct http_header){VIEW("host"), VIEW("h")};
        request.headers.items[1] = (struct http_header){VIEW("cookie"), VIEW("a")};
        request.headers.items[2] = (struct http_header){VIEW("cookie"), VIEW("b")};
        request.headers.count = 3;
        if (round < 3)
            failed = http2_send_request(client, &request, round > 0, &stream, &err);
        if (round == 2 && failed == 0)
            failed = http2_ping(client, 1);
        if (round == 3)
            http2_reset(client, 1, HTTP2_CANCEL);
        if (round == 5)
            http2_goaway(server);
        bool from_client = round % 2 == 0;
        strbuf_reset(&out);
        if (failed == 0)
            failed = http2_take(from_client ? client : server, &out, 1 << 20, &err);
        struct view rest = strbuf_view(&out);
        struct http2 *reader = from_client ? server : client;
        while (failed == 0 && (failed = http2_feed(reader, &rest, &event, &err)) == 1) {
            failed = 0;
            if (from_client && event.kind == HTTP2_END)
                failed = http2_send_response_head(server, event.stream, &response, true, &err);
        }
    }
    if (failed != 0)
        assert_true(failed == ERR_MEMORY || failed == ERR_CLOSED);
    strbuf_release(&out);
    http2_free(client);
    http2_free(server);
    return failed;
}

static void memory_that_runs_out_is_an_error(void **state)
{
    (void)state;

    unsigned long n = 0;
    int failed = ERR_MEMORY;

    while (failed != 0) {
        mem_fail_at(++n);
        failed = converse();
        mem_fail_at(0);
        assert_true(n < 10000);
    }
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_and_its_answer_arrive_whole),
        cmocka_unit_test(a_request_without_body_says_so_at_once),
        cmocka_unit_test(bodies_may_be_given_in_pieces),
        cmocka_unit_test(many_streams_share_the_connection),
        cmocka_unit_test(interim_answers_are_sent_and_passed_over),
        cmocka_unit_test(answers_that_have_no_body_end_with_their_head),
        cmocka_unit_test(an_answer_before_the_requests_end_cancels_the_rest),
        cmocka_unit_test(what_cannot_be_sent_is_refused_with_a_reason),
        cmocka_unit_test(names_are_lowered_and_values_trimmed),
        cmocka_unit_test(cookies_in_crumbs_become_one_header),
        cmocka_unit_test(a_head_that_is_too_large_is_answered_431),
        cmocka_unit_test(an_answers_head_that_is_too_large_resets_its_stream),
        cmocka_unit_test(a_body_that_is_too_large_resets_its_stream),
        cmocka_unit_test(large_bodies_go_through_small_windows),
        cmocka_unit_test(a_held_stream_gets_no_more_than_its_window),
        cmocka_unit_test(a_full_queue_is_busy_until_it_is_writable),
        cmocka_unit_test(the_connection_has_a_ceiling_too),
        cmocka_unit_test(take_stops_where_it_is_told),
        cmocka_unit_test(a_client_opens_no_more_streams_than_the_server_takes),
        cmocka_unit_test(a_server_that_goes_away_serves_what_was_asked_before),
        cmocka_unit_test(what_goaway_leaves_out_may_be_asked_again),
        cmocka_unit_test(a_reset_says_who_did_it_and_whether_anything_was_begun),
        cmocka_unit_test(no_event_names_a_stream_that_was_reset),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(an_abort_tells_the_other_side_why),
        cmocka_unit_test(a_connection_that_is_cut_says_what_was_lost),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
