/* SPDX-License-Identifier: Apache-2.0
 *
 * digest: SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) by libcrypto's one-shot calls, and hex.
 *
 * Threads: no state. */
#ifndef ASSAY_BASE_DIGEST_H
#define ASSAY_BASE_DIGEST_H

#include <stddef.h>

#include "base/err.h"
#include "base/view.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 65, DIGEST_SHORT_SIZE = 13 };

struct digest {
    unsigned char bytes[DIGEST_SIZE];
};

/* SHA-256 of the bytes. */
struct digest digest_of(struct view bytes);

/* HMAC-SHA-256 of the bytes under the key, which may have any length. */
struct digest digest_hmac(struct view key, struct view bytes);

static inline struct view digest_view(const struct digest *digest)
{
    return view_make(digest->bytes, DIGEST_SIZE);
}

/* 64 lower-case hex digits and a NUL. */
void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX_SIZE]);

/* The first 12 hex digits of the SHA-256 and a NUL: how template versions are named. */
void digest_short(struct view bytes, char ret_hex[DIGEST_SHORT_SIZE]);

#endif
