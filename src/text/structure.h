/* SPDX-License-Identifier: Apache-2.0
 *
 * structure: whether an answer has the form that was asked for.
 *
 * JSON: the strict grammar of RFC 8259 (wire/json.h) for the whole answer or, where that is
 * allowed, for its one fenced block; a schema is checked elsewhere (schema.h) on `json`. Markdown:
 * parsed by cmark (CommonMark 0.30), tables found by the delimiter row of GitHub's table extension,
 * which cmark does not know. Text: every answer.
 *
 * Memory: nothing is kept; cmark allocates for itself and aborts where the system has no memory
 * left.
 * Threads: no state. Limit: of Markdown the first STRUCTURE_MARKDOWN_MAX bytes are judged. */
#ifndef ASSAY_TEXT_STRUCTURE_H
#define ASSAY_TEXT_STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum { STRUCTURE_MARKDOWN_MAX = 256 * 1024, STRUCTURE_WHY_SIZE = 256 };

enum structure_format {
    STRUCTURE_TEXT,
    STRUCTURE_JSON,
    STRUCTURE_MARKDOWN,
};

/* Bits. What cmark finds; the first five can be asked for by name. */
enum structure_element {
    STRUCTURE_HEADING = 1,
    STRUCTURE_LIST = 2,
    STRUCTURE_TABLE = 4,
    STRUCTURE_CODE = 8, /* a code block or inline code */
    STRUCTURE_LINK = 16,
    STRUCTURE_QUOTE = 32,
    STRUCTURE_BLOCK = 64, /* any block beyond plain paragraphs */
};

struct structure_spec {
    enum structure_format format;
    bool fenced;       /* JSON may stand in one fenced block, with text around it */
    unsigned elements; /* Markdown: those asked for; 0 asks for any block beyond plain paragraphs */
};

struct structure_result {
    bool ok;
    int64_t score_micro; /* JSON and text: 1,000,000 or 0; Markdown: the share of elements found */
    unsigned elements;   /* Markdown: what was found */
    unsigned missing;    /* Markdown: what was asked for and is not there */
    struct view json;    /* JSON: the part of the answer that was judged; a view of the answer */
    char why[STRUCTURE_WHY_SIZE]; /* where and why not, in words; "" where ok */
};

void structure_check(const struct structure_spec *spec, struct view answer,
                     struct structure_result *ret_result);

/* "heading", "list", "table", "code", "link" → its bit; 0 for any other name. */
unsigned structure_element_named(struct view name);
/* "text", "json", "markdown"; ERR_INVALID for any other name. */
MUST_CHECK int structure_format_named(struct view name, enum structure_format *ret_format);

/* The one fenced block of an answer (``` or ~~~, any info string): false where there is none or
 * more than one. ret_block is a view of the answer. */
bool structure_fenced(struct view answer, struct view *ret_block);

/* What a reader reads of an answer, for the language check: of JSON the string values, one a line;
 * of any other answer all of it. In the arena or a view of the answer. ERR_MEMORY. */
MUST_CHECK int structure_prose(struct arena *arena, struct view answer, struct view *ret_prose);

#endif
