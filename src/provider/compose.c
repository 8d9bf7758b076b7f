/* SPDX-License-Identifier: Apache-2.0
 *
 * compose: see compose.h. */
#include "provider/compose.h"

#include <stdio.h>

#include "wire/url.h"

int compose_fail(const struct provider_target *target, struct err *reterr, int code,
                 const char *format, ...)
{
    va_list args;
    char text[ERR_TEXT_MAX];

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (target->name.len == 0)
        return fail(reterr, code, "%s", text);
    return fail(reterr, code, "target '%.*s': %s", VIEW_ARG(target->name), text);
}

/* ---- parameters ----------------------------------------------------------------------------- */

static const struct param_rule *rule_of(const struct param_rule *rules, struct view name)
{
    while (rules->name != NULL && !view_is(name, rules->name))
        rules++;
    return rules;
}

static struct param *find_param(struct params *params, const struct param *wanted)
{
    for (size_t i = 0; i < params->count; i++) {
        if (params->items[i].place == wanted->place
            && view_equal(params->items[i].sent, wanted->sent))
            return &params->items[i];
    }
    return NULL;
}

/* Adds the members of one object. */
static int add_params(const struct provider_target *target, const struct json *object,
                      const struct param_rule *rules, struct params *params, struct err *reterr)
{
    for (const struct json *value = object->child; value != NULL; value = value->next) {
        const struct param_rule *rule = rule_of(rules, value->key);
        struct param param = {.given = value->key,
                              .sent = rule->sent != NULL ? view_of(rule->sent) : value->key,
                              .place = rule->place,
                              .as_list = rule->as_list,
                              .value = value,
                              .object = object};
        if (rule->place == PARAM_REFUSED)
            return compose_fail(target, reterr, ERR_CONFIG,
                                "the parameter '%.*s' cannot be set; the request writes it itself",
                                VIEW_ARG(value->key));
        struct param *before = find_param(params, &param);
        if (before != NULL && before->object == object && !view_equal(before->given, param.given))
            return compose_fail(target, reterr, ERR_CONFIG,
                                "the parameters '%.*s' and '%.*s' are one and the same; keep one",
                                VIEW_ARG(before->given), VIEW_ARG(param.given));
        if (before != NULL)
            *before = param;
        else
            params->items[params->count++] = param;
    }
    return 0;
}

int compose_params(const struct provider_target *target, const struct chat *chat,
                   const struct param_rule *rules, struct arena *arena, struct params *ret_params,
                   struct err *reterr)
{
    const struct json *objects[] = {target->params, chat != NULL ? chat->params : NULL};
    struct params params = {0};
    size_t most = 1;

    for (size_t i = 0; i < 2; i++) {
        if (objects[i] != NULL && !json_is(objects[i], JSON_OBJECT))
            return compose_fail(target, reterr, ERR_CONFIG, "params must be an object, not a %s",
                                json_kind_name(objects[i]->kind));
        most += objects[i] != NULL ? objects[i]->count : 0;
    }
    params.items = arena_new(arena, most, sizeof *params.items);
    if (params.items == NULL)
        return compose_fail(target, reterr, ERR_MEMORY, "no memory for the parameters");
    for (size_t i = 0; i < 2; i++) {
        int code = objects[i] != NULL ? add_params(target, objects[i], rules, &params, reterr) : 0;
        if (code != 0)
            return code;
    }
    *ret_params = params;
    return 0;
}

bool compose_has(const struct params *params, enum param_place place)
{
    for (size_t i = 0; i < params->count; i++) {
        if (params->items[i].place == place && params->items[i].value->kind != JSON_NULL)
            return true;
    }
    return false;
}

bool compose_sends(const struct params *params, const char *sent)
{
    for (size_t i = 0; i < params->count; i++) {
        if (view_is(params->items[i].sent, sent) && params->items[i].value->kind != JSON_NULL)
            return true;
    }
    return false;
}

void compose_write_params(struct json_writer *writer, const struct params *params,
                          enum param_place place)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct param *param = &params->items[i];
        if (param->place != place || param->value->kind == JSON_NULL)
            continue;
        bool list = param->as_list && param->value->kind != JSON_ARRAY;
        json_write_key_view(writer, param->sent);
        if (list)
            json_write_array(writer);
        json_write_tree(writer, param->value);
        if (list)
            json_write_end(writer, ']');
    }
}

/* ---- messages ------------------------------------------------------------------------------- */

void compose_write_blocks(struct json_writer *writer, struct view text)
{
    json_write_array(writer);
    json_write_object(writer);
    json_write_key(writer, "text");
    json_write_string(writer, text);
    json_write_end(writer, '}');
    json_write_end(writer, ']');
}

static void write_message(struct json_writer *writer, const char *role, struct view text,
                          bool in_blocks)
{
    json_write_object(writer);
    json_write_key(writer, "role");
    json_write_text(writer, role);
    json_write_key(writer, "content");
    if (in_blocks)
        compose_write_blocks(writer, text);
    else
        json_write_string(writer, text);
    json_write_end(writer, '}');
}

void compose_write_messages(struct json_writer *writer, const struct chat *chat,
                            enum compose_messages how)
{
    json_write_array(writer);
    if (how == COMPOSE_WITH_SYSTEM && chat->system.len != 0)
        write_message(writer, "system", chat->system, false);
    for (size_t i = 0; i < chat->message_count; i++)
        write_message(writer, chat->messages[i].role == CHAT_USER ? "user" : "assistant",
                      chat->messages[i].text, how == COMPOSE_BLOCKS);
    json_write_end(writer, ']');
}

