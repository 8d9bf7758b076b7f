/* SPDX-License-Identifier: Apache-2.0
 *
 * html_parts: the sections of the page of a golden run, in the order in which they are read.
 *
 * Each writes its section or, where there is nothing to say, nothing.
 * Threads: no state. */
#ifndef ASSAY_REPORT_HTML_PARTS_H
#define ASSAY_REPORT_HTML_PARTS_H

#include "report/report.h"

/* Of so many bytes of the page entries may carry their answers, the worst first; the others stand
 * in the table without. No more rows than that at all. */
enum { HTML_ANSWERS_BYTES_MAX = 3800000, HTML_ROWS_MAX = 5000 };

void html_verdict(struct strbuf *out, const struct run *run);
void html_gate(struct strbuf *out, const struct run *run);
void html_changes(struct strbuf *out, const struct run *run);
void html_charts(struct strbuf *out, const struct run *run, const struct report_options *options);
void html_entries(struct strbuf *out, const struct run *run);
/* The head of the table, with the filters above it: the columns are state, entry, two scores, their
 * difference, tags, language, prompt. The worst come first. */
enum { HTML_LIST_COLUMNS = 8 };
void html_list_open(struct strbuf *out, const char *before, const char *now, const char *change,
                    const char *caption);
void html_list_close(struct strbuf *out);
/* The last three cells of a row. */
void html_list_traits(struct strbuf *out, const struct run_entry *entry, struct view language);
/* One entry's answers, scores, findings and samples; the inside of its row. */
void html_entry(struct strbuf *out, const struct run *run, const struct run_entry *entry);
void html_facts(struct strbuf *out, const struct run *run, const struct report_options *options);

/* Drawings of html_charts. */
void html_chart_changes(struct strbuf *out, const struct run *run);
void html_chart_parts(struct strbuf *out, const struct run *run);
void html_chart_groups(struct strbuf *out, const struct run *run, bool by_language);
void html_chart_noise(struct strbuf *out, const struct run *run);
void html_chart_latency(struct strbuf *out, const struct run *run);
void html_chart_past(struct strbuf *out, const struct run *run,
                     const struct report_options *options);
/* The intervals of the gate's families. */
void html_chart_statistics(struct strbuf *out, const struct run *run);

#endif
