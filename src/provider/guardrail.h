/* SPDX-License-Identifier: Apache-2.0
 *
 * guardrail: Bedrock's ApplyGuardrail: an answer, and what it is to be grounded in, as a request;
 * what the guardrail found, out of its answer.
 *
 * Pure: builds and reads bytes; whoever sends them signs. Memory: the caller's arena. Threads: no
 * state. Limits: GUARDRAIL_FINDINGS_MAX of one answer; the service's own (25 text units a second
 * and guardrail, and of grounding 100,000 characters of sources, 1,000 of query, 5,000 of answer)
 * are answered by the service.
 * Source: the service model of bedrock-runtime. */
#ifndef ASSAY_PROVIDER_GUARDRAIL_H
#define ASSAY_PROVIDER_GUARDRAIL_H

#include "provider/provider.h"

enum { GUARDRAIL_FINDINGS_MAX = 256 };

/* What is put to it. Sources and query bring contextual grounding about, where the guardrail has
 * it. */
struct guardrail_question {
    struct view id;      /* or ARN */
    struct view version; /* "1", "DRAFT" */
    struct view response;
    const struct view *sources;
    size_t source_count;
    struct view query; /* empty: none */
};

/* The request: views into the arena. ERR_CONFIG with the remedy where the target is no Bedrock or
 * something is missing; ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int guardrail_build(const struct provider_target *target,
                               const struct guardrail_question *question, struct arena *arena,
                               struct http_request *ret_request, struct err *reterr);

struct guardrail_finding {
    struct view policy; /* "contentPolicy", "wordPolicy", … as the service calls it */
    struct view what;   /* type or name: "PROMPT_ATTACK", "EMAIL", "GROUNDING" */
    struct view match;  /* the words at fault; empty where it names none */
    struct view action; /* "BLOCKED", "ANONYMIZED" */
    bool has_score;     /* of contextual grounding */
    double score;
    double threshold;
};

struct guardrail_answer {
    bool intervened;
    struct view reason;                       /* the service's words; may be empty */
    const struct guardrail_finding *findings; /* those that led to an action */
    size_t count;
};

/* What it found, or a reply with a code where the service refused or what came cannot be understood
 * (ret_answer is then empty). Fails with ERR_MEMORY only. */
MUST_CHECK int guardrail_read(const struct provider_target *target,
                              const struct http_response *response, struct arena *arena,
                              struct guardrail_answer *ret_answer, struct reply *ret_reply);

#endif
