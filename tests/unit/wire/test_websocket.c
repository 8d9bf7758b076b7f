/* SPDX-License-Identifier: Apache-2.0
 *
 * The WebSocket codec against the examples of RFC 6455, section 5.7, and what it refuses, each with
 * the close frame that the peer is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wire/websocket.h"

#define BYTES(literal) literal, sizeof(literal) - 1

enum { OUT_BYTES_MAX = 4 << 20 };

struct peer {
    struct websocket *websocket;
    struct strbuf out;
    struct err err;
};

static void open_with(struct peer *peer, enum websocket_side side,
                      const struct websocket_limits *limits)
{
    struct rng rng;
    rng_init(&rng, 1);
    *peer = (struct peer){.websocket = websocket_new(side, limits, &rng)};
    assert_non_null(peer->websocket);
    strbuf_init(&peer->out, OUT_BYTES_MAX);
}

static void open_side(struct peer *peer, enum websocket_side side)
{
    open_with(peer, side, NULL);
}

static void close_side(struct peer *peer)
{
    websocket_free(peer->websocket);
    strbuf_release(&peer->out);
}

static int feed(struct peer *peer, struct view bytes, struct websocket_event *ret_event)
{
    struct view rest = bytes;
    int code = websocket_feed(peer->websocket, &rest, ret_event, &peer->err);

    assert_true(code < 0 || rest.len == 0);
    return code;
}

static void expect_event(struct peer *peer, struct view bytes, enum websocket_event_kind kind,
                         struct view holds)
{
    struct websocket_event event;

    assert_int_equal(feed(peer, bytes, &event), 1);
    assert_int_equal(event.kind, kind);
    assert_true(view_equal(event.bytes, holds));
}

static void expect_out(struct peer *peer, const char *bytes, size_t len)
{
    strbuf_reset(&peer->out);
    assert_int_equal(websocket_take(peer->websocket, &peer->out), 0);
    assert_int_equal(peer->out.len, len);
    assert_memory_equal(strbuf_text(&peer->out), bytes, len);
    assert_false(websocket_wants_write(peer->websocket));
}

static void the_examples_of_the_specification_are_read(void **state)
{
    (void)state;
    const struct view hello = VIEW("Hello");
    static const unsigned char head_16[] = {0x82, 0x7e, 1, 0};
    static const unsigned char head_64[] = {0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0};
    static char binary[10 + 65536];
    struct peer client;
    struct peer server;
    struct websocket_event event;
    open_side(&client, WEBSOCKET_CLIENT);
    open_side(&server, WEBSOCKET_SERVER);

    expect_event(&client, view_make(BYTES("\x81\x05Hello")), WEBSOCKET_MESSAGE, hello);
    expect_event(&server, view_make(BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")),
                 WEBSOCKET_MESSAGE, hello);
    assert_int_equal(feed(&client, view_make(BYTES("\x01\x03Hel")), &event), 0);
    expect_event(&client, view_make(BYTES("\x80\x02lo")), WEBSOCKET_MESSAGE, hello);
    expect_event(&client, view_make(BYTES("\x89\x05Hello")), WEBSOCKET_PING, hello);
    expect_event(&server, view_make(BYTES("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")),
                 WEBSOCKET_PONG, hello);
    memcpy(binary, head_16, sizeof head_16);
    expect_event(&client, view_make(binary, 4 + 256), WEBSOCKET_MESSAGE,
                 view_make(binary + 4, 256));
    close_side(&client);
    open_with(&client, WEBSOCKET_CLIENT, &(struct websocket_limits){.frame_bytes = 65536});
    memcpy(binary, head_64, sizeof head_64);
    expect_event(&client, view_make(binary, sizeof binary), WEBSOCKET_MESSAGE,
                 view_make(binary + 10, 65536));
    close_side(&client);
    close_side(&server);
}

static void a_server_writes_bare_frames_as_short_as_can_be(void **state)
{
    (void)state;
    static char bytes[65536];
    struct peer server;
    open_with(&server, WEBSOCKET_SERVER, &(struct websocket_limits){.frame_bytes = 65536});

    assert_int_equal(websocket_send(server.websocket, WEBSOCKET_TEXT, view_of("Hello"), true, NULL),
                     0);
    expect_out(&server, BYTES("\x81\x05Hello"));
    static const struct {
        size_t len;
        const char *head;
        size_t head_len;
    } lengths[] = {
        {0, BYTES("\x82\x00")},
        {125, BYTES("\x82\x7d")},
        {126, BYTES("\x82\x7e\x00\x7e")},
        {65535, BYTES("\x82\x7e\xff\xff")},
        {65536, BYTES("\x82\x7f\0\0\0\0\0\x01\0\0")},
    };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(websocket_send(server.websocket, WEBSOCKET_BINARY,
                                        view_make(bytes, lengths[i].len), true, NULL),
                         0);
        strbuf_reset(&server.out);
        assert_int_equal(websocket_take(server.websocket, &server.out), 0);
        assert_int_equal(server.out.len, lengths[i].head_len + lengths[i].len);
        assert_memory_equal(strbuf_text(&server.out), lengths[i].head, lengths[i].head_len);
    }
    close_side(&server);
}

static void a_client_masks_each_frame_by_a_key_of_its_own(void **state)
{
    (void)state;
    struct peer client;
    char keys[2][4];
    open_side(&client, WEBSOCKET_CLIENT);

    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            websocket_send(client.websocket, WEBSOCKET_TEXT, view_of("Hello"), true, NULL), 0);
        strbuf_reset(&client.out);
        assert_int_equal(websocket_take(client.websocket, &client.out), 0);
        assert_int_equal(client.out.len, 11);
        assert_memory_equal(client.out.ptr, "\x81\x85", 2);
        memcpy(keys[i], client.out.ptr + 2, 4);
        for (size_t j = 0; j < 5; j++)
            assert_int_equal(client.out.ptr[6 + j] ^ keys[i][j % 4], "Hello"[j]);
    }
    assert_memory_not_equal(keys[0], keys[1], 4);
    close_side(&client);
}

static void long_messages_are_sent_in_frames_cut_between_characters(void **state)
{
    (void)state;
    struct peer server;
    open_with(&server, WEBSOCKET_SERVER, &(struct websocket_limits){.frame_bytes = 4});

    assert_int_equal(websocket_send(server.websocket, WEBSOCKET_TEXT,
                                    view_of("\xe3\x81\x82\xe3\x81\x82xyz"), true, NULL),
                     0);
    expect_out(&server, BYTES("\x01\x03\xe3\x81\x82\x00\x04\xe3\x81\x82x\x80\x02yz"));
    assert_int_equal(
        websocket_send(server.websocket, WEBSOCKET_BINARY, view_of("123456789"), true, NULL), 0);
    expect_out(&server, BYTES("\x02\x04"
                              "1234\x00\x04"
                              "5678\x80\x01"
                              "9"));
    close_side(&server);
}

static void a_message_can_be_sent_in_pieces_with_pings_between(void **state)
{
    (void)state;
    struct peer server;
    struct websocket *websocket;
    open_side(&server, WEBSOCKET_SERVER);
    websocket = server.websocket;

    assert_int_equal(websocket_send(websocket, WEBSOCKET_TEXT, view_of("a"), false, NULL), 0);
    assert_int_equal(websocket_ping(websocket, view_of("?"), NULL), 0);
    assert_int_equal(websocket_send(websocket, WEBSOCKET_BINARY, view_of("b"), true, &server.err),
                     ERR_INVALID);
    assert_non_null(strstr(server.err.text, "another type"));
    assert_int_equal(websocket_send(websocket, WEBSOCKET_TEXT, view_of("b"), true, NULL), 0);
    assert_int_equal(websocket_send(websocket, WEBSOCKET_BINARY, view_of("c"), true, NULL), 0);
    expect_out(&server, BYTES("\x01\x01"
                              "a\x89\x01?\x80\x01"
                              "b\x82\x01"
                              "c"));
    close_side(&server);
}

static void what_is_no_text_is_not_sent_as_text(void **state)
{
    (void)state;
    struct peer server;
    open_side(&server, WEBSOCKET_SERVER);

    assert_int_equal(
        websocket_send(server.websocket, WEBSOCKET_TEXT, view_of("ab\xff"), true, &server.err),
        ERR_INVALID);
    assert_non_null(strstr(server.err.text, "byte 2"));
    assert_false(websocket_wants_write(server.websocket));
    close_side(&server);
}

static void control_frames_come_between_the_fragments_of_a_message(void **state)
{
    (void)state;
    struct peer client;
    struct websocket_event event;
    open_side(&client, WEBSOCKET_CLIENT);

    assert_int_equal(feed(&client, view_make(BYTES("\x01\x02\xe3\x81")), &event), 0);
    expect_event(&client, view_make(BYTES("\x89\x01!")), WEBSOCKET_PING, view_of("!"));
    expect_event(&client, view_make(BYTES("\x8a\x00")), WEBSOCKET_PONG, view_of(""));
    expect_event(&client, view_make(BYTES("\x80\x01\x82")), WEBSOCKET_MESSAGE,
                 view_of("\xe3\x81\x82"));
    expect_event(&client, view_make(BYTES("\x81\x00")), WEBSOCKET_MESSAGE, view_of(""));
    close_side(&client);
}

static void only_the_latest_ping_is_answered_and_a_flood_costs_no_memory(void **state)
{
    (void)state;
    struct peer server;
    struct websocket_event event;
    open_side(&server, WEBSOCKET_SERVER);

    mem_fail_at(1);
    for (int i = 0; i < 100000; i++) {
        char ping[] = "\x89\x81\0\0\0\0?";
        ping[6] = (char)(i % 128);
        assert_int_equal(feed(&server, view_make(ping, 7), &event), 1);
    }
    mem_fail_at(0);
    expect_out(&server, BYTES("\x8a\x01\x1f"));
    expect_event(&server, view_make(BYTES("\x89\x80\0\0\0\0")), WEBSOCKET_PING, view_of(""));
    expect_out(&server, BYTES("\x8a\x00"));
    close_side(&server);
}

struct refusal {
    enum websocket_side side;
    const char *bytes;
    size_t len;
    int code;
    unsigned close_code;
    const char *says;
};

static void check_refusal(const struct refusal *refusal, const struct websocket_limits *limits)
{
    struct peer peer;
    struct websocket_event event;
    struct view more = view_of("more");
    open_with(&peer, refusal->side, limits);

    struct view rest = view_make(refusal->bytes, refusal->len);
    int code;
    while ((code = websocket_feed(peer.websocket, &rest, &event, &peer.err)) == 1)
        continue;
    assert_int_equal(code, refusal->code);
    assert_non_null(strstr(peer.err.text, refusal->says));
    assert_int_equal(websocket_close_code(peer.websocket), refusal->close_code);
    assert_true(websocket_is_over(peer.websocket));
    assert_int_equal(websocket_feed(peer.websocket, &more, &event, NULL), refusal->code);
    assert_int_equal(websocket_finish(peer.websocket, NULL), refusal->code);
    assert_int_equal(websocket_send(peer.websocket, WEBSOCKET_TEXT, view_of("x"), true, NULL),
                     ERR_CLOSED);
    /* The peer is told the code, and why. */
    assert_int_equal(websocket_take(peer.websocket, &peer.out), 0);
    size_t head = refusal->side == WEBSOCKET_CLIENT ? 6 : 2;
    assert_true(peer.out.len > head + 2);
    unsigned char key[4] = {0};
    if (refusal->side == WEBSOCKET_CLIENT)
        memcpy(key, peer.out.ptr + 2, 4);
    assert_int_equal((unsigned char)peer.out.ptr[0], 0x88);
    assert_int_equal(((unsigned char)peer.out.ptr[head] ^ key[0]) << 8
                         | ((unsigned char)peer.out.ptr[head + 1] ^ key[1]),
                     refusal->close_code);
    close_side(&peer);
}

