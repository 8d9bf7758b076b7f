/* SPDX-License-Identifier: Apache-2.0
 *
 * families: what the files of provider/ show one another: each family's two functions, as
 * provider.h's table has them, and the Messages body that Anthropic and Bedrock share. */
#ifndef ASSAY_PROVIDER_FAMILIES_H
#define ASSAY_PROVIDER_FAMILIES_H

#include "provider/compose.h"
#include "provider/provider.h"
#include "provider/understand.h"

/* Anthropic gets no max_tokens default of its own: the API wants one in every request. */
enum { ANTHROPIC_MAX_TOKENS = 1024 };

int anthropic_build(const struct provider_target *target, const struct chat *chat,
                    struct arena *arena, struct http_request *ret_request, struct err *reterr);
int anthropic_read(const struct provider_target *target, const struct http_response *response,
                   struct arena *arena, struct reply *ret_reply);

/* The body of the Messages API: with `model` and without version, or, for Bedrock, the other
 * way. */
MUST_CHECK int anthropic_write_body(const struct provider_target *target, const struct chat *chat,
                                    bool for_bedrock, struct arena *arena, struct strbuf *out,
                                    struct err *reterr);

/* Usage as each API says it; `known` where both counts are there. */
struct usage anthropic_usage(const struct json *usage);
struct usage bedrock_usage(const struct json *usage); /* Converse */
struct usage openai_usage(const struct json *usage);

/* Sets the request's target to /model/{id}/{call}. */
MUST_CHECK int bedrock_path(const struct provider_target *target, const char *call,
                            struct arena *arena, struct http_request *request, struct err *reterr);

/* InvokeModel with a Claude body; bedrock.c has the path and the choice of call. */
int bedrock_build(const struct provider_target *target, const struct chat *chat,
                  struct arena *arena, struct http_request *ret_request, struct err *reterr);
int bedrock_read(const struct provider_target *target, const struct http_response *response,
                 struct arena *arena, struct reply *ret_reply);
MUST_CHECK int bedrock_converse_body(const struct provider_target *target, const struct chat *chat,
                                     struct arena *arena, struct strbuf *out, struct err *reterr);
int bedrock_converse_read(const struct provider_target *target,
                          const struct http_response *response, struct arena *arena,
                          struct reply *ret_reply);
MUST_CHECK int bedrock_invoke_body(const struct provider_target *target, const struct chat *chat,
                                   struct arena *arena, struct strbuf *out, struct err *reterr);
int bedrock_invoke_read(const struct provider_target *target, const struct http_response *response,
                        struct arena *arena, struct reply *ret_reply);

int openai_build(const struct provider_target *target, const struct chat *chat, struct arena *arena,
                 struct http_request *ret_request, struct err *reterr);
int openai_read(const struct provider_target *target, const struct http_response *response,
                struct arena *arena, struct reply *ret_reply);

int http_template_build(const struct provider_target *target, const struct chat *chat,
                        struct arena *arena, struct http_request *ret_request, struct err *reterr);
int http_template_read(const struct provider_target *target, const struct http_response *response,
                       struct arena *arena, struct reply *ret_reply);

int exec_build(const struct provider_target *target, const struct chat *chat, struct arena *arena,
               struct http_request *ret_request, struct err *reterr);
int exec_read(const struct provider_target *target, const struct http_response *response,
              struct arena *arena, struct reply *ret_reply);

#endif
