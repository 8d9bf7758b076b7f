/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_openai: the chunks of Chat Completions: `data: {"choices":[{"delta":{"content":…}}]}`,
 * with `tool_calls` where functions are called, a chunk of usage alone where stream_options asked
 * for it, and `data: [DONE]`. Servers that end without [DONE], send their usage in the last chunk
 * or their errors as chunks are understood. Source: OpenAI's API reference, "The chat completion
 * chunk object"; vLLM, llama.cpp. */
#include "provider/families.h"
#include "provider/stream_state.h"

static bool is_error(const struct stream_message *message, const struct json *root)
{
    const struct json *error = json_get(root, "error");

    return (error != NULL && error->kind != JSON_NULL) || view_is(message->type, "error")
           || view_is(json_text(json_get(root, "object"), (struct view){0}), "error");
}

/* Arguments as text, or as some servers send them, as JSON. */
static int take_call(struct provider_stream *stream, int64_t choice, int64_t tool,
                     const struct json *function)
{
    const struct json *arguments = json_get(function, "arguments");
    int code = stream_say_in(stream, choice, tool, json_text(arguments, (struct view){0}));

    return code != 0 ? code : stream_say_tree(stream, choice, tool, arguments);
}

/* Also `function_call`, as it was before there could be several. */
static int take_calls(struct provider_stream *stream, int64_t choice, const struct json *delta)
{
    const struct json *calls = json_get(delta, "tool_calls");
    int code = take_call(stream, choice, 0, json_get(delta, "function_call"));
    int64_t count = 0;

    if (!json_is(calls, JSON_ARRAY))
        return code;
    for (const struct json *call = calls->child; call != NULL && code == 0; call = call->next)
        code = take_call(stream, choice, json_int(json_get(call, "index"), count++),
                         json_get(call, "function"));
    return code;
}

/* Another answer to the same question. */
static int take_other_choice(struct provider_stream *stream, int64_t choice,
                             const struct json *delta)
{
    static const char *const texts[] = {"content", "refusal"};
    int code = take_calls(stream, choice, delta);

    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && code == 0; i++)
        code = stream_say_in(stream, choice, STREAM_NO_TOOL,
                             json_text(json_get(delta, texts[i]), (struct view){0}));
    return code;
}

static int take_choice(struct provider_stream *stream, const struct json *choice)
{
    const struct json *delta = json_get(choice, "delta");
    const struct json *refusal = json_get(delta, "refusal");

    int64_t index = json_int(json_get(choice, "index"), 0);

    if (index != 0)
        return take_other_choice(stream, index, delta);
    int code = stream_say(stream, json_text(json_get(delta, "content"), (struct view){0}));
    if (code == 0 && json_is(refusal, JSON_STRING)) {
        code = stream_say(stream, refusal->text);
        stream->reply.stop = STOP_FILTERED;
    }
    if (code == 0)
        code = take_calls(stream, 0, delta);
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
