/* SPDX-License-Identifier: Apache-2.0
 *
 * han: what an ideograph says about its language, by the character sets that hold it, and what
 * those that Japanese and Chinese share say by the words they stand in.
 *
 * Source of the sets: CP932 (JIS X 0208 with NEC and IBM extensions), GB 2312, Big5; see
 * tools/han_sets.py. Source of the weights: the words of mecab-ipadic (NAIST's and ICOT's licence)
 * and of jieba (MIT licence); see tools/han_words.py. Threads: constant tables. */
#ifndef ASSAY_TEXT_HAN_H
#define ASSAY_TEXT_HAN_H

#include <stdint.h>

enum han_sign {
    HAN_SIMPLIFIED = 1, /* in GB 2312 but outside CP932: simplified Chinese */
    HAN_JAPANESE =
        2, /* in CP932 but outside GB 2312: Japanese, or shared with Traditional Chinese */
    HAN_TRADITIONAL = 4, /* common in Big5, in neither GB 2312 nor the first level of JIS X 0208 */
    HAN_RARE = 8,        /* outside CP932 and GB 2312 */
};

/* Bits of enum han_sign; 0 for what is shared by all and for anything outside U+4E00 to U+9FFF but
 * 々, which is Japanese. */
unsigned han_signs(uint32_t codepoint);

/* From which sum of weights a string of `count` ideographs (at least 2) leans to Japanese, or down
 * from which to Chinese. Two characters are easily a word of both; four are hardly one word. Found
 * on half of a labelled set, docs/accuracy.md. */
static inline int han_leans_japanese(uint32_t count)
{
    return count == 2 ? 3 : 2;
}

static inline int han_leans_chinese(uint32_t count)
{
    return count < 4 ? -9 : -5;
}

/* How much more an ideograph stands in Japanese words (above 0) or in Chinese ones (below), and two
 * in a row: logarithms, to be added up. 0 for what the two languages do not share. */
int han_weight(uint32_t codepoint);
int han_pair_weight(uint32_t first, uint32_t second);

#endif
