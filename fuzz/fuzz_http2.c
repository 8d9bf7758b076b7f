/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_http2: any bytes read as what a client or a server of HTTP/2 sends give, in two pieces and
 * byte by byte, the same events and the same error as whole, and what is said in return are whole
 * frames. The first byte says where to cut; the second which side reads, whether the limits are
 * small, and whether a good beginning stands before the bytes. */
#include "http2_bytes.h"
#include "http2_record.h"

static const struct http2_limits small = {
    .streams = 2, .header_bytes = 200, .headers = 4, .body_bytes = 6};

enum { READS_ANSWERS = 1, SMALL_LIMITS = 2, BARE = 4 };

static void begin(struct strbuf *text, unsigned how)
{
    if (how & BARE)
        return;
    if (!(how & READS_ANSWERS))
        strbuf_add_text(text, HTTP2_PREFACE);
    http2_bytes_frame(text, &(struct http2_bytes){.type = SETTINGS});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf text;
    struct strbuf whole;
    struct strbuf cut;

    if (size < 2 || size > 1 << 16)
        return 0;
    strbuf_init(&text, 1 << 17);
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&cut, STREAM_RECORD_BYTES_MAX);
    begin(&text, data[1]);
    strbuf_add(&text, view_make(data + 2, size - 2));
    enum http2_side side = data[1] & READS_ANSWERS ? HTTP2_CLIENT : HTTP2_SERVER;
    const struct http2_limits *limits = data[1] & SMALL_LIMITS ? &small : NULL;
    size_t at = text.len > 0 ? data[0] * (text.len / 256 + 1) % text.len : 0;

    int code =
        http2_record(strbuf_view(&text), side, limits, &(struct stream_cuts){.count = 0}, &whole);
    assert_always(http2_record(strbuf_view(&text), side, limits,
                               &(struct stream_cuts){.at = &at, .count = 1}, &cut)
                  == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    strbuf_reset(&cut);
    assert_always(http2_record(strbuf_view(&text), side, limits,
                               &(struct stream_cuts){.every_byte = true}, &cut)
                  == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    strbuf_release(&text);
    strbuf_release(&whole);
    strbuf_release(&cut);
    return 0;
}
