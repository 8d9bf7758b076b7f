/* SPDX-License-Identifier: Apache-2.0
 *
 * history: for a terminal and as Markdown; history_json.c for programs. See history.h. */
#include "report/history.h"

#include "report/history_parts.h"
#include "report/order.h"

enum { COLUMNS_DEFAULT = 80, COURSE_COLUMNS = 40, LABEL_COLUMNS = 10 };

/* ---- a terminal ----------------------------------------------------------------------------- */

static const struct {
    const char *verdict;
    const char *color;
} colors[] = {
    {"pass", "\x1b[32m"},   {"fail", "\x1b[31m"},         {"signoff", "\x1b[33m"},
    {"failed", "\x1b[31m"}, {"critical", "\x1b[31m"},     {"major", "\x1b[33m"},
    {"error", "\x1b[31m"},  {"inconclusive", "\x1b[33m"},
};

/* The word in its colour, padded to so many columns. */
static void add_verdict(struct strbuf *out, struct view verdict, size_t columns, bool color)
{
    const char *start = "";

    for (size_t i = 0; i < sizeof colors / sizeof colors[0] && color; i++)
        if (view_is(verdict, colors[i].verdict))
            start = colors[i].color;
    strbuf_add_text(out, start);
    strbuf_add(out, verdict);
    strbuf_add_text(out, start[0] != '\0' ? "\x1b[0m" : "");
    strbuf_add_repeated(out, ' ', verdict.len < columns ? columns - verdict.len : 1);
}

static void add_score(struct strbuf *out, const struct history_row *row)
{
    if (row->has_score)
        strbuf_printf(out, "%.3f", (double)row->mean_micro / MICRO);
    else
        strbuf_add_text(out, "    -");
}

/* "none" is a severity's word; of an entry's row it would mean nothing to a reader. */
static struct view shown_verdict(const struct history_row *row)
{
    struct view verdict = history_verdict(row);

    return view_is(verdict, "none") ? view_of("unchanged") : verdict;
}

static void add_row(const struct history_report *report, const struct history_row *row,
                    struct strbuf *out)
{
    char day[HISTORY_DAY_SIZE];
    struct strbuf dollars;

    strbuf_init(&dollars, 64);
    if (row->has_cost)
        report_add_dollars(&dollars, row->cost_nano_usd);
    history_day(row->started_unix_s, day);
    strbuf_printf(out, "%-26.*s %s  ", VIEW_ARG(row->id), day);
    add_verdict(out, shown_verdict(row), 13, report->color);
    add_score(out, row);
    strbuf_printf(out, "  %5lld/%-5lld %-10s ", (long long)row->failing_count,
                  (long long)row->entry_count, row->has_cost ? strbuf_text(&dollars) : "-");
    strbuf_printf(out, "%-8.*s %.*s  ", VIEW_ARG(row->kind), VIEW_ARG(row->suite));
    history_add_versions(out, row->templates_json);
    strbuf_add_text(out, row->clock_jumped ? "  (its clock was behind)\n" : "\n");
    strbuf_release(&dollars);
}

static void add_rows(const struct history_report *report, struct strbuf *out)
{
    if (report->row_count == 0)
        return;
    strbuf_printf(out, "%-26s %-16s  %-13s%-5s  %-11s %-10s %-8s %s\n", "RUN", "STARTED (UTC)",
                  report->entry.len > 0 ? "ENTRY" : "VERDICT", "SCORE", "FAILING/ALL", "COST",
                  "KIND", "SUITE, VERSIONS");
    for (size_t i = 0; i < report->row_count; i++)
        add_row(report, &report->rows[i], out);
    if (report->has_more)
        strbuf_printf(out, "(older runs: --last %zu)\n", report->row_count * 5);
}

static void add_series(const struct history_report *report, const struct history_series *series,
                       struct strbuf *out)
{
    unsigned columns = report->columns != 0 ? report->columns : COLUMNS_DEFAULT;
    size_t room = columns > COURSE_COLUMNS + LABEL_COLUMNS ? COURSE_COLUMNS : 20;

    strbuf_add_byte(out, '\n');
    history_add_name(out, series);
    strbuf_add_text(out, "\n  course   ");
    history_add_course(out, series, report->ascii, room);
    strbuf_add_text(out, "\n  level    ");
    history_add_lines(out, series);
    if (series->drift.is_restarted)
        strbuf_add_text(out, "; older runs had other prompts, models, scorers or golden sets");
    strbuf_add_byte(out, '\n');
    size_t start = out->len;
    strbuf_add_text(out, "  chart    ");
    if (history_add_mark(out, series))
        strbuf_add_byte(out, '\n');
    else
        strbuf_cut(out, start);
    if (series->sentence.len > 0)
        strbuf_printf(out, "  %sDRIFT%s    %.*s\n", report->color ? "\x1b[31m" : "",
                      report->color ? "\x1b[0m" : "", VIEW_ARG(series->sentence));
    else if (series->drift.lines.known)
        strbuf_printf(out, "  drift    none (evidence of a fall %.0f %% of an alarm's)\n",
                      100 * (series->drift.fall_evidence > 0 ? series->drift.fall_evidence : 0));
}

