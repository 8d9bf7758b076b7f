/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_state: what the files of http2 share; nobody else includes it.
 *
 *     http2.c         the handle: its life, its errors, bytes out
 *     http2_events.c  streams, and the events that wait on them
 *     http2_control.c how the connection stands, what its owner tells it
 *     http2_receive.c bytes in: what nghttp2 says about them becomes what waits as events
 *     http2_head.c    the head that is coming in
 *     http2_send.c    heads and bodies going out
 *     http2_memory.c  nghttp2's memory, from base/mem, with a ceiling
 *     http2_guard.c   what a peer may spend
 *
 * Frames of control leave nghttp2 as soon as they are there, into `control`; only http2_take lets
 * it read bodies. So an error that nghttp2 found is known at once, by the GOAWAY that it writes. */
#ifndef ASSAY_WIRE_HTTP2_STATE_H
#define ASSAY_WIRE_HTTP2_STATE_H

#include <nghttp2/nghttp2.h>

#include "wire/http2.h"
#include "wire/http2_guard.h"

enum {
    HTTP2_INTERIM_MAX = 20,               /* 1xx answers on one stream */
    HTTP2_CONTROL_BUSY_BYTES = 256 << 10, /* no new heads while as much waits in `control` */
    HTTP2_CONTROL_BYTES_MAX = 1 << 20,
    HTTP2_PIECE_BYTES_MAX = 64 << 20, /* of a body given at once */
    HTTP2_TEXT_MAX = 256,             /* of what a peer says in GOAWAY */
    HTTP2_FAULT_MAX = 128,            /* of why a stream was reset */
};

/* Events of a stream that wait, given out in this order. HEAD and BODY wait only within a feed. */
enum http2_waiting {
    HTTP2_WAITS_HEAD = 1,
    HTTP2_WAITS_BODY = 2,
    HTTP2_WAITS_END = 4,
    HTTP2_WAITS_WRITABLE = 8,
    HTTP2_WAITS_RESET = 16,
    HTTP2_WAITS_CLOSED = 32,
};

/* Events of the connection that wait, in this order, before those of streams. */
enum http2_connection_waiting {
    HTTP2_WAITS_GOAWAY = 1,
    HTTP2_WAITS_CAPACITY = 2,
    HTTP2_WAITS_PONG = 4,
};

/* The ping behind a server's first GOAWAY: its answer shows that the client has heard. */
#define HTTP2_PING_BEFORE_GOAWAY UINT64_C(0x61737361792e6279)

struct http2_stream {
    uint32_t id;
    struct http2_stream *next; /* of all, in the order of opening */
    struct http2_stream *previous;
    struct http2_stream *next_waiting; /* of those with events */
    bool in_waiting;
    unsigned waiting;     /* enum http2_waiting */
    struct view body;     /* of BODY */
    bool hidden;          /* the caller does not know it, or does not want to any more */
    bool opening;         /* http2_send_request is at it */
    bool dropped;         /* by http2_reset */
    bool closed;          /* nghttp2 has forgotten it */
    bool answers_nothing; /* its answer has no body: HEAD, 204, 304 */
    /* what comes */
    bool head_came;
    bool end_came;
    bool held;
    unsigned interim; /* 1xx answers so far */
    size_t unconsumed;
    uint64_t body_bytes;
    /* what goes */
    struct strbuf queue; /* body bytes, of which `queue_from` have gone */
    size_t queue_from;
    bool head_sent;
    bool end_queued;
    bool end_sent;
    bool deferred; /* nghttp2 does not read the queue until it is told to */
    bool busy;     /* ERR_BUSY was said: WRITABLE is owed */
    /* how it ended */
    uint32_t code;
    bool by_peer;
    bool unprocessed;
    char fault[HTTP2_FAULT_MAX]; /* what was wrong with what came; "" where nothing */
};

/* Where a header's bytes lie in head_bytes. */
struct http2_span {
    uint32_t name_from;
    uint32_t name_len;
    uint32_t value_len; /* right after the name */
};

/* The head that comes in. */
struct http2_incoming {
    struct strbuf bytes;
    struct http2_span spans[HTTP_HEADERS_MAX];
    size_t count;
    struct http2_span method, scheme, authority, path, status;
    size_t list_bytes; /* as section 6.5.2 counts */
    size_t fields;
    bool too_large;
    struct http2_head head;
};

union http2_block;

struct http2_memory {
    union http2_block *first;
    size_t used;
    size_t most;
    bool refused;  /* something was not given: nghttp2 is not to be called any more */
    bool too_much; /* because of the ceiling */
};

