/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_check: how often the gate would fail although nothing changed (A/A). The accepted answers of
 * each entry are divided at random, one part taken for the baseline and the rest for a run, scored
 * and judged as a run is, again and again.
 *
 * At least three accepted answers are needed (two where no similarity is measured): two for the
 * baseline, since one alone does not know its noise. The parts are smaller than a real run, so
 * noise counts for more: the rates lean to the high side. Newly failed checks are left out.
 * Memory: scratch from base/mem, given back. Threads: no state; same seed, same rates. Limits: 32
 * answers an entry and the first 10,000 entries; fewer divisions for many entries, so that it
 * takes seconds. */
#ifndef ASSAY_CORE_GOLDEN_GATE_CHECK_H
#define ASSAY_CORE_GOLDEN_GATE_CHECK_H

#include "core/golden/gate.h"
#include "core/golden/similar.h"

enum { GATE_CHECK_SPLITS = 1000, GATE_CHECK_SPLITS_MIN = 50, GATE_CHECK_ANSWERS_MAX = 32 };

/* Of the accepted answers of judged entries, whose vectors must be there. .known is false where no
 * entry has enough of them. ERR_MEMORY, and what similar_pair says. */
MUST_CHECK int gate_check(const struct run *run, const struct severity_limits *limits,
                          const struct similar *similar, struct false_alarms *ret_alarms,
                          struct err *reterr);

#endif
