/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_http: any bytes read as HTTP/1.1 requests and responses give, in two pieces and byte by
 * byte, the same events and the same error as whole; and no head that was read holds what the
 * writer would refuse to write. The first byte says where to cut, the second which direction and
 * whether limits are small. */
#include "stream_record.h"

static const struct http1_limits small = {.start_line_bytes = 40,
                                          .header_bytes = 100,
                                          .headers = 4,
                                          .chunk_line_bytes = 12,
                                          .body_bytes = 30};

static const struct view methods[] = {VIEW(""), VIEW("HEAD"), VIEW("CONNECT"), VIEW("")};

static int record(struct view text, unsigned how, const struct stream_cuts *cuts,
                  struct strbuf *out)
{
    strbuf_reset(out);
    return stream_record_http1(text, how % 2 == 0 ? HTTP1_READS_REQUESTS : HTTP1_READS_RESPONSES,
                               methods[how / 2 % 4], how / 8 % 2 == 0 ? NULL : &small, cuts, out);
}

/* What was read as one head can be written as one. */
static void check_writer(struct view text, enum http1_side side)
{
    struct http1_parser *parser = http1_parser_new(side, NULL);
    struct http1_event event;
    struct strbuf out;
    strbuf_init(&out, STREAM_RECORD_BYTES_MAX);
    assert_always(parser != NULL);

    while (http1_feed(parser, &text, &event, NULL) == 1) {
        if (event.kind != HTTP1_HEAD)
            continue;
        struct http_headers headers = event.head->headers;
        http_header_remove(&headers, "content-length");
        http_header_remove(&headers, "transfer-encoding");
        if (http_header_get(&headers, "host").ptr == NULL && headers.count < HTTP_HEADERS_MAX)
            headers.items[headers.count++] =
                (struct http_header){.name = VIEW("host"), .value = VIEW("h")};
        struct http_request request = {
            .method = event.head->method, .target = event.head->target, .headers = headers};
        struct http_response response = {.status = event.head->status, .headers = headers};
        if (side == HTTP1_READS_REQUESTS)
            assert_always(http1_write_request_head(&out, &request, HTTP1_NO_BODY, NULL) == 0);
        else if (response.status <= 599)
            assert_always(http1_write_response_head(&out, &response, HTTP1_NO_BODY, NULL) == 0);
    }
    strbuf_release(&out);
    http1_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf whole;
    struct strbuf cut;

    if (size < 2)
        return 0;
    struct view text = view_make(data + 2, size - 2);
    size_t at = data[0] < text.len ? data[0] : text.len;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&cut, STREAM_RECORD_BYTES_MAX);
    int code = record(text, data[1], &(struct stream_cuts){.count = 0}, &whole);
    assert_always(record(text, data[1], &(struct stream_cuts){.at = &at, .count = 1}, &cut)
                  == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    assert_always(record(text, data[1], &(struct stream_cuts){.every_byte = true}, &cut) == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    check_writer(text, data[1] % 2 == 0 ? HTTP1_READS_REQUESTS : HTTP1_READS_RESPONSES);
    strbuf_release(&whole);
    strbuf_release(&cut);
    return 0;
}
