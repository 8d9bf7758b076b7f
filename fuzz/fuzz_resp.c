/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_resp: any bytes read as Redis's commands or replies give, in two pieces and byte by byte,
 * the same events and the same error as whole; and what was read, written again, reads the same.
 * The first byte says where to cut, the second which side reads and whether the limits are
 * small. */
#include "frame_record.h"

static const struct resp_limits small = {
    .bulk_bytes = 8, .value_bytes = 64, .line_bytes = 12, .elements = 8, .depth = 3};

/* Writes what was read, while strings come whole. */
static void write_event(struct strbuf *out, const struct resp_event *event)
{
    bool string =
        event->type == RESP_BULK || event->type == RESP_BULK_ERROR || event->type == RESP_VERBATIM;
    bool aggregate = event->type == RESP_ARRAY || event->type == RESP_MAP || event->type == RESP_SET
                     || event->type == RESP_PUSH || event->type == RESP_ATTRIBUTE;

    if (string)
        resp_write_string(out, event->type, event->text);
    else if (aggregate)
        resp_write_aggregate(out, event->type, event->count);
    else
        resp_write_line(out, event->type, event->text);
}

/* Values that came whole, written again, must read as the same events. */
static void check_writer(struct view text, enum resp_side side)
{
    struct resp_parser parser;
    struct resp_event event;
    struct strbuf written;
    struct strbuf first;
    struct strbuf second;
    struct view rest = text;
    struct view whole = view_slice(text, 0, 0);
    resp_parser_init(&parser, side, NULL);
    strbuf_init(&written, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&first, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&second, STREAM_RECORD_BYTES_MAX);
    size_t kept = 0;

    while (resp_feed(&parser, &rest, &event, NULL) == 1) {
        if ((event.type == RESP_BULK || event.type == RESP_BULK_ERROR
             || event.type == RESP_VERBATIM)
            && (event.offset > 0 || !event.last))
            break;
        write_event(&written, &event);
        if (event.complete) {
            kept = written.len;
            whole = view_slice(text, 0, text.len - rest.len);
        }
    }
    strbuf_cut(&written, kept);
    assert_always(strbuf_status(&written) == 0);
    const struct stream_cuts none = {.count = 0};
    assert_always(frame_record_resp(whole, side, NULL, &none, &first) == 0);
    assert_always(frame_record_resp(strbuf_view(&written), side, NULL, &none, &second) == 0);
    assert_always(view_equal(strbuf_view(&first), strbuf_view(&second)));
    resp_parser_release(&parser);
    strbuf_release(&written);
    strbuf_release(&first);
    strbuf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf whole;
    struct strbuf cut;

    if (size < 2)
        return 0;
    struct view text = view_make(data + 2, size - 2);
    size_t at = data[0] < text.len ? data[0] : text.len;
    enum resp_side side = data[1] % 2 == 0 ? RESP_READS_REPLIES : RESP_READS_COMMANDS;
    const struct resp_limits *limits = data[1] % 4 >= 2 ? &small : NULL;
    strbuf_init(&whole, STREAM_RECORD_BYTES_MAX);
    strbuf_init(&cut, STREAM_RECORD_BYTES_MAX);
    int code = frame_record_resp(text, side, limits, &(struct stream_cuts){.count = 0}, &whole);
    assert_always(
        frame_record_resp(text, side, limits, &(struct stream_cuts){.at = &at, .count = 1}, &cut)
        == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    strbuf_reset(&cut);
    assert_always(
        frame_record_resp(text, side, limits, &(struct stream_cuts){.every_byte = true}, &cut)
        == code);
    assert_always(view_equal(strbuf_view(&whole), strbuf_view(&cut)));
    check_writer(text, side);
    strbuf_release(&whole);
    strbuf_release(&cut);
    return 0;
}
