/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server makes of clients that break the rules, frame by frame: the cases that h2spec tries
 * over the network, by the sections of RFC 9113 and RFC 7541, and some that it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../laws/http2_bytes.h"
#include "wire/http2.h"

enum outcome {
    STAYS,   /* nothing is wrong: a PING afterwards is answered */
    ANSWERS, /* the same, and the request of that stream (the code) was answered */
    RESETS,  /* stream 1 is reset with this code, and the connection stays */
    ENDS,    /* the connection ends with this code */
};

struct rule {
    const char *name;
    enum outcome outcome;
    uint32_t code;
    struct http2_bytes frames[6]; /* up to the first that is all zero */
};

/* A DATA frame on stream 0 would be all zero: it gets a byte. */
#define NO_FRAME(frame) \
    ((frame)->type == 0 && (frame)->stream == 0 && (frame)->payload.len == 0 && (frame)->zeros == 0)

#define V(text) VIEW(text)
#define REQUEST(id) \
    { \
        HEADERS, HEAD_ONLY, id, V(GET), 0 \
    }
#define OPEN(id) \
    { \
        HEADERS, END_HEADERS, id, V(POST), 0 \
    }
#define FIELD(name_len, name, value_len, value) "\x10" name_len name value_len value
#define BAD_HEAD(fields) \
    { \
        HEADERS, HEAD_ONLY, 1, V(fields), 0 \
    }

