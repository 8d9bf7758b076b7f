/* SPDX-License-Identifier: Apache-2.0
 *
 * stream: see stream.h. The transports, and the reply at the end; what an event means is in
 * stream_openai.c, stream_anthropic.c, stream_bedrock.c and stream_template.c. */
#include "provider/stream.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "provider/stream_state.h"
#include "provider/understand.h"

enum {
    KEPT_BYTES_MAX = 1024 * 1024,
    EVENT_BYTES_MAX = 64 * 1024 * 1024, /* an event of 16 MiB as a tree */
    QUOTE_CHARACTERS_MAX = 80,
};

/* ---- what an event may do ------------------------------------------------------------------- */

int stream_say(struct provider_stream *stream, struct view text)
{
    strbuf_add(&stream->text, text);
    int code = strbuf_status(&stream->text);

    if (code == ERR_LIMIT) {
        stream_broken(stream, ERR_LIMIT, "an answer of more than %d MiB",
                      PROVIDER_STREAM_TEXT_MAX >> 20);
        return 0;
    }
    return code;
}

int stream_say_in(struct provider_stream *stream, int64_t choice, int64_t tool, struct view text)
{
    if (choice < 0 || choice > INT32_MAX || tool < STREAM_NO_TOOL || tool > INT32_MAX)
        return 0;
    if (choice == 0 && tool == STREAM_NO_TOOL)
        return stream_say(stream, text);
    if (text.len == 0)
        return 0;
    if (stream->aside == NULL)
        stream->aside = mem_new(STREAM_ASIDES_MAX, sizeof *stream->aside);
    if (stream->aside == NULL)
        return ERR_MEMORY;
    if (stream->aside_count == STREAM_ASIDES_MAX) {
        stream_broken(stream, ERR_LIMIT, "an event with more than %d choices and tool calls",
                      STREAM_ASIDES_MAX);
        return 0;
    }
    size_t start = stream->asides.len;
    strbuf_add(&stream->asides, text);
    stream->aside[stream->aside_count++] = (struct stream_aside){
        .choice = (uint32_t)choice,
        .tool = (int32_t)tool,
        .start = start,
        .end = stream->asides.len,
    };
    return strbuf_status(&stream->asides) != 0 ? ERR_MEMORY : 0; /* an event is smaller */
}

int stream_say_tree(struct provider_stream *stream, int64_t choice, int64_t tool,
                    const struct json *arguments)
{
    struct strbuf text;
    struct json_writer writer;

    if (!json_is(arguments, JSON_OBJECT) || arguments->child == NULL)
        return 0;
    strbuf_init(&text, PROVIDER_STREAM_TEXT_MAX);
    json_writer_init(&writer, &text, 0);
    json_write_tree(&writer, arguments);
    int code = strbuf_status(&text);
    if (code == 0)
        code = stream_say_in(stream, choice, tool, strbuf_view(&text));
    strbuf_release(&text);
    return code;
}

int stream_stop(struct provider_stream *stream, const struct json *word)
{
    if (!json_is(word, JSON_STRING) || word->text.len == 0)
        return 0;
    stream->reply.stop = stop_reason_read(word->text);
    return arena_copy(&stream->kept, word->text, &stream->reply.stop_text);
}

int stream_model(struct provider_stream *stream, const struct json *name)
{
    if (!json_is(name, JSON_STRING) || stream->reply.model.len != 0)
        return 0;
    return arena_copy(&stream->kept, name->text, &stream->reply.model);
}

void stream_end(struct provider_stream *stream)
{
    stream->over = true;
}

void stream_error(struct provider_stream *stream, struct view type, const struct json *root)
{
    understand_stream_error(stream->target, type, root, &stream->kept, &stream->reply);
    stream_end(stream);
}

