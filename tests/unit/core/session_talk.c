/* SPDX-License-Identifier: Apache-2.0
 *
 * session_talk: see session_talk.h. */
#include "session_talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

void talk_init(struct talk *talk, enum session_kind kind, const struct session_limits *limits)
{
    const struct session_limits none = {0};

    *talk = (struct talk){.answers = true, .budget = {.most_bytes = TALK_BYTES_MAX}};
    talk->session = session_new(kind, limits != NULL ? limits : &none, &talk->budget);
    assert_non_null(talk->session);
    strbuf_init(&talk->heard, TALK_BYTES_MAX);
    strbuf_init(&talk->said, TALK_BYTES_MAX);
    strbuf_init(&talk->held, TALK_BYTES_MAX);
}

void talk_free(struct talk *talk)
{
    session_free(talk->session);
    assert_int_equal(talk->budget.used_bytes, 0);
    strbuf_release(&talk->heard);
    strbuf_release(&talk->said);
    strbuf_release(&talk->held);
}

void talk_answer(struct talk *talk, uint32_t stream)
{
    char text[128];
    struct http_response response = {.status = 200};

    snprintf(text, sizeof text, "%s with %u", talk->path[stream], talk->body_bytes[stream]);
    if (!talk->in_pieces)
        response.body = view_of(text);
    assert_int_equal(session_respond(talk->session, stream, &response, talk->in_pieces), 0);
    for (size_t i = 0; talk->in_pieces && i <= strlen(text); i++)
        assert_int_equal(session_piece(talk->session, stream, view_make(text + i, i < strlen(text)),
                                       i == strlen(text)),
                         0);
}

static void hear(struct talk *talk, const struct session_event *event)
{
    static const char *const names[] = {"REQUEST",  "BODY", "END",     "RESET",
                                        "WRITABLE", "SENT", "MESSAGE", "REFUSED"};

    if (event->kind == SESSION_BODY) {
        talk->body_bytes[event->stream] += (uint32_t)event->bytes.len;
        return;
    }
    strbuf_printf(&talk->heard, "%u %s", event->stream, names[event->kind]);
    if (event->kind == SESSION_REQUEST) {
        const struct http_request *request = event->request;
        struct view host = http_header_get(&request->headers, "host");
        strbuf_printf(&talk->heard, " %.*s %.*s host=%.*s%s", VIEW_ARG(request->method),
                      VIEW_ARG(request->target), VIEW_ARG(host),
                      event->websocket ? " websocket" : "");
        if (event->has_length && event->length != 0)
            strbuf_printf(&talk->heard, " length=%llu", (unsigned long long)event->length);
        snprintf(talk->path[event->stream], sizeof talk->path[0], "%.*s",
                 VIEW_ARG(request->target));
        talk->body_bytes[event->stream] = 0;
        talk->last = event->stream;
    }
    if (event->kind == SESSION_END)
        strbuf_printf(&talk->heard, " body=%u", talk->body_bytes[event->stream]);
    if (event->kind == SESSION_MESSAGE)
        strbuf_printf(&talk->heard, " %.*s", VIEW_ARG(event->bytes));
    if (event->kind == SESSION_REFUSED)
        strbuf_printf(&talk->heard, " %d", event->status);
    strbuf_add_byte(&talk->heard, '\n');
    if (event->kind == SESSION_END && talk->answers)
        talk_answer(talk, event->stream);
}

void talk_move_on(struct talk *talk)
{
    for (;;) {
        struct session_event event;
        struct view rest = strbuf_view(&talk->held);
        int got;
        while ((got = session_feed(talk->session, &rest, &event)) == 1)
            hear(talk, &event);
        assert_int_equal(got, 0);
        strbuf_consume(&talk->held, talk->held.len - rest.len);
        size_t before = talk->said.len;
        assert_int_equal(session_output(talk->session, &talk->said, 1000), 0);
        if (talk->said.len == before)
            return;
    }
}

void talk_feed(struct talk *talk, struct view bytes)
{
    strbuf_add(&talk->held, bytes);
    talk_move_on(talk);
}

void talk_feed_cut(struct talk *talk, struct view bytes, size_t piece)
{
    for (size_t at = 0; at < bytes.len; at += piece)
        talk_feed(talk, view_slice(bytes, at, at + piece));
}

bool talk_said(const struct talk *talk, const char *words)
{
    return view_find(strbuf_view(&talk->said), view_of(words), 0) < talk->said.len;
}

void http2_client_init(struct http2_client *client)
{
    client->http2 = http2_new(HTTP2_CLIENT_PLAIN, NULL);
    assert_non_null(client->http2);
    strbuf_init(&client->bodies, TALK_BYTES_MAX);
    strbuf_init(&client->events, TALK_BYTES_MAX);
}

void http2_client_free(struct http2_client *client)
{
    http2_free(client->http2);
    strbuf_release(&client->bodies);
    strbuf_release(&client->events);
}

uint32_t http2_client_ask(struct http2_client *client, const char *method, const char *target,
                          struct view body, bool end)
{
    struct http_request request = {
        .method = view_of(method), .target = view_of(target), .body = body};
    uint32_t stream = 0;
    struct err err;

    assert_int_equal(http_header_add(&request.headers, view_of("host"), view_of("h")), 0);
    assert_int_equal(http2_send_request(client->http2, &request, end, &stream, &err), 0);
    return stream;
}

void http2_client_talks(struct http2_client *client, struct talk *talk, size_t piece)
{
    struct strbuf out;
    bool more = true;

    strbuf_init(&out, TALK_BYTES_MAX);
    while (more) {
        struct http2_event event;
        struct err err;
        struct view rest = strbuf_view(&talk->said);
        while (http2_feed(client->http2, &rest, &event, &err) == 1) {
            if (event.kind == HTTP2_BODY)
                strbuf_add(&client->bodies, event.body);
            if (event.kind == HTTP2_HEAD)
                strbuf_printf(&client->events, "%u HEAD %d\n", event.stream, event.head->status);
            if (event.kind == HTTP2_END)
                strbuf_printf(&client->events, "%u END\n", event.stream);
            if (event.kind == HTTP2_RESET)
                strbuf_printf(&client->events, "%u RESET %s\n", event.stream,
                              http2_code_name(event.code));
            if (event.kind == HTTP2_GOAWAY)
                strbuf_printf(&client->events, "GOAWAY %s\n", http2_code_name(event.code));
        }
        strbuf_reset(&talk->said);
        strbuf_reset(&out);
        assert_int_equal(http2_take(client->http2, &out, TALK_BYTES_MAX / 2, &err), 0);
        more = out.len != 0;
        talk_feed_cut(talk, strbuf_view(&out), piece);
        talk_move_on(talk);
        more = more || talk->said.len != 0;
    }
    strbuf_release(&out);
}
