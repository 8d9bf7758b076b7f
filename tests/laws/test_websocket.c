/* SPDX-License-Identifier: Apache-2.0
 *
 * Laws of the WebSocket codec: however a stream is cut, the same events and the same answer come of
 * it; what one side sends, the other reads; what a side answers, whatever it was told, the other
 * side accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "websocket_record.h"

enum { CUTS = 3, STREAM_BYTES_MAX = 1 << 20 };

static const struct websocket_limits small = {
    .message_bytes = 12, .frame_bytes = 8, .fragments = 4, .queue_bytes = 64};

static void compare(struct view bytes, enum websocket_side side,
                    const struct websocket_limits *limits, struct rng *rng)
{
    size_t at[CUTS];
    struct strbuf whole;
    struct strbuf pieces;
    struct strbuf answer;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&pieces, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&answer, STREAM_RECORD_BYTES_MAX);

    int code =
        websocket_record(bytes, side, limits, &(struct stream_cuts){.count = 0}, &whole, &answer);
    for (int round = 0; round < 4; round++) {
        struct stream_cuts cuts = {.at = at, .count = CUTS, .every_byte = round == 0};
        for (size_t i = 0; i < CUTS; i++) {
            size_t least = i > 0 ? at[i - 1] : 0;
            at[i] = least + (size_t)rng_below(rng, bytes.len - least + 1);
        }
        strbuf_reset(&pieces);
        assert_int_equal(websocket_record(bytes, side, limits, &cuts, &pieces, NULL), code);
        assert_true(view_equal(strbuf_view(&pieces), strbuf_view(&whole)));
    }
    strbuf_reset(&pieces);
    assert_int_equal(
        websocket_record(strbuf_view(&answer),
                         side == WEBSOCKET_SERVER ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER, NULL,
                         &(struct stream_cuts){.count = 0}, &pieces, NULL),
        0);
    strbuf_release(&whole);
    strbuf_release(&pieces);
    strbuf_release(&answer);
}

/* A frame, mostly as it should be. */
static void add_frame(struct strbuf *out, bool masked, struct rng *rng)
{
    static const char *const payloads[] = {"",         "a",         "hello",     "\xe3\x81\x82",
                                           "\xe3",     "\x81\x82",  "\xff",      "\x03\xe8",
                                           "\x03\xec", "\x03\xe8!", "0123456789"};
    static const unsigned char heads[] = {0x81, 0x01, 0x82, 0x02, 0x80, 0x00, 0x00, 0x80, 0x89,
                                          0x8a, 0x89, 0x88, 0x88, 0x09, 0x83, 0xc1, 0x8f};
    size_t kinds = sizeof heads - (rng_below(rng, 8) == 0 ? 0 : 6);
    struct view payload = view_of(payloads[rng_below(rng, sizeof payloads / sizeof payloads[0])]);
    char key[4];

    strbuf_add_byte(out, (char)heads[rng_below(rng, kinds)]);
    strbuf_add_byte(out, (char)(payload.len | (masked ? 0x80u : 0u)));
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = masked ? (char)rng_below(rng, 256) : 0;
    if (masked)
        strbuf_add(out, view_make(key, sizeof key));
    for (size_t i = 0; i < payload.len; i++)
        strbuf_add_byte(out, (char)(payload.ptr[i] ^ key[i % 4]));
}

static void any_cut_gives_the_same_events_and_the_same_answer(void **state)
{
    (void)state;
    const uint64_t seed = 20261123;
    struct rng rng;
    struct strbuf bytes;
    rng_init(&rng, seed);
    strbuf_init(&bytes, STREAM_BYTES_MAX);
    print_message("seed %llu\n", (unsigned long long)seed);

    for (int round = 0; round < 4000; round++) {
        enum websocket_side side = round % 2 == 0 ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT;
        uint64_t frames = 1 + rng_below(&rng, 10);
        strbuf_reset(&bytes);
        for (uint64_t i = 0; i < frames; i++)
            add_frame(&bytes, (side == WEBSOCKET_SERVER) != (rng_below(&rng, 50) == 0), &rng);
        compare(strbuf_view(&bytes), side, round % 3 == 0 ? &small : NULL, &rng);
    }
    strbuf_release(&bytes);
}

