/* SPDX-License-Identifier: Apache-2.0
 *
 * eventstream: see eventstream.h. The prelude is judged as soon as its 12 bytes are there, so that
 * a wrong length is an error at once and not a wait for bytes that never come. */
#include "wire/eventstream.h"

#include <zlib.h>

enum { PRELUDE_BYTES = 12, CHECKED_BYTES = 8, CRC_BYTES = 4, LENGTH_BYTES = 2 };

/* What each type is followed by: so many bytes, or a length in two bytes. */
struct layout {
    uint8_t fixed;
    bool counted; /* a length and so many bytes */
    bool number;  /* the fixed bytes are a signed number */
};

static const struct layout layouts[EVENTSTREAM_TYPE_END] = {
    [EVENTSTREAM_TRUE] = {0},
    [EVENTSTREAM_FALSE] = {0},
    [EVENTSTREAM_INT8] = {.fixed = 1, .number = true},
    [EVENTSTREAM_INT16] = {.fixed = 2, .number = true},
    [EVENTSTREAM_INT32] = {.fixed = 4, .number = true},
    [EVENTSTREAM_INT64] = {.fixed = 8, .number = true},
    [EVENTSTREAM_BYTES] = {.counted = true},
    [EVENTSTREAM_STRING] = {.counted = true},
    [EVENTSTREAM_TIMESTAMP] = {.fixed = 8, .number = true},
    [EVENTSTREAM_UUID] = {.fixed = 16},
};

static uint64_t read_big_endian(const char *from, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (unsigned char)from[i];
    return value;
}

static void add_big_endian(struct strbuf *out, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0;)
        strbuf_add_byte(out, (char)(unsigned char)(value >> (8 * i)));
}

static uint32_t checksum(struct view bytes)
{
    return (uint32_t)crc32(0, (const unsigned char *)bytes.ptr, (unsigned)bytes.len);
}

/* Takes `len` bytes off the front of *from. */
static bool take(struct view *from, size_t len, struct view *ret_bytes)
{
    if (from->len < len)
        return false;
    *ret_bytes = view_slice(*from, 0, len);
    *from = view_slice(*from, len, from->len);
    return true;
}

static bool take_value(struct view *from, struct eventstream_header *header)
{
    const struct layout *layout = &layouts[header->type];
    struct view bytes = {0};
    size_t len = layout->fixed;

    if (layout->counted) {
        if (!take(from, LENGTH_BYTES, &bytes))
            return false;
        len = (size_t)read_big_endian(bytes.ptr, LENGTH_BYTES);
    }
    if (!take(from, len, &bytes))
        return false;
    header->integer = header->type == EVENTSTREAM_TRUE;
    header->bytes = (struct view){0};
    if (layout->number) {
        unsigned unused = (unsigned)(64 - 8 * len);
        header->integer = (int64_t)(read_big_endian(bytes.ptr, len) << unused) >> unused;
    } else if (len > 0 || layout->counted) {
        header->bytes = bytes;
    }
    return true;
}

bool eventstream_next_header(struct view *headers, struct eventstream_header *ret_header)
{
    struct eventstream_header header;
    struct view rest = *headers;
    struct view byte;

    if (!take(&rest, 1, &byte) || byte.ptr[0] == 0
        || !take(&rest, (unsigned char)byte.ptr[0], &header.name) || !take(&rest, 1, &byte)
        || (unsigned char)byte.ptr[0] >= EVENTSTREAM_TYPE_END)
        return false;
    header.type = (enum eventstream_type)byte.ptr[0];
    if (!take_value(&rest, &header))
        return false;
    *headers = rest;
    *ret_header = header;
    return true;
}

bool eventstream_find(const struct eventstream_message *message, const char *name,
                      struct eventstream_header *ret_header)
{
    struct view rest = message->headers;
    struct eventstream_header header;

    while (eventstream_next_header(&rest, &header)) {
        if (view_is(header.name, name)) {
            *ret_header = header;
            return true;
        }
    }
    return false;
}

struct view eventstream_text(const struct eventstream_message *message, const char *name)
{
    struct eventstream_header header;

    if (eventstream_find(message, name, &header) && header.type == EVENTSTREAM_STRING)
        return header.bytes;
    return (struct view){0};
}

/* ---- reading -------------------------------------------------------------------------------- */

void eventstream_decoder_init(struct eventstream_decoder *decoder)
{
    *decoder = (struct eventstream_decoder){0};
    strbuf_init(&decoder->collected, EVENTSTREAM_MESSAGE_MAX);
}

