/* SPDX-License-Identifier: Apache-2.0
 *
 * support: see support.h. */
#include "support.h"

enum { ARENA_BYTES = 64 << 20 };

void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){.err = {.code = 0}};
    arena_init(&fixture->arena, ARENA_BYTES);
}

void fixture_release(struct fixture *fixture)
{
    arena_release(&fixture->arena);
}

struct json *fixture_json(struct fixture *fixture, const char *text)
{
    struct json *root = NULL;
    struct err err = {0};

    if (json_parse(&fixture->arena, view_of(text), &root, &err) != 0)
        fail_msg("%s in %s", err.text, text);
    return root;
}

struct chat fixture_chat(struct fixture *fixture, const char *prompt, const char *system,
                         const char *params)
{
    struct chat_message *message = arena_new(&fixture->arena, 1, sizeof *message);

    *message = (struct chat_message){.role = CHAT_USER, .text = view_of(prompt)};
    return (struct chat){
        .system = view_of(system),
        .messages = message,
        .message_count = 1,
        .params = params != NULL ? fixture_json(fixture, params) : NULL,
    };
}

void expect_request(struct fixture *fixture, const struct provider_target *target,
                    const struct chat *chat, const char *path, const char *body)
{
    const struct provider *provider = provider_of(target->kind);

    if (provider->build(target, chat, &fixture->arena, &fixture->request, &fixture->err) != 0)
        fail_msg("%s", fixture->err.text);
    if (!view_is(fixture->request.target, path))
        fail_msg("target is %.*s", VIEW_ARG(fixture->request.target));
    if (body != NULL && !view_is(fixture->request.body, body))
        fail_msg("body is\n%.*s\nnot\n%s", VIEW_ARG(fixture->request.body), body);
}

void expect_refused(struct fixture *fixture, const struct provider_target *target,
                    const struct chat *chat, int code, const char *says)
{
    const struct provider *provider = provider_of(target->kind);
    int got = provider->build(target, chat, &fixture->arena, &fixture->request, &fixture->err);

    if (got != code || strstr(fixture->err.text, says) == NULL)
        fail_msg("%d %s", got, got != 0 ? fixture->err.text : "");
}

void read_response(struct fixture *fixture, const struct provider_target *target, int status,
                   const char *header, struct view body)
{
    struct http_response response = {.status = status, .body = body};
    struct view lines = view_of(header);

    while (header != NULL && lines.ptr != NULL) { /* one a line */
        struct view value = view_split(&lines, '\n');
        struct view name = view_split(&value, ':');
        assert_int_equal(http_header_add(&response.headers, name, view_trim(value)), 0);
    }
    assert_int_equal(
        provider_of(target->kind)->read(target, &response, &fixture->arena, &fixture->reply), 0);
}

void expect_text(struct fixture *fixture, const struct provider_target *target, const char *body,
                 const char *text)
{
    read_response(fixture, target, target->kind == PROVIDER_EXEC ? 0 : 200, NULL, view_of(body));
    if (fixture->reply.code != 0 || !view_is(fixture->reply.text, text))
        fail_msg("%d [%.*s] %.*s", fixture->reply.code, VIEW_ARG(fixture->reply.text),
                 VIEW_ARG(fixture->reply.error_text));
}

void expect_error(struct fixture *fixture, const struct provider_target *target, int status,
                  const char *body, int code, const char *says)
{
    read_response(fixture, target, status, NULL, view_of(body));
    const struct reply *reply = &fixture->reply;
    struct view part = view_of(says);

    if (reply->code != code
        || view_find(reply->error_text, part, 0) + part.len > reply->error_text.len)
        fail_msg("%s: %.*s", err_name(reply->code), VIEW_ARG(reply->error_text));
}
