/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_claude: Claude's Messages bodies, as Bedrock's InvokeModel and Anthropic's API both have
 * them, whole and as the events of a stream; and messages as Converse shares them. See
 * serve_parts.h. Source: Anthropic API reference, "Messages" and "Streaming Messages". */
#include <math.h>

#include "core/sim/serve_parts.h"
#include "text/tokens.h"

enum { MESSAGE_TOKENS = 4, EVENT_BYTES_MAX = 1024 * 1024 };

/* ---- reading -------------------------------------------------------------------------------- */

static void read_message(struct reading *reading, const struct json *message, bool strings)
{
    struct view role = json_text(json_get(message, "role"), (struct view){NULL, 0});
    const struct json *content = json_get(message, "content");
    struct chat_message *read = &reading->messages[reading->chat.message_count];
    const struct chat_message *last = reading->chat.message_count > 0 ? read - 1 : NULL;

    if (view_is(role, "user"))
        read->role = CHAT_USER;
    else if (view_is(role, "assistant"))
        read->role = CHAT_ASSISTANT;
    else
        reading->problem = "messages: role must be one of user, assistant";
    if (reading->problem == NULL && (!strings && json_is(content, JSON_STRING)))
        reading->problem = "messages: content must be a list of content blocks";
    if (reading->problem == NULL
        && !serve_content(reading->exchange, content, &read->text, &reading->code))
        reading->problem = "messages: content must be text or a list of content blocks";
    if (reading->problem == NULL && content->count == 0 && read->text.len == 0)
        reading->problem = "messages: content must not be empty, add text and try again";
    if (reading->problem == NULL && last == NULL && read->role != CHAT_USER)
        reading->problem = "A conversation must start with a user message. Try again with a "
                           "conversation that starts with a user message.";
    if (reading->problem == NULL && last != NULL && last->role == read->role)
        reading->problem = "messages: roles must alternate between \"user\" and \"assistant\", but "
                           "found two messages of one role in a row";
    if (reading->problem == NULL)
        reading->chat.message_count++;
}

void reading_messages(struct reading *reading, const struct json *body, bool strings)
{
    const struct json *messages = json_get(body, "messages");

    if (reading->problem != NULL)
        return;
    if (!json_is(messages, JSON_ARRAY))
        reading->problem = "Malformed input request: #: required key [messages] not found, please "
                           "reformat your input and try again.";
    else if (messages->count == 0)
        reading->problem = "messages: at least one message is required";
    else if (messages->count > SERVE_MESSAGES_MAX)
        reading->problem = "messages: this simulator takes at most 10,000 messages";
    if (reading->problem != NULL)
        return;
    reading->messages =
        arena_new(reading->exchange->arena, messages->count, sizeof *reading->messages);
    if (reading->messages == NULL) {
        reading->code = ERR_MEMORY;
        return;
    }
    reading->chat.messages = reading->messages;
    for (const struct json *message = messages->child;
         message != NULL && reading->problem == NULL && reading->code == 0; message = message->next)
        read_message(reading, message, strings);
}

void reading_system(struct reading *reading, const struct json *body)
{
    const struct json *system = json_get(body, "system");

    if (system != NULL && !json_is(system, JSON_NULL) && reading->problem == NULL
        && !serve_content(reading->exchange, system, &reading->chat.system, &reading->code))
        reading->problem = "system: must be text or a list of text blocks";
}

void reading_number(struct reading *reading, const struct json *value, double low, double high,
                    const char *problem)
{
    double number = json_double(value, low - 1.0);

    if (reading->problem == NULL && value != NULL
        && (!json_is(value, JSON_NUMBER) || number < low || number > high))
        reading->problem = problem;
}

void reading_integer(struct reading *reading, const struct json *value, double low, double high,
                     const char *no_integer, const char *problem)
{
    if (reading->problem == NULL && json_is(value, JSON_NUMBER)
        && json_double(value, 0.5) != trunc(json_double(value, 0.5)))
        reading->problem = no_integer;
    reading_number(reading, value, low, high, problem);
}

void claude_read(struct reading *reading, const struct json *body)
{
    reading_integer(reading, json_get(body, "max_tokens"), 1, 1e9,
                    "max_tokens: Input should be a valid integer",
                    "max_tokens: must be an integer of at least 1");
    reading_number(reading, json_get(body, "temperature"), 0, 1, "temperature: range: 0..1");
    reading_number(reading, json_get(body, "top_p"), 0, 1, "top_p: range: 0..1");
    reading_messages(reading, body, true);
    reading_system(reading, body);
    reading->chat.params = body;
}

int64_t claude_tokens(const struct chat *chat)
{
    uint64_t tokens = tokens_estimate(chat->system);

    for (size_t i = 0; i < chat->message_count; i++)
        tokens += tokens_estimate(chat->messages[i].text) + MESSAGE_TOKENS;
    return (int64_t)tokens;
}

/* ---- a whole message ------------------------------------------------------------------------ */

static void write_usage(struct json_writer *writer, int64_t in, int64_t out)
{
    json_member_object(writer, "usage");
    json_member_int(writer, "input_tokens", in);
    json_member_int(writer, "output_tokens", out);
    json_write_end(writer, '}');
}

