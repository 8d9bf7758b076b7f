/* SPDX-License-Identifier: Apache-2.0
 *
 * understand: see understand.h. */
#include "provider/understand.h"

#include "base/utf8.h"

static const char *const request_id_headers[] = {
    "x-amzn-requestid", "request-id", "x-request-id", "x-amzn-request-id", "x-amz-request-id",
};

/* Bytes to spare in an arena before a body is called too large for it rather than memory short. */
enum { ARENA_SPARE_BYTES = 64 * 1024, SECRET_BYTES_MIN = 6, CODING_MAX = 40 };

/* ---- texts for people ----------------------------------------------------------------------- */

/* How many bytes a secret takes at the start of `text`; 0 where none starts there. */
static size_t secret_at(const struct provider_target *target, struct view text)
{
    if (target->api_key.len >= SECRET_BYTES_MIN && view_starts(text, target->api_key))
        return target->api_key.len;
    if (!json_is(target->headers, JSON_OBJECT))
        return 0;
    for (const struct json *header = target->headers->child; header != NULL;
         header = header->next) {
        if (json_is(header, JSON_STRING) && header->text.len >= SECRET_BYTES_MIN
            && view_starts(text, header->text))
            return header->text.len;
    }
    return 0;
}

const char *understand_printable(const struct provider_target *target, struct view text,
                                 size_t most, struct arena *arena)
{
    struct strbuf out;
    struct view copy;
    size_t at = 0;
    size_t count = 0;
    strbuf_init(&out, 8 * most + 16);

    text = view_trim(text);
    for (; at < text.len && count < most; count++) {
        size_t secret = secret_at(target, view_slice(text, at, text.len));
        if (secret != 0) {
            strbuf_add_text(&out, "***");
            at += secret;
            continue;
        }
        uint32_t codepoint = utf8_next(text, &at, NULL);
        bool control = codepoint < 0x20 || (codepoint >= 0x7f && codepoint < 0xa0)
                       || (codepoint >= 0x2028 && codepoint <= 0x202e);
        strbuf_add_codepoint(&out, control ? ' ' : codepoint);
    }
    if (at < text.len)
        strbuf_add_text(&out, "…");
    bool kept = strbuf_status(&out) == 0 && arena_copy(arena, strbuf_view(&out), &copy) == 0;
    strbuf_release(&out);
    return kept ? copy.ptr : "(no memory to quote it)";
}

static void fail_reply(struct reply *reply, const char *text)
{
    reply->code = ERR_PROTOCOL;
    reply->may_retry = false;
    reply->text = (struct view){0};
    reply->error_text = view_of(text != NULL ? text : err_text(ERR_PROTOCOL));
}

void understand_failed(const struct provider_target *target, const struct http_response *response,
                       struct arena *arena, struct reply *reply, const char *what)
{
    const char *start = understand_printable(target, response->body, UNDERSTAND_QUOTE_MAX, arena);
    const char *text = arena_printf(arena, "%s; the answer starts '%s'", what, start);

    if (response->body.len == 0)
        text = arena_printf(arena, "%s; the answer is empty", what);
    fail_reply(reply, text);
}

struct view understand_coding(const struct http_response *response)
{
    struct view coding = view_trim(http_header_get(&response->headers, "content-encoding"));

    return view_equal_nocase(coding, (struct view)VIEW("identity")) ? (struct view){0} : coding;
}

void understand_not_json(const struct provider_target *target, const struct http_response *response,
                         const struct err *err, struct arena *arena, struct reply *reply)
{
    struct view coding = understand_coding(response);
    struct err exact = *err;

    if (coding.len > 0) {
        fail_reply(reply, arena_printf(arena,
                                       "the answer is compressed (%s) though nobody asked for "
                                       "that; let the server, or what is before it, not compress",
                                       understand_printable(target, coding, CODING_MAX, arena)));
        return;
    }
    if (reply->text_repaired && json_valid(response->body, &exact)) /* its words, of what came */
        exact = *err;
    const char *what = arena_printf(arena, "the answer is not JSON (%s)", exact.text);
    understand_failed(target, response, arena, reply,
                      what != NULL ? what : "the answer is not JSON");
}

/* ---- the body ------------------------------------------------------------------------------- */

