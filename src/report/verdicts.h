/* SPDX-License-Identifier: Apache-2.0
 *
 * verdicts: what a validation found in an answer, for people: a line an answer, or every check of
 * the policy with its evidence in its place.
 *
 * Pure. The answers are shown as data: control characters, characters that nobody sees and those
 * that turn the direction of writing are made visible. What a finding says must not be shown is
 * not shown, neither as evidence nor around other evidence. Threads: no state. */
#ifndef ASSAY_REPORT_VERDICTS_H
#define ASSAY_REPORT_VERDICTS_H

#include "base/strbuf.h"
#include "core/validate/line.h"

/* "rec-1: retry, logged: language, length" */
void verdict_add_line(struct strbuf *out, const struct validate_line *line,
                      const struct validated *validated, bool color);

/* The same line, and below it each check of the policy: ok, or what it found and where. */
void verdict_add_explained(struct strbuf *out, const struct policy *policy,
                           const struct validate_line *line, const struct validated *validated,
                           bool color);

/* A text of others on one line, controls made visible, nothing folded or cut. */
void verdict_add_visible(struct strbuf *out, struct view text);

/* The policy itself: a line for each check, with what follows from it. */
void verdict_add_policy(struct strbuf *out, const struct policy *policy);

#endif
