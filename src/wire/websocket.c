/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket: see websocket.h; this is the reading half, websocket_write.c the other. wslay gets a
 * frame's head when it is whole and judged, and never a byte past the frame, so that it cannot meet
 * what it would have to refuse, and *rest stays where the last event ended. */
#include "wire/websocket.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "wire/websocket_state.h"

enum {
    BITS_BYTES = 2, /* of a head: flags, opcode, mask, short length */
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    MASK = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    CODE_BYTES = 2,
};

static const struct websocket_limits defaults = {
    .message_bytes = 128 << 10,
    .frame_bytes = 32 << 10,
    .fragments = 16384,
    .queue_bytes = 1 << 20,
};

/* What a frame is by its opcode, and what its end means: 1 where ret_event is filled, 0 where there
 * is nothing to tell yet. */
struct opcode {
    const char *name; /* NULL: reserved */
    bool control;
    int (*end)(struct websocket *websocket, struct websocket_event *ret_event, struct err *reterr);
};

/* ---- the life of it ------------------------------------------------------------------------- */

static size_t first_set(size_t a, size_t b)
{
    return a != 0 ? a : b;
}

/* wslay's: gives it the judged head, then what there is of the payload. */
static ssize_t on_wanted(uint8_t *bytes, size_t len, int flags, void *user_data)
{
    struct websocket *websocket = user_data;
    struct view head = view_make(websocket->head + websocket->head_given,
                                 websocket->head_len - websocket->head_given);
    struct view source = head.len > 0 ? head : view_slice(*websocket->rest, 0, websocket->unread);
    size_t some = source.len < len ? source.len : len;

    (void)flags;
    if (some == 0)
        return -1; /* wslay's word for "not now" */
    memcpy(bytes, source.ptr, some);
    if (head.len > 0) {
        websocket->head_given += some;
    } else {
        websocket->unread -= some;
        *websocket->rest = view_slice(*websocket->rest, some, websocket->rest->len);
    }
    return (ssize_t)some;
}

struct websocket *websocket_new(enum websocket_side side, const struct websocket_limits *limits,
                                const struct rng *rng)
{
    static const struct wslay_frame_callbacks callbacks = {
        .send_callback = websocket_on_written,
        .recv_callback = on_wanted,
        .genmask_callback = websocket_on_mask,
    };
    struct websocket_limits set = limits != NULL ? *limits : defaults;
    struct websocket *websocket = mem_new(1, sizeof *websocket);

    assert_always(side == WEBSOCKET_SERVER || rng != NULL);
    if (websocket == NULL)
        return NULL;
    if (wslay_frame_context_init(&websocket->frames, &callbacks, websocket) != 0) {
        mem_free(websocket);
        return NULL;
    }
    websocket->side = side;
    websocket->limits = (struct websocket_limits){
        .message_bytes = first_set(set.message_bytes, defaults.message_bytes),
        .frame_bytes = first_set(set.frame_bytes, defaults.frame_bytes),
        .fragments = first_set(set.fragments, defaults.fragments),
        .queue_bytes = first_set(set.queue_bytes, defaults.queue_bytes),
    };
    if (rng != NULL)
        websocket->rng = *rng;
    strbuf_init(&websocket->message, websocket->limits.message_bytes);
    strbuf_init(&websocket->queue, websocket->limits.queue_bytes);
    return websocket;
}

void websocket_free(struct websocket *websocket)
{
    if (websocket == NULL)
        return;
    wslay_frame_context_free(websocket->frames);
    strbuf_release(&websocket->message);
    strbuf_release(&websocket->queue);
    mem_free(websocket);
}

bool websocket_is_over(const struct websocket *websocket)
{
    return websocket->failed != 0 || websocket->close_received;
}

int websocket_finish(const struct websocket *websocket, struct err *reterr)
{
    if (websocket->failed != 0)
        return fail(reterr, websocket->failed, "WebSocket: ended after an error");
    if (websocket->close_received)
        return 0;
    bool amidst = websocket->type != 0 || websocket->head_len > 0;
    return fail(reterr, ERR_CLOSED, "WebSocket: the connection ended %swithout a close frame",
                amidst ? "within a message or frame and " : "");
}

