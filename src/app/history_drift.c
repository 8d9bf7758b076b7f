/* SPDX-License-Identifier: Apache-2.0
 *
 * history_drift: what the history shows of slow change, with the present run at its end: see
 * history.h. Cheap on purpose: a run's mean is a column of its row, and entries are looked at in so
 * many past runs as have ENTRY_POINTS_MAX results together. */
#include "app/history.h"
#include "core/golden/drift.h"
#include "shell/os/file.h"

enum { RUNS_LOOKED_AT = 500, ENTRY_RUNS_MAX = 60, ENTRY_POINTS_MAX = 20000 };
enum { ENTRIES_SAID_MAX = 3, SENTENCES_MAX = ENTRIES_SAID_MAX + 2, ARENA_BYTES_MAX = 1 << 30 };

struct looking {
    struct store *store;
    struct run *run;
    struct arena *arena; /* of the run */
    struct arena *scratch;
    struct view *sentences;
    size_t count;
};

static struct drift_point point_of_run(const struct run *run, const char *family)
{
    return (struct drift_point){
        .run = run->id,
        .started_unix_s = run->started_unix_s,
        .has_score = run->mean.total_micro != SCORE_ABSENT,
        .score_micro = run->mean.total_micro,
        .family = view_of(family),
    };
}

/* The suite's mean score over its runs. */
static int watch_suite(struct looking *looking, const char *family)
{
    const struct run *run = looking->run;
    struct store_filter filter = {.kind = run->kind,
                                  .suite = run->suite,
                                  .family = view_of(family),
                                  .limit = RUNS_LOOKED_AT,
                                  .finished = true,
                                  .brief = true};
    struct drift_options options = {0};
    struct store_run *rows;
    struct drift drift;
    size_t count;

    int code = store_list_runs(looking->store, &filter, looking->scratch, &rows, &count, NULL);
    if (code != 0)
        return 0;
    looking->run->drift_known = true;
    struct drift_point *points = arena_new(looking->scratch, count + 1, sizeof *points);
    const char *what =
        arena_printf(looking->scratch, "the mean score of suite '%.*s'", VIEW_ARG(run->suite));
    if (points == NULL || what == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        points[count - 1 - i] = (struct drift_point){
            .run = rows[i].id,
            .started_unix_s = rows[i].started_unix_s,
            .has_score = rows[i].has_score,
            .score_micro = (int32_t)rows[i].mean_micro,
            .family = rows[i].family,
        };
    points[count] = point_of_run(run, family);
    code = drift_watch(points, count + 1, &options, NULL, &drift);
    if (code != 0 || !drift.fell)
        return code;
    code = drift_say(what, points, &drift, looking->arena, &looking->sentences[looking->count]);
    looking->count += code == 0;
    return code;
}

/* ---- entries -------------------------------------------------------------------------------- */

/* The points of one entry among those of all, which are sorted by entry. */
static size_t find_points(const struct store_point *points, size_t count, struct view key,
                          size_t *ret_from)
{
    size_t low = 0;
    size_t high = count;
    size_t n = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view_compare(points[middle].entry_id, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + n < count && view_equal(points[low + n].entry_id, key))
        n++;
    *ret_from = low;
    return n;
}

static int watch_entry(struct looking *looking, const struct run_entry *entry,
                       const struct store_point *past, size_t count, struct drift_point *points,
                       struct drift *ret_drift)
{
    struct drift_options options = {.series = looking->run->entry_count};
    const char *family = history_entry_family(looking->run, entry, looking->scratch);

    if (family == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        points[i] = (struct drift_point){
            .run = past[i].run_id,
            .started_unix_s = past[i].started_unix_s,
            .has_score = past[i].has_score,
            .score_micro = (int32_t)past[i].score_micro,
            .family = past[i].family,
        };
    points[count] = point_of_run(looking->run, family);
    points[count].has_score = entry->scored_count > 0;
    points[count].score_micro = entry->score.total_micro;
    return drift_watch(points, count + 1, &options, NULL, ret_drift);
}

static int say_entry(struct looking *looking, const struct run_entry *entry,
                     const struct drift_point *points, const struct drift *drift)
{
    const char *what = arena_printf(looking->scratch, "entry '%.*s'%s%.*s", VIEW_ARG(entry->id),
                                    entry->target.len > 0 ? " of " : "", VIEW_ARG(entry->target));
    if (what == NULL)
        return ERR_MEMORY;
    int code = drift_say(what, points, drift, looking->arena, &looking->sentences[looking->count]);
    looking->count += code == 0;
    return code;
}

static int watch_entries(struct looking *looking)
{
    const struct run *run = looking->run;
    size_t runs_max = ENTRY_POINTS_MAX / (run->entry_count + 1);
    struct store_series series = {
        .kind = run->kind,
        .suite = run->suite,
        .runs = (uint32_t)(runs_max < ENTRY_RUNS_MAX ? runs_max : ENTRY_RUNS_MAX)};
    struct store_point *past;
    size_t count;
    size_t fallen = 0;

    if (runs_max < DRIFT_RUNS_MIN
        || store_list_points(looking->store, &series, looking->scratch, &past, &count, NULL) != 0)
        return 0;
    struct drift_point *points = arena_new(looking->scratch, count + 1, sizeof *points);
    if (points == NULL)
        return ERR_MEMORY;
    int code = 0;
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        const char *key = history_key(&run->entries[i], looking->scratch);
        struct drift drift = {0};
        size_t from;
        size_t n = key != NULL ? find_points(past, count, view_of(key), &from) : 0;
        if (key == NULL || n < DRIFT_RUNS_MIN)
            continue;
        code = watch_entry(looking, &run->entries[i], past + from, n, points, &drift);
        fallen += code == 0 && drift.fell;
        if (code == 0 && drift.fell && fallen <= ENTRIES_SAID_MAX)
            code = say_entry(looking, &run->entries[i], points, &drift);
    }
    if (code != 0 || fallen <= ENTRIES_SAID_MAX)
        return code;
    const char *more = arena_printf(looking->arena, "%zu more entries fell: see 'assay history'",
                                    fallen - ENTRIES_SAID_MAX);
    if (more == NULL)
        return ERR_MEMORY;
    looking->sentences[looking->count++] = view_of(more);
    return 0;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int look(struct looking *looking)
{
    const char *family = history_run_family(looking->run, looking->scratch);

    if (family == NULL)
        return ERR_MEMORY;
    if (family[0] == '\0')
        return 0;
    int code = watch_suite(looking, family);
    return code == 0 ? watch_entries(looking) : code;
}

int history_drift(const struct plan *plan, struct run *run, struct arena *arena)
{
    struct arena scratch;

    arena_init(&scratch, ARENA_BYTES_MAX);
    struct looking looking = {
        .run = run,
        .arena = arena,
        .scratch = &scratch,
        .sentences = arena_new(arena, SENTENCES_MAX, sizeof *looking.sentences),
    };
    const char *path = history_path(plan, &scratch);
    bool is_there = path != NULL && (plan->settings.history_is_url || file_exists(path));
    int code = looking.sentences != NULL ? 0 : ERR_MEMORY;
    if (code == 0 && is_there && history_open(plan, &looking.store, NULL) == 0)
        code = look(&looking);
    store_close(looking.store);
    arena_release(&scratch);
    run->drift = looking.sentences;
    run->drift_count = looking.count;
    return code;
}