void stream_broken(struct provider_stream *stream, int code, const char *format, ...)
{
    char what[ERR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const char *text = arena_printf(&stream->kept, "the server sent %s", what);
    stream->reply.code = code;
    stream->reply.may_retry = false;
    stream->reply.error_text = view_of(text != NULL ? text : err_text(code));
    stream_end(stream);
}

/* ---- events --------------------------------------------------------------------------------- */

/* Valid UTF-8; what is not becomes U+FFFD. */
static int repair(struct provider_stream *stream, struct view *data)
{
    size_t at = 0;
    struct strbuf out;

    if (utf8_valid(*data, &at))
        return 0;
    stream->reply.text_repaired = true;
    strbuf_init(&out, 3 * data->len);
    strbuf_add(&out, view_slice(*data, 0, at));
    while (at < data->len)
        strbuf_add_codepoint(&out, utf8_next(*data, &at, NULL));
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(&stream->event, strbuf_view(&out), data);
    strbuf_release(&out);
    return code;
}

/* One event. */
static int take_message(struct provider_stream *stream, struct stream_message message)
{
    struct json *root = NULL;
    struct err err = {0};

    arena_release(&stream->event);
    strbuf_reset(&stream->asides);
    stream->aside_count = stream->aside_told = 0;
    stream->events++;
    if (stream->format->end_mark != NULL
        && view_is(view_trim(message.data), stream->format->end_mark)) {
        stream_end(stream);
        return 0;
    }
    int code = repair(stream, &message.data);
    if (code != 0)
        return code;
    code = json_parse(&stream->event, message.data, &root, &err);
    if (code == ERR_MEMORY)
        return code;
    if (code == 0 || stream->format->any_data)
        return stream->format->take(stream, &message, root);
    stream_broken(
        stream, ERR_PROTOCOL, "event %llu of the stream, which is not JSON (%s): '%s'",
        (unsigned long long)stream->events, err.text,
        understand_printable(stream->target, message.data, QUOTE_CHARACTERS_MAX, &stream->event));
    return 0;
}

/* Bytes that are no stream: the transport's own words. */
static int transport_broken(struct provider_stream *stream, const char *transport, int code,
                            const struct err *err)
{
    if (code == ERR_MEMORY)
        return code;
    stream_broken(stream, code, "what is no %s after %llu events: %s", transport,
                  (unsigned long long)stream->events, err->text);
    return 0;
}

static int feed_sse(struct provider_stream *stream, struct view *rest)
{
    struct sse_event event;
    struct err err = {0};
    int code = sse_feed(&stream->sse, rest, &event, &err);

    if (code < 0)
        return transport_broken(stream, "event stream", code, &err);
    if (code == 0 || event.data.len == 0)
        return 0;
    return take_message(stream, (struct stream_message){.type = event.event, .data = event.data});
}

/* An exception is a frame of its own: `:exception-type` says which; an error of the service behind
 * it has `:error-code` and `:error-message`. */
static int take_exception(struct provider_stream *stream, const struct eventstream_message *frame)
{
    struct view type = eventstream_text(frame, ":exception-type");
    struct view payload = frame->payload;
    struct json *root = NULL;

    arena_release(&stream->event);
    if (repair(stream, &payload) == 0 && json_parse(&stream->event, payload, &root, NULL) != 0)
        root = NULL;
    if (type.len == 0)
        type = eventstream_text(frame, ":error-code");
    struct view message = eventstream_text(frame, ":error-message");
    if (root == NULL && message.len > 0) {
        struct json *made = json_new(&stream->event, JSON_OBJECT);
        struct json *text = json_new_text(&stream->event, message);
        if (made == NULL || text == NULL)
            return ERR_MEMORY;
        json_set(made, (struct view)VIEW("message"), text);
        root = made;
    }
    stream_error(stream, type, root);
    return 0;
}

static int feed_frames(struct provider_stream *stream, struct view *rest)
{
    struct eventstream_message frame;
    struct err err = {0};
    int code = eventstream_feed(&stream->frames, rest, &frame, &err);

    if (code < 0)
        return transport_broken(stream, "AWS event stream", code, &err);
    if (code == 0)
        return 0;
    struct view kind = eventstream_text(&frame, ":message-type");
    if (view_is(kind, "exception") || view_is(kind, "error"))
        return take_exception(stream, &frame);
    if (frame.payload.len == 0)
        return 0;
    return take_message(stream, (struct stream_message){
                                    .type = eventstream_text(&frame, ":event-type"),
                                    .data = frame.payload,
                                });
}

static int feed_document(struct provider_stream *stream, struct view *rest)
{
    strbuf_add(&stream->document, *rest);
    *rest = (struct view){0};
    int code = strbuf_status(&stream->document);
    if (code != ERR_LIMIT)
        return code;
    stream_broken(stream, ERR_LIMIT, "an answer of more than %d MiB",
                  PROVIDER_STREAM_TEXT_MAX >> 20);
    return 0;
}

/* The next delta of what the last event said. */
static bool next_delta(struct provider_stream *stream, struct stream_event *ret_event)
{
    if (stream->reply.code != 0)
        return false;
    if (stream->text.len > stream->told) {
        *ret_event = (struct stream_event){
            .kind = STREAM_TEXT,
            .text = view_slice(strbuf_view(&stream->text), stream->told, stream->text.len),
            .tool = STREAM_NO_TOOL,
        };
        stream->told = stream->text.len;
        return true;
    }
    if (stream->aside_told < stream->aside_count) {
        const struct stream_aside *aside = &stream->aside[stream->aside_told++];
        *ret_event = (struct stream_event){
            .kind = STREAM_TEXT,
            .text = view_slice(strbuf_view(&stream->asides), aside->start, aside->end),
            .choice = aside->choice,
            .tool = aside->tool,
        };
        return true;
    }
    return false;
}

static int feed_message(struct provider_stream *stream, struct view *rest)
{
    struct stream_message message = {.data = *rest};

    *rest = (struct view){0};
    return take_message(stream, message);
}

/* Takes from `rest` by `take` until there is something to tell. */
static int feed(struct provider_stream *stream, struct view *rest,
                int (*take)(struct provider_stream *stream, struct view *rest),
                struct stream_event *ret_event)
{
    for (;;) {
        if (stream->failed != 0)
            return stream->failed;
        if (next_delta(stream, ret_event))
            return 1;
        if (stream->over && !stream->done_told) {
            stream->done_told = true;
            *ret_event = (struct stream_event){.kind = STREAM_DONE};
            return 1;
        }
        if (stream->over)
            *rest = (struct view){0};
        if (rest->len == 0)
            return 0;
        stream->failed = take(stream, rest);
    }
}

int provider_stream_feed(struct provider_stream *stream, struct view *rest,
                         struct stream_event *ret_event)
{
    return feed(stream, rest,
                stream->format == NULL   ? feed_document
                : stream->is_eventstream ? feed_frames
                                         : feed_sse,
                ret_event);
}

int provider_stream_message(struct provider_stream *stream, struct view *rest,
                            struct stream_event *ret_event)
{
    assert_always(stream->format != NULL);
    return feed(stream, rest, feed_message, ret_event);
}

/* ---- the end -------------------------------------------------------------------------------- */

bool provider_stream_over(const struct provider_stream *stream)
{
    return stream->over || (stream->format != NULL && stream->reply.stop_text.len > 0);
}

/* The stream ended, and nothing in it said that the answer did. */
static void cut_short(struct provider_stream *stream)
{
    const char *text =
        stream->events == 0
            ? arena_printf(&stream->kept, "the server ended the stream before its first event")
            : arena_printf(&stream->kept,
                           "the server ended the stream in the midst of the answer, after %llu "
                           "events and %zu bytes of text",
                           (unsigned long long)stream->events, stream->text.len);

    stream->reply.code = ERR_CLOSED;
    stream->reply.may_retry = true;
    stream->reply.error_text = view_of(text != NULL ? text : err_text(ERR_CLOSED));
}

/* The reply's views moved from the stream to the arena. */
static int give(struct provider_stream *stream, struct arena *arena, struct reply *ret_reply)
{
    struct reply reply = stream->reply;
    struct view *const views[] = {&reply.stop_text,  &reply.request_id, &reply.model,
                                  &reply.error_type, &reply.error_text, &reply.text};

    if (reply.code == 0)
        reply.text = strbuf_view(&stream->text);
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        if (views[i]->len > 0 && arena_copy(arena, *views[i], views[i]) != 0)
            return ERR_MEMORY;
    *ret_reply = reply;
    return 0;
}

/* It was no stream. */
static int read_document(struct provider_stream *stream, struct arena *arena,
                         struct reply *ret_reply)
{
    stream->head.body = strbuf_view(&stream->document);
    return provider_of(stream->target->kind)->read(stream->target, &stream->head, arena, ret_reply);
}

int provider_stream_reply(struct provider_stream *stream, struct arena *arena,
                          struct reply *ret_reply)
{
    if (stream->failed != 0)
        return stream->failed;
    if (stream->format == NULL && stream->reply.code == 0)
        return read_document(stream, arena, ret_reply);
    if (!provider_stream_over(stream) && !(stream->format->any_data && stream->events > 0))
        cut_short(stream);
    return give(stream, arena, ret_reply);
}

/* ---- life ----------------------------------------------------------------------------------- */

static const struct stream_format *format_of(const struct provider_target *target)
{
    switch (target->kind) {
    case PROVIDER_BEDROCK:
        return target->api == PROVIDER_API_INVOKE ? &stream_invoke : &stream_converse;
    case PROVIDER_ANTHROPIC:
        return &stream_anthropic;
    case PROVIDER_OPENAI:
        return &stream_openai;
    case PROVIDER_HTTP:
    case PROVIDER_WEBSOCKET:
        return &stream_template;
    case PROVIDER_EXEC:
    case PROVIDER_SIM:
        break;
    }
    return NULL;
}

static int copy_head(struct provider_stream *stream, const struct http_response *head)
{
    int code = 0;

    stream->head = *head;
    stream->head.body = (struct view){0};
    for (size_t i = 0; i < head->headers.count && code == 0; i++) {
        struct http_header *header = &stream->head.headers.items[i];
        code = arena_copy(&stream->kept, header->name, &header->name);
        if (code == 0)
            code = arena_copy(&stream->kept, header->value, &header->value);
    }
    return code;
}

/* "text/event-stream" of "text/event-stream; charset=utf-8". */
static struct view media_type(const struct http_response *head)
{
    struct view type = http_header_get(&head->headers, "content-type");

    return view_trim(view_slice(type, 0, view_find_byte(type, ';')));
}

int provider_stream_new(const struct provider_target *target, const struct http_response *head,
                        struct provider_stream **ret_stream)
{
    struct provider_stream *stream = mem_new(1, sizeof *stream);
    if (stream == NULL)
        return ERR_MEMORY;

    stream->target = target;
    arena_init(&stream->event, EVENT_BYTES_MAX);
    arena_init(&stream->kept, KEPT_BYTES_MAX);
    sse_parser_init(&stream->sse, 0);
    eventstream_decoder_init(&stream->frames);
    strbuf_init(&stream->text, PROVIDER_STREAM_TEXT_MAX);
    strbuf_init(&stream->asides, PROVIDER_STREAM_TEXT_MAX);
    strbuf_init(&stream->document, PROVIDER_STREAM_TEXT_MAX);
    strbuf_init(&stream->decoded, EVENTSTREAM_PAYLOAD_MAX);
    struct view type = media_type(head);
    stream->is_eventstream =
        view_equal_nocase(type, (struct view)VIEW("application/vnd.amazon.eventstream"));
    bool is_stream =
        stream->is_eventstream || view_equal_nocase(type, (struct view)VIEW("text/event-stream"));
    is_stream = is_stream || target->kind == PROVIDER_WEBSOCKET;
    if (is_stream && understand_coding(head).len == 0) /* compressed: a document, no JSON */
        stream->format = format_of(target);
    int code = copy_head(stream, head);
    if (code == 0)
        code = understand_head(&stream->head, &stream->kept, &stream->reply);
    if (code != 0) {
        provider_stream_free(stream);
        return code;
    }
    *ret_stream = stream;
    return 0;
}

void provider_stream_free(struct provider_stream *stream)
{
    if (stream == NULL)
        return;
    sse_parser_release(&stream->sse);
    eventstream_decoder_release(&stream->frames);
    strbuf_release(&stream->text);
    strbuf_release(&stream->asides);
    mem_free(stream->aside);
    strbuf_release(&stream->document);
    strbuf_release(&stream->decoded);
    arena_release(&stream->event);
    arena_release(&stream->kept);
    mem_free(stream);
}
