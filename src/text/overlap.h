/* SPDX-License-Identifier: Apache-2.0
 *
 * overlap: how much two texts share, by the classic measures: edit distance, ROUGE-N, BLEU, GLEU.
 *
 * They are what other tools' tests ask for (`assert.NAME` in core/validate). Of meaning they know
 * nothing; Japanese text without spaces is one word to all but the edit distance.
 *
 * Words: runs without white space, ASCII letters in small ones; for ROUGE letters and digits apart
 * from signs. BLEU and GLEU with 1- to 4-grams of equal weight; a precision of 0 counts as 1e-7.
 * Sources: Levenshtein 1966; Lin, "ROUGE", ACL 2004 (recall); Papineni et al., "BLEU", ACL 2002;
 * Wu et al., arXiv 1609.08144 (GLEU: the smaller of precision and recall).
 * Memory: scratch from base/mem, given back. Threads: no state.
 * Limits: OVERLAP_CHARS_MAX characters for the edit distance, OVERLAP_WORDS_MAX words. */
#ifndef ASSAY_TEXT_OVERLAP_H
#define ASSAY_TEXT_OVERLAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum { OVERLAP_CHARS_MAX = 20000, OVERLAP_WORDS_MAX = 100000 };

/* The fewest characters to insert, delete or replace that make one of the other. */
MUST_CHECK int overlap_distance(struct view a, struct view b, size_t *ret_distance);

/* Words as white space parts them. */
size_t overlap_words(struct view text);

/* 0..1. The share of the reference's n-grams that the answer has. */
MUST_CHECK int overlap_rouge(struct view answer, struct view reference, unsigned n,
                             double *ret_share);

/* 0..1, against the best of the references. An answer without words has 0. */
MUST_CHECK int overlap_bleu(struct view answer, const struct view *references, size_t count,
                            double *ret_score);
MUST_CHECK int overlap_gleu(struct view answer, const struct view *references, size_t count,
                            double *ret_score);

#endif
