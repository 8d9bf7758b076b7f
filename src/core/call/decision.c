/* SPDX-License-Identifier: Apache-2.0
 *
 * decision: see decision.h. */
#include "core/call/decision.h"

#include "base/err.h"

const struct call_decision_row *call_decision_row(enum call_decision_kind kind)
{
#define DECISION(name, word, reason, figure, other) {word, reason, figure, other},
    static const struct call_decision_row rows[] = {
#include "core/call/decisions.def"
    };
#undef DECISION

    assert_always(kind < CALL_DECISION_END);
    return &rows[kind];
}
