/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_record: see stream_record.h. */
#include "stream_record.h"

#include "base/mem.h"
#include "wire/sse.h"

int stream_cut(struct view text, const struct stream_cuts *cuts,
               int (*feed)(void *context, struct view piece), void *context)
{
    size_t from = 0;
    size_t next = 0;
    int code = 0;

    while (code == 0 && from < text.len) {
        size_t to = text.len;
        if (cuts->every_byte)
            to = from + 1;
        else if (next < cuts->count)
            to = cuts->at[next++];
        struct view piece = view_slice(text, from, to);
        if (piece.len == 0)
            continue;
        char *block = mem_new(piece.len, 1);
        assert_always(block != NULL);
        memcpy(block, piece.ptr, piece.len);
        code = feed(context, view_make(block, piece.len));
        mem_free(block);
        from = to;
    }
    return code;
}

/* ---- HTTP/1.1 ------------------------------------------------------------------------------- */

struct http1_recorder {
    struct http1_parser *parser;
    struct strbuf *out;
    bool in_body;
    bool upgraded;
};

static void add_headers(struct strbuf *out, const struct http_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        strbuf_add_text(out, "  ");
        strbuf_add(out, headers->items[i].name);
        strbuf_add_text(out, "=[");
        strbuf_add(out, headers->items[i].value);
        strbuf_add_text(out, "]\n");
    }
}

static void add_head(struct strbuf *out, const struct http1_head *head)
{
    strbuf_add_text(out, "HEAD ");
    strbuf_add(out, head->method);
    strbuf_add_text(out, " [");
    strbuf_add(out, head->target);
    strbuf_printf(out, "] %d [", head->status);
    strbuf_add(out, head->reason);
    strbuf_printf(out, "] 1.%d length=%d:%llu chunked=%d close=%d continue=%d upgrade=%d\n",
                  head->version_minor, head->has_length, (unsigned long long)head->length,
                  head->chunked, head->until_close, head->expects_continue, head->upgrade);
    add_headers(out, &head->headers);
}

static void record_http1(struct http1_recorder *recorder, const struct http1_event *event)
{
    struct strbuf *out = recorder->out;
    bool body = event->kind == HTTP1_BODY;

    if (body != recorder->in_body)
        strbuf_add_text(out, body ? "BODY [" : "]\n");
    recorder->in_body = body;
    if (event->kind == HTTP1_HEAD)
        add_head(out, event->head);
    if (event->kind == HTTP1_BODY)
        strbuf_add(out, event->body);
    if (event->kind == HTTP1_TRAILERS) {
        strbuf_add_text(out, "TRAILERS\n");
        add_headers(out, event->trailers);
    }
    if (event->kind == HTTP1_END)
        strbuf_printf(out, "END keep_alive=%d\n", event->keep_alive);
    if (event->kind == HTTP1_UPGRADE)
        strbuf_add_text(out, "UPGRADE\n");
}

static int feed_http1(void *context, struct view piece)
{
    struct http1_recorder *recorder = context;
    struct http1_event event;
    struct err err = {0};
    int code;

    while ((code = http1_feed(recorder->parser, &piece, &event, &err)) == 1)
        record_http1(recorder, &event);
    if (code < 0)
        strbuf_printf(recorder->out, "%s%s %s (%d)\n", recorder->in_body ? "]\n" : "",
                      err_name(code), err.text, http1_error_status(recorder->parser));
    else
        assert_always(piece.len == 0);
    return code;
}

int stream_record_http1(struct view text, enum http1_side side, struct view method,
                        const struct http1_limits *limits, const struct stream_cuts *cuts,
                        struct strbuf *out)
{
    struct http1_recorder recorder = {.parser = http1_parser_new(side, limits), .out = out};
    struct http1_event event;
    assert_always(recorder.parser != NULL);
    http1_parser_answers(recorder.parser, method);

    int code = stream_cut(text, cuts, feed_http1, &recorder);
    if (code == 0) {
        int finished;
        while ((finished = http1_finish(recorder.parser, &event, NULL)) == 1)
            record_http1(&recorder, &event);
        strbuf_printf(out, "%s%s in_message=%d\n", recorder.in_body ? "]\n" : "",
                      finished == 0 ? "CLOSED" : err_name(finished),
                      http1_in_message(recorder.parser));
        code = finished;
    }
    http1_parser_free(recorder.parser);
    return code;
}

/* ---- server-sent events --------------------------------------------------------------------- */

struct sse_recorder {
    struct sse_parser parser;
    struct strbuf *out;
};

static int feed_sse(void *context, struct view piece)
{
    struct sse_recorder *recorder = context;
    struct sse_event event;
    int code;

    while ((code = sse_feed(&recorder->parser, &piece, &event, NULL)) == 1) {
        strbuf_add_text(recorder->out, "EVENT [");
        strbuf_add(recorder->out, event.event);
        strbuf_add_text(recorder->out, "] [");
        strbuf_add(recorder->out, event.data);
        strbuf_add_text(recorder->out, "] [");
        strbuf_add(recorder->out, event.id);
        strbuf_printf(recorder->out, "] %lld\n", (long long)event.retry_ms);
    }
    if (code < 0)
        strbuf_printf(recorder->out, "%s\n", err_name(code));
    return code;
}

int stream_record_sse(struct view text, size_t limit, const struct stream_cuts *cuts,
                      struct strbuf *out)
{
    struct sse_recorder recorder = {.out = out};
    sse_parser_init(&recorder.parser, limit);

    int code = stream_cut(text, cuts, feed_sse, &recorder);
    sse_parser_release(&recorder.parser);
    return code;
}