static void what_breaks_the_protocol_is_refused_by_name_and_the_peer_told(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {WEBSOCKET_SERVER, BYTES("\x81\x05Hello"), ERR_PROTOCOL, 1002,
         "a client's frame was not masked"},
        {WEBSOCKET_CLIENT, BYTES("\x81\x85\0\0\0\0Hello"), ERR_PROTOCOL, 1002,
         "a server's frame was masked"},
        {WEBSOCKET_CLIENT, BYTES("\xc1\x05"), ERR_PROTOCOL, 1002, "reserved bits (0x40)"},
        {WEBSOCKET_CLIENT, BYTES("\xb1\x05"), ERR_PROTOCOL, 1002, "reserved bits (0x30)"},
        {WEBSOCKET_CLIENT, BYTES("\x83\x00"), ERR_PROTOCOL, 1002, "reserved opcode 0x3"},
        {WEBSOCKET_CLIENT, BYTES("\x8b\x00"), ERR_PROTOCOL, 1002, "reserved opcode 0xb"},
        {WEBSOCKET_CLIENT, BYTES("\x09\x00"), ERR_PROTOCOL, 1002, "a ping frame in fragments"},
        {WEBSOCKET_CLIENT, BYTES("\x08\x00"), ERR_PROTOCOL, 1002, "a close frame in fragments"},
        {WEBSOCKET_CLIENT, BYTES("\x8a\x7e"), ERR_PROTOCOL, 1002, "a pong frame of more than 125"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x7f"), ERR_PROTOCOL, 1002, "a close frame of more than 125"},
        {WEBSOCKET_CLIENT, BYTES("\x80\x00"), ERR_PROTOCOL, 1002, "a continuation frame without"},
        {WEBSOCKET_CLIENT, BYTES("\x81\x01x\x00\x00"), ERR_PROTOCOL, 1002,
         "a continuation frame without"},
        {WEBSOCKET_CLIENT, BYTES("\x01\x00\x82\x00"), ERR_PROTOCOL, 1002,
         "a binary frame amidst the fragments"},
        {WEBSOCKET_CLIENT, BYTES("\x81\x7e\x00\x7d"), ERR_PROTOCOL, 1002,
         "length of 125 that is not written as short"},
        {WEBSOCKET_CLIENT, BYTES("\x81\x7f\0\0\0\0\0\0\xff\xff"), ERR_PROTOCOL, 1002,
         "length of 65535 that is not written as short"},
        {WEBSOCKET_CLIENT, BYTES("\x81\x7f\x80\0\0\0\0\0\0\0"), ERR_PROTOCOL, 1002,
         "length of 9223372036854775808, past 63 bits"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x01\x03"), ERR_PROTOCOL, 1002, "half a code"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xe7"), ERR_PROTOCOL, 1002, "code 999"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xec"), ERR_PROTOCOL, 1002, "code 1004"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xed"), ERR_PROTOCOL, 1002, "code 1005"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xee"), ERR_PROTOCOL, 1002, "code 1006"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xf7"), ERR_PROTOCOL, 1002, "code 1015"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x02\x0b\xb7"), ERR_PROTOCOL, 1002, "code 2999"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x02\x13\x88"), ERR_PROTOCOL, 1002, "code 5000"},
        {WEBSOCKET_CLIENT, BYTES("\x88\x03\x03\xe8\xff"), ERR_PROTOCOL, 1007, "reason is not"},
        {WEBSOCKET_CLIENT,
         BYTES("\x81\x03"
               "ab\xff"),
         ERR_PROTOCOL, 1007, "not UTF-8 at byte 2"},
        {WEBSOCKET_CLIENT, BYTES("\x81\x02\xe3\x81"), ERR_PROTOCOL, 1007, "not UTF-8 at byte 0"},
        {WEBSOCKET_CLIENT,
         BYTES("\x01\x03"
               "a\xe3\x81\x80\x00"),
         ERR_PROTOCOL, 1007, "not UTF-8 at byte 1"},
        /* told before the message ends */
        {WEBSOCKET_CLIENT, BYTES("\x01\x02\xed\xa0"), ERR_PROTOCOL, 1007, "not UTF-8 at byte 0"},
        {WEBSOCKET_CLIENT, BYTES("\x01\x02\xc0\x80"), ERR_PROTOCOL, 1007, "not UTF-8 at byte 0"},
        {WEBSOCKET_CLIENT, BYTES("\x01\x02\xf4\x90"), ERR_PROTOCOL, 1007, "not UTF-8 at byte 0"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        check_refusal(&refusals[i], NULL);
}

