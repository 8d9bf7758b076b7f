/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_expectations: what the entries of a plan expect, compiled: once for all entries that expect
 * the same, since large golden sets say the same few things again and again.
 *
 * Memory: the plan's, freed by plan_expectations_free. Threads: one owner. */
#ifndef ASSAY_APP_PLAN_EXPECTATIONS_H
#define ASSAY_APP_PLAN_EXPECTATIONS_H

#include "app/plan.h"

/* Fills plan->expectations for the entries that are asked. An entry that lists checks has one of
 * its own: what its checks look at is attached to it. ERR_CONFIG with the place, ERR_MEMORY. */
MUST_CHECK int plan_expectations_make(struct plan *plan, struct err *reterr);

/* Also after a failure. */
void plan_expectations_free(struct plan *plan);

#endif
