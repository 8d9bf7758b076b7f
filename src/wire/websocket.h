/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket: the frames of a WebSocket connection after its handshake (websocket_handshake.h), both
 * sides, read and written.
 *
 *     feed  ──▶ MESSAGE │ PING │ PONG │ CLOSE        send, ping, close ──▶ take
 *
 *     frame   FIN RSV1-3 opcode │ MASK length-7 │ length-16 or -64? │ masking key? │ payload
 *
 * Messages are handed out whole: what clients and servers of chats exchange is small, and text can
 * be judged only whole. Control frames are seen also between the fragments of a message. A ping is
 * answered and a close is answered here; the events only tell. After an error the close frame that
 * RFC 6455 asks for (1002, 1007, 1008 or 1009) waits in the output: take it, send it, close.
 *
 * The head of a frame is collected and judged here, so that its error has a name and comes before
 * the payload; wslay then reads and unmasks the frame, and writes ours. No extension: a reserved
 * bit is an error.
 *
 * What it does not do: compress, send, keep time (who pings when, how long to wait for a close).
 * Memory: about 5 KiB with wslay's own; a message as far as it arrived, never as long as announced;
 * what waits to be taken. A flood of pings costs nothing: only the latest that was not answered yet
 * is (RFC 6455, section 5.5.3).
 * Threads: one owner. Limits: struct websocket_limits. Source: RFC 6455. */
#ifndef ASSAY_WIRE_WEBSOCKET_H
#define ASSAY_WIRE_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "base/view.h"

enum websocket_side {
    WEBSOCKET_SERVER, /* reads masked frames and writes them bare */
    WEBSOCKET_CLIENT, /* the other way round */
};

enum {
    WEBSOCKET_REASON_MAX = 123, /* bytes of a close frame's reason */
    WEBSOCKET_PING_MAX = 125,   /* bytes that a ping may carry */
};

/* 0 in any field: the default in brackets, which are Amazon API Gateway's where it has one. What is
 * read past one of them is ERR_LIMIT. */
struct websocket_limits {
    size_t message_bytes; /* [128 KiB] a message that is read */
    size_t frame_bytes;   /* [32 KiB] the payload of a frame that is read; longer pieces that are
                           * sent are cut into frames of this size */
    size_t fragments;     /* [16,384] frames of one message that is read */
    size_t queue_bytes;   /* [1 MiB] frames that wait to be taken */
};

/* As on the wire. */
enum websocket_type {
    WEBSOCKET_TEXT = 1, /* valid UTF-8 */
    WEBSOCKET_BINARY = 2,
};

/* The codes of close frames that matter here (RFC 6455, section 7.4.1). */
enum websocket_code {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED_DATA = 1003,
    WEBSOCKET_NO_CODE = 1005, /* never on the wire: a close frame without a code */
    WEBSOCKET_LOST = 1006,    /* never on the wire: a connection that ended without close frame */
    WEBSOCKET_INVALID_TEXT = 1007,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_BIG = 1009,
    WEBSOCKET_INTERNAL_ERROR = 1011,
};

enum websocket_event_kind {
    WEBSOCKET_MESSAGE,
    WEBSOCKET_PING,  /* answered already */
    WEBSOCKET_PONG,  /* answers a ping of ours, or comes unasked */
    WEBSOCKET_CLOSE, /* answered already; nothing follows */
};

/* Views hold until the next websocket_feed. */
struct websocket_event {
    enum websocket_event_kind kind;
    enum websocket_type type; /* of MESSAGE */
    struct view bytes;        /* the message; what a PING or PONG carries; the reason of CLOSE */
    unsigned code;            /* of CLOSE: the peer's, WEBSOCKET_NO_CODE where it gave none */
};

struct websocket;

/* limits may be NULL: the defaults. `rng` is copied; a client draws masking keys from it, so that
 * whoever opens real connections seeds it from the system's randomness; a server may pass NULL.
 * NULL when memory ran out. */
struct websocket *websocket_new(enum websocket_side side, const struct websocket_limits *limits,
                                const struct rng *rng);
void websocket_free(struct websocket *websocket);

/* Takes bytes from the front of *rest until one event is there: 1 and ret_event filled; 0 when
 * *rest is used up without one; ERR_PROTOCOL, ERR_LIMIT, ERR_MEMORY with reterr (may be NULL), and
 * then for ever. What comes after a CLOSE is dropped. */
MUST_CHECK int websocket_feed(struct websocket *websocket, struct view *rest,
                              struct websocket_event *ret_event, struct err *reterr);

/* The peer sends no more: 0 after its close frame, ERR_CLOSED before, or the error there was. */
MUST_CHECK int websocket_finish(const struct websocket *websocket, struct err *reterr);

/* Queues a message, or with fin false a piece of one that more pieces of the same type follow; each
 * piece of TEXT ends between characters. ERR_INVALID (another type amidst a message, text that is
 * not UTF-8), ERR_CLOSED after a close frame or an error, ERR_BUSY past queue_bytes (take, then
 * send again), ERR_MEMORY: nothing is queued then. */
MUST_CHECK int websocket_send(struct websocket *websocket, enum websocket_type type,
                              struct view bytes, bool fin, struct err *reterr);

/* Queues a ping with at most WEBSOCKET_PING_MAX bytes, which the pong will carry back. Errors as of
 * websocket_send. */
MUST_CHECK int websocket_ping(struct websocket *websocket, struct view bytes, struct err *reterr);

/* Queues a close frame behind all that is queued; code 0: without code, and then without reason. No
 * more can be sent; what the peer sends before its own CLOSE still comes as events. Saying it again
 * does nothing. ERR_INVALID for a code that no frame may carry, a reason of over
 * WEBSOCKET_REASON_MAX bytes or one that is not UTF-8. */
MUST_CHECK int websocket_close(struct websocket *websocket, unsigned code, struct view reason,
                               struct err *reterr);

/* True where websocket_take has something to give. */
bool websocket_wants_write(const struct websocket *websocket);

/* Moves all that waits to be sent to the end of `out`: frames in order, then the answer to a ping,
 * then the close frame. On `out`'s failure (returned) all of it still waits. */
MUST_CHECK int websocket_take(struct websocket *websocket, struct strbuf *out);

/* True where both sides have said CLOSE, or feed has failed: flush what is to be taken, then close
 * (RFC 6455, section 7.1.1: the server at once; a client waits a little for the server). */
bool websocket_is_over(const struct websocket *websocket);

/* The code of our close frame, queued or taken; WEBSOCKET_NO_CODE of one without; 0 of none. */
unsigned websocket_close_code(const struct websocket *websocket);

#endif
