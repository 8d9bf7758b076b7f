/* SPDX-License-Identifier: Apache-2.0
 *
 * support: what the tests of provider/ share: an arena, a chat, building and reading in one
 * line. */
#ifndef TESTS_UNIT_PROVIDER_SUPPORT_H
#define TESTS_UNIT_PROVIDER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "provider/provider.h"

struct fixture {
    struct arena arena;
    struct http_request request;
    struct reply reply;
    struct err err;
};

/* Empties the fixture for the next case. */
void fixture_init(struct fixture *fixture);
void fixture_release(struct fixture *fixture);

/* JSON text as a tree. */
struct json *fixture_json(struct fixture *fixture, const char *text);

/* One user message, and a system text where it is not NULL; params as JSON text or NULL. */
struct chat fixture_chat(struct fixture *fixture, const char *prompt, const char *system,
                         const char *params);

/* Builds and expects this target and body (NULL: whatever). */
void expect_request(struct fixture *fixture, const struct provider_target *target,
                    const struct chat *chat, const char *path, const char *body);

/* Builds and expects an error whose text has this part. */
void expect_refused(struct fixture *fixture, const struct provider_target *target,
                    const struct chat *chat, int code, const char *says);

/* Reads a response with this status and body; `headers` is "Name: value" or NULL. */
void read_response(struct fixture *fixture, const struct provider_target *target, int status,
                   const char *header, struct view body);

/* Reads and expects an answer with this text. */
void expect_text(struct fixture *fixture, const struct provider_target *target, const char *body,
                 const char *text);

/* Reads and expects an error reply whose text has this part. */
void expect_error(struct fixture *fixture, const struct provider_target *target, int status,
                  const char *body, int code, const char *says);

#endif
