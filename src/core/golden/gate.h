/* SPDX-License-Identifier: Apache-2.0
 *
 * gate: whether a run may pass: severities of its entries on one side, statistics over the suite on
 * the other, and what decided in words.
 *
 * Severity: any critical entry fails; a major one waits for a sign-off, and a tenth of the compared
 * entries being major (two at least) fails. An entry without a baseline fails with its checks.
 * Statistics: over the entries whose prompt, model or parameters changed, and over the untouched
 * rest, each a family of its own: fail where a one-sided sign-flip permutation test has p < .05 and
 * the mean fell by .03 or more; pass where the two-sided 90 % BCa interval of the mean stays above
 * −.03; otherwise inconclusive. Entries that share a prompt are a cluster where there are at least
 * 20 prompts.
 * An entry in quarantine counts in none of this. A major regression that was signed off
 * (signoff.h) waits for nobody, but still counts towards the tenth. With `gate: statistics` checks
 * that broke in more entries than chance allows (exact McNemar) fail as well.
 * What explains a drop is worked out with it (explain.h).
 * Source: docs/gate.md. Memory: the caller's arena. Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_GATE_H
#define ASSAY_CORE_GOLDEN_GATE_H

#include "base/arena.h"
#include "core/golden/score.h"

enum gate_mode { GATE_BOTH, GATE_SEVERITY, GATE_STATISTICS };
enum gate_major { GATE_MAJOR_SIGNOFF, GATE_MAJOR_WARN, GATE_MAJOR_FAIL };

struct gate_options {
    enum gate_mode mode;
    enum gate_major major;
    bool strict; /* warnings fail */
    struct severity_limits limits;
    int32_t similarity_floor_micro;
    int32_t keywords_floor_micro;
    int32_t score_floor_micro;
    int64_t stale_count; /* baseline entries that the golden set does not have any more */
    bool noise_known;    /* A/A was measured, or entries have several accepted answers */
    bool recorded_ahead; /* the baseline's date lies after the run's */
    bool max_cost_reached;
};

/* Fills run->gate and run->mean from the judged entries. ERR_MEMORY. */
MUST_CHECK int gate_decide(struct run *run, const struct gate_options *options,
                           struct arena *arena);

#endif
