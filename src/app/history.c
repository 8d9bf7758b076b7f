/* SPDX-License-Identifier: Apache-2.0
 *
 * history: see history.h. */
#include "app/history.h"

#include "base/digest.h"
#include "report/order.h"
#include "report/report.h"
#include "shell/store/store.h"
#include "wire/json.h"

enum { RESULT_BYTES_MAX = 256 << 20, ARENA_BYTES_MAX = 1 << 30 };

const char *history_path(const struct plan *plan, struct arena *arena)
{
    if (plan->settings.history.len != 0)
        return arena_string(arena, plan->settings.history);
    return arena_printf(arena, "%s/history.db", plan->state_dir);
}

static int open_store(const struct plan *plan, struct arena *arena, struct store **ret_store,
                      struct err *reterr)
{
    const char *path = history_path(plan, arena);

    if (plan->settings.history_is_url)
        return fail(reterr, ERR_UNSUPPORTED,
                    "history: this version keeps history in a file, not in a database by URL: give "
                    "a path, or remove the key");
    if (path == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the history");
    return store_open(path, ret_store, reterr);
}

/* What a list of runs shows of the entry. */
static struct view word_of(const struct run_entry *entry)
{
    switch (report_group_of(entry)) {
    case GROUP_FAILED:
        return view_of("failed");
    case GROUP_ERROR:
        return view_of("error");
    case GROUP_CRITICAL:
    case GROUP_MAJOR:
    case GROUP_MINOR:
    case GROUP_IMPROVED:
    case GROUP_FINE:
    case GROUP_COUNT:
        break;
    }
    return view_of(severity_name(entry->severity));
}

static int put_entry(struct store *store, const struct run *run, const struct run_entry *entry,
                     struct strbuf *json, struct arena *arena, struct err *reterr)
{
    struct json_writer writer;
    const char *key =
        arena_printf(arena, "%.*s @%.*s", VIEW_ARG(entry->id), VIEW_ARG(entry->target));

    if (key == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the history");
    strbuf_reset(json);
    json_writer_init(&writer, json, 0);
    report_json_entry(&writer, entry);
    int code = strbuf_status(json);
    if (code != 0)
        return fail(reterr, code, "history: entry '%.*s' is too large", VIEW_ARG(entry->id));
    struct store_result result = {
        .run_id = run->id,
        .entry_id = view_of(key),
        .sample = -1,
        .has_score = entry->scored_count > 0,
        .score_micro = entry->score.total_micro,
        .severity = word_of(entry),
        .latency_ns = entry->sample_count > 0 ? (int64_t)entry->samples[0].answer.latency_ns : -1,
        .result_json = strbuf_view(json),
    };
    return store_put_result(store, &result, reterr);
}

static int put_run(struct store *store, const struct plan *plan, const struct run *run,
                   const char *version, struct strbuf *json, struct err *reterr)
{
    struct report_options options = {.assay_version = version};
    struct json_writer writer;

    strbuf_reset(json);
    json_writer_init(&writer, json, 0);
    report_json_summary(&writer, run, &options);
    struct store_run row = {
        .id = run->id,
        .kind = run->kind,
        .suite = run->suite,
        .target = plan->targets[0]->name,
        .started_unix_s = run->started_unix_s,
        .finished_unix_s = run->started_unix_s + (int64_t)(run->elapsed_ns / 1000000000),
        .exit_status = run->gate.exit_status,
        .templates_json = view_of("{}"),
        .summary_json = strbuf_view(json),
    };
    return store_put_run(store, &row, reterr);
}

static int put_prompts(struct store *store, const struct plan *plan, const struct run *run,
                       struct err *reterr)
{
    int code = 0;

    for (size_t i = 0; i < plan->set.prompt_count && code == 0; i++) {
        char hex[DIGEST_HEX_SIZE];
        struct digest digest = digest_of(plan->prompt_texts[i]);
        digest_hex(&digest, hex);
        /* the short name is the version that golden sets and reports show */
        memcpy(hex, plan->set.prompts[i].version, DIGEST_SHORT_SIZE - 1);
        struct store_template version = {
            .hash = view_of(hex),
            .prompt = plan->set.prompts[i].name,
            .first_seen_unix_s = run->started_unix_s,
            .text = plan->prompt_texts[i],
        };
        code = store_put_template(store, &version, reterr);
    }
    return code;
}

static int put_all(struct store *store, const struct plan *plan, const struct run *run,
                   const char *version, struct arena *arena, struct err *reterr)
{
    struct strbuf json;

    strbuf_init(&json, RESULT_BYTES_MAX);
    int code = store_begin(store, reterr);
    if (code == 0)
        code = put_run(store, plan, run, version, &json, reterr);
    for (size_t i = 0; i < run->entry_count && code == 0; i++)
        code = put_entry(store, run, &run->entries[i], &json, arena, reterr);
    if (code == 0)
        code = put_prompts(store, plan, run, reterr);
    if (code == 0)
        code = store_commit(store, reterr);
    strbuf_release(&json);
    return code;
}

int history_save(const struct plan *plan, const struct run *run, const char *assay_version,
                 struct err *reterr)
{
    struct store *store = NULL;
    struct arena arena;

