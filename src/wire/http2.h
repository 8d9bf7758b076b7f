/* SPDX-License-Identifier: Apache-2.0
 *
 * http2: HTTP/2 over bytes, client and server, on top of nghttp2: many messages on one connection,
 * as events, and the writer of requests, answers and bodies.
 *
 *     feed ──▶ HEAD ──▶ BODY* ──▶ END ──▶ CLOSED     a stream; RESET in any place ends it instead
 *          ──▶ CAPACITY, GOAWAY, PONG                the connection
 *     send ──▶ take ──▶ bytes for the peer           and WRITABLE, CLOSED, which feed gives
 *
 * Every stream that the caller knows (it opened it, or HEAD named it) ends with exactly one of
 * RESET and CLOSED, or by the caller's own http2_reset. Whatever was called, take afterwards what
 * is to be sent; whatever was fed or taken, feed (with nothing, if need be) until it returns 0.
 *
 * A peer can make work in more ways than by asking: opening streams and cancelling them, header
 * blocks that never end, pings, settings, empty frames, windows opened by a byte. Each has a budget
 * (http2_guard.h) that useful frames fill up again, since there is no clock here; a driver that has
 * one says http2_tick once a second. Past a budget the connection ends with a text that says what
 * the peer did.
 *
 * nghttp2 (1.52) reads the clock in one place, the rate limit of streams that a server's peer
 * resets; it is given a budget that no count can use up, so that the clock decides nothing. Its
 * memory comes from base/mem, under a ceiling.
 *
 * What it does not do: the upgrade from HTTP/1.1 (h2c is by prior knowledge), server push,
 * priorities (read and forgotten, RFC 9113, section 5.3), extended CONNECT, trailers (bounded,
 * checked and dropped), time anything.
 * Memory: nghttp2's state, about 20 KiB, one head, per stream what waits to be sent. Body bytes
 * that came are never copied. Threads: one owner. Limits: struct http2_limits.
 * Source: RFC 9113, RFC 7541. */
#ifndef ASSAY_WIRE_HTTP2_H
#define ASSAY_WIRE_HTTP2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "wire/http.h"

enum http2_side {
    HTTP2_SERVER,
    HTTP2_CLIENT,       /* over TLS: requests carry the scheme https */
    HTTP2_CLIENT_PLAIN, /* h2c by prior knowledge: http */
};

/* RFC 9113, section 7. A peer may send any other number too. */
enum http2_code {
    HTTP2_NO_ERROR,
    HTTP2_PROTOCOL_ERROR,
    HTTP2_INTERNAL_ERROR,
    HTTP2_FLOW_CONTROL_ERROR,
    HTTP2_SETTINGS_TIMEOUT,
    HTTP2_STREAM_CLOSED,
    HTTP2_FRAME_SIZE_ERROR,
    HTTP2_REFUSED_STREAM, /* nothing was started: the request may be sent again */
    HTTP2_CANCEL,
    HTTP2_COMPRESSION_ERROR,
    HTTP2_CONNECT_ERROR,
    HTTP2_ENHANCE_YOUR_CALM,
    HTTP2_INADEQUATE_SECURITY,
    HTTP2_HTTP_1_1_REQUIRED,
    HTTP2_CODE_END,
};

/* 0 in any field: the default in brackets. */
struct http2_limits {
    uint32_t streams;     /* [100] at a time; a client opens no more, whatever the peer allows */
    size_t header_bytes;  /* [64 KiB] of a head, names and values and 32 for each (section
                                6.5.2): beyond, a request is answered 431, a response is reset */
    size_t headers;       /* [HTTP_HEADERS_MAX, also the most] of a head: beyond, the same */
    uint64_t body_bytes;  /* [32 MiB] of a message that comes: beyond, the stream is reset */
    size_t stream_window; /* [1 MiB] bytes that may come on a stream before they are consumed */
    size_t connection_window; /* [16 MiB] and on all streams together */
    size_t stream_queue;      /* [256 KiB] where as many bytes wait on a stream, it takes no more */
    size_t connection_queue;  /* [8 MiB] and all streams together */
};