static void what_is_too_large_is_refused_by_its_head(void **state)
{
    (void)state;
    const struct websocket_limits limits = {.message_bytes = 10, .frame_bytes = 8, .fragments = 3};
    static const struct refusal refusals[] = {
        {WEBSOCKET_CLIENT, BYTES("\x82\x09"), ERR_LIMIT, 1009, "a frame of 9 bytes, at most 8"},
        {WEBSOCKET_CLIENT, BYTES("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), ERR_LIMIT, 1009,
         "a frame of 9223372036854775807 bytes"},
        {WEBSOCKET_CLIENT,
         BYTES("\x02\x06"
               "123456\x80\x05"),
         ERR_LIMIT, 1009, "a message of more than 10 bytes"},
        {WEBSOCKET_CLIENT, BYTES("\x02\x00\x00\x00\x00\x00\x80\x00"), ERR_LIMIT, 1008,
         "a message of more than 3 fragments"},
    };
    static const struct refusal usual[] = {
        {WEBSOCKET_CLIENT, BYTES("\x82\x7e\x80\x01"), ERR_LIMIT, 1009, "a frame of 32769 bytes"},
    };
    struct peer client;
    struct websocket_event event;
    open_with(&client, WEBSOCKET_CLIENT, &limits);

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        check_refusal(&refusals[i], &limits);
    check_refusal(&usual[0], NULL);
    /* What is at the limits passes, again and again. */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(feed(&client,
                              view_make(BYTES("\x02\x08"
                                              "12345678\x00\x00")),
                              &event),
                         0);
        expect_event(&client,
                     view_make(BYTES("\x80\x02"
                                     "90")),
                     WEBSOCKET_MESSAGE, view_of("1234567890"));
    }
    close_side(&client);
}

