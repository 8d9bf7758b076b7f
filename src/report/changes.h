/* SPDX-License-Identifier: Apache-2.0
 *
 * changes: what prompts lost and gained since the baseline. Prompts that share a part (a system
 * prompt, say) change in the same way: they are told together.
 *
 * Threads: no state. */
#ifndef ASSAY_REPORT_CHANGES_H
#define ASSAY_REPORT_CHANGES_H

#include "base/strbuf.h"
#include "core/record/run.h"

struct changes_group {
    const struct prompt_change *first;
    struct view names;             /* "a, b and c"; holds until the visitor returns */
    struct view removed_and_added; /* lines, each with its sign, a space and a newline; empty where
                                      the baseline does not hold the text */
    size_t count;                  /* prompts */
};

/* Calls `visit` for every group (100 at most), in the order of their first prompt. */
void changes_visit(const struct run *run,
                   void (*visit)(void *context, const struct changes_group *group), void *context);

#endif
