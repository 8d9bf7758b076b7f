/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/call/channel.h"

static const struct channel_codec *const codec = &channel_http1;

static void add(struct http_request *request, const char *name, const char *value)
{
    assert_int_equal(http_header_add(&request->headers, view_of(name), view_of(value)), 0);
}

static struct http_request post(const char *body)
{
    struct http_request request = {
        .method = VIEW("POST"), .target = VIEW("/v1/x"), .body = view_of(body)};
    add(&request, "Host", "example.test");
    return request;
}

/* Sends it and takes what goes out. */
static int send(struct channel *channel, const struct http_request *request, bool in_pieces,
                struct strbuf *out, struct err *reterr)
{
    uint32_t stream;
    int code = codec->send(channel, request, in_pieces, &stream, reterr);

    return code != 0 ? code : codec->take(channel, out, 1 << 20, reterr);
}

static struct channel *channel_with(const char *body, bool in_pieces)
{
    struct channel *channel = codec->make(false);
    struct http_request request = post(body);
    struct strbuf out;
    struct err err;

    assert_non_null(channel);
    strbuf_init(&out, 1 << 20);
    assert_int_equal(send(channel, &request, in_pieces, &out, &err), 0);
    strbuf_release(&out);
    return channel;
}

static struct channel *channel_with_request(const char *body)
{
    return channel_with(body, false);
}

/* Feeds all of it in pieces; the code that ended it: 1 complete, 0 more wanted, or an error. */
static int feed(struct channel *channel, struct view bytes, size_t piece,
                struct channel_event *ret_event, struct err *reterr)
{
    for (size_t at = 0; at < bytes.len; at += piece) {
        struct view rest = view_slice(bytes, at, at + piece);
        int code;
        while ((code = codec->feed(channel, &rest, ret_event, reterr)) == 1)
            if (ret_event->kind == CHANNEL_COMPLETE)
                return 1;
        if (code < 0)
            return code;
    }
    return 0;
}

