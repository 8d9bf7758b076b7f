/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_receive: bytes in, a frame at most at a time, so that what one piece means is given out
 * before the next is looked at. Callbacks note what waits; a callback that finds the connection
 * broken says so by http2_fail and lets nghttp2 finish its piece. */
#include "wire/http2_state.h"

/* Allocation failed within a callback: nghttp2 gives up, http2_fail_library tells why. */
static int no_memory(struct http2 *http2)
{
    http2->memory.refused = true;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static struct http2_stream *stream_of(const struct http2 *http2, const nghttp2_frame *frame)
{
    return http2_find(http2, (uint32_t)frame->hd.stream_id);
}

/* ---- heads ---------------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct http2 *http2 = context;

    http2_incoming_begin(&http2->incoming);
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct http2_stream *stream = http2_stream_new(http2, (uint32_t)frame->hd.stream_id);
    if (stream == NULL
        || nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream) != 0)
        return no_memory(http2);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *context)
{
    struct http2 *http2 = context;
    (void)session;
    (void)frame;
    (void)flags;

    if (http2_incoming_add(&http2->incoming, &http2->limits, view_make(name, name_len),
                           view_make(value, value_len))
        != 0)
        return no_memory(http2);
    return 0;
}

static void note_fault(struct http2_stream *stream, const char *text)
{
    if (stream != NULL && stream->fault[0] == '\0')
        snprintf(stream->fault, sizeof stream->fault, "%s", text);
}

static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_len, const uint8_t *value,
                             size_t value_len, uint8_t flags, void *context)
{
    (void)session;
    (void)name;
    (void)name_len;
    (void)value;
    (void)value_len;
    (void)flags;

    note_fault(stream_of(context, frame), "a header holds bytes that none may hold");
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
}

static int refuse_too_large(struct http2 *http2, struct http2_stream *stream)
{
    char text[HTTP2_FAULT_MAX];

    snprintf(text, sizeof text, "its head is larger than %zu bytes or %zu headers",
             http2->limits.header_bytes, http2->limits.headers);
    if (http2->side != HTTP2_SERVER || stream->head_came)
        return http2_refuse(http2, stream, HTTP2_ENHANCE_YOUR_CALM, text);

    const struct http2_wrong *wrong = http2_guard_spend(&http2->guard, HTTP2_SPENT_RESETS);
    if (wrong != NULL)
        return http2_fail_wrong(http2, wrong);
    http2_hide(http2, stream);
    return http2_answer_status(http2, stream, 431);
}

/* A response that is only on its way: true where that was it. */
static bool is_interim(struct http2 *http2, struct http2_stream *stream)
{
    int status = http2_incoming_status(&http2->incoming);

    if (http2->side == HTTP2_SERVER || stream->head_came || status < 100 || status > 199)
        return false;
    if (++stream->interim > HTTP2_INTERIM_MAX)
        http2_fail(http2, ERR_LIMIT, HTTP2_ENHANCE_YOUR_CALM,
                   "the server sent more than %d interim answers (1xx) to one request",
                   HTTP2_INTERIM_MAX);
    return true;
}

static void end_of_message(struct http2 *http2, struct http2_stream *stream, uint8_t flags)
{
    if (!(flags & NGHTTP2_FLAG_END_STREAM))
        return;
    stream->end_came = true;
    if (stream->head_came)
        http2_wait(http2, stream, HTTP2_WAITS_END);
}

static int head_complete(struct http2 *http2, struct http2_stream *stream, uint8_t flags)
{
    bool request = http2->side == HTTP2_SERVER;
    bool ends = (flags & NGHTTP2_FLAG_END_STREAM) != 0;

    if (http2->incoming.too_large) {
        stream->end_came = ends;
        return refuse_too_large(http2, stream);
    }
    if (is_interim(http2, stream))
        return 0;
    http2_guard_earn(&http2->guard, HTTP2_EARNED_HEAD);
    if (!stream->head_came) { /* otherwise trailers */
        const char *wrong = http2_incoming_finish(&http2->incoming, request);
        if (strbuf_status(&http2->incoming.bytes) != 0)
            return no_memory(http2);
        if (wrong != NULL)
            return http2_refuse(http2, stream, HTTP2_PROTOCOL_ERROR, wrong);
        stream->head_came = true;
        stream->answers_nothing = request && view_is(http2->incoming.head.method, "HEAD");
        http2->incoming.head.no_body = ends;
        http2_wait(http2, stream, HTTP2_WAITS_HEAD);
    }
    end_of_message(http2, stream, flags);
    return 0;
}

/* ---- bodies --------------------------------------------------------------------------------- */

/* The windows open when a frame is whole, so that no split of it changes what a peer may send. */
static int open_windows(struct http2 *http2)
{
    size_t all = http2->consumed;
    size_t of_stream = http2->stream_consumed;

    http2->consumed = 0;
    http2->stream_consumed = 0;
    int code = nghttp2_session_consume_connection(http2->session, all);
    if (code == 0 && of_stream > 0)
        code = nghttp2_session_consume_stream(http2->session, (int32_t)http2->guard.frame.stream,
                                              of_stream);
    return code;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                         size_t len, void *context)
{
    struct http2 *http2 = context;
    struct http2_stream *stream = http2_find(http2, (uint32_t)id);
    (void)session;
    (void)flags;

    http2->consumed += len;
    if (stream == NULL)
        return 0;
    if (stream->held && !stream->hidden)
        stream->unconsumed += len;
    else
        http2->stream_consumed += len;
    if (stream->hidden)
        return 0;

    uint64_t left = http2->limits.body_bytes - stream->body_bytes;
    size_t given = len < left ? len : (size_t)left;
    stream->body_bytes += given;
    if (given > 0) {
        http2_guard_earn(&http2->guard, HTTP2_EARNED_BODY);
        stream->body = view_make(data, given);
        http2_wait(http2, stream, HTTP2_WAITS_BODY);
    }
    if (given == len)
        return 0;
    char text[HTTP2_FAULT_MAX];
    snprintf(text, sizeof text, "its body is larger than %llu bytes",
             (unsigned long long)http2->limits.body_bytes);
    return http2_refuse(http2, stream, HTTP2_ENHANCE_YOUR_CALM, text);
}

/* ---- the connection ------------------------------------------------------------------------- */

static void take_settings(struct http2 *http2, const nghttp2_frame *frame)
{
    if (http2->side == HTTP2_SERVER || (frame->hd.flags & NGHTTP2_FLAG_ACK))
        return;
    uint32_t streams = nghttp2_session_get_remote_settings(http2->session,
                                                           NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    if (streams > http2->limits.streams)
        streams = http2->limits.streams;
    if (http2->settings_came && streams == http2->capacity)
        return;
    http2->settings_came = true;
    http2->capacity = streams;
    http2->waiting |= HTTP2_WAITS_CAPACITY;
}

static int take_ping(struct http2 *http2, const nghttp2_frame *frame)
{
    uint64_t payload = 0;

    if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
        return 0;
    for (size_t i = 0; i < sizeof frame->ping.opaque_data; i++)
        payload = payload << 8 | frame->ping.opaque_data[i];
    if (http2->goaway_noticed && !http2->goaway_sent && payload == HTTP2_PING_BEFORE_GOAWAY) {
        http2->goaway_sent = true;
        return nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE,
                                     nghttp2_session_get_last_proc_stream_id(http2->session),
                                     NGHTTP2_NO_ERROR, NULL, 0);
    }
    if (http2->pinging && payload == http2->ping) {
        http2->pinging = false;
        http2->waiting |= HTTP2_WAITS_PONG;
    }
    return 0;
}

static void take_goaway(struct http2 *http2, const nghttp2_goaway *goaway)
{
    size_t len = goaway->opaque_data_len;

    http2->goaway_came = true;
    http2->goaway_last = (uint32_t)goaway->last_stream_id;
    http2->goaway_code = goaway->error_code;
    http2->goaway_text_len = len < HTTP2_TEXT_MAX ? len : HTTP2_TEXT_MAX;
    if (len > 0)
        memcpy(http2->goaway_text, goaway->opaque_data, http2->goaway_text_len);
    http2->waiting |= HTTP2_WAITS_GOAWAY;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct http2 *http2 = context;
    struct http2_stream *stream = frame->hd.stream_id != 0 ? stream_of(http2, frame) : NULL;
    (void)session;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        return stream != NULL ? head_complete(http2, stream, frame->hd.flags) : 0;
    case NGHTTP2_DATA:
        if (stream != NULL)
            end_of_message(http2, stream, frame->hd.flags);
        return 0;
    case NGHTTP2_RST_STREAM:
        if (stream != NULL)
            stream->by_peer = true;
        return 0;
    case NGHTTP2_SETTINGS:
        take_settings(http2, frame);
        return 0;
    case NGHTTP2_PING:
        return take_ping(http2, frame);
    case NGHTTP2_GOAWAY:
        take_goaway(http2, &frame->goaway);
        return 0;
    default:
        return 0;
    }
}

