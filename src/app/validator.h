/* SPDX-License-Identifier: Apache-2.0
 *
 * validator: a policy ready to be used by several threads: its file read, its patterns compiled or
 * taken from the cache, words and embeddings at hand where a check of it needs them.
 *
 * Nothing heavy is opened that no check of the policy asks for: the dictionary of Japanese words is
 * mapped at the first text that needs it, the embedding model is loaded for `support.low` with
 * `embedding: builtin` alone.
 *
 * Memory: base/mem and an arena; the engines'. Threads: validator_take, validator_give and what the
 * validation does belong to one thread a `thread`; a validation that was taken may be ended
 * (validation_add, _decide) and given back by another. */
#ifndef ASSAY_APP_VALIDATOR_H
#define ASSAY_APP_VALIDATOR_H

#include "core/validate/validate.h"

struct validator;

struct validator_options {
    const char *policy;         /* file; NULL: the default policy */
    const char *cache;          /* folder of the program's caches; NULL: none */
    const char *model_dir;      /* of the embedding model; NULL: none */
    const char *dictionary_dir; /* of Japanese words; NULL: the usual places */
    uint32_t threads;
};

/* ERR_CONFIG with "FILE:LINE:COLUMN: …" for every mistake in the policy; ERR_MISSING, ERR_DENIED,
 * ERR_IO where a file cannot be read or an engine cannot be used; ERR_MEMORY. */
MUST_CHECK int validator_new(const struct validator_options *options,
                             struct validator **ret_validator, struct err *reterr);
/* Every validation must have been given back. NULL is fine. */
void validator_free(struct validator *validator);

const struct policy *validator_policy(const struct validator *validator);

/* A validation of that thread. */
MUST_CHECK int validator_take(struct validator *validator, uint32_t thread,
                              struct validation **ret_validation, struct err *reterr);
/* With `keep` false its memory is given up: after an answer of unusual size. */
void validator_give(struct validator *validator, uint32_t thread, struct validation *validation,
                    bool keep);

/* Puts the similarity of texts into the subject, where the policy needs one. */
void validator_equip(struct validator *validator, struct validate_subject *subject);

#endif
