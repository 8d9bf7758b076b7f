/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_pair: see http2_pair.h. */
#include "http2_pair.h"

static const char *const kinds[] = {
    [HTTP2_HEAD] = "HEAD",         [HTTP2_BODY] = "BODY",     [HTTP2_END] = "END",
    [HTTP2_RESET] = "RESET",       [HTTP2_CLOSED] = "CLOSED", [HTTP2_WRITABLE] = "WRITABLE",
    [HTTP2_CAPACITY] = "CAPACITY", [HTTP2_GOAWAY] = "GOAWAY", [HTTP2_PONG] = "PONG",
};

enum { OUT_MAX = 64 << 20 };

static void init_end(struct http2_end *end, enum http2_side side, const struct http2_limits *limits)
{
    *end = (struct http2_end){.http2 = http2_new(side, limits)};
    assert_always(end->http2 != NULL);
    strbuf_init(&end->log, OUT_MAX);
    strbuf_init(&end->body, OUT_MAX);
    strbuf_init(&end->out, OUT_MAX);
}

static void release_end(struct http2_end *end)
{
    http2_free(end->http2);
    strbuf_release(&end->log);
    strbuf_release(&end->body);
    strbuf_release(&end->out);
}

void http2_pair_init(struct http2_pair *pair, const struct http2_limits *client,
                     const struct http2_limits *server)
{
    *pair = (struct http2_pair){.answers = true};
    init_end(&pair->client, HTTP2_CLIENT, client);
    init_end(&pair->server, HTTP2_SERVER, server);
}

void http2_pair_release(struct http2_pair *pair)
{
    release_end(&pair->client);
    release_end(&pair->server);
}

static void end_body(struct http2_end *end)
{
    if (end->body_stream != 0)
        strbuf_printf(&end->log, "BODY %u %zu\n", end->body_stream, end->body_bytes);
    end->body_stream = 0;
    end->body_bytes = 0;
}

static void log_head(struct strbuf *log, const struct http2_head *head)
{
    if (head->status != 0)
        strbuf_printf(log, " %d", head->status);
    else
        strbuf_printf(log, " %.*s %.*s", VIEW_ARG(head->method), VIEW_ARG(head->target));
    for (size_t i = 0; i < head->headers.count; i++)
        strbuf_printf(log, " %.*s=%.*s", VIEW_ARG(head->headers.items[i].name),
                      VIEW_ARG(head->headers.items[i].value));
}

static void log_event(struct http2_end *end, const struct http2_event *event)
{
    struct strbuf *log = &end->log;

    if (event->kind == HTTP2_BODY && (end->body_stream == 0 || end->body_stream == event->stream)) {
        end->body_stream = event->stream;
        end->body_bytes += event->body.len;
        strbuf_add(&end->body, event->body);
        return;
    }
    end_body(end);
    strbuf_add_text(log, kinds[event->kind]);
    if (event->stream != 0)
        strbuf_printf(log, " %u", event->stream);
    if (event->kind == HTTP2_HEAD)
        log_head(log, event->head);
    if (event->kind == HTTP2_RESET)
        strbuf_printf(log, " %s%s%s", http2_code_name(event->code), event->by_peer ? " peer" : "",
                      event->unprocessed ? " unprocessed" : "");
    if (event->kind == HTTP2_CAPACITY)
        strbuf_printf(log, " %u", event->capacity);
    if (event->kind == HTTP2_GOAWAY)
        strbuf_printf(log, " %u %s", event->last, http2_code_name(event->code));
    if (event->kind == HTTP2_PONG)
        strbuf_printf(log, " %llu", (unsigned long long)event->ping);
    strbuf_add_text(log, "\n");
}

static void answer(struct http2 *server, uint32_t stream)
{
    const struct http_response response = {.status = 200, .body = VIEW("ok")};

    assert_always(http2_send_response_head(server, stream, &response, true, NULL) == 0);
}

void http2_pair_feed(struct http2_pair *pair, bool to_server, struct view bytes)
{
    struct http2_end *end = to_server ? &pair->server : &pair->client;
    struct http2_event event;
    struct err err;

    while ((end->code = http2_feed(end->http2, &bytes, &event, &err)) == 1) {
        log_event(end, &event);
        if (to_server && pair->answers && event.kind == HTTP2_END)
            answer(end->http2, event.stream);
    }
    end_body(end);
    if (end->code < 0)
        strbuf_printf(&end->log, "%s %s\n", err_name(end->code), err.text);
}

bool http2_pair_move(struct http2_pair *pair, bool to_server)
{
    struct http2_end *from = to_server ? &pair->client : &pair->server;

    strbuf_reset(&from->out);
    assert_always(http2_take(from->http2, &from->out, HTTP2_TAKE_BYTES, NULL) == 0);
    http2_pair_feed(pair, !to_server, (struct view){0}); /* events that taking made */
    if (from->out.len == 0)
        return false;
    http2_pair_feed(pair, to_server, strbuf_view(&from->out));
    return true;
}

void http2_pair_run(struct http2_pair *pair)
{
    bool moved = true;

    while (moved && pair->client.code >= 0 && pair->server.code >= 0) {
        moved = http2_pair_move(pair, true);
        moved = http2_pair_move(pair, false) || moved;
    }
}

const char *http2_pair_log(struct http2_end *end)
{
    static struct strbuf shown;

    strbuf_release(&shown);
    shown = end->log;
    strbuf_init(&end->log, OUT_MAX);
    return strbuf_text(&shown);
}

uint32_t http2_pair_ask(struct http2_pair *pair, const char *method, const char *target,
                        struct view body, bool end)
{
    struct http_request request = {
        .method = view_of(method), .target = view_of(target), .body = body};
    struct err err;
    uint32_t stream = 0;

    assert_always(http_header_add(&request.headers, view_of("Host"), view_of("h")) == 0);
    int code = http2_send_request(pair->client.http2, &request, end, &stream, &err);
    assert_always(code == 0);
    return stream;
}
