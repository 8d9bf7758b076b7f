/* SPDX-License-Identifier: Apache-2.0
 *
 * han: what a single ideograph says about its language, by the character sets that hold it.
 *
 * Source of the sets: CP932 (JIS X 0208 with NEC and IBM extensions), GB 2312, Big5; see
 * tools/han_sets.py. Threads: constant tables. */
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

/* Bits of enum han_sign; 0 for what is shared by all and for anything outside U+4E00 to U+9FFF. */
unsigned han_signs(uint32_t codepoint);

#endif
