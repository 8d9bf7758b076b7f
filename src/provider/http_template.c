/* SPDX-License-Identifier: Apache-2.0
 *
 * http_template: any REST endpoint, by a template for its url and body and a path to the answer.
 *
 *     {{prompt}} {{system}} {{model}} {{sample}}   text; {{json prompt}} inside a JSON body
 *     {{messages}} {{params}}                      JSON already: an array, an object
 *     {{temperature}}, …                           any parameter by its name
 *
 * In the url values are percent-encoded. What the template has no slot for would be dropped
 * silently; that is refused instead. */
#include "provider/families.h"

#include "wire/template.h"
#include "wire/url.h"

static const struct param_rule rules[] = {
    {"prompt", NULL, PARAM_REFUSED, false},   {"system", NULL, PARAM_REFUSED, false},
    {"model", NULL, PARAM_REFUSED, false},    {"sample", NULL, PARAM_REFUSED, false},
    {"messages", NULL, PARAM_REFUSED, false}, {"params", NULL, PARAM_REFUSED, false},
    {NULL, NULL, PARAM_TOP, false},
};

struct slot {
    struct view name;
    struct view value;
};

struct slots_filled {
    struct slot *items;
    struct view *names;
    size_t count;
    bool encode; /* for a url */
    struct arena *arena;
};

static bool look_up(void *context, struct view name, struct view *ret_value)
{
    const struct slots_filled *slots = context;

    for (size_t i = 0; i < slots->count; i++) {
        if (!view_equal(slots->items[i].name, name))
            continue;
        *ret_value = slots->items[i].value;
        if (!slots->encode)
            return true;
        struct strbuf out;
        strbuf_init(&out, 3 * ret_value->len + 1);
        url_encode(&out, slots->items[i].value, "");
        bool kept = arena_copy(slots->arena, strbuf_view(&out), ret_value) == 0;
        strbuf_release(&out);
        return kept;
    }
    return false;
}

static void add_slot(struct slots_filled *slots, struct view name, struct view value)
{
    slots->items[slots->count] = (struct slot){.name = name, .value = value};
    slots->names[slots->count++] = name;
}

/* The JSON that `write` makes, kept in the arena. */
static int keep_json(struct arena *arena, const struct chat *chat, const struct params *params,
                     const struct json *value, struct view *ret_text)
{
    struct strbuf out;
    struct json_writer writer;
    strbuf_init(&out, COMPOSE_BODY_BYTES_MAX);
    json_writer_init(&writer, &out, 0);

    if (chat != NULL) {
        compose_write_messages(&writer, chat, COMPOSE_TEXTS);
    } else if (params != NULL) {
        json_write_object(&writer);
        compose_write_params(&writer, params, PARAM_TOP);
        json_write_end(&writer, '}');
    } else {
        json_write_tree(&writer, value);
    }
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&out), ret_text);
    strbuf_release(&out);
    return code;
}

static int fill_slots(const struct provider_target *target, const struct chat *chat,
                      const struct params *params, struct arena *arena, struct slots_filled *slots)
{
    struct view messages;
    struct view all;
    const char *sample = arena_printf(arena, "%llu", (unsigned long long)chat->sample);
    *slots = (struct slots_filled){.arena = arena};
    slots->items = arena_new(arena, params->count + 6, sizeof *slots->items);
    slots->names = arena_new(arena, params->count + 6, sizeof *slots->names);

    if (sample == NULL || slots->items == NULL || slots->names == NULL)
        return ERR_MEMORY;
    int code = keep_json(arena, chat, NULL, NULL, &messages);
    if (code == 0)
        code = keep_json(arena, NULL, params, NULL, &all);
    if (code != 0)
        return code;
    add_slot(slots, (struct view)VIEW("prompt"), compose_prompt(chat));
    add_slot(slots, (struct view)VIEW("system"), chat->system);
    add_slot(slots, (struct view)VIEW("model"), target->model);
    add_slot(slots, (struct view)VIEW("sample"), view_of(sample));
    add_slot(slots, (struct view)VIEW("messages"), messages);
    add_slot(slots, (struct view)VIEW("params"), all);
    for (size_t i = 0; i < params->count; i++) {
        const struct json *value = params->items[i].value;
        struct view text = value->text;
        if (value->kind != JSON_STRING)
            code = keep_json(arena, NULL, NULL, value, &text);
        if (code != 0)
            return code;
        add_slot(slots, params->items[i].sent, text);
    }
    return 0;
}

struct pair {
    struct template url;
    struct template body;
};

static bool uses(const struct pair *templates, struct view name)
{
    return template_uses(&templates->url, name) || template_uses(&templates->body, name);
}

/* Nothing that was asked for may be left out. */
static int check_slots(const struct provider_target *target, const struct chat *chat,
                       const struct params *params, const struct pair *templates,
                       struct err *reterr)
{
    bool messages = uses(templates, (struct view)VIEW("messages"));

