/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: which path is whose, and what the API families share; see serve_parts.h. */
#include "core/sim/serve_parts.h"

static int serve_root(struct exchange *exchange);

/* A path is matched by its start, the methods exactly. */
static const struct route {
    const char *method;
    const char *path;
    bool whole;
    int (*serve)(struct exchange *exchange);
    const char *shown;
} routes[] = {
    {"GET", "/", true, serve_root, "GET /"},
    {"POST", "/model/", false, serve_bedrock,
     "POST /model/{id}/invoke, invoke-with-response-stream, converse, converse-stream, "
     "count-tokens (Bedrock Runtime)"},
    {"POST", "/guardrail/", false, serve_guardrail,
     "POST /guardrail/{id}/version/{v}/apply (Bedrock Runtime)"},
    {"POST", "/v1/chat/completions", true, serve_openai_chat, "POST /v1/chat/completions (OpenAI)"},
    {"POST", "/v1/embeddings", true, serve_openai_embeddings, "POST /v1/embeddings (OpenAI)"},
    {"POST", "/v1/messages", true, serve_anthropic_messages, "POST /v1/messages (Anthropic)"},
    {"POST", "/v1/messages/count_tokens", true, serve_anthropic_count,
     "POST /v1/messages/count_tokens (Anthropic)"},
    {"GET", "/v1/models", true, serve_openai_models,
     "GET /v1/models, GET /v1/models/{id} (OpenAI)"},
    {"GET", "/v1/models/", false, serve_openai_model, NULL},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

/* ---- what the families share ---------------------------------------------------------------- */

int serve_header(struct exchange *exchange, const char *name, struct view value)
{
    struct view copy;

    if (arena_copy(exchange->arena, value, &copy) != 0)
        return ERR_MEMORY;
    return http_header_add(&exchange->served->response.headers, view_of(name), copy) != 0
               ? ERR_MEMORY
               : 0;
}

int serve_json(struct exchange *exchange, int status, struct strbuf *out)
{
    int code = strbuf_status(out) != 0 ? ERR_MEMORY
                                       : arena_copy(exchange->arena, strbuf_view(out),
                                                    &exchange->served->response.body);

    strbuf_release(out);
    if (code != 0)
        return code;
    exchange->served->response.status = status;
    return serve_header(exchange, "content-type", view_of("application/json"));
}

static bool add_part(struct strbuf *out, const struct json *part, int depth)
{
    const struct json *text = json_get(part, "text");
    const struct json *inner = json_get(part, "content");

    if (json_is(part, JSON_STRING))
        text = part;
    if (inner == NULL)
        inner = json_get(json_get(part, "toolResult"), "content");
    if (json_is(text, JSON_STRING)) {
        if (out->len != 0)
            strbuf_add_byte(out, '\n');
        strbuf_add(out, text->text);
        return true;
    }
    if (text != NULL)
        return false;
    if (depth < 2 && json_is(inner, JSON_STRING))
        return add_part(out, inner, depth + 1);
    if (depth < 2 && json_is(inner, JSON_ARRAY))
        for (const struct json *item = inner->child; item != NULL; item = item->next)
            add_part(out, item, depth + 1);
    return json_is(part, JSON_OBJECT); /* an image and its kin: nothing to read */
}

bool serve_content(struct exchange *exchange, const struct json *content, struct view *ret_text,
                   int *code)
{
    struct strbuf out;
    bool ok = json_is(content, JSON_ARRAY);

    if (json_is(content, JSON_STRING)) {
        *ret_text = content->text;
        return true;
    }
    strbuf_init(&out, SERVE_BYTES_MAX);
    for (const struct json *part = ok ? content->child : NULL; part != NULL; part = part->next)
        ok = ok && add_part(&out, part, 0);
    if (ok
        && (strbuf_status(&out) != 0
            || arena_copy(exchange->arena, strbuf_view(&out), ret_text) != 0))
        *code = ERR_MEMORY;
    strbuf_release(&out);
    return ok;
}

/* ---- routes --------------------------------------------------------------------------------- */

static void list_routes(struct strbuf *out)
{
    for (size_t i = 0; i < ROUTES; i++)
        if (routes[i].shown != NULL)
            strbuf_printf(out, "%s%s", i == 0 ? "" : "; ", routes[i].shown);
}

static int serve_root(struct exchange *exchange)
{
    struct strbuf out;

    strbuf_init(&out, SERVE_BYTES_MAX);
    strbuf_add_text(&out,
                    "assay sim: a deterministic stand-in for a foundation model, for tests. It "
                    "is no language model.\nServed here: ");
    list_routes(&out);
    strbuf_add_text(&out, "\n");
    int code = strbuf_status(&out) != 0 ? ERR_MEMORY
                                        : arena_copy(exchange->arena, strbuf_view(&out),
                                                     &exchange->served->response.body);
    strbuf_release(&out);
    if (code != 0)
        return code;
    exchange->served->response.status = 200;
    return serve_header(exchange, "content-type", view_of("text/plain; charset=utf-8"));
}

static int serve_unknown(struct exchange *exchange, bool known_path)
{
    struct strbuf message;

    strbuf_init(&message, SERVE_BYTES_MAX);
    strbuf_printf(&message, "%s %.*s is not served here. Served: ",
                  known_path ? "This method on" : "The path", VIEW_ARG(exchange->path));
    list_routes(&message);
    int code = serve_openai_error(exchange, known_path ? 405 : 404, "invalid_request_error", NULL,
                                  known_path ? "method_not_allowed" : "unknown_url",
                                  strbuf_view(&message));
    strbuf_release(&message);
    return code;
}

static bool is_route(const struct route *route, struct view path)
{
    struct view wanted = view_of(route->path);

    return route->whole ? view_equal(path, wanted)
                        : path.len > wanted.len && view_starts(path, wanted);
}

int serve_no_room(struct exchange *exchange)
{
    static const struct sim_fault no_room = {
        .type = "ServiceUnavailableException",
        .http_status = 503,
        .text = "This simulator has no room for this answer. Ask for less at once, or try again.",
        .openai_status = 503,
        .openai_type = "server_error",
        .openai_code = "service_unavailable",
        .anthropic_status = 529,
        .anthropic_type = "overloaded_error",
    };

    if (view_starts(exchange->path, view_of("/model/"))
        || view_starts(exchange->path, view_of("/guardrail/")))
        return serve_bedrock_fault(exchange, &no_room);
    if (view_starts(exchange->path, view_of("/v1/messages")))
        return serve_anthropic_fault(exchange, &no_room);
    return serve_openai_fault(exchange, &no_room);
}

int serve_route(struct exchange *exchange)
{
    struct view method = exchange->request->method;
    bool known = false;

    if (view_is(method, "HEAD")) /* the session leaves the body out */
        method = view_of("GET");

    for (size_t i = 0; i < ROUTES; i++) {
        if (!is_route(&routes[i], exchange->path))
            continue;
        known = true;
        if (view_is(method, routes[i].method))
            return routes[i].serve(exchange);
    }
    return serve_unknown(exchange, known);
}
