/* SPDX-License-Identifier: Apache-2.0
 *
 * server: an HTTP server on a port of an outside (sockets, a simulated network): HTTP/1.1 and 1.0,
 * HTTP/2, WebSocket, with TLS or without. It collects requests whole and hands them to one table of
 * functions, which answers at once or later, whole or in pieces. What is answered is its affair.
 *
 *     accepted ──▶ protocol: by ALPN; on a plain port HTTP/2 by its preface, else HTTP/1.1
 *     bytes ──▶ core/server/session ──▶ request ──▶ handler.request ─▶ server_respond, server_piece
 *                                                        └── due, writable, message ──▶ over
 *
 * Every request that `request` told of ends with exactly one `over`, but for those ended by
 * server_reset or server_cut; then its id names nobody. Handlers may call any function of this
 * header but server_free; what they hear of never comes from inside such a call.
 *
 * Peers are not trusted: heads must be whole in time, bodies and readers must make progress, what
 * waits has a budget for the whole process (past it 503), pauses stop a sender whose answers are
 * not read, connections are bounded (one too many is told 503 and closed).
 * A peer of HTTP/1.1 that ends its side after its request still gets its answer: who leaves while
 * an answer is made is noticed by the first bytes sent.
 *
 * What it does not do: routes, credentials, compression, files.
 * Memory: base/mem: places for connections and requests at the start, buffers for those in use.
 * Threads: that of the outside's loop. Limits: the options. */
#ifndef ASSAY_APP_SERVER_H
#define ASSAY_APP_SERVER_H

#include "core/server/session.h"
#include "wire/outside.h"

/* Views hold until the request is answered (server_respond or server_upgrade has returned 0 or
 * ERR_BUSY), or it is over. */
struct server_request {
    struct id id;
    const struct http_request *http; /* with its body */
    enum session_kind kind;
    bool tls;
    bool websocket;       /* it asks to become one: server_upgrade, or any other answer */
    uint64_t began_at_ns; /* when its head was whole */
};

struct server_handler {
    /* A request is whole. Required. */
    void (*request)(void *context, const struct server_request *request);
    /* It is over: its answer left whole (sent), or nobody is there any more. Required. */
    void (*over)(void *context, struct id request, bool sent);
    /* The next piece may come, after ERR_BUSY. */
    void (*writable)(void *context, struct id request);
    /* The time that server_wake_at named has come. */
    void (*due)(void *context, struct id request);
    /* A message on a WebSocket. */
    void (*message)(void *context, struct id request, struct view bytes, bool is_text);
};

/* 0 in any field: the default in brackets. */
struct server_options {
    struct outside_port port; /* host [127.0.0.1], TLS; alpn is ours */
    bool without_http1;       /* speaks HTTP/2 alone */
    bool without_http2;       /* speaks HTTP/1.1 and 1.0 alone */
    struct view name;         /* the header `server`; empty: none */
    struct session_limits limits;
    uint32_t connections_max;  /* [10,000] */
    uint32_t requests_max;     /* [2 for each connection] at once; past it 503 */
    size_t buffered_max_bytes; /* [256 MiB] of heads, bodies and answers that wait */
    uint64_t head_in_ns;       /* [10 s] from its first byte to its last */
    uint64_t body_in_ns;       /* [30 s] for each next KiB of a body at the least, then 408 */
    uint64_t stall_in_ns;      /* [60 s] for a peer to read on: in steps of what the outside tells,
                                    * 192 KiB over sockets */
    uint64_t idle_in_ns;       /* [300 s] without a request */
    uint64_t websocket_idle_in_ns; /* [600 s] without a message of the client's */
    uint64_t websocket_in_ns;      /* [2 h] altogether */
    bool leaves_with_peer; /* a peer that ends its side is gone: the request is over at once, and a
                              half-closed one gets no answer */
};

struct server_figures {
    uint64_t connections; /* accepted since the start */
    uint64_t turned_away; /* connections that found no place */
    uint64_t requests;    /* told to the handler */
    uint64_t sent;        /* of those: answers that left whole */
    uint64_t lost;        /* of those: over otherwise, the handler's own resets included */
    uint64_t refused;     /* answered here: unreadable, too large, too slow, past a limit */
    uint64_t timeouts;    /* connections closed and requests ended for want of progress */
    uint32_t open;        /* connections now */
    uint32_t under_way;   /* requests now */
    size_t buffered_bytes;
};

struct server;

/* Listens; *ret_port is the port it got. The outside and the context must outlive the server, the
 * views of the options the call alone, but `name` the server. With reterr: what the outside says,
 * ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int server_new(struct outside *outside, const struct server_options *options,
                          const struct server_handler *handler, void *context,
                          struct server **ret_server, uint16_t *ret_port, struct err *reterr);

/* Stops listening and closes every connection; `over` is said for what is under way. NULL is
 * fine. */
void server_free(struct server *server);

/* Takes no new connections and requests; ends those that are idle, the others with their last
 * answer, all that is left after in_ns. Then calls done, once. */
void server_drain(struct server *server, uint64_t in_ns, void (*done)(void *context),
                  void *context);

/* Answers, whole or (in_pieces) with a head that server_piece follows. `server` and `date` are
 * added. What is given is copied. ERR_BUSY: taken, but wait for `writable` before more. Nothing
 * taken: ERR_CLOSED (nobody there, or answered already), ERR_LIMIT (too much waits), ERR_INVALID (a
 * header that cannot be sent, a status that is none), ERR_MEMORY. */
MUST_CHECK int server_respond(struct server *server, struct id request,
                              const struct http_response *response, bool in_pieces);

/* The next piece, of a WebSocket the next text message; end: the last, of a WebSocket then goodbye.
 * Errors as above. */
MUST_CHECK int server_piece(struct server *server, struct id request, struct view bytes, bool end);

/* Becomes a WebSocket. ERR_REFUSED: was not asked for as it must be, and answered so, `over` comes;
 * ERR_CLOSED, ERR_MEMORY. */
MUST_CHECK int server_upgrade(struct server *server, struct id request);

/* Ends a request in the middle: by a reset (RST_STREAM, or the whole connection), or by closing in
 * an orderly way although more was promised. What was given before is still sent. No `over`
 * follows. A dead id is fine. */
void server_reset(struct server *server, struct id request);
void server_cut(struct server *server, struct id request);

/* Calls handler.due once at or after at_ns, as the outside counts; a later call replaces it,
 * UINT64_MAX cancels it. A dead id is fine. */
void server_wake_at(struct server *server, struct id request, uint64_t at_ns);

struct server_figures server_figures(const struct server *server);

#endif