    if (!messages && !uses(templates, (struct view)VIEW("prompt")))
        return compose_fail(target, reterr, ERR_CONFIG,
                            "neither its body nor its url has a slot for the prompt; write "
                            "{{json prompt}} into body:");
    if (chat->system.len != 0 && !uses(templates, (struct view)VIEW("system")))
        return compose_fail(target, reterr, ERR_CONFIG,
                            "the prompt has a system text, but its body has no slot for it; write "
                            "{{json system}} into body:");
    if (chat->message_count > 1 && !messages)
        return compose_fail(target, reterr, ERR_CONFIG,
                            "the prompt has %zu turns, but its body has no slot for them; write "
                            "{{messages}} into body:",
                            chat->message_count);
    for (size_t i = 0; i < params->count; i++) {
        const struct param *param = &params->items[i];
        if (param->value->kind != JSON_NULL && !uses(templates, (struct view)VIEW("params"))
            && !uses(templates, param->sent))
            return compose_fail(target, reterr, ERR_CONFIG,
                                "the parameter '%.*s' has no slot; write {{%.*s}} or {{params}} "
                                "into body:, or take the parameter out",
                                VIEW_ARG(param->given), VIEW_ARG(param->sent));
    }
    return 0;
}

static int compile(const struct provider_target *target, const char *what, struct view text,
                   struct arena *arena, struct template *ret_template, struct err *reterr)
{
    struct err why = {0};
    int code = template_compile(arena, text, ret_template, &why);

    if (code == 0)
        return 0;
    return compose_fail(target, reterr, code == ERR_MEMORY ? code : ERR_CONFIG, "%s:%s", what,
                        why.text);
}

/* Renders one template into the arena. */
static int render(const struct provider_target *target, const char *what,
                  const struct template *template, struct slots_filled *slots,
                  struct view *ret_text, struct err *reterr)
{
    const struct template_values values = {
        .lookup = look_up, .context = slots, .names = slots->names, .name_count = slots->count};
    struct err why = {0};
    struct strbuf out;
    strbuf_init(&out, COMPOSE_BODY_BYTES_MAX);

    int code = template_render(template, &values, &out, &why);
    if (code == 0 && arena_copy(slots->arena, strbuf_view(&out), ret_text) != 0)
        code = fail(&why, ERR_MEMORY, " no memory");
    strbuf_release(&out);
    if (code == 0)
        return 0;
    return compose_fail(target, reterr, code == ERR_MISSING ? ERR_CONFIG : code, "%s:%s", what,
                        why.text);
}

/* Path and query of the url, its slots filled. */
static int set_target(const struct provider_target *target, const struct template *template,
                      struct slots_filled *slots, struct http_request *request, struct err *reterr)
{
    struct provider_target filled = *target;

    slots->encode = true;
    int code = render(target, "url", template, slots, &filled.url, reterr);
    if (code == 0)
        code = compose_target(&filled, "", slots->arena, &request->target, reterr);
    return code;
}

static const char *content_type(struct view body)
{
    struct view text = view_trim(body);
    bool json = text.len != 0 && (text.ptr[0] == '{' || text.ptr[0] == '[');

    return json ? "application/json" : "text/plain; charset=utf-8";
}

int http_template_build(const struct provider_target *target, const struct chat *chat,
                        struct arena *arena, struct http_request *ret_request, struct err *reterr)
{
    struct pair templates;
    struct params params;
    struct slots_filled slots;
    struct http_request request = {.method = target->method};
    int code = compose_check(target, chat, false, reterr);

    if (request.method.len == 0)
        request.method = (struct view)VIEW("POST");
    if (code == 0)
        code = compile(target, "url", target->url, arena, &templates.url, reterr);
    if (code == 0)
        code = compile(target, "body", target->body, arena, &templates.body, reterr);
    if (code == 0)
        code = compose_params(target, chat, rules, arena, &params, reterr);
    if (code == 0)
        code = check_slots(target, chat, &params, &templates, reterr);
    if (code != 0)
        return code;
    code = fill_slots(target, chat, &params, arena, &slots);
    if (code != 0)
        return compose_fail(target, reterr, code, "no memory for the request");
    code = render(target, "body", &templates.body, &slots, &request.body, reterr);
    if (code == 0)
        code = set_target(target, &templates.url, &slots, &request, reterr);
    if (code == 0)
        code = compose_headers(target, content_type(request.body), "Authorization", "Bearer ",
                               arena, &request, reterr);
    if (code == 0)
        *ret_request = request;
    return code;
}

int http_template_read(const struct provider_target *target, const struct http_response *response,
                       struct arena *arena, struct reply *ret_reply)
{
    struct json *root = NULL;

    if (target->text.len == 0) {
        int code = understand_body(target, response, arena, &ret_reply->text, ret_reply);
        return code == 1 ? 0 : code;
    }
    int code = understand_json(target, response, arena, &root, ret_reply);
    if (code != 0)
        return code == 1 ? 0 : code;
    const struct json *value = json_path(root, target->text);
    if (value == NULL || value->kind == JSON_NULL) {
        const char *what = arena_printf(arena, "the answer has no '%.*s', which text: names",
                                        VIEW_ARG(target->text));
        understand_failed(target, response, arena, ret_reply,
                          what != NULL ? what : "the answer has no text");
        return 0;
    }
    if (json_is(value, JSON_STRING)) {
        ret_reply->text = value->text;
        return 0;
    }
    return keep_json(arena, NULL, NULL, value, &ret_reply->text) == 0 ? 0 : ERR_MEMORY;
}
