/* SPDX-License-Identifier: Apache-2.0
 *
 * history_json: the history for programs: see history.h. What is not known is absent. */
#include "base/date.h"
#include "report/history.h"
#include "report/history_parts.h"
#include "wire/json.h"

static void write_started(struct json_writer *writer, int64_t started_unix_s)
{
    char date[DATE_ISO_SIZE];

    date_iso(started_unix_s, date);
    json_member_text(writer, "started", date);
}

static void write_row(struct json_writer *writer, const struct history_row *row)
{
    json_write_object(writer);
    json_member_string(writer, "run", row->id);
    json_member_int(writer, "sequence", row->sequence);
    json_member_string(writer, "kind", row->kind);
    json_member_string(writer, "suite", row->suite);
    json_member_string(writer, "target", row->target);
    write_started(writer, row->started_unix_s);
    json_member_bool(writer, "finished", row->finished);
    json_member_int(writer, "exit_status", row->exit_status);
    json_member_string(writer, "verdict", history_verdict(row));
    if (row->has_score)
        json_member_fixed(writer, "score", row->mean_micro, 6);
    if (row->has_cost)
        json_member_fixed(writer, "cost_usd", row->cost_nano_usd, 9);
    json_member_int(writer, "entries", row->entry_count);
    json_member_int(writer, "failing", row->failing_count);
    json_member_string(writer, "embedding", row->scorer);
    if (json_valid(row->templates_json, NULL)) {
        json_write_key(writer, "versions");
        json_write_raw(writer, row->templates_json);
    }
    if (row->clock_jumped)
        json_member_bool(writer, "clock_jumped", true);
    json_write_end(writer, '}');
}

static void write_rules(struct json_writer *writer, unsigned rules)
{
    static const struct {
        enum drift_rule rule;
        const char *name;
    } names[] = {
        {DRIFT_BEYOND, "beyond"},
        {DRIFT_SAME_SIDE, "same_side"},
        {DRIFT_TREND, "trend"},
        {DRIFT_TWO_OF_THREE, "two_of_three"},
    };

    json_member_array(writer, "rules");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((rules & (unsigned)names[i].rule) != 0)
            json_write_text(writer, names[i].name);
    json_write_end(writer, ']');
}

static void write_points(struct json_writer *writer, const struct history_series *series)
{
    json_member_array(writer, "points");
    for (size_t i = 0; i < series->count; i++) {
        const struct drift_point *point = &series->points[i];
        json_write_object(writer);
        json_member_string(writer, "run", point->run);
        write_started(writer, point->started_unix_s);
        if (point->has_score)
            json_member_fixed(writer, "score", point->score_micro, 6);
        json_member_bool(writer, "comparable", series->marks[i].in_series);
        if (series->marks[i].in_series) {
            write_rules(writer, series->marks[i].rules);
            json_member_double(writer, "page_hinkley", series->marks[i].page_hinkley);
        }
        json_write_end(writer, '}');
    }
    json_write_end(writer, ']');
}

static void write_drift(struct json_writer *writer, const struct history_series *series)
{
    const struct drift *drift = &series->drift;

    if (drift->lines.known) {
        json_member_object(writer, "control_lines");
        json_member_double(writer, "mean", drift->lines.mean);
        json_member_double(writer, "low", drift->lines.low);
        json_member_double(writer, "high", drift->lines.high);
        json_member_int(writer, "runs", (int64_t)drift->lines.runs);
        json_write_end(writer, '}');
    }
    json_member_object(writer, "drift");
    json_member_text(writer, "direction", drift->fell ? "fell" : drift->rose ? "rose" : "none");
    json_member_double(writer, "fall_evidence", drift->fall_evidence);
    json_member_double(writer, "rise_evidence", drift->rise_evidence);
    if (drift->fell || drift->rose) {
        json_member_string(writer, "since", series->points[drift->since].run);
        json_member_int(writer, "runs", (int64_t)drift->after_runs);
        json_member_double(writer, "before", drift->before);
        json_member_double(writer, "after", drift->after);
        json_member_string(writer, "sentence", series->sentence);
    }
    json_write_end(writer, '}');
}

static void write_series(struct json_writer *writer, const struct history_series *series)
{
    json_write_object(writer);
    json_member_string(writer, "suite", series->suite);
    if (series->entry.len > 0) {
        json_member_string(writer, "entry", series->entry);
        json_member_string(writer, "target", series->target);
    }
    json_member_int(writer, "runs", (int64_t)series->drift.runs);
    json_member_bool(writer, "restarted", series->drift.is_restarted);
    write_drift(writer, series);
    write_points(writer, series);
    json_write_end(writer, '}');
}

void report_history_json(const struct history_report *report, struct strbuf *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out, 2);
    json_write_object(&writer);
    json_member_text(&writer, "assay", report->assay_version);
    json_member_text(&writer, "kind", "history");
    json_member_int(&writer, "schema", 1);
    json_member_text(&writer, "source", report->source);
    json_member_array(&writer, "runs");
    for (size_t i = 0; i < report->row_count; i++)
        write_row(&writer, &report->rows[i]);
    json_write_end(&writer, ']');
    json_member_bool(&writer, "more", report->has_more);
    json_member_array(&writer, "series");
    for (size_t i = 0; i < report->series_count; i++)
        write_series(&writer, &report->series[i]);
    json_write_end(&writer, ']');
    json_member_int(&writer, "entries_watched", (int64_t)report->entries_watched);
    json_member_array(&writer, "drifting_entries");
    for (size_t i = 0; i < report->drifting_count; i++)
        write_series(&writer, &report->drifting[i]);
    json_write_end(&writer, ']');
    json_member_array(&writer, "notes");
    for (size_t i = 0; i < report->note_count; i++)
        json_write_string(&writer, report->notes[i]);
    json_write_end(&writer, ']');
    json_write_end(&writer, '}');
    strbuf_add_byte(out, '\n');
}
