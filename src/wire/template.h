/* SPDX-License-Identifier: Apache-2.0
 *
 * template: text with slots that values are put into.
 *
 *     {{name}}       the value as it is
 *     {{json name}}  the value as a JSON string literal, with its quotes
 *     \{{            two literal braces; \\{{name}} is a backslash and a slot
 *
 * Spaces and tabs around a name are fine, line ends are not. A name is letters, digits, '_', '-',
 * '.' and any character past ASCII. "}}" outside a slot and single braces stand for themselves.
 * Nothing else is understood: no conditions, no loops, and a value is never read as a template.
 *
 * Memory: pieces in the caller's arena; they refer to the template's text, which must live as long.
 * Threads: a compiled template is never changed. Limits: the arena's, the strbuf's. */
#ifndef ASSAY_WIRE_TEMPLATE_H
#define ASSAY_WIRE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum template_piece_kind {
    TEMPLATE_TEXT, /* bytes as they are */
    TEMPLATE_SLOT, /* {{name}} */
    TEMPLATE_JSON, /* {{json name}} */
};

struct template_piece {
    enum template_piece_kind kind;
    struct view text; /* the bytes, or the name */
    uint32_t line;    /* of a slot's "{{", from 1 */
    uint32_t column;  /* in characters, from 1 */
};

struct template
{
    struct template_piece *pieces;
    size_t piece_count;
    struct view *names; /* the variables used, each once, in order of first use */
    size_t name_count;
};

/* On failure ERR_SYNTAX and reterr "LINE:COLUMN: what is wrong, and what to write" (line and column
 * inside the template), or ERR_MEMORY. */
MUST_CHECK int template_compile(struct arena *arena, struct view text,
                                struct template *ret_template, struct err *reterr);

/* Where values come from. */
struct template_values {
    /* False where there is no value of that name. The value must hold until rendering ends. */
    bool (*lookup)(void *context, struct view name, struct view *ret_value);
    void *context;
    const struct view *names; /* what there is, for "did you mean"; may be NULL */
    size_t name_count;
};

/* Appends the text with its slots filled. ERR_MISSING with reterr "LINE:COLUMN: unknown variable
 * 'titel', did you mean 'title'?"; ERR_LIMIT, ERR_MEMORY of the strbuf. What was appended before a
 * failure stays. */
MUST_CHECK int template_render(const struct template *template,
                               const struct template_values *values, struct strbuf *out,
                               struct err *reterr);

/* True where the template has a slot of that name. */
bool template_uses(const struct template *template, struct view name);

#endif
