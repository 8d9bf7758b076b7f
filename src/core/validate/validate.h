/* SPDX-License-Identifier: Apache-2.0
 *
 * validate: one answer held against a policy and its own expectations: findings with evidence and
 * bytes, then the decision: accept, retry, fall back.
 *
 *     validation_begin ─▶ _feed* ─▶ _end ─▶ _add* ─▶ _decide
 *
 * A whole answer is a stream of one piece: there is one way, so that the verdict cannot depend on
 * the cuts. What must be asked of others (a judge model, a guardrail, a command) is listed by
 * validation_asks; whoever drives this asks and adds what was found.
 *
 * Memory: one arena a validation, reused by validation_begin. Threads: one owner. */
#ifndef ASSAY_CORE_VALIDATE_VALIDATE_H
#define ASSAY_CORE_VALIDATE_VALIDATE_H

#include "core/validate/policy.h"
#include "provider/chat.h"
#include "text/morphology.h"

enum { VALIDATE_TEXT_MAX = 32 * 1024 * 1024, VALIDATE_FINDINGS_MAX = 200 };

/* What is known about the answer beside its text. */
struct validate_subject {
    unsigned flags;                        /* of enum validate_flag */
    const struct expectation *expectation; /* of the answer's own; NULL: the policy's */
    const struct view *sources;
    size_t source_count;
    struct view system_prompt; /* empty: none known */
    struct view question;
    struct view language;      /* found by extract.h, for where the expectation of the answer's own
                              does not say; empty: none */
    bool language_is_guess;    /* it follows the question */
    enum expect_format format; /* found likewise; EXPECT_FORMAT_NONE: none */
    bool has_stop;
    enum stop_reason stop;
    bool usage_is_due; /* the answer should have told its usage */
    bool has_usage;
    struct usage usage;
    bool knows_figures;    /* latency and cost were measured, so that a check may ask for them */
    uint64_t latency_ns;   /* 0: not known */
    int64_t cost_nano_usd; /* 0: not known */
    /* Calibrated similarity of two texts, 0 to 1,000,000, negative: unknown; for `support.low` with
     * `embedding: builtin`. May be NULL. */
    int64_t (*similarity)(void *context, struct view a, struct view b);
    void *similarity_context;
};

enum validate_flag {
    VALIDATE_TOOL = 1, /* arguments of a tool call: JSON, and only checks that find spans count */
};

enum validate_decision { VALIDATE_ACCEPT, VALIDATE_RETRY, VALIDATE_FALLBACK };

/* "accept", "retry", "fallback" */
const char *validate_decision_name(enum validate_decision decision);

struct validate_finding {
    struct finding finding; /* check: the reported name */
    enum policy_action action;
    bool log;
    bool is_secret; /* evidence is already made unreadable */
    bool quotes;    /* evidence and message may quote any part of the answer */
    uint32_t order; /* of the policy's rows */
};

/* Where in the answer a secret stands. */
struct validate_secret {
    size_t start;
    size_t end;
    bool is_untold; /* not even its last characters are told */
};

/* How the caller stands: decides what a wish to retry comes to. */
struct validate_situation {
    bool is_retry;  /* this answer was the retry already */
    bool was_cheap; /* it came from the cheaper model: asked once more at temperature 0 */
    bool time_is_up;
    struct view language; /* of the caller, for the canned answer */
};

struct validated {
    enum validate_decision decision;
    bool log;
    bool retry_at_zero; /* RETRY: the same cheaper model, the simpler prompt, temperature 0 */
    const struct validate_finding *findings; /* by the policy's order, then by place */
    size_t count;
    const struct validate_secret *secrets; /* all of them, in no order */
    size_t secret_count;
    bool is_masked;
    struct view masked; /* the answer with spans replaced, where is_masked */
};

struct validation;

/* The policy must be bound and hold as long; morphology may be NULL; the scratch is of this
 * thread. */
MUST_CHECK int validation_new(const struct policy *policy, const struct morphology *morphology,
                              struct scan_scratch *scratch, struct validation **ret_validation);
void validation_free(struct validation *validation); /* NULL is fine */

/* The subject is copied, its views must hold until the next begin. ERR_LIMIT; ERR_UNSUPPORTED where
 * the policy needs a similarity that the subject does not bring; ERR_MEMORY. */
MUST_CHECK int validation_begin(struct validation *validation,
                                const struct validate_subject *subject, struct err *reterr);
/* More of the answer. ERR_LIMIT where it is past VALIDATE_TEXT_MAX. */
MUST_CHECK int validation_feed(struct validation *validation, struct view text, struct err *reterr);
/* The answer is complete; what is only known now (stop reason, usage) replaces the subject's. */
MUST_CHECK int validation_end(struct validation *validation, const struct validate_subject *subject,
                              struct err *reterr);

/* What of the answer may leave so far: masked where masks are due, and nothing of what a check that
 * cuts has found or may still find. Views hold until the next call. */
MUST_CHECK int validation_release(struct validation *validation, struct view *ret_text);
/* True once a check has cut the answer off: nothing more will be released. */
bool validation_is_cut(const struct validation *validation);
/* True once it is certain that the answer will not be accepted, though not all of it is there: the
 * moment to say so to a client that sees the stream as it comes. */
bool validation_is_doomed(const struct validation *validation);

/* The rows of the policy that others must answer, given what was found so far. */
size_t validation_asks(const struct validation *validation, const struct policy_check **ret_checks,
                       size_t room);
/* What was found by one of them. The finding is copied. */
MUST_CHECK int validation_add(struct validation *validation, const struct policy_check *check,
                              const struct finding *finding);

/* Ends it. The result holds until the next begin. */
MUST_CHECK int validation_decide(struct validation *validation,
                                 const struct validate_situation *situation,
                                 struct validated *ret_validated, struct err *reterr);

#endif
