/* SPDX-License-Identifier: Apache-2.0
 *
 * channel: requests and their responses on one connection, whichever version of HTTP carries them:
 * one row of `struct channel_codec` for each. HTTP/1.1 is HTTP/2 with one stream at a time.
 *
 *     reset ─▶ send ─▶ HEAD ─▶ PIECE* ─▶ COMPLETE     a stream; FAILED in any place ends it instead
 *          ─▶ CAPACITY, DRAINING, PONG                the connection
 *     take ─▶ bytes for the peer, wanted after whatever was called
 *
 * Every stream that `send` gave ends with exactly one of COMPLETE and FAILED, or by the caller's
 * own `cancel`, or with the channel: an error of feed or finish ends all of them.
 *
 * Bytes go in and out; sockets and times are others'. A body is assembled whole, or comes in pieces
 * where `send` asked for that. Pieces are for answers that went well (status 2xx): the body of any
 * other is assembled all the same, so that an error can be understood before anything is passed on.
 * Memory: base/mem; of each stream its response's head and, where it is assembled, its body, and
 * what of its request waits to be sent. Threads: one owner.
 * Limits: CHANNEL_*_MAX, and those of wire/http1 and wire/http2. */
#ifndef ASSAY_CORE_CALL_CHANNEL_H
#define ASSAY_CORE_CALL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "wire/http.h"

enum {
    CHANNEL_BODY_BYTES_MAX = 32 * 1024 * 1024,    /* of a response */
    CHANNEL_REQUEST_BYTES_MAX = 64 * 1024 * 1024, /* head and body, and all that wait on HTTP/2 */
    CHANNEL_STREAMS_MAX = 100,
    CHANNEL_TAKE_BYTES = 64 * 1024,     /* sensible for take */
    CHANNEL_OUT_BYTES_MAX = 128 * 1024, /* of room that such a take needs in `out` */
};

enum channel_event_kind {
    CHANNEL_HEAD,     /* stream, response without body: the response began */
    CHANNEL_PIECE,    /* stream, piece: bytes of the body, only where send asked for pieces */
    CHANNEL_COMPLETE, /* stream, response (its body whole, or empty after pieces), reusable */
    CHANNEL_FAILED,   /* stream, code, text, unprocessed: this stream only; the connection lives */
    CHANNEL_CAPACITY, /* streams: how many at once the peer allows from now on */
    CHANNEL_DRAINING, /* text: the peer takes no more streams. Those it did not start are FAILED
                         unprocessed next; the others go on */
    CHANNEL_PONG,     /* the answer to ping */
};

/* Views hold until the next call on this channel, PIECE's no longer than the fed bytes. */
struct channel_event {
    enum channel_event_kind kind;
    uint32_t stream;
    const struct http_response *response; /* of HEAD and COMPLETE */
    struct view piece;
    bool reusable;    /* of COMPLETE: the connection can carry another request */
    int code;         /* of FAILED: ERR_PROTOCOL, ERR_LIMIT, ERR_CLOSED (the peer ended it), … */
    bool unprocessed; /* of FAILED: the peer says that it did nothing about the request */
    struct view text; /* of FAILED and DRAINING: what happened, for people */
    uint32_t streams; /* of CAPACITY */
};

/* The first member of every channel. */
struct channel {
    const struct channel_codec *codec;
};

struct channel_codec {
    const char *name;     /* as ALPN calls it: "http/1.1", "h2" */
    uint32_t streams_max; /* at once; what the peer allows may be less, and CAPACITY says so */
    /* For a connection that is new, over TLS or not. NULL when memory ran out. */
    struct channel *(*make)(bool tls);
    void (*free)(struct channel *channel); /* NULL is fine */
    /* Back to a new connection, all streams forgotten; keeps memory where it can. ERR_MEMORY: of no
     * more use. */
    int (*reset)(struct channel *channel);
    /* Sends the request, all of which is copied. Content-Length is added, Host must be there.
     * ERR_BUSY: no stream is free, or too much waits to be sent: try again when one has ended or
     * CAPACITY came; ERR_CLOSED: this connection takes no more; ERR_INVALID, ERR_LIMIT: it cannot
     * be sent. Nothing was sent then. */
    int (*send)(struct channel *channel, const struct http_request *request, bool in_pieces,
                uint32_t *ret_stream, struct err *reterr);
    /* Appends what the peer is to get next, about `most` bytes: 0, also where that is nothing;
     * ERR_MEMORY, ERR_LIMIT with reterr: the connection is of no more use. */
    int (*take)(struct channel *channel, struct strbuf *out, size_t most, struct err *reterr);
    /* Takes bytes from the front of *rest until one event is there: 1; 0 where *rest is used up;
     * ERR_PROTOCOL, ERR_LIMIT, ERR_MEMORY with reterr: the connection is of no more use. Also with
     * no bytes, after whatever else was called. */
    int (*feed)(struct channel *channel, struct view *rest, struct channel_event *ret_event,
                struct err *reterr);
    /* The peer sends no more: 1 for a response that ends with the connection, 0 where none was
     * under way, ERR_CLOSED where one was cut short or never began. */
    int (*finish)(struct channel *channel, struct channel_event *ret_event, struct err *reterr);
    /* Nobody wants that stream any more: no event names it again. False where the connection is of
     * no more use without it. An unknown stream is fine. */
    bool (*cancel)(struct channel *channel, uint32_t stream);
    /* Back-pressure of a stream's body. False where this codec cannot hold up a stream alone: the
     * caller stops reading the connection. */
    bool (*pause)(struct channel *channel, uint32_t stream, bool paused);
    /* Asks for a PONG. ERR_UNSUPPORTED where the protocol has none, ERR_BUSY while one is due. */
    int (*ping)(struct channel *channel, struct err *reterr);
    /* True where bytes of that stream's request wait for the peer to take them, and it does not. */
    bool (*stalled)(const struct channel *channel, uint32_t stream);
    /* Seconds have passed. */
    void (*tick)(struct channel *channel, uint64_t seconds);
};

extern const struct channel_codec channel_http1;
extern const struct channel_codec channel_http2; /* by prior knowledge where there is no TLS */

#endif
