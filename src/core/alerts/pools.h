/* SPDX-License-Identifier: Apache-2.0
 *
 * pools: what the pools of a run need, a sentence each, out of its record: the rules of
 * core/pool/advice.h.
 *
 * Pure. Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_CORE_ALERTS_POOLS_H
#define ASSAY_CORE_ALERTS_POOLS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { ALERT_POOL_LINES_MAX = 32 };

/* `pools_json` as struct run has it. ret_known: something was measured. What cannot be read says
 * nothing. ERR_MEMORY. */
MUST_CHECK int alert_pool_lines(struct view pools_json, struct arena *arena,
                                struct view **ret_lines, size_t *ret_count, bool *ret_known);

#endif
