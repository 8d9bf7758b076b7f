/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern_rewrite: a regular expression from the user's form to PCRE2's: what is outside ASCII is
 * brought to the form that texts have and stays literal (（ is a bracket to be found, not a group),
 * \b and \B also hold between Japanese letters and others.
 *
 * Each byte knows where it came from, so that PCRE2's complaint can name the character that the
 * user wrote. Memory: base/mem. Threads: no state. */
#ifndef ASSAY_TEXT_PATTERN_REWRITE_H
#define ASSAY_TEXT_PATTERN_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { PATTERN_REWRITTEN_MAX = 1024 * 1024 };

struct pattern_rewrite {
    struct view source;
    bool is_spelled; /* for texts as spelling.h has them; otherwise NFKC */
    unsigned spelling_flags;
    struct strbuf out;   /* the result */
    uint32_t *came_from; /* of each byte of it: its place in source */

    size_t pos;
    size_t came_capacity;
    bool in_class;
    int code;
};

/* Fills `out` from `source`, which must be valid UTF-8; the rest starts as zero. Release it in any
 * case. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int pattern_rewrite(struct pattern_rewrite *rewrite);
void pattern_rewrite_release(struct pattern_rewrite *rewrite);

/* The number, from 1, of the character of the source that a byte of the result came from. */
size_t pattern_rewrite_place(const struct pattern_rewrite *rewrite, size_t offset);

#endif
