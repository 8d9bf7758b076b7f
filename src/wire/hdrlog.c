/* SPDX-License-Identifier: Apache-2.0
 *
 * hdrlog: see hdrlog.h. Here the V2 encoding; hdrlog_text.c has the lines of a log. */
#include "wire/hdrlog.h"

#include <zlib.h>

#include "base/mem.h"
#include "wire/base64.h"

enum { OUTER_BYTES = 8, LENGTH_AT = 4, LOWEST = 1 };

/* The low byte's upper half says how wide counts are: 1 for LEB128. */
static const uint32_t cookie_v2 = 0x1c849313;
static const uint32_t cookie_compressed = 0x1c849314;
static const uint64_t ratio_bits = UINT64_C(0x3ff0000000000000); /* 1.0 */

static void add_big_endian(struct strbuf *out, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0;)
        strbuf_add_byte(out, (char)(unsigned char)(value >> (8 * i)));
}

/* Takes a number of so many bytes off the front, which must be there. */
static uint64_t take_big_endian(struct view *from, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (unsigned char)from->ptr[i];
    *from = view_slice(*from, bytes, from->len);
    return value;
}

/* ZigZag, then 7 bits a byte, the lowest first; a ninth byte has all its 8. */
static void add_count(struct strbuf *out, int64_t count)
{
    uint64_t value = (uint64_t)count << 1 ^ (uint64_t)(count >> 63);
    char bytes[HDRLOG_COUNT_BYTES_MAX];
    size_t len = 0;

    while (value > 0x7f && len < HDRLOG_COUNT_BYTES_MAX - 1) {
        bytes[len++] = (char)(unsigned char)(value | 0x80);
        value >>= 7;
    }
    bytes[len++] = (char)(unsigned char)value;
    strbuf_add(out, view_make(bytes, len));
}

/* False where the number is cut short. */
static bool take_count(struct view *from, int64_t *ret_count)
{
    uint64_t value = 0;

    for (size_t i = 0; i < from->len && i < HDRLOG_COUNT_BYTES_MAX; i++) {
        bool ninth = i == HDRLOG_COUNT_BYTES_MAX - 1;
        unsigned char byte = (unsigned char)from->ptr[i];
        value |= (uint64_t)(ninth ? byte : byte & 0x7f) << (7 * i);
        if (ninth || byte < 0x80) {
            *from = view_slice(*from, i + 1, from->len);
            *ret_count = (int64_t)(value >> 1 ^ (0 - (value & 1)));
            return true;
        }
    }
    return false;
}

static void add_counts(struct strbuf *out, const struct histogram *histogram)
{
    size_t used = histogram->total > 0 ? histogram_index(histogram->max) + 1 : 0;
    int64_t empty = 0;

    for (size_t i = 0; i < used; i++) {
        if (histogram->counts[i] == 0) {
            empty++;
            continue;
        }
        if (empty > 0)
            add_count(out, empty > 1 ? -empty : 0);
        empty = 0;
        add_count(out, (int64_t)histogram->counts[i]);
    }
}

/* 0, or what is wrong with `out`, which is then as long as it was. */
static int finished(struct strbuf *out, size_t start)
{
    int code = strbuf_status(out);

    if (code != 0)
        strbuf_cut(out, start);
    return code;
}

/* Writes how many bytes there are from `from` on into the four at `at`. */
static void put_length(struct strbuf *out, size_t at, size_t from)
{
    for (size_t i = 0; strbuf_status(out) == 0 && i < 4; i++)
        out->ptr[at + i] = (char)(unsigned char)((out->len - from) >> (24 - 8 * i));
}

int hdrlog_encode(struct strbuf *out, const struct histogram *histogram)
{
    size_t start = out->len;

    add_big_endian(out, cookie_v2, 4);
    add_big_endian(out, 0, 4); /* known below */
    add_big_endian(out, 0, 4);
    add_big_endian(out, HISTOGRAM_DIGITS, 4);
    add_big_endian(out, LOWEST, 8);
    add_big_endian(out, histogram->highest, 8);
    add_big_endian(out, ratio_bits, 8);
    add_counts(out, histogram);
    put_length(out, start + LENGTH_AT, start + HDRLOG_HEAD_BYTES);
    return finished(out, start);
}

