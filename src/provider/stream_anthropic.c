/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_anthropic: the events of the Messages API, which Claude on Bedrock sends too:
 * message_start (model, tokens in), content_block_start, content_block_delta (text, or a tool
 * call's input: the call is counted as the block it is), message_delta (stop reason, tokens out so
 * far), message_stop, ping, error. What is unknown is passed over, as the reference asks. Source:
 * Anthropic's documentation, "Streaming Messages". */
#include "provider/stream_state.h"

#include "provider/families.h"

/* Counts come apart: what this event says replaces what was said before. */
static void take_usage(struct provider_stream *stream, const struct json *usage)
{
    const struct json *in = json_get(usage, "input_tokens");
    const struct json *out = json_get(usage, "output_tokens");
    const struct json *read = json_get(usage, "cache_read_input_tokens");
    const struct json *written = json_get(usage, "cache_creation_input_tokens");
    struct usage said = anthropic_usage(usage);
    struct usage *sum = &stream->reply.usage;

    sum->tokens_in = json_is(in, JSON_NUMBER) ? said.tokens_in : sum->tokens_in;
    sum->tokens_out = json_is(out, JSON_NUMBER) ? said.tokens_out : sum->tokens_out;
    sum->cache_read_tokens =
        json_is(read, JSON_NUMBER) ? said.cache_read_tokens : sum->cache_read_tokens;
    sum->cache_write_tokens =
        json_is(written, JSON_NUMBER) ? said.cache_write_tokens : sum->cache_write_tokens;
    sum->known = sum->known || json_is(out, JSON_NUMBER);
}

static int take_start(struct provider_stream *stream, const struct json *root)
{
    const struct json *message = json_get(root, "message");

    take_usage(stream, json_get(message, "usage"));
    return stream_model(stream, json_get(message, "model"));
}

/* Also of a block's start, whose text is mostly empty. */
static int take_text(struct provider_stream *stream, const struct json *block, const char *type)
{
    if (!view_is(json_text(json_get(block, "type"), (struct view){0}), type))
        return 0;
    return stream_say(stream, json_text(json_get(block, "text"), (struct view){0}));
}

static int take_block(struct provider_stream *stream, const struct json *root)
{
    const struct json *block = json_get(root, "content_block");
    int code = take_text(stream, block, "text");

    if (code != 0)
        return code;
    return stream_say_tree(stream, 0, json_int(json_get(root, "index"), 0),
                           json_get(block, "input"));
}

static int take_delta(struct provider_stream *stream, const struct json *root)
{
    const struct json *delta = json_get(root, "delta");
    int code = take_text(stream, delta, "text_delta");

    if (code != 0)
        return code;
    return stream_say_in(stream, 0, json_int(json_get(root, "index"), 0),
                         json_text(json_get(delta, "partial_json"), (struct view){0}));
}

static int take_message_delta(struct provider_stream *stream, const struct json *root)
{
    take_usage(stream, json_get(root, "usage"));
    return stream_stop(stream, json_get(json_get(root, "delta"), "stop_reason"));
}

static int take_stop(struct provider_stream *stream, const struct json *root)
{
    (void)root;
    stream_end(stream);
    return 0;
}

static int take_error(struct provider_stream *stream, const struct json *root)
{
    stream_error(stream, (struct view){0}, root);
    return 0;
}

int stream_anthropic_take(struct provider_stream *stream, const struct stream_message *message,
                          const struct json *root)
{
    static const struct {
        const char *type;
        int (*take)(struct provider_stream *stream, const struct json *root);
    } kinds[] = {
        {"message_start", take_start},       {"content_block_start", take_block},
        {"content_block_delta", take_delta}, {"message_delta", take_message_delta},
        {"message_stop", take_stop},         {"error", take_error},
    };
    struct view type = json_text(json_get(root, "type"), message->type);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (view_is(type, kinds[i].type))
            return kinds[i].take(stream, root);
    return 0;
}

const struct stream_format stream_anthropic = {.take = stream_anthropic_take};
