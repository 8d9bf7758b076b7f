/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_check: how often the gate would fail although nothing changed (A/A). The accepted answers of
 * each entry are divided at random into two halves, one taken for "before" and one for "now", again
 * and again, and the gate's two rules are applied to each division.
 *
 * Halves are smaller than a real run, so noise counts for more here: the rates lean to the high
 * side. Entries with one accepted answer cannot be divided.
 * Memory: scratch from base/mem, given back. Threads: no state; same seed, same rates.
 * Limits: fewer divisions for many entries, so that it takes seconds at the most. */
#ifndef ASSAY_CORE_GOLDEN_GATE_CHECK_H
#define ASSAY_CORE_GOLDEN_GATE_CHECK_H

#include "core/golden/gate.h"

enum { GATE_CHECK_SPLITS = 1000, GATE_CHECK_SPLITS_MIN = 50 };

/* Of the accepted answers' scores of judged entries. ERR_MEMORY; .known is false where no entry has
 * two. */
MUST_CHECK int gate_check(const struct run *run, const struct severity_limits *limits,
                          struct false_alarms *ret_alarms);

#endif
