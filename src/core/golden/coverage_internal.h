/* SPDX-License-Identifier: Apache-2.0
 *
 * coverage_internal: what the files of coverage share with nobody else. */
#ifndef ASSAY_CORE_GOLDEN_COVERAGE_INTERNAL_H
#define ASSAY_CORE_GOLDEN_COVERAGE_INTERNAL_H

#include "core/golden/coverage.h"

/* A tag that is a language's code. */
bool coverage_is_language(struct view tag);
/* Whether the entry expects anything of its answer. */
bool coverage_has_checks(const struct golden_entry *entry);

/* Fills coverage->gaps. ERR_MEMORY. */
MUST_CHECK int coverage_find_gaps(struct arena *arena, const struct golden_set *set,
                                  struct coverage *coverage);

#endif
