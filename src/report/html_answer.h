/* SPDX-License-Identifier: Apache-2.0
 *
 * html_answer: an answer and what was found in it, as pages of runs and of comparisons show them.
 *
 * Threads: no state. Limits: HTML_TEXT_BYTES_MAX of a text are shown, the rest is told. */
#ifndef ASSAY_REPORT_HTML_ANSWER_H
#define ASSAY_REPORT_HTML_ANSWER_H

#include "core/record/run.h"
#include "report/html_marks.h"

enum { HTML_TEXT_BYTES_MAX = 16000, HTML_SMALL_BYTES_MAX = 2000 };

/* The text with its marks, cut where it is long, and then a note that says so. */
void html_answer(struct strbuf *out, struct arena *arena, struct html_marked marked);
/* The same without marks but those of its languages. */
void html_answer_plain(struct strbuf *out, struct arena *arena, struct view text,
                       struct view language);
/* "… 1,234 more bytes are left out here …" where the text was cut. */
void html_cut_note(struct strbuf *out, struct view whole, struct view cut);

/* One of two answers side by side; `note` follows the heading and may be empty. */
void html_side_open(struct strbuf *out, const char *heading, const char *note);

void html_findings(struct strbuf *out, const struct finding *findings, size_t count);

/* A row of a table of the parts of a score; nothing where neither side has it. */
struct html_part {
    const char *name;
    const char *weight;
    int32_t before_micro, now_micro;
};
void html_part_row(struct strbuf *out, const struct html_part *part, bool has_before);

#endif
