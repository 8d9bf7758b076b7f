/* SPDX-License-Identifier: Apache-2.0
 *
 * understand: what reading a response takes in every API family: a body that may be anything, the
 * request id, errors as each API says them, and texts for people that hold no secret.
 *
 * Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_PROVIDER_UNDERSTAND_H
#define ASSAY_PROVIDER_UNDERSTAND_H

#include <stdbool.h>

#include "provider/provider.h"

enum { UNDERSTAND_QUOTE_MAX = 200 }; /* characters of a body that a message quotes */

/* Starts a reply: status and request id. ERR_MEMORY. */
MUST_CHECK int understand_head(const struct http_response *response, struct arena *arena,
                               struct reply *ret_reply);

/* Starts a reply: status, request id, and the body as JSON. Returns 0 with *ret_root; or 1 where
 * the reply is complete, since the response is an error or no JSON; or ERR_MEMORY. */
MUST_CHECK int understand_json(const struct provider_target *target,
                               const struct http_response *response, struct arena *arena,
                               struct json **ret_root, struct reply *ret_reply);

/* The same without JSON: 0 with *ret_body, valid UTF-8, for a 2xx. */
MUST_CHECK int understand_body(const struct provider_target *target,
                               const struct http_response *response, struct arena *arena,
                               struct view *ret_body, struct reply *ret_reply);

/* Makes it the reply "what came cannot be understood": ERR_PROTOCOL, `what`, and how the body
 * starts. */
void understand_failed(const struct provider_target *target, const struct http_response *response,
                       struct arena *arena, struct reply *reply, const char *what);

/* The same of a body that is no JSON, with the parser's words; where it came compressed, that is
 * said instead. */
void understand_not_json(const struct provider_target *target, const struct http_response *response,
                         const struct err *err, struct arena *arena, struct reply *reply);

/* The coding of its body, which nobody asked for; empty where there is none. */
struct view understand_coding(const struct http_response *response);

/* Makes it an error reply by status, the error's type and text (errors.c). `root` may be NULL. */
void understand_error(const struct provider_target *target, const struct http_response *response,
                      const struct json *root, struct arena *arena, struct reply *reply);

/* The same for an error that came in the midst of a stream; `type` where the transport told it
 * beside the root, else empty. */
void understand_stream_error(const struct provider_target *target, struct view type,
                             const struct json *root, struct arena *arena, struct reply *reply);

/* The texts of an array's objects joined: those members `text` of items whose `type`, where they
 * have one, is "text". 0, or ERR_MEMORY. */
MUST_CHECK int understand_blocks(const struct json *blocks, struct arena *arena,
                                 struct view *ret_text);

/* A count of tokens: 0 where it is missing or negative. */
int64_t understand_count(const struct json *value);

/* The text made fit for a message: valid UTF-8, control characters as spaces, at most `most`
 * characters, and the target's key and header values as ***. Static text where memory is out. */
const char *understand_printable(const struct provider_target *target, struct view text,
                                 size_t most, struct arena *arena);

#endif
