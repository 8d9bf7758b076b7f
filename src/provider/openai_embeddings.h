/* SPDX-License-Identifier: Apache-2.0
 *
 * openai_embeddings: the bodies of any OpenAI-style endpoint, POST {url}/embeddings; the seam is
 * embeddings.h. Source: OpenAI API reference. Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_PROVIDER_OPENAI_EMBEDDINGS_H
#define ASSAY_PROVIDER_OPENAI_EMBEDDINGS_H

#include "provider/embeddings.h"

MUST_CHECK int openai_embeddings_build(const struct provider_target *target,
                                       const struct view *texts, size_t count, struct arena *arena,
                                       struct http_request *ret_request, struct err *reterr);

MUST_CHECK int openai_embeddings_read(const struct provider_target *target,
                                      const struct http_response *response, size_t count,
                                      struct arena *arena, struct embeddings *ret_embeddings,
                                      struct reply *ret_reply);

#endif
