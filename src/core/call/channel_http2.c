/* SPDX-License-Identifier: Apache-2.0
 *
 * channel_http2: see channel.h. The row over wire/http2: many streams, each with a head of its own
 * and, where it is assembled, its body. */
#include "base/mem.h"
#include "core/call/channel.h"
#include "wire/http2.h"

enum {
    HEAD_BYTES_MAX = 256 * 1024, /* a head of 64 KiB, copied */
    TICKS_MAX = 60,              /* at once: the budgets are full then */
};

struct stream {
    uint32_t id; /* 0: free */
    bool in_pieces;
    bool gives_pieces;
    struct arena head; /* of the response's headers */
    struct http_response response;
    struct strbuf body;
};

struct channel_http2 {
    struct channel channel;
    struct http2 *http2;
    bool tls;
    struct stream *streams[CHANNEL_STREAMS_MAX]; /* made when first wanted, kept while small */
    struct stream *ended;                        /* its views hold until the next call */
};

static struct channel_http2 *http2_of(struct channel *channel)
{
    return (struct channel_http2 *)channel;
}

/* ---- streams -------------------------------------------------------------------------------- */

static struct stream *find(const struct channel_http2 *self, uint32_t id)
{
    for (size_t i = 0; i < CHANNEL_STREAMS_MAX; i++)
        if (self->streams[i] != NULL && self->streams[i]->id == id)
            return self->streams[i];
    return NULL;
}

/* A place for a new stream. ERR_BUSY where all are taken, ERR_MEMORY. */
static int take_place(struct channel_http2 *self, struct stream **ret_stream)
{
    for (size_t i = 0; i < CHANNEL_STREAMS_MAX; i++) {
        struct stream *stream = self->streams[i];
        if (stream != NULL && stream->id != 0)
            continue;
        if (stream == NULL) {
            stream = mem_new(1, sizeof *stream);
            if (stream == NULL)
                return ERR_MEMORY;
            arena_init(&stream->head, HEAD_BYTES_MAX);
            strbuf_init(&stream->body, CHANNEL_BODY_BYTES_MAX);
            self->streams[i] = stream;
        }
        *ret_stream = stream;
        return 0;
    }
    return ERR_BUSY;
}

static void forget(struct stream *stream)
{
    arena_release(&stream->head);
    strbuf_release(&stream->body);
    stream->response = (struct http_response){0};
    stream->gives_pieces = false;
    stream->id = 0;
}

/* What the last event was about, if that was its end. */
static void forget_ended(struct channel_http2 *self)
{
    if (self->ended != NULL)
        forget(self->ended);
    self->ended = NULL;
}

