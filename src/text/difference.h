/* SPDX-License-Identifier: Apache-2.0
 *
 * difference: what was removed and added between two texts, for showing them side by side.
 *
 * Texts are cut into words, runs of one kind of Japanese character, white space and single signs;
 * Myers' greedy algorithm (E. W. Myers, "An O(ND) difference algorithm and its variations", 1986)
 * finds the fewest pieces to remove and add. It is bounded: past DIFFERENCE_EDITS_MAX edits, or
 * DIFFERENCE_PIECES_MAX pieces, what lies between the common ends is shown as replaced whole.
 *
 * Memory: spans in the caller's arena, their texts are views of the two texts; scratch memory is
 * given back. Threads: no state. */
#ifndef ASSAY_TEXT_DIFFERENCE_H
#define ASSAY_TEXT_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { DIFFERENCE_EDITS_MAX = 1000, DIFFERENCE_PIECES_MAX = 200000 };

enum difference_kind {
    DIFFERENCE_SAME,    /* text is of `after`, equal bytes in `before` */
    DIFFERENCE_REMOVED, /* text is of `before` */
    DIFFERENCE_ADDED,   /* text is of `after` */
};

struct difference_span {
    enum difference_kind kind;
    struct view text;
};

struct difference {
    const struct difference_span *spans; /* removed before added where both stand in one place */
    size_t count;
    bool is_coarse; /* a bound was met */
};

/* SAME and REMOVED spans put together are `before`, SAME and ADDED `after`. ERR_MEMORY. */
MUST_CHECK int difference_of(struct arena *arena, struct view before, struct view after,
                             struct difference *ret_difference);

#endif
