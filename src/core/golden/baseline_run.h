/* SPDX-License-Identifier: Apache-2.0
 *
 * baseline_run: the accepted answers of a baseline as a run, so that whatever looks at runs can
 * look at them.
 *
 * Each entry's samples are its accepted answers with the scores they were recorded with; what the
 * file does not keep (questions, tags, times) is empty.
 * Memory: the caller's arena; texts are the baseline's. Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_BASELINE_RUN_H
#define ASSAY_CORE_GOLDEN_BASELINE_RUN_H

#include "core/golden/baseline.h"

/* ERR_MEMORY. */
MUST_CHECK int baseline_as_run(const struct baseline *baseline, struct arena *arena,
                               struct run *ret_run);

#endif
