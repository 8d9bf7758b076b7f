/* SPDX-License-Identifier: Apache-2.0
 *
 * normalise: one spelling for what readers take for the same text, with the way back.
 *
 * NFKC (full and half width, compatibility forms, combining marks in any order: Unicode Standard
 * Annex 15) by ICU, with case folding (NFKC_Casefold) where asked, and the folding that keywords
 * need: dashes and tildes after kana are read as the long-vowel mark, middle dots vanish, runs of
 * white space become one space. Evidence has to point into what was really said, so every byte of
 * the result can know which bytes of the source it came from.
 *
 * Invalid UTF-8 is read as U+FFFD, a byte at a time. A run of combining marks is composed in pieces
 * of at most CLUSTER_MAX code points (cluster.h) (Unicode's stream-safe format allows 30 marks), so
 * that the time is linear in the text.
 * Memory: the result lives in the caller's arena. Threads: no state (ICU's tables are constant).
 * Limit: sources of at most NORMALISE_SOURCE_MAX bytes. */
#ifndef ASSAY_TEXT_NORMALISE_H
#define ASSAY_TEXT_NORMALISE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { NORMALISE_SOURCE_MAX = 64 * 1024 * 1024 };

enum normalise_flag {
    NORMALISE_CASE = 1,    /* fold case, drop default-ignorable characters */
    NORMALISE_KEYWORD = 2, /* fold long-vowel marks, middle dots, white space */
    NORMALISE_OFFSETS = 4, /* keep the way back */
};

struct normalised {
    struct view text;
    const uint32_t *start_at; /* of byte i of text: where its source characters start; NULL without
                                 NORMALISE_OFFSETS */
    const uint32_t *end_at;   /* and where they end */
};

/* The text in one spelling; flags are of enum normalise_flag. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int normalise_text(struct arena *arena, struct view source, unsigned flags,
                              struct normalised *ret_normalised);

/* The source bytes from which text[start, end) came. Needs NORMALISE_OFFSETS; start < end. */
void normalised_source(const struct normalised *normalised, size_t start, size_t end,
                       size_t *ret_start, size_t *ret_end);

#endif
