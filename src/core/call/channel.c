/* SPDX-License-Identifier: Apache-2.0
 *
 * channel: see channel.h. HTTP/1.1: the row over wire/http1. */
#include "core/call/channel.h"

#include "base/mem.h"
#include "wire/http1.h"

/* A larger body's block is given back before the next response. */
enum { BODY_KEPT_BYTES_MAX = 256 * 1024 };

struct channel {
    struct http1_parser *parser;
    struct strbuf body;
    struct http_response response;
    uint32_t stream;
    bool waiting; /* a request was sent and its response is not complete */
};

static struct channel *http1_make(void)
{
    static const struct http1_limits limits = {.body_bytes = CHANNEL_BODY_BYTES_MAX};
    struct channel *channel = mem_new(1, sizeof *channel);
    if (channel == NULL)
        return NULL;

    strbuf_init(&channel->body, CHANNEL_BODY_BYTES_MAX);
    channel->parser = http1_parser_new(HTTP1_READS_RESPONSES, &limits);
    if (channel->parser == NULL) {
        mem_free(channel);
        return NULL;
    }
    return channel;
}

static void http1_free(struct channel *channel)
{
    if (channel == NULL)
        return;
    http1_parser_free(channel->parser);
    strbuf_release(&channel->body);
    mem_free(channel);
}

static void empty_body(struct channel *channel)
{
    if (channel->body.capacity > BODY_KEPT_BYTES_MAX)
        strbuf_release(&channel->body);
    strbuf_reset(&channel->body);
}

static void http1_reset(struct channel *channel)
{
    http1_parser_reset(channel->parser);
    empty_body(channel);
    channel->waiting = false;
}

static int http1_send(struct channel *channel, const struct http_request *request,
                      struct strbuf *out, uint32_t *ret_stream, struct err *reterr)
{
    if (channel->waiting)
        return fail(reterr, ERR_BUSY, "HTTP/1.1 carries one request at a time");

    size_t before = out->len;
    int code = http1_write_request_head(out, request, HTTP1_LENGTH, reterr);
    if (code != 0)
        return code;
    strbuf_add(out, request->body);
    code = strbuf_status(out);
    if (code != 0) {
        strbuf_cut(out, before);
        return fail(reterr, code, "the request is too large to be sent");
    }
    empty_body(channel);
    http1_parser_answers(channel->parser, request->method);
    channel->waiting = true;
    *ret_stream = ++channel->stream;
    return 0;
}

/* What one of the parser's events means for the response; 1 where it makes an event of ours. */
static int take_event(struct channel *channel, const struct http1_event *event, bool more_follows,
                      struct channel_event *ret_event, struct err *reterr)
{
    switch (event->kind) {
    case HTTP1_HEAD:
        channel->response = (struct http_response){
            .status = event->head->status,
            .headers = event->head->headers,
        };
        *ret_event = (struct channel_event){.kind = CHANNEL_BEGAN, .stream = channel->stream};
        return 1;
    case HTTP1_BODY:
        strbuf_add(&channel->body, event->body);
        if (strbuf_status(&channel->body) != 0)
            return fail(reterr, strbuf_status(&channel->body), "no memory for the answer's body");
        return 0;
    case HTTP1_TRAILERS:
        return 0;
    case HTTP1_END:
        channel->waiting = false;
        channel->response.body = strbuf_view(&channel->body);
        *ret_event = (struct channel_event){
            .kind = CHANNEL_COMPLETE,
            .stream = channel->stream,
            .response = channel->response,
            .reusable = event->keep_alive && !more_follows,
        };
        return 1;
    case HTTP1_UPGRADE:
        break;
    }
    return fail(reterr, ERR_PROTOCOL, "the server changed the protocol without being asked");
}

static int http1_feed_channel(struct channel *channel, struct view *rest,
                              struct channel_event *ret_event, struct err *reterr)
{
    while (channel->waiting) {
        struct http1_event event;
        int code = http1_feed(channel->parser, rest, &event, reterr);
        if (code != 1)
            return code;
        code = take_event(channel, &event, rest->len > 0, ret_event, reterr);
        if (code != 0)
            return code;
    }
    if (rest->len > 0)
        return fail(reterr, ERR_PROTOCOL, "the server sent bytes that nobody asked for");
    return 0;
}

static int http1_finish_channel(struct channel *channel, struct channel_event *ret_event,
                                struct err *reterr)
{
    if (!channel->waiting)
        return 0;

    struct http1_event event;
    int code = http1_finish(channel->parser, &event, reterr);
    if (code == 1)
        code = take_event(channel, &event, true, ret_event, reterr);
    if (code != 0)
        return code;
    return fail(reterr, ERR_CLOSED, "the server closed the connection without an answer");
}

const struct channel_codec channel_http1 = {
    .name = "http/1.1",
    .streams_max = 1,
    .make = http1_make,
    .free = http1_free,
    .reset = http1_reset,
    .send = http1_send,
    .feed = http1_feed_channel,
    .finish = http1_finish_channel,
};
