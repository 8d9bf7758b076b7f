/* SPDX-License-Identifier: Apache-2.0
 *
 * run: see run.h. */
#include "core/record/run.h"

const char *gate_outcome_name(enum gate_outcome outcome)
{
    static const char *const names[] = {"pass", "fail", "signoff", "inconclusive"};
    return names[outcome];
}

struct score score_absent(void)
{
    return (struct score){
        .similarity_micro = SCORE_ABSENT,
        .cosine_micro = 2 * MICRO,
        .keywords_micro = SCORE_ABSENT,
        .structure_micro = SCORE_ABSENT,
        .language_micro = SCORE_ABSENT,
        .total_micro = SCORE_ABSENT,
    };
}
