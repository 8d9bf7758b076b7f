/* SPDX-License-Identifier: Apache-2.0
 *
 * policy: which checks an answer has to stand, in which order, and what follows when it does not: a
 * file of YAML, read into a table. checks.def is the table of what checks there are.
 *
 *   policy_read   YAML → struct policy, everything wrong told with its place
 *   policy_plan   its patterns → rules of a scan_plan (engine/patterns.h compiles that)
 *   policy_bind   the compiled set → ready to use
 *
 * Without a file the default policy holds: the product's own flow, docs/validation.md.
 * Memory: the caller's arena. Threads: constant once bound. */
#ifndef ASSAY_CORE_VALIDATE_POLICY_H
#define ASSAY_CORE_VALIDATE_POLICY_H

#include "base/arena.h"
#include "base/err.h"
#include "config/problems.h"
#include "core/record/verdict.h"
#include "core/validate/expect.h"
#include "text/scan.h"

/* What follows from a failed check, the later the graver. */
enum policy_action {
    POLICY_ACCEPT,   /* nothing: told and accepted */
    POLICY_MASK,     /* accepted with the span replaced */
    POLICY_RETRY,    /* asked again */
    POLICY_FALLBACK, /* the canned answer */
    POLICY_BLOCK,    /* the same, and a retry is no way out */
};

enum policy_check_kind {
#define CHECK(id, ...) POLICY_##id,
#include "core/validate/checks.def"
#undef CHECK
};

/* When a stream is judged by what can only be judged at the end. */
enum policy_after {
    POLICY_AFTER_EVENT,    /* released as it comes; the verdict follows as an event */
    POLICY_AFTER_SENTENCE, /* a sentence is released when it passes */
    POLICY_AFTER_WHOLE,    /* nothing is released before the end */
};

/* One row: a check with its parameters, as the policy has it. */
struct policy_check {
    enum policy_check_kind kind;
    struct view name; /* as reported: "format", "safety.secret", "pattern.price", "judge.tone" */
    enum policy_action action;
    bool log;
    enum severity severity;    /* in golden runs */
    const void *options;       /* the struct that the kind's table reads; of the policy's arena */
    const uint32_t *rules;     /* indexes into the scan set, once planned */
    size_t rule_count;
    uint32_t line;
    uint32_t column;
};

struct policy {
    struct view file; /* empty: the default */
    const struct policy_check *checks;
    size_t check_count;
    struct expect expect;     /* what every answer must be, unless its own expect says otherwise */
    struct view retry_prompt; /* empty: the same question */
    enum policy_after after;
    bool lookalikes;          /* letters of other scripts that look Latin are read as Latin */
    const struct policy_extract *extract; /* extract.h: how sources and expectations are found */
    const struct scan_set *set;           /* once bound */
    const bool *wanted;                   /* scan_set_count places: rules of this policy */
    const bool *held;                     /* of them those that hold a stream back */
};

#endif
