/* SPDX-License-Identifier: Apache-2.0
 *
 * bedrock_converse: the bodies of Bedrock Runtime's Converse. What every model takes goes into
 * inferenceConfig; what Converse itself knows stays at the top; anything else is the model's own
 * and goes into additionalModelRequestFields. Source: the service model of bedrock-runtime. */
#include "provider/families.h"

static const struct param_rule rules[] = {
    {"max_tokens", "maxTokens", PARAM_INFERENCE, false},
    {"max_completion_tokens", "maxTokens", PARAM_INFERENCE, false},
    {"maxTokens", NULL, PARAM_INFERENCE, false},
    {"temperature", NULL, PARAM_INFERENCE, false},
    {"top_p", "topP", PARAM_INFERENCE, false},
    {"topP", NULL, PARAM_INFERENCE, false},
    {"stop", "stopSequences", PARAM_INFERENCE, true},
    {"stop_sequences", "stopSequences", PARAM_INFERENCE, true},
    {"stopSequences", NULL, PARAM_INFERENCE, true},
    {"toolConfig", NULL, PARAM_TOP, false},
    {"guardrailConfig", NULL, PARAM_TOP, false},
    {"performanceConfig", NULL, PARAM_TOP, false},
    {"serviceTier", NULL, PARAM_TOP, false},
    {"requestMetadata", NULL, PARAM_TOP, false},
    {"promptVariables", NULL, PARAM_TOP, false},
    {"additionalModelResponseFieldPaths", NULL, PARAM_TOP, true},
    {"additionalModelRequestFields", NULL, PARAM_REFUSED, false},
    {"inferenceConfig", NULL, PARAM_REFUSED, false},
    {"model", NULL, PARAM_REFUSED, false},
    {"modelId", NULL, PARAM_REFUSED, false},
    {"messages", NULL, PARAM_REFUSED, false},
    {"system", NULL, PARAM_REFUSED, false},
    {"stream", NULL, PARAM_REFUSED, false},
    {NULL, NULL, PARAM_EXTRA, false},
};

static void write_place(struct json_writer *writer, const struct params *params,
                        enum param_place place, const char *name)
{
    if (!compose_has(params, place))
        return;
    json_write_key(writer, name);
    json_write_object(writer);
    compose_write_params(writer, params, place);
    json_write_end(writer, '}');
}

int bedrock_converse_body(const struct provider_target *target, const struct chat *chat,
                          struct arena *arena, struct strbuf *out, struct err *reterr)
{
    struct params params;
    struct json_writer writer;
    int code = compose_check(target, chat, true, reterr);

    if (code == 0)
        code = compose_params(target, chat, rules, arena, &params, reterr);
    if (code != 0)
        return code;
    json_writer_init(&writer, out, 0);
    json_write_object(&writer);
    json_write_key(&writer, "messages");
    compose_write_messages(&writer, chat, COMPOSE_BLOCKS);
    if (chat->system.len != 0) {
        json_write_key(&writer, "system");
        compose_write_blocks(&writer, chat->system);
    }
    write_place(&writer, &params, PARAM_INFERENCE, "inferenceConfig");
    compose_write_params(&writer, &params, PARAM_TOP);
    write_place(&writer, &params, PARAM_EXTRA, "additionalModelRequestFields");
    json_write_end(&writer, '}');
    return 0;
}

struct usage bedrock_usage(const struct json *usage)
{
    const struct json *in = json_get(usage, "inputTokens");
    const struct json *out = json_get(usage, "outputTokens");

    return (struct usage){
        .tokens_in = understand_count(in),
        .tokens_out = understand_count(out),
        .cache_read_tokens = understand_count(json_get(usage, "cacheReadInputTokens")),
        .cache_write_tokens = understand_count(json_get(usage, "cacheWriteInputTokens")),
        .known = in != NULL && out != NULL,
    };
}

int bedrock_converse_read(const struct provider_target *target,
                          const struct http_response *response, struct arena *arena,
                          struct reply *ret_reply)
{
    struct json *root = NULL;
    int code = understand_json(target, response, arena, &root, ret_reply);

    if (code != 0)
        return code == 1 ? 0 : code;
    const struct json *content = json_path(root, (struct view)VIEW("output.message.content"));
    if (!json_is(content, JSON_ARRAY)) {
        understand_failed(target, response, arena, ret_reply,
                          "the answer has no 'output.message.content'");
        return 0;
    }
    ret_reply->stop_text = json_text(json_get(root, "stopReason"), (struct view){0});
    ret_reply->stop = stop_reason_read(ret_reply->stop_text);
    ret_reply->model = target->model;
    ret_reply->usage = bedrock_usage(json_get(root, "usage"));
    return understand_blocks(content, arena, &ret_reply->text);
}
