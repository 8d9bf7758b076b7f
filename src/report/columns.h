/* SPDX-License-Identifier: Apache-2.0
 *
 * columns: text of others laid out on a terminal: wrapped to a width, painted piece by piece, in
 * one column or in two side by side.
 *
 * Lines break between words, and anywhere in scripts without spaces; what is wider than the column
 * breaks where it must. Controls, and characters that turn the direction of writing, are made
 * visible. Memory: the column's buffer, freed by column_release. Threads: one owner. */
#ifndef ASSAY_REPORT_COLUMNS_H
#define ASSAY_REPORT_COLUMNS_H

#include "base/strbuf.h"

/* How many columns a character takes: 2 where it is East Asian wide, 0 for marks, else 1. */
size_t columns_of(uint32_t codepoint);

/* The character as a terminal or a pull request may have it: U+FFFD for controls and for what turns
 * the direction of writing, a space for a tab. */
uint32_t columns_shown(uint32_t codepoint);

enum column_style { COLUMN_PLAIN, COLUMN_RED, COLUMN_GREEN, COLUMN_DIM, COLUMN_BOLD };

struct column {
    struct strbuf text; /* whole lines, each padded where `is_padded` */
    size_t width;
    size_t lines_max; /* 0: no limit */
    bool is_colored;
    bool is_padded;
    size_t used;  /* of the line that is being written */
    size_t lines; /* finished */
    bool is_full; /* the last line ends in "…" */
    enum column_style style;
};

enum { COLUMN_BYTES_MAX = 1 << 20 };

void column_init(struct column *column, size_t width, bool is_colored);
void column_release(struct column *column);
void column_put(struct column *column, struct view text, enum column_style style);
/* Ends the last line. */
void column_end(struct column *column);

/* The column's lines, each after `indent` spaces; two columns line by line beside each other. */
void column_write(const struct column *column, size_t indent, struct strbuf *out);
void columns_write(const struct column *left, const struct column *right, size_t indent,
                   struct strbuf *out);

#endif
