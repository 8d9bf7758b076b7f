/* SPDX-License-Identifier: Apache-2.0
 *
 * eventstream: the frames of application/vnd.amazon.eventstream, read and written.
 *
 *     message  u32 total │ u32 headers │ u32 CRC32 of these 8 bytes │ headers │ payload
 *              │ u32 CRC32 of all before it
 *     header   u8 name length │ name │ u8 type │ value
 *
 * All numbers big-endian, zlib's CRC32. Nothing of a message is shown before both checksums and
 * every header are right. A message that lies whole in the fed bytes is read where it is; only one
 * that a split cuts is collected.
 *
 * What it does not do: know what `:message-type` means, decode payloads.
 * Memory: a buffer of the decoder, which grows with what arrived and not with what was announced.
 * Threads: one owner. Limits: EVENTSTREAM_*_MAX. Source: AWS, "Event stream encoding". */
#ifndef ASSAY_WIRE_EVENTSTREAM_H
#define ASSAY_WIRE_EVENTSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum {
    EVENTSTREAM_PAYLOAD_MAX = 16 << 20,
    EVENTSTREAM_HEADERS_MAX = 128 << 10,
    EVENTSTREAM_FRAME_BYTES = 16, /* of a message without headers and payload */
    EVENTSTREAM_MESSAGE_MAX =
        EVENTSTREAM_FRAME_BYTES + EVENTSTREAM_HEADERS_MAX + EVENTSTREAM_PAYLOAD_MAX,
};

/* As on the wire. */
enum eventstream_type {
    EVENTSTREAM_TRUE,
    EVENTSTREAM_FALSE,
    EVENTSTREAM_INT8,
    EVENTSTREAM_INT16,
    EVENTSTREAM_INT32,
    EVENTSTREAM_INT64,
    EVENTSTREAM_BYTES,
    EVENTSTREAM_STRING,
    EVENTSTREAM_TIMESTAMP, /* ms since 1970 */
    EVENTSTREAM_UUID,      /* 16 bytes */
    EVENTSTREAM_TYPE_END,
};

struct eventstream_header {
    struct view name; /* 1 to 255 bytes */
    enum eventstream_type type;
    int64_t integer;   /* of INT8 … INT64 and TIMESTAMP; 1 of TRUE */
    struct view bytes; /* of BYTES, STRING (at most 65,535) and UUID */
};

/* A message that came. Views hold until the next eventstream_feed, and no longer than the fed
 * bytes. */
struct eventstream_message {
    struct view headers; /* well-formed; walk them with eventstream_next_header */
    struct view payload;
};

struct eventstream_decoder {
    struct strbuf collected; /* the start of a message that is not complete yet */
    bool given;              /* `collected` is a message that was handed out */
    int failed;              /* the error that every further feed returns */
};

void eventstream_decoder_init(struct eventstream_decoder *decoder);
void eventstream_decoder_release(struct eventstream_decoder *decoder);

/* Takes bytes from the front of *rest until one message is there: 1 and ret_message filled; 0 when
 * *rest is used up without one; ERR_PROTOCOL, ERR_LIMIT, ERR_MEMORY with reterr (may be NULL), and
 * then for ever. */
MUST_CHECK int eventstream_feed(struct eventstream_decoder *decoder, struct view *rest,
                                struct eventstream_message *ret_message, struct err *reterr);

/* The peer sends no more: 0 between messages, ERR_CLOSED where one was cut short, or the error
 * there was. */
MUST_CHECK int eventstream_finish(const struct eventstream_decoder *decoder, struct err *reterr);

/* Takes one header off the front of *headers: true; false at their end, or where they are broken
 * (never in a message that eventstream_feed gave): *headers is then not empty. */
bool eventstream_next_header(struct view *headers, struct eventstream_header *ret_header);

/* The first header of that name; false where there is none. */
bool eventstream_find(const struct eventstream_message *message, const char *name,
                      struct eventstream_header *ret_header);

/* The bytes of the header of that name where it is a STRING, else empty. */
struct view eventstream_text(const struct eventstream_message *message, const char *name);

/* Appends one message. ERR_INVALID (a name or value too long, a number too large for its type, a
 * UUID of other than 16 bytes) and ERR_LIMIT (too large as a whole) with reterr (may be NULL), or
 * the failure of `out`: nothing is appended then. */
MUST_CHECK int eventstream_write(struct strbuf *out, const struct eventstream_header *headers,
                                 size_t count, struct view payload, struct err *reterr);

#endif