/* ---- zlib ----------------------------------------------------------------------------------- */

static void *zlib_new(void *context, unsigned count, unsigned size)
{
    (void)context;
    return mem_new(count, size);
}

static void zlib_free(void *context, void *block)
{
    (void)context;
    mem_free(block);
}

/* zlib takes its input without const, and does not change it. */
static unsigned char *input_of(struct view bytes)
{
    union {
        const char *borrowed;
        unsigned char *taken;
    } input = {.borrowed = bytes.ptr};

    return input.taken;
}

static void add_deflated(struct strbuf *out, struct view bytes)
{
    z_stream stream = {.zalloc = zlib_new, .zfree = zlib_free};

    if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK) {
        out->status = ERR_MEMORY;
        return;
    }
    size_t bound = deflateBound(&stream, bytes.len);
    char *room = strbuf_room(out, bound);
    if (room != NULL) {
        stream.next_in = input_of(bytes);
        stream.avail_in = (unsigned)bytes.len;
        stream.next_out = (unsigned char *)room;
        stream.avail_out = (unsigned)bound;
        int code = deflate(&stream, Z_FINISH);
        assert_always(code == Z_STREAM_END);
        strbuf_grew(out, stream.total_out);
    }
    (void)deflateEnd(&stream);
}

int hdrlog_encode_compressed(struct strbuf *out, const struct histogram *histogram)
{
    size_t start = out->len;
    struct strbuf plain;
    strbuf_init(&plain, HDRLOG_V2_MAX);

    int code = hdrlog_encode(&plain, histogram);
    if (code == 0) {
        add_big_endian(out, cookie_compressed, 4);
        add_big_endian(out, 0, 4); /* known below */
        add_deflated(out, strbuf_view(&plain));
        put_length(out, start + LENGTH_AT, start + OUTER_BYTES);
        code = finished(out, start);
    }
    strbuf_release(&plain);
    return code;
}

