/* SPDX-License-Identifier: Apache-2.0
 *
 * run_find: see run_find.h. What begins with @ or `version:` is a word of ours, a file that is
 * there is a report, anything else the id of a run. */
#include "app/run_find.h"

#include <stdlib.h>

#include "app/history.h"
#include "base/path.h"
#include "core/golden/baseline_run.h"
#include "report/run_read.h"
#include "shell/os/file.h"
#include "shell/os/file_map.h"

static const size_t REPORT_BYTES_MAX = (size_t)4 << 30;
static const size_t BASELINE_BYTES_MAX = (size_t)1 << 30;

static int no_memory(const char *name, struct err *reterr)
{
    return fail(reterr, ERR_MEMORY, "%s: no memory for this run", name);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int read_baseline(const char *path, struct arena *arena, struct run *ret_run,
                         struct err *reterr)
{
    struct baseline baseline;
    struct file_map map;
    const char *kept = arena_string(arena, view_of(path));

    if (kept == NULL)
        return no_memory(path, reterr);
    int code = file_map_open(path, BASELINE_BYTES_MAX, &map, reterr);
    if (code != 0)
        return code;
    code = baseline_parse(arena, view_of(kept), map.text, &baseline, reterr);
    if (code == 0 && baseline_as_run(&baseline, arena, ret_run) != 0)
        code = no_memory(path, reterr);
    file_map_close(&map);
    return code;
}

/* A report, or a baseline's own file. */
static int read_file(const char *path, struct arena *arena, struct run *ret_run, struct err *reterr)
{
    struct file_map map;

    if (view_ends(view_of(path), view_of(".jsonl")))
        return read_baseline(path, arena, ret_run, reterr);
    int code = file_map_open(path, REPORT_BYTES_MAX, &map, reterr);
    if (code != 0)
        return code;
    code = run_read(arena, view_of(path), map.text, ret_run, reterr);
    file_map_close(&map);
    return code;
}

/* ---- the baseline --------------------------------------------------------------------------- */

static const struct settings_suite *suite_of(const struct settings *settings, const char *wanted,
                                             struct err *reterr)
{
    if (wanted != NULL) {
        const struct settings_suite *suite = settings_suite_of(settings, view_of(wanted));
        if (suite == NULL)
            fail(reterr, ERR_CONFIG, "%.*s: has no suite '%s'", VIEW_ARG(settings->file), wanted);
        return suite;
    }
    if (settings->suite_count == 1)
        return &settings->suites[0];
    if (settings->suite_count == 0)
        fail(reterr, ERR_CONFIG,
             "@baseline: there is no suite here: go to the folder of assay.yaml, or say -c FILE");
    else
        fail(reterr, ERR_CONFIG, "@baseline: %.*s has several suites: say --suite",
             VIEW_ARG(settings->file));
    return NULL;
}

static int find_baseline(const struct run_find *where, struct arena *arena, struct run *ret_run,
                         struct err *reterr)
{
    struct settings settings;

    int code = plan_settings(arena, where->config, where->overrides, where->override_count,
                             &settings, reterr);
    if (code != 0)
        return code;
    const struct settings_suite *suite = suite_of(&settings, where->suite, reterr);
    if (suite == NULL)
        return ERR_CONFIG;
    const char *path = arena_printf(arena, "%.*s/baselines/%.*s.jsonl",
                                    VIEW_ARG(path_directory(suite->golden)), VIEW_ARG(suite->name));
    if (path == NULL)
        return no_memory("@baseline", reterr);
    if (!file_exists(path))
        return fail(reterr, ERR_MISSING,
                    "%s: there is no baseline yet: record one with 'assay baseline'", path);
    return read_baseline(path, arena, ret_run, reterr);
}

/* ---- the history ---------------------------------------------------------------------------- */

struct gathering {
    struct arena *arena;
    struct run *run;
    struct view name;
    size_t room;
    struct err *reterr;
};

static int add_entry(void *context, const struct store_result *result)
{
    struct gathering *gathering = context;
    struct run *run = gathering->run;

    if (result->sample != -1)
        return 0;
    if (run->entry_count == gathering->room) {
        size_t room = gathering->room != 0 ? gathering->room * 2 : 64;
        struct run_entry *grown = arena_new(gathering->arena, room, sizeof *grown);
        if (grown == NULL)
            return no_memory("the history", gathering->reterr);
        if (run->entry_count != 0)
            memcpy(grown, run->entries, run->entry_count * sizeof *grown);
        run->entries = grown;
        gathering->room = room;
    }
    int code = run_read_entry(gathering->arena, gathering->name, result->result_json,
                              &run->entries[run->entry_count], gathering->reterr);
    run->entry_count += code == 0;
    return code;
}

/* The order of the golden set, which the store does not keep. */
static int by_line(const void *a, const void *b)
{
    const struct run_entry *x = a, *y = b;
    int order = (x->line > y->line) - (x->line < y->line);

    if (order == 0)
        order = view_compare(x->id, y->id);
    return order != 0 ? order : view_compare(x->target, y->target);
}

static int read_row(struct store *store, const struct store_run *row, struct arena *arena,
                    struct run *ret_run, struct err *reterr)
{
    struct run run;
    struct gathering gathering = {.arena = arena, .run = &run, .name = row->id, .reterr = reterr};

    if (!view_is(row->kind, "test") && !view_is(row->kind, "baseline"))
        return fail(reterr, ERR_UNSUPPORTED,
                    "%.*s: is a run of the kind '%.*s', not of a golden "
                    "set: see 'assay history'",
                    VIEW_ARG(row->id), VIEW_ARG(row->kind));
    int code = run_read_summary(arena, row->id, row->summary_json, &run, reterr);
    if (code == 0)
        code = store_visit_results(store, row->id, add_entry, &gathering, reterr);
    if (code != 0)
        return code;
    if (run.entry_count > 1)
        qsort(run.entries, run.entry_count, sizeof *run.entries, by_line);
    *ret_run = run;
    return 0;
}

/* The newest run but `back` of those the filter takes. */
static int list_back(struct store *store, const char *name, const struct store_filter *filter,
                     struct arena *arena, struct store_run *ret_row, struct err *reterr)
{
    struct store_run *rows;
    size_t count;

    int code = store_list_runs(store, filter, arena, &rows, &count, reterr);
    if (code != 0)
        return code;
    if (count == filter->limit) {
        *ret_row = rows[count - 1];
        return 0;
    }
    if (filter->version.len != 0)
        return fail(reterr, ERR_MISSING,
                    "%s: no run of the history used this version of a prompt: 'assay history' "
                    "lists the runs there are",
                    name);
    return fail(reterr, ERR_MISSING, "%s: there is no such run yet: run 'assay test'%s", name,
                filter->limit == 2 ? " twice" : "");
}

static int find_row(struct store *store, const struct run_find *where, const char *name,
                    struct arena *arena, struct store_run *ret_row, struct err *reterr)
{
    static const struct view version = VIEW("version:");
    struct view wanted = view_of(name);
    struct store_filter filter = {
        .kind = view_of("test"), .suite = view_of(where->suite), .limit = 1, .finished = true};

    if (view_is(wanted, "@prev"))
        filter.limit = 2;
    if (view_starts(wanted, version))
        filter.version = view_slice(wanted, version.len, wanted.len);
    if (view_is(wanted, "@last") || view_is(wanted, "@prev") || filter.version.len != 0)
        return list_back(store, name, &filter, arena, ret_row, reterr);
    return store_find_run(store, wanted, arena, ret_row, reterr);
}

static int find_in_history(const struct run_find *where, const char *name, struct arena *arena,
                           struct run *ret_run, struct err *reterr)
{
    struct store *store = NULL;
    struct store_run row;

    int code = history_open_configured(where->config, where->overrides, where->override_count,
                                       &store, reterr);
    if (code == 0)
        code = find_row(store, where, name, arena, &row, reterr);
    if (code == 0)
        code = read_row(store, &row, arena, ret_run, reterr);
    store_close(store);
    return code;
}

int run_find(const struct run_find *where, const char *name, struct arena *arena,
             struct run *ret_run, struct err *reterr)
{
    struct view wanted = view_of(name);

    if (view_is(wanted, "@baseline"))
        return find_baseline(where, arena, ret_run, reterr);
    if (view_starts(wanted, view_of("@")) && !view_is(wanted, "@last") && !view_is(wanted, "@prev"))
        return fail(reterr, ERR_USAGE, "'%s' is no run: @last, @prev and @baseline are", name);
    if (wanted.len > 0 && wanted.ptr[0] != '@' && file_exists(name) && !file_is_directory(name))
        return read_file(name, arena, ret_run, reterr);
    return find_in_history(where, name, arena, ret_run, reterr);
}
