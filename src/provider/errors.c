/* SPDX-License-Identifier: Apache-2.0
 *
 * errors: what providers' errors mean to us, as one table read from the top: the first row whose
 * status, type and text all fit says the code, whether to try again, and what to do.
 *
 * Types and texts are those of Bedrock Runtime, Anthropic and OpenAI; matched without case. */
#include "base/date.h"
#include "provider/understand.h"

enum { MESSAGE_CHARACTERS_MAX = 500, RETRY_AFTER_S_MAX = 24 * 60 * 60 };

struct rule {
    int status;       /* 0: any; 1 to 9: that hundred */
    const char *type; /* part of the error's type or code; NULL: any */
    const char *text; /* part of the error's message; NULL: any */
    int code;
    bool may_retry;
    const char *remedy;
};

#define CURRENT_MODEL "name a current model or inference profile"
#define CHECK_KEY "check the key or credentials, and what they may do"

static const struct rule rules[] = {
    {0, NULL, "end of its life", ERR_GONE, false, CURRENT_MODEL},
    {0, NULL, "end of life", ERR_GONE, false, CURRENT_MODEL},
    {0, NULL, "as legacy", ERR_GONE, false, CURRENT_MODEL},
    {0, NULL, "has been deprecated", ERR_GONE, false, CURRENT_MODEL},
    {0, NULL, "decommissioned", ERR_GONE, false, CURRENT_MODEL},
    {0, NULL, "model identifier is invalid", ERR_GONE, false, CURRENT_MODEL},
    {0, NULL, "on-demand throughput", ERR_REFUSED, false,
     "name an inference profile instead of the model, such as us.<model> or its ARN"},
    {0, "model_not_found", NULL, ERR_GONE, false, CURRENT_MODEL},
    {0, "ResourceNotFound", NULL, ERR_GONE, false, CURRENT_MODEL},
    {0, "not_found_error", NULL, ERR_GONE, false, CURRENT_MODEL},
    {0, "ExpiredToken", NULL, ERR_DENIED, false, "the credentials have expired; renew them"},
    {0, NULL, "security token included in the request is expired", ERR_DENIED, false,
     "the credentials have expired; renew them"},
    {0, "InvalidSignature", NULL, ERR_DENIED, false,
     "check the secret key, the region and this machine's clock"},
    {0, "RequestExpired", NULL, ERR_DENIED, false, "check this machine's clock"},
    {0, "insufficient_quota", NULL, ERR_THROTTLED, false,
     "the account's credit is used up; add to it or use another key"},
    {0, "ServiceQuotaExceeded", NULL, ERR_THROTTLED, false, "ask for a higher quota"},
    {401, NULL, NULL, ERR_DENIED, false, CHECK_KEY},
    {402, NULL, NULL, ERR_DENIED, false, "the account must be paid up"},
    {403, NULL, NULL, ERR_DENIED, false, CHECK_KEY},
    {0, "AccessDenied", NULL, ERR_DENIED, false, CHECK_KEY},
    {0, "UnrecognizedClient", NULL, ERR_DENIED, false, CHECK_KEY},
    {0, "authentication_error", NULL, ERR_DENIED, false, CHECK_KEY},
    {0, "permission_error", NULL, ERR_DENIED, false, CHECK_KEY},
    {0, "invalid_api_key", NULL, ERR_DENIED, false, CHECK_KEY},
    {429, NULL, NULL, ERR_THROTTLED, true, "ask more slowly or ask for a higher quota"},
    {0, "Throttling", NULL, ERR_THROTTLED, true, "ask more slowly or ask for a higher quota"},
    {0, "ModelNotReady", NULL, ERR_THROTTLED, true, "the model is being loaded; try again"},
    {0, "rate_limit", NULL, ERR_THROTTLED, true, "ask more slowly or ask for a higher quota"},
    {404, NULL, NULL, ERR_GONE, false, "check the url, and " CURRENT_MODEL},
    {410, NULL, NULL, ERR_GONE, false, CURRENT_MODEL},
    {408, NULL, NULL, ERR_TIMEOUT, true, "the model took too long; ask for less (max_tokens)"},
    {504, NULL, NULL, ERR_TIMEOUT, true, "the service took too long; ask for less (max_tokens)"},
    {413, NULL, NULL, ERR_REFUSED, false, "the request is too large; shorten the prompt"},
    {0, "request_too_large", NULL, ERR_REFUSED, false,
     "the request is too large; shorten the prompt"},
    {409, NULL, NULL, ERR_UPSTREAM, true, "try again"},
    {424, NULL, NULL, ERR_UPSTREAM, true, "the model failed; try again"},
    {425, NULL, NULL, ERR_UPSTREAM, true, "try again"},
    {501, NULL, NULL, ERR_UNSUPPORTED, false,
     "the service does not offer this call; check the url"},
    {505, NULL, NULL, ERR_UNSUPPORTED, false, "the service does not speak HTTP/1.1"},
    {5, NULL, NULL, ERR_UPSTREAM, true, "the service failed; try again later"},
    {0, "overloaded_error", NULL, ERR_UPSTREAM, true, "the service is overloaded; try again later"},
    {0, "api_error", NULL, ERR_UPSTREAM, true, "the service failed; try again later"},
    {0, "server_error", NULL, ERR_UPSTREAM, true, "the service failed; try again later"},
    {0, "ModelTimeout", NULL, ERR_TIMEOUT, true,
     "the model took too long; ask for less (max_tokens)"},
    {0, "ModelStreamError", NULL, ERR_UPSTREAM, true, "the model failed; try again"},
    {0, "ModelError", NULL, ERR_UPSTREAM, true, "the model failed; try again"},
    {0, "InternalServer", NULL, ERR_UPSTREAM, true, "the service failed; try again later"},
    {0, "ServiceUnavailable", NULL, ERR_UPSTREAM, true, "the service failed; try again later"},
    {4, NULL, NULL, ERR_REFUSED, false, "check the prompt and its parameters"},
    {0, "invalid_request", NULL, ERR_REFUSED, false, "check the prompt and its parameters"},
    {0, "ValidationException", NULL, ERR_REFUSED, false, "check the prompt and its parameters"},
    {3, NULL, NULL, ERR_PROTOCOL, false,
     "a redirect is not followed; write the final address into url"},
    {2, NULL, NULL, ERR_UPSTREAM, false, "the service reports an error in its answer"},
    {0, NULL, NULL, ERR_PROTOCOL, false, "check the url"},
};

