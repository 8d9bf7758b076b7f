/* SPDX-License-Identifier: Apache-2.0
 *
 * tokens: see tokens.h. */
#include "text/tokens.h"

#include "base/utf8.h"
#include "text/chars.h"

enum { LONG_WORD = 6 };

/* Thousandths of a token a character; a Latin word pays once and for its letters past the sixth. */
static const uint64_t cost_milli[] = {
    [CHAR_SPACE] = 0,      [CHAR_DIGIT] = 483,    [CHAR_ASCII_SIGN] = 690, [CHAR_LATIN] = 0,
    [CHAR_HIRAGANA] = 930, [CHAR_KATAKANA] = 947, [CHAR_HAN] = 1220,       [CHAR_HANGUL] = 1427,
    [CHAR_LETTER] = 1427,  [CHAR_OTHER] = 1427,
};

static const uint64_t WORD_MILLI = 1129;
static const uint64_t LONG_LETTER_MILLI = 64;

uint64_t tokens_estimate_milli(struct view text)
{
    uint64_t sum = 0;
    size_t word = 0; /* letters of the Latin word so far */

    for (size_t pos = 0; pos < text.len;) {
        enum char_kind kind = char_kind_of(utf8_next(text, &pos, NULL));
        if (kind == CHAR_LATIN) {
            word++;
            sum += word == 1 ? WORD_MILLI : word > LONG_WORD ? LONG_LETTER_MILLI : 0;
        } else {
            word = 0;
            sum += cost_milli[kind];
        }
    }
    return sum;
}

uint64_t tokens_estimate(struct view text)
{
    uint64_t milli = tokens_estimate_milli(text);

    if (text.len > 0 && milli == 0)
        return 1;
    return (milli + 999) / 1000;
}