    arena_init(&arena, ARENA_BYTES_MAX);
    int code = open_store(plan, &arena, &store, reterr);
    if (code == 0)
        code = put_all(store, plan, run, assay_version, &arena, reterr);
    store_close(store);
    arena_release(&arena);
    return code;
}

static bool is_failing(struct view severity)
{
    return view_is(severity, "critical") || view_is(severity, "major")
           || view_is(severity, "failed") || view_is(severity, "error");
}

/* The entry's id out of "ID @TARGET". */
static const char *id_of(struct arena *arena, struct view key)
{
    size_t at = key.len;

    for (size_t i = 0; i + 1 < key.len; i++)
        if (key.ptr[i] == ' ' && key.ptr[i + 1] == '@')
            at = i;
    return arena_string(arena, view_slice(key, 0, at));
}

static int last_failing(struct store *store, const struct plan *plan, struct arena *arena,
                        const char ***ret_ids, size_t *ret_count, struct err *reterr)
{
    struct store_filter filter = {
        .kind = view_of("test"), .suite = plan->suite->name, .limit = 1, .finished = true};
    struct store_run *runs;
    struct store_result *results;
    size_t run_count;
    size_t result_count;

    int code = store_list_runs(store, &filter, arena, &runs, &run_count, reterr);
    if (code != 0)
        return code;
    if (run_count == 0)
        return fail(reterr, ERR_MISSING,
                    "--filter-failing: suite '%.*s' has no earlier run: run 'assay test' once",
                    VIEW_ARG(plan->suite->name));
    code = store_list_results(store, runs[0].id, arena, &results, &result_count, reterr);
    if (code != 0)
        return code;
    const char **ids = arena_new(arena, result_count, sizeof *ids);
    if (ids == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the history");
    *ret_count = 0;
    for (size_t i = 0; i < result_count; i++)
        if (is_failing(results[i].severity)) {
            const char *id = id_of(arena, results[i].entry_id);
            if (id == NULL)
                return fail(reterr, ERR_MEMORY, "no memory for the history");
            ids[*ret_count] = id;
            *ret_count +=
                golden_entry_of(&plan->set, view_of(id)) != NULL; /* not one deleted since */
        }
    *ret_ids = ids;
    return 0;
}

int history_failing(const struct plan *plan, struct arena *arena, const char ***ret_ids,
                    size_t *ret_count, struct err *reterr)
{
    struct store *store = NULL;

    int code = open_store(plan, arena, &store, reterr);
    if (code == 0)
        code = last_failing(store, plan, arena, ret_ids, ret_count, reterr);
    store_close(store);
    return code;
}

static int find_run(struct store *store, struct view wanted, struct arena *arena,
                    struct store_run *ret_run, struct err *reterr)
{
    size_t back = view_is(wanted, "@last") ? 1 : view_is(wanted, "@prev") ? 2 : 0;
    struct store_filter filter = {.limit = (uint32_t)back, .finished = true};
    struct store_run *runs;
    size_t count;

    if (back == 0)
        return store_get_run(store, wanted, arena, ret_run, reterr);
    int code = store_list_runs(store, &filter, arena, &runs, &count, reterr);
    if (code != 0)
        return code;
    if (count < back)
        return fail(reterr, ERR_MISSING, "%.*s: there is no such run yet: run 'assay test'%s",
                    VIEW_ARG(wanted), back == 2 ? " twice" : "");
    *ret_run = runs[back - 1];
    return 0;
}

int history_summary(const char *config, struct view run, struct arena *arena, struct view *ret_json,
                    struct err *reterr)
{
    struct plan plan = {.state_dir = ".assay"}; /* what history_path looks at */
    struct store *store = NULL;
    struct store_run row;

    int code = plan_settings(arena, config, NULL, 0, &plan.settings, reterr);
    if (code != 0)
        return code;
    if (plan.settings.folder.len > 0)
        plan.state_dir = arena_printf(arena, "%.*s/.assay", VIEW_ARG(plan.settings.folder));
    if (plan.state_dir == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the history");
    code = open_store(&plan, arena, &store, reterr);
    if (code == 0)
        code = find_run(store, run, arena, &row, reterr);
    if (code == 0)
        *ret_json = row.summary_json;
    store_close(store);
    return code;
}
