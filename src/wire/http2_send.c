/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_send: heads and bodies on their way out. Heads are written at once; bodies wait in a queue
 * for each stream until http2_take lets nghttp2 read it as far as the peer's windows go. */
#include "wire/http2_state.h"

enum { FIELD_OVERHEAD = 32, FIELDS_MAX = HTTP_HEADERS_MAX + 6 };

/* A head as nghttp2 takes it. */
struct fields {
    nghttp2_nv items[FIELDS_MAX];
    size_t count;
    size_t list_bytes;
    char length[24]; /* a content-length that is added */
};

/* Not for the table that both ends keep: secrets, which could be guessed from it (RFC 7541, section
 * 7.1.3). */
static const char *const secrets[] = {
    "authorization", "proxy-authorization",  "cookie",  "set-cookie",
    "x-api-key",     "x-amz-security-token", "api-key",
};

/* RFC 9113, section 8.2.2. */
static const char *const of_connection[] = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
};

static bool is_among(struct view name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (view_equal_nocase(name, view_of(names[i])))
            return true;
    }
    return false;
}

#define IS_AMONG(name, names) is_among(name, names, sizeof(names) / sizeof *(names))

static void add_field(struct fields *fields, struct view name, struct view value)
{
    assert_always(fields->count < FIELDS_MAX);
    fields->items[fields->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.ptr,
        .namelen = name.len,
        .value = (uint8_t *)(uintptr_t)value.ptr,
        .valuelen = value.len,
        .flags = IS_AMONG(name, secrets) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE,
    };
    fields->list_bytes += name.len + value.len + FIELD_OVERHEAD;
}

static int check_header(const struct http_header *header, struct err *reterr)
{
    if (!http_is_token(header->name))
        return fail(reterr, ERR_INVALID, "'%.*s' is no name of a header", VIEW_ARG(header->name));
    if (!http_is_value(header->value))
        return fail(reterr, ERR_INVALID, "the header %.*s holds a control character",
                    VIEW_ARG(header->name));
    bool te = view_equal_nocase(header->name, view_of("te"))
              && !view_equal_nocase(view_trim(header->value), view_of("trailers"));
    if (te || IS_AMONG(header->name, of_connection))
        return fail(reterr, ERR_INVALID,
                    "the header %.*s belongs to a connection of HTTP/1.1: remove it",
                    VIEW_ARG(header->name));
    return 0;
}

/* Adds the headers with their names lowered, in http2->scratch. `host` is left out of requests. */
static int add_headers(struct http2 *http2, struct fields *fields,
                       const struct http_headers *headers, bool request, struct err *reterr)
{
    size_t names = 0;

    for (size_t i = 0; i < headers->count; i++)
        names += headers->items[i].name.len;
    strbuf_reset(&http2->scratch);
    if (names > 0 && strbuf_room(&http2->scratch, names) == NULL)
        return fail(reterr, strbuf_status(&http2->scratch),
                    "the names of the headers are too long");
    for (size_t i = 0; i < headers->count; i++) {
        struct view name = headers->items[i].name;
        int code = check_header(&headers->items[i], reterr);
        if (code != 0)
            return code;
        if (request && view_equal_nocase(name, view_of("host")))
            continue;
        char *lowered = strbuf_room(&http2->scratch, name.len);
        for (size_t k = 0; k < name.len; k++)
            lowered[k] =
                (char)(name.ptr[k] >= 'A' && name.ptr[k] <= 'Z' ? name.ptr[k] + 32 : name.ptr[k]);
        strbuf_grew(&http2->scratch, name.len);
        add_field(fields, view_make(lowered, name.len), view_trim(headers->items[i].value));
    }
    return 0;
}

