/* SPDX-License-Identifier: Apache-2.0
 *
 * examine: one answer against what its entry expects: the parts of the score that need no baseline
 * (keywords, structure, language), and every check that failed, with where and why.
 *
 * Expectations are compiled once an entry and used for many answers, those of the baseline
 * included, so that both sides are judged by today's golden set.
 * Memory: an expectation is freed by its owner; what examine finds lives in the caller's arena.
 * Threads: an expectation is constant once made. */
#ifndef ASSAY_CORE_GOLDEN_EXAMINE_H
#define ASSAY_CORE_GOLDEN_EXAMINE_H

#include "base/arena.h"
#include "core/golden/entries.h"
#include "core/record/run.h"

/* The version of everything here that a score depends on; stands in baselines. */
#define EXAMINE_VERSION "1"

struct expectation;

/* Compiles what the entry expects. ERR_CONFIG with "FILE:LINE:COLUMN: …" for a pattern, schema,
 * language or check that is none; ERR_UNSUPPORTED for one that this version does not know;
 * ERR_MEMORY. */
MUST_CHECK int expectation_new(const struct golden_set *set, const struct golden_entry *entry,
                               struct expectation **ret_expectation, struct err *reterr);
void expectation_free(struct expectation *expectation); /* NULL is fine */

struct examined {
    struct score score; /* similarity and total absent */
    struct verdict verdict;
    struct view language; /* "ja", "en", "mixed", "und", … */
};

/* Views of the result point into the answer or the arena. ERR_LIMIT (a pattern that ran too long,
 * named in reterr), ERR_MEMORY. */
MUST_CHECK int examine(const struct expectation *expectation, struct view answer,
                       struct arena *arena, struct examined *ret_examined, struct err *reterr);

#endif
