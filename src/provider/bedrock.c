/* SPDX-License-Identifier: Apache-2.0
 *
 * bedrock: the path and headers that Bedrock Runtime's calls share, and the choice between Converse
 * (the default) and InvokeModel. */
#include "provider/families.h"
#include "wire/url.h"

/* /model/{id}/{call}: the id, or ARN, is one segment, so that ':' and '/' are encoded. */
static int set_target(const struct provider_target *target, const char *call, struct arena *arena,
                      struct http_request *request, struct err *reterr)
{
    struct strbuf path;
    strbuf_init(&path, 4 * URL_BYTES_MAX);

    strbuf_add_text(&path, "/model/");
    url_encode(&path, target->model, "");
    strbuf_printf(&path, "/%s", call);
    int code = strbuf_status(&path);
    if (code != 0)
        code = compose_fail(target, reterr, ERR_CONFIG, "the model's id is too long");
    else
        code = compose_target(target, strbuf_text(&path), arena, &request->target, reterr);
    strbuf_release(&path);
    return code;
}

int bedrock_build(const struct provider_target *target, const struct chat *chat,
                  struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    bool invoke = target->api == PROVIDER_API_INVOKE;
    struct http_request request = {.method = VIEW("POST")};
    struct strbuf body;
    strbuf_init(&body, COMPOSE_BODY_BYTES_MAX);

    int code = invoke ? bedrock_invoke_body(target, chat, arena, &body, reterr)
                      : bedrock_converse_body(target, chat, arena, &body, reterr);
    if (code != 0) {
        strbuf_release(&body);
        return code;
    }
    code = compose_take_body(target, &body, arena, &request, reterr);
    if (code == 0)
        code = set_target(target, invoke ? "invoke" : "converse", arena, &request, reterr);
    if (code == 0)
        code = compose_headers(target, "application/json", "Authorization", "Bearer ", arena,
                               &request, reterr);
    if (code == 0)
        *ret_request = request;
    return code;
}

int bedrock_read(const struct provider_target *target, const struct http_response *response,
                 struct arena *arena, struct reply *ret_reply)
{
    return target->api == PROVIDER_API_INVOKE
               ? bedrock_invoke_read(target, response, arena, ret_reply)
               : bedrock_converse_read(target, response, arena, ret_reply);
}
