/* SPDX-License-Identifier: Apache-2.0
 *
 * judge: how one entry stands: its score now against its baseline's, the checks that fail in most
 * of its answers, and the severity that follows, with the reason in words.
 *
 * Severity is the worse of two: what the drop of the mean score says (a large drop counts as
 * critical or major only where most of the answers fell: one bad answer of three makes an entry
 * flaky, not worse), and what each newly failed check says.
 * Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_JUDGE_H
#define ASSAY_CORE_GOLDEN_JUDGE_H

#include "base/arena.h"
#include "core/validate/examine.h"
#include "core/golden/score.h"
#include "core/golden/similar.h"

struct judge {
    struct severity_limits limits;
    const struct similar *similar;
    int32_t allowance_micro; /* taken off the drop of an entry with one accepted answer, whose own
                                noise is unknown: what `assay baseline --check` measured; else 0 */
};

/* Examines an answer that has just come; sample->answer is filled, its text holds as long as the
 * arena. A sample whose answer is an error is left unscored. */
MUST_CHECK int judge_sample(const struct expectation *expectation, struct sample *sample,
                            struct arena *arena, struct err *reterr);

/* Judges the entry from its samples and its baseline; similarities are measured here, so every
 * vector must be there. Accepted answers are examined by the same expectation. */
MUST_CHECK int judge_entry(const struct judge *judge, const struct expectation *expectation,
                           struct run_entry *entry, struct arena *arena, struct err *reterr);

/* Fills each entry's noise_micro: one standard error of its drop, from the spread of repeats around
 * their entry's mean, pooled over all entries. SCORE_ABSENT where nothing was repeated. */
void judge_noise(struct run *run);

#endif