static void a_flood_of_empty_fragments_ends(void **state)
{
    (void)state;
    struct peer client;
    struct websocket_event event;
    int fragments = 1;
    open_side(&client, WEBSOCKET_CLIENT);

    assert_int_equal(feed(&client, view_make(BYTES("\x02\x00")), &event), 0);
    while (feed(&client, view_make(BYTES("\x00\x00")), &event) == 0)
        fragments++;
    assert_int_equal(fragments, 16384);
    assert_int_equal(websocket_close_code(client.websocket), WEBSOCKET_POLICY);
    close_side(&client);
}

static void an_announced_length_takes_no_memory(void **state)
{
    (void)state;
    const struct websocket_limits limits = {.message_bytes = SIZE_MAX, .frame_bytes = SIZE_MAX};
    struct peer client;
    struct websocket_event event;
    open_with(&client, WEBSOCKET_CLIENT, &limits);

    mem_fail_at(1);
    assert_int_equal(
        feed(&client, view_make(BYTES("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff")), &event), 0);
    mem_fail_at(0);
    assert_int_equal(feed(&client, view_of("some"), &event), 0);
    close_side(&client);
}

static void a_close_is_answered_with_its_code_and_nothing_follows(void **state)
{
    (void)state;
    struct peer server;
    struct websocket_event event;
    struct view rest = view_make(BYTES("\x88\x85\0\0\0\0\x03\xe9"
                                       "bye\x81\x81\0\0\0\0x"));
    open_side(&server, WEBSOCKET_SERVER);

    assert_int_equal(websocket_send(server.websocket, WEBSOCKET_TEXT, view_of("last"), true, NULL),
                     0);
    assert_int_equal(websocket_feed(server.websocket, &rest, &event, NULL), 1);
    assert_int_equal(event.kind, WEBSOCKET_CLOSE);
    assert_int_equal(event.code, WEBSOCKET_GOING_AWAY);
    assert_true(view_is(event.bytes, "bye"));
    assert_true(websocket_is_over(server.websocket));
    assert_int_equal(websocket_feed(server.websocket, &rest, &event, NULL), 0);
    assert_int_equal(rest.len, 0);
    assert_int_equal(websocket_finish(server.websocket, NULL), 0);
    assert_int_equal(
        websocket_send(server.websocket, WEBSOCKET_TEXT, view_of("late"), true, &server.err),
        ERR_CLOSED);
    assert_int_equal(websocket_ping(server.websocket, view_of("late"), NULL), ERR_CLOSED);
    expect_out(&server, BYTES("\x81\x04last\x88\x02\x03\xe9"));
    close_side(&server);
}

