/* SPDX-License-Identifier: Apache-2.0
 *
 * lookalike: letters of other scripts that readers take for Latin ones (Cyrillic а, Greek Α, small
 * capitals), one at a time and without regard to what stands around them.
 *
 * It is meant for texts whose language is written in Latin letters or in Japanese: in Russian or
 * Greek text it changes most words, so that it is a choice (SPELLING_LOOKALIKES). Letters that look
 * like Latin ones in some fonts only, or like two of them, are left out.
 *
 * Threads: no state. Source: Unicode Technical Standard 39, confusables, the pairs within the
 * scripts named that end in one ASCII letter. */
#ifndef ASSAY_TEXT_LOOKALIKE_H
#define ASSAY_TEXT_LOOKALIKE_H

#include <stdint.h>

/* The ASCII letter that the code point looks like; the code point itself where there is none. */
uint32_t lookalike_of(uint32_t codepoint);

#endif
