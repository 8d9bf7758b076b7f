/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: from what the gravest failed check wishes and how the caller stands to what is done: one
 * table.
 *
 *   accept, mask      accepted, whatever else
 *   retry             asked again: the cheaper model with the simpler prompt; where the answer came
 *                     from the cheaper model already, the same at temperature 0; where it was a
 *                     retry, or the time is up, the canned answer
 *   fallback, block   the canned answer
 *
 * Threads: values. */
#ifndef ASSAY_CORE_VALIDATE_DECIDE_H
#define ASSAY_CORE_VALIDATE_DECIDE_H

#include "core/validate/validate.h"

struct decided {
    enum validate_decision decision;
    bool retry_at_zero;
};

struct decided decide(enum policy_action gravest, const struct validate_situation *situation);

#endif
