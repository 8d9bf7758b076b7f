/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_record: what the HTTP/1.1 and event-stream parsers say about a stream of bytes, written
 * down so that two readings can be compared: events in order, pieces of one body joined, and the
 * error or the end.
 *
 * Pieces are copied into blocks of their own size, so that a sanitizer sees any byte read past one.
 * Memory: the strbuf's. */
#ifndef TESTS_LAWS_STREAM_RECORD_H
#define TESTS_LAWS_STREAM_RECORD_H

#include "base/rng.h"
#include "base/strbuf.h"
#include "wire/http1.h"

enum { STREAM_RECORD_BYTES_MAX = 64 << 20 };

/* How to cut a stream: at these offsets (ascending), or, with `every_byte`, everywhere. */
struct stream_cuts {
    const size_t *at;
    size_t count;
    bool every_byte;
};

/* Hands the pieces to `feed` one by one, each in a block of its own, until it returns an error,
 * which is the result. */
int stream_cut(struct view text, const struct stream_cuts *cuts,
               int (*feed)(void *context, struct view piece), void *context);

/* Reads the stream as requests or as responses, the first of which answers `method` (empty: any),
 * and appends what came. Returns 0 or the error. */
int stream_record_http1(struct view text, enum http1_side side, struct view method,
                        const struct http1_limits *limits, const struct stream_cuts *cuts,
                        struct strbuf *out);

/* The same for an event stream; limit as sse_parser_init takes it. */
int stream_record_sse(struct view text, size_t limit, const struct stream_cuts *cuts,
                      struct strbuf *out);

#endif
