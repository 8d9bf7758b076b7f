/* SPDX-License-Identifier: Apache-2.0
 *
 * The laws of the HTTP/1.1 codec: however a stream is cut, the same is understood; what is written
 * reads back; memory is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_record.h"

struct sample {
    enum http1_side side;
    const char *method; /* that the first response answers */
    const char *text;
};

#define REQUESTS HTTP1_READS_REQUESTS, ""
#define RESPONSES HTTP1_READS_RESPONSES, ""

static const struct sample samples[] = {
    {REQUESTS, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {REQUESTS,
     "\r\n\r\nPOST /a?b=%20 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX:\r\nY: \t z \r\n\r\n"
     "hello\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /3 HTTP/1.1\r\n"},
    {REQUESTS, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
               "5\r\nhello\r\nA;ext=\"a b\"\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n"
               "PUT /x HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc"
               "PUT /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabcmore"},
    {REQUESTS, "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, "
               "Upgrade\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {REQUESTS, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"},
    {REQUESTS, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"},
    {REQUESTS, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"},
    {REQUESTS, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n"},
    {REQUESTS, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"},
    {REQUESTS, "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n"},
    {REQUESTS, "GET / HTTP/1.1\nHost: h\n\n"},
    {RESPONSES,
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 204 No Content\r\n\r\n"
     "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.0 200 OK\r\n\r\nto the end"},
    {RESPONSES, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                "HTTP/1.1 500 \r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00\r\n\r\n"},
    {HTTP1_READS_RESPONSES, "HEAD",
     "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"},
    {HTTP1_READS_RESPONSES, "CONNECT", "HTTP/1.1 200 OK\r\n\r\nbytes of a tunnel"},
    {RESPONSES,
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"},
    {RESPONSES, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut"},
    {RESPONSES, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncut"},
    {RESPONSES, "HTTP/1.1 200 OK\r\n\r\nlonger than twenty bytes allow, so it ends in an error"},
    {RESPONSES, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n18\r\n"},
};

static const struct http1_limits small = {.start_line_bytes = 60,
                                          .header_bytes = 120,
                                          .headers = 5,
                                          .chunk_line_bytes = 20,
                                          .body_bytes = 20};

static void record(const struct sample *sample, const struct http1_limits *limits,
                   const struct stream_cuts *cuts, struct strbuf *out)
{
    strbuf_reset(out);
    int code = stream_record_http1(view_of(sample->text), sample->side, view_of(sample->method),
                                   limits, cuts, out);
    strbuf_printf(out, "%d", code);
    assert_int_equal(strbuf_status(out), 0);
}

static void compare(const struct sample *sample, const struct http1_limits *limits)
{
    struct strbuf whole;
    struct strbuf pieces;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&pieces, STREAM_RECORD_BYTES_MAX);

    record(sample, limits, &(struct stream_cuts){.count = 0}, &whole);
    for (size_t at = 1; at < strlen(sample->text); at++) {
        record(sample, limits, &(struct stream_cuts){.at = &at, .count = 1}, &pieces);
        if (strcmp(strbuf_text(&whole), strbuf_text(&pieces)) != 0)
            fail_msg("cut at %zu:\n%s\nwhole:\n%s", at, strbuf_text(&pieces), strbuf_text(&whole));
    }
    record(sample, limits, &(struct stream_cuts){.every_byte = true}, &pieces);
    assert_string_equal(strbuf_text(&whole), strbuf_text(&pieces));
    strbuf_release(&whole);
    strbuf_release(&pieces);
}

static void any_cut_in_two_and_every_byte_alone_give_the_same_events(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        compare(&samples[i], NULL);
}

static void the_same_holds_where_limits_are_met(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        compare(&samples[i], &small);
}

/* ---- the round trip ------------------------------------------------------------------------- */

static struct view random_text(struct rng *rng, const char *alphabet, size_t max, char *buffer)
{
    size_t len = (size_t)rng_below(rng, max + 1);

    for (size_t i = 0; i < len; i++)
        buffer[i] = alphabet[rng_below(rng, strlen(alphabet))];
    return view_make(buffer, len);
}

static void add_random_headers(struct rng *rng, struct http_headers *headers, char storage[][40])
{
    size_t count = (size_t)rng_below(rng, 8);

    for (size_t i = 0; i < count; i++) {
        struct view name = random_text(rng, "abcXYZ-_!#1", 10, storage[2 * i] + 2);
        storage[2 * i][0] = 'x';
        storage[2 * i][1] = '-';
        struct view value = random_text(rng, "abc :;,=\"\t\xc3", 30, storage[2 * i + 1]);
        assert_int_equal(http_header_add(headers, view_make(storage[2 * i], name.len + 2), value),
                         0);
    }
}

static void expect_headers(const struct http_headers *got, const struct http_headers *written,
                           size_t more)
{
    assert_int_equal(got->count, written->count + more);
    for (size_t i = 0; i < written->count; i++) {
        assert_true(view_equal(got->items[i].name, written->items[i].name));
        assert_true(view_equal(got->items[i].value, view_trim(written->items[i].value)));
    }
}

/* Reads one whole message and compares it with what was written. */
static void expect_message(struct http1_parser *parser, struct view bytes, const char *target,
                           int status, const struct http_headers *headers, struct view body)
{
    struct http1_event event;
    struct err err = {0};
    struct strbuf got;
    strbuf_init(&got, 100000);

    if (http1_feed(parser, &bytes, &event, &err) != 1)
        fail_msg("%s", err.text);
    assert_int_equal(event.kind, HTTP1_HEAD);
    assert_int_equal(event.head->status, status);
    assert_true(view_is(event.head->target, target));
    expect_headers(&event.head->headers, headers, 1);
    while (http1_feed(parser, &bytes, &event, NULL) == 1 && event.kind == HTTP1_BODY)
        strbuf_add(&got, event.body);
    assert_true(view_equal(strbuf_view(&got), body));
    if (event.kind == HTTP1_TRAILERS) {
        expect_headers(event.trailers, headers, 0);
        assert_int_equal(http1_feed(parser, &bytes, &event, NULL), 1);
    }
    assert_int_equal(event.kind, HTTP1_END);
    assert_true(event.keep_alive);
    assert_int_equal(bytes.len, 0);
    strbuf_release(&got);
}

static void write_chunks(struct rng *rng, struct strbuf *out, struct view body,
                         const struct http_headers *trailers)
{
    while (body.len > 0) {
        size_t len = 1 + (size_t)rng_below(rng, body.len);
        http1_write_chunk(out, view_slice(body, 0, len));
        http1_write_chunk(out, (struct view){0});
        body = view_slice(body, len, body.len);
    }
    assert_int_equal(http1_write_last_chunk(out, trailers, NULL), 0);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    const uint64_t seed = 20261123;
    struct rng rng;
    struct strbuf out;
    struct http1_parser *server = http1_parser_new(HTTP1_READS_REQUESTS, NULL);
    struct http1_parser *client = http1_parser_new(HTTP1_READS_RESPONSES, NULL);
    rng_init(&rng, seed);
    strbuf_init(&out, 100000);
    print_message("seed %llu\n", (unsigned long long)seed);

    for (int round = 0; round < 2000; round++) {
        char storage[16][40];
        char bytes[300];
        struct http_headers headers = {.count = 0};
        bool chunked = rng_below(&rng, 2) == 0;
        add_random_headers(&rng, &headers, storage);
        struct view body = random_text(&rng, "a\r\n0\x01\xff", sizeof bytes, bytes);

        struct http_response response = {.status = 200, .headers = headers, .body = body};
        strbuf_reset(&out);
        assert_int_equal(http1_write_response_head(&out, &response,
                                                   chunked ? HTTP1_CHUNKED : HTTP1_LENGTH, NULL),
                         0);
        if (chunked)
            write_chunks(&rng, &out, body, &headers);
        else
            strbuf_add(&out, body);
        expect_message(client, strbuf_view(&out), "", 200, &headers, body);

        assert_int_equal(
            http_header_add(&headers, (struct view)VIEW("Host"), (struct view)VIEW("h")), 0);
        struct http_request request = {
            .method = VIEW("POST"), .target = VIEW("/x"), .headers = headers, .body = body};
        strbuf_reset(&out);
        assert_int_equal(http1_write_request_head(&out, &request, HTTP1_LENGTH, NULL), 0);
        strbuf_add(&out, body);
        expect_message(server, strbuf_view(&out), "/x", 0, &headers, body);
    }
    strbuf_release(&out);
    http1_parser_free(server);
    http1_parser_free(client);
}

static void memory_is_bounded_whatever_comes(void **state)
{
    (void)state;
    const char *const starts[] = {
        "", "GET /", "GET / HTTP/1.1\r\nHost: h\r\nX: ",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct http1_parser *parser = http1_parser_new(HTTP1_READS_REQUESTS, NULL);
        struct http1_event event;
        struct view rest = view_of(starts[i]);
        size_t fed = 0;
        int code;
        while ((code = http1_feed(parser, &rest, &event, NULL)) >= 0 && fed < 200000) {
            if (code == 1)
                continue;
            rest = view_of("aaaaaaaaaaaaaaaa");
            fed += rest.len;
        }
        assert_int_equal(code, ERR_LIMIT);
        assert_true(fed <= 64 * 1024 + 16);
        http1_parser_free(parser);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_in_two_and_every_byte_alone_give_the_same_events),
        cmocka_unit_test(the_same_holds_where_limits_are_met),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(memory_is_bounded_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