/* A message that is whole says how long it is. */
static int add_length(struct fields *fields, const struct http_headers *headers, size_t len,
                      bool always, struct err *reterr)
{
    struct view given = http_header_get(headers, "content-length");
    int64_t value;

    if (given.ptr != NULL) {
        if (view_to_int(view_trim(given), &value) != 0 || value < 0 || (uint64_t)value != len)
            return fail(reterr, ERR_INVALID, "content-length is %.*s where the body has %zu bytes",
                        VIEW_ARG(given), len);
        return 0;
    }
    if (len == 0 && !always)
        return 0;
    snprintf(fields->length, sizeof fields->length, "%zu", len);
    add_field(fields, view_of("content-length"), view_of(fields->length));
    return 0;
}

static int check_size(const struct http2 *http2, const struct fields *fields, struct err *reterr)
{
    if (fields->list_bytes > http2->limits.header_bytes)
        return fail(reterr, ERR_LIMIT, "the head has %zu bytes, %zu at the most can be sent",
                    fields->list_bytes, http2->limits.header_bytes);
    return 0;
}

/* ---- bodies --------------------------------------------------------------------------------- */

static size_t waits(const struct http2_stream *stream)
{
    return stream->queue.len - stream->queue_from;
}

static bool has_room(const struct http2 *http2, const struct http2_stream *stream)
{
    return http2->control.len < HTTP2_CONTROL_BUSY_BYTES
           && http2->queued_bytes < http2->limits.connection_queue
           && (stream == NULL || waits(stream) < http2->limits.stream_queue);
}

void http2_tell_writable(struct http2 *http2)
{
    for (struct http2_stream *stream = http2->first; stream != NULL; stream = stream->next) {
        if (!stream->busy || stream->closed || !has_room(http2, stream)
            || waits(stream) > http2->limits.stream_queue / 2)
            continue;
        stream->busy = false;
        http2_wait(http2, stream, HTTP2_WAITS_WRITABLE);
    }
}

void http2_drop_queue(struct http2 *http2, struct http2_stream *stream)
{
    http2->queued_bytes -= waits(stream);
    strbuf_release(&stream->queue);
    stream->queue_from = 0;
}

static int queue_body(struct http2 *http2, struct http2_stream *stream, struct view bytes)
{
    if (bytes.len > HTTP2_PIECE_BYTES_MAX)
        return ERR_LIMIT;
    size_t before = stream->queue.len;
    strbuf_add(&stream->queue, bytes);
    int code = strbuf_status(&stream->queue);
    if (code != 0) { /* what was there stays */
        stream->queue.status = 0;
        strbuf_cut(&stream->queue, before);
        return code;
    }
    http2->queued_bytes += bytes.len;
    return 0;
}

/* The front of the queue has gone. Moved rarely, so that a long body is not moved again and again
 * as it goes. */
