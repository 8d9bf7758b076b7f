/* SPDX-License-Identifier: Apache-2.0
 *
 * cache: embeddings by the SHA-256 of their text, in a SQLite file of its own that may be deleted
 * at any time: a vector that was computed once is never computed again.
 *
 * Codes as in store.h. Memory: SQLite's. Threads: one owner a cache. Limit: 65,536 numbers a
 * vector. */
#ifndef ASSAY_SHELL_STORE_CACHE_H
#define ASSAY_SHELL_STORE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/view.h"

struct cache;

/* Opens the file, creating it and its folder. */
MUST_CHECK int cache_open(const char *path, struct cache **ret_cache, struct err *reterr);

/* NULL is fine. An open transaction is rolled back. */
void cache_close(struct cache *cache);

/* Many puts as one step on disk. Do not nest. */
MUST_CHECK int cache_begin(struct cache *cache, struct err *reterr);
MUST_CHECK int cache_commit(struct cache *cache, struct err *reterr);

/* The vector that `scorer` (a name with its version, "e5-small-q4/1") made of the text with that
 * digest, into `vector`, which has room for so many numbers. ERR_MISSING where there is none;
 * ERR_INVALID where it is longer or damaged. */
MUST_CHECK int cache_get_vector(struct cache *cache, struct view scorer,
                                const struct digest *digest, float *vector, size_t room,
                                size_t *ret_count, struct err *reterr);

/* Adds or replaces one. */
MUST_CHECK int cache_put_vector(struct cache *cache, struct view scorer,
                                const struct digest *digest, const float *vector, size_t count,
                                struct err *reterr);

#endif
