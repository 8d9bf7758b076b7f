/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_websocket: any bytes read as either side of a WebSocket give, in two pieces and byte by
 * byte, the same events, the same error and the same answer as whole; the other side accepts that
 * answer; and the messages that were read, sent again, read the same. The first byte says where to
 * cut, the second which side reads and whether the limits are small. */
#include "websocket_record.h"

static const struct websocket_limits small = {
    .message_bytes = 12, .frame_bytes = 8, .fragments = 4, .queue_bytes = 64};

static const struct stream_cuts uncut = {.count = 0};

static enum websocket_side other(enum websocket_side side)
{
    return side == WEBSOCKET_SERVER ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER;
}

/* Sends what came, as the other side would have, in one frame each. */
static void send_again(struct view bytes, enum websocket_side side, struct strbuf *out,
                       struct strbuf *ret_events)
{
    struct rng rng;
    struct websocket_event event;
    rng_init(&rng, WEBSOCKET_RECORD_SEED);
    struct websocket *reads = websocket_new(side, NULL, &rng);
    struct websocket *sends = websocket_new(other(side), NULL, &rng);
    assert_always(reads != NULL && sends != NULL);

    while (websocket_feed(reads, &bytes, &event, NULL) == 1) {
        if (event.kind != WEBSOCKET_MESSAGE)
            continue;
        websocket_record_event(&event, ret_events);
        int code = websocket_send(sends, event.type, event.bytes, true, NULL);
        assert_always(code == 0);
        code = websocket_take(sends, out);
        assert_always(code == 0);
    }
    websocket_free(reads);
    websocket_free(sends);
}

static void check_messages(struct view bytes, enum websocket_side side)
{
    struct strbuf sent;
    struct strbuf again;
    struct strbuf first;
    struct strbuf second;
    strbuf_init(&sent, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&again, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&first, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&second, STREAM_RECORD_BYTES_MAX);

    send_again(bytes, side, &sent, &first);
    send_again(strbuf_view(&sent), side, &again, &second);
    assert_always(view_equal(strbuf_view(&first), strbuf_view(&second)));
    strbuf_release(&sent);
    strbuf_release(&again);
    strbuf_release(&first);
    strbuf_release(&second);
}

static void check_cuts(struct view bytes, enum websocket_side side,
                       const struct websocket_limits *limits, size_t at)
{
    const struct stream_cuts cuts[] = {{.at = &at, .count = 1}, {.every_byte = true}};
    struct strbuf whole;
    struct strbuf pieces;
    struct strbuf answer;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&pieces, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&answer, STREAM_RECORD_BYTES_MAX);

    int code = websocket_record(bytes, side, limits, &uncut, &whole, &answer);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        strbuf_reset(&pieces);
        assert_always(websocket_record(bytes, side, limits, &cuts[i], &pieces, NULL) == code);
        assert_always(view_equal(strbuf_view(&whole), strbuf_view(&pieces)));
    }
    strbuf_reset(&pieces);
    code = websocket_record(strbuf_view(&answer), other(side), NULL, &uncut, &pieces, NULL);
    assert_always(code == 0);
    strbuf_release(&whole);
    strbuf_release(&pieces);
    strbuf_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct view bytes = view_make(data + 2, size - 2);
    enum websocket_side side = data[1] % 2 == 0 ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER;

    check_cuts(bytes, side, data[1] % 4 >= 2 ? &small : NULL,
               data[0] < bytes.len ? data[0] : bytes.len);
    check_messages(bytes, side);
    return 0;
}
