/* SPDX-License-Identifier: Apache-2.0
 *
 * answer_cache: answers that were had already, so that the same question is not paid for twice: by
 * whom was asked (kind, model, address, parameters of the target), what was asked (the rendered
 * system prompt and messages, parameters), and which sample of it this is.
 *
 * Answers of a model are drawn by chance: sample 0 asked again gives the answer of sample 0, and
 * whoever wants another draw asks for another number. Errors are never kept. An answer that is too
 * old (answer_cache_since) is not given: models change behind their names.
 * Kept in .assay/answers.db, which may be deleted at any time. Secrets are no part of a key.
 *
 * Blocking. Memory: base/mem. Threads: one owner. */
#ifndef ASSAY_APP_ANSWER_CACHE_H
#define ASSAY_APP_ANSWER_CACHE_H

#include "config/settings.h"
#include "core/record/answer.h"
#include "base/digest.h"

struct answer_cache;

enum { ANSWER_CACHE_DAYS = 30 }; /* older ones are deleted when it is opened */

/* In the folder `state_dir` (.assay). Codes of shell/store/answers.h. */
MUST_CHECK int answer_cache_open(const char *state_dir, struct answer_cache **ret_cache,
                                 struct err *reterr);
/* NULL is fine. */
void answer_cache_close(struct answer_cache *cache);

/* From now on only answers that came at that time or later are given; 0: any. */
void answer_cache_since(struct answer_cache *cache, int64_t unix_s);

/* What makes two targets the same one. `seed` counts for a simulator alone, as does `defect` (NULL:
 * the target's). ERR_MEMORY. */
MUST_CHECK int answer_cache_target(const struct settings_target *target, uint64_t seed,
                                   const char *defect, struct digest *ret_digest);

/* What makes two questions the same one, the sample's number apart. ERR_MEMORY. */
MUST_CHECK int answer_cache_question(const struct digest *target, const struct chat *chat,
                                     struct digest *ret_digest);

/* The answer to sample chat.sample of it, in the arena. ERR_MISSING where there is none; the codes
 * of the store. */
MUST_CHECK int answer_cache_get(struct answer_cache *cache, const struct digest *question,
                                uint64_t sample, struct arena *arena, struct answer *ret_answer,
                                struct err *reterr);

/* Keeps an answer; one with an error code is left out. */
MUST_CHECK int answer_cache_put(struct answer_cache *cache, const struct digest *question,
                                uint64_t sample, const struct answer *answer, struct err *reterr);

#endif
