/* SPDX-License-Identifier: Apache-2.0
 *
 * policy: which checks an answer has to stand, in which order, and what follows when it does not: a
 * file of YAML, read into a table. checks.def is the table of what checks there are.
 *
 *   policy_read        YAML → struct policy, everything wrong told with its place
 *   policy_schema_put  the schema's file, where `expect:` names one
 *   policy_plan        its patterns → rules of a scan_plan (engine/patterns.h compiles that)
 *   policy_bind        the compiled set → ready to use
 *
 *   checks:                                  # the order is that of evaluation and reports;
 *     - format                               # without `checks:` the default rows hold
 *     - {check: safety.personal_data, action: mask, kinds: [email, phone], allow: [03-1234-5678]}
 *     - {check: pattern.price, not: '[0-9]{1,9}円', action: retry, log: true}
 *   expect: {language: ja, forbidden: [在庫切れ], max_chars: 1200}
 *   stream: {after: event}                   # or sentence, or whole
 *   retry_prompt: Answer briefly, in the language of the question.
 *   fallback: {en: …, ja: …}
 *   extract: {sources: [{tag: documents}]}   # extract.h
 *   lookalikes: true
 *
 * Without a file the default policy holds: the product's own flow, docs/validation.md. Personal
 * data, prompt leaks and support values that stand in the question or the sources can be excused by
 * options of their rows (`assay help validate`).
 * Memory: the caller's arena, and what policy_bind compiles (policy_release). Threads: constant
 * once bound. Limits: POLICY_CHECKS_MAX rows, those of text/scan.h, keywords.h and yaml.h. */
#ifndef ASSAY_CORE_VALIDATE_POLICY_H
#define ASSAY_CORE_VALIDATE_POLICY_H

#include "base/arena.h"
#include "base/err.h"
#include "config/expand.h"
#include "config/problems.h"
#include "config/spec.h"
#include "core/record/verdict.h"
#include "core/validate/asserts.h"
#include "core/validate/expectation.h"
#include "text/scan.h"

enum { POLICY_CHECKS_MAX = 1000, POLICY_FALLBACKS_MAX = 64 };

/* What follows from a failed check, the later the graver. */
enum policy_action {
    POLICY_ACCEPT,   /* nothing: told and accepted */
    POLICY_MASK,     /* accepted with the span replaced */
    POLICY_RETRY,    /* asked again */
    POLICY_FALLBACK, /* the canned answer */
    POLICY_BLOCK,    /* the same, and a retry is no way out */
};

/* "accept", "mask", "retry", "fallback", "block" */
const char *policy_action_name(enum policy_action action);

enum policy_check_kind {
#define CHECK(id, ...) POLICY_##id,
#include "core/validate/checks.def"
#undef CHECK
    POLICY_CHECK_KINDS,
};

/* When a check knows. */
enum policy_when {
    POLICY_HOLD, /* while the answer streams by: spans, which can be masked or cut */
    POLICY_END,  /* once the answer is there */
    POLICY_ASK,  /* somebody else judges: validation_asks */
};

/* When a stream is judged by what can only be judged at the end. */
enum policy_after {
    POLICY_AFTER_EVENT,    /* released as it comes; the verdict follows as an event */
    POLICY_AFTER_SENTENCE, /* a sentence is released when it passes */
    POLICY_AFTER_WHOLE,    /* nothing is released before the end */
};

/* ---- options of the rows: policy_check.options is one of these, by kind --------------------- */

/* Texts that are excused: exactly these (in one spelling, without case), or what a pattern matches
 * as a whole. */
struct policy_allow {
    const struct view *texts;
    size_t text_count;
    const struct view *patterns;
    size_t pattern_count;
};

struct policy_personal_data {
    bool kinds[32];                      /* enum personal_kind: what is looked for */
    enum policy_action kind_actions[32]; /* of each; the row's unless `actions:` says otherwise */
    struct policy_allow allow;
    bool allow_sources;   /* what stands in the sources or the question is excused */
    struct view order_id; /* a further kind by this expression; empty: none */
    struct view mask;     /* "[{kind}]": {kind} is the kind in capitals */
};

struct policy_secret {
    struct config_list values; /* never shown */
};

struct policy_injection {
    bool allow_sources; /* what stands in the question word for word is excused */
};

struct policy_prompt_leak {
    int64_t words;      /* that a run must have */
    bool allow_sources; /* what the sources or the question share with the prompt is no secret */
};

struct policy_canary {
    struct config_list strings;
};

struct policy_stop_reason {
    enum policy_action max_tokens;
    enum policy_action content_filtered;
    enum policy_action guardrail_intervened;
    enum policy_action malformed;
    enum policy_action context_window_exceeded;
    bool usage; /* an answer without usage is told */
};

struct policy_length {
    int64_t min_chars; /* grapheme clusters; -1: none; over what `expect:` says */
    int64_t max_chars;
    int64_t min_words;
    int64_t max_words;
    int64_t max_tokens; /* estimated */
    int64_t max_bytes;
};

struct policy_value {
    struct policy_allow allow;
};