void report_history_text(const struct history_report *report, struct strbuf *out)
{
    if (report->row_count == 0 && report->series_count == 0)
        strbuf_printf(out, "%s holds no such run yet: run 'assay test'\n", report->source);
    add_rows(report, out);
    for (size_t i = 0; i < report->series_count; i++)
        add_series(report, &report->series[i], out);
    if (report->drifting_count > 0)
        strbuf_printf(out, "\n%zu of %zu entries drift:\n", report->drifting_count,
                      report->entries_watched);
    for (size_t i = 0; i < report->drifting_count; i++) {
        strbuf_add_text(out, "  ");
        history_add_course(out, &report->drifting[i], report->ascii, 20);
        strbuf_printf(out, "  %.*s\n", VIEW_ARG(report->drifting[i].sentence));
    }
    for (size_t i = 0; i < report->note_count; i++)
        strbuf_printf(out, "%s%.*s\n", i == 0 ? "\n" : "", VIEW_ARG(report->notes[i]));
}

/* ---- Markdown ------------------------------------------------------------------------------- */

/* Text of others within a table. */
static void add_cell(struct strbuf *out, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (view_find_byte(view_of("|`*_<>[]\\&"), (char)byte) < 10)
            strbuf_add_byte(out, '\\');
        strbuf_add_byte(out, byte < 0x20 || byte == 0x7f ? ' ' : (char)byte);
    }
}

static void add_markdown_row(const struct history_row *row, struct strbuf *out)
{
    char day[HISTORY_DAY_SIZE];
    struct strbuf versions;

    strbuf_init(&versions, 4096);
    history_add_versions(&versions, row->templates_json);
    history_day(row->started_unix_s, day);
    strbuf_add_text(out, "| ");
    add_cell(out, row->id);
    strbuf_printf(out, " | %s | ", day);
    add_cell(out, shown_verdict(row));
    strbuf_add_text(out, " | ");
    add_score(out, row);
    strbuf_printf(out, " | %lld of %lld | ", (long long)row->failing_count,
                  (long long)row->entry_count);
    if (row->has_cost)
        report_add_dollars(out, row->cost_nano_usd);
    strbuf_add_text(out, " | ");
    add_cell(out, row->suite);
    strbuf_add_text(out, " | ");
    add_cell(out, strbuf_view(&versions));
    strbuf_add_text(out, " |\n");
    strbuf_release(&versions);
}

static void add_markdown_series(const struct history_series *series, struct strbuf *out)
{
    struct strbuf name;

    strbuf_init(&name, 4096);
    history_add_name(&name, series);
    strbuf_add_text(out, "\n**");
    add_cell(out, strbuf_view(&name));
    strbuf_add_text(out, "** `");
    history_add_course(out, series, false, COURSE_COLUMNS);
    strbuf_add_text(out, "`  \n");
    history_add_lines(out, series);
    strbuf_add_byte(out, '\n');
    if (series->sentence.len > 0) {
        strbuf_add_text(out, "\nDrift: ");
        add_cell(out, series->sentence);
        strbuf_add_byte(out, '\n');
    }
    strbuf_release(&name);
}

void report_history_markdown(const struct history_report *report, struct strbuf *out)
{
    strbuf_add_text(out, "## History\n\n| run | started (UTC) | verdict | score | failing | cost | "
                         "suite | versions |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < report->row_count; i++)
        add_markdown_row(&report->rows[i], out);
    for (size_t i = 0; i < report->series_count; i++)
        add_markdown_series(&report->series[i], out);
    if (report->drifting_count > 0)
        strbuf_printf(out, "\n%zu of %zu entries drift:\n\n", report->drifting_count,
                      report->entries_watched);
    for (size_t i = 0; i < report->drifting_count; i++) {
        strbuf_add_text(out, "- ");
        add_cell(out, report->drifting[i].sentence);
        strbuf_add_byte(out, '\n');
    }
    for (size_t i = 0; i < report->note_count; i++) {
        strbuf_add_text(out, i == 0 ? "\n" : "");
        add_cell(out, report->notes[i]);
        strbuf_add_text(out, "\n");
    }
}
