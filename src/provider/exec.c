/* SPDX-License-Identifier: Apache-2.0
 *
 * exec: a command that reads one JSON request on its standard input and writes one JSON response.
 * Only the bodies are made and read here; README.md documents both. */
#include "provider/families.h"

static const struct param_rule rules[] = {{NULL, NULL, PARAM_TOP, false}};

int exec_build(const struct provider_target *target, const struct chat *chat, struct arena *arena,
               struct http_request *ret_request, struct err *reterr)
{
    struct http_request request = {.headers = {.count = 0}};
    struct params params;
    struct strbuf body;
    struct json_writer writer;
    int code = compose_check(target, chat, false, reterr);

    if (code == 0)
        code = compose_params(target, chat, rules, arena, &params, reterr);
    if (code != 0)
        return code;
    strbuf_init(&body, COMPOSE_BODY_BYTES_MAX);
    json_writer_init(&writer, &body, 0);
    json_write_object(&writer);
    json_write_key(&writer, "prompt");
    json_write_string(&writer, compose_prompt(chat));
    json_write_key(&writer, "system");
    json_write_string(&writer, chat->system);
    json_write_key(&writer, "messages");
    compose_write_messages(&writer, chat, COMPOSE_TEXTS);
    json_write_key(&writer, "params");
    json_write_object(&writer);
    compose_write_params(&writer, &params, PARAM_TOP);
    json_write_end(&writer, '}');
    json_write_key(&writer, "sample");
    json_write_int(&writer, (int64_t)(chat->sample & INT64_MAX));
    json_write_key(&writer, "model");
    json_write_string(&writer, target->model);
    json_write_end(&writer, '}');
    strbuf_add_byte(&body, '\n');
    code = compose_take_body(target, &body, arena, &request, reterr);
    if (code == 0)
        *ret_request = request;
    return code;
}

/* "error": "text" or {"message": "text"}. */
static void read_error(const struct provider_target *target, const struct json *error,
                       struct arena *arena, struct reply *reply)
{
    const struct view none = VIEW("without saying why");
    struct view message =
        json_is(error, JSON_STRING) ? error->text : json_text(json_get(error, "message"), none);
    const char *shown = understand_printable(target, message, 500, arena);
    const char *text = arena_printf(arena, "the command reports an error: %s", shown);

    reply->code = ERR_UPSTREAM;
    reply->error_text = view_of(text != NULL ? text : err_text(ERR_UPSTREAM));
}

int exec_read(const struct provider_target *target, const struct http_response *response,
              struct arena *arena, struct reply *ret_reply)
{
    struct json *root = NULL;
    const struct http_response bare = {.status = 0, .body = response->body};
    int code = understand_json(target, &bare, arena, &root, ret_reply);

    if (code != 0)
        return code == 1 ? 0 : code;
    const struct json *error = json_get(root, "error");
    if (error != NULL && error->kind != JSON_NULL) {
        read_error(target, error, arena, ret_reply);
        return 0;
    }
    const struct json *text = json_get(root, "text");
    if (!json_is(text, JSON_STRING)) {
        understand_failed(target, &bare, arena, ret_reply,
                          "the command's answer has no \"text\" that is a string");
        return 0;
    }
    const struct json *usage = json_get(root, "usage");
    ret_reply->text = text->text;
    ret_reply->stop_text = json_text(json_get(root, "stop_reason"), (struct view){0});
    ret_reply->stop = stop_reason_read(ret_reply->stop_text);
    ret_reply->model = json_text(json_get(root, "model"), (struct view){0});
    ret_reply->usage = (struct usage){
        .tokens_in = understand_count(json_get(usage, "tokens_in")),
        .tokens_out = understand_count(json_get(usage, "tokens_out")),
        .known = json_get(usage, "tokens_in") != NULL && json_get(usage, "tokens_out") != NULL,
    };
    return 0;
}
