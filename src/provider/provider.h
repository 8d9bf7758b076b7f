/* SPDX-License-Identifier: Apache-2.0
 *
 * provider: one row for each API family: how a chat becomes a request, and a response a reply.
 *
 * Pure: builds and reads bytes, never sends. Signing (wire/sigv4) happens when a request is sent,
 * since a signature carries the time. Threads: no shared state. */
#ifndef ASSAY_PROVIDER_PROVIDER_H
#define ASSAY_PROVIDER_PROVIDER_H

#include "base/arena.h"
#include "base/err.h"
#include "provider/chat.h"
#include "wire/http.h"
#include "wire/json.h"

enum provider_kind {
    PROVIDER_BEDROCK,
    PROVIDER_ANTHROPIC,
    PROVIDER_OPENAI,
    PROVIDER_HTTP,
    PROVIDER_WEBSOCKET,
    PROVIDER_EXEC,
    PROVIDER_SIM,
};

/* Which call of a family; `api:` of a target. */
enum provider_api {
    PROVIDER_API_DEFAULT,  /* bedrock: converse; openai: chat; anthropic: messages */
    PROVIDER_API_INVOKE,   /* bedrock: InvokeModel with the model's own body */
    PROVIDER_API_CONVERSE, /* bedrock: Converse */
};

/* What a provider must know of a target. The views belong to whoever filled it (settings). */
struct provider_target {
    enum provider_kind kind;
    enum provider_api api;
    struct view name;    /* as the configuration calls it, for messages */
    struct view model;   /* id, inference profile or ARN */
    struct view region;  /* bedrock */
    struct view url;     /* endpoint or base URL; empty: the provider's own */
    struct view api_key; /* secret: never printed; empty: none */
    struct view method;  /* http: GET, POST, … */
    struct view body;    /* http: template, `{{json prompt}}`, `{{json system}}`, `{{prompt}}` */
    struct view text; /* http: where the answer's text is, "answer.text"; empty: the whole body */
    const struct json *headers; /* further headers, object of strings; NULL: none */
    const struct json *params;  /* parameters that every chat of this target gets; NULL: none */
};

struct provider {
    const char *name;
    const char *default_url; /* with {region}; NULL where a url must be given or none is needed */
    bool signs;              /* SigV4 where no api_key is given */
    const char *service;     /* SigV4 signing name */
    /* The request: views into the arena. ERR_CONFIG with the remedy where the target cannot carry
     * the chat. */
    int (*build)(const struct provider_target *target, const struct chat *chat, struct arena *arena,
                 struct http_request *ret_request, struct err *reterr);
    /* The reply: views into the arena or the response. An answer that cannot be understood is a
     * reply with a code, not a failure; fails with ERR_MEMORY only. */
    int (*read)(const struct provider_target *target, const struct http_response *response,
                struct arena *arena, struct reply *ret_reply);
};

/* The row of a kind; never NULL. exec's request and response are bodies alone; sim and websocket
 * build nothing (build is NULL). */
const struct provider *provider_of(enum provider_kind kind);

/* The kind of that name; ERR_INVALID for none. */
MUST_CHECK int provider_kind_of(struct view name, enum provider_kind *ret_kind);

/* Scheme, host, port and path prefix of the target's url, or of the provider's default with the
 * region filled in. ERR_CONFIG with the remedy for a url that is none. */
struct provider_address {
    bool tls;
    struct view host;
    uint16_t port;
    struct view prefix; /* path without a closing slash, "" or "/v1" */
};
MUST_CHECK int provider_address_of(const struct provider_target *target, struct arena *arena,
                                   struct provider_address *ret_address, struct err *reterr);

#endif
