/* SPDX-License-Identifier: Apache-2.0
 *
 * sse: server-sent events (text/event-stream), read and written.
 *
 * Reads as the WHATWG HTML standard says ("Server-sent events", parsing an event stream): lines end
 * in CR, LF or CR LF, one byte order mark at the start is skipped, an event that the end of the
 * stream cuts off is dropped. Bytes are not decoded: whether they are UTF-8 is the reader's
 * question.
 *
 * Memory: buffers of the parser, up to the ceiling. Threads: one owner. Limit: bytes an event. */
#ifndef ASSAY_WIRE_SSE_H
#define ASSAY_WIRE_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { SSE_EVENT_BYTES_MAX = 1024 * 1024 };

/* Views hold until the next sse_feed. */
struct sse_event {
    struct view event; /* its type; empty where none was given, which means "message" */
    struct view data;  /* data lines joined by LF */
    struct view id;    /* the last id the stream gave, also by earlier events */
    int64_t retry_ms;  /* the last reconnection time the stream gave; -1 where none */
};

struct sse_parser {
    struct strbuf line; /* a line that is not complete yet */
    struct strbuf event;
    struct strbuf data;
    struct strbuf id;
    size_t limit;
    size_t event_bytes; /* of the lines of the event so far */
    int64_t retry_ms;
    bool at_start; /* nothing fed yet: a byte order mark may come */
    bool after_cr; /* a LF that comes next belongs to the line end before */
    bool has_data; /* a data line came since the last event */
    bool given;    /* the buffers hold an event that was handed out */
    int failed;    /* the error that every further feed returns */
};

/* limit: the most bytes of one event, its lines together; 0: SSE_EVENT_BYTES_MAX. */
void sse_parser_init(struct sse_parser *parser, size_t limit);
void sse_parser_release(struct sse_parser *parser);

/* Takes bytes from the front of *rest until one event is there: 1 and ret_event filled; 0 when
 * *rest is used up without one; ERR_LIMIT, ERR_MEMORY with reterr (may be NULL), then for ever. */
MUST_CHECK int sse_feed(struct sse_parser *parser, struct view *rest, struct sse_event *ret_event,
                        struct err *reterr);

/* Appends one event that reads back the same (line ends in data come back as LF). An empty event or
 * id and a negative retry_ms are left out. ERR_INVALID, and nothing appended, for line ends in
 * event or id, or NUL in id. */
MUST_CHECK int sse_write(struct strbuf *out, const struct sse_event *event);

/* Appends a comment, which keeps idle connections open; line ends in it become spaces. */
void sse_write_comment(struct strbuf *out, struct view text);

#endif
