/* SPDX-License-Identifier: Apache-2.0
 *
 * openai_embeddings: texts into vectors by any OpenAI-style endpoint: POST {url}/embeddings.
 *
 * Pure: builds and reads bytes. Memory: the caller's arena. Threads: no state.
 * Limits: 2,048 texts a request (the API's), 16,384 dimensions. */
#ifndef ASSAY_PROVIDER_OPENAI_EMBEDDINGS_H
#define ASSAY_PROVIDER_OPENAI_EMBEDDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "provider/chat.h"
#include "provider/provider.h"
#include "wire/http.h"

enum { EMBEDDINGS_TEXTS_MAX = 2048, EMBEDDINGS_DIMENSIONS_MAX = 16384 };

struct embeddings {
    const float
        *values; /* count × dimensions, in the order of the texts, as the server gave them */
    size_t count;
    size_t dimensions;
};

/* The request: views into the arena. The target's params (dimensions, …) go along. ERR_CONFIG with
 * the remedy, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int openai_embeddings_build(const struct provider_target *target,
                                       const struct view *texts, size_t count, struct arena *arena,
                                       struct http_request *ret_request, struct err *reterr);

/* The vectors of `count` texts, or a reply with a code where the server refused or what came cannot
 * be understood (ret_embeddings is then empty). ret_reply->usage.tokens_in is what was counted.
 * Fails with ERR_MEMORY only. */
MUST_CHECK int openai_embeddings_read(const struct provider_target *target,
                                      const struct http_response *response, size_t count,
                                      struct arena *arena, struct embeddings *ret_embeddings,
                                      struct reply *ret_reply);

#endif
