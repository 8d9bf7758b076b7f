/* SPDX-License-Identifier: Apache-2.0
 *
 * latin: what Latin words say about their language: CLD2's verdict on enough of them, and the
 * English words that make a clause rather than a title.
 *
 * CLD2 is C++ with constant tables; it is called through the mangled names of its two functions.
 * Threads: no state. */
#ifndef ASSAY_TEXT_LATIN_H
#define ASSAY_TEXT_LATIN_H

#include <stdbool.h>

#include "base/view.h"

/* Bits. */
enum latin_word {
    LATIN_ARTICLE = 1, /* the, of, on, to, …: in sentences and in titles */
    LATIN_VERBAL = 2,  /* is, your, would, please, …: hardly in titles */
    LATIN_ENGLISH = 4, /* a word of no other large language as well */
};

/* What kind of English word it is, in any case (but "I"): bits, 0 for any other word. */
unsigned latin_word_of(struct view word);

/* CLD2's language for text without markup: an ISO 639-1 code (or CLD2's own where there is none) of
 * at most seven letters. False where CLD2 is not sure. */
bool latin_detect(struct view text, char ret_code[8]);

#endif
