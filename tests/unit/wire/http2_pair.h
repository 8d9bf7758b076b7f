/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_pair: a client and a server of HTTP/2 in one memory, whose events are written down, so that
 * a test compares text.
 *
 *     HEAD 1 POST /x host=h            HEAD 1 200 a=b
 *     BODY 1 5                         bytes since the last line; the bytes themselves in `body`
 *     END 1 │ CLOSED 1 │ WRITABLE 1 │ RESET 1 CANCEL peer │ RESET 1 REFUSED_STREAM peer unprocessed
 *     CAPACITY 100 │ GOAWAY 3 NO_ERROR │ PONG 7 │ ERR_PROTOCOL the client … */
#ifndef TESTS_WIRE_HTTP2_PAIR_H
#define TESTS_WIRE_HTTP2_PAIR_H

#include "base/strbuf.h"
#include "wire/http2.h"

struct http2_end {
    struct http2 *http2;
    struct strbuf log;
    struct strbuf body;
    uint32_t body_stream; /* that the last lines of the log are about; 0: none */
    size_t body_bytes;
    struct strbuf out; /* taken, not fed to the other yet */
    int code;          /* what feed ended with */
};

struct http2_pair {
    struct http2_end client;
    struct http2_end server;
    bool answers; /* the server answers what is whole: 200, "ok" */
};

/* Limits may be NULL. */
void http2_pair_init(struct http2_pair *pair, const struct http2_limits *client,
                     const struct http2_limits *server);
void http2_pair_release(struct http2_pair *pair);

/* Takes what one end has to say, once, and feeds it to the other; false where there was nothing. */
bool http2_pair_move(struct http2_pair *pair, bool to_server);

/* Moves both ways until nothing is left to be said. */
void http2_pair_run(struct http2_pair *pair);

/* Feeds bytes that nobody of the pair made. */
void http2_pair_feed(struct http2_pair *pair, bool to_server, struct view bytes);

/* The log so far, which begins anew. Holds until that end's next event. */
const char *http2_pair_log(struct http2_end *end);

/* Sends a request with `host: h`, and checks that it was taken. */
uint32_t http2_pair_ask(struct http2_pair *pair, const char *method, const char *target,
                        struct view body, bool end);

#endif
