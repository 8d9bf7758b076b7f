/* SPDX-License-Identifier: Apache-2.0
 *
 * html_compare: what the files that write the page of a comparison share: html_compare.c (head,
 * figures, judge) and html_compare_entries.c. Private to report; report_compare_html stands in
 * compare.h.
 *
 * Threads: no state. */
#ifndef ASSAY_REPORT_HTML_COMPARE_H
#define ASSAY_REPORT_HTML_COMPARE_H

#include "report/compare.h"

/* The table of entries, those that differ most first, then those that one side lacks. Within the
 * limits of html_parts.h. */
void html_compare_entries(struct strbuf *out, const struct comparison *comparison);

#endif
