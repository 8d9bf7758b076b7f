/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster: see cluster.h. */
#include "text/cluster.h"

#include <unicode/unorm2.h>

bool cluster_joins(const struct UNormalizer2 *normalizer, uint32_t codepoint)
{
    return codepoint >= 0x80 && !cluster_is_plain(codepoint)
           && !unorm2_hasBoundaryBefore(normalizer, (UChar32)codepoint);
}

bool cluster_is_normal(const struct UNormalizer2 *normalizer, uint32_t codepoint)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar mapping[64];

    return cluster_is_plain(codepoint)
           || (unorm2_getRawDecomposition(normalizer, (UChar32)codepoint, mapping, 64, &status) < 0
               && U_SUCCESS(status));
}

static size_t to_utf16(uint32_t codepoint, UChar *to)
{
    if (codepoint < 0x10000) {
        to[0] = (UChar)codepoint;
        return 1;
    }
    to[0] = (UChar)(0xd7c0 + (codepoint >> 10));
    to[1] = (UChar)(0xdc00 | (codepoint & 0x3ff));
    return 2;
}

static uint32_t from_utf16(const UChar *from, size_t len, size_t *pos)
{
    uint32_t unit = from[(*pos)++];

    if (unit >= 0xd800 && unit <= 0xdbff && *pos < len)
        return 0x10000 + ((unit & 0x3ff) << 10) + (from[(*pos)++] & 0x3ffu);
    return unit;
}

int cluster_normal(const struct UNormalizer2 *normalizer, const uint32_t *cluster, size_t count,
                   uint32_t *ret_normal, size_t *ret_count)
{
    UChar source[2 * CLUSTER_MAX];
    UChar normal[CLUSTER_NORMAL_MAX];
    size_t len = 0;
    size_t made = 0;
    UErrorCode status = U_ZERO_ERROR;

    for (size_t i = 0; i < count; i++)
        len += to_utf16(cluster[i], source + len);
    int32_t units = unorm2_normalize(normalizer, source, (int32_t)len, normal,
                                     (int32_t)(sizeof normal / sizeof normal[0]), &status);
    assert_always(status != U_BUFFER_OVERFLOW_ERROR);
    if (U_FAILURE(status))
        return ERR_MEMORY;
    for (size_t pos = 0; pos < (size_t)units;)
        ret_normal[made++] = from_utf16(normal, (size_t)units, &pos);
    *ret_count = made;
    return 0;
}
