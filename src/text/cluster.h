/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster: the pieces in which a text is brought to a Unicode normal form: a code point and what
 * follows it without a normalisation boundary before. Normalising them one by one is normalising
 * the text; normalise.h does so for whole texts, spelling.h for streams.
 *
 * Most characters of English and Japanese are clusters of one that map to themselves
 * (cluster_is_plain), and need no look at ICU's tables.
 *
 * Memory: none of its own. Threads: no state (ICU's tables are constant). */
#ifndef ASSAY_TEXT_CLUSTER_H
#define ASSAY_TEXT_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    CLUSTER_MAX = 64,             /* code points that are taken together */
    CLUSTER_NORMAL_MAX = 18 * 64, /* what comes of them: NFKC makes 18 of one (U+FDFA) */
};

struct UNormalizer2;

/* A kana, a kanji or a sign that maps to itself in every form. Not ASCII. */
static inline bool cluster_is_plain(uint32_t codepoint)
{
    return (codepoint >= 0x4e00 && codepoint <= 0x9fff)
           || (codepoint >= 0x3041 && codepoint <= 0x3096)
           || (codepoint >= 0x30a1 && codepoint <= 0x30fa) || codepoint == 0x30fc
           || codepoint == 0x3001 || codepoint == 0x3002
           || (codepoint >= 0x300c && codepoint <= 0x300f);
}

/* Whether the code point belongs to the cluster before it. */
bool cluster_joins(const struct UNormalizer2 *normalizer, uint32_t codepoint);

/* Whether it maps to itself where it stands alone. */
bool cluster_is_normal(const struct UNormalizer2 *normalizer, uint32_t codepoint);

/* The normal form of up to CLUSTER_MAX code points, at most CLUSTER_NORMAL_MAX. ERR_MEMORY. */
MUST_CHECK int cluster_normal(const struct UNormalizer2 *normalizer, const uint32_t *cluster,
                              size_t count, uint32_t *ret_normal, size_t *ret_count);

#endif
