/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket_write: the writing half of websocket.h. Frames of messages and pings are made when they
 * are queued; a pong and the close frame when they are taken, so that the latest ping is answered
 * and nothing follows the close. Room is made before wslay writes, so it never stops midway. */
#include "wire/websocket_state.h"

#include "base/utf8.h"

enum { CODE_BYTES = 2, SHORT_HEAD_BYTES = 2, KEY_BYTES = 4 };

ssize_t websocket_on_written(const uint8_t *bytes, size_t len, int flags, void *user_data)
{
    struct websocket *websocket = user_data;

    (void)flags;
    strbuf_add(websocket->out, view_make(bytes, len));
    return (ssize_t)len;
}

int websocket_on_mask(uint8_t *key, size_t len, void *user_data)
{
    struct websocket *websocket = user_data;
    uint64_t random = rng_next(&websocket->rng);

    assert_always(len == KEY_BYTES);
    memcpy(key, &random, len);
    return 0;
}

/* Appends a frame to `out`, which has room for it. */
static void put_frame(struct websocket *websocket, struct strbuf *out, unsigned opcode, bool fin,
                      struct view payload)
{
    struct wslay_frame_iocb frame = {
        .fin = fin,
        .opcode = (uint8_t)opcode,
        .payload_length = payload.len,
        .mask = websocket->side == WEBSOCKET_CLIENT,
        .data = (const uint8_t *)payload.ptr,
        .data_length = payload.len,
    };

    websocket->out = out;
    ssize_t sent = wslay_frame_send(websocket->frames, &frame);
    websocket->out = NULL;
    assert_always(sent >= 0 && (size_t)sent == payload.len && strbuf_status(out) == 0);
}

/* ---- messages and pings --------------------------------------------------------------------- */

static int check_open(const struct websocket *websocket, struct err *reterr)
{
    if (websocket->failed != 0)
        return fail(reterr, ERR_CLOSED, "WebSocket: nothing can be sent after an error");
    if (websocket->close_code != 0)
        return fail(reterr, ERR_CLOSED, "WebSocket: nothing can be sent after the close frame");
    return 0;
}

/* The queue holds no more: goes back to what it was, and says why. */
static int give_up(struct websocket *websocket, size_t before, size_t len, struct err *reterr)
{
    int code = strbuf_status(&websocket->queue);
    size_t limit = websocket->limits.queue_bytes;

    strbuf_cut(&websocket->queue, before);
    websocket->queue.status = 0; /* what is queued stays, and later frames may fit */
    if (code == ERR_MEMORY)
        return fail(reterr, code, "WebSocket: no memory to send %zu bytes", len);
    if (before > 0)
        return fail(reterr, ERR_BUSY,
                    "WebSocket: %zu bytes wait to be sent, and %zu more would pass %zu", before,
                    len, limit);
    return fail(reterr, ERR_LIMIT,
                "WebSocket: %zu bytes at once, at most %zu with their frames may be sent", len,
                limit);
}

/* How many bytes of the piece go into the next frame: text is cut between characters. */
static size_t frame_len(const struct websocket *websocket, enum websocket_type type,
                        struct view piece)
{
    size_t most = websocket->limits.frame_bytes;
    size_t whole = type == WEBSOCKET_TEXT ? utf8_cut(piece, most).len : 0;

    if (piece.len <= most)
        return piece.len;
    return whole > 0 ? whole : most;
}

int websocket_send(struct websocket *websocket, enum websocket_type type, struct view bytes,
                   bool fin, struct err *reterr)
{
    struct strbuf *queue = &websocket->queue;
    size_t before = queue->len;
    size_t bad_at = 0;
    unsigned opcode = websocket->sending != 0 ? WSLAY_CONTINUATION_FRAME : (unsigned)type;
    int code = check_open(websocket, reterr);

    if (code != 0)
        return code;
    if (websocket->sending != 0 && websocket->sending != (unsigned)type)
        return fail(reterr, ERR_INVALID, "WebSocket: a piece of another type amidst a message");
    if (type == WEBSOCKET_TEXT && !utf8_valid(bytes, &bad_at))
        return fail(reterr, ERR_INVALID, "WebSocket: text to be sent is not UTF-8 at byte %zu",
                    bad_at);
    struct view rest = bytes;
    do {
        struct view payload = view_slice(rest, 0, frame_len(websocket, type, rest));
        if (strbuf_room(queue, WEBSOCKET_HEAD_MAX + payload.len) == NULL)
            return give_up(websocket, before, bytes.len, reterr);
        rest = view_slice(rest, payload.len, rest.len);
        put_frame(websocket, queue, opcode, fin && rest.len == 0, payload);
        opcode = WSLAY_CONTINUATION_FRAME;
    } while (rest.len > 0);
    websocket->sending = fin ? 0 : (unsigned)type;
    return 0;
}