static int inflate_all(struct view bytes, struct strbuf *out, struct err *reterr)
{
    z_stream stream = {.zalloc = zlib_new,
                       .zfree = zlib_free,
                       .next_in = input_of(bytes),
                       .avail_in = (unsigned)bytes.len};
    char *room = strbuf_room(out, HDRLOG_V2_MAX);

    if (room == NULL || inflateInit(&stream) != Z_OK)
        return fail(reterr, ERR_MEMORY, "no memory to unpack a histogram");
    stream.next_out = (unsigned char *)room;
    stream.avail_out = HDRLOG_V2_MAX;
    int code = inflate(&stream, Z_FINISH);
    (void)inflateEnd(&stream);
    if (code == Z_MEM_ERROR)
        return fail(reterr, ERR_MEMORY, "no memory to unpack a histogram");
    if (code != Z_STREAM_END || stream.avail_in != 0)
        return fail(reterr, ERR_CORRUPT, "a histogram that zlib cannot unpack, at byte %lu of %zu",
                    stream.total_in, bytes.len);
    strbuf_grew(out, stream.total_out);
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int read_counts(struct view counts, struct histogram *histogram, struct err *reterr)
{
    uint64_t index = 0;

    while (counts.len > 0) {
        int64_t count;
        if (!take_count(&counts, &count))
            return fail(reterr, ERR_CORRUPT, "a histogram whose last count is cut short");
        uint64_t skipped = count < 0 ? 0 - (uint64_t)count : 1;
        if (skipped > histogram->len - index)
            return fail(reterr, ERR_CORRUPT, "a histogram with counts past its highest value");
        if (count > 0
            && histogram_record_n(histogram, histogram_low((size_t)index), (uint64_t)count) != 0)
            return fail(reterr, ERR_CORRUPT, "a histogram of more values than can be");
        index += skipped;
    }
    if (histogram->total > 0)
        histogram->max = histogram_high(histogram_index(histogram->max));
    return 0;
}

/* The head of a V2 encoding, taken off *bytes: how high its values may be. */
static int read_head(struct view *bytes, uint64_t *ret_highest, struct err *reterr)
{
    if (bytes->len < HDRLOG_HEAD_BYTES)
        return fail(reterr, ERR_CORRUPT, "a histogram of %zu bytes, cut short", bytes->len);
    uint64_t cookie = take_big_endian(bytes, 4);
    uint64_t length = take_big_endian(bytes, 4);
    uint64_t shifted = take_big_endian(bytes, 4);
    uint64_t digits = take_big_endian(bytes, 4);
    uint64_t lowest = take_big_endian(bytes, 8);
    uint64_t highest = take_big_endian(bytes, 8);
    uint64_t ratio = take_big_endian(bytes, 8);

    if (cookie != cookie_v2)
        return fail(reterr, ERR_UNSUPPORTED,
                    "a histogram that starts with %08llx; encoding V2 starts with %08lx",
                    (unsigned long long)cookie, (unsigned long)cookie_v2);
    if (digits != HISTOGRAM_DIGITS || lowest != LOWEST || shifted != 0 || ratio != ratio_bits)
        return fail(reterr, ERR_UNSUPPORTED,
                    "a histogram of %llu digits from %llu on%s; only 3 digits from 1 on are read",
                    (unsigned long long)digits, (unsigned long long)lowest,
                    shifted != 0 || ratio != ratio_bits ? ", scaled" : "");
    if (highest < 2)
        return fail(reterr, ERR_CORRUPT, "a histogram whose highest value is %llu",
                    (unsigned long long)highest);
    if (length != bytes->len)
        return fail(reterr, ERR_CORRUPT, "a histogram with %zu bytes of counts, said to be %llu",
                    bytes->len, (unsigned long long)length);
    *ret_highest = highest < HISTOGRAM_HIGHEST_MAX ? highest : HISTOGRAM_HIGHEST_MAX;
    return 0;
}

static int decode_plain(struct view bytes, struct histogram *ret_histogram, struct err *reterr)
{
    struct histogram histogram;
    uint64_t highest = 0;
    int code = read_head(&bytes, &highest, reterr);

    if (code != 0)
        return code;
    code = histogram_init(&histogram, highest);
    if (code != 0)
        return fail(reterr, code, "no memory for a histogram");
    code = read_counts(bytes, &histogram, reterr);
    if (code != 0)
        histogram_release(&histogram);
    else
        *ret_histogram = histogram;
    return code;
}

int hdrlog_decode(struct view bytes, struct histogram *ret_histogram, struct err *reterr)
{
    struct view rest = bytes;
    struct strbuf plain;

    if (bytes.len < OUTER_BYTES || take_big_endian(&rest, 4) != cookie_compressed)
        return decode_plain(bytes, ret_histogram, reterr);
    uint64_t length = take_big_endian(&rest, 4);
    if (length != rest.len || length > HDRLOG_COMPRESSED_MAX)
        return fail(reterr, ERR_CORRUPT, "a packed histogram of %zu bytes, said to be %llu",
                    rest.len, (unsigned long long)length);
    strbuf_init(&plain, HDRLOG_V2_MAX);
    int code = inflate_all(rest, &plain, reterr);
    if (code == 0)
        code = decode_plain(strbuf_view(&plain), ret_histogram, reterr);
    strbuf_release(&plain);
    return code;
}

int hdrlog_decode_text(struct view text, struct histogram *ret_histogram, struct err *reterr)
{
    struct strbuf bytes;
    strbuf_init(&bytes, HDRLOG_COMPRESSED_MAX);

    int code = base64_decode(&bytes, text);
    if (code != 0)
        code = fail(reterr, code == ERR_MEMORY ? ERR_MEMORY : ERR_CORRUPT,
                    "a histogram that is not written in base64, or is too large");
    else
        code = hdrlog_decode(strbuf_view(&bytes), ret_histogram, reterr);
    strbuf_release(&bytes);
    return code;
}