static void a_close_without_code_is_one(void **state)
{
    (void)state;
    struct peer client;
    struct peer server;
    struct websocket_event event;
    open_side(&client, WEBSOCKET_CLIENT);
    open_side(&server, WEBSOCKET_SERVER);

    assert_int_equal(feed(&client, view_make(BYTES("\x88\x00")), &event), 1);
    assert_int_equal(event.code, WEBSOCKET_NO_CODE);
    assert_int_equal(websocket_close(server.websocket, 0, view_of(""), NULL), 0);
    assert_int_equal(websocket_close_code(server.websocket), WEBSOCKET_NO_CODE);
    expect_out(&server, BYTES("\x88\x00"));
    close_side(&client);
    close_side(&server);
}

static void after_our_close_the_peer_may_finish_what_it_says(void **state)
{
    (void)state;
    struct peer client;
    struct websocket_event event;
    open_side(&client, WEBSOCKET_CLIENT);

    assert_int_equal(
        websocket_close(client.websocket, WEBSOCKET_NORMAL, view_of("\xe3\x81\x82"), NULL), 0);
    assert_int_equal(websocket_close(client.websocket, WEBSOCKET_INTERNAL_ERROR, view_of(""), NULL),
                     0);
    assert_int_equal(websocket_close_code(client.websocket), WEBSOCKET_NORMAL);
    assert_int_equal(websocket_take(client.websocket, &client.out), 0);
    assert_int_equal(client.out.len, 2 + 4 + 2 + 3);
    assert_false(websocket_is_over(client.websocket));
    expect_event(&client, view_make(BYTES("\x81\x01x")), WEBSOCKET_MESSAGE, view_of("x"));
    expect_event(&client, view_make(BYTES("\x89\x00")), WEBSOCKET_PING, view_of(""));
    assert_false(websocket_wants_write(client.websocket));
    assert_int_equal(feed(&client, view_make(BYTES("\x88\x02\x03\xe8")), &event), 1);
    assert_false(websocket_wants_write(client.websocket));
    assert_true(websocket_is_over(client.websocket));
    close_side(&client);
}