/* Tells the peer by a close frame and the caller by an error. */
static int PRINTF_LIKE(5, 6) refuse(struct websocket *websocket, struct err *reterr, int code,
                                    unsigned close_code, const char *format, ...)
{
    char text[WEBSOCKET_REASON_MAX + 1];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    websocket_say_close(websocket, close_code, view_of(text));
    return fail(reterr, code, "WebSocket: %s", text);
}

/* ---- what a frame's end means --------------------------------------------------------------- */

static int end_data(struct websocket *websocket, struct websocket_event *ret_event,
                    struct err *reterr)
{
    (void)reterr;
    if ((websocket->head[0] & FIN) == 0)
        return 0;
    *ret_event = (struct websocket_event){.kind = WEBSOCKET_MESSAGE,
                                          .type = (enum websocket_type)websocket->type,
                                          .bytes = strbuf_view(&websocket->message)};
    websocket->given = true;
    websocket->type = 0;
    websocket->checked = 0;
    websocket->fragments = 0;
    return 1;
}

static int end_ping(struct websocket *websocket, struct websocket_event *ret_event,
                    struct err *reterr)
{
    struct view bytes = view_make(websocket->control, websocket->control_len);

    (void)reterr;
    if (websocket->close_code == 0) {
        websocket->pong = (struct websocket_control){.due = true, .len = bytes.len};
        memcpy(websocket->pong.payload, bytes.ptr, bytes.len);
    }
    *ret_event = (struct websocket_event){.kind = WEBSOCKET_PING, .bytes = bytes};
    return 1;
}

static int end_pong(struct websocket *websocket, struct websocket_event *ret_event,
                    struct err *reterr)
{
    (void)reterr;
    *ret_event = (struct websocket_event){
        .kind = WEBSOCKET_PONG, .bytes = view_make(websocket->control, websocket->control_len)};
    return 1;
}

static int end_close(struct websocket *websocket, struct websocket_event *ret_event,
                     struct err *reterr)
{
    struct view payload = view_make(websocket->control, websocket->control_len);
    struct view reason = view_slice(payload, CODE_BYTES, payload.len);
    unsigned code = WEBSOCKET_NO_CODE;

    if (payload.len == 1)
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR,
                      "a close frame with half a code");
    if (payload.len >= CODE_BYTES)
        code = (unsigned)(unsigned char)payload.ptr[0] << 8 | (unsigned char)payload.ptr[1];
    if (payload.len >= CODE_BYTES && !websocket_is_code(code))
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR,
                      "a close frame with the code %u, which none may carry", code);
    if (!utf8_valid(reason, NULL))
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_INVALID_TEXT,
                      "a close frame whose reason is not UTF-8");
    websocket->close_received = true;
    websocket_say_close(websocket, code, (struct view){0});
    *ret_event = (struct websocket_event){.kind = WEBSOCKET_CLOSE, .bytes = reason, .code = code};
    return 1;
}

static const struct opcode opcodes[OPCODE + 1] = {
    [WSLAY_CONTINUATION_FRAME] = {"continuation", false, end_data},
    [WSLAY_TEXT_FRAME] = {"text", false, end_data},
    [WSLAY_BINARY_FRAME] = {"binary", false, end_data},
    [WSLAY_CONNECTION_CLOSE] = {"close", true, end_close},
    [WSLAY_PING] = {"ping", true, end_ping},
    [WSLAY_PONG] = {"pong", true, end_pong},
};

static const struct opcode *opcode_of(const struct websocket *websocket)
{
    return &opcodes[websocket->head[0] & OPCODE];
}

/* ---- heads ---------------------------------------------------------------------------------- */

static int judge_mask(struct websocket *websocket, struct err *reterr)
{
    bool masked = (websocket->head[1] & MASK) != 0;
    bool server = websocket->side == WEBSOCKET_SERVER;

    if (masked == server)
        return 0;
    return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR,
                  server ? "a client's frame was not masked" : "a server's frame was masked");
}

