/* SPDX-License-Identifier: Apache-2.0
 *
 * expectation: what is expected of an answer (expect.h), compiled: patterns, schema, words.
 *
 * Memory: its own, freed by expectation_free; borrows the texts of the struct expect. Threads:
 * constant once made. */
#ifndef ASSAY_CORE_VALIDATE_EXPECTATION_H
#define ASSAY_CORE_VALIDATE_EXPECTATION_H

#include "base/err.h"
#include "base/view.h"
#include "core/validate/expect.h"

struct expectation;

/* Where the mapping stands, for messages. */
struct expectation_place {
    struct view file;
    uint32_t line;
    uint32_t column;
    struct view entry; /* the id of a golden set's entry; empty: none */
    bool has_policy;   /* checks of a policy are fine: they will be attached (examine.h) */
};

/* Compiles. ERR_CONFIG with "FILE:LINE:COLUMN: …" for a pattern, schema, language or check that is
 * none; ERR_UNSUPPORTED for one that this version does not know; ERR_MEMORY. */
MUST_CHECK int expectation_new(const struct expect *expect, const struct expectation_place *place,
                               struct expectation **ret_expectation, struct err *reterr);
void expectation_free(struct expectation *expectation); /* NULL is fine */

#endif
