/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_sse: any bytes read as an event stream give, in two pieces and byte by byte, the same events
 * and the same error as whole; and every event that was read can be written and read again. The
 * first byte says where to cut, the second whether the limit is small. */
#include "stream_record.h"
#include "wire/sse.h"

static void check_writer(struct view text)
{
    struct sse_parser parser;
    struct sse_event event;
    sse_parser_init(&parser, 0);

    while (sse_feed(&parser, &text, &event, NULL) == 1) {
        struct sse_parser again;
        struct sse_event read;
        struct strbuf out;
        strbuf_init(&out, STREAM_RECORD_BYTES_MAX);
        sse_parser_init(&again, 0);
        assert_always(sse_write(&out, &event) == 0);
        struct view rest = strbuf_view(&out);
        assert_always(sse_feed(&again, &rest, &read, NULL) == 1);
        assert_always(view_equal(read.data, event.data) && view_equal(read.event, event.event));
        assert_always(view_equal(read.id, event.id) && read.retry_ms == event.retry_ms);
        assert_always(rest.len == 0);
        strbuf_release(&out);
        sse_parser_release(&again);
    }
    sse_parser_release(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf whole;
    struct strbuf cut;

    if (size < 2)
        return 0;
    struct view text = view_make(data + 2, size - 2);
    size_t at = data[0] < text.len ? data[0] : text.len;
    size_t limit = data[1] % 2 == 0 ? 0 : 20;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&cut, STREAM_RECORD_BYTES_MAX);
    int code = stream_record_sse(text, limit, &(struct stream_cuts){.count = 0}, &whole);
    assert_always(stream_record_sse(text, limit, &(struct stream_cuts){.at = &at, .count = 1}, &cut)
                  == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    strbuf_reset(&cut);
    assert_always(stream_record_sse(text, limit, &(struct stream_cuts){.every_byte = true}, &cut)
                  == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    check_writer(text);
    strbuf_release(&whole);
    strbuf_release(&cut);
    return 0;
}
