/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_checks: the checks of a policy that entries of a golden set list under `expect: checks:`:
 * read, compiled into one set of patterns for the whole suite, and attached to the entries'
 * expectations.
 *
 * Entries that list the same checks share one policy. What is known about the answer beside its
 * text is read out of the entry's rendered prompt: its system prompt, its question, and the sources
 * in its tagged blocks (core/validate/extract.h). Checks that somebody else must judge (judge,
 * guardrail, exec) are asked by golden_others.h.
 * Memory: the plan's arena and the engines'. Threads: one owner. */
#ifndef ASSAY_APP_PLAN_CHECKS_H
#define ASSAY_APP_PLAN_CHECKS_H

#include "app/plan.h"

struct plan_checks;

/* Attaches to every expectation of the plan what its entry lists. `cache` is where compiled
 * patterns are kept; NULL: nowhere. ret_checks is NULL where no entry lists any. ERR_CONFIG with
 * every mistake, a line each; what the engines say; ERR_MEMORY. */
MUST_CHECK int plan_checks_new(struct plan *plan, const char *cache,
                               struct plan_checks **ret_checks, struct err *reterr);
/* What the entry lists; NULL: nothing. */
const struct examine_checks *plan_checks_of(const struct plan_checks *checks, size_t entry);
/* Policy i of all that entries list; NULL past the last. */
const struct policy *plan_checks_policy(const struct plan_checks *checks, size_t i);

/* After the expectations. NULL is fine. */
void plan_checks_free(struct plan_checks *checks);

#endif
