/* SPDX-License-Identifier: Apache-2.0
 *
 * websocket_state: what the reading and the writing half of the WebSocket codec share. For
 * websocket.c and websocket_write.c only. Threads: one owner. */
#ifndef ASSAY_WIRE_WEBSOCKET_STATE_H
#define ASSAY_WIRE_WEBSOCKET_STATE_H

#include <wslay/wslay.h>

#include "wire/websocket.h"

enum {
    WEBSOCKET_HEAD_MAX = 14, /* 2 bytes, a length of 8, a masking key of 4 */
    WEBSOCKET_CONTROL_MAX = 125,
};

/* A control frame that waits to be sent. */
struct websocket_control {
    bool due;
    char payload[WEBSOCKET_CONTROL_MAX];
    size_t len;
};

struct websocket {
    enum websocket_side side;
    struct websocket_limits limits;
    struct rng rng; /* of masking keys */
    wslay_frame_context_ptr frames;

    /* ---- the frame that is being read ---- */
    unsigned char head[WEBSOCKET_HEAD_MAX];
    size_t head_len;
    size_t head_given; /* bytes of it that wslay has */
    bool in_payload;   /* the head is whole and judged */
    uint64_t length;   /* of the payload */
    uint64_t unread;   /* bytes of it that wslay does not have yet */
    uint64_t missing;  /* bytes of it that wslay has not given back yet */
    struct view *rest; /* what websocket_feed was given, while it runs */

    /* ---- the message that is being read ---- */
    unsigned type; /* an enum websocket_type; 0: none */
    struct strbuf message;
    size_t checked; /* bytes of a text that are known to be UTF-8 */
    size_t fragments;
    bool given;                          /* the event handed out lies in `message` */
    char control[WEBSOCKET_CONTROL_MAX]; /* a control frame's payload */
    size_t control_len;
    bool close_received;
    int failed; /* the error that every further feed returns */

    /* ---- what is to be sent ---- */
    struct strbuf queue;
    struct strbuf *out; /* where wslay writes, while it does */
    unsigned sending;   /* the type of the message whose last piece is still to come; 0: none */
    struct websocket_control pong;
    struct websocket_control close;
    unsigned close_code; /* of our close frame; 0: none was said */
};

/* May a close frame carry this code? */
bool websocket_is_code(unsigned code);

/* Makes our close frame due, unless one was said already; the reason is cut where it is too long.
 * WEBSOCKET_NO_CODE: without code. */
void websocket_say_close(struct websocket *websocket, unsigned code, struct view reason);

/* wslay's: hands bytes of a frame to where `out` points, which has room for them. */
ssize_t websocket_on_written(const uint8_t *bytes, size_t len, int flags, void *user_data);

/* wslay's: a masking key. */
int websocket_on_mask(uint8_t *key, size_t len, void *user_data);

#endif