static const char *fault_of(int code)
{
    switch (code) {
    case NGHTTP2_ERR_HTTP_HEADER:
        return "a header that HTTP/2 does not allow there";
    case NGHTTP2_ERR_HTTP_MESSAGING:
        return "a message whose parts do not fit together (pseudo-headers, content-length, or its"
               " end)";
    case NGHTTP2_ERR_FLOW_CONTROL:
        return "a window opened beyond 2^31 - 1 bytes, or more sent than it allows";
    case NGHTTP2_ERR_REFUSED_STREAM:
        return "more streams at a time than are allowed";
    default:
        return nghttp2_strerror(code);
    }
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int code,
                            void *context)
{
    (void)session;

    note_fault(stream_of(context, frame), fault_of(code));
    return 0;
}

/* ---- the end of a stream -------------------------------------------------------------------- */

static bool ended_well(const struct http2 *http2, const struct http2_stream *stream, uint32_t code)
{
    if (stream->by_peer) /* a server that has answered may cancel what is left of the request */
        return http2->side != HTTP2_SERVER && stream->end_came;
    return code == HTTP2_NO_ERROR && stream->end_sent;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    struct http2 *http2 = context;
    struct http2_stream *stream = http2_find(http2, (uint32_t)id);
    (void)session;

    if (stream == NULL)
        return 0;
    bool above = http2->goaway_came && stream->id > http2->goaway_last;
    stream->closed = true;
    stream->code = code;
    stream->unprocessed =
        http2->side != HTTP2_SERVER
        && (above || (stream->by_peer && code == HTTP2_REFUSED_STREAM && !stream->head_came));
    http2->streams--;
    http2_drop_queue(http2, stream);
    bool well = ended_well(http2, stream, code);
    if (well && !stream->hidden)
        http2_guard_earn(&http2->guard, HTTP2_EARNED_CLOSED);
    if (stream->opening)
        return 0;
    if (stream->hidden || (http2->side == HTTP2_SERVER && !stream->head_came)) {
        http2_stream_free(http2, stream);
        return 0;
    }
    stream->waiting &= ~(unsigned)HTTP2_WAITS_WRITABLE;
    http2_wait(http2, stream, well ? HTTP2_WAITS_CLOSED : HTTP2_WAITS_RESET);
    return 0;
}

void http2_set_receive_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
}

int http2_receive(struct http2 *http2, struct view *rest)
{
    struct view piece;
    const struct http2_wrong *wrong = http2_guard_next(&http2->guard, rest, &piece);

    if (wrong != NULL)
        return http2_fail_wrong(http2, wrong);
    if (piece.len == 0)
        return 0;
    ssize_t taken = nghttp2_session_mem_recv(http2->session, (const uint8_t *)piece.ptr, piece.len);
    if (http2->err.code != 0)
        return http2->err.code;
    int code = taken < 0 ? (int)taken : 0;
    if (code == 0 && http2->consumed > 0 && http2->guard.payload_left == 0)
        code = open_windows(http2);
    if (code != 0)
        return http2_fail_library(http2, code);
    if (http2_guard_in_payload(&http2->guard))
        return 0; /* what is wrong within a frame shows with its end, however it is cut */
    return http2_flush(http2);
}
