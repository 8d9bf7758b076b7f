/* SPDX-License-Identifier: Apache-2.0
 *
 * The laws of the HTTP/2 codec: however a stream of bytes is cut, the same is understood; memory is
 * bounded, whatever comes. What is written reads back: tests/unit/wire/test_http2.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http2_bytes.h"
#include "http2_record.h"
#include "wire/http2_state.h"

static const struct http2_limits small = {
    .streams = 2, .header_bytes = 200, .headers = 4, .body_bytes = 6};

static void frame(struct strbuf *out, uint8_t type, uint8_t flags, uint32_t stream,
                  struct view payload)
{
    http2_bytes_frame(out, &(struct http2_bytes){type, flags, stream, payload, 0});
}

#define FRAME(out, type, flags, stream, text) \
    frame(out, type, flags, stream, (struct view)VIEW(text))

static void begin_client(struct strbuf *out)
{
    strbuf_add_text(out, HTTP2_PREFACE);
    FRAME(out, SETTINGS, 0, 0, "");
    FRAME(out, SETTINGS, ACK, 0, "");
}

static void good_requests(struct strbuf *out)
{
    begin_client(out);
    FRAME(out, HEADERS, HEAD_ONLY, 1, GET);
    FRAME(out, HEADERS, WITH_PRIORITY | PADDED, 3, "\x01\0\0\0\0\x10" POST "\0");
    FRAME(out, CONTINUATION, END_HEADERS, 3,
          "\x10\x06"
          "cookie"
          "\x01"
          "a");
    FRAME(out, DATA, 0, 3, "abc");
    FRAME(out, DATA, PADDED, 3,
          "\x02"
          "de\0\0");
    FRAME(out, PING, 0, 0, "12345678");
    FRAME(out, HEADERS, HEAD_ONLY, 3,
          "\x10\x01"
          "t"
          "\x01"
          "v");
    FRAME(out, WINDOW_UPDATE, 0, 0, "\0\0\0\x05");
    FRAME(out, HEADERS, END_HEADERS, 5, POST);
    FRAME(out, DATA, END_STREAM, 5, "held");
    FRAME(out, HEADERS, END_HEADERS, 7, POST);
    FRAME(out, DATA, END_STREAM, 7, "too late");
    FRAME(out, HEADERS, END_HEADERS, 9, POST);
    FRAME(out, DATA, END_STREAM, 9, "longer than six bytes");
    FRAME(out, RST_STREAM, 0, 3, "\0\0\0\x08");
    FRAME(out, PRIORITY, 0, 11, "\0\0\0\0\x10");
    FRAME(out, GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0bye");
    FRAME(out, 0x77, 0, 0, "?");
}

static void requests_that_are_refused(struct strbuf *out)
{
    begin_client(out);
    FRAME(out, HEADERS, HEAD_ONLY, 1,
          GET "\x10\x01"
              "X"
              "\x01"
              "v");
    FRAME(out, HEADERS, END_HEADERS, 3, POST "\x0f\x0d\x01\x31");
    FRAME(out, DATA, END_STREAM, 3, "four");
    FRAME(out, HEADERS, END_HEADERS, 11, POST);
    FRAME(out, WINDOW_UPDATE, 0, 11, "\x7f\xff\xff\xff");
    FRAME(out, DATA, END_STREAM, 11, "after");
    FRAME(out, HEADERS, HEAD_ONLY, 13, GET "\x90\x90\x90\x90\x90\x90\x90\x90");
    FRAME(out, HEADERS, END_HEADERS, 15, POST);
    FRAME(out, HEADERS, END_HEADERS, 17, POST);
    FRAME(out, HEADERS, END_HEADERS, 19, POST);
    FRAME(out, SETTINGS, 0, 0, "\0\x04\0\0\0\0\0\x03\0\0\0\x01");
    FRAME(out, HEADERS, HEAD_ONLY, 21, "\x80");
}

static void bytes_after_the_end(struct strbuf *out)
{
    begin_client(out);
    FRAME(out, HEADERS, HEAD_ONLY, 1, GET);
    FRAME(out, DATA, 0, 1, "x");
    FRAME(out, HEADERS, HEAD_ONLY, 3, GET);
}

static void a_stream_on_itself(struct strbuf *out)
{
    begin_client(out);
    FRAME(out, PRIORITY, 0, 3, "\0\0\0\x03\x10");
}

static void good_answers(struct strbuf *out)
{
    FRAME(out, SETTINGS, 0, 0, "\0\x03\0\0\0\x02\0\x04\0\0\0\x64");
    FRAME(out, HEADERS, END_HEADERS, 1,
          "\x08\x03"
          "103");
    FRAME(out, HEADERS, END_HEADERS, 1, STATUS_200);
    FRAME(out, DATA, 0, 1, "abc");
    FRAME(out, SETTINGS, ACK, 0, "");
    FRAME(out, HEADERS, HEAD_ONLY, 3, STATUS_200);
    FRAME(out, WINDOW_UPDATE, 0, 0, "\0\x01\0\0");
    FRAME(out, WINDOW_UPDATE, 0, 5, "\0\x01\0\0");
    FRAME(out, DATA, END_STREAM, 1, "d");
    FRAME(out, RST_STREAM, 0, 5, "\0\0\0\x07");
    FRAME(out, GOAWAY, 0, 0,
          "\0\0\0\x03\0\0\0\x0b"
          "calm");
}

static void answers_that_break_rules(struct strbuf *out)
{
    FRAME(out, SETTINGS, 0, 0, "");
    FRAME(out, HEADERS, END_HEADERS, 1, "\x8d\x0f\x0d\x01\x31");
    FRAME(out, DATA, END_STREAM, 1, "many");
    FRAME(out, HEADERS, END_HEADERS, 3,
          "\x10\x01"
          "a"
          "\x01"
          "b");
    FRAME(out, GOAWAY, 0, 0, "\0\0\0\x03\0\0\0\0");
    FRAME(out, PUSH_PROMISE, END_HEADERS, 1, "\0\0\0\x02" GET);
}

static void not_http2(struct strbuf *out)
{
    strbuf_add_text(out, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

static const struct {
    enum http2_side side;
    void (*write)(struct strbuf *out);
} samples[] = {
    {HTTP2_SERVER, good_requests},       {HTTP2_SERVER, requests_that_are_refused},
    {HTTP2_SERVER, bytes_after_the_end}, {HTTP2_SERVER, a_stream_on_itself},
    {HTTP2_SERVER, not_http2},           {HTTP2_CLIENT, good_answers},
    {HTTP2_CLIENT, good_requests},       {HTTP2_CLIENT_PLAIN, answers_that_break_rules},
};

static void record(struct view text, enum http2_side side, const struct http2_limits *limits,
                   const struct stream_cuts *cuts, struct strbuf *out)
{
    strbuf_reset(out);
    int code = http2_record(text, side, limits, cuts, out);
    strbuf_printf(out, "%d", code);
    assert_int_equal(strbuf_status(out), 0);
}

static void compare(struct view text, enum http2_side side, const struct http2_limits *limits)
{
    struct strbuf whole;
    struct strbuf pieces;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&pieces, STREAM_RECORD_BYTES_MAX);

    record(text, side, limits, &(struct stream_cuts){.count = 0}, &whole);
    for (size_t at = 1; at < text.len; at++) {
        record(text, side, limits, &(struct stream_cuts){.at = &at, .count = 1}, &pieces);
        if (strcmp(strbuf_text(&whole), strbuf_text(&pieces)) != 0)
            fail_msg("cut at %zu:\n%s\nwhole:\n%s", at, strbuf_text(&pieces), strbuf_text(&whole));
    }
    record(text, side, limits, &(struct stream_cuts){.every_byte = true}, &pieces);
    assert_string_equal(strbuf_text(&whole), strbuf_text(&pieces));
    strbuf_release(&whole);
    strbuf_release(&pieces);
}

static void compare_all(const struct http2_limits *limits)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct strbuf bytes;
        strbuf_init(&bytes, 1 << 16);
        samples[i].write(&bytes);
        assert_int_equal(strbuf_status(&bytes), 0);
        compare(strbuf_view(&bytes), samples[i].side, limits);
        strbuf_release(&bytes);
    }
}

static void any_cut_in_two_and_every_byte_alone_give_the_same_events(void **state)
{
    (void)state;

    compare_all(NULL);
}

static void the_same_holds_where_limits_are_met(void **state)
{
    (void)state;

    compare_all(&small);
}

/* ---- memory --------------------------------------------------------------------------------- */

