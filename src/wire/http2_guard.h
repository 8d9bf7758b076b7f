/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_guard: follows the frames of one HTTP/2 connection by their headers alone and says when the
 * peer makes more work than it has a right to, before anything else looks at the frame.
 *
 * Each kind of cheap frame has a budget; frames that do something useful fill it up again, up to
 * where it began, and so does the time that a driver tells (http2_tick). The budgets stand in one
 * table in http2_guard.c. What has a fixed limit: the frames and bytes of one header block. What is
 * refused outright, because nghttp2 lets it pass: pushed streams, frames on streams that the peer
 * itself ended, numbers of streams that go backwards, priorities on stream 0 or on itself.
 *
 * Memory: a value of about 1.5 KiB. Threads: one owner. Source: RFC 9113, section 10.5; the attacks
 * known as rapid reset (CVE-2023-44487), CONTINUATION flood (CVE-2024-27316), made-you-reset
 * (CVE-2025-8671), and the ping, settings, empty-frame and priority floods (CVE-2019-9511 to 9518).
 * */
#ifndef ASSAY_WIRE_HTTP2_GUARD_H
#define ASSAY_WIRE_HTTP2_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

/* What a peer can spend. */
enum http2_spent {
    HTTP2_SPENT_RESETS,     /* a request cancelled, or one that had to be refused */
    HTTP2_SPENT_PINGS,      /* a PING, or an answer to none */
    HTTP2_SPENT_SETTINGS,   /* a SETTINGS frame that is no acknowledgement */
    HTTP2_SPENT_PRIORITIES, /* a PRIORITY frame */
    HTTP2_SPENT_WINDOWS,    /* a WINDOW_UPDATE frame */
    HTTP2_SPENT_EMPTY,      /* a DATA frame that carries and ends nothing */
    HTTP2_SPENT_OTHER,      /* any other frame that changes nothing */
    HTTP2_SPENT_END,
};

/* What gives it back. */
enum http2_earned {
    HTTP2_EARNED_HEAD,   /* the head of a message came */
    HTTP2_EARNED_BODY,   /* bytes of a body came */
    HTTP2_EARNED_SENT,   /* a frame of a body of ours went out */
    HTTP2_EARNED_CLOSED, /* a stream ended well */
    HTTP2_EARNED_TIME,   /* a second passed */
    HTTP2_EARNED_END,
};

enum {
    HTTP2_CONTINUATIONS_MAX = 8, /* of one header block */
    HTTP2_SEEN_MAX = 128,        /* streams whose end is remembered */
    HTTP2_FRAME_HEADER_BYTES = 9,
    HTTP2_PREFACE_BYTES = 24,
};

struct http2_frame {
    uint8_t type;
    uint8_t flags;
    uint32_t length;
    uint32_t stream;
};

/* What was done wrong: code is ERR_PROTOCOL or ERR_LIMIT, goaway one of enum http2_code. */
struct http2_wrong {
    int code;
    uint32_t goaway;
    const char *text; /* "sent more PING frames than …", after "the client" or "the server" */
};

/* A stream that was opened. */
struct http2_seen {
    uint32_t stream;
    bool ended; /* by the peer: END_STREAM or RST_STREAM */
};

struct http2_guard {
    bool server;
    size_t block_bytes_max;
    uint32_t budget[HTTP2_SPENT_END];
    /* where in the stream of bytes we are */
    size_t preface_left;
    unsigned char header[HTTP2_FRAME_HEADER_BYTES];
    size_t header_len;
    struct http2_frame frame;
    uint32_t payload_left;
    unsigned char priority[4]; /* the stream that a PRIORITY frame names */
    /* the header block under way, or the last one */
    size_t block_bytes;
    unsigned continuations;
    /* the last streams opened, oldest overwritten first */
    struct http2_seen seen[HTTP2_SEEN_MAX];
    size_t opened;
};

/* block_bytes_max: of one header block as it is on the wire. */
void http2_guard_init(struct http2_guard *guard, bool server, size_t block_bytes_max);

/* Takes bytes from the front of *rest and gives what may be looked at in one go: a frame's header,
 * whole, or some of its payload; empty where a header is not whole yet. NULL, or what is wrong. */
const struct http2_wrong *http2_guard_next(struct http2_guard *guard, struct view *rest,
                                           struct view *ret_piece);

/* True inside a frame or the preface. */
bool http2_guard_cut(const struct http2_guard *guard);

/* True where a header block was begun and its last frame has not come. */
bool http2_guard_in_block(const struct http2_guard *guard);

/* True where some of a frame's payload has been read, and not all. */
bool http2_guard_in_payload(const struct http2_guard *guard);

/* A client opened a stream. What its peer opens, a server sees by itself. */
void http2_guard_opened(struct http2_guard *guard, uint32_t stream);

/* NULL, or what is wrong, where the budget is used up. */
const struct http2_wrong *http2_guard_spend(struct http2_guard *guard, enum http2_spent what);
void http2_guard_earn(struct http2_guard *guard, enum http2_earned what);

#endif
