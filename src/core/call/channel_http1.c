/* SPDX-License-Identifier: Apache-2.0
 *
 * channel_http1: see channel.h. The row over wire/http1: one stream at a time. */
#include "base/mem.h"
#include "core/call/channel.h"
#include "wire/http1.h"

/* A larger block is given back before the next request. */
enum { KEPT_BYTES_MAX = 256 * 1024 };

/* A connection that lies idle has neither parser nor response nor buffers: there may be ten
 * thousand. */
struct channel_http1 {
    struct channel channel;
    struct http1_parser *parser;    /* NULL while idle */
    struct http_response *response; /* likewise */
    struct strbuf request;          /* what was taken of it up to `taken` */
    size_t taken;
    struct strbuf body;
    uint32_t stream;
    bool waiting;   /* a request was sent and its response is not complete */
    bool in_pieces; /* as send asked */
    bool gives_pieces;
};

static struct channel_http1 *http1_of(struct channel *channel)
{
    return (struct channel_http1 *)channel;
}

/* Gives back what only a request under way needs. */
static void lie_idle(struct channel_http1 *http1)
{
    http1_parser_free(http1->parser);
    mem_free(http1->response);
    http1->parser = NULL;
    http1->response = NULL;
    strbuf_release(&http1->request);
    strbuf_release(&http1->body);
    http1->taken = 0;
    http1->waiting = false;
}

static int wake(struct channel_http1 *http1)
{
    static const struct http1_limits limits = {.body_bytes = CHANNEL_BODY_BYTES_MAX};

    if (http1->parser == NULL)
        http1->parser = http1_parser_new(HTTP1_READS_RESPONSES, &limits);
    if (http1->response == NULL)
        http1->response = mem_new(1, sizeof *http1->response);
    return http1->parser != NULL && http1->response != NULL ? 0 : ERR_MEMORY;
}

static void http1_free(struct channel *channel)
{
    struct channel_http1 *http1 = http1_of(channel);

    if (http1 == NULL)
        return;
    lie_idle(http1);
    mem_free(http1);
}

static struct channel *http1_make(bool tls)
{
    struct channel_http1 *http1 = mem_new(1, sizeof *http1);

    (void)tls;
    if (http1 == NULL)
        return NULL;
    http1->channel.codec = &channel_http1;
    strbuf_init(&http1->request, CHANNEL_REQUEST_BYTES_MAX);
    strbuf_init(&http1->body, CHANNEL_BODY_BYTES_MAX);
    return &http1->channel;
}

static void empty(struct strbuf *buf)
{
    if (buf->capacity > KEPT_BYTES_MAX)
        strbuf_release(buf);
    strbuf_reset(buf);
}

static int http1_reset(struct channel *channel)
{
    lie_idle(http1_of(channel));
    return 0;
}

static int http1_send(struct channel *channel, const struct http_request *request, bool in_pieces,
                      uint32_t *ret_stream, struct err *reterr)
{
    struct channel_http1 *http1 = http1_of(channel);

    if (http1->waiting)
        return fail(reterr, ERR_BUSY, "HTTP/1.1 carries one request at a time");
    if (wake(http1) != 0)
        return fail(reterr, ERR_MEMORY, "no memory to send the request");
    empty(&http1->request);
    http1->taken = 0;
    int code = http1_write_request_head(&http1->request, request, HTTP1_LENGTH, reterr);
    if (code != 0)
        return code;
    strbuf_add(&http1->request, request->body);
    code = strbuf_status(&http1->request);
    if (code != 0) {
        strbuf_reset(&http1->request);
        return fail(reterr, code, "the request is too large to be sent");
    }
    empty(&http1->body);
    http1_parser_answers(http1->parser, request->method);
    http1->waiting = true;
    http1->in_pieces = in_pieces;
    *ret_stream = ++http1->stream;
    return 0;
}

static int http1_take(struct channel *channel, struct strbuf *out, size_t most, struct err *reterr)
{
    struct channel_http1 *http1 = http1_of(channel);
    struct view bytes = view_slice(strbuf_view(&http1->request), http1->taken, http1->taken + most);

    strbuf_add(out, bytes);
    int code = strbuf_status(out);
    if (code != 0)
        return fail(reterr, code, "no memory to send the request");
    http1->taken += bytes.len;
    return 0;
}