struct told {
    struct view type;
    struct view code; /* OpenAI's second word for it */
    struct view message;
};

static bool contains(struct view text, const char *part)
{
    size_t len = strlen(part);

    for (size_t at = 0; at + len <= text.len; at++) {
        if (view_equal_nocase(view_slice(text, at, at + len), view_make(part, len)))
            return true;
    }
    return false;
}

static bool fits(const struct rule *rule, int status, const struct told *told)
{
    if (rule->status != 0 && rule->status != status && rule->status != status / 100)
        return false;
    if (rule->type != NULL && !contains(told->type, rule->type)
        && !contains(told->code, rule->type))
        return false;
    return rule->text == NULL || contains(told->message, rule->text);
}

/* "ValidationException:http://…" and "com.amazon…#ValidationException" to the name alone. */
static struct view bare_type(struct view type)
{
    size_t hash = view_find_byte(type, '#');

    if (hash < type.len)
        type = view_slice(type, hash + 1, type.len);
    return view_slice(type, 0, view_find_byte(type, ':'));
}

static struct view first_text(const struct json *object, const char *const *names)
{
    for (; *names != NULL; names++) {
        const struct json *value = json_get(object, *names);
        if (json_is(value, JSON_STRING) && value->text.len != 0)
            return value->text;
    }
    return (struct view){0};
}

/* The type and message, wherever this API puts them. */
static struct told told_by(const struct http_response *response, const struct json *root)
{
    static const char *const types[] = {"type", "__type", "code", "status", NULL};
    static const char *const messages[] = {"message", "Message", "detail", "error", "msg", NULL};
    const struct json *error = json_get(root, "error");
    bool nested = json_is(error, JSON_OBJECT);
    struct told told = {
        .type = bare_type(http_header_get(&response->headers, "x-amzn-errortype")),
        .message = first_text(nested ? error : root, messages),
    };

    if (told.type.len == 0)
        told.type = bare_type(first_text(nested ? error : root, types));
    if (nested)
        told.code = json_text(json_get(error, "code"), (struct view){0});
    return told;
}