enum policy_embedding { POLICY_EMBEDDING_NONE, POLICY_EMBEDDING_TFIDF, POLICY_EMBEDDING_BUILTIN };

struct policy_low {
    int64_t floor_micro;
    enum policy_embedding embedding;
};

struct policy_pattern {
    struct view match; /* must be there; empty: see not */
    struct view not_;  /* must not */
};

struct policy_assert {
    struct assert_item item;
};

struct policy_judge {
    struct view target; /* of assay.yaml */
    struct view rubric;
    int64_t scale_min; /* `scale: 1-5` */
    int64_t scale_max;
    int64_t floor_micro; /* a lower mean fails; in millionths of a point */
    int64_t repeat;
};

struct policy_exec {
    struct config_list command; /* program and arguments, or one line for a shell */
    bool is_line;
    uint64_t timeout_ns;
};

struct policy_guardrail {
    struct view target; /* of assay.yaml, whose region and keys are used; empty: none */
    struct view id;
    struct view version;
    struct view region;
};

struct policy_fluency {
    int64_t floor_micro;
};

/* ---- the policy ------------------------------------------------------------------------------ */

/* One row: a check with its parameters, as the policy has it. */
struct policy_check {
    enum policy_check_kind kind;
    enum policy_when when;
    struct view name; /* as reported: "format", "safety.secret", "pattern.price", "judge.tone" */
    enum policy_action action;
    bool log;
    enum severity severity; /* in golden runs */
    const void *options;    /* struct policy_<kind>; NULL where the kind has none */
    const uint32_t *rules;  /* numbers in the scan set, once planned */
    const uint32_t *tags;   /* of each rule: what it stands for (a personal kind, a word) */
    size_t rule_count;
    struct pattern *const *patterns; /* once bound: of an allow-list, or what must match */
    size_t pattern_count;
    uint32_t line;
    uint32_t column;
};

struct policy_text {
    struct view language;
    struct view text;
};

struct policy_extract; /* extract.h */

struct policy {
    struct view file; /* "default": none was read */
    const struct policy_check *checks;
    size_t check_count;
    struct expect expect; /* what every answer must be, unless its own expect says otherwise */
    struct expectation *expectation; /* the same, once bound */
    struct view schema_path; /* a file that `expect: {schema: …}` names, not read yet; else empty */
    struct view retry_prompt; /* empty: the same question */
    const struct policy_text *fallbacks;
    size_t fallback_count; /* at least one */
    enum policy_after after;
    bool lookalikes; /* letters of other scripts that look Latin are read as Latin */
    const struct policy_extract *extract; /* never NULL */
    const struct scan_set *set;           /* once bound */
    const bool *wanted;                   /* scan_set_count places: rules of this policy */
    const bool *held;                     /* of them those that hold a stream back */
};

/* The product's own flow. Must be planned and bound. ERR_MEMORY. */
MUST_CHECK int policy_default(struct arena *arena, struct policy *ret_policy);

/* Reads a policy file (YAML or JSON); ${NAME} is looked up (lookup may be NULL). What is wrong goes
 * to problems, whose file must be `file`. ERR_CONFIG, ERR_MEMORY leave ret_policy untouched. */
MUST_CHECK int policy_read(struct arena *arena, struct view file, struct view text,
                           config_lookup *lookup, void *context, struct problems *problems,
                           struct policy *ret_policy);

/* The text of policy->schema_path. ERR_CONFIG with "PATH:LINE:COLUMN: …", ERR_MEMORY. */
MUST_CHECK int policy_schema_put(struct policy *policy, struct arena *arena, struct view text,
                                 struct err *reterr);

/* A policy of the checks that an expect mapping lists and expectation.h does not judge itself
 * (safety, support, judge, exec, guardrail, fluency): no rows where it lists none. Problems and
 * codes as policy_read. */
MUST_CHECK int policy_of_expect(const struct config_reader *reader, const struct expect *expect,
                                struct policy *ret_policy);

/* Adds what the policy looks for to the plan, which several policies may share. ERR_CONFIG with
 * "FILE:LINE:COLUMN: …" for an expression that is none or too expensive; ERR_LIMIT; ERR_MEMORY. */
MUST_CHECK int policy_plan(struct policy *policy, struct arena *arena, struct scan_plan *plan,
                           struct err *reterr);

/* The set must hold as long as the policy. Compiles what `expect:` says. ERR_CONFIG as above. */
MUST_CHECK int policy_bind(struct policy *policy, struct arena *arena, const struct scan_set *set,
                           struct err *reterr);

/* Gives back what policy_bind compiled. */
void policy_release(struct policy *policy);

/* The canned answer in that language ("ja", "ja-JP"); English where there is none in it, then the
 * first. */
struct view policy_fallback(const struct policy *policy, struct view language);

/* ---- the tables, for `assay --dump-tables` -------------------------------------------------- */

const struct config_table *policy_table(void);
/* The keys of one kind's row. */
const struct config_table *policy_check_table(enum policy_check_kind kind);
/* Its defaults: a row without options, and the name as in checks.def ("pattern."). */
struct policy_check policy_check_default(enum policy_check_kind kind);
bool policy_check_is_default(enum policy_check_kind kind);

#endif
