/* SPDX-License-Identifier: Apache-2.0
 *
 * anthropic: the Messages API, POST /v1/messages with x-api-key and anthropic-version 2023-06-01;
 * its body also serves Claude on Bedrock. Source: the Messages reference of Anthropic's
 * documentation. */
#include "provider/families.h"

static const struct param_rule rules[] = {
    {"stop", "stop_sequences", PARAM_TOP, true},
    {"stop_sequences", NULL, PARAM_TOP, true},
    {"max_completion_tokens", "max_tokens", PARAM_TOP, false},
    {"model", NULL, PARAM_REFUSED, false},
    {"messages", NULL, PARAM_REFUSED, false},
    {"system", NULL, PARAM_REFUSED, false},
    {"stream", NULL, PARAM_REFUSED, false},
    {"anthropic_version", NULL, PARAM_REFUSED, false},
    {NULL, NULL, PARAM_TOP, false},
};

int anthropic_write_body(const struct provider_target *target, const struct chat *chat,
                         bool for_bedrock, struct arena *arena, struct strbuf *out,
                         struct err *reterr)
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
    json_write_key(&writer, for_bedrock ? "anthropic_version" : "model");
    if (for_bedrock)
        json_write_text(&writer, "bedrock-2023-05-31");
    else
        json_write_string(&writer, target->model);
    if (!compose_sends(&params, "max_tokens")) {
        json_write_key(&writer, "max_tokens");
        json_write_int(&writer, ANTHROPIC_MAX_TOKENS);
    }
    compose_write_params(&writer, &params, PARAM_TOP);
    if (chat->stream && !for_bedrock) { /* Bedrock says it by the path */
        json_write_key(&writer, "stream");
        json_write_bool(&writer, true);
    }
    if (chat->system.len != 0) {
        json_write_key(&writer, "system");
        json_write_string(&writer, chat->system);
    }
    json_write_key(&writer, "messages");
    compose_write_messages(&writer, chat, COMPOSE_TEXTS);
    json_write_end(&writer, '}');
    return 0;
}

/* "/messages" after a url that ends in the version, "/v1/messages" after any other. */
static int set_target(const struct provider_target *target, struct arena *arena,
                      struct http_request *request, struct err *reterr)
{
    struct provider_address address;
    int code = provider_address_of(target, arena, &address, reterr);

    if (code != 0)
        return code;
    bool versioned = view_ends(address.prefix, (struct view)VIEW("/v1"));
    return compose_target(target, versioned ? "/messages" : "/v1/messages", arena, &request->target,
                          reterr);
}

int anthropic_build(const struct provider_target *target, const struct chat *chat,
                    struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.method = VIEW("POST")};
    struct strbuf body;
    strbuf_init(&body, COMPOSE_BODY_BYTES_MAX);

    int code = anthropic_write_body(target, chat, false, arena, &body, reterr);
    if (code != 0) {
        strbuf_release(&body);
        return code;
    }
    code = compose_take_body(target, &body, arena, &request, reterr);
    if (code == 0)
        code = set_target(target, arena, &request, reterr);
    if (code == 0)
        code =
            compose_headers(target, "application/json", "x-api-key", "", arena, &request, reterr);
    if (code == 0 && http_header_get(&request.headers, "anthropic-version").ptr == NULL)
        code = http_header_add(&request.headers, (struct view)VIEW("anthropic-version"),
                               (struct view)VIEW("2023-06-01"));
    if (code == 0)
        *ret_request = request;
    return code;
}

struct usage anthropic_usage(const struct json *usage)
{
    const struct json *in = json_get(usage, "input_tokens");
    const struct json *out = json_get(usage, "output_tokens");

    return (struct usage){
        .tokens_in = understand_count(in),
        .tokens_out = understand_count(out),
        .cache_read_tokens = understand_count(json_get(usage, "cache_read_input_tokens")),
        .cache_write_tokens = understand_count(json_get(usage, "cache_creation_input_tokens")),
        .known = in != NULL && out != NULL,
    };
}

int anthropic_read(const struct provider_target *target, const struct http_response *response,
                   struct arena *arena, struct reply *ret_reply)
{
    struct json *root = NULL;
    int code = understand_json(target, response, arena, &root, ret_reply);

    if (code != 0)
        return code == 1 ? 0 : code;
    const struct json *content = json_get(root, "content");
    if (!json_is(content, JSON_ARRAY)) {
        if (json_get(root, "error") != NULL)
            understand_error(target, response, root, arena, ret_reply);
        else
            understand_failed(target, response, arena, ret_reply, "the answer has no 'content'");
        return 0;
    }
    ret_reply->stop_text = json_text(json_get(root, "stop_reason"), (struct view){0});
    ret_reply->stop = stop_reason_read(ret_reply->stop_text);
    ret_reply->model = json_text(json_get(root, "model"), (struct view){0});
    ret_reply->usage = anthropic_usage(json_get(root, "usage"));
    return understand_blocks(content, arena, &ret_reply->text);
}