static void a_request_is_written_with_its_length(void **state)
{
    (void)state;
    struct channel *channel = codec->make(false);
    struct http_request request = post("hello");
    struct strbuf out;
    struct err err;
    uint32_t stream;

    strbuf_init(&out, 4096);
    assert_int_equal(codec->send(channel, &request, false, &stream, &err), 0);
    assert_true(codec->stalled(channel, stream));
    assert_int_equal(codec->take(channel, &out, 10, &err), 0);
    assert_int_equal(codec->take(channel, &out, 4096, &err), 0);
    assert_int_equal(codec->take(channel, &out, 4096, &err), 0);
    assert_false(codec->stalled(channel, stream));
    assert_string_equal(
        strbuf_text(&out),
        "POST /v1/x HTTP/1.1\r\nHost: example.test\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(codec->send(channel, &request, false, &stream, &err), ERR_BUSY);
    codec->free(channel);
    strbuf_release(&out);
}

static void a_response_is_whole_however_its_bytes_are_split(void **state)
{
    (void)state;
    static const struct view bytes =
        VIEW("HTTP/1.1 200 OK\r\nX-Id: 7\r\nTransfer-Encoding: chunked\r\n"
             "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");

    for (size_t piece = 1; piece <= bytes.len; piece++) {
        struct channel *channel = channel_with_request("q");
        struct channel_event event;
        struct err err = {0};
        assert_int_equal(feed(channel, bytes, piece, &event, &err), 1);
        assert_int_equal(event.response->status, 200);
        assert_true(view_is(event.response->body, "abcde"));
        assert_true(view_is(http_header_get(&event.response->headers, "x-id"), "7"));
        assert_true(event.reusable);
        codec->free(channel);
    }
}

static void one_connection_carries_one_response_after_another(void **state)
{
    (void)state;
    struct channel *channel = channel_with_request("q");
    struct http_request request = post("r");
    struct channel_event event;
    struct err err = {0};
    struct strbuf out;
    uint32_t stream = 0;

    strbuf_init(&out, 4096);
    for (int i = 0; i < 3; i++) {
        static const struct view bytes = VIEW("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert_int_equal(feed(channel, bytes, 7, &event, &err), 1);
        assert_true(view_is(event.response->body, "ok"));
        assert_true(event.reusable);
        assert_int_equal(codec->send(channel, &request, false, &stream, &err), 0);
        assert_int_equal(stream, i + 2);
        assert_int_equal(codec->take(channel, &out, 4096, &err), 0);
    }
    codec->free(channel);
    strbuf_release(&out);
}

static void a_server_that_closes_after_its_answer_leaves_no_reusable_connection(void **state)
{
    (void)state;
    struct channel *channel = channel_with_request("q");
    struct channel_event event;
    struct err err = {0};
    static const struct view bytes =
        VIEW("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");

    assert_int_equal(feed(channel, bytes, 100, &event, &err), 1);
    assert_false(event.reusable);
    codec->free(channel);
}

static void a_body_that_ends_with_the_connection_is_whole_at_its_end(void **state)
{
    (void)state;
    struct channel *channel = channel_with_request("q");
    struct channel_event event;
    struct err err = {0};
    static const struct view bytes = VIEW("HTTP/1.1 200 OK\r\n\r\nall of it");

    assert_int_equal(feed(channel, bytes, 100, &event, &err), 0);
    assert_int_equal(codec->finish(channel, &event, &err), 1);
    assert_true(view_is(event.response->body, "all of it"));
    assert_false(event.reusable);
    codec->free(channel);
}

static void a_response_that_is_cut_short_is_an_error(void **state)
{
    (void)state;
    static const char *const starts[] = {"", "HTTP/1.1 2",
                                         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct channel *channel = channel_with_request("q");
        struct channel_event event;
        struct err err = {0};
        assert_int_equal(feed(channel, view_of(starts[i]), 100, &event, &err), 0);
        assert_int_equal(codec->finish(channel, &event, &err), ERR_CLOSED);
        assert_true(err.text[0] != '\0');
        codec->free(channel);
    }
}

static void bytes_that_nobody_asked_for_are_an_error(void **state)
{
    (void)state;
    struct channel *channel = codec->make(false);
    struct channel_event event;
    struct err err = {0};
    static const struct view bytes = VIEW("HTTP/1.1 408 Request Timeout\r\n\r\n");

    assert_int_equal(feed(channel, bytes, 100, &event, &err), ERR_PROTOCOL);
    assert_int_equal(codec->finish(channel, &event, &err), 0);
    codec->free(channel);
}

static void what_is_no_http_is_an_error(void **state)
{
    (void)state;
    struct channel *channel = channel_with_request("q");
    struct channel_event event;
    struct err err = {0};

    assert_int_equal(feed(channel, view_of("SSH-2.0-OpenSSH_9.2\r\n\r\n"), 100, &event, &err),
                     ERR_PROTOCOL);
    codec->free(channel);
}

static void a_body_past_the_ceiling_is_refused_by_its_announcement(void **state)
{
    (void)state;
    struct channel *channel = channel_with_request("q");
    struct channel_event event;
    struct err err = {0};
    static const struct view bytes = VIEW("HTTP/1.1 200 OK\r\nContent-Length: 33554433\r\n\r\nabc");

    assert_int_equal(feed(channel, bytes, 100, &event, &err), ERR_LIMIT);
    codec->free(channel);
}

static void a_request_that_would_smuggle_a_header_is_not_written(void **state)
{
    (void)state;
    struct channel *channel = codec->make(false);
    struct http_request request = post("x");
    struct strbuf out;
    struct err err = {0};
    uint32_t stream;

    request.target = view_of("/a b\r\nX: y");
    strbuf_init(&out, 4096);
    assert_int_equal(codec->send(channel, &request, false, &stream, &err), ERR_INVALID);
    assert_int_equal(out.len, 0);
    codec->free(channel);
    strbuf_release(&out);
}

static void a_good_answer_comes_in_pieces_where_they_were_asked_for(void **state)
{
    (void)state;
    static const struct view bytes = VIEW(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");

    for (size_t piece = 1; piece <= bytes.len; piece++) {
        struct channel *channel = channel_with("q", true);
        struct channel_event event;
        struct err err = {0};
        struct strbuf body;
        strbuf_init(&body, 100);
        for (size_t at = 0; at < bytes.len; at += piece) {
            struct view rest = view_slice(bytes, at, at + piece);
            while (codec->feed(channel, &rest, &event, &err) == 1) {
                if (event.kind == CHANNEL_HEAD)
                    assert_int_equal(event.response->status, 200);
                if (event.kind == CHANNEL_COMPLETE)
                    assert_int_equal(event.response->body.len, 0);
                strbuf_add(&body, event.piece);
            }
        }
        assert_int_equal(event.kind, CHANNEL_COMPLETE);
        assert_string_equal(strbuf_text(&body), "abcde");
        strbuf_release(&body);
        codec->free(channel);
    }
}

static void an_error_comes_whole_even_where_pieces_were_asked_for(void **state)
{
    (void)state;
    static const struct view bytes = VIEW("HTTP/1.1 429 Slow\r\nContent-Length: 4\r\n\r\nslow");
    struct channel *channel = channel_with("q", true);
    struct channel_event event;
    struct err err = {0};

    assert_int_equal(feed(channel, bytes, 3, &event, &err), 1);
    assert_true(view_is(event.response->body, "slow"));
    codec->free(channel);
}

static void an_answer_before_the_request_was_taken_leaves_no_reusable_connection(void **state)
{
    (void)state;
    static const struct view bytes = VIEW("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
    struct channel *channel = codec->make(false);
    struct http_request request = post("a body that is long enough");
    struct channel_event event;
    struct err err = {0};
    struct strbuf out;
    uint32_t stream;

    strbuf_init(&out, 4096);
    assert_int_equal(codec->send(channel, &request, false, &stream, &err), 0);
    assert_int_equal(codec->take(channel, &out, 20, &err), 0);
    assert_int_equal(feed(channel, bytes, 100, &event, &err), 1);
    assert_false(event.reusable);
    strbuf_release(&out);
    codec->free(channel);
}

static void a_cancelled_request_leaves_a_connection_of_no_use(void **state)
{
    (void)state;
    struct channel *channel = channel_with_request("q");

    assert_true(codec->cancel(channel, 7));
    assert_false(codec->cancel(channel, 1));
    codec->free(channel);
}

static void after_a_reset_it_is_as_new(void **state)
{
    (void)state;
    struct channel *channel = channel_with_request("q");
    struct channel_event event;
    struct err err = {0};
    static const struct view half = VIEW("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    static const struct view whole = VIEW("HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nz");
    struct http_request request = post("x");
    struct strbuf out;

    assert_int_equal(feed(channel, half, 100, &event, &err), 0);
    assert_int_equal(codec->reset(channel), 0);
    strbuf_init(&out, 4096);
    assert_int_equal(send(channel, &request, false, &out, &err), 0);
    assert_int_equal(feed(channel, whole, 100, &event, &err), 1);
    assert_true(view_is(event.response->body, "z"));
    codec->free(channel);
    strbuf_release(&out);
}

static void running_out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    static const struct view bytes = VIEW("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

    for (unsigned long n = 1; n < 30; n++) {
        struct http_request request = post("x");
        struct channel_event event;
        struct err err = {0};
        struct strbuf out;
        mem_fail_at(n);
        struct channel *channel = codec->make(false);
        strbuf_init(&out, 4096);
        int code = channel == NULL ? ERR_MEMORY : send(channel, &request, false, &out, &err);
        if (code == 0)
            code = feed(channel, bytes, 100, &event, &err);
        mem_fail_at(0);
        assert_true(code == 1 || code == ERR_MEMORY);
        codec->free(channel);
        strbuf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_with_its_length),
        cmocka_unit_test(a_response_is_whole_however_its_bytes_are_split),
        cmocka_unit_test(one_connection_carries_one_response_after_another),
        cmocka_unit_test(a_server_that_closes_after_its_answer_leaves_no_reusable_connection),
        cmocka_unit_test(a_body_that_ends_with_the_connection_is_whole_at_its_end),
        cmocka_unit_test(a_response_that_is_cut_short_is_an_error),
        cmocka_unit_test(bytes_that_nobody_asked_for_are_an_error),
        cmocka_unit_test(what_is_no_http_is_an_error),
        cmocka_unit_test(a_body_past_the_ceiling_is_refused_by_its_announcement),
        cmocka_unit_test(a_request_that_would_smuggle_a_header_is_not_written),
        cmocka_unit_test(a_good_answer_comes_in_pieces_where_they_were_asked_for),
        cmocka_unit_test(an_error_comes_whole_even_where_pieces_were_asked_for),
        cmocka_unit_test(an_answer_before_the_request_was_taken_leaves_no_reusable_connection),
        cmocka_unit_test(a_cancelled_request_leaves_a_connection_of_no_use),
        cmocka_unit_test(after_a_reset_it_is_as_new),
        cmocka_unit_test(running_out_of_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
