/* SPDX-License-Identifier: Apache-2.0
 *
 * compose: what building a request takes in every API family: parameters of target and chat merged
 * under the names the API knows, the path, the headers, the messages.
 *
 * A parameter is never dropped silently: it is sent, or the request is refused with the remedy. One
 * whose value is null is left out, so that a chat can take back what its target sets.
 * Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_PROVIDER_COMPOSE_H
#define ASSAY_PROVIDER_COMPOSE_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "provider/provider.h"

enum { COMPOSE_BODY_BYTES_MAX = 32 * 1024 * 1024 };

/* Where a parameter goes; only Converse has more than one place. */
enum param_place {
    PARAM_TOP,       /* a member of the body */
    PARAM_INFERENCE, /* of inferenceConfig */
    PARAM_EXTRA,     /* of additionalModelRequestFields */
    PARAM_REFUSED,   /* the request writes it itself */
};

/* One name that may be given; tables of these end in a row whose name is NULL, which says where
 * every other name goes. */
struct param_rule {
    const char *name;
    const char *sent; /* NULL: the same name */
    enum param_place place;
    bool as_list; /* a single value becomes a list of one */
};

struct param {
    struct view given;
    struct view sent;
    enum param_place place;
    bool as_list;
    const struct json *value;
    const struct json *object; /* that it is a member of */
};

struct params {
    struct param *items;
    size_t count;
};

/* The parameters of the target, replaced by those of the chat where both have one. ERR_CONFIG for
 * what the rules refuse, for two names of one thing, and for params that are no object. */
MUST_CHECK int compose_params(const struct provider_target *target, const struct chat *chat,
                              const struct param_rule *rules, struct arena *arena,
                              struct params *ret_params, struct err *reterr);

/* True where some parameter goes to that place. */
bool compose_has(const struct params *params, enum param_place place);
/* True where the parameter is sent under that name. */
bool compose_sends(const struct params *params, const char *sent);
/* Writes the members of one place into the object that the writer is in. */
void compose_write_params(struct json_writer *writer, const struct params *params,
                          enum param_place place);

/* How an API wants its messages. */
enum compose_messages {
    COMPOSE_TEXTS,       /* content is a string */
    COMPOSE_BLOCKS,      /* content is [{"text": …}] */
    COMPOSE_WITH_SYSTEM, /* strings, and the system text is the first message */
};

/* [{"role","content"}, …] */
void compose_write_messages(struct json_writer *writer, const struct chat *chat,
                            enum compose_messages how);
/* [{"text": …}] */
void compose_write_blocks(struct json_writer *writer, struct view text);

/* The target on the wire: path of the url, then `path`, then the query of the url. `path` is left
 * out where the url's path ends in it already. */
MUST_CHECK int compose_target(const struct provider_target *target, const char *path,
                              struct arena *arena, struct view *ret_target, struct err *reterr);

/* The target's own headers, which take the place of ours of the same name and of those that the
 * request has already; Content-Type where there is a body; Accept, for JSON unless the request has
 * one; and, where api_key is set, `key_header: key_prefix<key>`. */
MUST_CHECK int compose_headers(const struct provider_target *target, const char *content_type,
                               const char *key_header, const char *key_prefix, struct arena *arena,
                               struct http_request *request, struct err *reterr);

/* Moves the body into the arena. ERR_LIMIT, ERR_MEMORY with reterr. Releases `body` always. */
MUST_CHECK int compose_take_body(const struct provider_target *target, struct strbuf *body,
                                 struct arena *arena, struct http_request *request,
                                 struct err *reterr);

/* The text of the last message of the user; empty where there is none. */
struct view compose_prompt(const struct chat *chat);

/* ERR_CONFIG with the remedy where the target has no model or the chat no messages. */
MUST_CHECK int compose_check(const struct provider_target *target, const struct chat *chat,
                             bool needs_model, struct err *reterr);

/* fail() with "target 'name': " before the text. */
int compose_fail(const struct provider_target *target, struct err *reterr, int code,
                 const char *format, ...) PRINTF_LIKE(4, 5);

#endif