/* Of a control frame, its form; of another, whether it may come here. */
static int judge_place(struct websocket *websocket, struct err *reterr)
{
    const struct opcode *opcode = opcode_of(websocket);
    bool continues = (websocket->head[0] & OPCODE) == WSLAY_CONTINUATION_FRAME;
    const char *fault = NULL;

    if (opcode->control && (websocket->head[0] & FIN) == 0)
        fault = "in fragments";
    else if (opcode->control && (websocket->head[1] & LENGTH) > WEBSOCKET_CONTROL_MAX)
        fault = "of more than 125 bytes";
    else if (!opcode->control && continues && websocket->type == 0)
        fault = "without a message that it continues";
    else if (!opcode->control && !continues && websocket->type != 0)
        fault = "amidst the fragments of another message";
    if (fault == NULL)
        return 0;
    return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR, "a %s frame %s",
                  opcode->name, fault);
}

/* The first two bytes of a head. */
static int judge_bits(struct websocket *websocket, struct err *reterr)
{
    unsigned first = websocket->head[0];

    if ((first & RESERVED) != 0)
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR,
                      "a frame with reserved bits (0x%02x), though no extension was agreed to",
                      first & RESERVED);
    if (opcode_of(websocket)->name == NULL)
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR,
                      "a frame with the reserved opcode 0x%x", first & OPCODE);
    int code = judge_mask(websocket, reterr);
    return code != 0 ? code : judge_place(websocket, reterr);
}

/* The length as written, in 7, 16 or 64 bits. */
static int read_length(struct websocket *websocket, struct err *reterr)
{
    unsigned written = websocket->head[1] & LENGTH;
    size_t bytes = written == LENGTH_64 ? 8 : written == LENGTH_16 ? 2 : 0;
    uint64_t least = written == LENGTH_64 ? UINT64_C(1) << 16 : LENGTH_16;
    uint64_t length = bytes > 0 ? 0 : written;

    for (size_t i = 0; i < bytes; i++)
        length = length << 8 | websocket->head[BITS_BYTES + i];
    if (bytes > 0 && length < least)
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR,
                      "a length of %llu that is not written as short as can be",
                      (unsigned long long)length);
    if (length > INT64_MAX)
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_PROTOCOL_ERROR,
                      "a length of %llu, past 63 bits", (unsigned long long)length);
    websocket->length = length;
    return 0;
}

static int judge_size(struct websocket *websocket, struct err *reterr)
{
    const struct websocket_limits *limits = &websocket->limits;

    if (opcode_of(websocket)->control)
        return 0;
    if (websocket->length > limits->frame_bytes)
        return refuse(websocket, reterr, ERR_LIMIT, WEBSOCKET_TOO_BIG,
                      "a frame of %llu bytes, at most %zu may be",
                      (unsigned long long)websocket->length, limits->frame_bytes);
    if (websocket->length > limits->message_bytes - websocket->message.len)
        return refuse(websocket, reterr, ERR_LIMIT, WEBSOCKET_TOO_BIG,
                      "a message of more than %zu bytes", limits->message_bytes);
    if (websocket->fragments >= limits->fragments)
        return refuse(websocket, reterr, ERR_LIMIT, WEBSOCKET_POLICY,
                      "a message of more than %zu fragments", limits->fragments);
    return 0;
}

/* How long the head is, as far as that is known. */
static size_t head_bytes(const struct websocket *websocket)
{
    unsigned length = websocket->head[1] & LENGTH;

    if (websocket->head_len < BITS_BYTES)
        return BITS_BYTES;
    return BITS_BYTES
           + (length == LENGTH_16   ? 2u
              : length == LENGTH_64 ? 8u
                                    : 0u)
           + ((websocket->head[1] & MASK) != 0 ? 4u : 0u);
}

/* 1 where the head is whole and nothing is wrong with it. */
static int read_head(struct websocket *websocket, struct view *rest, struct err *reterr)
{
    int code = 0;

    while (code == 0 && websocket->head_len < head_bytes(websocket)) {
        if (rest->len == 0)
            return 0;
        websocket->head[websocket->head_len++] = (unsigned char)rest->ptr[0];
        *rest = view_slice(*rest, 1, rest->len);
        if (websocket->head_len == BITS_BYTES)
            code = judge_bits(websocket, reterr);
    }
    if (code == 0)
        code = read_length(websocket, reterr);
    if (code == 0)
        code = judge_size(websocket, reterr);
    return code == 0 ? 1 : code;
}