static size_t memory_of(const struct http2 *http2)
{
    size_t bytes = http2->memory.used + http2->control.capacity + http2->scratch.capacity
                   + http2->incoming.bytes.capacity;

    for (const struct http2_stream *stream = http2->first; stream != NULL; stream = stream->next)
        bytes += sizeof *stream + stream->queue.capacity;
    return bytes;
}

/* What a peer might send without end; nobody takes what there is to say. */
static void endless(struct strbuf *out, int kind, uint32_t round)
{
    struct strbuf large;
    strbuf_init(&large, 16384);

    if (kind == 0)
        FRAME(out, HEADERS, END_HEADERS, 2 * round + 1, POST);
    if (kind == 1)
        FRAME(out, HEADERS, HEAD_ONLY, 2 * round + 1, GET);
    if (kind == 2)
        FRAME(out, PING, 0, 0, "12345678");
    if (kind == 3)
        FRAME(out, GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0 a long farewell");
    if (kind == 4) { /* as large a head as is taken, new each time */
        strbuf_add(&large, (struct view)VIEW(GET));
        for (uint32_t i = 0; i < 90; i++)
            strbuf_printf(&large, "\x40\x06%06u\x01v", (round * 90 + i) % 1000000);
        frame(out, HEADERS, HEAD_ONLY, 2 * round + 1, strbuf_view(&large));
    }
    if (kind == 5) { /* settings by the dozen */
        for (uint32_t i = 0; i < 30; i++)
            strbuf_add(&large, (struct view)VIEW("\0\x01\0\0\x10\0"));
        frame(out, SETTINGS, 0, 0, strbuf_view(&large));
    }
    strbuf_release(&large);
}

static void memory_is_bounded_whatever_comes(void **state)
{
    (void)state;
    const struct http_response response = {.status = 200, .body = VIEW("ok")};

    for (int kind = 0; kind < 6; kind++) {
        struct http2 *http2 = http2_new(HTTP2_SERVER, NULL);
        struct strbuf bytes;
        int code = 0;
        strbuf_init(&bytes, 1 << 20);
        begin_client(&bytes);
        for (uint32_t round = 0; round < 20000 && code == 0; round++) {
            struct view rest;
            struct http2_event event;
            endless(&bytes, kind, round);
            rest = strbuf_view(&bytes);
            while ((code = http2_feed(http2, &rest, &event, NULL)) == 1) {
                if (event.kind == HTTP2_END)
                    (void)!http2_send_response_head(http2, event.stream, &response, true, NULL);
            }
            strbuf_reset(&bytes);
            assert_true(memory_of(http2) <= 2 << 20);
        }
        http2_free(http2);
        strbuf_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_in_two_and_every_byte_alone_give_the_same_events),
        cmocka_unit_test(the_same_holds_where_limits_are_met),
        cmocka_unit_test(memory_is_bounded_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
