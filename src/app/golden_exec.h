/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_exec: the check that is a command of the user's own (`command:` under `expect`). It reads
 * {"id", "target", "sample", "question", "response"} from standard input; exit status 0 passes,
 * anything else fails the check "exec" with the first line it wrote on standard error.
 *
 * Threads: the loop's. Limits: GOLDEN_EXEC_IN_NS a command; as many at once as there are questions
 * in flight, GOLDEN_EXEC_AT_ONCE at most. */
#ifndef ASSAY_APP_GOLDEN_EXEC_H
#define ASSAY_APP_GOLDEN_EXEC_H

#include "app/golden_run_state.h"

enum { GOLDEN_EXEC_AT_ONCE = 64 };

/* True where the entry of this item has such a command. */
bool golden_exec_wanted(const struct golden_run *run, size_t item);

/* Starts it for a sample that has been examined; `done` is called from the loop once its finding,
 * if any, stands in the sample's verdict. A command that cannot be started is a failed check. */
void golden_exec_start(struct golden_run *run, size_t item, size_t sample,
                       void (*done)(struct golden_run *run, size_t item, size_t sample));

/* Ends the commands that run; each is done soon, without a finding. */
void golden_exec_interrupt(struct golden_run *run);
/* Kills and forgets them. */
void golden_exec_release(struct golden_run *run);

#endif
