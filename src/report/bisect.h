/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect: which commit made answers worse, for people, reviewers and programs.
 *
 * Pure: a report goes in, text comes out; a failure sticks in the strbuf. Names and subjects of
 * commits and what their diffs say are shown as data. Threads: no state. */
#ifndef ASSAY_REPORT_BISECT_H
#define ASSAY_REPORT_BISECT_H

#include "base/strbuf.h"
#include "core/golden/bisect_report.h"

/* A row of formats, for `--format` and `-o FORMAT=FILE`. */
struct bisect_format {
    const char *name;
    void (*write)(const struct bisect_report *report, const char *assay_version,
                  struct strbuf *out);
};

void report_bisect_text(const struct bisect_report *report, const char *assay_version,
                        struct strbuf *out);
/* {"assay", "kind": "bisect", "schema": 1, …}; share/assay/schemas/bisect.json describes it. */
void report_bisect_json(const struct bisect_report *report, const char *assay_version,
                        struct strbuf *out);
void report_bisect_markdown(const struct bisect_report *report, const char *assay_version,
                            struct strbuf *out);

/* NULL for any other name. */
const struct bisect_format *report_bisect_format(struct view name);

/* What it came to, in a sentence. */
void report_bisect_verdict(const struct bisect_report *report, struct strbuf *out);

#endif
