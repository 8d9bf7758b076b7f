/* SPDX-License-Identifier: Apache-2.0
 *
 * html: pages that hold everything they need: texts of others made harmless, the shell of a page
 * with its style and script, and small pieces that pages share.
 *
 * A page runs nothing but its own script: the Content-Security-Policy in its head names the hashes
 * of the style sheet and of the script and forbids all else, the network included. What models and
 * users wrote is shown as text; characters that nobody sees, or that turn the direction of writing,
 * are named in a small box.
 * Style and script are web/report/, carried inside the program.
 * Threads: no state. */
#ifndef ASSAY_REPORT_HTML_H
#define ASSAY_REPORT_HTML_H

#include "base/strbuf.h"
#include "base/view.h"
#include "core/record/run.h"

/* ---- texts ---------------------------------------------------------------------------------- */

/* A text of others between tags: escaped; control, direction and invisible characters become
 * <i class=c>U+202E</i>. */
void html_add(struct strbuf *out, struct view text);

/* The same inside an attribute's double quotes: escaped, such characters as "‹U+202E›". */
void html_add_attribute(struct strbuf *out, struct view text);

/* A text of ours: trusted, escaped all the same. */
void html_say(struct strbuf *out, const char *text);

/* html_add of a formatted text of at most 1,000 bytes. */
void html_printf(struct strbuf *out, const char *format, ...) PRINTF_LIKE(2, 3);

/* The language as a tag for `lang`: "ja", "zh-Hant" and their like; "" for what is none. */
struct view html_language(struct view code);

/* ---- pages ---------------------------------------------------------------------------------- */

/* From the doctype to the opened <main>; `title` is of others. */
void html_page_open(struct strbuf *out, struct view title);
/* `version` of the program, for the foot. */
void html_page_close(struct strbuf *out, const char *version);

/* The bar above a page: what it is, and the button of the theme. */
void html_bar(struct strbuf *out, struct view title, const char *kind);

/* <section> with its heading; `id` is a word of ours. */
void html_section_open(struct strbuf *out, const char *id, const char *heading);
void html_section_close(struct strbuf *out);

/* <figure> around a drawing: its heading before, its caption after. */
void html_figure_open(struct strbuf *out, const char *heading);
void html_figure_close(struct strbuf *out, const char *caption);

/* ---- pieces --------------------------------------------------------------------------------- */

/* A tick, a triangle, a word: the sign and the name of a severity or state, never colour alone.
 * `group` is an enum report_group (order.h). */
void html_badge(struct strbuf *out, int group);
/* The same of any other state: its class, sign and name. */
void html_state(struct strbuf *out, const char *class_name, const char *sign, const char *name);
/* Its name as a class of the style sheet, in small letters. */
const char *html_group_class(int group);

/* "0.812" or "–". */
void html_score(struct strbuf *out, int32_t score_micro);
/* "+0.012", "−0.120" (a real minus), "0.000". */
void html_change(struct strbuf *out, double change);
/* A bar of 0..1 that holds `now` and a mark at `before`; either may be SCORE_ABSENT. */
void html_part_bar(struct strbuf *out, int32_t before_micro, int32_t now_micro);

/* "1,234,567" */
void html_count(struct strbuf *out, int64_t count);
/* "48 ms", "1.24 s", "3 min 20 s" */
void html_duration(struct strbuf *out, uint64_t duration_ns);
/* "2026-11-23 16:33 UTC" in a <time>. */
void html_time(struct strbuf *out, int64_t unix_s);

#endif
