/* SPDX-License-Identifier: Apache-2.0
 *
 * history_look: see history_look.h; history_course.c makes the series. */
#include "app/history_look.h"

#include "app/history.h"
#include "app/history_course.h"

enum { CLOCK_SLACK_S = 60, NOTES_MAX = 4, SECONDS_PER_HOUR = 3600 };

/* ---- rows ----------------------------------------------------------------------------------- */

static struct history_row row_of(const struct store_run *run)
{
    return (struct history_row){
        .id = run->id,
        .sequence = run->sequence,
        .kind = run->kind,
        .suite = run->suite,
        .target = run->target,
        .started_unix_s = run->started_unix_s,
        .finished = run->finished_unix_s > 0,
        .exit_status = run->exit_status,
        .outcome = run->outcome,
        .has_score = run->has_score,
        .mean_micro = (int32_t)run->mean_micro,
        .has_cost = run->has_cost,
        .cost_nano_usd = run->cost_nano_usd,
        .entry_count = run->entry_count,
        .failing_count = run->failing_count,
        .scorer = run->scorer,
        .templates_json = run->templates_json,
    };
}

static int list_rows(struct history_looking *looking, struct history_report *report)
{
    const struct history_wish *wish = looking->wish;
    struct store_filter filter = {.suite = view_of(wish->suite),
                                  .limit = wish->last < UINT32_MAX ? wish->last + 1 : wish->last,
                                  .brief = true};
    struct store_run *runs;
    size_t count;

    int code =
        store_list_runs(looking->store, &filter, looking->arena, &runs, &count, looking->reterr);
    if (code != 0)
        return code;
    struct history_row *rows = arena_new(looking->arena, count + 1, sizeof *rows);
    if (rows == NULL)
        return history_no_memory(looking);
    for (size_t i = 0; i < count; i++) {
        rows[i] = row_of(&runs[i]);
        /* a run is recorded at its end: whatever was recorded before it had ended before */
        rows[i].clock_jumped =
            i + 1 < count && runs[i].finished_unix_s > 0
            && runs[i].finished_unix_s + CLOCK_SLACK_S < runs[i + 1].finished_unix_s;
    }
    report->rows = rows;
    report->row_count = count < wish->last ? count : wish->last;
    report->has_more = count > wish->last;
    return 0;
}

/* ---- the runs ------------------------------------------------------------------------------- */

static bool is_watched(const struct history_report *report, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (view_equal(report->rows[i].suite, report->rows[row].suite)
            && view_is(report->rows[i].kind, "test"))
            return true;
    return !view_is(report->rows[row].kind, "test");
}

static int look_at_suites(struct history_looking *looking, struct history_report *report)
{
    struct history_series *series = arena_new(looking->arena, HISTORY_SUITES_MAX, sizeof *series);
    int code = 0;

    if (series == NULL)
        return history_no_memory(looking);
    report->series = series;
    for (size_t i = 0; i < report->row_count && code == 0; i++) {
        if (is_watched(report, i) || report->series_count == HISTORY_SUITES_MAX)
            continue;
        code =
            history_course_suite(looking, report->rows[i].suite, &series[report->series_count++]);
        if (code == 0)
            code = history_course_entries(looking, report->rows[i].suite,
                                          (size_t)report->rows[i].entry_count, report);
    }
    return code;
}

/* ---- an entry ------------------------------------------------------------------------------- */

/* Its own rows: how it stood in each run, newest first. */
static int rows_of_entry(struct history_looking *looking, const struct store_point *points,
                         size_t count, struct history_report *report)
{
    size_t last = looking->wish->last;
    struct history_row *rows = arena_new(looking->arena, count + 1, sizeof *rows);

    if (rows == NULL)
        return history_no_memory(looking);
    for (size_t i = count; i-- > 0 && report->row_count < last;) {
        struct store_run run;
        int code =
            store_get_run(looking->store, points[i].run_id, looking->arena, &run, looking->reterr);
        if (code == ERR_MISSING)
            continue; /* pruned by another process meanwhile */
        if (code != 0)
            return code;
        struct history_row *row = &rows[report->row_count++];
        *row = row_of(&run);
        row->target = history_key_target(points[i].entry_id);
        row->severity = points[i].severity;
        row->has_score = points[i].has_score;
        row->mean_micro = (int32_t)points[i].score_micro;
    }
    report->rows = rows;
    report->has_more = count > last;
    return 0;
}

static int look_at_entry(struct history_looking *looking, struct history_report *report)
{
    const struct history_wish *wish = looking->wish;
    struct store_point *points;
    size_t count = 0;

    int code = history_course_points(looking, view_of(wish->entry), &points, &count);
    if (code == 0 && count == 0)
        return fail(
            looking->reterr, ERR_MISSING,
            "%s: no run has an entry '%s'%s%s; 'assay history show @last' lists the entries "
            "of the last one",
            store_label(looking->store), wish->entry, wish->suite != NULL ? " in suite " : "",
            wish->suite != NULL ? wish->suite : "");
    if (code == 0)
        code = history_course_entry(looking, points, count, report);
    return code == 0 ? rows_of_entry(looking, points, count, report) : code;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int look(struct history_looking *looking, struct history_report *report)
{
    const struct history_wish *wish = looking->wish;
    struct view *notes = arena_new(looking->arena, NOTES_MAX, sizeof *notes);
    const char *source = arena_string(looking->arena, view_of(store_label(looking->store)));

    if (notes == NULL || source == NULL)
        return history_no_memory(looking);
    report->source = source;
    report->notes = notes;
    report->suite = view_of(wish->suite);
    report->entry = view_of(wish->entry);
    if (wish->entry != NULL)
        return look_at_entry(looking, report);
    int code = list_rows(looking, report);
    if (code == 0 && report->row_count == 0 && wish->suite != NULL)
        return fail(looking->reterr, ERR_MISSING,
                    "%s: no run of a suite '%s'; 'assay history' lists all runs", source,
                    wish->suite);
    return code == 0 ? look_at_suites(looking, report) : code;
}

int history_look(const struct history_wish *wish, struct arena *arena,
                 struct history_report *ret_report, struct err *reterr)
{
    struct history_looking looking = {.wish = wish, .arena = arena, .reterr = reterr};
    struct history_report report = {0};

    int code = history_open_configured(wish->config, wish->overrides, wish->override_count,
                                       &looking.store, reterr);
    if (code == 0)
        code = look(&looking, &report);
    store_close(looking.store);
    if (code == 0)
        *ret_report = report;
    return code;
}

int history_keep_read(const char *text, int64_t now_unix_s, struct store_keep *ret_keep,
                      struct err *reterr)
{
    static const struct {
        char letter;
        int64_t hours;
    } units[] = {{'h', 1}, {'d', 24}, {'w', 168}};
    struct view number = view_of(text);
    int64_t hours = 0;
    int64_t count;

    for (size_t i = 0; i < sizeof units / sizeof units[0] && number.len > 0; i++)
        if (number.ptr[number.len - 1] == units[i].letter)
            hours = units[i].hours;
    if (hours > 0)
        number.len--;
    if (view_to_int(number, &count) != 0 || count < 1 || count > 1000000)
        return fail(reterr, ERR_USAGE,
                    "--keep: '%s' is neither an age (90d, 12w, 36h) nor a number of runs (500)",
                    text);
    *ret_keep = hours > 0 ? (struct store_keep){.since_unix_s =
                                                    now_unix_s - count * hours * SECONDS_PER_HOUR}
                          : (struct store_keep){.newest = (uint32_t)count};
    return 0;
}
