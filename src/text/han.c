/* SPDX-License-Identifier: Apache-2.0
 *
 * han: see han.h. */
#include "text/han.h"

#include <stdbool.h>

#include "text/han_sets.inc"

static const uint32_t FIRST = 0x4e00;
static const uint32_t LAST = 0x9fff;

static bool is_in(const uint64_t *set, uint32_t codepoint)
{
    uint32_t bit = codepoint - FIRST;
    return (set[bit / 64] >> (bit % 64) & 1) != 0;
}

unsigned han_signs(uint32_t codepoint)
{
    if (codepoint < FIRST || codepoint > LAST)
        return 0;
    bool japanese = is_in(in_cp932, codepoint);
    bool simplified = is_in(in_gb2312, codepoint);
    return (simplified && !japanese ? HAN_SIMPLIFIED : 0)
           | (japanese && !simplified ? HAN_JAPANESE : 0)
           | (!japanese && !simplified ? HAN_RARE : 0)
           | (is_in(traditional, codepoint) ? HAN_TRADITIONAL : 0);
}