static void a_close_that_cannot_be_is_not_said(void **state)
{
    (void)state;
    static const unsigned codes[] = {1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 66536};
    char reason[WEBSOCKET_REASON_MAX + 1];
    struct peer server;
    open_side(&server, WEBSOCKET_SERVER);

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_int_equal(websocket_close(server.websocket, codes[i], view_of(""), NULL),
                         ERR_INVALID);
    memset(reason, 'x', sizeof reason);
    assert_int_equal(
        websocket_close(server.websocket, 1000, view_make(reason, sizeof reason), NULL),
        ERR_INVALID);
    assert_int_equal(websocket_close(server.websocket, 1000, view_of("\xff"), NULL), ERR_INVALID);
    assert_int_equal(websocket_close(server.websocket, 0, view_of("why"), NULL), ERR_INVALID);
    assert_int_equal(websocket_close_code(server.websocket), 0);
    assert_int_equal(
        websocket_close(server.websocket, 4999, view_make(reason, WEBSOCKET_REASON_MAX), NULL), 0);
    close_side(&server);
}

static void a_connection_that_ends_without_close_is_lost(void **state)
{
    (void)state;
    struct peer client;
    struct websocket_event event;
    open_side(&client, WEBSOCKET_CLIENT);

    assert_int_equal(websocket_finish(client.websocket, &client.err), ERR_CLOSED);
    assert_non_null(strstr(client.err.text, "ended without a close frame"));
    assert_int_equal(feed(&client, view_make(BYTES("\x01\x01x")), &event), 0);
    assert_int_equal(websocket_finish(client.websocket, &client.err), ERR_CLOSED);
    assert_non_null(strstr(client.err.text, "within a message"));
    close_side(&client);
}

static void what_is_not_taken_is_bounded_and_later_fits_again(void **state)
{
    (void)state;
    const struct websocket_limits limits = {.queue_bytes = 64};
    char bytes[100] = {0};
    struct peer server;
    struct websocket *websocket;
    open_with(&server, WEBSOCKET_SERVER, &limits);
    websocket = server.websocket;

    assert_int_equal(websocket_send(websocket, WEBSOCKET_BINARY, view_make(bytes, 40), true, NULL),
                     0);
    assert_int_equal(
        websocket_send(websocket, WEBSOCKET_BINARY, view_make(bytes, 40), true, &server.err),
        ERR_BUSY);
    assert_non_null(strstr(server.err.text, "42 bytes wait"));
    assert_int_equal(websocket_ping(websocket, view_make(bytes, 40), NULL), ERR_BUSY);
    assert_int_equal(websocket_take(websocket, &server.out), 0);
    assert_int_equal(server.out.len, 42);
    assert_int_equal(websocket_send(websocket, WEBSOCKET_BINARY, view_make(bytes, 40), true, NULL),
                     0);
    assert_int_equal(websocket_take(websocket, &server.out), 0);
    assert_int_equal(
        websocket_send(websocket, WEBSOCKET_BINARY, view_make(bytes, 100), true, &server.err),
        ERR_LIMIT);
    assert_int_equal(websocket_ping(websocket, view_make(bytes, 126), NULL), ERR_INVALID);
    close_side(&server);
}