/* Retry-After as a date, by the server's own clock: nobody else's is known here. */
static uint64_t retry_after_date_ns(const struct http_headers *headers)
{
    int64_t now_s;
    int64_t then_s;

    if (date_parse_http(view_trim(http_header_get(headers, "date")), &now_s) != 0
        || date_parse_http(view_trim(http_header_get(headers, "retry-after")), &then_s) != 0
        || then_s <= now_s)
        return 0;
    double wait_s = (double)(then_s - now_s);
    return (uint64_t)((wait_s < RETRY_AFTER_S_MAX ? wait_s : RETRY_AFTER_S_MAX) * 1e9);
}

static uint64_t retry_after_ns(const struct http_headers *headers)
{
    static const struct {
        const char *name;
        int64_t ns;
    } kinds[] = {
        {"x-amz-retry-after", 1000000}, {"retry-after-ms", 1000000}, {"retry-after", 1000000000}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        double value;
        struct view text = view_trim(http_header_get(headers, kinds[i].name));
        if (text.len == 0 || view_to_double(text, &value) != 0 || value <= 0)
            continue;
        double most = RETRY_AFTER_S_MAX * (1e9 / (double)kinds[i].ns);
        return (uint64_t)((value < most ? value : most) * (double)kinds[i].ns);
    }
    return retry_after_date_ns(headers);
}

/* `where` opens the text. */
static void become_error(const struct provider_target *target, const struct told *told, int status,
                         const char *where, struct view otherwise, struct arena *arena,
                         struct reply *reply)
{
    const struct rule *rule = rules;
    while (!fits(rule, status, told))
        rule++;

    struct view type = told->type.len != 0 ? told->type : told->code;
    bool says = told->message.len != 0;
    const char *shown_type = understand_printable(target, type, 60, arena);
    const char *message =
        understand_printable(target, says ? told->message : otherwise,
                             says ? MESSAGE_CHARACTERS_MAX : UNDERSTAND_QUOTE_MAX, arena);
    bool gone = rule->code == ERR_GONE && target->model.len != 0;
    const char *text = arena_printf(
        arena, "%s%s%s%s%s%s; %s%s%.*s%s", where, shown_type[0] != '\0' ? " " : "", shown_type,
        message[0] != '\0' ? ": " : "", says || message[0] == '\0' ? "" : "body ", message,
        rule->remedy, gone ? " (model '" : "",
        VIEW_ARG(gone ? target->model : (struct view)VIEW("")), gone ? "')" : "");
    reply->code = rule->code;
    reply->may_retry = rule->may_retry;
    reply->text = (struct view){0};
    reply->error_type = view_of(shown_type);
    reply->error_text = view_of(text != NULL ? text : err_text(rule->code));
}

/* "HTTP 500"; of a redirect also where to. */
static const char *status_text(const struct provider_target *target,
                               const struct http_response *response, struct arena *arena)
{
    struct view location = view_trim(http_header_get(&response->headers, "location"));
    const char *text = NULL;

    if (response->status / 100 == 3 && location.len > 0)
        text = arena_printf(arena, "HTTP %d to %s", response->status,
                            understand_printable(target, location, UNDERSTAND_QUOTE_MAX, arena));
    else
        text = arena_printf(arena, "HTTP %d", response->status);
    return text != NULL ? text : "HTTP";
}

void understand_error(const struct provider_target *target, const struct http_response *response,
                      const struct json *root, struct arena *arena, struct reply *reply)
{
    struct told told = told_by(response, root);
    bool unreadable = root == NULL && understand_coding(response).len > 0;
    struct view body = unreadable ? (struct view)VIEW("that is compressed, which nobody asked for")
                                  : response->body;

    become_error(target, &told, response->status, status_text(target, response, arena), body, arena,
                 reply);
    reply->retry_after_ns = retry_after_ns(&response->headers);
}

void understand_stream_error(const struct provider_target *target, struct view type,
                             const struct json *root, struct arena *arena, struct reply *reply)
{
    static const struct http_response none = {.status = 200};
    struct told told = told_by(&none, root);

    if (type.len != 0)
        told.type = bare_type(type);
    become_error(target, &told, none.status,
                 "the answer broke off with an error:", (struct view){0}, arena, reply);
}
