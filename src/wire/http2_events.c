/* SPDX-License-Identifier: Apache-2.0
 *
 * http2_events: the streams there are, the events that wait on them, and http2_feed, which gives
 * them out before it looks at more bytes. Since an event of a kind waits once a stream, what waits
 * is bounded by the streams. */
#include "base/mem.h"
#include "wire/http2_state.h"

/* What is quoted of a GOAWAY's text, in characters; and with its code. */
enum { GOAWAY_QUOTE_MAX = 100, GOAWAY_REASON_MAX = GOAWAY_QUOTE_MAX + 64 };

/* ---- streams -------------------------------------------------------------------------------- */

struct http2_stream *http2_find(const struct http2 *http2, uint32_t stream)
{
    return nghttp2_session_get_stream_user_data(http2->session, (int32_t)stream);
}

struct http2_stream *http2_stream_new(struct http2 *http2, uint32_t id)
{
    struct http2_stream *stream = mem_new(1, sizeof *stream);
    if (stream == NULL)
        return NULL;

    stream->id = id;
    stream->previous = http2->last;
    *(http2->last != NULL ? &http2->last->next : &http2->first) = stream;
    http2->last = stream;
    http2->streams++;
    strbuf_init(&stream->queue, http2->limits.stream_queue + HTTP2_PIECE_BYTES_MAX);
    return stream;
}

struct http2_stream *http2_find_waiting(const struct http2 *http2, uint32_t id)
{
    struct http2_stream *stream = http2->first_waiting;

    while (stream != NULL && stream->id != id)
        stream = stream->next_waiting;
    return stream;
}

static void leave_waiting(struct http2 *http2, struct http2_stream *stream)
{
    struct http2_stream **link = &http2->first_waiting;
    struct http2_stream *before = NULL;

    if (!stream->in_waiting)
        return;
    while (*link != stream) {
        before = *link;
        link = &before->next_waiting;
    }
    *link = stream->next_waiting;
    if (http2->last_waiting == stream)
        http2->last_waiting = before;
    stream->next_waiting = NULL;
    stream->in_waiting = false;
    stream->waiting = 0;
}

void http2_stream_free(struct http2 *http2, struct http2_stream *stream)
{
    leave_waiting(http2, stream);
    *(stream->previous != NULL ? &stream->previous->next : &http2->first) = stream->next;
    *(stream->next != NULL ? &stream->next->previous : &http2->last) = stream->previous;
    strbuf_release(&stream->queue);
    mem_free(stream);
}

void http2_wait(struct http2 *http2, struct http2_stream *stream, enum http2_waiting what)
{
    if (stream->hidden)
        return;
    stream->waiting |= (unsigned)what;
    if (stream->in_waiting)
        return;
    *(http2->last_waiting != NULL ? &http2->last_waiting->next_waiting : &http2->first_waiting) =
        stream;
    http2->last_waiting = stream;
    stream->in_waiting = true;
}

void http2_hide(struct http2 *http2, struct http2_stream *stream)
{
    leave_waiting(http2, stream);
    stream->hidden = true;
    if (stream->closed)
        http2_stream_free(http2, stream);
}

/* ---- events out ----------------------------------------------------------------------------- */

static struct http2_event connection_event(struct http2 *http2, enum http2_connection_waiting what)
{
    http2->waiting &= ~(unsigned)what;
    if (what == HTTP2_WAITS_GOAWAY)
        return (struct http2_event){
            .kind = HTTP2_GOAWAY,
            .last = http2->goaway_last,
            .code = http2->goaway_code,
            .text = view_make(http2->goaway_text, http2->goaway_text_len),
        };
    if (what == HTTP2_WAITS_CAPACITY)
        return (struct http2_event){.kind = HTTP2_CAPACITY, .capacity = http2->capacity};
    return (struct http2_event){.kind = HTTP2_PONG, .ping = http2->ping};
}

/* " (ENHANCE_YOUR_CALM: too many requests)": why the peer goes away, where it says so. */
static const char *goaway_reason(const struct http2 *http2, char *out, size_t size)
{
    char said[GOAWAY_QUOTE_MAX + 1];
    size_t len =
        http2->goaway_text_len < GOAWAY_QUOTE_MAX ? http2->goaway_text_len : GOAWAY_QUOTE_MAX;

    for (size_t i = 0; i < len; i++) {
        char byte = http2->goaway_text[i];
        said[i] = (char)(byte >= ' ' && byte < 0x7f ? byte : '?');
    }
    said[len] = '\0';
    if (!http2->goaway_came || (http2->goaway_code == HTTP2_NO_ERROR && len == 0))
        return "";
    snprintf(out, size, " (%s%s%s)", http2_code_name(http2->goaway_code), len > 0 ? ": " : "",
             said);
    return out;
}

