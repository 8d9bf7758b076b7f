/* SPDX-License-Identifier: Apache-2.0
 *
 * difference: what changed between two texts, word by word: runs of words that both have, that only
 * the first has and that only the second has, in reading order.
 *
 * A word is a run of letters and digits of one script; of Japanese, a morpheme where a morphology
 * is given, else a run of one kind of script (kanji, hiragana, katakana). Each sign, each line
 * end and each run of other white space is a word of its own; marks stay with what they stand on.
 * Texts are held as they are, byte for byte; joined, the SAME and REMOVED parts are the first
 * text, the SAME and ADDED parts the second. Neighbours differ in kind; what went stands before
 * what came. The shortest script of changes (Myers, "An O(ND) difference algorithm and its
 * variations", 1986) in linear space; past DIFFERENCE_EDITS_MAX changes, the middle that neither
 * end has reached counts as replaced.
 * Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_TEXT_DIFFERENCE_H
#define ASSAY_TEXT_DIFFERENCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "text/morphology.h"

enum { DIFFERENCE_EDITS_MAX = 4000 };

enum difference_kind { DIFFERENCE_SAME, DIFFERENCE_REMOVED, DIFFERENCE_ADDED };

struct difference {
    enum difference_kind kind;
    struct view text; /* of the first text where SAME or REMOVED, of the second where ADDED */
};

/* `morphology` may be NULL. ERR_MEMORY, ERR_CORRUPT of a dictionary. */
MUST_CHECK int difference_of(const struct morphology *morphology, struct arena *arena,
                             struct view before, struct view after,
                             const struct difference **ret_parts, size_t *ret_count);

#endif
