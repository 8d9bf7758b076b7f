/* SPDX-License-Identifier: Apache-2.0
 *
 * compare_parts: what the files that write a comparison for a terminal share: compare_text.c (head
 * and tables), compare_answers.c (entries and their answers). Private to report. */
#ifndef ASSAY_REPORT_COMPARE_PARTS_H
#define ASSAY_REPORT_COMPARE_PARTS_H

#include "report/columns.h"
#include "report/compare.h"

struct compare_printing {
    const struct comparison *comparison;
    const struct compare_report_options *options;
    struct strbuf *out;
    size_t width;
};

enum { COMPARE_ARENA_BYTES_MAX = 1 << 30 };

void compare_paint(struct compare_printing *printing, enum column_style style, const char *text);

/* "+0.042"; the sign always shown. */
void compare_add_signed(struct strbuf *out, int32_t difference_micro);

/* The entries that differ most with both answers, then those that one side lacks. */
void compare_print_entries(struct compare_printing *printing);

#endif
