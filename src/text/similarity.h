/* SPDX-License-Identifier: Apache-2.0
 *
 * similarity: the cosine of two embeddings, and of the character n-grams of two texts.
 *
 * A raw cosine is no score: calibration.h maps it to 0..1. The n-gram measure is what is left when
 * no embedding model is at hand: the 1-, 2- and 3-grams of characters of the normalised text, each
 * with 1 + ln(term frequency) times a weight. The weight is fixed by the kind of character, as a
 * stand-in for inverse document frequency that does not change with the golden set (scores stay
 * comparable): single Latin letters and hiragana are in every text and count little, kanji and
 * katakana much; the table is in similarity.c. Over a corpus that the caller gives it is multiplied
 * by idf = 1 + ln((1 + documents) / (1 + documents with it)). N-grams cannot cross languages.
 *
 * Memory: vectors live in the caller's arena, a corpus in base/mem. Threads: a corpus is constant
 * once made. Limits: texts of SIMILARITY_TEXT_MAX bytes are looked at, the rest is not. */
#ifndef ASSAY_TEXT_SIMILARITY_H
#define ASSAY_TEXT_SIMILARITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { SIMILARITY_TEXT_MAX = 1024 * 1024 };

/* The cosine in millionths, −1,000,000..1,000,000. ERR_INVALID with reterr where the sizes differ
 * or are 0, a number is not finite, or a vector is all zeros: never a similarity of 0 instead. */
MUST_CHECK int similarity_cosine_micro(const float *a, size_t a_count, const float *b,
                                       size_t b_count, int64_t *ret_cosine_micro,
                                       struct err *reterr);

/* Document frequencies of a corpus. */
struct ngram_corpus;

MUST_CHECK int ngram_corpus_new(const struct view *documents, size_t count,
                                struct ngram_corpus **ret_corpus);
void ngram_corpus_free(struct ngram_corpus *corpus); /* NULL is fine */

/* A sparse vector of length 1 (of length 0 for an empty text). A key is an n-gram's code points, 21
 * bits each; keys ascend. */
struct ngram_vector {
    const uint64_t *keys;
    const float *weights;
    size_t count;
};

/* The text's vector; corpus may be NULL. ERR_MEMORY. */
MUST_CHECK int ngram_vector_of(struct arena *arena, const struct ngram_corpus *corpus,
                               struct view text, struct ngram_vector *ret_vector);

/* 0..1,000,000; two empty texts have 1,000,000, an empty and another 0. */
int64_t ngram_cosine_micro(const struct ngram_vector *a, const struct ngram_vector *b);

/* Both steps for two texts. */
MUST_CHECK int ngram_similarity_micro(const struct ngram_corpus *corpus, struct view a,
                                      struct view b, int64_t *ret_cosine_micro);

#endif
