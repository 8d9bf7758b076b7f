/* SPDX-License-Identifier: Apache-2.0
 *
 * embeddings: texts into vectors, whichever API has the model: an OpenAI-style endpoint (POST
 * {url}/embeddings), or Titan and Cohere on Bedrock (InvokeModel).
 *
 * Pure: builds and reads bytes. Memory: the caller's arena. Threads: no state.
 * Limits: embeddings_batch texts a request, EMBEDDINGS_DIMENSIONS_MAX dimensions.
 * Source: OpenAI API reference; Bedrock User Guide, "Amazon Titan Text Embeddings", "Cohere
 * Embed". */
#ifndef ASSAY_PROVIDER_EMBEDDINGS_H
#define ASSAY_PROVIDER_EMBEDDINGS_H

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

/* How many texts fit one request to that target: 1 for Titan, 96 for Cohere, 2,048 for OpenAI. 0
 * where the target's API or model has no embeddings, with reterr saying which have. */
size_t embeddings_batch(const struct provider_target *target, struct err *reterr);

/* The request: views into the arena. The target's params (dimensions, …) go along. ERR_CONFIG with
 * the remedy, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int embeddings_build(const struct provider_target *target, const struct view *texts,
                                size_t count, struct arena *arena, struct http_request *ret_request,
                                struct err *reterr);

/* The vectors of `count` texts, or a reply with a code where the server refused or what came cannot
 * be understood (ret_embeddings is then empty). ret_reply->usage.tokens_in is what was counted.
 * Fails with ERR_MEMORY only. */
MUST_CHECK int embeddings_read(const struct provider_target *target,
                               const struct http_response *response, size_t count,
                               struct arena *arena, struct embeddings *ret_embeddings,
                               struct reply *ret_reply);

#endif
