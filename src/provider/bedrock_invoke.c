/* SPDX-License-Identifier: Apache-2.0
 *
 * bedrock_invoke: InvokeModel with the body that Claude models take. Other models have bodies of
 * their own; for them the target is told to use Converse, which takes them all. */
#include "provider/families.h"

static const char *const count_headers[] = {"x-amzn-bedrock-input-token-count",
                                            "x-amzn-bedrock-output-token-count"};

/* An application inference profile's ARN does not say its model: taken at its word. */
static bool may_be_claude(struct view model)
{
    return view_find(model, (struct view)VIEW("anthropic."), 0) < model.len
           || view_find(model, (struct view)VIEW("claude"), 0) < model.len
           || view_find(model, (struct view)VIEW(":application-inference-profile/"), 0) < model.len
           || view_find(model, (struct view)VIEW(":provisioned-model/"), 0) < model.len;
}

int bedrock_invoke_body(const struct provider_target *target, const struct chat *chat,
                        struct arena *arena, struct strbuf *out, struct err *reterr)
{
    if (target->model.len != 0 && !may_be_claude(target->model))
        return compose_fail(target, reterr, ERR_CONFIG,
                            "api: invoke has bodies for Claude models only, not for '%.*s'; use "
                            "api: converse",
                            VIEW_ARG(target->model));
    return anthropic_write_body(target, chat, true, arena, out, reterr);
}

int bedrock_invoke_read(const struct provider_target *target, const struct http_response *response,
                        struct arena *arena, struct reply *ret_reply)
{
    int64_t counts[2];
    int code = anthropic_read(target, response, arena, ret_reply);

    if (code != 0 || ret_reply->code != 0 || ret_reply->usage.known)
        return code;
    for (size_t i = 0; i < 2; i++) {
        struct view text = http_header_get(&response->headers, count_headers[i]);
        if (view_to_int(text, &counts[i]) != 0 || counts[i] < 0)
            return 0;
    }
    ret_reply->usage.tokens_in = counts[0];
    ret_reply->usage.tokens_out = counts[1];
    ret_reply->usage.known = true;
    return 0;
}