/* Invalid bytes become U+FFFD; a valid body is left where it is. */
static int repair(struct view body, struct arena *arena, struct view *ret_body, bool *ret_repaired)
{
    size_t bad_at = 0;
    struct strbuf out;

    *ret_repaired = !utf8_valid(body, &bad_at);
    *ret_body = body;
    if (!*ret_repaired)
        return 0;
    strbuf_init(&out, 3 * body.len);
    strbuf_add(&out, view_slice(body, 0, bad_at));
    while (bad_at < body.len)
        strbuf_add_codepoint(&out, utf8_next(body, &bad_at, NULL));
    int code = strbuf_status(&out);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&out), ret_body);
    strbuf_release(&out);
    return code;
}

/* The body did not fit: an answer that is too large is an answer's fault, too little memory is
 * ours. */
static int no_room(const struct http_response *response, const struct arena *arena,
                   struct reply *reply)
{
    if (arena->limit - arena->used > 4 * response->body.len + ARENA_SPARE_BYTES)
        return ERR_MEMORY;
    reply->code = ERR_LIMIT;
    reply->error_text = (struct view)VIEW("the answer is larger than the memory set aside for one");
    return 1;
}

int understand_head(const struct http_response *response, struct arena *arena,
                    struct reply *ret_reply)
{
    struct reply reply = {.http_status = response->status, .stop = STOP_UNKNOWN};
    int code = 0;

    for (size_t i = 0; i < sizeof request_id_headers / sizeof request_id_headers[0]; i++) {
        struct view id = http_header_get(&response->headers, request_id_headers[i]);
        if (id.len == 0)
            continue;
        code = arena_copy(arena, id, &reply.request_id);
        break;
    }
    if (code == 0)
        *ret_reply = reply;
    return code;
}

static bool is_success(int status)
{
    return status == 0 || status / 100 == 2;
}

int understand_body(const struct provider_target *target, const struct http_response *response,
                    struct arena *arena, struct view *ret_body, struct reply *ret_reply)
{
    struct view body;

    if (understand_head(response, arena, ret_reply) != 0)
        return ERR_MEMORY;
    if (repair(response->body, arena, &body, &ret_reply->text_repaired) != 0)
        return no_room(response, arena, ret_reply);
    if (is_success(response->status)) {
        *ret_body = body;
        return 0;
    }
    struct json *root = NULL;
    int code = json_parse(arena, body, &root, NULL);
    if (code == ERR_MEMORY)
        return no_room(response, arena, ret_reply);
    understand_error(target, response, code == 0 ? root : NULL, arena, ret_reply);
    return 1;
}

int understand_json(const struct provider_target *target, const struct http_response *response,
                    struct arena *arena, struct json **ret_root, struct reply *ret_reply)
{
    struct view body;
    struct err err = {0};
    int code = understand_body(target, response, arena, &body, ret_reply);

    if (code != 0)
        return code;
    code = json_parse(arena, body, ret_root, &err);
    if (code == 0)
        return 0;
    if (code == ERR_MEMORY)
        return no_room(response, arena, ret_reply);
    understand_not_json(target, response, &err, arena, ret_reply);
    return 1;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static bool is_text_block(const struct json *block)
{
    const struct json *type = json_get(block, "type");

    return json_is(json_get(block, "text"), JSON_STRING)
           && (type == NULL || view_is(json_text(type, (struct view){0}), "text"));
}

int understand_blocks(const struct json *blocks, struct arena *arena, struct view *ret_text)
{
    struct strbuf all;
    const struct json *only = NULL;
    size_t count = 0;
    size_t bytes = 0;

    for (const struct json *block = blocks->child; block != NULL; block = block->next) {
        if (!is_text_block(block))
            continue;
        only = json_get(block, "text");
        bytes += only->text.len;
        count++;
    }
    *ret_text = only != NULL ? only->text : (struct view)VIEW("");
    if (count < 2)
        return 0;
    strbuf_init(&all, bytes);
    for (const struct json *block = blocks->child; block != NULL; block = block->next) {
        if (is_text_block(block))
            strbuf_add(&all, json_get(block, "text")->text);
    }
    int code = strbuf_status(&all);
    if (code == 0)
        code = arena_copy(arena, strbuf_view(&all), ret_text);
    strbuf_release(&all);
    return code == 0 ? 0 : ERR_MEMORY;
}

int64_t understand_count(const struct json *value)
{
    int64_t count = json_int(value, 0);

    return count > 0 ? count : 0;
}
