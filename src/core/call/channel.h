/* SPDX-License-Identifier: Apache-2.0
 *
 * channel: requests and whole responses on one connection, whichever version of HTTP carries them:
 * one row of `struct channel_codec` for each. HTTP/1.1 is the one there is: one stream at a time.
 *
 * Bytes go in and out; sockets and times are others'. Bodies are assembled whole, under the codec's
 * ceiling of 32 MiB.
 * Memory: base/mem; the body's block is kept for the next response while it is small.
 * Threads: one owner. */
#ifndef ASSAY_CORE_CALL_CHANNEL_H
#define ASSAY_CORE_CALL_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "wire/http.h"

enum { CHANNEL_BODY_BYTES_MAX = 32 * 1024 * 1024 };

enum channel_event_kind {
    CHANNEL_BEGAN,    /* a response's head is there */
    CHANNEL_COMPLETE, /* a response is there */
};

struct channel_event {
    enum channel_event_kind kind;
    uint32_t stream;
    struct http_response response; /* of COMPLETE; holds until the next call on this channel */
    bool reusable;                 /* of COMPLETE: the connection can carry another request */
};

struct channel;

struct channel_codec {
    const char *name; /* as ALPN calls it: "http/1.1" */
    uint32_t streams_max;
    /* NULL when memory ran out. */
    struct channel *(*make)(void);
    void (*free)(struct channel *channel);
    /* Back to a new connection; keeps memory. */
    void (*reset)(struct channel *channel);
    /* Appends the request's bytes. Content-Length is added, Host must be there. ERR_INVALID with
     * reterr for what cannot be sent, ERR_BUSY where no stream is free; nothing was appended. */
    int (*send)(struct channel *channel, const struct http_request *request, struct strbuf *out,
                uint32_t *ret_stream, struct err *reterr);
    /* Takes bytes from the front of *rest until one event is there: 1; 0 where *rest is used up;
     * ERR_PROTOCOL, ERR_LIMIT, ERR_MEMORY with reterr: the connection is of no more use. */
    int (*feed)(struct channel *channel, struct view *rest, struct channel_event *ret_event,
                struct err *reterr);
    /* The peer sends no more: 1 for a response that ends with the connection, 0 where none was
     * under way, ERR_CLOSED where one was cut short or never began. */
    int (*finish)(struct channel *channel, struct channel_event *ret_event, struct err *reterr);
};

extern const struct channel_codec channel_http1;

#endif
