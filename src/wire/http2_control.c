/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_control: how a connection stands, and what its owner tells it: time, pings, farewells, what
 * is to end and what is to wait. */
#include "wire/http2_state.h"

void http2_tick(struct http2 *http2)
{
    http2_guard_earn(&http2->guard, HTTP2_EARNED_TIME);
}

static bool wants_take(const struct http2 *http2)
{
    if (http2->control.len > 0)
        return true;
    if (http2->err.code != 0)
        return false;
    for (const struct http2_stream *stream = http2->first; stream != NULL; stream = stream->next) {
        bool ready = stream->queue.len > stream->queue_from || stream->end_queued;
        if (stream->deferred && !stream->closed && ready)
            return true;
    }
    return nghttp2_session_want_write(http2->session) != 0;
}

struct http2_status http2_status(const struct http2 *http2)
{
    bool away = http2->goaway_came || http2->goaway_sent || http2->goaway_noticed;
    bool open = http2->err.code == 0 && http2->side != HTTP2_SERVER && !away;
    struct http2_status status = {
        .streams = http2->streams,
        .free = open && http2->capacity > http2->streams ? http2->capacity - http2->streams : 0,
        .queued_bytes = http2->queued_bytes,
        .sent_bytes = http2->sent_bytes,
        .wants_take = wants_take(http2),
        .going_away = away,
        .cut = http2_guard_cut(&http2->guard) || http2_guard_in_block(&http2->guard),
    };

    status.stalled = status.queued_bytes > 0 && !status.wants_take;
    status.done = !status.wants_take
                  && (http2->err.code != 0 || nghttp2_session_want_read(http2->session) == 0);
    return status;
}

void http2_reset(struct http2 *http2, uint32_t id, enum http2_code code)
{
    struct http2_stream *stream = http2_find(http2, id);

    if (stream == NULL)
        stream = http2_find_waiting(http2, id);
    if (stream == NULL || stream->dropped)
        return;
    http2_drop_queue(http2, stream);
    stream->dropped = true;
    bool closed = stream->closed;
    http2_hide(http2, stream);
    if (closed || http2->err.code != 0)
        return;
    int failed = nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, (int32_t)id, code);
    if (failed != 0)
        http2_fail_library(http2, failed);
    else
        failed = http2_flush(http2); /* an error stays and shows with the next feed */
    (void)failed;
    http2_tell_writable(http2);
}

static int submit_ping(struct http2 *http2, uint64_t payload)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(payload >> (56 - 8 * i));
    int code = nghttp2_submit_ping(http2->session, NGHTTP2_FLAG_NONE, bytes);
    return code != 0 ? http2_fail_library(http2, code) : http2_flush(http2);
}

int http2_ping(struct http2 *http2, uint64_t payload)
{
    if (http2->err.code != 0)
        return ERR_CLOSED;
    if (http2->pinging)
        return ERR_BUSY;
    http2->pinging = true;
    http2->ping = payload;
    return submit_ping(http2, payload);
}

void http2_goaway(struct http2 *http2)
{
    int code = 0;

    if (http2->err.code != 0 || http2->goaway_sent || http2->goaway_noticed)
        return;
    if (http2->side == HTTP2_SERVER) {
        http2->goaway_noticed = true;
        code = nghttp2_submit_shutdown_notice(http2->session);
        if (code == 0)
            code = http2_flush(http2); /* pings overtake */
        if (code == 0)
            code = submit_ping(http2, HTTP2_PING_BEFORE_GOAWAY);
    } else {
        http2->goaway_sent = true;
        code =
            nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
        if (code == 0)
            code = http2_flush(http2);
    }
    if (code != 0)
        http2_fail_library(http2, code);
}

void http2_abort(struct http2 *http2, enum http2_code code, const char *why)
{
    http2_fail(http2, ERR_CLOSED, code, "%s", why);
}

void http2_hold(struct http2 *http2, uint32_t id, bool held)
{
    struct http2_stream *stream = http2_find(http2, id);

    if (stream == NULL || stream->hidden)
        return;
    stream->held = held;
    if (!held)
        http2_consume(http2, id, stream->unconsumed);
}

void http2_consume(struct http2 *http2, uint32_t id, size_t bytes)
{
    struct http2_stream *stream = http2_find(http2, id);

    if (stream == NULL || http2->err.code != 0)
        return;
    size_t consumed = bytes < stream->unconsumed ? bytes : stream->unconsumed;
    stream->unconsumed -= consumed;
    int code = nghttp2_session_consume_stream(http2->session, (int32_t)id, consumed);
    if (code != 0)
        http2_fail_library(http2, code);
    else
        code = http2_flush(http2); /* an error stays and shows with the next feed */
    (void)code;
}