static void shorten_queue(struct http2_stream *stream)
{
    if (stream->queue_from < stream->queue.len / 2)
        return;
    strbuf_consume(&stream->queue, stream->queue_from);
    stream->queue_from = 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct http2 *http2 = context;
    struct http2_stream *stream = source->ptr;
    size_t len = waits(stream) < room ? waits(stream) : room;
    (void)session;
    (void)id;

    if (!http2->taking || (len == 0 && !stream->end_queued)) {
        stream->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (len > 0)
        memcpy(buffer, stream->queue.ptr + stream->queue_from, len);
    stream->queue_from += len;
    http2->queued_bytes -= len;
    http2->sent_bytes += len;
    http2_guard_earn(&http2->guard, HTTP2_EARNED_SENT);
    shorten_queue(stream);
    if (waits(stream) == 0 && stream->end_queued)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

/* ---- what went ------------------------------------------------------------------------------ */

/* A server that has answered before it read all does not want the rest (RFC 9113, section 8.1). */
static int end_went(struct http2 *http2, struct http2_stream *stream)
{
    stream->end_sent = true;
    if (http2->side != HTTP2_SERVER || stream->end_came)
        return 0;
    return nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, (int32_t)stream->id,
                                     NGHTTP2_NO_ERROR);
}

/* A request that had to be refused costs a client as much as one that it cancels. */
static void reset_went(struct http2 *http2, const struct http2_stream *stream, uint32_t code)
{
    bool ours = code == NGHTTP2_NO_ERROR || (stream != NULL && stream->dropped);

    if (http2->side != HTTP2_SERVER || ours)
        return;
    const struct http2_wrong *wrong = http2_guard_spend(&http2->guard, HTTP2_SPENT_RESETS);
    if (wrong != NULL)
        http2_fail_wrong(http2, wrong);
}

/* nghttp2 ends the connection by itself only where the peer broke the rules. */
static void goaway_went(struct http2 *http2, const nghttp2_goaway *goaway)
{
    if (goaway->error_code == NGHTTP2_NO_ERROR || http2->err.code != 0)
        return;
    if (http2->memory.refused) {
        http2_fail_library(http2, NGHTTP2_ERR_NOMEM);
        return;
    }
    fail(&http2->err, ERR_PROTOCOL, "%s broke the rules of HTTP/2: %s%s%.*s", http2_peer(http2),
         http2_code_name(goaway->error_code), goaway->opaque_data_len > 0 ? ": " : "",
         (int)goaway->opaque_data_len, (const char *)goaway->opaque_data);
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct http2 *http2 = context;
    struct http2_stream *stream = NULL;
    (void)session;

    if (frame->hd.stream_id != 0)
        stream = http2_find(http2, (uint32_t)frame->hd.stream_id);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (stream != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
            return end_went(http2, stream);
        return 0;
    case NGHTTP2_RST_STREAM:
        reset_went(http2, stream, frame->rst_stream.error_code);
        return 0;
    case NGHTTP2_GOAWAY:
        goaway_went(http2, &frame->goaway);
        return 0;
    default:
        return 0;
    }
}

void http2_set_send_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool is_target(struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] == 0x7f)
            return false;
    }
    return text.len > 0;
}

static int request_fields(struct http2 *http2, const struct http_request *request, bool end,
                          struct fields *fields, struct err *reterr)
{
    struct view host = view_trim(http_header_get(&request->headers, "host"));
    bool has_body = view_is(request->method, "POST") || view_is(request->method, "PUT")
                    || view_is(request->method, "PATCH");

    if (!http_is_token(request->method) || view_is(request->method, "CONNECT"))
        return fail(reterr, ERR_INVALID, "'%.*s' is no method that can be sent here",
                    VIEW_ARG(request->method));
    if (!is_target(request->target))
        return fail(reterr, ERR_INVALID, "the target '%.*s' cannot be sent: encode it",
                    VIEW_ARG(request->target));
    if (!is_target(host))
        return fail(reterr, ERR_INVALID, "the request lacks the header Host");
    add_field(fields, view_of(":method"), request->method);
    add_field(fields, view_of(":scheme"),
              view_of(http2->side == HTTP2_CLIENT_PLAIN ? "http" : "https"));
    add_field(fields, view_of(":authority"), host);
    add_field(fields, view_of(":path"), request->target);
    int code = add_headers(http2, fields, &request->headers, true, reterr);
    if (code == 0 && end)
        code = add_length(fields, &request->headers, request->body.len, has_body, reterr);
    return code != 0 ? code : check_size(http2, fields, reterr);
}

static int may_open(struct http2 *http2, struct err *reterr)
{
    if (http2->err.code != 0)
        return fail(reterr, ERR_CLOSED, "the connection has failed: %s", http2->err.text);
    if (http2->goaway_came || http2->goaway_sent
        || !nghttp2_session_check_request_allowed(http2->session))
        return fail(reterr, ERR_CLOSED, "the connection takes no more requests: open another");
    if (http2->streams >= http2->capacity)
        return fail(reterr, ERR_BUSY, "all %u streams are taken", http2->capacity);
    if (!has_room(http2, NULL))
        return fail(reterr, ERR_BUSY, "too much waits to be sent on this connection");
    return 0;
}

