/* SPDX-License-Identifier: Apache-2.0
 *
 * losses: which sentences a long answer lost and gained against the accepted answer nearest to it.
 *
 * Only where the accepted answer has LOSSES_SENTENCES_MIN sentences: of shorter ones a reader sees
 * it at once.
 * Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_REPORT_LOSSES_H
#define ASSAY_REPORT_LOSSES_H

#include "base/arena.h"
#include "core/record/run.h"

enum { LOSSES_SENTENCES_MIN = 3 };

struct losses {
    const struct view *lost; /* sentences of the accepted answer */
    size_t lost_count;
    const struct view *added; /* of the answer now */
    size_t added_count;
};

/* The accepted answer whose character n-grams are nearest to the text; the entry has a baseline
 * with at least one. */
struct view report_nearest_accepted(const struct run_entry *entry, struct view text,
                                    struct arena *arena);

/* Of the sample that shows the entry's loss best. Empty where there is no baseline, no answer, or
 * nothing to tell. ERR_MEMORY. */
MUST_CHECK int report_losses(const struct run_entry *entry, struct arena *arena,
                             struct losses *ret_losses);

#endif