static void forget_all(struct channel_http2 *self)
{
    for (size_t i = 0; i < CHANNEL_STREAMS_MAX; i++)
        if (self->streams[i] != NULL)
            forget(self->streams[i]);
    self->ended = NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int http2_reset_channel(struct channel *channel)
{
    static const struct http2_limits limits = {
        .streams = CHANNEL_STREAMS_MAX,
        .body_bytes = CHANNEL_BODY_BYTES_MAX,
        .stream_queue = CHANNEL_REQUEST_BYTES_MAX,
        .connection_queue = CHANNEL_REQUEST_BYTES_MAX,
    };
    struct channel_http2 *self = http2_of(channel);

    forget_all(self);
    http2_free(self->http2);
    self->http2 = http2_new(self->tls ? HTTP2_CLIENT : HTTP2_CLIENT_PLAIN, &limits);
    return self->http2 != NULL ? 0 : ERR_MEMORY;
}

static void http2_free_channel(struct channel *channel)
{
    struct channel_http2 *self = http2_of(channel);

    if (self == NULL)
        return;
    forget_all(self);
    for (size_t i = 0; i < CHANNEL_STREAMS_MAX; i++)
        mem_free(self->streams[i]);
    http2_free(self->http2);
    mem_free(self);
}

static struct channel *http2_make(bool tls)
{
    struct channel_http2 *self = mem_new(1, sizeof *self);
    if (self == NULL)
        return NULL;

    self->channel.codec = &channel_http2;
    self->tls = tls;
    if (http2_reset_channel(&self->channel) == 0)
        return &self->channel;
    http2_free_channel(&self->channel);
    return NULL;
}

/* ---- sending -------------------------------------------------------------------------------- */

static int http2_send(struct channel *channel, const struct http_request *request, bool in_pieces,
                      uint32_t *ret_stream, struct err *reterr)
{
    struct channel_http2 *self = http2_of(channel);

    forget_ended(self);
    if (request->body.len > CHANNEL_REQUEST_BYTES_MAX)
        return fail(reterr, ERR_LIMIT, "the request is too large to be sent");
    struct stream *stream = NULL;
    int taken = take_place(self, &stream);
    if (taken != 0)
        return fail(reterr, taken, "no stream is free");
    uint32_t id;
    int code = http2_send_request(self->http2, request, true, &id, reterr);
    if (code != 0)
        return code;
    stream->id = id;
    stream->in_pieces = in_pieces;
    *ret_stream = id;
    return 0;
}

static int http2_take_channel(struct channel *channel, struct strbuf *out, size_t most,
                              struct err *reterr)
{
    return http2_take(http2_of(channel)->http2, out, most, reterr);
}

/* ---- receiving ------------------------------------------------------------------------------ */

static int take_head(struct stream *stream, const struct http2_head *head,
                     struct channel_event *ret_event, struct err *reterr)
{
    struct http_headers *headers = &stream->response.headers;

    stream->response.status = head->status;
    headers->count = head->headers.count;
    for (size_t i = 0; i < headers->count; i++) {
        const struct http_header *header = &head->headers.items[i];
        int code = arena_copy(&stream->head, header->name, &headers->items[i].name);
        if (code == 0)
            code = arena_copy(&stream->head, header->value, &headers->items[i].value);
        if (code != 0)
            return fail(reterr, code, "no memory for the answer's head");
    }
    stream->gives_pieces = stream->in_pieces && head->status / 100 == 2;
    *ret_event = (struct channel_event){
        .kind = CHANNEL_HEAD, .stream = stream->id, .response = &stream->response};
    return 1;
}

static int take_body(struct stream *stream, struct view body, struct channel_event *ret_event,
                     struct err *reterr)
{
    if (stream->gives_pieces) {
        *ret_event =
            (struct channel_event){.kind = CHANNEL_PIECE, .stream = stream->id, .piece = body};
        return 1;
    }
    strbuf_add(&stream->body, body);
    int code = strbuf_status(&stream->body);
    return code != 0 ? fail(reterr, code, "no memory for the answer's body") : 0;
}

/* The answer is there; what was not sent of the request is not wanted any more. */
static int take_end(struct channel_http2 *self, struct stream *stream,
                    struct channel_event *ret_event)
{
    if (http2_queued(self->http2, stream->id) > 0)
        http2_reset(self->http2, stream->id, HTTP2_CANCEL);
    stream->response.body = strbuf_view(&stream->body);
    self->ended = stream;
    *ret_event = (struct channel_event){
        .kind = CHANNEL_COMPLETE,
        .stream = stream->id,
        .response = &stream->response,
        .reusable = true,
    };
    return 1;
}

/* Whose fault it was, and what it was about. */
static int code_of_reset(const struct http2_event *event)
{
    if (event->unprocessed)
        return ERR_CLOSED;
    switch (event->code) {
    case HTTP2_ENHANCE_YOUR_CALM:
        return event->by_peer ? ERR_THROTTLED : ERR_LIMIT;
    case HTTP2_HTTP_1_1_REQUIRED:
        return ERR_UNSUPPORTED;
    default:
        return event->by_peer ? ERR_CLOSED : ERR_PROTOCOL;
    }
}

static int take_reset(struct channel_http2 *self, struct stream *stream,
                      const struct http2_event *event, struct channel_event *ret_event)
{
    self->ended = stream;
    *ret_event = (struct channel_event){
        .kind = CHANNEL_FAILED,
        .stream = stream->id,
        .code = code_of_reset(event),
        .unprocessed = event->unprocessed,
        .text = event->text,
    };
    return 1;
}

/* An event of the connection; 1 where it is one of ours. */
static int take_news(const struct http2_event *event, struct channel_event *ret_event)
{
    switch (event->kind) {
    case HTTP2_CAPACITY:
        *ret_event = (struct channel_event){.kind = CHANNEL_CAPACITY, .streams = event->capacity};
        return 1;
    case HTTP2_GOAWAY:
        *ret_event = (struct channel_event){.kind = CHANNEL_DRAINING, .text = event->text};
        return 1;
    case HTTP2_PONG:
        *ret_event = (struct channel_event){.kind = CHANNEL_PONG};
        return 1;
    case HTTP2_HEAD:
    case HTTP2_BODY:
    case HTTP2_END:
    case HTTP2_RESET:
    case HTTP2_CLOSED:
    case HTTP2_WRITABLE:
        break;
    }
    return 0;
}

/* 1 where it is one of ours; 0: nobody is interested. */
static int take_event(struct channel_http2 *self, const struct http2_event *event,
                      struct channel_event *ret_event, struct err *reterr)
{
    if (event->stream == 0)
        return take_news(event, ret_event);
    struct stream *stream = find(self, event->stream);
    if (stream == NULL)
        return 0; /* what comes after the end: CLOSED, or RESET with NO_ERROR */
    switch (event->kind) {
    case HTTP2_HEAD:
        return take_head(stream, event->head, ret_event, reterr);
    case HTTP2_BODY:
        return take_body(stream, event->body, ret_event, reterr);
    case HTTP2_END:
        return take_end(self, stream, ret_event);
    case HTTP2_RESET:
        return take_reset(self, stream, event, ret_event);
    case HTTP2_CLOSED:
    case HTTP2_WRITABLE:
    case HTTP2_CAPACITY:
    case HTTP2_GOAWAY:
    case HTTP2_PONG:
        break;
    }
    return 0;
}

static int http2_feed_channel(struct channel *channel, struct view *rest,
                              struct channel_event *ret_event, struct err *reterr)
{
    struct channel_http2 *self = http2_of(channel);
    struct http2_event event;

    forget_ended(self);
    for (;;) {
        int code = http2_feed(self->http2, rest, &event, reterr);
        if (code != 1)
            return code;
        code = take_event(self, &event, ret_event, reterr);
        if (code != 0)
            return code;
    }
}

static int http2_finish_channel(struct channel *channel, struct channel_event *ret_event,
                                struct err *reterr)
{
    struct channel_http2 *self = http2_of(channel);

    (void)ret_event; /* no answer ends with its connection */
    forget_ended(self);
    return http2_finish(self->http2, reterr);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static bool http2_cancel(struct channel *channel, uint32_t id)
{
    struct channel_http2 *self = http2_of(channel);
    struct stream *stream = find(self, id);

    if (stream == NULL || id == 0)
        return true;
    http2_reset(self->http2, id, HTTP2_CANCEL);
    if (self->ended == stream)
        self->ended = NULL;
    forget(stream);
    return true;
}

static bool http2_pause(struct channel *channel, uint32_t stream, bool paused)
{
    http2_hold(http2_of(channel)->http2, stream, paused);
    return true;
}

static int http2_ping_channel(struct channel *channel, struct err *reterr)
{
    int code = http2_ping(http2_of(channel)->http2, 0);

    return code != 0 ? fail(reterr, code, "no ping can be sent now") : 0;
}

static bool http2_stalled(const struct channel *channel, uint32_t stream)
{
    const struct channel_http2 *self = (const struct channel_http2 *)channel;

    return http2_queued(self->http2, stream) > 0;
}

static void http2_tick_channel(struct channel *channel, uint64_t seconds)
{
    for (uint64_t i = 0; i < seconds && i < TICKS_MAX; i++)
        http2_tick(http2_of(channel)->http2);
}

const struct channel_codec channel_http2 = {
    .name = "h2",
    .streams_max = CHANNEL_STREAMS_MAX,
    .make = http2_make,
    .free = http2_free_channel,
    .reset = http2_reset_channel,
    .send = http2_send,
    .take = http2_take_channel,
    .feed = http2_feed_channel,
    .finish = http2_finish_channel,
    .cancel = http2_cancel,
    .pause = http2_pause,
    .ping = http2_ping_channel,
    .stalled = http2_stalled,
    .tick = http2_tick_channel,
};
