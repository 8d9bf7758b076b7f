/* SPDX-License-Identifier: Apache-2.0
 *
 * offline: scores a text without a target: one line of JSON in, one line of JSON out
 * (`assay score`, and libassay's scorer).
 *
 *   in   {"id", "text", "reference"?, "expect"?}      expect as in golden sets
 *   out  {"id", "similarity"?, "cosine"?, "embedding"?, "keyword_coverage"?, "structure"?,
 *         "language": {"detected", "shares": {…}, "ok"?},
 *         "fluency"?: {"score", "parts": {…}, "register"?, "reference_register"?, "message"?},
 *         "failed": […], "score"?}
 *
 * With a reference the fluency is held against it (fluency_compare): its own lacks do not count,
 * another register does. A blank text has no fluency.
 *
 * What has no input is absent, not zero. Memory: a line owns its expectation (offline_release),
 * everything else is in the caller's arena. Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_OFFLINE_H
#define ASSAY_CORE_GOLDEN_OFFLINE_H

#include "core/validate/examine.h"
#include "core/golden/similar.h"
#include "text/morphology.h"

struct offline_line {
    const struct json *id; /* a text or a number; NULL where the line has none */
    struct view text;
    struct view reference;
    bool has_reference;
    struct expect expect;
    struct expectation *expectation;
};

/* Reads one line. ERR_SYNTAX with "FILE:LINE: …", ERR_CONFIG with the column too, ERR_MEMORY. */
MUST_CHECK int offline_read(struct arena *arena, struct view file, uint32_t line, struct view json,
                            struct offline_line *ret_line, struct err *reterr);
void offline_release(struct offline_line *line);

/* Appends the result with a newline. `embedding` names the scorer of similarities; `morphology`
 * knows words (NULL: the parts of fluency that need them are absent). ERR_MISSING where a vector is
 * not there, ERR_LIMIT, ERR_MEMORY, ERR_CORRUPT. */
MUST_CHECK int offline_score(const struct offline_line *line, const struct similar *similar,
                             struct view embedding, const struct morphology *morphology,
                             struct arena *arena, struct strbuf *out, struct err *reterr);

#endif
