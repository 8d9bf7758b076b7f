/* SPDX-License-Identifier: Apache-2.0
 *
 * digest: see digest.h. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

struct digest digest_of(struct view bytes)
{
    struct digest digest;

    SHA256((const unsigned char *)bytes.ptr, bytes.len, digest.bytes);
    return digest;
}

struct digest digest_hmac(struct view key, struct view bytes)
{
    struct digest digest;
    unsigned int len = 0;

    assert_always(key.len <= INT32_MAX);
    unsigned char *done = HMAC(EVP_sha256(), key.len != 0 ? key.ptr : "", (int)key.len,
                               (const unsigned char *)bytes.ptr, bytes.len, digest.bytes, &len);
    assert_always(done != NULL && len == DIGEST_SIZE);
    return digest;
}

void digest_hex(const struct digest *digest, char ret_hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        ret_hex[2 * i] = digits[digest->bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    ret_hex[2 * DIGEST_SIZE] = '\0';
}

void digest_short(struct view bytes, char ret_hex[DIGEST_SHORT_SIZE])
{
    char hex[DIGEST_HEX_SIZE];
    struct digest digest = digest_of(bytes);

    digest_hex(&digest, hex);
    memcpy(ret_hex, hex, DIGEST_SHORT_SIZE - 1);
    ret_hex[DIGEST_SHORT_SIZE - 1] = '\0';
}
