/* SPDX-License-Identifier: Apache-2.0
 *
 * embedder_backend: what stands between the embedder's queue and whoever computes vectors. A
 * backend takes texts when it has room, and says what became of each.
 *
 * Threads: the loop's. */
#ifndef ASSAY_APP_EMBEDDER_BACKEND_H
#define ASSAY_APP_EMBEDDER_BACKEND_H

#include "app/embedder.h"
#include "base/digest.h"

struct embedder_item {
    struct digest digest;
    struct view text; /* its own copy until there is a vector */
    float *vector;
    size_t count;
    struct embedder_item *next; /* in the queue */
};

struct embedder_backend {
    /* Takes as many texts as there is room for (embedder_next). Called when texts came in. */
    void (*work)(struct embedder_backend *backend);
    void (*free)(struct embedder_backend *backend);
};

/* The next waiting text, or NULL. */
struct embedder_item *embedder_next(struct embedder *embedder);
/* Back to the head of the queue: whoever had it died. */
void embedder_again(struct embedder *embedder, struct embedder_item *item);
void embedder_done(struct embedder *embedder, struct embedder_item *item, const float *vector,
                   size_t count);
/* Nothing more can be had. */
void embedder_failed(struct embedder *embedder, int code, const char *text);

MUST_CHECK int embedder_helpers_new(struct embedder *embedder, struct loop *loop,
                                    const struct embedder_options *options,
                                    struct embedder_backend **ret_backend);
MUST_CHECK int embedder_endpoint_new(struct embedder *embedder,
                                     const struct embedder_options *options,
                                     struct embedder_backend **ret_backend);

#endif
