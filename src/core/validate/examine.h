/* SPDX-License-Identifier: Apache-2.0
 *
 * examine: one answer against what is expected of it: the parts of the score that need no baseline
 * (keywords, structure, language), and every check that failed, with where and why.
 *
 * Expectations are compiled once (expectation.h) and used for many answers, those of the baseline
 * included, so that both sides are judged by today's expectation.
 * Memory: what examine finds lives in the caller's arena. Threads: no state; checks that were
 * attached belong to one thread. */
#ifndef ASSAY_CORE_VALIDATE_EXAMINE_H
#define ASSAY_CORE_VALIDATE_EXAMINE_H

#include "base/arena.h"
#include "core/record/run.h"
#include "core/validate/expectation.h"
#include "core/validate/validate.h"

/* The version of everything here that a score depends on; stands in baselines. */
#define EXAMINE_VERSION "1"

struct examined {
    struct score score; /* similarity and total absent */
    struct verdict verdict;
    struct view language; /* "ja", "en", "mixed", "und", … */
};

/* The checks of a policy that an expectation lists under `checks:` (policy_of_expect), and what
 * they need. */
struct examine_checks {
    const struct policy *policy;            /* bound */
    const struct validate_subject *subject; /* sources, system prompt, question */
    const struct morphology *morphology;    /* may be NULL */
    struct scan_scratch *scratch;           /* of the thread that examines */
};

/* From now on they count too. They must hold as long as the expectation. */
void examine_attach(struct expectation *expectation, const struct examine_checks *checks);

/* `reply` is the answer's own, for its stop reason and usage; NULL where only its text is known.
 * Views of the result point into the answer or the arena. ERR_LIMIT (a pattern that ran too long,
 * named in reterr), ERR_MEMORY. */
MUST_CHECK int examine(const struct expectation *expectation, struct view answer,
                       const struct reply *reply, struct arena *arena,
                       struct examined *ret_examined, struct err *reterr);

/* The same of a whole answer, with its latency and cost. */
MUST_CHECK int examine_sample(const struct expectation *expectation, const struct sample *sample,
                              struct arena *arena, struct examined *ret_examined,
                              struct err *reterr);

#endif
