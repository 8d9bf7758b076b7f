/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_eventstream: any bytes read as an AWS event stream give, in two pieces and byte by byte, the
 * same messages and the same error as whole; and what was read, written again, reads the same. The
 * first byte says where to cut; where the second is odd, the checksums are put right first, so that
 * what lies behind them is reached. */
#include <zlib.h>

#include "base/mem.h"
#include "frame_record.h"

static size_t number(const unsigned char *from)
{
    return (size_t)from[0] << 24 | (size_t)from[1] << 16 | (size_t)from[2] << 8 | from[3];
}

static void put_checksum(unsigned char *start, size_t len)
{
    unsigned long crc = crc32(0, start, (unsigned)len);

    for (size_t i = 0; i < 4; i++)
        start[len + i] = (unsigned char)(crc >> (24 - 8 * i));
}

static void put_checksums_right(unsigned char *bytes, size_t len)
{
    while (len >= 12) {
        put_checksum(bytes, 8);
        size_t total = number(bytes);
        if (total < EVENTSTREAM_FRAME_BYTES || total > len)
            return;
        put_checksum(bytes, total - 4);
        bytes += total;
        len -= total;
    }
}

static void check_writer(struct view text)
{
    struct eventstream_decoder decoder;
    struct eventstream_message message;
    eventstream_decoder_init(&decoder);

    while (eventstream_feed(&decoder, &text, &message, NULL) == 1) {
        struct eventstream_header *headers = mem_new(message.headers.len / 3 + 1, sizeof *headers);
        struct eventstream_decoder second;
        struct eventstream_message again;
        struct strbuf out;
        struct view rest = message.headers;
        size_t count = 0;
        assert_always(headers != NULL);
        while (eventstream_next_header(&rest, &headers[count]))
            count++;
        strbuf_init(&out, EVENTSTREAM_MESSAGE_MAX);
        eventstream_decoder_init(&second);
        assert_always(eventstream_write(&out, headers, count, message.payload, NULL) == 0);
        rest = strbuf_view(&out);
        assert_always(eventstream_feed(&second, &rest, &again, NULL) == 1 && rest.len == 0);
        assert_always(view_equal(again.headers, message.headers));
        assert_always(view_equal(again.payload, message.payload));
        eventstream_decoder_release(&second);
        strbuf_release(&out);
        mem_free(headers);
    }
    eventstream_decoder_release(&decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf whole;
    struct strbuf cut;

    if (size < 3)
        return 0;
    unsigned char *bytes = mem_new(size - 2, 1);
    assert_always(bytes != NULL);
    memcpy(bytes, data + 2, size - 2);
    if (data[1] % 2 == 1)
        put_checksums_right(bytes, size - 2);
    struct view text = view_make(bytes, size - 2);
    size_t at = data[0] < text.len ? data[0] : text.len;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&cut, STREAM_RECORD_BYTES_MAX);
    int code = frame_record_eventstream(text, &(struct stream_cuts){.count = 0}, &whole);
    assert_always(frame_record_eventstream(text, &(struct stream_cuts){.at = &at, .count = 1}, &cut)
                  == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    strbuf_reset(&cut);
    assert_always(frame_record_eventstream(text, &(struct stream_cuts){.every_byte = true}, &cut)
                  == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    check_writer(text);
    strbuf_release(&whole);
    strbuf_release(&cut);
    mem_free(bytes);
    return 0;
}