/* Draws a message and sends it in pieces, and writes down what the other side is to say. */
static void send_message(struct websocket *websocket, struct rng *rng, struct strbuf *expected)
{
    static const char pattern[] = "a\xc3\xa9\xe3\x81\x82\xf0\x9f\x98\x80";
    bool text = rng_below(rng, 2) == 0;
    struct strbuf bytes;
    uint64_t most = UINT64_C(1) << rng_below(rng, 17);
    size_t len = (size_t)rng_below(rng, most);
    strbuf_init(&bytes, STREAM_BYTES_MAX);

    while (bytes.len < len)
        strbuf_add(&bytes, text ? view_make(pattern, sizeof pattern - 1)
                                : view_make(&(char){(char)rng_below(rng, 256)}, 1));
    strbuf_printf(expected, "MESSAGE %s [", text ? "text" : "binary");
    strbuf_add(expected, strbuf_view(&bytes));
    strbuf_add_text(expected, "]\n");
    struct view rest = strbuf_view(&bytes);
    bool fin;
    do {
        size_t cut = (size_t)rng_below(rng, rest.len + 1);
        struct view piece = text ? utf8_cut(rest, cut) : view_slice(rest, 0, cut);
        fin = rng_below(rng, 2) == 0;
        piece = fin ? rest : piece;
        assert_int_equal(
            websocket_send(websocket, text ? WEBSOCKET_TEXT : WEBSOCKET_BINARY, piece, fin, NULL),
            0);
        rest = view_slice(rest, piece.len, rest.len);
        if (!fin && rng_below(rng, 4) == 0)
            assert_int_equal(websocket_ping(websocket, view_of("?"), NULL), 0);
    } while (!fin);
    strbuf_release(&bytes);
}

static struct websocket *open_side(enum websocket_side side, size_t frame_bytes, struct rng *rng)
{
    const struct websocket_limits limits = {.frame_bytes = frame_bytes,
                                            .message_bytes = STREAM_BYTES_MAX,
                                            .fragments = STREAM_BYTES_MAX,
                                            .queue_bytes = 16 * STREAM_BYTES_MAX};
    struct websocket *websocket = websocket_new(side, &limits, rng);

    assert_non_null(websocket);
    return websocket;
}

/* Appends the messages that came, and lets pings pass. */
static void read_messages(struct websocket *websocket, struct view bytes, struct strbuf *out)
{
    struct websocket_event event;
    struct err err = {0};
    int code;

    while ((code = websocket_feed(websocket, &bytes, &event, &err)) == 1) {
        if (event.kind == WEBSOCKET_MESSAGE)
            websocket_record_event(&event, out);
    }
    assert_string_equal(err.text, "");
    assert_int_equal(code, 0);
}

static void what_one_side_sends_the_other_reads(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);

    for (int round = 0; round < 400; round++) {
        enum websocket_side side = round % 2 == 0 ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT;
        struct strbuf expected;
        struct strbuf got;
        struct strbuf bytes;
        size_t frame_bytes = (size_t)1 << rng_below(&rng, 18);
        struct websocket *sends = open_side(side, frame_bytes, &rng);
        struct websocket *reads =
            open_side(side == WEBSOCKET_SERVER ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER,
                      frame_bytes < 8 ? 8 : frame_bytes, &rng);
        strbuf_init(&expected, STREAM_RECORD_BYTES_MAX);
        strbuf_init(&got, STREAM_RECORD_BYTES_MAX);
        strbuf_init(&bytes, STREAM_RECORD_BYTES_MAX);
        for (int i = 0; i < 5; i++)
            send_message(sends, &rng, &expected);
        assert_int_equal(websocket_take(sends, &bytes), 0);
        read_messages(reads, strbuf_view(&bytes), &got);
        assert_true(view_equal(strbuf_view(&got), strbuf_view(&expected)));
        strbuf_release(&expected);
        strbuf_release(&got);
        strbuf_release(&bytes);
        websocket_free(sends);
        websocket_free(reads);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_events_and_the_same_answer),
        cmocka_unit_test(what_one_side_sends_the_other_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
