/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_bytes: see http2_bytes.h. */
#include "http2_bytes.h"

static void add_number(struct strbuf *out, uint32_t number, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        strbuf_add_byte(out, (char)(number >> shift & 0xff));
}

void http2_bytes_frame(struct strbuf *out, const struct http2_bytes *frame)
{
    add_number(out, (uint32_t)(frame->payload.len + frame->zeros), 3);
    add_number(out, frame->type, 1);
    add_number(out, frame->flags, 1);
    add_number(out, frame->stream, 4);
    strbuf_add(out, frame->payload);
    strbuf_add_repeated(out, '\0', frame->zeros);
}

void http2_bytes_number(struct strbuf *out, uint8_t type, uint32_t stream, uint32_t number)
{
    http2_bytes_frame(out, &(struct http2_bytes){.type = type, .stream = stream, .zeros = 4});
    strbuf_cut(out, out->len - 4);
    add_number(out, number, 4);
}

void http2_bytes_field(struct strbuf *out, const char *name, const char *value)
{
    add_number(out, 0x10, 1);
    add_number(out, (uint32_t)strlen(name), 1);
    strbuf_add_text(out, name);
    add_number(out, (uint32_t)strlen(value), 1);
    strbuf_add_text(out, value);
}

uint32_t http2_bytes_u32(struct view bytes, size_t offset)
{
    uint32_t number = 0;

    assert_always(bytes.len >= offset + 4);
    for (size_t i = 0; i < 4; i++)
        number = number << 8 | (unsigned char)bytes.ptr[offset + i];
    return number;
}

bool http2_bytes_next(struct view *rest, struct http2_bytes *ret_frame)
{
    const struct view preface = VIEW(HTTP2_PREFACE);

    if (view_starts(*rest, preface))
        *rest = view_slice(*rest, preface.len, rest->len);
    if (rest->len < 9)
        return false;
    size_t len = http2_bytes_u32(*rest, 0) >> 8;
    if (rest->len < 9 + len)
        return false;
    *ret_frame = (struct http2_bytes){
        .type = (uint8_t)rest->ptr[3],
        .flags = (uint8_t)rest->ptr[4],
        .stream = http2_bytes_u32(*rest, 5),
        .payload = view_slice(*rest, 9, 9 + len),
    };
    *rest = view_slice(*rest, 9 + len, rest->len);
    return true;
}

bool http2_bytes_find(struct view bytes, uint8_t type, bool ack, struct http2_bytes *ret_frame)
{
    while (http2_bytes_next(&bytes, ret_frame)) {
        bool acks = (type == PING || type == SETTINGS) && (ret_frame->flags & ACK);
        if (ret_frame->type == type && acks == ack)
            return true;
    }
    return false;
}
