/* SPDX-License-Identifier: Apache-2.0
 *
 * chars: how long a text is for its readers: grapheme clusters and words by ICU's boundaries
 * (Unicode Standard Annex 29; Japanese words by dictionary), and what kind of character a code
 * point is.
 *
 * Threads: no state; ICU opens an iterator a call. */
#ifndef ASSAY_TEXT_CHARS_H
#define ASSAY_TEXT_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum char_kind {
    CHAR_SPACE,
    CHAR_DIGIT, /* ASCII */
    CHAR_ASCII_SIGN,
    CHAR_LATIN, /* letters, ASCII and beyond */
    CHAR_HIRAGANA,
    CHAR_KATAKANA, /* the long-vowel mark and half-width forms included */
    CHAR_HAN,
    CHAR_HANGUL,
    CHAR_LETTER, /* of any other script, marks included */
    CHAR_OTHER,
};

enum char_kind char_kind_of(uint32_t codepoint);

/* What readers count as characters: がＡ👨‍👩‍👧 has 3, in any normal form. ERR_MEMORY. */
MUST_CHECK int chars_count(struct view text, size_t *ret_count);

/* Words: runs between word boundaries that hold a letter, digit, kana or ideograph. ERR_MEMORY. */
MUST_CHECK int chars_words(struct view text, size_t *ret_count);

#endif
