/* SPDX-License-Identifier: Apache-2.0
 *
 * openai: Chat Completions, POST {url}/chat/completions, as OpenAI and the many servers that follow
 * it speak it. max_tokens and max_completion_tokens go out as they are given, since servers differ
 * in which they know. Source: OpenAI's API reference, "Create chat completion". */
#include "provider/families.h"

static const struct param_rule rules[] = {
    {"stop_sequences", "stop", PARAM_TOP, false},   {"model", NULL, PARAM_REFUSED, false},
    {"messages", NULL, PARAM_REFUSED, false},       {"stream", NULL, PARAM_REFUSED, false},
    {"stream_options", NULL, PARAM_REFUSED, false}, {NULL, NULL, PARAM_TOP, false},
};

static void write_body(struct json_writer *writer, const struct provider_target *target,
                       const struct chat *chat, const struct params *params)
{
    json_write_object(writer);
    json_write_key(writer, "model");
    json_write_string(writer, target->model);
    json_write_key(writer, "messages");
    compose_write_messages(writer, chat, COMPOSE_WITH_SYSTEM);
    compose_write_params(writer, params, PARAM_TOP);
    if (chat->stream) {
        json_write_key(writer, "stream");
        json_write_bool(writer, true);
        json_write_key(writer, "stream_options");
        json_write_raw(writer, (struct view)VIEW("{\"include_usage\":true}"));
    }
    json_write_end(writer, '}');
}

int openai_build(const struct provider_target *target, const struct chat *chat, struct arena *arena,
                 struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.method = VIEW("POST")};
    struct params params;
    struct strbuf body;
    struct json_writer writer;
    int code = compose_check(target, chat, true, reterr);

    if (code == 0)
        code = compose_params(target, chat, rules, arena, &params, reterr);
    if (code != 0)
        return code;
    strbuf_init(&body, COMPOSE_BODY_BYTES_MAX);
    json_writer_init(&writer, &body, 0);
    write_body(&writer, target, chat, &params);
    code = compose_take_body(target, &body, arena, &request, reterr);
    if (code == 0)
        code = compose_target(target, "/chat/completions", arena, &request.target, reterr);
    if (code == 0)
        code = compose_headers(target, "application/json", "Authorization", "Bearer ", arena,
                               &request, reterr);
    if (code == 0)
        *ret_request = request;
    return code;
}

/* prompt_tokens counts what came from the cache; tokens_in does not. */
struct usage openai_usage(const struct json *usage)
{
    const struct json *in = json_get(usage, "prompt_tokens");
    const struct json *out = json_get(usage, "completion_tokens");
    int64_t cached =
        understand_count(json_get(json_get(usage, "prompt_tokens_details"), "cached_tokens"));
    int64_t all_in = understand_count(in);

    if (cached > all_in)
        cached = all_in;
    return (struct usage){
        .tokens_in = all_in - cached,
        .tokens_out = understand_count(out),
        .cache_read_tokens = cached,
        .known = in != NULL && out != NULL,
    };
}

/* Content is a string, or parts, or, beside a refusal or tool calls, null. */
static int read_text(const struct json *message, struct arena *arena, struct reply *reply)
{
    const struct json *content = json_get(message, "content");
    const struct json *refusal = json_get(message, "refusal");

    if (json_is(content, JSON_ARRAY))
        return understand_blocks(content, arena, &reply->text);
    reply->text = json_text(content, (struct view)VIEW(""));
    if (reply->text.len == 0 && json_is(refusal, JSON_STRING)) {
        reply->text = refusal->text;
        reply->stop = STOP_FILTERED;
    }
    return 0;
}

int openai_read(const struct provider_target *target, const struct http_response *response,
                struct arena *arena, struct reply *ret_reply)
{
    struct json *root = NULL;
    int code = understand_json(target, response, arena, &root, ret_reply);

    if (code != 0)
        return code == 1 ? 0 : code;
    const struct json *choices = json_get(root, "choices");
    const struct json *choice = json_is(choices, JSON_ARRAY) ? choices->child : NULL;
    const struct json *message = json_get(choice, "message");
    if (!json_is(message, JSON_OBJECT)) {
        const struct json *error = json_get(root, "error");
        if (error != NULL && error->kind != JSON_NULL)
            understand_error(target, response, root, arena, ret_reply);
        else
            understand_failed(target, response, arena, ret_reply,
                              "the answer has no 'choices[0].message'");
        return 0;
    }
    ret_reply->stop_text = json_text(json_get(choice, "finish_reason"), (struct view){0});
    ret_reply->stop = stop_reason_read(ret_reply->stop_text);
    ret_reply->model = json_text(json_get(root, "model"), (struct view){0});
    ret_reply->usage = openai_usage(json_get(root, "usage"));
    return read_text(message, arena, ret_reply);
}