/* What stands before the body. */
struct http2_head {
    struct view method;          /* of a request */
    struct view scheme;          /* of a request; empty for CONNECT */
    struct view authority;       /* of a request: also there as the header `host` */
    struct view target;          /* of a request: the path and query; the authority for CONNECT */
    int status;                  /* of a response; 1xx are passed over and never seen */
    bool no_body;                /* END follows at once */
    struct http_headers headers; /* names in lower case; cookies joined (section 8.2.3) */
};

enum http2_event_kind {
    HTTP2_HEAD,
    HTTP2_BODY,
    HTTP2_END,      /* the peer's message is complete */
    HTTP2_RESET,    /* the stream is over before its time */
    HTTP2_CLOSED,   /* the stream is over: our side was sent, and END came (or what was left of a
                       request after its answer was cancelled) */
    HTTP2_WRITABLE, /* the stream that answered ERR_BUSY takes body bytes again */
    HTTP2_CAPACITY, /* of a client: how many streams the peer takes has been said or changed */
    HTTP2_GOAWAY,   /* the peer takes no new streams on this connection */
    HTTP2_PONG,     /* the answer to http2_ping */
};

/* Views hold until the next http2_feed, BODY's no longer than the fed bytes. */
struct http2_event {
    enum http2_event_kind kind;
    uint32_t stream;               /* 0: the connection's */
    const struct http2_head *head; /* of HEAD */
    struct view body;              /* of BODY: lies in the fed bytes, never empty */
    uint32_t code;     /* of RESET, GOAWAY: enum http2_code, or what number the peer chose */
    bool by_peer;      /* of RESET: the peer did it; else what it sent could not be accepted */
    bool unprocessed;  /* of RESET: the peer has not acted on the request, it may be sent again
                          elsewhere (REFUSED_STREAM, or above GOAWAY's last stream) */
    struct view text;  /* of GOAWAY: what the peer says; of RESET: what happened, in words */
    uint32_t capacity; /* of CAPACITY: streams at a time, at most limits.streams */
    uint32_t last;     /* of GOAWAY: streams above it each get a RESET, unprocessed */
    uint64_t ping;     /* of PONG: what http2_ping was given */
};

/* How a connection stands. */
struct http2_status {
    uint32_t streams;    /* under way */
    uint32_t free;       /* of a client: how many more can be opened now; 0 after GOAWAY */
    size_t queued_bytes; /* body bytes that wait to be sent, all streams */
    bool stalled;        /* some wait only for the peer to open its windows. A peer can open them
                             by a byte at a time: give up where, while this was true, `sent_bytes`
                             grew too little over the time allowed */
    uint64_t sent_bytes; /* body bytes taken in all */
    bool wants_take;     /* http2_take may have bytes to give */
    bool going_away;     /* GOAWAY came or was sent: no new streams */
    bool cut;            /* the peer is within the preface, a frame or a header block */
    bool done;           /* nothing will come or go any more: close when all is taken */
};

struct http2;

/* limits may be NULL: the defaults. NULL when memory ran out. What opens a connection (the preface,
 * SETTINGS) is there to be taken at once. */
struct http2 *http2_new(enum http2_side side, const struct http2_limits *limits);
void http2_free(struct http2 *http2);

/* Takes bytes from the front of *rest until one event is there: 1 and ret_event filled; 0 when
 * *rest is used up without one (feed more); or ERR_PROTOCOL (the peer broke the rules), ERR_LIMIT
 * (it passed a budget), ERR_MEMORY, ERR_CLOSED (after http2_abort) with reterr (may be
 * NULL), and then for ever: http2_take still gives the GOAWAY that tells the peer. Events that wait
 * come before the error. Bytes in *rest are looked at only once no event waits. */
MUST_CHECK int http2_feed(struct http2 *http2, struct view *rest, struct http2_event *ret_event,
                          struct err *reterr);

/* The peer sends no more: 0 where no stream is under way and no frame is cut, ERR_CLOSED with
 * reterr otherwise. */
MUST_CHECK int http2_finish(const struct http2 *http2, struct err *reterr);

