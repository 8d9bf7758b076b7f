/* SPDX-License-Identifier: Apache-2.0
 *
 * history_course: see history_course.h. */
#include "app/history_course.h"

#include "app/history.h"

enum { DRIFTING_SHOWN = 10, TARGETS_MAX = 20 };

int history_no_memory(const struct history_looking *looking)
{
    return fail(looking->reterr, ERR_MEMORY, "no memory for the history");
}

/* Watches points that lie in the arena. */
static int watch(struct history_looking *looking, const char *what,
                 const struct drift_point *points, size_t count, size_t together,
                 struct history_series *series)
{
    struct drift_options options = {.series = together};
    struct drift_mark *marks = arena_new(looking->arena, count + 1, sizeof *marks);

    if (marks == NULL || what == NULL
        || drift_watch(points, count, &options, marks, &series->drift) != 0
        || drift_say(what, points, &series->drift, looking->arena, &series->sentence) != 0)
        return history_no_memory(looking);
    series->points = points;
    series->marks = marks;
    series->count = count;
    return 0;
}

int history_course_suite(struct history_looking *looking, struct view suite,
                         struct history_series *ret_series)
{
    struct store_filter filter = {.kind = view_of("test"),
                                  .suite = suite,
                                  .limit = HISTORY_RUNS_WATCHED,
                                  .finished = true,
                                  .brief = true};
    struct store_run *runs;
    size_t count;

    int code =
        store_list_runs(looking->store, &filter, looking->arena, &runs, &count, looking->reterr);
    if (code != 0)
        return code;
    struct drift_point *points = arena_new(looking->arena, count + 1, sizeof *points);
    const char *what =
        arena_printf(looking->arena, "the mean score of suite '%.*s'", VIEW_ARG(suite));
    if (points == NULL)
        return history_no_memory(looking);
    for (size_t i = 0; i < count; i++)
        points[count - 1 - i] = (struct drift_point){
            .run = runs[i].id,
            .started_unix_s = runs[i].started_unix_s,
            .has_score = runs[i].has_score,
            .score_micro = (int32_t)runs[i].mean_micro,
            .family = runs[i].family,
        };
    *ret_series = (struct history_series){.suite = suite};
    return watch(looking, what, points, count, 1, ret_series);
}

/* ---- entries -------------------------------------------------------------------------------- */

/* Points of one entry and target, copied as drift takes them. */
static int watch_points(struct history_looking *looking, const struct store_point *past,
                        size_t count, size_t together, struct history_series *series)
{
    struct drift_point *points = arena_new(looking->arena, count + 1, sizeof *points);

    if (points == NULL)
        return history_no_memory(looking);
    for (size_t i = 0; i < count; i++)
        points[i] = (struct drift_point){
            .run = past[i].run_id,
            .started_unix_s = past[i].started_unix_s,
            .has_score = past[i].has_score,
            .score_micro = (int32_t)past[i].score_micro,
            .family = past[i].family,
        };
    series->entry = history_key_entry(past[0].entry_id);
    series->target = history_key_target(past[0].entry_id);
    const char *what = arena_printf(looking->arena, "entry '%.*s'%s%.*s", VIEW_ARG(series->entry),
                                    series->target.len > 0 ? " of " : "", VIEW_ARG(series->target));
    return watch(looking, what, points, count, together, series);
}

/* How many points from `from` on are of the same entry and target. */
static size_t count_alike(const struct store_point *points, size_t from, size_t count)
{
    size_t end = from + 1;

    while (end < count && view_equal(points[end].entry_id, points[from].entry_id))
        end++;
    return end - from;
}

static double evidence_of(const struct history_series *series)
{
    const struct drift *drift = &series->drift;

    return drift->fell ? drift->fall_evidence + 1e9 : drift->rise_evidence;
}

/* Keeps the gravest, those that fell before those that rose. */
static void keep_drifting(struct history_series *kept, size_t *count,
                          const struct history_series *fresh)
{
    size_t at = *count < DRIFTING_SHOWN ? *count : DRIFTING_SHOWN;

    while (at > 0 && evidence_of(&kept[at - 1]) < evidence_of(fresh)) {
        if (at < DRIFTING_SHOWN)
            kept[at] = kept[at - 1];
        at--;
    }
    if (at < DRIFTING_SHOWN)
        kept[at] = *fresh;
    *count += *count < DRIFTING_SHOWN;
}

