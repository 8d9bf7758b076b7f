/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_state: what the files of compare share: compare.c (matching, entries), compare_groups.c
 * (statistics), compare_figures.c (cost, tokens, latency), compare_words.c (what it comes to, in
 * words).
 *
 * Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_COMPARE_STATE_H
#define ASSAY_CORE_GOLDEN_COMPARE_STATE_H

#include "core/golden/compare.h"

enum { COMPARE_WARNINGS_MAX = 24 };

struct comparing {
    struct comparison *comparison;
    const struct compare_options *options;
    struct arena *arena;
    struct view *warnings;
    size_t changed_questions; /* of entries whose prompt did not change */
    size_t unlike_parts;      /* entries whose scores consist of other parts */
    size_t other_accepted;    /* entries that were held against other accepted answers */
    bool same_scorer;
    bool bad_vector;
    char bad_vector_text[ERR_TEXT_MAX];
};

/* Adds a sentence; past COMPARE_WARNINGS_MAX they are left out. ERR_MEMORY. */
MUST_CHECK int compare_warn(struct comparing *comparing, const char *format, ...) PRINTF_LIKE(2, 3);

/* Fills the comparison's groups. ERR_MEMORY. */
MUST_CHECK int compare_groups(struct comparing *comparing);
/* Tests each entry by its repeats: is_tested, p and p_adjusted. ERR_MEMORY. */
MUST_CHECK int compare_repeats(struct comparing *comparing);
/* Fills cost, tokens and latency. ERR_MEMORY. */
MUST_CHECK int compare_figures(struct comparing *comparing);
/* Says what the two runs have that makes them hard to compare. ERR_MEMORY. */
MUST_CHECK int compare_warnings(struct comparing *comparing);
/* Fills outcome and summary. ERR_MEMORY. */
MUST_CHECK int compare_conclude(struct comparison *comparison, struct arena *arena);

#endif