static struct http2_event reset_event(struct http2 *http2, const struct http2_stream *stream)
{
    const char *name = http2_code_name(stream->code);
    const char *fault = stream->fault;
    size_t size = sizeof http2->reset_text;
    char reason[GOAWAY_REASON_MAX];

    if (fault[0] == '\0') /* the one that nghttp2 does not tell of */
        fault = stream->code == HTTP2_PROTOCOL_ERROR ? "more bytes than content-length said" : name;
    if (stream->unprocessed && !stream->by_peer)
        snprintf(http2->reset_text, size, "%s goes away%s and has not begun with it",
                 http2_peer(http2), goaway_reason(http2, reason, sizeof reason));
    else if (stream->by_peer)
        snprintf(http2->reset_text, size, "%s reset the stream: %s (%u)", http2_peer(http2), name,
                 stream->code);
    else
        snprintf(http2->reset_text, size, "%s sent what cannot be accepted: %s", http2_peer(http2),
                 fault);
    return (struct http2_event){
        .kind = HTTP2_RESET,
        .code = stream->code,
        .by_peer = stream->by_peer,
        .unprocessed = stream->unprocessed,
        .text = view_of(http2->reset_text),
    };
}

static struct http2_event stream_event(struct http2 *http2, const struct http2_stream *stream,
                                       unsigned what)
{
    switch ((enum http2_waiting)what) {
    case HTTP2_WAITS_HEAD:
        return (struct http2_event){.kind = HTTP2_HEAD, .head = &http2->incoming.head};
    case HTTP2_WAITS_BODY:
        return (struct http2_event){.kind = HTTP2_BODY, .body = stream->body};
    case HTTP2_WAITS_END:
        return (struct http2_event){.kind = HTTP2_END};
    case HTTP2_WAITS_WRITABLE:
        return (struct http2_event){.kind = HTTP2_WRITABLE};
    case HTTP2_WAITS_RESET:
        return reset_event(http2, stream);
    case HTTP2_WAITS_CLOSED:
        break;
    }
    return (struct http2_event){.kind = HTTP2_CLOSED};
}

/* The next event that waits; false where none does. */
static bool next_event(struct http2 *http2, struct http2_event *ret_event)
{
    if (http2->waiting != 0) {
        unsigned what = http2->waiting & ~(http2->waiting - 1);
        *ret_event = connection_event(http2, (enum http2_connection_waiting)what);
        return true;
    }
    struct http2_stream *stream = http2->first_waiting;
    if (stream == NULL)
        return false;

    unsigned what = stream->waiting & ~(stream->waiting - 1); /* the lowest bit */
    *ret_event = stream_event(http2, stream, what);
    ret_event->stream = stream->id;
    stream->waiting &= ~what;
    if (stream->waiting == 0)
        leave_waiting(http2, stream);
    if (stream->waiting == 0 && stream->closed)
        http2_stream_free(http2, stream);
    return true;
}

int http2_feed(struct http2 *http2, struct view *rest, struct http2_event *ret_event,
               struct err *reterr)
{
    for (;;) {
        if (next_event(http2, ret_event))
            return 1;
        if (http2->err.code != 0)
            return fail(reterr, http2->err.code, "%s", http2->err.text);
        if (rest->len == 0)
            return 0;
        int code = http2_receive(http2, rest);
        (void)code; /* events that wait come first */
    }
}

int http2_finish(const struct http2 *http2, struct err *reterr)
{
    char reason[GOAWAY_REASON_MAX];

    if (http2->err.code != 0)
        return fail(reterr, http2->err.code, "%s", http2->err.text);
    if (http2->streams > 0)
        return fail(reterr, ERR_CLOSED, "%s closed the connection with %u streams under way%s",
                    http2_peer(http2), http2->streams, goaway_reason(http2, reason, sizeof reason));
    if (http2_guard_cut(&http2->guard))
        return fail(reterr, ERR_CLOSED, "%s closed the connection within a frame",
                    http2_peer(http2));
    return 0;
}
