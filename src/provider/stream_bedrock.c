/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_bedrock: the frames of Bedrock Runtime's streams. ConverseStream: messageStart,
 * contentBlockStart, contentBlockDelta (text, or a tool call's input: the call is counted as the
 * block it is), contentBlockStop, messageStop, metadata (usage, last).
 * InvokeModelWithResponseStream: chunks of `{"bytes": "<base64>"}`, each a JSON object of the
 * model's own; the last one carries amazon-bedrock-invocationMetrics. Claude's are understood
 * whole, of others their texts, and Nova's, which are Converse's.
 * Source: the service model of bedrock-runtime; each model's reference in Amazon's user guide. */
#include "provider/families.h"
#include "provider/stream_state.h"
#include "provider/understand.h"
#include "wire/base64.h"

static int take_block_delta(struct provider_stream *stream, const struct json *event)
{
    const struct json *delta = json_get(event, "delta");
    const struct json *input = json_get(json_get(delta, "toolUse"), "input");
    int64_t block = json_int(json_get(event, "contentBlockIndex"), 0);
    int code = stream_say(stream, json_text(json_get(delta, "text"), (struct view){0}));

    if (code == 0)
        code = stream_say_in(stream, 0, block, json_text(input, (struct view){0}));
    return code != 0 ? code : stream_say_tree(stream, 0, block, input);
}

static int take_converse_event(struct provider_stream *stream, struct view type,
                               const struct json *event)
{
    if (view_is(type, "contentBlockDelta"))
        return take_block_delta(stream, event);
    if (view_is(type, "messageStop"))
        return stream_stop(stream, json_get(event, "stopReason"));
    if (!view_is(type, "metadata"))
        return 0;
    struct usage usage = bedrock_usage(json_get(event, "usage"));
    if (usage.known)
        stream->reply.usage = usage;
    if (stream->reply.stop_text.len > 0)
        stream_end(stream); /* it is the last */
    return 0;
}

static int take_converse(struct provider_stream *stream, const struct stream_message *message,
                         const struct json *root)
{
    if (stream->reply.model.len == 0)
        stream->reply.model = stream->target->model;
    return take_converse_event(stream, message->type, root);
}

const struct stream_format stream_converse = {.take = take_converse};

/* ---- chunks of a model's own ---------------------------------------------------------------- */

/* Where models other than Claude and Nova have their text and their last word. */
static const struct {
    const char *text;
    const char *stop;
} models[] = {
    {"outputText", "completionReason"},            /* Titan */
    {"generation", "stop_reason"},                 /* Llama */
    {"outputs[0].text", "outputs[0].stop_reason"}, /* Mistral */
    {"text", "finish_reason"},                     /* Command */
};

static int take_others(struct provider_stream *stream, const struct json *root)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        const struct json *text = json_path(root, view_of(models[i].text));
        if (!json_is(text, JSON_STRING))
            continue;
        int code = stream_say(stream, text->text);
        return code != 0 ? code : stream_stop(stream, json_path(root, view_of(models[i].stop)));
    }
    return 0;
}

/* {"contentBlockDelta": {…}}: an event of Converse under its name. */
static int take_nova(struct provider_stream *stream, const struct json *root)
{
    for (const struct json *event = root->child; event != NULL; event = event->next) {
        int code = take_converse_event(stream, event->key, event);
        if (code != 0)
            return code;
    }
    return 0;
}

static void take_metrics(struct provider_stream *stream, const struct json *metrics)
{
    const struct json *in = json_get(metrics, "inputTokenCount");
    const struct json *out = json_get(metrics, "outputTokenCount");

    if (metrics == NULL)
        return;
    if (!stream->reply.usage.known && in != NULL && out != NULL)
        stream->reply.usage = (struct usage){
            .tokens_in = understand_count(in),
            .tokens_out = understand_count(out),
            .cache_read_tokens = understand_count(json_get(metrics, "cacheReadInputTokenCount")),
            .cache_write_tokens = understand_count(json_get(metrics, "cacheWriteInputTokenCount")),
            .known = true,
        };
    stream_end(stream); /* they come with the last chunk */
}

static int take_model_event(struct provider_stream *stream, const struct json *root)
{
    const struct stream_message message = {0};
    bool is_claude = json_is(json_get(root, "type"), JSON_STRING);
    bool is_nova = json_get(root, "messageStart") != NULL || json_get(root, "messageStop") != NULL
                   || json_get(root, "contentBlockDelta") != NULL
                   || json_get(root, "metadata") != NULL;
    int code = is_claude ? stream_anthropic_take(stream, &message, root)
               : is_nova ? take_nova(stream, root)
                         : take_others(stream, root);

    if (code == 0)
        take_metrics(stream, json_get(root, "amazon-bedrock-invocationMetrics"));
    return code;
}

static int take_invoke(struct provider_stream *stream, const struct stream_message *message,
                       const struct json *root)
{
    const struct json *bytes = json_get(root, "bytes");
    struct json *event = NULL;
    struct err err = {0};

    if (!view_is(message->type, "chunk") || !json_is(bytes, JSON_STRING))
        return 0;
    strbuf_reset(&stream->decoded);
    int code = base64_decode(&stream->decoded, bytes->text);
    if (code == ERR_INVALID) {
        stream_broken(stream, ERR_PROTOCOL, "a chunk whose bytes are not base64");
        return 0;
    }
    if (code == 0)
        code = json_parse(&stream->event, strbuf_view(&stream->decoded), &event, &err);
    if (code == ERR_MEMORY)
        return code;
    if (code == 0)
        return take_model_event(stream, event);
    stream_broken(stream, ERR_PROTOCOL, "a chunk that is not JSON (%s)", err.text);
    return 0;
}

const struct stream_format stream_invoke = {.take = take_invoke};
