/* SPDX-License-Identifier: Apache-2.0
 *
 * session: the server's side of one connection, whichever protocol it speaks: bytes in, requests
 * and messages out; answers in, bytes out. One row of functions for each protocol stands behind it:
 * HTTP/1.1 (and 1.0), HTTP/2, and WebSocket after an upgrade.
 *
 *     feed ──▶ REQUEST ─▶ BODY* ─▶ END          respond, piece* ──▶ output        a stream
 *                 └── RESET │ REFUSED ──┘       reset, shut     ──▶ output        its other ends
 *                                 END ─▶ upgrade ─▶ MESSAGE* ─▶ RESET             WebSocket
 *
 * Answers of HTTP/1.1 leave in the order of requests: after a request's END feed takes nothing more
 * until its answer is whole. What cannot be read is answered here with the status that it deserves,
 * and REFUSED tells of it. 100 Continue is said once a request's body is waited for and nothing was
 * answered yet. HEAD and the statuses without body send no body, whatever is given.
 *
 * What it does not do: time, sockets, collecting bodies, TLS, choosing the protocol.
 * Memory: base/mem; answers wait here until `output` takes them, charged to the budget.
 * Threads: one owner. Limits: struct session_limits. Source: RFC 9112, RFC 9113, RFC 6455. */
#ifndef ASSAY_CORE_SERVER_SESSION_H
#define ASSAY_CORE_SERVER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "wire/http.h"

/* The bytes that may wait in all sessions and bodies of a process together. */
struct session_budget {
    size_t used_bytes;
    size_t most_bytes;
};

/* Takes or gives back; false, and nothing taken, where the budget has no room. */
bool session_budget_take(struct session_budget *budget, size_t bytes);
void session_budget_give(struct session_budget *budget, size_t bytes);

/* 0 in any field: the default in brackets. */
struct session_limits {
    uint64_t body_bytes;  /* [25,000,000] of one request; past it 413 */
    uint32_t streams;     /* [100] requests at once; HTTP/1.1 has one */
    uint32_t requests;    /* [100,000] of one connection, then it ends gracefully */
    size_t answer_bytes;  /* [64 MiB] that wait of one answer; past it ERR_LIMIT */
    size_t message_bytes; /* [128 KiB] a message of WebSocket */
    size_t frame_bytes;   /* [32 KiB] a frame of WebSocket */
};

enum session_kind { SESSION_HTTP1, SESSION_HTTP2, SESSION_WEBSOCKET };

enum session_event_kind {
    SESSION_REQUEST,  /* a request's head */
    SESSION_BODY,     /* bytes of its body */
    SESSION_END,      /* it is whole */
    SESSION_RESET,    /* the peer gave the stream up, or lost it: nothing can be said there */
    SESSION_WRITABLE, /* after ERR_BUSY: less waits, the next piece may come */
    SESSION_SENT,     /* the answer left whole, by `output`; the stream is over */
    SESSION_MESSAGE,  /* a whole message of WebSocket */
    SESSION_REFUSED,  /* something unreadable was answered here, the stream (if any) is over */
};

/* Views hold until the next call on the same session. */
struct session_event {
    enum session_event_kind kind;
    uint32_t stream;                    /* 0: none, of REFUSED */
    const struct http_request *request; /* of REQUEST: method, target, headers; Host is there for
                                           HTTP/2 too; no body */
    bool has_length;                    /* of REQUEST: its body was announced */
    uint64_t length;
    bool websocket;    /* of REQUEST and END: it asks to become a WebSocket */
    bool is_text;      /* of MESSAGE: UTF-8, not binary */
    struct view bytes; /* of BODY: lies in the fed bytes; of MESSAGE */
    int status;        /* of REFUSED: what was answered, or 0 */
    const char *why;   /* of REFUSED, RESET: for people */
};

enum session_state {
    SESSION_IDLE,      /* between requests */
    SESSION_READING,   /* a head has begun and is not whole: patience should be short */
    SESSION_AT_WORK,   /* requests or answers under way, or a WebSocket that is open */
    SESSION_ANSWERING, /* the same, and no bytes are taken until the answer is whole: who does not
                          read on meanwhile answers a peer that ended its side as well */
    SESSION_CLOSING,   /* says its last words: close once `output` gives no more */
    SESSION_BROKEN,    /* of no more use: close at once, by a reset where that can be done */
};

struct session;

/* HTTP1 or HTTP2. The budget must outlive the session. NULL when memory ran out. */
struct session *session_new(enum session_kind kind, const struct session_limits *limits,
                            struct session_budget *budget);
void session_free(struct session *session);

enum session_kind session_kind(const struct session *session);

/* Takes bytes from the front of *rest until one event is there: 1. Or 0: with *rest used up, or
 * with bytes left that are to be fed again later, once an answer has left whole. To be called also
 * with an empty *rest until it gives 0, after each `output` and each answer. ERR_MEMORY: the
 * connection is lost. */
MUST_CHECK int session_feed(struct session *session, struct view *rest,
                            struct session_event *ret_event);

/* Answers a stream, before its END as well: what is then left of the request is passed over.
 * In pieces: body is not looked at, `piece` gives it. Headers must hold no length and no framing;
 * what they and the body hold is copied. ERR_BUSY as of piece; nothing taken: ERR_CLOSED (no such
 * stream now, or answered already), ERR_LIMIT (past answer_bytes or the budget), ERR_INVALID for a
 * header that cannot be sent, ERR_MEMORY. */
MUST_CHECK int session_respond(struct session *session, uint32_t stream,
                               const struct http_response *response, bool in_pieces);

/* The next bytes of an answer in pieces; end: the last. Of a WebSocket: one text message (nothing
 * for empty bytes); end: and then goodbye. ERR_BUSY: taken, but wait for WRITABLE before more.
 * Nothing taken: ERR_CLOSED, ERR_LIMIT, ERR_MEMORY as above, ERR_INVALID for a message that is no
 * UTF-8. */
MUST_CHECK int session_piece(struct session *session, uint32_t stream, struct view bytes, bool end);

/* Gives a stream up: of HTTP/2 by RST_STREAM after what waits, otherwise with the connection, which
 * is BROKEN once what waits has left by `output`. No event follows for that stream. */
void session_reset(struct session *session, uint32_t stream);

/* Ends the body of an answer in pieces short of what was promised, in the mildest way the protocol
 * has: the connection CLOSING (of HTTP/2 the stream is reset). No event follows for that stream. */
void session_cut(struct session *session, uint32_t stream);

/* After the END of a request that asks for it: becomes a WebSocket, on the same stream. Where the
 * request is not as it must be, it is answered so: ERR_REFUSED with reterr, the stream ends with
 * SENT. ERR_CLOSED, ERR_MEMORY. */
MUST_CHECK int session_upgrade(struct session *session, uint32_t stream, struct err *reterr);

/* Takes no new requests: GOAWAY, Connection: close, a close frame (1001). CLOSING when those under
 * way are done. */
void session_shut(struct session *session);

/* Moves at most about `most` bytes that are ready for the peer to the end of `out`; more may be
 * ready. ERR_MEMORY, ERR_LIMIT: of out. */
MUST_CHECK int session_output(struct session *session, struct strbuf *out, size_t most);

/* Bytes of the stream's answer that wait, be it for `output` or for the peer's window. */
size_t session_waiting(const struct session *session, uint32_t stream);

/* A second has passed: what a peer may ask for needlessly is counted against time. */
void session_tick(struct session *session);

enum session_state session_state(const struct session *session);

#endif