/* Appends bytes for the peer, as many as are there, stopping with the frame that reaches `most`
 * (HTTP2_TAKE_BYTES is sensible; `out` needs room for HTTP2_FRAME_BYTES_MAX more). Its end may wait
 * for the next take. 0, also where the connection has failed, which the next feed says; or
 * ERR_MEMORY or ERR_LIMIT of `out` with reterr, and the connection is of no more use. */
enum { HTTP2_TAKE_BYTES = 64 * 1024, HTTP2_FRAME_BYTES_MAX = 17 * 1024 };
MUST_CHECK int http2_take(struct http2 *http2, struct strbuf *out, size_t most, struct err *reterr);

/* A second has passed: budgets fill up a little. Without it they fill by useful frames alone, and a
 * peer that keeps an idle connection awake by pings is one day taken for a flood. */
void http2_tick(struct http2 *http2);

struct http2_status http2_status(const struct http2 *http2);

/* ---- sending: what is given waits here for http2_take, and for the peer's windows ------------ */

/* Client: opens a stream. `host` among the headers becomes :authority (and must be there); names
 * are lowered. request->body is sent too, whole; with `end` nothing follows it, and content-length
 * is added where it is missing. Copies all it needs. Nothing was sent where it returns
 *   ERR_BUSY     no stream is free, or too much waits: CAPACITY, CLOSED or RESET tell when to try
 *   ERR_CLOSED   this connection takes no more: GOAWAY, or its numbers are used up
 *   ERR_INVALID  what cannot be sent, connection-specific headers (section 8.2.2) among it
 *   ERR_LIMIT    a head of more than limits.header_bytes, a body of more than 64 MiB
 *   ERR_MEMORY   http2_feed says whether the connection is lost with it */
MUST_CHECK int http2_send_request(struct http2 *http2, const struct http_request *request, bool end,
                                  uint32_t *ret_stream, struct err *reterr);

/* Server: answers a stream; response->body and `end` as above. A status of 1xx is an interim
 * answer, without body and end; the real one follows. Answers to HEAD, 204 and 304 end with their
 * head, what is given as body is dropped. ERR_BUSY as http2_send_body; ERR_CLOSED: the stream is
 * over (its RESET has come or waits). An answer that ends before its request did cancels the rest
 * of it. */
MUST_CHECK int http2_send_response_head(struct http2 *http2, uint32_t stream,
                                        const struct http_response *response, bool end,
                                        struct err *reterr);

/* Either side: bytes of the body, taken whole, empty ones too; `end`: the last. ERR_BUSY: too much
 * waits on this stream or on all, nothing was taken, WRITABLE comes; ERR_CLOSED: the stream is
 * over, or its end was sent; ERR_LIMIT: more than 64 MiB at once; ERR_MEMORY. */
MUST_CHECK int http2_send_body(struct http2 *http2, uint32_t stream, struct view bytes, bool end,
                               struct err *reterr);

/* The body bytes that wait on a stream; 0 where there is none. */
size_t http2_queued(const struct http2 *http2, uint32_t stream);

/* Ends a stream: what waits on it is dropped, no event names it any more. Unknown streams are
 * fine. */
void http2_reset(struct http2 *http2, uint32_t stream, enum http2_code code);

/* One at a time: ERR_BUSY while the last has no answer. */
MUST_CHECK int http2_ping(struct http2 *http2, uint64_t payload);

/* No new streams; those under way go on. A server says so twice (section 6.8): what the client sent
 * before it heard is still served, and the last word goes out when it has. */
void http2_goaway(struct http2 *http2);

/* The connection ends now: GOAWAY with this code, then feed returns ERR_CLOSED. */
void http2_abort(struct http2 *http2, enum http2_code code, const char *why);

/* ---- back-pressure of what comes ------------------------------------------------------------ */

/* The window of a stream that is held opens only by http2_consume; that of all others at once. So
 * at most stream_window bytes more come on it. What was not consumed is, when it is let go. Other
 * streams are not slowed down: the connection's window opens always. Unknown streams are fine. */
void http2_hold(struct http2 *http2, uint32_t stream, bool held);
void http2_consume(struct http2 *http2, uint32_t stream, size_t bytes);

/* ---- names ---------------------------------------------------------------------------------- */

/* "REFUSED_STREAM"; "unknown code" where the number has no name. */
const char *http2_code_name(uint32_t code);

#endif
