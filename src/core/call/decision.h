/* SPDX-License-Identifier: Apache-2.0
 *
 * decision: what the call machine decided and why, as a record: for metrics, logs and whoever asks
 * why a call waited, was repeated or was not asked. The kinds, their words and reasons are a table,
 * decisions.def. Threads: no state. */
#ifndef ASSAY_CORE_CALL_DECISION_H
#define ASSAY_CORE_CALL_DECISION_H

#include <stdint.h>

#include "base/slots.h"

#define DECISION(name, word, reason, figure, other) CALL_DECISION_##name,
enum call_decision_kind {
#include "core/call/decisions.def"
    CALL_DECISION_END, /* number of kinds */
};
#undef DECISION

struct call_decision {
    enum call_decision_kind kind;
    struct id call; /* none: it is about no single call */
    uint64_t at_ns;
    int64_t figure; /* what they are: call_decision_row */
    int64_t other;
};

struct call_decision_row {
    const char *word;   /* "admitted-late" */
    const char *reason; /* "its turn came later than it was asked" */
    const char *figure; /* "ns waited" */
    const char *other;
};

const struct call_decision_row *call_decision_row(enum call_decision_kind kind);

#endif