static const struct rule rules[] = {
    {"4.1: a frame of unknown type is ignored", STAYS, 0, {{0x16, 0, 0, V("12345678"), 0}}},
    {"4.1: an undefined flag is ignored", STAYS, 0, {{PING, 0x16, 0, V("12345678"), 0}}},
    {"4.1: the reserved bit is ignored", STAYS, 0, {{PING, 0, 0x80000000, V("12345678"), 0}}},
    {"4.2: 2^14 bytes of DATA are taken", ANSWERS, 1, {OPEN(1), {DATA, END_STREAM, 1, {0}, 16384}}},
    {"4.2: more bytes of DATA are not",
     ENDS,
     HTTP2_FRAME_SIZE_ERROR,
     {OPEN(1), {DATA, END_STREAM, 1, {0}, 16385}}},
    {"4.2: nor of HEADERS", ENDS, HTTP2_FRAME_SIZE_ERROR, {{HEADERS, HEAD_ONLY, 1, V(GET), 16384}}},
    {"4.3: a broken block", ENDS, HTTP2_COMPRESSION_ERROR, {BAD_HEAD("\x40")}},
    {"4.3: PRIORITY within a block",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, END_STREAM, 1, V(GET), 0}, {PRIORITY, 0, 1, V("\0\0\0\0\xff"), 0}}},
    {"4.3: another stream's HEADERS within a block",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, END_STREAM, 1, V(GET), 0}, REQUEST(3)}},
    {"5.1: DATA on an idle stream", ENDS, HTTP2_PROTOCOL_ERROR, {{DATA, END_STREAM, 1, V("x"), 0}}},
    {"5.1: RST_STREAM on an idle stream",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{RST_STREAM, 0, 1, V("\0\0\0\x08"), 0}}},
    {"5.1: WINDOW_UPDATE on an idle stream",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{WINDOW_UPDATE, 0, 1, V("\0\0\0d"), 0}}},
    {"5.1: CONTINUATION on an idle stream",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{CONTINUATION, END_HEADERS, 1, V(GET), 0}}},
    {"5.1: DATA after END_STREAM",
     ENDS,
     HTTP2_STREAM_CLOSED,
     {REQUEST(1), {DATA, END_STREAM, 1, V("x"), 0}}},
    {"5.1: HEADERS after END_STREAM", ENDS, HTTP2_STREAM_CLOSED, {REQUEST(1), REQUEST(1)}},
    {"5.1: CONTINUATION after END_STREAM",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {REQUEST(1), {CONTINUATION, END_HEADERS, 1, V(GET), 0}}},
    {"5.1: DATA after RST_STREAM",
     ENDS,
     HTTP2_STREAM_CLOSED,
     {OPEN(1), {RST_STREAM, 0, 1, V("\0\0\0\x08"), 0}, {DATA, END_STREAM, 1, V("x"), 0}}},
    {"5.1: HEADERS after RST_STREAM",
     ENDS,
     HTTP2_STREAM_CLOSED,
     {OPEN(1), {RST_STREAM, 0, 1, V("\0\0\0\x08"), 0}, REQUEST(1)}},
    {"5.1: PRIORITY on any stream is fine",
     ANSWERS,
     1,
     {{PRIORITY, 0, 9, V("\0\0\0\x07\x10"), 0},
      REQUEST(1),
      {PRIORITY, 0, 1, V("\0\0\0\0\x10"), 0}}},
    {"5.1: WINDOW_UPDATE and RST_STREAM on a closed stream are fine",
     STAYS,
     0,
     {REQUEST(1), {WINDOW_UPDATE, 0, 1, V("\0\0\0d"), 0}, {RST_STREAM, 0, 1, V("\0\0\0\x08"), 0}}},
    {"5.1.1: an even number", ENDS, HTTP2_PROTOCOL_ERROR, {REQUEST(2)}},
    {"5.1.1: a number below one before", ENDS, HTTP2_PROTOCOL_ERROR, {REQUEST(5), REQUEST(3)}},
    {"5.3: HEADERS that depend on their stream",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, HEAD_ONLY | WITH_PRIORITY, 1, V("\0\0\0\x01\xff" GET), 0}}},
    {"5.3: PRIORITY that depends on its stream",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{PRIORITY, 0, 2, V("\0\0\0\x02\xff"), 0}}},
    {"5.5: an unknown frame within a block",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, END_STREAM, 1, V(GET), 0}, {0x16, 0, 0, V("12345678"), 0}}},
    {"6.1: DATA on stream 0", ENDS, HTTP2_PROTOCOL_ERROR, {{DATA, END_STREAM, 0, V("x"), 0}}},
    {"6.1: DATA with more padding than bytes",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {OPEN(1), {DATA, END_STREAM | PADDED, 1, V("\x06Test"), 0}}},
    {"6.1: DATA with padding",
     ANSWERS,
     1,
     {OPEN(1), {DATA, END_STREAM | PADDED, 1, V("\x02Test"), 0}}},
    {"6.2: HEADERS on stream 0", ENDS, HTTP2_PROTOCOL_ERROR, {REQUEST(0)}},
    {"6.2: HEADERS with more padding than bytes",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, HEAD_ONLY | PADDED, 1, V("\x20" GET), 0}}},
    {"6.2: HEADERS with padding and priority",
     ANSWERS,
     1,
     {{HEADERS, HEAD_ONLY | PADDED | WITH_PRIORITY, 1, V("\x02\0\0\0\0\x10" GET "\0\0"), 0}}},
    {"6.3: PRIORITY on stream 0",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{PRIORITY, 0, 0, V("\0\0\0\x01\xff"), 0}}},
    {"6.3: PRIORITY of another length",
     ENDS,
     HTTP2_FRAME_SIZE_ERROR,
     {{PRIORITY, 0, 1, V("\x80\0\0\x01"), 0}}},
    {"6.4: RST_STREAM on stream 0",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{RST_STREAM, 0, 0, V("\0\0\0\x08"), 0}}},
    {"6.4: RST_STREAM of another length",
     ENDS,
     HTTP2_FRAME_SIZE_ERROR,
     {OPEN(1), {RST_STREAM, 0, 1, V("\0\0\0"), 0}}},
    {"6.5: an acknowledgement with a payload",
     ENDS,
     HTTP2_FRAME_SIZE_ERROR,
     {{SETTINGS, ACK, 0, V("\0"), 0}}},
    {"6.5: an acknowledgement of nothing",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{SETTINGS, ACK, 0, {0}, 0}, {SETTINGS, ACK, 0, {0}, 0}}},
    {"6.5: SETTINGS on a stream",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{SETTINGS, 0, 1, V("\0\x03\0\0\0\x64"), 0}}},
    {"6.5: SETTINGS of 3 bytes",
     ENDS,
     HTTP2_FRAME_SIZE_ERROR,
     {{SETTINGS, 0, 0, V("\0\x03\0"), 0}}},
    {"6.5.2: ENABLE_PUSH of 2",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{SETTINGS, 0, 0, V("\0\x02\0\0\0\x02"), 0}}},
    {"6.5.2: INITIAL_WINDOW_SIZE of 2^31",
     ENDS,
     HTTP2_FLOW_CONTROL_ERROR,
     {{SETTINGS, 0, 0, V("\0\x04\x80\0\0\0"), 0}}},
    {"6.5.2: MAX_FRAME_SIZE too small",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{SETTINGS, 0, 0, V("\0\x05\0\0\x3f\xff"), 0}}},
    {"6.5.2: MAX_FRAME_SIZE too large",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{SETTINGS, 0, 0, V("\0\x05\x01\0\0\0"), 0}}},
    {"6.5.2: an unknown setting is ignored",
     STAYS,
     0,
     {{SETTINGS, 0, 0, V("\0\xff\0\0\0\x01"), 0}}},
    {"6.6: PUSH_PROMISE of a client",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {OPEN(1), {PUSH_PROMISE, END_HEADERS, 1, V("\0\0\0\x02" GET), 0}}},
    {"6.7: PING on a stream", ENDS, HTTP2_PROTOCOL_ERROR, {{PING, 0, 1, V("12345678"), 0}}},
    {"6.7: PING of another length", ENDS, HTTP2_FRAME_SIZE_ERROR, {{PING, 0, 0, V("123456"), 0}}},
    {"6.7: an answer to no PING is ignored", STAYS, 0, {{PING, ACK, 0, V("12345678"), 0}}},
    {"6.8: GOAWAY on a stream",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{GOAWAY, 0, 1, V("\0\0\0\0\0\0\0\0"), 0}}},
    {"6.9: WINDOW_UPDATE by 0",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{WINDOW_UPDATE, 0, 0, V("\0\0\0\0"), 0}}},
    {"6.9: WINDOW_UPDATE of a stream by 0",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {OPEN(1), {WINDOW_UPDATE, 0, 1, V("\0\0\0\0"), 0}}},
    {"6.9: WINDOW_UPDATE of another length",
     ENDS,
     HTTP2_FRAME_SIZE_ERROR,
     {{WINDOW_UPDATE, 0, 0, V("\0\0\x01"), 0}}},
    {"6.9.1: a window beyond 2^31 - 1",
     ENDS,
     HTTP2_FLOW_CONTROL_ERROR,
     {{WINDOW_UPDATE, 0, 0, V("\x7f\xff\xff\xff"), 0}}},
    {"6.9.1: a stream's window beyond 2^31 - 1",
     RESETS,
     HTTP2_FLOW_CONTROL_ERROR,
     {OPEN(1), {WINDOW_UPDATE, 0, 1, V("\x7f\xff\xff\xff"), 0}}},
    {"6.9.2: an initial window that takes a stream's beyond 2^31 - 1 (milder than the RFC)",
     RESETS,
     HTTP2_FLOW_CONTROL_ERROR,
     {OPEN(1),
      {WINDOW_UPDATE, 0, 1, V("\0\0\x01\0"), 0},
      {SETTINGS, 0, 0, V("\0\x04\x7f\xff\xff\xff"), 0}}},
    {"6.10: CONTINUATION twice",
     ANSWERS,
     1,
     {{HEADERS, END_STREAM, 1, V("\x82\x87"), 0},
      {CONTINUATION, 0, 1, V("\x84"), 0},
      {CONTINUATION, END_HEADERS, 1, V("\x41\x01h"), 0}}},
    {"6.10: CONTINUATION and then DATA",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, 0, 1, V(POST), 0}, {CONTINUATION, 0, 1, {0}, 0}, {DATA, END_STREAM, 1, V("x"), 0}}},
    {"6.10: CONTINUATION on stream 0",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, END_STREAM, 1, V(GET), 0}, {CONTINUATION, END_HEADERS, 0, V("\x84"), 0}}},
    {"6.10: CONTINUATION after END_HEADERS",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {OPEN(1), {CONTINUATION, END_HEADERS, 1, V("\x84"), 0}}},
    {"6.10: CONTINUATION after the END_HEADERS of another",
     ENDS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, 0, 1, V(POST), 0},
      {CONTINUATION, END_HEADERS, 1, {0}, 0},
      {CONTINUATION, END_HEADERS, 1, V("\x84"), 0}}},
    {"7: GOAWAY with an unknown code",
     STAYS,
     0,
     {OPEN(1), {GOAWAY, 0, 0, V("\0\0\0\0\0\0\0\xff"), 0}}},
    {"7: RST_STREAM with an unknown code",
     STAYS,
     0,
     {OPEN(1), {RST_STREAM, 0, 1, V("\0\0\0\xff"), 0}}},
    {"8.1: HEADERS in a body that do not end it",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {OPEN(1), {HEADERS, END_HEADERS, 1, V(FIELD("\x01", "a", "\x01", "b")), 0}}},
    {"8.1: trailers",
     ANSWERS,
     1,
     {OPEN(1), {DATA, 0, 1, V("x"), 0}, BAD_HEAD(FIELD("\x01", "a", "\x01", "b"))}},
    {"8.1: a pseudo-header in trailers", RESETS, HTTP2_PROTOCOL_ERROR, {OPEN(1), BAD_HEAD("\x82")}},
    {"8.1.1: content-length above the body",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, END_HEADERS, 1, V(POST "\x0f\x0d\x01\x39"), 0},
      {DATA, END_STREAM, 1, V("test"), 0}}},
    {"8.1.1: content-length below the body, in two frames",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {{HEADERS, END_HEADERS, 1, V(POST "\x0f\x0d\x01\x31"), 0},
      {DATA, 0, 1, V("t"), 0},
      {DATA, END_STREAM, 1, V("est"), 0}}},
    {"8.2: a name in upper case",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x01", "X", "\x01", "b"))}},
    {"8.2.1: a name with a space",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x03", "a b", "\x01", "b"))}},
    {"8.2.1: a value with a line end",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x01", "a", "\x03", "b\nc"))}},
    {"8.2.1: a value that begins with a space",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x01", "a", "\x02", " b"))}},
    {"8.2.2: connection",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x0a", "connection", "\x0a", "keep-alive"))}},
    {"8.2.2: transfer-encoding",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x11", "transfer-encoding", "\x07", "chunked"))}},
    {"8.2.2: te other than trailers",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x02", "te", "\x0a", "trailers,x"))}},
    {"8.2.2: te trailers", ANSWERS, 1, {BAD_HEAD(GET FIELD("\x02", "te", "\x08", "trailers"))}},
    {"8.3: an unknown pseudo-header",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x05", ":test", "\x01", "b"))}},
    {"8.3: a response's pseudo-header", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD(GET "\x88")}},
    {"8.3: a pseudo-header after a header",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD("\x82\x87\x41\x01h" FIELD("\x01", "a", "\x01", "b") "\x84")}},
    {"8.3.1: an empty path", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x82\x87\x41\x01h\x04\x00")}},
    {"8.3.1: no method", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x87\x84\x41\x01h")}},
    {"8.3.1: no scheme", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x82\x84\x41\x01h")}},
    {"8.3.1: no path", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x82\x87\x41\x01h")}},
    {"8.3.1: neither authority nor host", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x82\x87\x84")}},
    {"8.3.1: a host that is not the authority",
     RESETS,
     HTTP2_PROTOCOL_ERROR,
     {BAD_HEAD(GET FIELD("\x04", "host", "\x01", "x"))}},
    {"8.3.1: the method twice", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x82" GET)}},
    {"8.3.1: the scheme twice", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x87" GET)}},
    {"8.3.1: the path twice", RESETS, HTTP2_PROTOCOL_ERROR, {BAD_HEAD("\x84" GET)}},
    {"8.5: CONNECT",
     ANSWERS,
     1,
     {BAD_HEAD("\x02\x07"
               "CONNECT\x41\x01h")}},
    {"HPACK 2.3.3: an index beyond the tables",
     ENDS,
     HTTP2_COMPRESSION_ERROR,
     {BAD_HEAD(GET "\xc6")}},
    {"HPACK 4.2: a change of the table's size at the end",
     ENDS,
     HTTP2_COMPRESSION_ERROR,
     {BAD_HEAD(GET "\x20")}},
    {"HPACK 5.2: Huffman padding longer than 7 bits",
     ENDS,
     HTTP2_COMPRESSION_ERROR,
     {BAD_HEAD(GET "\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")}},
    {"HPACK 5.2: Huffman padding of zeros",
     ENDS,
     HTTP2_COMPRESSION_ERROR,
     {BAD_HEAD(GET "\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90")}},
    {"HPACK 5.2: the end-of-string symbol in a string",
     ENDS,
     HTTP2_COMPRESSION_ERROR,
     {BAD_HEAD(GET "\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x51\xff\xff\xff\xfa\x7f")}},
    {"HPACK 6.1: index 0", ENDS, HTTP2_COMPRESSION_ERROR, {BAD_HEAD(GET "\x80")}},
    {"HPACK 6.3: a table larger than allowed",
     ENDS,
     HTTP2_COMPRESSION_ERROR,
     {BAD_HEAD("\x3f\xe2\x1f" GET)}},
};

static void answer(struct http2 *server, uint32_t stream)
{
    const struct http_response response = {.status = 200, .body = VIEW("ok")};

    assert_int_equal(http2_send_response_head(server, stream, &response, true, NULL), 0);
}

/* Feeds the bytes, answers what is asked, and returns what feed ended with. */
static int serve(struct http2 *server, struct view bytes, struct strbuf *out, struct err *err)
{
    struct http2_event event;
    int code;

    while ((code = http2_feed(server, &bytes, &event, err)) == 1) {
        if (event.kind == HTTP2_END)
            answer(server, event.stream);
        assert_int_equal(http2_take(server, out, HTTP2_TAKE_BYTES, NULL), 0);
    }
    assert_int_equal(http2_take(server, out, HTTP2_TAKE_BYTES, NULL), 0);
    return code;
}

static void expect(const struct rule *rule, struct view said, int code, const struct err *err)
{
    struct http2_bytes frame;
    bool goaway = http2_bytes_find(said, GOAWAY, false, &frame);

    if (rule->outcome == ENDS) {
        if (code >= 0 || !goaway)
            fail_msg("%s: the connection went on", rule->name);
        if (http2_bytes_u32(frame.payload, 4) != rule->code)
            fail_msg("%s: ended with %s", rule->name,
                     http2_code_name(http2_bytes_u32(frame.payload, 4)));
        assert_int_equal(strncmp(err->text, "the client ", 11), 0);
        return;
    }
    if (code != 0 || goaway)
        fail_msg("%s: the connection ended: %s", rule->name, err->text);
    if (!http2_bytes_find(said, PING, true, &frame))
        fail_msg("%s: a PING was not answered", rule->name);
    bool answered = http2_bytes_find(said, HEADERS, false, &frame);
    if (rule->outcome == ANSWERS && (!answered || frame.stream != rule->code))
        fail_msg("%s: was not answered", rule->name);
    bool reset = http2_bytes_find(said, RST_STREAM, false, &frame);
    if (rule->outcome == ANSWERS && reset)
        fail_msg("%s: was reset", rule->name);
    if (rule->outcome == RESETS
        && (!reset || frame.stream != 1 || http2_bytes_u32(frame.payload, 0) != rule->code))
        fail_msg("%s: was not reset as it should be", rule->name);
}

static void every_rule_is_kept(void **state)
{
    (void)state;
    struct strbuf in;
    struct strbuf out;
    strbuf_init(&in, 1 << 20);
    strbuf_init(&out, 1 << 20);

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct http2 *server = http2_new(HTTP2_SERVER, NULL);
        struct err err = {0};
        assert_non_null(server);
        strbuf_reset(&in);
        strbuf_reset(&out);
        strbuf_add_text(&in, HTTP2_PREFACE);
        http2_bytes_frame(&in, &(struct http2_bytes){.type = SETTINGS});
        for (size_t k = 0; k < 6 && !NO_FRAME(&rules[i].frames[k]); k++)
            http2_bytes_frame(&in, &rules[i].frames[k]);
        http2_bytes_frame(&in, &(struct http2_bytes){.type = PING, .payload = VIEW("afterall")});
        int code = serve(server, strbuf_view(&in), &out, &err);
        expect(&rules[i], strbuf_view(&out), code, &err);
        http2_free(server);
    }
    strbuf_release(&in);
    strbuf_release(&out);
}

static void what_is_no_http2_is_told_so(void **state)
{
    (void)state;
    const char *const starts[] = {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSX"};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct http2 *server = http2_new(HTTP2_SERVER, NULL);
        struct view rest = view_of(starts[i]);
        struct http2_event event;
        struct err err;
        assert_int_equal(http2_feed(server, &rest, &event, &err), ERR_PROTOCOL);
        assert_non_null(strstr(err.text, "did not begin with HTTP/2's preface"));
        assert_int_equal(http2_feed(server, &rest, &event, &err), ERR_PROTOCOL);
        http2_free(server);
    }
}

static void after_the_preface_settings_must_come(void **state)
{
    (void)state;
    struct http2 *server = http2_new(HTTP2_SERVER, NULL);
    struct strbuf in;
    struct strbuf out;
    struct err err;
    strbuf_init(&in, 1000);
    strbuf_init(&out, 100000);

    strbuf_add_text(&in, HTTP2_PREFACE);
    http2_bytes_frame(&in, &(struct http2_bytes){.type = PING, .payload = VIEW("12345678")});
    assert_int_equal(serve(server, strbuf_view(&in), &out, &err), ERR_PROTOCOL);
    http2_free(server);
    strbuf_release(&in);
    strbuf_release(&out);
}

static void more_streams_than_allowed_are_refused(void **state)
{
    (void)state;
    const struct http2_limits limits = {.streams = 2};
    struct http2 *server = http2_new(HTTP2_SERVER, &limits);
    struct strbuf in;
    struct strbuf out;
    struct http2_bytes frame;
    struct err err;
    strbuf_init(&in, 1000);
    strbuf_init(&out, 100000);

    strbuf_add_text(&in, HTTP2_PREFACE);
    http2_bytes_frame(&in, &(struct http2_bytes){.type = SETTINGS});
    for (uint32_t stream = 1; stream <= 5; stream += 2)
        http2_bytes_frame(&in, &(struct http2_bytes){HEADERS, END_HEADERS, stream, VIEW(POST), 0});
    assert_int_equal(serve(server, strbuf_view(&in), &out, &err), 0);
    assert_true(http2_bytes_find(strbuf_view(&out), RST_STREAM, false, &frame));
    assert_int_equal(frame.stream, 5);
    assert_int_equal(http2_bytes_u32(frame.payload, 0), HTTP2_REFUSED_STREAM);
    http2_free(server);
    strbuf_release(&in);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_kept),
        cmocka_unit_test(what_is_no_http2_is_told_so),
        cmocka_unit_test(after_the_preface_settings_must_come),
        cmocka_unit_test(more_streams_than_allowed_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
