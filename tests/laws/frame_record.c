/* SPDX-License-Identifier: Apache-2.0
 *
 * frame_record: see frame_record.h. */
#include "frame_record.h"

/* ---- AWS event streams ---------------------------------------------------------------------- */

struct eventstream_recorder {
    struct eventstream_decoder decoder;
    struct strbuf *out;
};

void frame_record_message(const struct eventstream_message *message, struct strbuf *out)
{
    struct view rest = message->headers;
    struct eventstream_header header;

    strbuf_add_text(out, "MESSAGE\n");
    while (eventstream_next_header(&rest, &header)) {
        strbuf_add_text(out, "  ");
        strbuf_add(out, header.name);
        strbuf_printf(out, " %d %lld [", (int)header.type, (long long)header.integer);
        strbuf_add(out, header.bytes);
        strbuf_add_text(out, "]\n");
    }
    assert_always(rest.len == 0);
    strbuf_add_text(out, "  [");
    strbuf_add(out, message->payload);
    strbuf_add_text(out, "]\n");
}

static int feed_eventstream(void *context, struct view piece)
{
    struct eventstream_recorder *recorder = context;
    struct eventstream_message message;
    struct err err = {0};
    int code;

    while ((code = eventstream_feed(&recorder->decoder, &piece, &message, &err)) == 1)
        frame_record_message(&message, recorder->out);
    if (code < 0)
        strbuf_printf(recorder->out, "%s %s\n", err_name(code), err.text);
    else
        assert_always(piece.len == 0);
    return code;
}

int frame_record_eventstream(struct view text, const struct stream_cuts *cuts, struct strbuf *out)
{
    struct eventstream_recorder recorder = {.out = out};
    struct err err = {0};
    eventstream_decoder_init(&recorder.decoder);

    int code = stream_cut(text, cuts, feed_eventstream, &recorder);
    if (code == 0) {
        code = eventstream_finish(&recorder.decoder, &err);
        strbuf_printf(out, "END %s\n", err.text);
    }
    eventstream_decoder_release(&recorder.decoder);
    return code;
}
