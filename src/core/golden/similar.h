/* SPDX-License-Identifier: Apache-2.0
 *
 * similar: how close two answers are, by whichever measure the suite uses: vectors of an embedding
 * model, character n-grams, or nothing.
 *
 * Equal texts are similar to 1 without being measured; an empty answer and another are similar to
 * 0. A vector that is missing or of another size is an error with the remedy, never a similarity of
 * 0. Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_SIMILAR_H
#define ASSAY_CORE_GOLDEN_SIMILAR_H

#include "core/record/run.h"
#include "text/calibration.h"

enum similar_kind { SIMILAR_NONE, SIMILAR_NGRAM, SIMILAR_VECTOR };

struct similar {
    enum similar_kind kind;
    const struct calibration *calibration;
    /* The vector of a text, NULL where it is not there. */
    const float *(*vector)(void *context, struct view text, size_t *ret_count);
    void *context;
};

/* Both outputs in millionths: the raw cosine, and the calibrated similarity 0..MICRO. */
MUST_CHECK int similar_pair(const struct similar *similar, struct view a, struct view b,
                            int32_t *ret_cosine_micro, int32_t *ret_similarity_micro,
                            struct err *reterr);

/* The text's similarity to accepted answers as score.h's similarity_to_accepted has it, put into
 * the score with the cosine to the nearest; `skip` is the text's own place, or count. Does nothing
 * for SIMILAR_NONE. */
MUST_CHECK int similar_score(const struct similar *similar, struct view text,
                             const struct baseline_answer *accepted, size_t count, size_t skip,
                             struct score *score, struct err *reterr);

/* Measures the accepted answers of an entry against one another (leave-one-out) and puts
 * similarity, cosine and total into their scores; what else the scores hold stays. */
MUST_CHECK int similar_accept(const struct similar *similar, struct baseline_entry *entry,
                              struct err *reterr);

#endif
