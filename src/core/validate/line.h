/* SPDX-License-Identifier: Apache-2.0
 *
 * line: a line of `assay validate`: what is to be checked, as JSON, and the verdict as JSON.
 *
 *   in   {"id"?, "response", "expect"?, "sources"?: ["…"], "system_prompt"?, "prompt"?,
 *         "stop_reason"?, "usage"?}                       expect as in golden sets and policies
 *   out  {"id"?, "decision", "log", "failed": [{"check", "evidence", "start", "end", "message"}],
 *         "masked"?}
 *
 * A null is as good as nothing, but for "usage": null, which says that usage was to be expected and
 * is missing. An "id" that is a number comes back as it was written. Other members are the caller's
 * own and are passed over. What the line does not say is read out of prompt and system prompt by
 * the policy's rules (extract.h); of `expect`, what it does not say is the policy's.
 *
 * Memory: the caller's arena; a line owns its expectation (validate_line_release). Threads: no
 * state. */
#ifndef ASSAY_CORE_VALIDATE_LINE_H
#define ASSAY_CORE_VALIDATE_LINE_H

#include "core/validate/validate.h"

struct validate_line {
    struct view file;
    uint32_t number;
    const struct json *id; /* a text or a number; NULL: none */
    struct view response;
    struct validate_subject subject; /* views of the arena */
    struct expectation *expectation; /* the line's own; NULL: the policy's */
};

/* Reads one line. ERR_SYNTAX, ERR_CONFIG or ERR_LIMIT with "FILE:LINE:COLUMN: …"; ERR_MEMORY. */
MUST_CHECK int validate_line_read(const struct policy *policy, struct arena *arena,
                                  struct view file, uint32_t number, struct view text,
                                  struct validate_line *ret_line, struct err *reterr);
void validate_line_release(struct validate_line *line);

/* Appends the verdict and a newline. */
void validate_line_write(const struct validate_line *line, const struct validated *validated,
                         struct strbuf *out);

/* The check's name as `assay validate` prints it: a forbidden keyword fails "keywords". */
struct view validate_line_check(struct view check);

#endif