void eventstream_decoder_release(struct eventstream_decoder *decoder)
{
    strbuf_release(&decoder->collected);
}

/* The first 12 bytes: how long the message is. */
static int read_prelude(struct view start, size_t *ret_total, struct err *reterr)
{
    uint64_t total = read_big_endian(start.ptr, 4);
    uint64_t headers = read_big_endian(start.ptr + 4, 4);
    uint64_t stated = read_big_endian(start.ptr + CHECKED_BYTES, CRC_BYTES);

    if (checksum(view_slice(start, 0, CHECKED_BYTES)) != stated)
        return fail(reterr, ERR_PROTOCOL, "event stream: prelude checksum mismatch");
    if (total < EVENTSTREAM_FRAME_BYTES || headers > total - EVENTSTREAM_FRAME_BYTES)
        return fail(reterr, ERR_PROTOCOL,
                    "event stream: a message of %llu bytes with %llu bytes of headers cannot be",
                    (unsigned long long)total, (unsigned long long)headers);
    if (headers > EVENTSTREAM_HEADERS_MAX)
        return fail(reterr, ERR_LIMIT, "event stream: %llu bytes of headers, at most %d may be",
                    (unsigned long long)headers, EVENTSTREAM_HEADERS_MAX);
    if (total - EVENTSTREAM_FRAME_BYTES - headers > EVENTSTREAM_PAYLOAD_MAX)
        return fail(reterr, ERR_LIMIT, "event stream: a payload of %llu bytes, at most %d may be",
                    (unsigned long long)(total - EVENTSTREAM_FRAME_BYTES - headers),
                    EVENTSTREAM_PAYLOAD_MAX);
    *ret_total = (size_t)total;
    return 0;
}

/* A whole message whose prelude was read. */
static int read_message(struct view bytes, struct eventstream_message *ret_message,
                        struct err *reterr)
{
    size_t checked = bytes.len - CRC_BYTES;
    size_t headers_len = (size_t)read_big_endian(bytes.ptr + 4, 4);
    struct view headers = view_slice(bytes, PRELUDE_BYTES, PRELUDE_BYTES + headers_len);
    struct view rest = headers;
    struct eventstream_header header;

    if (checksum(view_slice(bytes, 0, checked)) != read_big_endian(bytes.ptr + checked, CRC_BYTES))
        return fail(reterr, ERR_PROTOCOL, "event stream: message checksum mismatch");
    while (eventstream_next_header(&rest, &header))
        continue;
    if (rest.len > 0)
        return fail(reterr, ERR_PROTOCOL, "event stream: malformed header at byte %zu of %zu",
                    headers_len - rest.len, headers_len);
    *ret_message = (struct eventstream_message){
        .headers = headers, .payload = view_slice(bytes, PRELUDE_BYTES + headers_len, checked)};
    return 0;
}

/* Moves bytes from *rest until `len` of them are collected. */
static int collect(struct eventstream_decoder *decoder, struct view *rest, size_t len,
                   struct err *reterr)
{
    size_t missing = len - decoder->collected.len;
    size_t some = rest->len < missing ? rest->len : missing;

    strbuf_add(&decoder->collected, view_slice(*rest, 0, some));
    *rest = view_slice(*rest, some, rest->len);
    if (strbuf_status(&decoder->collected) != 0)
        return fail(reterr, strbuf_status(&decoder->collected),
                    "no memory for a message of %zu bytes", len);
    return 0;
}

/* 1 and the bytes of a whole message; 0 where they are not there yet. */
static int next_bytes(struct eventstream_decoder *decoder, struct view *rest,
                      struct view *ret_bytes, struct err *reterr)
{
    struct strbuf *collected = &decoder->collected;
    size_t total = 0;
    int code = 0;

    if (collected->len == 0 && rest->len >= PRELUDE_BYTES) {
        code = read_prelude(*rest, &total, reterr);
        if (code == 0 && take(rest, total, ret_bytes))
            return 1;
    }
    if (code == 0 && collected->len < PRELUDE_BYTES)
        code = collect(decoder, rest, PRELUDE_BYTES, reterr);
    if (code != 0 || collected->len < PRELUDE_BYTES)
        return code;
    code = read_prelude(strbuf_view(collected), &total, reterr);
    if (code == 0)
        code = collect(decoder, rest, total, reterr);
    if (code != 0 || collected->len < total)
        return code;
    decoder->given = true;
    *ret_bytes = strbuf_view(collected);
    return 1;
}

