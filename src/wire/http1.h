/* SPDX-License-Identifier: Apache-2.0
 *
 * http1: HTTP/1.0 and 1.1 messages as events, both directions, over llhttp in strict mode, and the
 * writer of heads and chunks.
 *
 *     feed ──▶ HEAD ──▶ BODY* ──▶ TRAILERS? ──▶ END        a message
 *              HEAD ───────────────────────────▶ UPGRADE   101, CONNECT, asked for
 *
 * Lines (head, chunk sizes, trailers) are collected and checked here before llhttp sees them whole,
 * so that no split can change what is understood. Strict on purpose, since two readers of one
 * message that disagree are how requests are smuggled (RFC 9112, section 11.2): every line ends in
 * CR LF, no folded header, not both Content-Length and Transfer-Encoding, one Content-Length,
 * "chunked" as the only transfer coding, one Host in a request of HTTP/1.1.
 *
 * What it does not do: decode content (gzip), match responses to requests, time anything.
 * Memory: a parser of about 8 KiB and the head's bytes, owned by it; body bytes are never copied.
 * Threads: one owner. Limits: struct http1_limits. Source: RFC 9110, RFC 9112. */
#ifndef ASSAY_WIRE_HTTP1_H
#define ASSAY_WIRE_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "wire/http.h"

enum http1_side {
    HTTP1_READS_REQUESTS,  /* a server's parser */
    HTTP1_READS_RESPONSES, /* a client's parser */
};

/* 0 in any field: the default in brackets. Past one of them feed returns ERR_LIMIT. */
struct http1_limits {
    size_t start_line_bytes; /* [16 KiB] request or status line */
    size_t header_bytes;     /* [64 KiB] all header lines together; trailers the same once more */
    size_t headers;          /* [HTTP_HEADERS_MAX, also the most] header lines; trailers the same */
    size_t chunk_line_bytes; /* [4 KiB] a chunk's size with its extensions */
    uint64_t body_bytes;     /* [32 MiB] a body, chunk framing not counted */
};

/* What stands before the body. Holds until the first feed after END or UPGRADE. */
struct http1_head {
    struct view method;    /* of a request */
    struct view target;    /* of a request, as on the wire */
    int status;            /* of a response; 100, 102 and 103 are passed over and never seen */
    struct view reason;    /* of a response, often empty */
    int version_minor;     /* HTTP/1.0 or HTTP/1.1 */
    bool has_length;       /* the body's length was announced */
    uint64_t length;       /* it, where has_length; 0 for a message without body */
    bool chunked;          /* the body comes in chunks */
    bool until_close;      /* the body of a response ends with the connection */
    bool expects_continue; /* a request that waits for 100 Continue before its body */
    bool upgrade;          /* UPGRADE will come instead of END */
    struct http_headers headers;
};

enum http1_event_kind {
    HTTP1_HEAD,
    HTTP1_BODY,
    HTTP1_TRAILERS, /* only where there are any */
    HTTP1_END,
    HTTP1_UPGRADE, /* what is left in *rest may belong to another protocol */
};

struct http1_event {
    enum http1_event_kind kind;
    const struct http1_head *head;       /* of HEAD, END and UPGRADE */
    struct view body;                    /* of BODY: lies in the fed bytes, never empty */
    const struct http_headers *trailers; /* of TRAILERS: hold as long as the head */
    bool keep_alive;                     /* of END: another message may follow on this connection */
};

struct http1_parser;

/* limits may be NULL: the defaults. NULL when memory ran out. */
struct http1_parser *http1_parser_new(enum http1_side side, const struct http1_limits *limits);
void http1_parser_free(struct http1_parser *parser);

/* Back to before the first message, for a new connection; keeps limits and memory. */
void http1_parser_reset(struct http1_parser *parser);

/* Client: the next response answers a request of this method (HEAD has no body, CONNECT upgrades).
 * To be said before the response's head is fed; forgotten with its END. Unsaid: neither of them. */
void http1_parser_answers(struct http1_parser *parser, struct view method);

/* Takes bytes from the front of *rest until one event is there: 1 and ret_event filled; 0 when
 * *rest is used up without one (feed more); or ERR_PROTOCOL, ERR_LIMIT, ERR_MEMORY with reterr (may
 * be NULL), and then for ever. END and UPGRADE need no bytes of their own: call until it returns 0,
 * also where *rest is empty already.
 *
 * After END, *rest holds the next message (pipelining); where keep_alive was false, what follows is
 * dropped unread. After UPGRADE of a request, *rest is the other protocol's; feeding it declines
 * the upgrade and reads it as HTTP/1.1. After UPGRADE of a response, feeding is an error. */
MUST_CHECK int http1_feed(struct http1_parser *parser, struct view *rest,
                          struct http1_event *ret_event, struct err *reterr);

/* The peer sends no more: 1 and END for a body that ends with the connection, 0 between messages,
 * ERR_CLOSED where a message was cut short. */
MUST_CHECK int http1_finish(struct http1_parser *parser, struct http1_event *ret_event,
                            struct err *reterr);

/* True from the first byte of a message until its END: a connection that closes meanwhile has lost
 * something. */
bool http1_in_message(const struct http1_parser *parser);

/* The status a server answers for the parser's error: 400, 413, 414, 431, 501, 503 or 505; 0 where
 * there is none. */
int http1_error_status(const struct http1_parser *parser);

/* ---- the writer ----------------------------------------------------------------------------- */

/* How the body that follows a head is delimited. */
enum http1_framing {
    HTTP1_LENGTH,      /* Content-Length is written, for the message's body.len */
    HTTP1_CHUNKED,     /* Transfer-Encoding: chunked is written; chunks follow */
    HTTP1_UNTIL_CLOSE, /* response: Connection: close is written, the end is the end */
    HTTP1_NO_BODY,     /* nothing is written; the headers may carry a Content-Length (HEAD, 304) */
};

/* Appends the head alone: the body, if any, is the caller's to send after it. Headers are written
 * as they are, in order. ERR_INVALID with reterr, and nothing appended, where anything could be
 * read as more than one header (CR, LF, NUL, spaces in the target, names that are no tokens), a
 * request lacks Host, or a header contradicts the framing (Content-Length or Transfer-Encoding
 * beside it). */
MUST_CHECK int http1_write_request_head(struct strbuf *out, const struct http_request *request,
                                        enum http1_framing framing, struct err *reterr);
MUST_CHECK int http1_write_response_head(struct strbuf *out, const struct http_response *response,
                                         enum http1_framing framing, struct err *reterr);

/* Appends one chunk; nothing for an empty piece, which would end the body. */
void http1_write_chunk(struct strbuf *out, struct view piece);

/* Appends the last chunk with its trailers (NULL: none). ERR_INVALID as for heads. */
MUST_CHECK int http1_write_last_chunk(struct strbuf *out, const struct http_headers *trailers,
                                      struct err *reterr);

#endif
