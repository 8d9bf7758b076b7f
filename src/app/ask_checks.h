/* SPDX-License-Identifier: Apache-2.0
 *
 * ask_checks: the checks of a policy that somebody else answers: a judge model, a guardrail, a
 * command of the user's own. Asked through the asker, or as child processes, many at once within
 * each target's limits; what they find is handed to whoever asked.
 *
 *   judge.NAME   a target grades by a rubric (core/validate/judge.h), `repeat` times; a mean below
 *                the floor is a finding
 *   guardrail    Bedrock's ApplyGuardrail, with sources and question for contextual grounding
 *   exec.NAME    a command reads {"id", "response", "prompt", "system_prompt", "sources"}, writes
 *                {"pass": true|false, "message"?, "evidence"?, "start"?, "end"?}
 *
 * Who could not be asked, or did not answer what was asked for, is a finding of that check: an
 * answer is never passed because its judge was silent.
 *
 * Memory: base/mem, the questions under way. Threads: the loop's.
 * Limits: ASK_CHECKS_AT_ONCE asks of a target, ASK_CHECKS_COMMANDS commands at once. */
#ifndef ASSAY_APP_ASK_CHECKS_H
#define ASSAY_APP_ASK_CHECKS_H

#include "app/host.h"
#include "config/settings.h"
#include "core/validate/validate.h"

struct ask_checks;

enum { ASK_CHECKS_AT_ONCE = 50, ASK_CHECKS_COMMANDS = 64, ASK_CHECKS_FINDINGS_MAX = 64 };

/* True where the policy has a check that somebody else answers. */
bool ask_checks_wanted(const struct policy *policy);

/* Opens the targets of the policies' checks. Policies and settings hold until free.
 * ERR_CONFIG with "FILE:LINE:COLUMN: …" for a target that is none or cannot judge; codes of
 * target_prepare and target_open. */
MUST_CHECK int ask_checks_new(const struct host *host, const struct settings *settings,
                              const struct policy *const *policies, size_t policy_count,
                              struct ask_checks **ret_checks, struct err *reterr);
/* Whatever is under way is forgotten: no `done` comes any more. NULL is fine. */
void ask_checks_free(struct ask_checks *checks);

/* What is asked about. Views hold until done. */
struct ask_subject {
    /* Takes what was found, which holds until it returns. ERR_MEMORY. */
    int (*found)(void *context, const struct policy_check *check, const struct finding *finding);
    void *context;
    struct view id;
    struct view response;
    struct view question;
    struct view system_prompt;
    const struct view *sources;
    size_t source_count;
};

/* `code` is 0 once every row has its answer, or a failure of our own making (no memory). */
typedef void ask_checks_done(void *context, int code, const struct err *err);

/* Asks about one answer; `done` is called from the loop, never from inside. ERR_MEMORY. */
MUST_CHECK int ask_checks_start(struct ask_checks *checks, const struct ask_subject *subject,
                                const struct policy_check *const *rows, size_t row_count,
                                ask_checks_done *done, void *context, struct err *reterr);

/* What is under way is ended and what waits is not asked; every `done` comes soon. What was found
 * from then on means nothing. */
void ask_checks_interrupt(struct ask_checks *checks);

/* How one check went so far. */
struct ask_figures {
    const struct policy_check *check;
    uint64_t asked;    /* answers put to it */
    uint64_t failed;   /* that got no verdict */
    uint64_t attempts; /* questions, repeats and retries counted */
    uint64_t tokens_in;
    uint64_t tokens_out;
    bool has_cost;
    int64_t cost_nano_usd;
    int64_t agreement_micro; /* of a judge asked several times: the mean; -1: unknown */
};

/* False past the last. */
bool ask_checks_figures(const struct ask_checks *checks, size_t i, struct ask_figures *ret_figures);

#endif