/* Everything before the content. */
static void write_head(struct json_writer *writer, uint64_t id, const char *id_prefix,
                       struct view model)
{
    char text[48];

    snprintf(text, sizeof text, "%s%016llx", id_prefix, (unsigned long long)id);
    json_member_text(writer, "id", text);
    json_member_text(writer, "type", "message");
    json_member_text(writer, "role", "assistant");
    json_member_string(writer, "model", model);
    json_write_key(writer, "content");
}

void claude_write(const struct exchange *exchange, const char *id_prefix, struct view model,
                  const struct reply *reply, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    write_head(&writer, exchange->id, id_prefix, model);
    json_write_array(&writer);
    json_write_object(&writer);
    json_member_text(&writer, "type", "text");
    json_member_string(&writer, "text", reply->text);
    json_write_end(&writer, '}');
    json_write_end(&writer, ']');
    json_member_string(&writer, "stop_reason", reply->stop_text);
    json_write_key(&writer, "stop_sequence");
    json_write_null(&writer);
    write_usage(&writer, reply->usage.tokens_in, reply->usage.tokens_out);
    json_write_end(&writer, '}');
}

/* ---- events of a stream --------------------------------------------------------------------- */

/* Opens {"type": NAME, … */
static void open_event(struct json_writer *writer, struct strbuf *out, const char *name)
{
    strbuf_init(out, EVENT_BYTES_MAX);
    json_writer_init(writer, out, 0);
    json_write_object(writer);
    json_member_text(writer, "type", name);
}

static void close_event(struct serve_stream *stream, struct json_writer *writer, const char *name,
                        claude_event *event)
{
    json_write_end(writer, '}');
    if (strbuf_status(writer->out) != 0)
        stream->code = ERR_MEMORY;
    else
        event(stream, name, strbuf_view(writer->out));
    strbuf_release(writer->out);
}

void claude_begin(struct serve_stream *stream, const char *id_prefix, claude_event *event)
{
    const struct usage *usage = &stream->reply->usage;
    struct json_writer writer;
    struct strbuf out;

    open_event(&writer, &out, "message_start");
    json_member_object(&writer, "message");
    write_head(&writer, stream->exchange->id, id_prefix, stream->model);
    json_write_array(&writer);
    json_write_end(&writer, ']');
    json_write_key(&writer, "stop_reason");
    json_write_null(&writer);
    json_write_key(&writer, "stop_sequence");
    json_write_null(&writer);
    write_usage(&writer, usage->tokens_in, usage->tokens_out > 0 ? 1 : 0);
    json_write_end(&writer, '}');
    close_event(stream, &writer, "message_start", event);

    open_event(&writer, &out, "content_block_start");
    json_member_int(&writer, "index", 0);
    json_member_object(&writer, "content_block");
    json_member_text(&writer, "type", "text");
    json_member_text(&writer, "text", "");
    json_write_end(&writer, '}');
    close_event(stream, &writer, "content_block_start", event);

    open_event(&writer, &out, "ping");
    close_event(stream, &writer, "ping", event);
}

void claude_delta(struct serve_stream *stream, struct view text, claude_event *event)
{
    struct json_writer writer;
    struct strbuf out;

    open_event(&writer, &out, "content_block_delta");
    json_member_int(&writer, "index", 0);
    json_member_object(&writer, "delta");
    json_member_text(&writer, "type", "text_delta");
    json_member_string(&writer, "text", text);
    json_write_end(&writer, '}');
    close_event(stream, &writer, "content_block_delta", event);
}

/* What Bedrock adds to the last chunk. */
static void write_metrics(struct json_writer *writer, const struct serve_stream *stream)
{
    const struct usage *usage = &stream->reply->usage;

    json_member_object(writer, "amazon-bedrock-invocationMetrics");
    json_member_int(writer, "inputTokenCount", usage->tokens_in);
    json_member_int(writer, "outputTokenCount", usage->tokens_out);
    json_member_int(writer, "invocationLatency", (int64_t)(stream->whole_ns / 1000000));
    json_member_int(writer, "firstByteLatency", (int64_t)(stream->first_ns / 1000000));
    json_write_end(writer, '}');
}

void claude_end(struct serve_stream *stream, bool with_metrics, claude_event *event)
{
    struct json_writer writer;
    struct strbuf out;

    open_event(&writer, &out, "content_block_stop");
    json_member_int(&writer, "index", 0);
    close_event(stream, &writer, "content_block_stop", event);

    open_event(&writer, &out, "message_delta");
    json_member_object(&writer, "delta");
    json_member_string(&writer, "stop_reason", stream->reply->stop_text);
    json_write_key(&writer, "stop_sequence");
    json_write_null(&writer);
    json_write_end(&writer, '}');
    json_member_object(&writer, "usage");
    json_member_int(&writer, "output_tokens", stream->reply->usage.tokens_out);
    json_write_end(&writer, '}');
    close_event(stream, &writer, "message_delta", event);

    open_event(&writer, &out, "message_stop");
    if (with_metrics)
        write_metrics(&writer, stream);
    close_event(stream, &writer, "message_stop", event);
}