static int note(struct history_looking *looking, struct history_report *report, const char *text)
{
    struct view *notes = (struct view *)(uintptr_t)report->notes;

    if (text == NULL)
        return history_no_memory(looking);
    notes[report->note_count++] = view_of(text);
    return 0;
}

static int read_points(struct history_looking *looking, struct view suite, size_t entry_count,
                       struct store_point **ret_points, size_t *ret_count)
{
    size_t runs = HISTORY_POINTS_MAX / (entry_count + 1);
    struct store_series series = {
        .suite = suite,
        .kind = view_of("test"),
        .runs = (uint32_t)(runs < HISTORY_RUNS_WATCHED ? runs : HISTORY_RUNS_WATCHED)};

    return store_list_points(looking->store, &series, looking->arena, ret_points, ret_count,
                             looking->reterr);
}

int history_course_entries(struct history_looking *looking, struct view suite, size_t entry_count,
                           struct history_report *report)
{
    struct history_series *kept = report->drifting != NULL
                                      ? (struct history_series *)(uintptr_t)report->drifting
                                      : arena_new(looking->arena, DRIFTING_SHOWN, sizeof *kept);
    struct store_point *points;
    size_t count;

    if (kept == NULL)
        return history_no_memory(looking);
    report->drifting = kept;
    if (HISTORY_POINTS_MAX / (entry_count + 1) < DRIFT_RUNS_MIN && report->note_count < 4)
        return note(looking, report,
                    arena_printf(looking->arena,
                                 "%zu entries of suite '%.*s' are too many to watch each: "
                                 "--entry ID looks at one",
                                 entry_count, VIEW_ARG(suite)));
    int code = read_points(looking, suite, entry_count, &points, &count);
    for (size_t i = 0; i < count && code == 0;) {
        struct history_series series = {.suite = suite};
        size_t alike = count_alike(points, i, count);
        code = watch_points(looking, points + i, alike, entry_count, &series);
        report->entries_watched++;
        if (code == 0 && (series.drift.fell || series.drift.rose))
            keep_drifting(kept, &report->drifting_count, &series);
        i += alike;
    }
    return code;
}

/* ---- one entry ------------------------------------------------------------------------------ */

int history_course_points(struct history_looking *looking, struct view entry,
                          struct store_point **ret_points, size_t *ret_count)
{
    const char *prefix = arena_printf(looking->arena, "%.*s @", VIEW_ARG(entry));
    struct store_series series = {.suite = view_of(looking->wish->suite),
                                  .entry_prefix = view_of(prefix),
                                  .kind = view_of("test"),
                                  .runs = HISTORY_RUNS_WATCHED};
    struct store_point *points;
    size_t count;

    if (prefix == NULL)
        return history_no_memory(looking);
    int code = store_list_points(looking->store, &series, looking->arena, &points, &count,
                                 looking->reterr);
    if (code != 0)
        return code;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) /* not "a @b @target" where "a" was asked for */
        if (view_equal(history_key_entry(points[i].entry_id), entry))
            points[(*ret_count)++] = points[i];
    *ret_points = points;
    return 0;
}

int history_course_entry(struct history_looking *looking, const struct store_point *points,
                         size_t count, struct history_report *report)
{
    struct history_series *series = arena_new(looking->arena, TARGETS_MAX, sizeof *series);
    int code = 0;

    if (series == NULL)
        return history_no_memory(looking);
    for (size_t i = 0; i < count && code == 0 && report->series_count < TARGETS_MAX;) {
        size_t alike = count_alike(points, i, count);
        struct history_series *fresh = &series[report->series_count++];
        *fresh = (struct history_series){.suite = view_of(looking->wish->suite)};
        code = watch_points(looking, points + i, alike, 1, fresh);
        i += alike;
    }
    report->series = series;
    return code;
}
