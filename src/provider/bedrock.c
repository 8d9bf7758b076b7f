/* SPDX-License-Identifier: Apache-2.0
 *
 * bedrock: the path and headers that Bedrock Runtime's calls share, and the choice between Converse
 * (the default) and InvokeModel. */
#include "provider/families.h"
#include "wire/url.h"

/* /model/{id}/{call}: the id, or ARN, is one segment, so that ':' and '/' are encoded. */
int bedrock_path(const struct provider_target *target, const char *call, struct arena *arena,
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

/* InvokeModel's Accept is about the stream; the model's own goes into a header of its own. */
static int ask_for_stream(const struct provider_target *target, bool invoke,
                          struct http_request *request, struct err *reterr)
{
    int code = http_header_add(&request->headers, (struct view)VIEW("Accept"),
                               (struct view)VIEW("application/vnd.amazon.eventstream"));

    if (code == 0 && invoke)
        code = http_header_add(&request->headers, (struct view)VIEW("X-Amzn-Bedrock-Accept"),
                               (struct view)VIEW("application/json"));
    return code != 0 ? compose_fail(target, reterr, code, "too many headers") : 0;
}

int bedrock_build(const struct provider_target *target, const struct chat *chat,
                  struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    static const char *const calls[2][2] = {{"converse", "converse-stream"},
                                            {"invoke", "invoke-with-response-stream"}};
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
        code = bedrock_path(target, calls[invoke][chat->stream], arena, &request, reterr);
    if (code == 0 && chat->stream)
        code = ask_for_stream(target, invoke, &request, reterr);
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
