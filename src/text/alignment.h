/* SPDX-License-Identifier: Apache-2.0
 *
 * alignment: two long texts held against each other sentence by sentence: what was kept, reworded,
 * lost and added.
 *
 * Sentences are those of sentence.h (a list item or a line of a table is one too). Equal ones,
 * after normalisation, are kept; of the others the pairs nearest by character n-grams are reworded
 * while their calibrated similarity reaches ALIGNMENT_REWORDED_MICRO, each sentence once, wherever
 * it stands; what remains was lost or added. N-grams do not cross languages: a translation is lost
 * and added.
 * Memory: the caller's arena. Threads: no state. Limits: ALIGNMENT_SENTENCES_MAX sentences a side
 * are compared, the rest is left out. */
#ifndef ASSAY_TEXT_ALIGNMENT_H
#define ASSAY_TEXT_ALIGNMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { ALIGNMENT_SENTENCES_MAX = 200, ALIGNMENT_REWORDED_MICRO = 250000 };

enum alignment_kind { ALIGNMENT_KEPT, ALIGNMENT_REWORDED, ALIGNMENT_LOST, ALIGNMENT_ADDED };

struct alignment_item {
    enum alignment_kind kind;
    struct view before;       /* a view of the text before; empty where ADDED */
    struct view after;        /* of the text after; empty where LOST */
    int64_t similarity_micro; /* calibrated; 0 where LOST or ADDED */
};

struct alignment {
    const struct alignment_item *items; /* in the order of the text before, then the added ones */
    size_t count;
    size_t lost;
    size_t added;
};

/* ERR_MEMORY. */
MUST_CHECK int alignment_of(struct arena *arena, struct view before, struct view after,
                            struct alignment *ret_alignment);

#endif
