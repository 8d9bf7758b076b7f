/* SPDX-License-Identifier: Apache-2.0
 *
 * judge: a model asked to grade an answer by a rubric: the question put to it, and the grade read
 * out of what it says.
 *
 * What is graded is data, and is kept apart from what the judge is told: each text stands between
 * tags whose name holds a digest of all of them, so that no text can hold the tag that would end
 * it. That is no proof against a judge which follows orders it finds in its data; nothing is.
 *
 * The judge must answer with one JSON object {"score": n, "reason": "…"}, alone or in one fenced
 * block; anything else is no grade, and no grade is never a pass.
 *
 * Memory: the caller's arena. Threads: no state. Limits: JUDGE_REASON_MAX bytes of a reason are
 * kept, JUDGE_REPEATS_MAX grades of one answer. */
#ifndef ASSAY_CORE_VALIDATE_JUDGE_H
#define ASSAY_CORE_VALIDATE_JUDGE_H

#include "base/arena.h"
#include "base/err.h"
#include "provider/chat.h"

enum { JUDGE_REASON_MAX = 500, JUDGE_REPEATS_MAX = 25, JUDGE_TEXT_BYTES_MAX = 16 << 20 };

/* A scale of whole numbers, both ends included. */
struct judge_scale {
    int64_t low;
    int64_t high;
};

struct judge_question {
    struct view rubric;
    struct judge_scale scale;
    struct view question; /* that was answered; empty: not known */
    struct view response;
    const struct view *sources;
    size_t source_count;
    uint64_t sample; /* which repeat this is, from 0 */
};

/* The chat to ask the judge, in the arena. Its parameters are left to the judge's target.
 * ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int judge_question_chat(const struct judge_question *question, struct arena *arena,
                                   struct chat *ret_chat);

struct judge_grade {
    int64_t score_micro;
    struct view reason; /* one line, in the arena */
};

/* ERR_PROTOCOL with what is wrong in words where it is no grade on that scale; ERR_MEMORY. */
MUST_CHECK int judge_grade_read(struct view text, const struct judge_scale *scale,
                                struct arena *arena, struct judge_grade *ret_grade,
                                struct err *reterr);

/* Several grades of one answer as one. */
struct judge_opinion {
    int64_t mean_micro;
    int64_t agreement_micro; /* the share of grades that are the commonest one */
    size_t middle;           /* the grade nearest to the mean: its reason stands for all */
};
struct judge_opinion judge_opinion_of(const struct judge_grade *grades, size_t count);

#endif