struct http2 {
    nghttp2_session *session;
    struct http2_memory memory;
    struct http2_limits limits;
    enum http2_side side;
    struct http2_guard guard;
    struct http2_incoming incoming;
    size_t consumed; /* bytes of the body frame under way that open the connection's window, */
    size_t stream_consumed; /* and the stream's */
    struct strbuf control;  /* frames to be sent that are no bodies */
    struct strbuf scratch;  /* lowered names while a head is written */
    struct http2_stream *first;
    struct http2_stream *last;
    uint32_t streams; /* not closed */
    struct http2_stream *first_waiting;
    struct http2_stream *last_waiting;
    unsigned waiting; /* enum http2_connection_waiting */
    size_t queued_bytes;
    uint64_t sent_bytes;
    bool taking; /* inside http2_take: bodies may be read */
    uint32_t capacity;
    bool settings_came;
    bool goaway_came;
    bool goaway_sent;
    bool goaway_noticed; /* a server's first word was said */
    uint32_t goaway_last;
    uint32_t goaway_code;
    char goaway_text[HTTP2_TEXT_MAX];
    size_t goaway_text_len;
    bool pinging;
    uint64_t ping;
    char reset_text[HTTP2_TEXT_MAX]; /* of the RESET that was given out last */
    struct err err;                  /* .code: the connection has failed, for ever */
};

/* "the client" or "the server": the one at the other end. */
const char *http2_peer(const struct http2 *http2);

/* Ends the connection: keeps the first error, writes GOAWAY. Returns the code. */
int http2_fail(struct http2 *http2, int code, uint32_t goaway, const char *format, ...)
    PRINTF_LIKE(4, 5);
int http2_fail_wrong(struct http2 *http2, const struct http2_wrong *wrong);

/* What nghttp2 returned, a negative number, as an error of the connection. */
int http2_fail_library(struct http2 *http2, ssize_t code);

/* Lets nghttp2 write all it has but bodies. 0 or the connection's error. */
MUST_CHECK int http2_flush(struct http2 *http2);

/* The stream of that number while nghttp2 knows it, or NULL. */
struct http2_stream *http2_find(const struct http2 *http2, uint32_t stream);

/* A stream of which an event waits: it may be closed, but not yet for the caller. */
struct http2_stream *http2_find_waiting(const struct http2 *http2, uint32_t stream);

/* A new stream, last in the list; NULL when memory ran out. */
struct http2_stream *http2_stream_new(struct http2 *http2, uint32_t id);
void http2_stream_free(struct http2 *http2, struct http2_stream *stream);

/* An event of the stream waits; nothing where it is hidden. */
void http2_wait(struct http2 *http2, struct http2_stream *stream, enum http2_waiting what);

/* Takes the stream's events back: nobody knows it any more. */
void http2_hide(struct http2 *http2, struct http2_stream *stream);

/* Drops body bytes that wait. */
void http2_drop_queue(struct http2 *http2, struct http2_stream *stream);

/* Says to streams that were told ERR_BUSY that there is room again. */
void http2_tell_writable(struct http2 *http2);

/* Resets the stream because of what came on it. The text may be NULL where one is there. */
MUST_CHECK int http2_refuse(struct http2 *http2, struct http2_stream *stream, uint32_t code,
                            const char *text);

/* http2_receive.c: nghttp2's callbacks for what comes, and one piece of bytes. */
void http2_set_receive_callbacks(nghttp2_session_callbacks *callbacks);
MUST_CHECK int http2_receive(struct http2 *http2, struct view *rest);

/* http2_send.c: nghttp2's callbacks for what goes, and a server's short answer (for heads that are
 * too large). */
void http2_set_send_callbacks(nghttp2_session_callbacks *callbacks);
MUST_CHECK int http2_answer_status(struct http2 *http2, struct http2_stream *stream, int status);

/* http2_head.c. The views of incoming->head hold until the next begin. */
void http2_incoming_init(struct http2_incoming *incoming);
void http2_incoming_release(struct http2_incoming *incoming);
void http2_incoming_begin(struct http2_incoming *incoming);
/* ERR_MEMORY; what is too large is noted and kept no longer. */
MUST_CHECK int http2_incoming_add(struct http2_incoming *incoming,
                                  const struct http2_limits *limits, struct view name,
                                  struct view value);
/* Puts incoming->head together. NULL, or what is wrong with it. ERR_MEMORY shows in the status of
 * incoming->bytes. */
const char *http2_incoming_finish(struct http2_incoming *incoming, bool request);
/* The status that came; 0 where there is none. */
int http2_incoming_status(const struct http2_incoming *incoming);

/* http2_memory.c. Release gives back what nghttp2 holds, in place of freeing its session. */
nghttp2_mem http2_memory_functions(struct http2_memory *memory);
void http2_memory_release(struct http2_memory *memory);

#endif