/* Gives nghttp2 the request. 0, and the stream has its number, or an error, and it is gone. */
static int open_stream(struct http2 *http2, struct http2_stream *stream,
                       const struct fields *fields, bool no_body, struct err *reterr)
{
    const nghttp2_data_provider body = {.source.ptr = stream, .read_callback = read_body};

    stream->opening = true;
    int32_t id = nghttp2_submit_request(http2->session, NULL, fields->items, fields->count,
                                        no_body ? NULL : &body, stream);
    if (id < 0) {
        http2_drop_queue(http2, stream);
        http2->streams--;
        http2_stream_free(http2, stream);
        if (id == NGHTTP2_ERR_NOMEM)
            return fail(reterr, http2_fail_library(http2, id), "%s", http2->err.text);
        return fail(reterr, ERR_CLOSED, "the connection takes no more requests: open another");
    }
    stream->id = (uint32_t)id;
    http2_guard_opened(&http2->guard, stream->id);
    int code = http2_flush(http2);
    stream->opening = false;
    if (code == 0 && !stream->closed)
        return 0;
    if (stream->closed)
        http2_stream_free(http2, stream);
    else
        http2_hide(http2, stream);
    return fail(reterr, code != 0 ? code : ERR_CLOSED, "the request could not be opened%s%s",
                code != 0 ? ": " : "", http2->err.text);
}

