/* SPDX-License-Identifier: Apache-2.0
 *
 * stream: an answer that comes in pieces, whatever carries them: Bedrock's event streams, the
 * server-sent events of OpenAI and Anthropic, those of any other server.
 *
 *     provider_stream_new ─▶ feed ─▶ TEXT* ─▶ DONE? ─▶ provider_stream_reply
 *
 * The bytes of a response's body go in, however they are split; deltas of text come out at once,
 * and the whole reply (text, usage, stop reason, errors) at the end. Of an answer in several
 * choices, or with tool calls, each delta says which it goes on with; the reply is of choice 0 and
 * has its text alone. What goes wrong in the midst,
 * an exception of the service or bytes that are no stream, is a reply with a code, like an error
 * that comes instead of an answer. A server that was asked for a stream and sent one document is
 * understood too: it is one delta.
 *
 * Memory: base/mem; the text, one event at a time, and STREAM_KEPT_BYTES_MAX for the rest.
 * Threads: one owner. Limits: PROVIDER_STREAM_TEXT_MAX, SSE_EVENT_BYTES_MAX, EVENTSTREAM_*_MAX. */
#ifndef ASSAY_PROVIDER_STREAM_H
#define ASSAY_PROVIDER_STREAM_H

#include "base/arena.h"
#include "base/err.h"
#include "provider/provider.h"

enum { PROVIDER_STREAM_TEXT_MAX = 32 * 1024 * 1024 };

enum stream_event_kind {
    STREAM_TEXT, /* text: what the answer goes on with; never empty */
    STREAM_DONE, /* the answer is complete, or it ended with an error: what follows is not read */
};

enum { STREAM_NO_TOOL = -1 };

struct stream_event {
    enum stream_event_kind kind;
    struct view text; /* of TEXT: valid UTF-8; holds until the next call on this stream */
    uint32_t choice;  /* of TEXT: among the answers to the question, by the API's own count */
    int32_t tool;     /* of TEXT: STREAM_NO_TOOL, or the tool call whose arguments (JSON) go on, by
                       * the API's own count of calls or of blocks */
};

/* The answer to the question itself. */
static inline bool stream_event_is_answer(const struct stream_event *event)
{
    return event->kind == STREAM_TEXT && event->choice == 0 && event->tool == STREAM_NO_TOOL;
}

struct provider_stream;

/* For a response of status 2xx, whose head is copied. The target and its views must hold until
 * provider_stream_free. ERR_MEMORY. */
MUST_CHECK int provider_stream_new(const struct provider_target *target,
                                   const struct http_response *head,
                                   struct provider_stream **ret_stream);
void provider_stream_free(struct provider_stream *stream); /* NULL is fine */

/* Takes bytes of the body from the front of *rest until one event is there: 1; 0 where *rest is
 * used up; ERR_MEMORY, and then for ever. */
MUST_CHECK int provider_stream_feed(struct provider_stream *stream, struct view *rest,
                                    struct stream_event *ret_event);

/* The same for a target of kind websocket, whose transport has messages: `rest` is one, whole. */
MUST_CHECK int provider_stream_message(struct provider_stream *stream, struct view *rest,
                                       struct stream_event *ret_event);

/* True where what came is a whole answer, or an error of the server: what else happens to the
 * connection does not matter. */
bool provider_stream_over(const struct provider_stream *stream);

/* The body has ended: the reply, with views into the arena. ERR_CLOSED in it, with how far it got,
 * where the stream ended before its time. Fails with ERR_MEMORY only. */
MUST_CHECK int provider_stream_reply(struct provider_stream *stream, struct arena *arena,
                                     struct reply *ret_reply);

#endif
