/* SPDX-License-Identifier: Apache-2.0
 *
 * patterns_cache: files of compiled databases, <cache>/patterns/<key>.hsdb, each with its key, so
 * that none is taken for another's, and the SHA-256 of what is in it. Files are written beside
 * their place and moved there, so that a reader sees all of one or none.
 *
 *     "assay patterns 2\n" | the key | 32 bytes SHA-256 of the rest | the database as Vectorscan
 *                                                                     writes it
 *
 * Memory: the caller's. Threads and processes: any number at once. */
#ifndef ASSAY_ENGINE_PATTERNS_CACHE_H
#define ASSAY_ENGINE_PATTERNS_CACHE_H

#include "base/digest.h"
#include "base/strbuf.h"

/* ERR_MISSING, ERR_CORRUPT, ERR_IO, ERR_LIMIT, ERR_MEMORY: then it must be compiled. */
MUST_CHECK int patterns_cache_read(const char *cache, const char *key, struct strbuf *ret_bytes);
/* Makes the folder where it is not there. ERR_IO, ERR_MEMORY: then it is not kept. */
MUST_CHECK int patterns_cache_write(const char *cache, const char *key, struct view bytes);

#endif