static void begin_payload(struct websocket *websocket)
{
    unsigned opcode = websocket->head[0] & OPCODE;

    websocket->in_payload = true;
    websocket->unread = websocket->length;
    websocket->missing = websocket->length;
    if (opcode_of(websocket)->control) {
        websocket->control_len = 0;
        return;
    }
    if (opcode != WSLAY_CONTINUATION_FRAME)
        websocket->type = opcode;
    websocket->fragments++;
}

/* ---- payloads ------------------------------------------------------------------------------- */

/* Text is judged as it comes; a character that a cut splits, when it is whole. */
static int check_text(struct websocket *websocket, struct err *reterr)
{
    struct view text = strbuf_view(&websocket->message);
    bool last = websocket->missing == 0 && (websocket->head[0] & FIN) != 0;
    size_t until = text.len - (last ? 0 : utf8_tail(text));
    size_t bad_at = 0;

    if (!utf8_valid(view_slice(text, websocket->checked, until), &bad_at))
        return refuse(websocket, reterr, ERR_PROTOCOL, WEBSOCKET_INVALID_TEXT,
                      "a text message that is not UTF-8 at byte %zu", websocket->checked + bad_at);
    websocket->checked = until;
    return 0;
}

static int take_piece(struct websocket *websocket, struct view piece, struct err *reterr)
{
    websocket->missing -= piece.len;
    if (opcode_of(websocket)->control) {
        memcpy(websocket->control + websocket->control_len, piece.ptr, piece.len);
        websocket->control_len += piece.len;
        return 0;
    }
    strbuf_add(&websocket->message, piece);
    if (strbuf_status(&websocket->message) != 0)
        return refuse(websocket, reterr, strbuf_status(&websocket->message),
                      WEBSOCKET_INTERNAL_ERROR, "no memory for a message");
    return websocket->type == WEBSOCKET_TEXT ? check_text(websocket, reterr) : 0;
}

/* Some of the payload: 1 where it ends and makes an event, 0 where it ends without or where more
 * bytes are wanted. */
static int read_payload(struct websocket *websocket, struct websocket_event *ret_event,
                        struct err *reterr)
{
    struct wslay_frame_iocb frame = {0};
    ssize_t got = wslay_frame_recv(websocket->frames, &frame);

    if (got == WSLAY_ERR_WANT_READ)
        return 0;
    assert_always(got >= 0 && frame.payload_length == websocket->length);
    int code = take_piece(websocket, view_make(frame.data, frame.data_length), reterr);
    if (code != 0 || websocket->missing > 0)
        return code;
    websocket->in_payload = false;
    websocket->head_len = 0;
    websocket->head_given = 0;
    return opcode_of(websocket)->end(websocket, ret_event, reterr);
}

static int read_frames(struct websocket *websocket, struct websocket_event *ret_event,
                       struct err *reterr)
{
    int code = 0;

    while (code == 0) {
        if (!websocket->in_payload) {
            code = read_head(websocket, websocket->rest, reterr);
            if (code != 1)
                return code;
            begin_payload(websocket);
        } else if (websocket->rest->len == 0) {
            return 0;
        }
        code = read_payload(websocket, ret_event, reterr);
    }
    return code;
}

int websocket_feed(struct websocket *websocket, struct view *rest,
                   struct websocket_event *ret_event, struct err *reterr)
{
    struct websocket_event event;

    if (websocket->failed != 0)
        return fail(reterr, websocket->failed, "WebSocket: fed after an error");
    if (websocket->given) {
        strbuf_reset(&websocket->message);
        websocket->given = false;
    }
    if (websocket->close_received) {
        *rest = view_slice(*rest, rest->len, rest->len);
        return 0;
    }
    websocket->rest = rest;
    int code = read_frames(websocket, &event, reterr);
    websocket->rest = NULL;
    if (code == 1)
        *ret_event = event;
    else
        websocket->failed = code;
    return code;
}