static void without_memory_it_fails_and_the_peer_is_told(void **state)
{
    (void)state;
    struct peer server;
    struct websocket_event event;
    struct strbuf none;
    open_side(&server, WEBSOCKET_SERVER);
    strbuf_init(&none, 100);

    mem_fail_at(1);
    assert_null(websocket_new(WEBSOCKET_SERVER, NULL, NULL));
    assert_int_equal(
        websocket_send(server.websocket, WEBSOCKET_TEXT, view_of("x"), true, &server.err),
        ERR_MEMORY);
    mem_fail_at(0);
    assert_int_equal(websocket_send(server.websocket, WEBSOCKET_TEXT, view_of("y"), true, NULL), 0);
    mem_fail_at(1);
    assert_int_equal(websocket_take(server.websocket, &none), ERR_MEMORY);
    assert_int_equal(feed(&server, view_make(BYTES("\x81\x81\0\0\0\0x")), &event), ERR_MEMORY);
    mem_fail_at(0);
    expect_out(&server, BYTES("\x81\x01y\x88\x19\x03\xf3no memory for a message"));
    strbuf_release(&none);
    close_side(&server);
}

/* All that allocates, once; the first error, or 0. */
static int converse(struct strbuf *out)
{
    static const char fragment[2 + 125] = "\x02\x7d";
    static const struct view end = VIEW("\x80\x01.");
    struct websocket_event event;
    struct rng rng;
    rng_init(&rng, 1);
    struct websocket *client = websocket_new(WEBSOCKET_CLIENT, NULL, &rng);

    if (client == NULL)
        return ERR_MEMORY;
    struct view rest = view_make(fragment, sizeof fragment);
    int code = websocket_feed(client, &rest, &event, NULL);
    rest = end;
    if (code == 0)
        code = websocket_feed(client, &rest, &event, NULL);
    if (code == 1)
        code = websocket_send(client, WEBSOCKET_BINARY, event.bytes, true, NULL);
    if (code == 0)
        code = websocket_ping(client, view_of("?"), NULL);
    if (code == 0)
        code = websocket_take(client, out);
    websocket_free(client);
    return code;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct strbuf out;
    unsigned long failed = 0;
    int code;
    strbuf_init(&out, OUT_BYTES_MAX);

    do {
        strbuf_release(&out);
        mem_fail_at(failed + 1);
        code = converse(&out);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        failed += code != 0;
    } while (code != 0);
    assert_in_range(failed, 4, 10);
    assert_int_equal(out.len, (6 + 2 + 126) + (6 + 1));
    strbuf_release(&out);
    websocket_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_specification_are_read),
        cmocka_unit_test(a_server_writes_bare_frames_as_short_as_can_be),
        cmocka_unit_test(a_client_masks_each_frame_by_a_key_of_its_own),
        cmocka_unit_test(long_messages_are_sent_in_frames_cut_between_characters),
        cmocka_unit_test(a_message_can_be_sent_in_pieces_with_pings_between),
        cmocka_unit_test(what_is_no_text_is_not_sent_as_text),
        cmocka_unit_test(control_frames_come_between_the_fragments_of_a_message),
        cmocka_unit_test(only_the_latest_ping_is_answered_and_a_flood_costs_no_memory),
        cmocka_unit_test(what_breaks_the_protocol_is_refused_by_name_and_the_peer_told),
        cmocka_unit_test(what_is_too_large_is_refused_by_its_head),
        cmocka_unit_test(a_flood_of_empty_fragments_ends),
        cmocka_unit_test(an_announced_length_takes_no_memory),
        cmocka_unit_test(a_close_is_answered_with_its_code_and_nothing_follows),
        cmocka_unit_test(a_close_without_code_is_one),
        cmocka_unit_test(after_our_close_the_peer_may_finish_what_it_says),
        cmocka_unit_test(a_close_that_cannot_be_is_not_said),
        cmocka_unit_test(a_connection_that_ends_without_close_is_lost),
        cmocka_unit_test(what_is_not_taken_is_bounded_and_later_fits_again),
        cmocka_unit_test(without_memory_it_fails_and_the_peer_is_told),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
