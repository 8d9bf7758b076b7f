/* SPDX-License-Identifier: Apache-2.0
 *
 * history_parts: see history_parts.h. */
#include "report/history_parts.h"

#include <math.h>
#include <stdio.h>

#include "base/date.h"
#include "report/order.h"
#include "report/sparkline.h"
#include "wire/json.h"

enum { COURSE_MAX = 500, MARK_RUNS = 10, JSON_BYTES_MAX = 1 << 20, VERSIONS_SHOWN = 3 };

void history_day(int64_t started_unix_s, char ret_text[HISTORY_DAY_SIZE])
{
    char iso[DATE_ISO_SIZE];

    date_iso(started_unix_s, iso);
    iso[10] = ' ';
    memcpy(ret_text, iso, HISTORY_DAY_SIZE - 1);
    ret_text[HISTORY_DAY_SIZE - 1] = '\0';
}

struct view history_verdict(const struct history_row *row)
{
    if (row->severity.len > 0)
        return row->severity;
    if (row->outcome.len > 0)
        return row->outcome;
    return view_of(!row->finished ? "unfinished" : row->exit_status == 0 ? "pass" : "fail");
}

void history_add_name(struct strbuf *out, const struct history_series *series)
{
    if (series->entry.len > 0) {
        strbuf_add_text(out, "entry '");
        report_add_line(out, series->entry, 60);
        strbuf_printf(out, "' of %.*s", VIEW_ARG(series->target));
        if (series->suite.len == 0) /* of whatever suite */
            return;
        strbuf_add_text(out, " in ");
    }
    strbuf_add_text(out, "suite '");
    report_add_line(out, series->suite, 60);
    strbuf_add_text(out, "'");
}

void history_add_course(struct strbuf *out, const struct history_series *series, bool ascii,
                        size_t columns)
{
    double values[COURSE_MAX];
    size_t shown = columns < COURSE_MAX ? columns : COURSE_MAX;
    size_t from = series->count > shown ? series->count - shown : 0;
    struct sparkline form = {.ascii = ascii};

    for (size_t i = from; i < series->count; i++)
        values[i - from] = series->marks[i].in_series
                               ? (double)series->points[i].score_micro / MICRO
                               : (double)NAN;
    sparkline_add(out, values, series->count - from, &form);
}

void history_add_versions(struct strbuf *out, struct view templates_json)
{
    struct arena arena;
    struct json *root = NULL;
    size_t shown = 0;

    arena_init(&arena, JSON_BYTES_MAX);
    if (json_parse(&arena, templates_json, &root, NULL) == 0 && json_is(root, JSON_OBJECT)) {
        for (const struct json *item = root->child; item != NULL; item = item->next, shown++) {
            if (shown >= VERSIONS_SHOWN)
                continue;
            strbuf_add_text(out, shown > 0 ? ", " : "");
            report_add_line(out, item->key, 24);
            strbuf_add_byte(out, ' ');
            report_add_line(out, json_text(item, view_of("?")), 13);
        }
        if (shown > VERSIONS_SHOWN)
            strbuf_printf(out, " and %zu more", shown - VERSIONS_SHOWN);
    }
    arena_release(&arena);
}

void history_add_lines(struct strbuf *out, const struct history_series *series)
{
    const struct drift_lines *lines = &series->drift.lines;

    if (lines->known)
        strbuf_printf(out, "mean %.3f, control lines %.3f to %.3f (of %zu runs)", lines->mean,
                      lines->low, lines->high, lines->runs);
    else
        strbuf_printf(out, "%zu comparable run%s; control lines need %d", series->drift.runs,
                      series->drift.runs == 1 ? "" : "s", DRIFT_RUNS_MIN);
}

bool history_add_mark(struct strbuf *out, const struct history_series *series)
{
    struct arena arena;
    size_t from = series->count > MARK_RUNS ? series->count - MARK_RUNS : 0;
    bool found = false;

    arena_init(&arena, 4096);
    for (size_t i = series->count; i-- > from && !found;) {
        if (series->marks[i].rules == 0)
            continue;
        const char *rules = drift_rules_text(series->marks[i].rules, &arena);
        strbuf_printf(out, "run %.*s (%.3f): %s", VIEW_ARG(series->points[i].run),
                      (double)series->points[i].score_micro / MICRO, rules != NULL ? rules : "");
        found = true;
    }
    arena_release(&arena);
    return found;
}
