/* SPDX-License-Identifier: Apache-2.0
 *
 * report: a golden run for whoever reads it: people at a terminal, programs, CI, reviewers.
 *
 * Pure: a run goes in, text comes out; a failure sticks in the strbuf. Text of models and users is
 * shown as data: control characters made visible on a terminal, escaped in XML, JSON and Markdown.
 * Threads: no state. */
#ifndef ASSAY_REPORT_REPORT_H
#define ASSAY_REPORT_REPORT_H

#include "base/strbuf.h"
#include "core/record/run.h"

/* An earlier run of the same suite. */
struct report_past {
    struct view run; /* its id */
    int64_t started_unix_s;
    int32_t mean_micro; /* of its scores; SCORE_ABSENT where nothing was scored */
    enum gate_outcome outcome;
};

struct report_options {
    const char *assay_version;
    bool color;                     /* terminal */
    unsigned columns;               /* terminal: width; 0: 80 */
    bool verbose;                   /* terminal: entries that are fine too */
    const struct report_past *past; /* html: the suite's history, the oldest first, without this
                                     * run; NULL: not known */
    size_t past_count;
};

/* What got worse, entry by entry, the gate, what to do. */
void report_text(const struct run *run, const struct report_options *options, struct strbuf *out);

/* {"assay", "kind": "test", "schema": 1, …}; share/assay/schemas/test.json describes it. */
void report_json(const struct run *run, const struct report_options *options, struct strbuf *out);

/* Where a report goes that need not be in memory as a whole. */
struct report_sink {
    int (*take)(void *context, struct view piece, struct err *reterr);
    void *context;
};
MUST_CHECK int report_json_pieces(const struct run *run, const struct report_options *options,
                                  const struct report_sink *sink, struct err *reterr);

/* One entry, and the run without its entries, as objects of the same form: what history keeps. */
struct json_writer;
void report_json_entry(struct json_writer *writer, const struct run_entry *entry);
void report_json_summary(struct json_writer *writer, const struct run *run,
                         const struct report_options *options);

/* JUnit XML as Jenkins, GitLab and GitHub read it: a testcase an entry, failures and errors
 * apart. */
void report_junit(const struct run *run, const struct report_options *options, struct strbuf *out);

/* A comment for a pull request: the verdict, a table of what got worse, both answers side by side
 * with their differences, what to do. At most REPORT_MARKDOWN_MAX bytes, which fits GitHub's
 * limit. */
enum { REPORT_MARKDOWN_MAX = 60000 };
void report_markdown(const struct run *run, const struct report_options *options,
                     struct strbuf *out);

/* One page for people, which needs no network and runs nothing but its own script: the verdict and
 * its reasons, what changed, drawings, every entry with its answers side by side (html_parts.h has
 * the limits). */
void report_html(const struct run *run, const struct report_options *options, struct strbuf *out);

/* Annotations of GitHub Actions: a workflow command a line, the worst first, at most what GitHub
 * shows of a step. */
void report_github(const struct run *run, const struct report_options *options, struct strbuf *out);

/* GitLab's Code Quality: a JSON array of issues with fingerprints; empty where all is well. */
void report_gitlab(const struct run *run, const struct report_options *options, struct strbuf *out);
/* Figures as OpenMetrics text, and as NAME=VALUE lines (ASSAY_OUTCOME=pass). */
void report_metrics(const struct run *run, const struct report_options *options,
                    struct strbuf *out);
void report_dotenv(const struct run *run, const struct report_options *options, struct strbuf *out);

/* A row of the table of formats, for `--format` and `-o FORMAT=FILE`. */
struct report_format {
    const char *name;
    void (*write)(const struct run *run, const struct report_options *options, struct strbuf *out);
    /* The same in pieces; NULL where the format has one piece only. */
    int (*write_pieces)(const struct run *run, const struct report_options *options,
                        const struct report_sink *sink, struct err *reterr);
    bool appends; /* a file of it is added to: what CI collects from several commands */
};

/* Writes in the format, in pieces where it can. The sink's codes, ERR_LIMIT past
 * REPORT_BYTES_MAX of one piece, ERR_MEMORY. */
enum { REPORT_BYTES_MAX = 1 << 30 };
MUST_CHECK int report_write(const struct report_format *format, const struct run *run,
                            const struct report_options *options, const struct report_sink *sink,
                            struct err *reterr);

/* NULL for a name that is none of report_format_names. */
const struct report_format *report_format_named(struct view name);
/* "text, json, …", for messages. */
const char *report_format_names(void);

#endif
