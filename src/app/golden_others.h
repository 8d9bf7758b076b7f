/* SPDX-License-Identifier: Apache-2.0
 *
 * golden_others: the checks under `expect: checks:` that somebody else answers (judge, guardrail,
 * exec.NAME), asked about each sample once it has been examined (ask_checks.h).
 *
 * Accepted answers of a baseline are not asked about again: a check that fails now counts as newly
 * failing. Threads: the loop's. Limits: those of ask_checks.h. */
#ifndef ASSAY_APP_GOLDEN_OTHERS_H
#define ASSAY_APP_GOLDEN_OTHERS_H

#include "app/golden_run_state.h"

/* Opens what will be asked; nothing where no entry lists such a check. Codes of ask_checks_new. */
MUST_CHECK int golden_others_prepare(struct golden_run *run, struct err *reterr);

/* True where the entry of this item lists such a check. */
bool golden_others_wanted(const struct golden_run *run, size_t item);

/* Asks about a sample that has been examined; `done` is called from the loop once what was found
 * stands in its verdict. False where nobody can be asked: the run is broken then. */
bool golden_others_start(struct golden_run *run, size_t item, size_t sample,
                         void (*done)(struct golden_run *run, size_t item, size_t sample));

/* Adds a failed check to a sample's verdict; the finding is copied. Without memory the run is
 * broken. */
void golden_others_add(struct golden_run *run, struct sample *sample,
                       const struct finding *finding);

/* Ends what is under way; each is done soon, without a finding. */
void golden_others_interrupt(struct golden_run *run);
/* Forgets it. */
void golden_others_release(struct golden_run *run);

#endif
