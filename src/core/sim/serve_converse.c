/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_converse: Converse and ConverseStream as the Bedrock Runtime has them; see serve_parts.h.
 * Source: service model bedrock-runtime of botocore. */
#include "core/sim/serve_parts.h"

enum { EVENT_BYTES_MAX = 1024 * 1024 };

/* inferenceConfig in the words that the model knows. */
static const struct json *converse_params(struct exchange *exchange, const struct json *config,
                                          int *code)
{
    static const struct {
        const char *theirs;
        const char *ours;
    } names[] = {{"maxTokens", "max_tokens"},
                 {"temperature", "temperature"},
                 {"topP", "top_p"},
                 {"stopSequences", "stop_sequences"}};
    struct json *params = json_new(exchange->arena, JSON_OBJECT);

    for (size_t i = 0; params != NULL && i < sizeof names / sizeof names[0]; i++) {
        const struct json *value = json_get(config, names[i].theirs);
        struct json *copy = value != NULL ? json_new(exchange->arena, value->kind) : NULL;
        if (value == NULL)
            continue;
        if (copy == NULL) {
            params = NULL;
            break;
        }
        *copy = *value;
        copy->next = NULL;
        json_set(params, view_of(names[i].ours), copy);
    }
    if (params == NULL)
        *code = ERR_MEMORY;
    return params;
}

static void read_converse(struct reading *reading, const struct json *body)
{
    const struct json *config = json_get(body, "inferenceConfig");

    reading_integer(
        reading, json_get(config, "maxTokens"), 1, 1e9,
        "1 validation error detected: Value at 'inferenceConfig.maxTokens' failed to satisfy "
        "constraint: Member must be an integer",
        "1 validation error detected: Value at 'inferenceConfig.maxTokens' failed to satisfy "
        "constraint: Member must have value greater than or equal to 1");
    reading_number(reading, json_get(config, "temperature"), 0, 1,
                   "1 validation error detected: Value at 'inferenceConfig.temperature' failed to "
                   "satisfy constraint: Member must have value from 0 to 1");
    reading_number(reading, json_get(config, "topP"), 0, 1,
                   "1 validation error detected: Value at 'inferenceConfig.topP' failed to satisfy "
                   "constraint: Member must have value from 0 to 1");
    reading_messages(reading, body, false);
    reading_system(reading, body);
    reading->chat.params = converse_params(reading->exchange, config, &reading->code);
}

static void write_usage(struct json_writer *writer, const struct usage *usage)
{
    json_member_object(writer, "usage");
    json_member_int(writer, "inputTokens", usage->tokens_in);
    json_member_int(writer, "outputTokens", usage->tokens_out);
    json_member_int(writer, "totalTokens", usage->tokens_in + usage->tokens_out);
    json_write_end(writer, '}');
}

static void write_metrics(struct json_writer *writer, uint64_t latency_ns)
{
    json_member_object(writer, "metrics");
    json_member_int(writer, "latencyMs", (int64_t)(latency_ns / 1000000));
    json_write_end(writer, '}');
}

static void write_converse(const struct exchange *exchange, const struct reply *reply,
                           struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_member_object(&writer, "output");
    json_member_object(&writer, "message");
    json_member_text(&writer, "role", "assistant");
    json_member_array(&writer, "content");
    json_write_object(&writer);
    json_member_string(&writer, "text", reply->text);
    json_write_end(&writer, '}');
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    json_write_end(&writer, '}');
    json_member_string(&writer, "stopReason", reply->stop_text);
    write_usage(&writer, &reply->usage);
    write_metrics(&writer, exchange->served->latency_ns);
    json_write_end(&writer, '}');
}

/* ---- the stream ----------------------------------------------------------------------------- */

static void open_event(struct json_writer *writer, struct strbuf *out)
{
    strbuf_init(out, EVENT_BYTES_MAX);
    json_writer_init(writer, out, 0);
    json_write_object(writer);
}

/* Closes it with its padding and frames it. */
static void close_event(struct serve_stream *stream, struct json_writer *writer, const char *type)
{
    json_member_string(writer, "p", serve_padding(stream));
    json_write_end(writer, '}');
    serve_frame(stream, "event", view_of(type), writer->out);
}

static void begin(struct serve_stream *stream)
{
    struct json_writer writer;
    struct strbuf out;

    open_event(&writer, &out);
    json_member_text(&writer, "role", "assistant");
    close_event(stream, &writer, "messageStart");
}

static void delta(struct serve_stream *stream, struct view text)
{
    struct json_writer writer;
    struct strbuf out;

    open_event(&writer, &out);
    json_member_int(&writer, "contentBlockIndex", 0);
    json_member_object(&writer, "delta");
    json_member_string(&writer, "text", text);
    json_write_end(&writer, '}');
    close_event(stream, &writer, "contentBlockDelta");
}

static void end(struct serve_stream *stream)
{
    struct json_writer writer;
    struct strbuf out;

    open_event(&writer, &out);
    json_member_int(&writer, "contentBlockIndex", 0);
    close_event(stream, &writer, "contentBlockStop");

    open_event(&writer, &out);
    json_member_string(&writer, "stopReason", stream->reply->stop_text);
    close_event(stream, &writer, "messageStop");

    open_event(&writer, &out);
    write_usage(&writer, &stream->reply->usage);
    write_metrics(&writer, stream->whole_ns);
    close_event(stream, &writer, "metadata");
}

static const struct serve_form form = {
    .content_type = "application/vnd.amazon.eventstream",
    .begin = begin,
    .delta = delta,
    .end = end,
    .fault = serve_exception_frame,
};

/* ---- both ----------------------------------------------------------------------------------- */

int serve_converse(struct exchange *exchange, struct view model, bool stream)
{
    struct reading reading = {.exchange = exchange};
    const struct sim_fault *fault = NULL;
    struct reply reply;
    struct strbuf out;

    read_converse(&reading, exchange->body);
    if (reading.code != 0)
        return reading.code;
    if (reading.problem != NULL)
        return serve_bedrock_invalid(exchange, reading.problem);
    reading.chat.sample = exchange->sample;
    int code = serve_ask(exchange, &reading.chat, model, &reply, &fault);
    if (code != 0)
        return code;
    if (fault != NULL)
        return serve_bedrock_fault(exchange, fault);
    if (reply.code != 0)
        return serve_bedrock_invalid(exchange, reply.error_text.ptr);
    if (stream) {
        code = serve_bedrock_request_id(exchange);
        return code != 0 ? code : serve_stream(exchange, &form, model, &reply, 1);
    }
    strbuf_init(&out, SERVE_BYTES_MAX);
    write_converse(exchange, &reply, &out);
    return serve_bedrock_finish(exchange, &out);
}
