/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_openai: the chunks of Chat Completions: `data: {"choices":[{"delta":{"content":…}}]}`, a
 * chunk of usage alone where stream_options asked for it, and `data: [DONE]`. Servers that end
 * without [DONE], send their usage in the last chunk or their errors as chunks are understood.
 * Source: OpenAI's API reference, "The chat completion chunk object"; vLLM, llama.cpp. */
#include "provider/families.h"
#include "provider/stream_state.h"

static bool is_error(const struct stream_message *message, const struct json *root)
{
    const struct json *error = json_get(root, "error");

    return (error != NULL && error->kind != JSON_NULL) || view_is(message->type, "error")
           || view_is(json_text(json_get(root, "object"), (struct view){0}), "error");
}

static int take_choice(struct provider_stream *stream, const struct json *choice)
{
    const struct json *delta = json_get(choice, "delta");
    const struct json *refusal = json_get(delta, "refusal");

    if (json_int(json_get(choice, "index"), 0) != 0)
        return 0; /* another answer to the same question */
    int code = stream_say(stream, json_text(json_get(delta, "content"), (struct view){0}));
    if (code == 0 && json_is(refusal, JSON_STRING)) {
        code = stream_say(stream, refusal->text);
        stream->reply.stop = STOP_FILTERED;
    }
    bool refused = stream->reply.stop == STOP_FILTERED;
    if (code == 0)
        code = stream_stop(stream, json_get(choice, "finish_reason"));
    if (refused)
        stream->reply.stop = STOP_FILTERED;
    return code;
}

static int take(struct provider_stream *stream, const struct stream_message *message,
                const struct json *root)
{
    if (is_error(message, root)) {
        stream_error(stream, (struct view){0}, root);
        return 0;
    }
    const struct json *choices = json_get(root, "choices");
    struct usage usage = openai_usage(json_get(root, "usage"));
    int code = stream_model(stream, json_get(root, "model"));
    if (usage.known)
        stream->reply.usage = usage;
    if (!json_is(choices, JSON_ARRAY))
        return code;
    for (const struct json *choice = choices->child; choice != NULL && code == 0;
         choice = choice->next)
        code = take_choice(stream, choice);
    return code;
}

const struct stream_format stream_openai = {.end_mark = "[DONE]", .take = take};
