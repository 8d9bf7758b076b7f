/* SPDX-License-Identifier: Apache-2.0
 *
 * http2: see http2.h. The handle: its life, its errors, bytes out. */
#include "wire/http2.h"

#include "base/mem.h"
#include "wire/http2_state.h"

enum {
    LIBRARY_BYTES = 1 << 20,        /* for nghttp2's tables and buffers, */
    LIBRARY_STREAM_BYTES = 4 << 10, /* and for each stream */
    SETTINGS_MAX = 5,
    CONTROL_KEPT_BYTES = 64 << 10, /* a larger block is given back once it is empty */
};

static const struct http2_limits defaults = {
    .streams = 100,
    .header_bytes = 64 << 10,
    .headers = HTTP_HEADERS_MAX,
    .body_bytes = 32 << 20,
    .stream_window = 1 << 20,
    .connection_window = 16 << 20,
    .stream_queue = 256 << 10,
    .connection_queue = 8 << 20,
};

static const char *const code_names[HTTP2_CODE_END] = {
    [HTTP2_NO_ERROR] = "NO_ERROR",
    [HTTP2_PROTOCOL_ERROR] = "PROTOCOL_ERROR",
    [HTTP2_INTERNAL_ERROR] = "INTERNAL_ERROR",
    [HTTP2_FLOW_CONTROL_ERROR] = "FLOW_CONTROL_ERROR",
    [HTTP2_SETTINGS_TIMEOUT] = "SETTINGS_TIMEOUT",
    [HTTP2_STREAM_CLOSED] = "STREAM_CLOSED",
    [HTTP2_FRAME_SIZE_ERROR] = "FRAME_SIZE_ERROR",
    [HTTP2_REFUSED_STREAM] = "REFUSED_STREAM",
    [HTTP2_CANCEL] = "CANCEL",
    [HTTP2_COMPRESSION_ERROR] = "COMPRESSION_ERROR",
    [HTTP2_CONNECT_ERROR] = "CONNECT_ERROR",
    [HTTP2_ENHANCE_YOUR_CALM] = "ENHANCE_YOUR_CALM",
    [HTTP2_INADEQUATE_SECURITY] = "INADEQUATE_SECURITY",
    [HTTP2_HTTP_1_1_REQUIRED] = "HTTP_1_1_REQUIRED",
};

const char *http2_code_name(uint32_t code)
{
    return code < HTTP2_CODE_END ? code_names[code] : "unknown code";
}

const char *http2_peer(const struct http2 *http2)
{
    return http2->side == HTTP2_SERVER ? "the client" : "the server";
}

/* ---- life ----------------------------------------------------------------------------------- */

static struct http2_limits limits_of(const struct http2_limits *given)
{
    struct http2_limits limits = given != NULL ? *given : defaults;
    const size_t window_max = 0x7fffffff;

    if (limits.streams == 0)
        limits.streams = defaults.streams;
    if (limits.header_bytes == 0)
        limits.header_bytes = defaults.header_bytes;
    if (limits.headers == 0 || limits.headers > HTTP_HEADERS_MAX)
        limits.headers = defaults.headers;
    if (limits.body_bytes == 0)
        limits.body_bytes = defaults.body_bytes;
    if (limits.stream_window == 0)
        limits.stream_window = defaults.stream_window;
    if (limits.connection_window == 0)
        limits.connection_window = defaults.connection_window;
    if (limits.stream_queue == 0)
        limits.stream_queue = defaults.stream_queue;
    if (limits.connection_queue == 0)
        limits.connection_queue = defaults.connection_queue;
    if (limits.stream_window > window_max)
        limits.stream_window = window_max;
    if (limits.connection_window > window_max)
        limits.connection_window = window_max;
    return limits;
}

static int make_session(struct http2 *http2, nghttp2_session_callbacks *callbacks,
                        const nghttp2_option *option)
{
    nghttp2_mem memory = http2_memory_functions(&http2->memory);

    if (http2->side == HTTP2_SERVER)
        return nghttp2_session_server_new3(&http2->session, callbacks, http2, option, &memory);
    return nghttp2_session_client_new3(&http2->session, callbacks, http2, option, &memory);
}

/* What the guard counts nghttp2 need not: its budget of resets is the one thing that it asks the
 * clock for, and it counts CONTINUATION frames that come in pieces more than once. */
