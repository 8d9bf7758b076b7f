/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_state: what stream.c and the readers of each API's events (stream_*.c) show one another:
 * the stream, and what an event may do to it. */
#ifndef ASSAY_PROVIDER_STREAM_STATE_H
#define ASSAY_PROVIDER_STREAM_STATE_H

#include "base/strbuf.h"
#include "provider/stream.h"
#include "wire/eventstream.h"
#include "wire/sse.h"

struct provider_stream;

/* One event as its transport brought it. */
struct stream_message {
    struct view type; /* of SSE: `event:`; of event streams: `:event-type` */
    struct view data;
};

/* One row for each API: what an event means. */
struct stream_format {
    const char *end_mark; /* data that is no JSON and ends the stream; NULL: none */
    bool any_data;        /* data need not be JSON, and the stream may just end; `root` is NULL
                           * where it is not */
    /* 0, or ERR_MEMORY. */
    int (*take)(struct provider_stream *stream, const struct stream_message *message,
                const struct json *root);
};

/* A delta of another choice, or of a tool call. */
struct stream_aside {
    uint32_t choice;
    int32_t tool;
    size_t start; /* bytes of `asides` */
    size_t end;
};

enum { STREAM_ASIDES_MAX = 256 }; /* of one event */

struct provider_stream {
    const struct provider_target *target;
    const struct stream_format *format; /* NULL: no stream, one document */
    bool is_eventstream;
    struct sse_parser sse;
    struct eventstream_decoder frames;
    struct strbuf document; /* of no stream */
    struct strbuf decoded;  /* base64 in a frame */
    struct arena event;     /* of the event being read */
    struct arena kept;      /* what the reply needs */
    struct http_response head;
    struct strbuf text;
    size_t told; /* of text: given out as TEXT */
    struct strbuf asides;
    struct stream_aside *aside;
    size_t aside_count;
    size_t aside_told;
    uint64_t events;    /* so far */
    struct reply reply; /* usage, stop, model; an error */
    bool over;          /* complete, or an error */
    bool done_told;     /* DONE was given out */
    int failed;         /* ERR_MEMORY */
};

/* The answer goes on with this. 0, ERR_MEMORY. */
MUST_CHECK int stream_say(struct provider_stream *stream, struct view text);

/* A choice goes on with this, or, with `tool`, the arguments of that tool call; choice and tool as
 * the API counts them: passed over where they are no such numbers. 0, ERR_MEMORY. */
MUST_CHECK int stream_say_in(struct provider_stream *stream, int64_t choice, int64_t tool,
                             struct view text);

/* The same with a value that the API gives as JSON; {} is passed over. */
MUST_CHECK int stream_say_tree(struct provider_stream *stream, int64_t choice, int64_t tool,
                               const struct json *arguments);

/* How generation ended, in the provider's word; a value that is no string is passed over. */
MUST_CHECK int stream_stop(struct provider_stream *stream, const struct json *word);

/* The model that says it answers; the first counts. */
MUST_CHECK int stream_model(struct provider_stream *stream, const struct json *name);

/* Nothing more is wanted. */
void stream_end(struct provider_stream *stream);

/* The service reports an error. `type` where the transport told it, else empty: it is in `root`. */
void stream_error(struct provider_stream *stream, struct view type, const struct json *root);

/* What came cannot be understood: "the server sent …". */
void stream_broken(struct provider_stream *stream, int code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Also of the chunks of Claude models on Bedrock. */
int stream_anthropic_take(struct provider_stream *stream, const struct stream_message *message,
                          const struct json *root);

extern const struct stream_format stream_openai;
extern const struct stream_format stream_anthropic;
extern const struct stream_format stream_converse;
extern const struct stream_format stream_invoke;
extern const struct stream_format stream_template; /* kind http: events of any server */

#endif
