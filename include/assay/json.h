/* SPDX-License-Identifier: Apache-2.0
 *
 * The strict JSON reader that assay judges answers with.
 *
 * Threads: no shared state; any thread may call. */
#ifndef ASSAY_JSON_H
#define ASSAY_JSON_H

#include <stddef.h>

#include <assay/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Checks that the `len` bytes at `text` are exactly one JSON document by the grammar of RFC 8259:
 * valid UTF-8, no byte order mark, no comments, no trailing commas, at most 512 levels deep.
 *
 * Returns 0 where they are; otherwise a negative code (assay_error_text) and, where `error` is not
 * NULL, "LINE:COLUMN: what was expected" in the `size` bytes at `error`, cut to fit and ended by a
 * NUL. On success error becomes the empty string. Allocates nothing. */
ASSAY_API int assay_json_check(const char *text, size_t len, char *error, size_t size);

#ifdef __cplusplus
}
#endif

#endif