static void set_options(const struct http2 *http2, nghttp2_option *option)
{
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_stream_reset_rate_limit(option, UINT64_MAX, 0);
    nghttp2_option_set_max_continuations(option, SIZE_MAX);
    nghttp2_option_set_peer_max_concurrent_streams(option, http2->limits.streams);
    nghttp2_option_set_max_send_header_block_length(option, 2 * http2->limits.header_bytes + 4096);
}

static int start_session(struct http2 *http2)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int code = nghttp2_session_callbacks_new(&callbacks);

    if (code == 0)
        code = nghttp2_option_new(&option);
    if (code == 0) {
        http2_set_receive_callbacks(callbacks);
        http2_set_send_callbacks(callbacks);
        set_options(http2, option);
        code = make_session(http2, callbacks, option);
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return code;
}

static int say_settings(struct http2 *http2)
{
    const struct http2_limits *limits = &http2->limits;
    nghttp2_settings_entry entries[SETTINGS_MAX];
    size_t count = 0;

    entries[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                                (uint32_t)limits->stream_window};
    entries[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                                                (uint32_t)limits->header_bytes};
    entries[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
    if (http2->side == HTTP2_SERVER)
        entries[count++] =
            (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams};
    else
        entries[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    int code = nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, entries, count);
    if (code != 0)
        return code;
    code = nghttp2_session_set_local_window_size(http2->session, NGHTTP2_FLAG_NONE, 0,
                                                 (int32_t)limits->connection_window);
    return code != 0 ? code : http2_flush(http2);
}

struct http2 *http2_new(enum http2_side side, const struct http2_limits *limits)
{
    struct http2 *http2 = mem_new(1, sizeof *http2);
    if (http2 == NULL)
        return NULL;

    http2->side = side;
    http2->limits = limits_of(limits);
    http2->memory.most = LIBRARY_BYTES + (size_t)http2->limits.streams * LIBRARY_STREAM_BYTES;
    http2->capacity = http2->limits.streams;
    http2_guard_init(&http2->guard, side == HTTP2_SERVER, 2 * http2->limits.header_bytes);
    http2_incoming_init(&http2->incoming);
    strbuf_init(&http2->control, HTTP2_CONTROL_BYTES_MAX + HTTP2_CONTROL_BUSY_BYTES);
    strbuf_init(&http2->scratch, http2->limits.header_bytes);
    if (start_session(http2) != 0 || say_settings(http2) != 0) {
        http2_free(http2);
        return NULL;
    }
    return http2;
}

void http2_free(struct http2 *http2)
{
    if (http2 == NULL)
        return;
    if (!http2->memory.refused)
        nghttp2_session_del(http2->session);
    http2_memory_release(&http2->memory);
    while (http2->first != NULL) {
        http2_drop_queue(http2, http2->first);
        http2_stream_free(http2, http2->first);
    }
    http2_incoming_release(&http2->incoming);
    strbuf_release(&http2->control);
    strbuf_release(&http2->scratch);
    mem_free(http2);
}

/* ---- errors --------------------------------------------------------------------------------- */

static void add_u32(struct strbuf *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        strbuf_add_byte(out, (char)(value >> shift & 0xff));
}

/* By hand, since nghttp2 may be past writing anything.
 *     u24 length │ u8 type 7 │ u8 flags │ u32 stream 0 │ u32 last stream │ u32 code │ text */
static void write_goaway(struct http2 *http2, uint32_t code, struct view text)
{
    struct view said = view_slice(text, 0, HTTP2_TEXT_MAX);
    uint32_t last = http2->side == HTTP2_SERVER
                        ? (uint32_t)nghttp2_session_get_last_proc_stream_id(http2->session)
                        : 0;

    add_u32(&http2->control, (uint32_t)(8 + said.len) << 8 | NGHTTP2_GOAWAY);
    strbuf_add_byte(&http2->control, 0);
    add_u32(&http2->control, 0);
    add_u32(&http2->control, last);
    add_u32(&http2->control, code);
    strbuf_add(&http2->control, said);
}

int http2_fail(struct http2 *http2, int code, uint32_t goaway, const char *format, ...)
{
    va_list args;

    if (http2->err.code != 0)
        return http2->err.code;
    http2->err.code = code;
    va_start(args, format);
    int len = vsnprintf(http2->err.text, sizeof http2->err.text, format, args);
    va_end(args);
    write_goaway(http2, goaway, view_make(http2->err.text, len > 0 ? (size_t)len : 0));
    return code;
}

int http2_fail_wrong(struct http2 *http2, const struct http2_wrong *wrong)
{
    return http2_fail(http2, wrong->code, wrong->goaway, "%s %s", http2_peer(http2), wrong->text);
}

int http2_fail_library(struct http2 *http2, ssize_t code)
{
    if (http2->memory.too_much)
        return http2_fail(http2, ERR_LIMIT, HTTP2_ENHANCE_YOUR_CALM,
                          "%s makes this connection need more than %zu bytes", http2_peer(http2),
                          http2->memory.most);
    if (http2->memory.refused || code == NGHTTP2_ERR_NOMEM)
        return http2_fail(http2, ERR_MEMORY, HTTP2_INTERNAL_ERROR, "no memory for the connection");
    if (code == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
        return http2_fail(http2, ERR_PROTOCOL, HTTP2_PROTOCOL_ERROR,
                          "the client did not begin with HTTP/2's preface: it may speak another"
                          " protocol");
    return http2_fail(http2, ERR_PROTOCOL, HTTP2_PROTOCOL_ERROR, "%s broke the rules of HTTP/2: %s",
                      http2_peer(http2), nghttp2_strerror((int)code));
}

int http2_refuse(struct http2 *http2, struct http2_stream *stream, uint32_t code, const char *text)
{
    if (stream->fault[0] == '\0')
        snprintf(stream->fault, sizeof stream->fault, "%s", text);
    if (http2->side == HTTP2_SERVER && !stream->head_came)
        http2_hide(http2, stream);
    return nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, (int32_t)stream->id, code);
}

/* ---- bytes out ------------------------------------------------------------------------------ */

/* One frame to the end of `out`: 1, 0 where there is none, or the connection's error. */
static int write_frame(struct http2 *http2, struct strbuf *out)
{
    const uint8_t *data;
    ssize_t len = nghttp2_session_mem_send(http2->session, &data);

    if (len > 0)
        strbuf_add(out, view_make(data, (size_t)len));
    if (http2->err.code != 0)
        return http2->err.code;
    if (len < 0 || http2->memory.refused)
        return http2_fail_library(http2, len);
    int code = strbuf_status(out);
    if (code != 0)
        return http2_fail(http2, code, HTTP2_INTERNAL_ERROR, "no room for what is to be sent");
    return len > 0;
}

int http2_flush(struct http2 *http2)
{
    int code;

    while ((code = write_frame(http2, &http2->control)) == 1) {
        if (http2->control.len > HTTP2_CONTROL_BYTES_MAX)
            return http2_fail(http2, ERR_LIMIT, HTTP2_ENHANCE_YOUR_CALM,
                              "%s asks for answers and does not read them", http2_peer(http2));
    }
    return code;
}

/* Streams with something to say: nghttp2 may read their queues now. */
static int resume_streams(struct http2 *http2)
{
    for (struct http2_stream *stream = http2->first; stream != NULL; stream = stream->next) {
        bool ready = stream->queue.len > stream->queue_from || stream->end_queued;
        if (!stream->deferred || stream->closed || !ready)
            continue;
        stream->deferred = false;
        int code = nghttp2_session_resume_data(http2->session, (int32_t)stream->id);
        if (nghttp2_is_fatal(code))
            return http2_fail_library(http2, code);
    }
    return 0;
}

static void move_control(struct http2 *http2, struct strbuf *out, size_t most)
{
    struct view now = view_slice(strbuf_view(&http2->control), 0, most);

    strbuf_add(out, now);
    if (strbuf_status(out) != 0)
        return;
    strbuf_consume(&http2->control, now.len);
    if (http2->control.len == 0 && http2->control.capacity > CONTROL_KEPT_BYTES)
        strbuf_release(&http2->control);
}

static int take_frames(struct http2 *http2, struct strbuf *out, size_t until)
{
    int code = resume_streams(http2);

    http2->taking = true;
    while (code == 0 && out->len < until) {
        code = write_frame(http2, out);
        if (code == 0)
            break;
        code = code == 1 ? 0 : code;
    }
    http2->taking = false;
    return code;
}

int http2_take(struct http2 *http2, struct strbuf *out, size_t most, struct err *reterr)
{
    size_t until = out->len + most;

    move_control(http2, out, most);
    if (http2->err.code == 0 && http2->control.len == 0 && strbuf_status(out) == 0) {
        if (take_frames(http2, out, until) == 0)
            http2_tell_writable(http2);
    }
    int code = strbuf_status(out);
    if (code != 0) {
        http2_fail(http2, code, HTTP2_INTERNAL_ERROR, "no room for what is to be sent");
        return fail(reterr, code, "no room for what is to be sent");
    }
    return 0;
}
