/* SPDX-License-Identifier: Apache-2.0
 *
 * history: past runs for people and programs: a table of runs, the course of each suite or entry as
 * a sparkline, control lines, and what drifts.
 *
 * Pure: what was read goes in, text comes out; a failure sticks in the strbuf. No state. */
#ifndef ASSAY_REPORT_HISTORY_H
#define ASSAY_REPORT_HISTORY_H

#include "base/strbuf.h"
#include "core/golden/drift.h"

/* A run in the table. */
struct history_row {
    struct view id;
    int64_t sequence;
    struct view kind;
    struct view suite;
    struct view target;
    int64_t started_unix_s;
    bool finished;
    int32_t exit_status;
    struct view outcome;
    bool has_score;
    int32_t mean_micro;
    bool has_cost;
    int64_t cost_nano_usd;
    int64_t entry_count;
    int64_t failing_count;
    struct view scorer;
    struct view templates_json; /* prompt name → version */
    struct view severity;       /* of an entry's table: how it stood; else empty */
    bool clock_jumped;          /* it started before the run recorded before it */
};

/* A series over time: of a suite (its runs' means), or of an entry. */
struct history_series {
    struct view suite;
    struct view entry;                /* empty: the suite */
    struct view target;               /* of an entry */
    const struct drift_point *points; /* oldest first */
    const struct drift_mark *marks;
    size_t count;
    struct drift drift;
    struct view sentence; /* of drift_say; empty: none */
};

struct history_report {
    const char *assay_version;
    const char *source; /* the file or database, without a password */
    struct view suite;  /* asked for; empty: all */
    struct view entry;
    const struct history_row *rows; /* newest first */
    size_t row_count;
    bool has_more; /* runs that --last left out */
    const struct history_series *series;
    size_t series_count;
    const struct history_series *drifting; /* entries that drift, the gravest first */
    size_t drifting_count;
    size_t entries_watched;
    const struct view *notes; /* sentences: what was left out, and why */
    size_t note_count;
    bool ascii;
    bool color;
    unsigned columns; /* 0: 80 */
};

void report_history_text(const struct history_report *report, struct strbuf *out);
void report_history_markdown(const struct history_report *report, struct strbuf *out);
/* {"assay", "kind": "history", "schema": 1, …}; share/assay/schemas/history.json describes it. */
void report_history_json(const struct history_report *report, struct strbuf *out);

#endif