int eventstream_feed(struct eventstream_decoder *decoder, struct view *rest,
                     struct eventstream_message *ret_message, struct err *reterr)
{
    struct view bytes = {0};

    if (decoder->failed != 0)
        return fail(reterr, decoder->failed, "event stream: fed after an error");
    if (decoder->given) {
        strbuf_reset(&decoder->collected);
        decoder->given = false;
    }
    int code = next_bytes(decoder, rest, &bytes, reterr);
    if (code == 1) {
        code = read_message(bytes, ret_message, reterr);
        if (code == 0)
            return 1;
    }
    decoder->failed = code;
    return code;
}

int eventstream_finish(const struct eventstream_decoder *decoder, struct err *reterr)
{
    if (decoder->failed != 0)
        return fail(reterr, decoder->failed, "event stream: ended after an error");
    if (!decoder->given && decoder->collected.len > 0)
        return fail(reterr, ERR_CLOSED, "event stream: ended %zu bytes into a message",
                    decoder->collected.len);
    return 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* How many bytes a header takes, 0 where it cannot be written. */
static size_t header_len(const struct eventstream_header *header)
{
    if (header->name.len == 0 || header->name.len > UINT8_MAX
        || (unsigned)header->type >= EVENTSTREAM_TYPE_END)
        return 0;
    const struct layout *layout = &layouts[header->type];
    size_t before = 1 + header->name.len + 1;

    if (layout->counted)
        return header->bytes.len <= UINT16_MAX ? before + LENGTH_BYTES + header->bytes.len : 0;
    if (layout->number) {
        unsigned unused = 64 - 8 * (unsigned)layout->fixed;
        int64_t kept = (int64_t)((uint64_t)header->integer << unused) >> unused;
        return kept == header->integer ? before + layout->fixed : 0;
    }
    if (layout->fixed > 0 && header->bytes.len != layout->fixed)
        return 0;
    return before + layout->fixed;
}

static void add_header(struct strbuf *out, const struct eventstream_header *header)
{
    const struct layout *layout = &layouts[header->type];

    add_big_endian(out, header->name.len, 1);
    strbuf_add(out, header->name);
    add_big_endian(out, (uint64_t)header->type, 1);
    if (layout->counted)
        add_big_endian(out, header->bytes.len, LENGTH_BYTES);
    if (layout->number)
        add_big_endian(out, (uint64_t)header->integer, layout->fixed);
    else if (layout->counted || layout->fixed > 0)
        strbuf_add(out, header->bytes);
}

static int measure(const struct eventstream_header *headers, size_t count, size_t *ret_len,
                   struct err *reterr)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        size_t len = header_len(&headers[i]);
        if (len == 0)
            return fail(reterr, ERR_INVALID,
                        "event stream: header %zu ('%.*s') does not fit its type", i + 1,
                        VIEW_ARG(headers[i].name));
        total += len;
        if (total > EVENTSTREAM_HEADERS_MAX)
            return fail(reterr, ERR_LIMIT, "event stream: more than %d bytes of headers",
                        EVENTSTREAM_HEADERS_MAX);
    }
    *ret_len = total;
    return 0;
}

int eventstream_write(struct strbuf *out, const struct eventstream_header *headers, size_t count,
                      struct view payload, struct err *reterr)
{
    size_t start = out->len;
    size_t headers_len = 0;
    int code = measure(headers, count, &headers_len, reterr);

    if (code != 0)
        return code;
    if (payload.len > EVENTSTREAM_PAYLOAD_MAX)
        return fail(reterr, ERR_LIMIT, "event stream: a payload of %zu bytes, at most %d may be",
                    payload.len, EVENTSTREAM_PAYLOAD_MAX);
    (void)strbuf_room(out, EVENTSTREAM_FRAME_BYTES + headers_len + payload.len);
    add_big_endian(out, EVENTSTREAM_FRAME_BYTES + headers_len + payload.len, 4);
    add_big_endian(out, headers_len, 4);
    add_big_endian(out, checksum(view_slice(strbuf_view(out), start, out->len)), CRC_BYTES);
    for (size_t i = 0; i < count; i++)
        add_header(out, &headers[i]);
    strbuf_add(out, payload);
    add_big_endian(out, checksum(view_slice(strbuf_view(out), start, out->len)), CRC_BYTES);
    if (strbuf_status(out) != 0) {
        strbuf_cut(out, start);
        return fail(reterr, strbuf_status(out), "event stream: no room for the message");
    }
    return 0;
}
