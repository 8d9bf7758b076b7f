/* SPDX-License-Identifier: Apache-2.0
 *
 * history_parts: what the forms of the history share. Private to report.
 *
 * Threads: no state. */
#ifndef ASSAY_REPORT_HISTORY_PARTS_H
#define ASSAY_REPORT_HISTORY_PARTS_H

#include "report/history.h"

enum { HISTORY_DAY_SIZE = 17 };

/* "2026-11-23 16:33". */
void history_day(int64_t started_unix_s, char ret_text[HISTORY_DAY_SIZE]);

/* The verdict in a word: the outcome, or what is known without one. */
struct view history_verdict(const struct history_row *row);

/* "suite 'manga'", "entry 'rec-ja-001' of sim in suite 'manga'". */
void history_add_name(struct strbuf *out, const struct history_series *series);

/* The scores of the newest `columns` points of the series as a sparkline; another family's points
 * are gaps. */
void history_add_course(struct strbuf *out, const struct history_series *series, bool ascii,
                        size_t columns);

/* Versions of templates, "recommend 3f2a1b…" joined by ", ". */
void history_add_versions(struct strbuf *out, struct view templates_json);

/* "mean 0.912, lines 0.895 to 0.929 (of 23 runs)", or why there are none. */
void history_add_lines(struct strbuf *out, const struct history_series *series);

/* The newest point that rules mark, in words; returns false where none of the last ten is. */
bool history_add_mark(struct strbuf *out, const struct history_series *series);

#endif
