/* SPDX-License-Identifier: Apache-2.0
 *
 * fluent: how the answers to an entry read (text/fluency.h), held against its accepted answers: a
 * lack that was accepted does not count, a register other than theirs does. It is told beside the
 * score and is no part of it.
 *
 * Memory: the caller's arena; what analysis takes is given back. Threads: the morphology's. */
#ifndef ASSAY_CORE_GOLDEN_FLUENT_H
#define ASSAY_CORE_GOLDEN_FLUENT_H

#include "core/record/run.h"
#include "text/morphology.h"

enum { FLUENT_FALLEN_MICRO = 150000 }; /* a mean that fell by so much is told in words */

/* Fills the fluency of the entry and of its samples that were scored. ERR_MEMORY, ERR_CORRUPT. */
MUST_CHECK int fluent_entry(const struct morphology *morphology, struct run_entry *entry,
                            struct arena *arena);

/* Fills the mean of the run's entries. */
void fluent_mean(struct run *run);

#endif
