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

/* ---- Redis's protocol ----------------------------------------------------------------------- */

struct resp_recorder {
    struct resp_parser parser;
    struct strbuf *out;
    uint64_t in_string; /* bytes of the string so far */
    bool open;          /* a string whose last piece has not come */
};

static void record_resp(struct resp_recorder *recorder, const struct resp_event *event)
{
    struct strbuf *out = recorder->out;
    bool pieces =
        event->type == RESP_BULK || event->type == RESP_BULK_ERROR || event->type == RESP_VERBATIM;

    if (!recorder->open)
        strbuf_printf(out, "%*s%c count=%llu integer=%lld number=%g length=%llu [",
                      (int)event->depth, "", (char)event->type, (unsigned long long)event->count,
                      (long long)event->integer, event->number, (unsigned long long)event->length);
    recorder->in_string = recorder->open ? recorder->in_string : 0;
    assert_always(!pieces || event->offset == recorder->in_string);
    recorder->in_string += event->text.len;
    strbuf_add(out, event->text);
    recorder->open = pieces && !event->last;
    assert_always(!recorder->open || !event->complete);
    assert_always(!pieces || recorder->in_string <= event->length);
    if (!recorder->open) {
        assert_always(!pieces || recorder->in_string == event->length);
        strbuf_add_text(out, event->complete ? "]\nCOMPLETE\n" : "]\n");
    }
}

static int feed_resp(void *context, struct view piece)
{
    struct resp_recorder *recorder = context;
    struct resp_event event;
    struct err err = {0};
    int code;

    while ((code = resp_feed(&recorder->parser, &piece, &event, &err)) == 1)
        record_resp(recorder, &event);
    if (code < 0)
        strbuf_printf(recorder->out, "\n%s %s\n", err_name(code), err.text);
    else
        assert_always(piece.len == 0);
    return code;
}

int frame_record_resp(struct view text, enum resp_side side, const struct resp_limits *limits,
                      const struct stream_cuts *cuts, struct strbuf *out)
{
    struct resp_recorder recorder = {.out = out};
    resp_parser_init(&recorder.parser, side, limits);

    int code = stream_cut(text, cuts, feed_resp, &recorder);
    if (code == 0)
        strbuf_printf(out, "\nEND in_value=%d\n", resp_in_value(&recorder.parser));
    resp_parser_release(&recorder.parser);
    return code;
}
