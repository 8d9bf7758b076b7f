/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_record: see http2_record.h. */
#include "http2_record.h"

#include "http2_bytes.h"

enum { BODIES_MAX = 64 };

struct body {
    uint32_t stream; /* 0: a free place */
    size_t bytes;
    uint64_t hash;
};

struct recorder {
    struct http2 *http2;
    enum http2_side side;
    struct strbuf *out;
    struct strbuf said;
    struct body bodies[BODIES_MAX];
};

static struct body *body_of(struct recorder *recorder, uint32_t stream)
{
    struct body *body = &recorder->bodies[stream / 2 % BODIES_MAX];

    if (body->stream != stream)
        *body = (struct body){.stream = stream};
    return body;
}

static void add_body(struct recorder *recorder, const struct http2_event *event)
{
    struct body *body = body_of(recorder, event->stream);

    body->bytes += event->body.len;
    for (size_t i = 0; i < event->body.len; i++)
        body->hash = body->hash * 31 + (unsigned char)event->body.ptr[i];
    http2_consume(recorder->http2, event->stream, event->body.len / 2);
}

static void write_head(struct strbuf *out, const struct http2_head *head)
{
    strbuf_printf(out, "HEAD %d %.*s %.*s %.*s [%.*s] no_body=%d\n", head->status,
                  VIEW_ARG(head->method), VIEW_ARG(head->scheme), VIEW_ARG(head->authority),
                  VIEW_ARG(head->target), head->no_body);
    for (size_t i = 0; i < head->headers.count; i++)
        strbuf_printf(out, "  %.*s=[%.*s]\n", VIEW_ARG(head->headers.items[i].name),
                      VIEW_ARG(head->headers.items[i].value));
}

static void write_event(struct recorder *recorder, const struct http2_event *event)
{
    struct strbuf *out = recorder->out;
    const struct body *body = body_of(recorder, event->stream);

    strbuf_printf(out, "%u ", event->stream);
    if (event->kind == HTTP2_HEAD)
        write_head(out, event->head);
    if (event->kind == HTTP2_END)
        strbuf_printf(out, "END %zu %llx\n", body->bytes, (unsigned long long)body->hash);
    if (event->kind == HTTP2_RESET)
        strbuf_printf(out, "RESET %u by_peer=%d unprocessed=%d %.*s\n", event->code, event->by_peer,
                      event->unprocessed, VIEW_ARG(event->text));
    if (event->kind == HTTP2_CLOSED)
        strbuf_add_text(out, "CLOSED\n");
    if (event->kind == HTTP2_WRITABLE)
        strbuf_add_text(out, "WRITABLE\n");
    if (event->kind == HTTP2_CAPACITY)
        strbuf_printf(out, "CAPACITY %u\n", event->capacity);
    if (event->kind == HTTP2_GOAWAY)
        strbuf_printf(out, "GOAWAY %u %u %.*s\n", event->last, event->code, VIEW_ARG(event->text));
    if (event->kind == HTTP2_PONG)
        strbuf_printf(out, "PONG %llu\n", (unsigned long long)event->ping);
}

/* A server does something about each stream, by its number. */
static void react(struct recorder *recorder, const struct http2_event *event)
{
    static const struct http_response response = {
        .status = 200,
        .headers = {.items = {{VIEW("Content-Type"), VIEW("text/plain")}}, .count = 1},
        .body = VIEW("an answer that is not long"),
    };
    struct err err;

    if (recorder->side != HTTP2_SERVER)
        return;
    if (event->kind == HTTP2_HEAD && event->stream % 16 == 5)
        http2_hold(recorder->http2, event->stream, true);
    if (event->kind == HTTP2_HEAD && event->stream % 16 == 7)
        http2_reset(recorder->http2, event->stream, HTTP2_REFUSED_STREAM);
    if ((event->kind == HTTP2_END || (event->kind == HTTP2_HEAD && event->stream % 16 == 9))
        && http2_send_response_head(recorder->http2, event->stream, &response, true, &err) != 0)
        strbuf_printf(recorder->out, "%s\n", err.text);
}

static void take(struct recorder *recorder)
{
    struct strbuf *said = &recorder->said;
    struct http2_bytes frame;

    assert_always(http2_take(recorder->http2, said, STREAM_RECORD_BYTES_MAX, NULL) == 0);
    struct view rest = strbuf_view(said);
    while (http2_bytes_next(&rest, &frame))
        assert_always(frame.payload.len <= 16384);
    assert_always(rest.len == 0);
    strbuf_reset(said);
}

/* Bytes may be taken only where any split has read the same: not within a body. */
static int read_piece(void *context, struct view piece)
{
    struct recorder *recorder = context;
    struct http2_event event;
    struct err err = {0};
    int code;

    while ((code = http2_feed(recorder->http2, &piece, &event, &err)) == 1) {
        if (event.kind == HTTP2_BODY) {
            add_body(recorder, &event);
            continue;
        }
        write_event(recorder, &event);
        react(recorder, &event);
        if (event.kind == HTTP2_END)
            take(recorder);
    }
    if (code < 0)
        strbuf_printf(recorder->out, "%s %s\n", err_name(code), err.text);
    else
        assert_always(piece.len == 0);
    return code;
}

static void ask(struct recorder *recorder)
{
    struct http_request request = {.method = VIEW("GET"), .target = VIEW("/")};
    uint32_t stream;

    request.headers.items[0] = (struct http_header){VIEW("Host"), VIEW("h")};
    request.headers.count = 1;
    for (int i = 0; i < 3; i++) {
        struct strbuf body;
        strbuf_init(&body, 100000);
        if (i == 2) {
            request.method = (struct view)VIEW("POST");
            strbuf_add_repeated(&body, 'x', 100000);
            request.body = strbuf_view(&body);
        }
        int code = http2_send_request(recorder->http2, &request, true, &stream, NULL);
        assert_always(code == 0 || code == ERR_BUSY);
        strbuf_release(&body);
    }
}

int http2_record(struct view text, enum http2_side side, const struct http2_limits *limits,
                 const struct stream_cuts *cuts, struct strbuf *out)
{
    struct recorder recorder = {.http2 = http2_new(side, limits), .side = side, .out = out};
    struct err err = {0};
    assert_always(recorder.http2 != NULL);
    strbuf_init(&recorder.said, STREAM_RECORD_BYTES_MAX);

    if (side != HTTP2_SERVER)
        ask(&recorder);
    take(&recorder);
    int code = stream_cut(text, cuts, read_piece, &recorder);
    take(&recorder);
    if (code == 0)
        code = read_piece(&recorder, view_make("", 0));
    if (code == 0) {
        code = http2_finish(recorder.http2, &err);
        struct http2_status status = http2_status(recorder.http2);
        strbuf_printf(out, "%s %s streams=%u queued=%zu done=%d away=%d\n", err_name(code),
                      err.text, status.streams, status.queued_bytes, status.done,
                      status.going_away);
    }
    strbuf_release(&recorder.said);
    http2_free(recorder.http2);
    return code;
}