int websocket_ping(struct websocket *websocket, struct view bytes, struct err *reterr)
{
    size_t before = websocket->queue.len;
    int code = check_open(websocket, reterr);

    if (code != 0)
        return code;
    if (bytes.len > WEBSOCKET_PING_MAX)
        return fail(reterr, ERR_INVALID, "WebSocket: a ping with %zu bytes, at most %d may be",
                    bytes.len, WEBSOCKET_PING_MAX);
    if (strbuf_room(&websocket->queue, WEBSOCKET_HEAD_MAX + bytes.len) == NULL)
        return give_up(websocket, before, bytes.len, reterr);
    put_frame(websocket, &websocket->queue, WSLAY_PING, true, bytes);
    return 0;
}

/* ---- closing -------------------------------------------------------------------------------- */

bool websocket_is_code(unsigned code)
{
    static const struct {
        unsigned from;
        unsigned to;
    } ranges[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}}; /* RFC 6455, 7.4; IANA's registry */

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].from && code <= ranges[i].to)
            return true;
    }
    return false;
}

void websocket_say_close(struct websocket *websocket, unsigned code, struct view reason)
{
    struct websocket_control *close = &websocket->close;
    struct view cut = utf8_cut(reason, WEBSOCKET_REASON_MAX);

    if (websocket->close_code != 0)
        return;
    websocket->close_code = code;
    close->due = true;
    if (code == WEBSOCKET_NO_CODE)
        return;
    close->payload[0] = (char)(unsigned char)(code >> 8);
    close->payload[1] = (char)(unsigned char)(code & 0xffu);
    if (cut.len > 0)
        memcpy(close->payload + CODE_BYTES, cut.ptr, cut.len);
    close->len = CODE_BYTES + cut.len;
}

int websocket_close(struct websocket *websocket, unsigned code, struct view reason,
                    struct err *reterr)
{
    if (code == 0 ? reason.len > 0 : !websocket_is_code(code))
        return fail(reterr, ERR_INVALID, "WebSocket: a close frame cannot carry the code %u%s",
                    code, code == 0 ? " with a reason" : "");
    if (reason.len > WEBSOCKET_REASON_MAX || !utf8_valid(reason, NULL))
        return fail(reterr, ERR_INVALID,
                    "WebSocket: the reason of a close frame is UTF-8 of at most %d bytes",
                    WEBSOCKET_REASON_MAX);
    websocket_say_close(websocket, code == 0 ? WEBSOCKET_NO_CODE : code, reason);
    return 0;
}

unsigned websocket_close_code(const struct websocket *websocket)
{
    return websocket->close_code;
}

/* ---- taking --------------------------------------------------------------------------------- */

static size_t control_bytes(const struct websocket *websocket,
                            const struct websocket_control *control)
{
    size_t key = websocket->side == WEBSOCKET_CLIENT ? KEY_BYTES : 0;

    return control->due ? SHORT_HEAD_BYTES + key + control->len : 0;
}

static size_t waiting_bytes(const struct websocket *websocket)
{
    return websocket->queue.len + control_bytes(websocket, &websocket->pong)
           + control_bytes(websocket, &websocket->close);
}

static void put_control(struct websocket *websocket, struct strbuf *out, unsigned opcode,
                        struct websocket_control *control)
{
    if (control->due)
        put_frame(websocket, out, opcode, true, view_make(control->payload, control->len));
    control->due = false;
}

bool websocket_wants_write(const struct websocket *websocket)
{
    return waiting_bytes(websocket) > 0;
}

int websocket_take(struct websocket *websocket, struct strbuf *out)
{
    if (strbuf_room(out, waiting_bytes(websocket)) == NULL)
        return strbuf_status(out);
    strbuf_add(out, strbuf_view(&websocket->queue));
    strbuf_reset(&websocket->queue);
    put_control(websocket, out, WSLAY_PONG, &websocket->pong);
    put_control(websocket, out, WSLAY_CONNECTION_CLOSE, &websocket->close);
    return 0;
}
