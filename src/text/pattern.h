/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern: one regular expression of a user's, made fit for Japanese text and bounded.
 *
 * PCRE2 with UTF and UCP, without regard to case unless the expression says (?-i). Before
 * compiling, the characters outside ASCII are brought to NFKC, as the text is, and stay literal: （
 * is a bracket to be found, not a group. \b and \B also hold between Japanese letters and others.
 * Each match is bounded in steps; where a machine-code stack overflows, the interpreter takes over.
 *
 * Memory: base/mem, but for the machine code that PCRE2 makes. Threads: a pattern is constant once
 * made. */
#ifndef ASSAY_TEXT_PATTERN_H
#define ASSAY_TEXT_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum {
    PATTERN_SOURCE_MAX = 16 * 1024,
    PATTERN_STEPS_MAX = 1000 * 1000, /* of a match from one starting point */
    PATTERN_HITS_MAX = 10000,        /* occurrences that are counted */
};

struct pattern;

struct pattern_hits {
    uint32_t count; /* that do not overlap, up to PATTERN_HITS_MAX */
    size_t start;   /* of the first, bytes of the text */
    size_t end;
};

/* ERR_CONFIG with reterr "character 7: missing closing parenthesis"; ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int pattern_new(struct view source, struct pattern **ret_pattern, struct err *reterr);
void pattern_free(struct pattern *pattern); /* NULL is fine */

/* All occurrences in a text that is in NFKC and valid UTF-8. ERR_LIMIT where a match takes too many
 * steps, ERR_MEMORY. */
MUST_CHECK int pattern_find(const struct pattern *pattern, struct view text,
                            struct pattern_hits *ret_hits, struct err *reterr);

#endif
