/* SPDX-License-Identifier: Apache-2.0
 *
 * han: see han.h. */
#include "text/han.h"

#include <stdbool.h>
#include <stddef.h>

#include "text/han_sets.inc"
#include "text/han_words.inc"
#include "text/han_pairs_1.inc"
#include "text/han_pairs_2.inc"

static const uint32_t FIRST = 0x4e00;
static const uint32_t LAST = 0x9fff;
static const uint32_t ITERATION_MARK = 0x3005; /* 々 */

static bool is_in(const uint64_t *set, uint32_t codepoint)
{
    uint32_t bit = codepoint - FIRST;
    return (set[bit / 64] >> (bit % 64) & 1) != 0;
}

unsigned han_signs(uint32_t codepoint)
{
    if (codepoint == ITERATION_MARK)
        return HAN_JAPANESE;
    if (codepoint < FIRST || codepoint > LAST)
        return 0;
    bool japanese = is_in(in_cp932, codepoint);
    bool simplified = is_in(in_gb2312, codepoint);
    return (simplified && !japanese ? HAN_SIMPLIFIED : 0)
           | (japanese && !simplified ? HAN_JAPANESE : 0)
           | (!japanese && !simplified ? HAN_RARE : 0)
           | (is_in(traditional, codepoint) ? HAN_TRADITIONAL : 0);
}

/* ---- words ----------------------------------------------------------------------------------- */

enum { DIGIT_BITS = 6, TAG_BITS = 10, WEIGHT_ZERO = 32, PAIR_ZERO = 128 };

static unsigned digit_of(char digit)
{
    return (unsigned)(digit - '0');
}

static unsigned pair_digit(size_t at)
{
    size_t row = at / PER_ROW, column = at % PER_ROW;

    return digit_of(row < FIRST_ROWS ? first_pairs[row][column]
                                     : last_pairs[row - FIRST_ROWS][column]);
}

int han_weight(uint32_t codepoint)
{
    if (codepoint < FIRST || codepoint > LAST)
        return 0;
    size_t at = codepoint - FIRST;
    return (int)digit_of(weights[at / PER_ROW][at % PER_ROW]) - WEIGHT_ZERO;
}

/* As tools/han_words.py. */
static uint32_t hash_pair(uint32_t first, uint32_t second)
{
    uint32_t mixed = (first - FIRST) * 0x9e3779b1U + (second - FIRST) * 0x85ebca77U;

    mixed ^= mixed >> 15;
    mixed *= 0x2c1b3c6dU;
    return mixed ^ mixed >> 13;
}

int han_pair_weight(uint32_t first, uint32_t second)
{
    if (first < FIRST || first > LAST || second < FIRST || second > LAST)
        return 0;
    uint32_t hash = hash_pair(first, second);
    uint32_t tag = hash >> 16 & ((1U << TAG_BITS) - 1);
    for (uint32_t step = 0; step < PAIR_PROBES; step++) {
        size_t at = 3 * (size_t)((hash + step) % PAIR_PLACES);
        uint32_t place = pair_digit(at) << 2 * DIGIT_BITS | pair_digit(at + 1) << DIGIT_BITS
                         | pair_digit(at + 2);
        if (place == 0)
            return 0;
        if (place >> 8 == tag)
            return (int)(place & 0xff) - PAIR_ZERO;
    }
    return 0;
}