int http2_send_request(struct http2 *http2, const struct http_request *request, bool end,
                       uint32_t *ret_stream, struct err *reterr)
{
    struct fields fields = {.count = 0};
    assert_always(http2->side != HTTP2_SERVER);

    int code = may_open(http2, reterr);
    if (code != 0)
        return code;
    code = request_fields(http2, request, end, &fields, reterr);
    if (code != 0)
        return code;
    struct http2_stream *stream = http2_stream_new(http2, 0);
    if (stream == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the request");
    code = queue_body(http2, stream, request->body);
    if (code != 0) {
        http2->streams--;
        http2_stream_free(http2, stream);
        return fail(reterr, code, "the body of %zu bytes cannot be kept", request->body.len);
    }
    stream->head_sent = true;
    stream->end_queued = end;
    code = open_stream(http2, stream, &fields, end && request->body.len == 0, reterr);
    if (code == 0)
        *ret_stream = stream->id;
    return code;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int response_fields(struct http2 *http2, const struct http_response *response, char *status,
                           struct fields *fields, struct err *reterr)
{
    if (response->status < 100 || response->status > 999 || response->status == 101)
        return fail(reterr, ERR_INVALID, "%d is no status that HTTP/2 can carry", response->status);
    snprintf(status, 12, "%d", response->status);
    add_field(fields, view_of(":status"), view_of(status));
    return add_headers(http2, fields, &response->headers, false, reterr);
}

static int send_interim(struct http2 *http2, uint32_t id, const struct fields *fields,
                        struct err *reterr)
{
    int code = nghttp2_submit_headers(http2->session, NGHTTP2_FLAG_NONE, (int32_t)id, NULL,
                                      fields->items, fields->count, NULL);
    code = code != 0 ? http2_fail_library(http2, code) : http2_flush(http2);
    return code == 0 ? 0 : fail(reterr, code, "%s", http2->err.text);
}

/* The stream that may be answered, or an error. */
static int may_answer(struct http2 *http2, uint32_t id, struct http2_stream **ret_stream,
                      struct err *reterr)
{
    struct http2_stream *stream = http2_find(http2, id);

    if (http2->err.code != 0)
        return fail(reterr, ERR_CLOSED, "the connection has failed: %s", http2->err.text);
    if (stream == NULL || stream->hidden)
        return fail(reterr, ERR_CLOSED, "the stream %u is over", id);
    *ret_stream = stream;
    return 0;
}

/* Gives nghttp2 a head, and says where its body is read. */
static int submit_answer(struct http2 *http2, struct http2_stream *stream,
                         const struct fields *fields, bool no_body, struct err *reterr)
{
    const nghttp2_data_provider source = {.source.ptr = stream, .read_callback = read_body};

    stream->head_sent = true;
    int code = nghttp2_submit_response(http2->session, (int32_t)stream->id, fields->items,
                                       fields->count, no_body ? NULL : &source);
    code = code != 0 ? http2_fail_library(http2, code) : http2_flush(http2);
    return code == 0 ? 0 : fail(reterr, code, "%s", http2->err.text);
}

static int send_final(struct http2 *http2, struct http2_stream *stream,
                      const struct http_response *response, struct fields *fields, bool end,
                      struct err *reterr)
{
    bool bare = stream->answers_nothing || response->status == 204 || response->status == 304;
    struct view body = bare ? (struct view){0} : response->body;
    int code = 0;

    if (end && !bare)
        code = add_length(fields, &response->headers, body.len, true, reterr);
    if (code == 0)
        code = check_size(http2, fields, reterr);
    if (code != 0)
        return code;
    code = queue_body(http2, stream, body);
    if (code != 0)
        return fail(reterr, code, "the body of %zu bytes cannot be kept", body.len);
    stream->answers_nothing = bare;
    stream->end_queued = end || bare;
    return submit_answer(http2, stream, fields, bare || (end && body.len == 0), reterr);
}

int http2_send_response_head(struct http2 *http2, uint32_t id, const struct http_response *response,
                             bool end, struct err *reterr)
{
    struct http2_stream *stream;
    struct fields fields = {.count = 0};
    char status[12];
    assert_always(http2->side == HTTP2_SERVER);

    int code = may_answer(http2, id, &stream, reterr);
    if (code != 0)
        return code;
    if (stream->head_sent)
        return fail(reterr, ERR_CLOSED, "the stream %u is answered already", id);
    if (!has_room(http2, stream)) {
        stream->busy = true;
        return fail(reterr, ERR_BUSY, "too much waits to be sent on this connection");
    }
    code = response_fields(http2, response, status, &fields, reterr);
    if (code != 0)
        return code;
    if (response->status < 200)
        return send_interim(http2, id, &fields, reterr);
    return send_final(http2, stream, response, &fields, end, reterr);
}

int http2_answer_status(struct http2 *http2, struct http2_stream *stream, int status)
{
    struct fields fields = {.count = 0};
    char text[12];

    snprintf(text, sizeof text, "%d", status);
    add_field(&fields, view_of(":status"), view_of(text));
    add_field(&fields, view_of("content-length"), view_of("0"));
    stream->head_sent = true;
    stream->end_queued = true;
    return nghttp2_submit_response(http2->session, (int32_t)stream->id, fields.items, fields.count,
                                   NULL);
}

int http2_send_body(struct http2 *http2, uint32_t id, struct view bytes, bool end,
                    struct err *reterr)
{
    struct http2_stream *stream = http2_find_waiting(http2, id);

    /* An answer without body has gone, and the caller has not heard of it. */
    if (stream != NULL && stream->answers_nothing && stream->end_sent)
        return 0;
    int code = may_answer(http2, id, &stream, reterr);
    if (code != 0)
        return code;
    if (stream->answers_nothing && stream->head_sent)
        return 0;
    if (!stream->head_sent || stream->end_queued)
        return fail(reterr, ERR_CLOSED, "the stream %u takes no body%s", id,
                    stream->end_queued ? ": its end was sent" : " before its head");
    if (bytes.len > 0 && !has_room(http2, stream)) {
        stream->busy = true;
        return fail(reterr, ERR_BUSY, "too much waits to be sent on this stream or connection");
    }
    code = queue_body(http2, stream, bytes);
    if (code != 0)
        return fail(reterr, code, "%zu bytes of a body cannot be kept", bytes.len);
    stream->end_queued = end;
    return 0;
}

size_t http2_queued(const struct http2 *http2, uint32_t id)
{
    const struct http2_stream *stream = http2_find(http2, id);

    return stream != NULL ? waits(stream) : 0;
}
