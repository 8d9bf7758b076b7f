/* SPDX-License-Identifier: Apache-2.0
 *
 * bedrock_embeddings: Titan's and Cohere's bodies for InvokeModel; the seam is embeddings.h.
 *
 * Titan (v1, v2): one text, {"inputText", "dimensions"?, "normalize"?} → {"embedding",
 * "inputTextTokenCount"}. Cohere (v3): up to 96 texts of 2,048 characters, {"texts", "input_type",
 * "truncate"} → {"embeddings"}; both texts of a comparison are sent as "clustering", its type for
 * comparisons without a query.
 * Source: Bedrock User Guide, "Amazon Titan Text Embeddings", "Cohere Embed". Memory: the caller's
 * arena. Threads: no state. */
#ifndef ASSAY_PROVIDER_BEDROCK_EMBEDDINGS_H
#define ASSAY_PROVIDER_BEDROCK_EMBEDDINGS_H

#include "provider/embeddings.h"

enum { COHERE_EMBEDDINGS_TEXTS_MAX = 96 };

MUST_CHECK int titan_embeddings_build(const struct provider_target *target,
                                      const struct view *texts, size_t count, struct arena *arena,
                                      struct http_request *ret_request, struct err *reterr);
MUST_CHECK int titan_embeddings_read(const struct provider_target *target,
                                     const struct http_response *response, size_t count,
                                     struct arena *arena, struct embeddings *ret_embeddings,
                                     struct reply *ret_reply);
MUST_CHECK int cohere_embeddings_build(const struct provider_target *target,
                                       const struct view *texts, size_t count, struct arena *arena,
                                       struct http_request *ret_request, struct err *reterr);
MUST_CHECK int cohere_embeddings_read(const struct provider_target *target,
                                      const struct http_response *response, size_t count,
                                      struct arena *arena, struct embeddings *ret_embeddings,
                                      struct reply *ret_reply);

#endif
