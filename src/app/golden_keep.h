/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_keep: answers of a golden run that an answer cache knows already, and those that it is to
 * know (golden_run_options.answers). Without a cache every function does nothing.
 *
 * A cache that fails costs money, not truth: the question is asked then. Threads: the loop's. */
#ifndef ASSAY_APP_GOLDEN_KEEP_H
#define ASSAY_APP_GOLDEN_KEEP_H

#include "app/golden_run_state.h"

/* What makes each target of the plan itself. ERR_MEMORY. */
MUST_CHECK int golden_keep_prepare(struct golden_run *run);

/* True where the answer to that question is known: it lies in `scratch`. Remembers the question's
 * digest in the ask otherwise. */
bool golden_keep_find(struct golden_run *run, struct ask *ask, const struct chat *chat,
                      struct arena *scratch, struct answer *ret_answer);

/* The answer came. */
void golden_keep_put(struct golden_run *run, const struct ask *ask, const struct answer *answer);

#endif