struct view compose_prompt(const struct chat *chat)
{
    for (size_t i = chat->message_count; i > 0; i--) {
        if (chat->messages[i - 1].role == CHAT_USER)
            return chat->messages[i - 1].text;
    }
    return (struct view){.ptr = "", .len = 0};
}

int compose_check(const struct provider_target *target, const struct chat *chat, bool needs_model,
                  struct err *reterr)
{
    if (needs_model && target->model.len == 0)
        return compose_fail(target, reterr, ERR_CONFIG, "no model is named; add model: to it");
    if (chat != NULL && chat->message_count == 0)
        return compose_fail(target, reterr, ERR_CONFIG,
                            "the prompt has no messages; give it text: or messages:");
    return 0;
}

/* ---- path, headers, body -------------------------------------------------------------------- */

int compose_target(const struct provider_target *target, const char *path, struct arena *arena,
                   struct view *ret_target, struct err *reterr)
{
    struct provider_address address;
    struct url url = {0};
    int code = provider_address_of(target, arena, &address, reterr);

    if (code != 0)
        return code;
    if (target->url.len != 0)
        code = url_parse(target->url, &url, reterr);
    if (code != 0)
        return code;
    bool there = path[0] != '\0' && view_ends(address.prefix, view_of(path));
    const char *text =
        arena_printf(arena, "%.*s%s%s%.*s", VIEW_ARG(address.prefix), there ? "" : path,
                     url.query.ptr != NULL ? "?" : "", VIEW_ARG(url.query));
    if (text == NULL)
        return compose_fail(target, reterr, ERR_MEMORY, "no memory for the request");
    *ret_target = text[0] == '/' ? view_of(text) : view_of(arena_printf(arena, "/%s", text));
    return ret_target->ptr != NULL
               ? 0
               : compose_fail(target, reterr, ERR_MEMORY, "no memory for the request");
}

/* Adds one where no header of that name is there yet. The value is never part of a message. */
static int add_header(const struct provider_target *target, struct http_request *request,
                      struct view name, struct view value, struct arena *arena, struct err *reterr)
{
    const char *known = arena_string(arena, name);
    if (known == NULL)
        return compose_fail(target, reterr, ERR_MEMORY, "no memory for the request");
    if (http_header_get(&request->headers, known).ptr != NULL)
        return 0;
    int code = http_header_add(&request->headers, name, value);
    if (code == ERR_LIMIT)
        return compose_fail(target, reterr, ERR_CONFIG, "more than %d headers", HTTP_HEADERS_MAX);
    if (code != 0)
        return compose_fail(target, reterr, ERR_CONFIG,
                            "the header '%s' or its value holds a character that no header may "
                            "hold (a line end, perhaps)",
                            known);
    return 0;
}

static int add_own_headers(const struct provider_target *target, struct arena *arena,
                           struct http_request *request, struct err *reterr)
{
    if (target->headers == NULL)
        return 0;
    if (!json_is(target->headers, JSON_OBJECT))
        return compose_fail(target, reterr, ERR_CONFIG, "headers must be an object of strings");
    for (const struct json *header = target->headers->child; header != NULL;
         header = header->next) {
        if (!json_is(header, JSON_STRING))
            return compose_fail(target, reterr, ERR_CONFIG, "the header '%.*s' must be a string",
                                VIEW_ARG(header->key));
        if (view_equal_nocase(header->key, (struct view)VIEW("content-length"))
            || view_equal_nocase(header->key, (struct view)VIEW("transfer-encoding")))
            return compose_fail(target, reterr, ERR_CONFIG,
                                "the header '%.*s' cannot be set; the request writes it itself",
                                VIEW_ARG(header->key));
        int code = add_header(target, request, header->key, header->text, arena, reterr);
        if (code != 0)
            return code;
    }
    return 0;
}

int compose_headers(const struct provider_target *target, const char *content_type,
                    const char *key_header, const char *key_prefix, struct arena *arena,
                    struct http_request *request, struct err *reterr)
{
    const char *accept = target->kind == PROVIDER_HTTP ? "*/*" : "application/json";
    int code = add_own_headers(target, arena, request, reterr);

    if (code == 0 && request->body.len != 0)
        code = add_header(target, request, (struct view)VIEW("Content-Type"), view_of(content_type),
                          arena, reterr);
    if (code == 0)
        code = add_header(target, request, (struct view)VIEW("Accept"), view_of(accept), arena,
                          reterr);
    if (code != 0 || target->api_key.len == 0)
        return code;
    const char *value = arena_printf(arena, "%s%.*s", key_prefix, VIEW_ARG(target->api_key));
    if (value == NULL)
        return compose_fail(target, reterr, ERR_MEMORY, "no memory for the request");
    return add_header(target, request, view_of(key_header), view_of(value), arena, reterr);
}

int compose_take_body(const struct provider_target *target, struct strbuf *body,
                      struct arena *arena, struct http_request *request, struct err *reterr)
{
    int code = strbuf_status(body);

    if (code == 0)
        code = arena_copy(arena, strbuf_view(body), &request->body);
    strbuf_release(body);
    if (code == 0)
        return 0;
    return compose_fail(target, reterr, code, "the request is too large (%s)", err_text(code));
}
