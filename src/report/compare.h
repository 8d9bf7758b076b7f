/* SPDX-License-Identifier: Apache-2.0
 *
 * compare: a comparison of two runs (core/golden/compare.h) as text: for a terminal, as JSON, as
 * Markdown.
 *
 * Pure: a comparison goes in, text comes out; a failure sticks in the strbuf. Text of models and
 * users is shown as data. Threads: no state. */
#ifndef ASSAY_REPORT_COMPARE_H
#define ASSAY_REPORT_COMPARE_H

#include "base/strbuf.h"
#include "core/golden/compare.h"
#include "text/morphology.h"

/* Which tables are shown. */
enum compare_by {
    COMPARE_SHOW_ALL,
    COMPARE_SHOW_ENTRIES,
    COMPARE_SHOW_TAGS,
    COMPARE_SHOW_LANGUAGES,
    COMPARE_SHOW_METRICS,
};

enum { COMPARE_LIMIT_DEFAULT = 10, COMPARE_MARKDOWN_MAX = 60000 };

struct compare_report_options {
    const char *assay_version;
    bool color;       /* terminal */
    unsigned columns; /* terminal: width; 0: 80 */
    enum compare_by by;
    size_t limit; /* entries whose answers are shown side by side (JSON: all entries, without
                     differences of words past it) */
    const struct morphology *morphology; /* for differences of words; NULL: by script */
};

/* The verdict, tables, then the entries that differ most with both answers: side by side where
 * there is room, else one below the other. */
void report_compare_text(const struct comparison *comparison,
                         const struct compare_report_options *options, struct strbuf *out);

/* {"assay", "kind": "compare", "schema": 1, …}; share/schemas/compare.json describes it. */
void report_compare_json(const struct comparison *comparison,
                         const struct compare_report_options *options, struct strbuf *out);

/* At most COMPARE_MARKDOWN_MAX bytes. */
void report_compare_markdown(const struct comparison *comparison,
                             const struct compare_report_options *options, struct strbuf *out);

/* One page, as report_html makes of a run; the limit does not bind it. */
void report_compare_html(const struct comparison *comparison,
                         const struct compare_report_options *options, struct strbuf *out);

/* A row of the table of formats, for `--format` and `-o FORMAT=FILE`. */
struct compare_format {
    const char *name;
    void (*write)(const struct comparison *comparison, const struct compare_report_options *options,
                  struct strbuf *out);
};

/* "text", "json", "markdown", "html"; NULL for any other name. */
const struct compare_format *compare_format_named(struct view name);
/* "text, json, markdown, html", for messages. */
const char *compare_format_names(void);

/* The entries in the order people want to see them: those that differ most first (checks that broke
 * or healed, then by the difference of the score, then by how unlike the answers are), the same
 * ones last. NULL without memory. */
const struct compared_entry **compare_order(const struct comparison *comparison,
                                            struct arena *arena);

#endif
