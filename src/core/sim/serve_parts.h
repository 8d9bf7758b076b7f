/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_parts: what the API families of serve.c share: one exchange, its outcome, reading text out
 * of content. Private to serve*.c.
 *
 * Pure. Memory: the exchange's arena. Threads: one owner. */
#ifndef ASSAY_CORE_SIM_SERVE_PARTS_H
#define ASSAY_CORE_SIM_SERVE_PARTS_H

#include "base/strbuf.h"
#include "core/sim/serve.h"

enum { SERVE_MESSAGES_MAX = 10000 };

struct exchange {
    const struct sim *sim;
    const struct http_request *request;
    struct view path;        /* without the query, still encoded */
    const struct json *body; /* NULL where the request has none or it is no JSON */
    uint64_t serial;
    uint64_t sample; /* of x-assay-sample */
    struct arena *arena;
    struct http_response *response;
    uint64_t latency_ns;
    uint64_t id; /* of the request: the same for the same server, request and serial */
};

/* Each answers the exchange (fills response, latency_ns) and returns 0 or ERR_MEMORY. */
MUST_CHECK int serve_bedrock(struct exchange *exchange);
MUST_CHECK int serve_openai_chat(struct exchange *exchange);
MUST_CHECK int serve_openai_models(struct exchange *exchange);
MUST_CHECK int serve_openai_model(struct exchange *exchange);

/* An OpenAI error object; param and code may be NULL. */
MUST_CHECK int serve_openai_error(struct exchange *exchange, int status, const char *type,
                                  const char *param, const char *code, struct view message);

/* Puts the JSON that out holds into the response and releases out. */
MUST_CHECK int serve_json(struct exchange *exchange, int status, struct strbuf *out);

/* Adds a header; value is copied. ERR_MEMORY. */
MUST_CHECK int serve_header(struct exchange *exchange, const char *name, struct view value);

/* Reads a string or an array of parts with text ({"text": …}, also "content" of tool results) into
 * one text, parts on lines of their own. False where it is neither. *code gets ERR_MEMORY. */
bool serve_content(struct exchange *exchange, const struct json *content, struct view *ret_text,
                   int *code);

/* Asks the model: the chat's params and system as given. */
MUST_CHECK int serve_ask(struct exchange *exchange, struct chat *chat, struct view model,
                         struct reply *ret_reply);

#endif
