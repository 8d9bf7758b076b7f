/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_bytes: frames of HTTP/2 written byte by byte, right or wrong, and frames read back, with no
 * help from the code under test. */
#ifndef TESTS_LAWS_HTTP2_BYTES_H
#define TESTS_LAWS_HTTP2_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH_PROMISE,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION,

    ACK = 0x1,
    END_STREAM = 0x1,
    END_HEADERS = 0x4,
    PADDED = 0x8,
    WITH_PRIORITY = 0x20,
    HEAD_ONLY = END_STREAM | END_HEADERS,
};

/* Heads in HPACK: https on host `h`, path `/`, by the static table; and single fields. */
#define GET "\x82\x87\x84\x41\x01h"
#define POST "\x83\x87\x84\x41\x01h"
#define STATUS_200 "\x88"

struct http2_bytes {
    uint8_t type;
    uint8_t flags;
    uint32_t stream;
    struct view payload;
    size_t zeros; /* behind the payload */
};

void http2_bytes_frame(struct strbuf *out, const struct http2_bytes *frame);

/* One frame with a payload of 32 bits: RST_STREAM, WINDOW_UPDATE. */
void http2_bytes_number(struct strbuf *out, uint8_t type, uint32_t stream, uint32_t number);

/* A field of a head, neither indexed nor compressed; at most 126 bytes each. */
void http2_bytes_field(struct strbuf *out, const char *name, const char *value);

/* Takes a frame off the front of *rest (a preface is passed over); false where none is whole. */
bool http2_bytes_next(struct view *rest, struct http2_bytes *ret_frame);

/* The first frame of that type without ACK, or with; false where there is none. */
bool http2_bytes_find(struct view bytes, uint8_t type, bool ack, struct http2_bytes *ret_frame);

/* The number at that offset of a frame's payload. */
uint32_t http2_bytes_u32(struct view bytes, size_t offset);

#endif