static bool all_taken(const struct channel_http1 *http1)
{
    return http1->taken == http1->request.len;
}

static int take_body(struct channel_http1 *http1, struct view body, struct channel_event *ret_event,
                     struct err *reterr)
{
    if (http1->gives_pieces) {
        *ret_event =
            (struct channel_event){.kind = CHANNEL_PIECE, .stream = http1->stream, .piece = body};
        return 1;
    }
    strbuf_add(&http1->body, body);
    int code = strbuf_status(&http1->body);
    return code != 0 ? fail(reterr, code, "no memory for the answer's body") : 0;
}

/* What one of the parser's events means for the response; 1 where it makes an event of ours. */
static int take_event(struct channel_http1 *http1, const struct http1_event *event,
                      bool more_follows, struct channel_event *ret_event, struct err *reterr)
{
    switch (event->kind) {
    case HTTP1_HEAD:
        *http1->response = (struct http_response){
            .status = event->head->status,
            .headers = event->head->headers,
        };
        http1->gives_pieces = http1->in_pieces && event->head->status / 100 == 2;
        *ret_event = (struct channel_event){
            .kind = CHANNEL_HEAD, .stream = http1->stream, .response = http1->response};
        return 1;
    case HTTP1_BODY:
        return take_body(http1, event->body, ret_event, reterr);
    case HTTP1_TRAILERS:
        return 0;
    case HTTP1_END:
        http1->waiting = false;
        http1->response->body = strbuf_view(&http1->body);
        *ret_event = (struct channel_event){
            .kind = CHANNEL_COMPLETE,
            .stream = http1->stream,
            .response = http1->response,
            .reusable = event->keep_alive && !more_follows && all_taken(http1),
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
    struct channel_http1 *http1 = http1_of(channel);

    while (http1->waiting) {
        struct http1_event event;
        int code = http1_feed(http1->parser, rest, &event, reterr);
        if (code != 1)
            return code;
        code = take_event(http1, &event, rest->len > 0, ret_event, reterr);
        if (code != 0)
            return code;
    }
    if (rest->len > 0)
        return fail(reterr, ERR_PROTOCOL, "the server sent bytes that nobody asked for");
    lie_idle(http1);
    return 0;
}

static int http1_finish_channel(struct channel *channel, struct channel_event *ret_event,
                                struct err *reterr)
{
    struct channel_http1 *http1 = http1_of(channel);
    struct http1_event event;

    if (!http1->waiting)
        return 0;
    int code = http1_finish(http1->parser, &event, reterr);
    if (code == 1)
        code = take_event(http1, &event, true, ret_event, reterr);
    if (code != 0)
        return code;
    return fail(reterr, ERR_CLOSED, "the server closed the connection without an answer");
}

/* What would still come belongs to nobody: without its stream the connection is of no more use. */
static bool http1_cancel(struct channel *channel, uint32_t stream)
{
    const struct channel_http1 *http1 = http1_of(channel);

    return !http1->waiting || stream != http1->stream;
}

static bool http1_pause(struct channel *channel, uint32_t stream, bool paused)
{
    (void)channel;
    (void)stream;
    (void)paused;
    return false;
}

static int http1_ping(struct channel *channel, struct err *reterr)
{
    (void)channel;
    return fail(reterr, ERR_UNSUPPORTED, "HTTP/1.1 has no ping");
}

static bool http1_stalled(const struct channel *channel, uint32_t stream)
{
    const struct channel_http1 *http1 = (const struct channel_http1 *)channel;

    return http1->waiting && stream == http1->stream && !all_taken(http1);
}

static void http1_tick(struct channel *channel, uint64_t seconds)
{
    (void)channel;
    (void)seconds;
}

const struct channel_codec channel_http1 = {
    .name = "http/1.1",
    .streams_max = 1,
    .make = http1_make,
    .free = http1_free,
    .reset = http1_reset,
    .send = http1_send,
    .take = http1_take,
    .feed = http1_feed_channel,
    .finish = http1_finish_channel,
    .cancel = http1_cancel,
    .pause = http1_pause,
    .ping = http1_ping,
    .stalled = http1_stalled,
    .tick = http1_tick,
};
