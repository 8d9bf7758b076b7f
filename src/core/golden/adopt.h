/* SPDX-License-Identifier: Apache-2.0
 *
 * adopt: the prompts of one golden set with the entries of another: how the questions of today are
 * put to the prompts of a former revision.
 *
 * An entry of today keeps its id, what it expects, its tags and its variables. Its prompt is the
 * former set's prompt of the same name; where that set has none of this name, or the entry carries
 * its prompt itself, it is the one that the former entry of the same id used. Parameters that stand
 * in an entry are the former entry's, and variables that only the former entry gave are kept, since
 * the former template may use them. An entry for which there is no prompt is left out and told, as
 * are entries that only the former set has.
 *
 * Pure: trees in, a tree out. Memory: the arena. Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_ADOPT_H
#define ASSAY_CORE_GOLDEN_ADOPT_H

#include "core/golden/entries.h"

struct adopt_unmatched {
    struct view id;
    bool is_extra;   /* only the former set has it */
    struct view why; /* of one that was left out */
};

struct adopted {
    struct adopt_unmatched *unmatched;
    size_t unmatched_count;
};

/* As golden_load of `text` (of the file `file`), with the entries of `entries_text` in place of its
 * own. What is wrong in either goes to problems. ERR_CONFIG also where no entry is left. */
MUST_CHECK int golden_load_adopting(struct arena *arena, struct view file, struct view text,
                                    struct view entries_file, struct view entries_text,
                                    struct problems *problems, struct golden_set *ret_set,
                                    struct adopted *ret_adopted);

#endif
