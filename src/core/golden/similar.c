/* SPDX-License-Identifier: Apache-2.0
 *
 * similar: see similar.h. */
#include "core/golden/similar.h"

#include "core/golden/baseline.h"
#include "core/golden/score.h"
#include "text/similarity.h"

static int vector_cosine(const struct similar *similar, struct view a, struct view b,
                         int64_t *ret_cosine_micro, struct err *reterr)
{
    size_t a_count;
    size_t b_count;
    const float *a_vector = similar->vector(similar->context, a, &a_count);
    const float *b_vector = similar->vector(similar->context, b, &b_count);

    if (a_vector == NULL || b_vector == NULL)
        return fail(reterr, ERR_MISSING,
                    "an answer has no embedding: run 'assay doctor' to check the embedding model, "
                    "or use 'embedding: tfidf'");
    return similarity_cosine_micro(a_vector, a_count, b_vector, b_count, ret_cosine_micro, reterr);
}

int similar_pair(const struct similar *similar, struct view a, struct view b,
                 int32_t *ret_cosine_micro, int32_t *ret_similarity_micro, struct err *reterr)
{
    int64_t cosine_micro = MICRO;
    int code = 0;

    if (view_equal(a, b)) {
        *ret_cosine_micro = MICRO;
        *ret_similarity_micro = MICRO;
        return 0;
    }
    if (a.len == 0 || b.len == 0) {
        *ret_cosine_micro = 0;
        *ret_similarity_micro = 0;
        return 0;
    }
    if (similar->kind == SIMILAR_VECTOR)
        code = vector_cosine(similar, a, b, &cosine_micro, reterr);
    else
        code = ngram_similarity_micro(NULL, a, b, &cosine_micro);
    if (code != 0)
        return code;
    *ret_cosine_micro = (int32_t)cosine_micro;
    *ret_similarity_micro = (int32_t)calibration_map_micro(similar->calibration, cosine_micro);
    return 0;
}

int similar_score(const struct similar *similar, struct view text,
                  const struct baseline_answer *accepted, size_t count, size_t skip,
                  struct score *score, struct err *reterr)
{
    int32_t similarities[BASELINE_ANSWERS_EACH_MAX];
    int32_t nearest_micro = -MICRO - 1;

    assert_always(count <= BASELINE_ANSWERS_EACH_MAX);
    if (similar->kind == SIMILAR_NONE || count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int32_t cosine_micro;
        if (i == skip)
            continue;
        int code =
            similar_pair(similar, text, accepted[i].text, &cosine_micro, &similarities[i], reterr);
        if (code != 0)
            return code;
        if (cosine_micro > nearest_micro)
            nearest_micro = cosine_micro;
    }
    if (count == 1 && skip == 0) { /* the only accepted answer is as similar as can be */
        score->similarity_micro = MICRO;
        score->cosine_micro = MICRO;
        return 0;
    }
    score->similarity_micro = similarity_to_accepted(similarities, count, skip);
    score->cosine_micro = nearest_micro;
    return 0;
}

int similar_accept(const struct similar *similar, struct baseline_entry *entry, struct err *reterr)
{
    for (size_t i = 0; i < entry->answer_count; i++) {
        struct score *score = &entry->answers[i].score;
        int code = similar_score(similar, entry->answers[i].text, entry->answers,
                                 entry->answer_count, i, score, reterr);
        if (code != 0)
            return code;
        score->total_micro = score_total(score);
    }
    return 0;
}
