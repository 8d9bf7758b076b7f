/* SPDX-License-Identifier: Apache-2.0
 *
 * differences: two texts line by line: which lines a prompt lost and gained.
 *
 * Threads: no state. Limits: DIFFERENCES_LINES_MAX lines a side, past which texts count as wholly
 * replaced. */
#ifndef ASSAY_REPORT_DIFFERENCES_H
#define ASSAY_REPORT_DIFFERENCES_H

#include "base/view.h"

enum { DIFFERENCES_LINES_MAX = 2000 };

/* Calls `line` for each line that is only in `before` (sign '-') or only in `after` ('+'), in
 * order. Lines that both have are passed over. Returns how many there were. */
size_t differences_lines(struct view before, struct view after,
                         void (*line)(void *context, char sign, struct view text), void *context);

#endif
