/* SPDX-License-Identifier: Apache-2.0
 *
 * tokens: how many tokens a text will be, before anybody has counted them.
 *
 * A linear estimate: .930 a hiragana, .947 a katakana, 1.220 a kanji, 1.129 a Latin word, .064 a
 * letter past a word's sixth, .483 a digit, .690 an ASCII sign, 1.427 any other character that is
 * not ASCII; white space nothing. Mean error 3–8 % against a Claude 2 tokenizer, in English and
 * Japanese, where characters / 4 errs by 76 % on Japanese. Each model's own usage corrects it (the
 * caller does).
 *
 * Threads: no state. */
#ifndef ASSAY_TEXT_TOKENS_H
#define ASSAY_TEXT_TOKENS_H

#include <stdint.h>

#include "base/view.h"

/* The estimate in thousandths of a token. */
uint64_t tokens_estimate_milli(struct view text);

/* Whole tokens, rounded up; 0 for an empty text only. */
uint64_t tokens_estimate(struct view text);

#endif
