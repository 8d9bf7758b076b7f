/* SPDX-License-Identifier: Apache-2.0
 *
 * promptfoo_targets: providers → targets of assay.yaml. Keys are never copied: a target refers to
 * the environment variable that the provider's own documentation names. */
#include "core/golden/promptfoo_internal.h"

/* Providers by the beginning of their id. `skip` names parts of the id that are no model. */
static const struct known {
    const char *start;
    const char *kind;
    const char *url; /* NULL: the kind's own */
    const char *key; /* environment variable; NULL: none */
} known[] = {
    {"openai:", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY"},
    {"anthropic:", "anthropic", NULL, "ANTHROPIC_API_KEY"},
    {"bedrock:", "bedrock", NULL, NULL},
    {"ollama:", "openai", "http://127.0.0.1:11434/v1", NULL},
    {"openrouter:", "openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
    {"groq:", "openai", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
    {"deepseek:", "openai", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
    {"mistral:", "openai", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
    {"togetherai:", "openai", "https://api.together.xyz/v1", "TOGETHER_API_KEY"},
    {"localai:", "openai", "http://127.0.0.1:8080/v1", NULL},
    {"vllm:", "openai", "http://127.0.0.1:8000/v1", NULL},
};

static const char *const model_forms[] = {"chat:", "messages:", "completion:", "converse:", NULL};
static const char *const parameters[] = {"max_tokens",       "temperature",       "top_p", "stop",
                                         "presence_penalty", "frequency_penalty", "seed",  NULL};

struct making {
    struct promptfoo *foo;
    const struct json *at;
    const struct json *config; /* mapping; NULL: none */
    struct view id;
    struct view model; /* of a known provider; empty: none */
    struct json *target;
};

static int set(struct making *making, const char *key, struct view text)
{
    return promptfoo_set_text(making->foo, making->target, key, text);
}

static int set_params(struct making *making)
{
    struct json *params = json_new(making->foo->arena, JSON_OBJECT);
    int code = params != NULL ? 0 : ERR_MEMORY;

    for (size_t i = 0; code == 0 && parameters[i] != NULL; i++) {
        const struct json *value = json_get(making->config, parameters[i]);
        if (value != NULL)
            code = promptfoo_set_copy(making->foo, params, view_of(parameters[i]), value);
    }
    if (code == 0 && params->count > 0)
        json_set(making->target, view_of("params"), params);
    return code;
}

/* Members of `config` that are neither carried nor harmless. */
static int note_rest(struct making *making, const char *const *carried)
{
    int code = 0;

    for (const struct json *member = making->config != NULL ? making->config->child : NULL;
         code == 0 && member != NULL; member = member->next) {
        bool is_known = false;
        for (size_t i = 0; parameters[i] != NULL; i++)
            is_known = is_known || view_is(member->key, parameters[i]);
        for (size_t i = 0; carried[i] != NULL; i++)
            is_known = is_known || view_is(member->key, carried[i]);
        if (!is_known)
            code = promptfoo_lost(making->foo, member, member->key,
                                  "this key of a provider is not carried: see 'params' and the "
                                  "target's keys in docs/configuration.md");
    }
    return code;
}

static int make_known(struct making *making, const struct known *row)
{
    static const char *const carried[] = {"apiBaseUrl", "apiHost",    "apiKey", "apiKeyEnvar",
                                          "region",     "max_tokens", NULL};
    struct promptfoo *foo = making->foo;
    struct view model = view_slice(making->id, strlen(row->start), making->id.len);

    for (size_t i = 0; model_forms[i] != NULL; i++)
        if (view_starts(model, view_of(model_forms[i])))
            model = view_slice(model, strlen(model_forms[i]), model.len);
    if (view_starts(model, view_of("embedding")) || view_starts(model, view_of("responses:"))
        || view_starts(model, view_of("realtime:")) || view_starts(model, view_of("image:"))
        || view_starts(model, view_of("assistant:")))
        return promptfoo_lost(foo, making->at, making->id,
                              "only the chat API of this provider is asked here");
    making->model = model;
    int code = set(making, "kind", view_of(row->kind));
    struct view url = json_text(json_get(making->config, "apiBaseUrl"), view_of(row->url));
    if (code == 0 && url.len > 0)
        code = set(making, "url", url);
    if (code == 0)
        code = set(making, "model", model);
    struct view region = json_text(json_get(making->config, "region"), view_of(""));
    if (code == 0 && strcmp(row->kind, "bedrock") == 0)
        code = set(making, "region", region.len > 0 ? region : view_of("us-east-1"));
    struct view key = json_text(json_get(making->config, "apiKeyEnvar"), view_of(row->key));
    if (code == 0 && key.len > 0) {
        const char *reference = arena_printf(foo->arena, "${%.*s:-none}", VIEW_ARG(key));
        code = reference != NULL ? set(making, "api_key", view_of(reference)) : ERR_MEMORY;
    }
    if (code == 0 && json_get(making->config, "apiKey") != NULL)
        code = promptfoo_told(foo, json_get(making->config, "apiKey"), view_of("apiKey"),
                              "keys are not copied: put it into the environment");
    if (code == 0)
        code = set_params(making);
    return code == 0 ? note_rest(making, carried) : code;
}

/* ---- http ------------------------------------------------------------------------------------ */

/* A body of theirs as ours: "{{prompt}}" in a text is a JSON string. */
static int body_of(struct making *making, const struct json *body, struct view *ret_text)
{
    static const struct view quoted = VIEW("\"{{json prompt}}\"");
    struct view rest = promptfoo_text_of(making->foo, body);
    struct view text;
    struct strbuf out;

    int code = promptfoo_template(making->foo, body, rest, &text);
    if (code != 0)
        return code;
    strbuf_init(&out, PROMPTFOO_TEXT_MAX);
    static const struct view plain = VIEW("{{prompt}}");
    for (size_t at = 0; at < text.len;) {
        size_t slot = view_find(text, plain, at);
        bool has_quotes = slot > 0 && slot + plain.len < text.len && text.ptr[slot - 1] == '"'
                          && text.ptr[slot + plain.len] == '"';
        strbuf_add(&out, view_slice(text, at, has_quotes ? slot - 1 : slot));
        if (slot < text.len)
            strbuf_add(&out, has_quotes ? view_slice(quoted, 1, quoted.len - 1) : plain);
        at = slot < text.len ? slot + plain.len + has_quotes : text.len;
    }
    code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(making->foo->arena, strbuf_view(&out), ret_text);
    strbuf_release(&out);
    return code;
}

static int set_http_body(struct making *making)
{
    const struct json *body = json_get(making->config, "body");
    struct view text;

    if (body == NULL)
        return 0;
    int code = body_of(making, body, &text);
    return code == 0 ? set(making, "body", text) : code;
}

/* "json.choices[0].message.content" is a path here too; anything longer is a program. */
static int set_http_text(struct making *making)
{
    const struct json *transform = json_get(making->config, "transformResponse");

    if (transform == NULL)
        transform = json_get(making->config, "responseParser");
    if (transform == NULL)
        return promptfoo_lost(making->foo, making->at, making->id,
                              "say where the answer's text is: text: 'PATH.TO.TEXT'");
    struct view path = json_text(transform, view_of(""));
    bool is_path = view_starts(path, view_of("json.")) && path.len > 5;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        is_path = is_path
                  && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                      || c == '.' || c == '_' || c == '[' || c == ']');
    }
    if (is_path)
        return set(making, "text", view_slice(path, 5, path.len));
    return promptfoo_lost(making->foo, transform, view_of("transformResponse"),
                          "only a path, as in json.answer.text, is carried");
}

static int make_http(struct making *making)
{
    static const char *const carried[] = {
        "url", "method", "body", "transformResponse", "headers", "request", "responseParser", NULL};
    struct view url = json_text(json_get(making->config, "url"), making->id);
    const struct json *headers = json_get(making->config, "headers");

    if (!view_starts(url, view_of("http://")) && !view_starts(url, view_of("https://")))
        return promptfoo_lost(making->foo, making->at, making->id, "needs 'url' in its config");
    int code = set(making, "kind", view_of("http"));
    if (code == 0)
        code = set(making, "url", url);
    if (code == 0)
        code =
            set(making, "method", json_text(json_get(making->config, "method"), view_of("POST")));
    if (code == 0)
        code = set_http_body(making);
    if (code == 0)
        code = set_http_text(making);
    for (const struct json *header = json_is(headers, JSON_OBJECT) ? headers->child : NULL;
         code == 0 && header != NULL; header = header->next)
        if (!view_equal_nocase(header->key, view_of("content-type")))
            code = promptfoo_lost(making->foo, header, header->key,
                                  "headers may hold keys and are not copied: write 'headers:' "
                                  "under the target, with ${NAME} for what is secret");
    return code == 0 ? note_rest(making, carried) : code;
}

static int make_exec(struct making *making)
{
    struct view command = view_trim(view_slice(making->id, 5, making->id.len));

    int code = set(making, "kind", view_of("exec"));
    if (code == 0)
        code = set(making, "command", command);
    if (code == 0)
        code = promptfoo_lost(making->foo, making->at, making->id,
                              "the command is carried, its way of asking is not: it must read a "
                              "request as JSON from standard input and write one with the answer "
                              "(docs/configuration.md, exec)");
    return code;
}

static int make(struct making *making)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (view_starts(making->id, view_of(known[i].start)))
            return make_known(making, &known[i]);
    if (view_starts(making->id, view_of("http")))
        return make_http(making);
    if (view_starts(making->id, view_of("exec:")))
        return make_exec(making);
    return promptfoo_lost(making->foo, making->at, making->id,
                          "no target of ours is like this provider: openai, anthropic, bedrock, "
                          "http and exec are (docs/configuration.md)");
}

/* ---- names ----------------------------------------------------------------------------------- */

/* What a target is called: its label, else its model without owners, else the last part of its id.
 * Digits after a colon are a version, as in bedrock:anthropic.claude-haiku-4-5-20251001-v1:0, and
 * name nothing. */
static struct view label_of(const struct making *making)
{
    struct view label = json_text(json_get(making->at, "label"), view_of(""));
    bool is_known = making->model.len > 0;
    struct view name = is_known ? making->model : making->id;
    size_t end = name.len;

    if (label.len > 0)
        return label;
    while (end > 0 && name.ptr[end - 1] >= '0' && name.ptr[end - 1] <= '9')
        end--;
    if (end > 1 && name.ptr[end - 1] == ':')
        name = view_slice(name, 0, end - 1);
    size_t start = name.len;
    while (start > 0 && name.ptr[start - 1] != '/' && (is_known || name.ptr[start - 1] != ':'))
        start--;
    return start < name.len ? view_slice(name, start, name.len) : name;
}

/* A provider is a text, {id, config}, or {ID: {config}}. */
static void read_provider(const struct json *provider, struct view *ret_id,
                          const struct json **ret_config)
{
    *ret_id = json_text(provider, json_text(json_get(provider, "id"), view_of("")));
    *ret_config = json_get(provider, "config");
    if (ret_id->len == 0 && provider->kind == JSON_OBJECT && provider->count == 1) {
        *ret_id = provider->child->key;
        *ret_config = json_get(provider->child, "config");
        if (*ret_config == NULL)
            *ret_config = provider->child;
    }
}

static int name_target(struct promptfoo *foo, struct view wanted, struct view *ret_name)
{
    struct view base = promptfoo_slug(foo, wanted);
    struct view name = base;

    for (unsigned i = 2; name.ptr != NULL && json_get_view(foo->targets, name) != NULL; i++)
        name = view_of(arena_printf(foo->arena, "%.*s-%u", VIEW_ARG(base), i));
    *ret_name = name;
    return name.ptr != NULL ? 0 : ERR_MEMORY;
}

int promptfoo_target(struct promptfoo *foo, const struct json *provider, struct view *ret_name)
{
    struct making making = {.foo = foo, .at = provider};
    struct view name;

    *ret_name = view_of("");
    read_provider(provider, &making.id, &making.config);
    if (making.id.len == 0)
        return promptfoo_lost(foo, provider, view_of("providers"), "a provider without an id");
    if (foo->targets->count >= PROMPTFOO_TARGETS_MAX)
        return fail(foo->reterr, ERR_LIMIT, "more than %d providers", PROMPTFOO_TARGETS_MAX);
    making.target = json_new(foo->arena, JSON_OBJECT);
    if (making.target == NULL)
        return ERR_MEMORY;
    int code = make(&making);
    if (code != 0 || json_get(making.target, "kind") == NULL)
        return code;
    code = name_target(foo, label_of(&making), &name);
    if (code != 0)
        return code;
    json_set(foo->targets, name, making.target);
    *ret_name = name;
    return 0;
}

static int add_provider(struct promptfoo *foo, const struct json *provider)
{
    static const char *const elsewhere[] = {"prompts", "transform", "delay", "inputs", "env", NULL};
    struct view path;
    struct view name;
    int code = 0;

    if (provider->kind == JSON_STRING && promptfoo_is_file(provider->text, &path)) {
        struct json *tree = NULL;
        code = promptfoo_load_tree(foo, provider, path, &tree);
        if (code != 0 || tree == NULL)
            return code;
        provider = tree;
    }
    for (size_t i = 0; code == 0 && elsewhere[i] != NULL; i++)
        if (json_get(provider, elsewhere[i]) != NULL)
            code = promptfoo_lost(foo, json_get(provider, elsewhere[i]), view_of(elsewhere[i]),
                                  "this key of a provider is not carried");
    if (code == 0)
        code = promptfoo_target(foo, provider, &name);
    if (code != 0 || name.len == 0)
        return code;
    struct json *text = json_new_text(foo->arena, name);
    if (text == NULL)
        return ERR_MEMORY;
    json_append(foo->suite_targets, text);
    return 0;
}

int promptfoo_read_targets(struct promptfoo *foo)
{
    const struct json *providers = json_get(foo->root, "providers");
    int code = 0;

    if (providers == NULL)
        providers = json_get(foo->root, "targets");
    if (json_is(providers, JSON_STRING))
        code = add_provider(foo, providers);
    for (const struct json *item = json_is(providers, JSON_ARRAY) ? providers->child : NULL;
         code == 0 && item != NULL; item = item->next)
        code = add_provider(foo, item);
    if (code != 0 || foo->suite_targets->count > 0)
        return code;
    struct json *text = json_new_text(foo->arena, view_of("sim"));
    if (text == NULL)
        return ERR_MEMORY;
    json_append(foo->suite_targets, text);
    return promptfoo_told(foo, providers, view_of("providers"),
                          "no provider was carried: the suite asks the built-in simulator");
}
