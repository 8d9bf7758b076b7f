/* SPDX-License-Identifier: Apache-2.0
 *
 * history: see history.h. */
#include "app/history.h"

#include "app/plan_texts.h"
#include "base/digest.h"
#include "base/map.h"
#include "report/order.h"
#include "report/report.h"
#include "wire/json.h"

/* Entries go to the store so many at a time, or as many as fill BATCH_BYTES. */
enum { BATCH_ENTRIES = 100, BATCH_BYTES = 16 << 20 };
enum { RESULT_BYTES_MAX = 256 << 20, ARENA_BYTES_MAX = 1 << 30 };

/* ---- where it lies -------------------------------------------------------------------------- */

const char *history_path(const struct plan *plan, struct arena *arena)
{
    if (plan->settings.history.len != 0)
        return arena_string(arena, plan->settings.history);
    return arena_printf(arena, "%s/history.db", plan->state_dir);
}

int history_open(const struct plan *plan, struct store **ret_store, struct err *reterr)
{
    struct arena arena;

    arena_init(&arena, ARENA_BYTES_MAX);
    const char *path = history_path(plan, &arena);
    int code = path != NULL ? store_open(path, ret_store, reterr)
                            : fail(reterr, ERR_MEMORY, "no memory for the history");
    arena_release(&arena);
    return code;
}

int history_open_configured(const char *config, const char *const *overrides, size_t override_count,
                            struct store **ret_store, struct err *reterr)
{
    struct plan plan = {.state_dir = ".assay"}; /* what history_path looks at */
    struct arena arena;

    arena_init(&arena, ARENA_BYTES_MAX);
    int code = plan_settings(&arena, config, overrides, override_count, &plan.settings, reterr);
    if (code == 0 && plan.settings.folder.len > 0)
        plan.state_dir = arena_printf(&arena, "%.*s/.assay", VIEW_ARG(plan.settings.folder));
    if (code == 0)
        code = plan.state_dir != NULL ? history_open(&plan, ret_store, reterr)
                                      : fail(reterr, ERR_MEMORY, "no memory for the history");
    arena_release(&arena);
    return code;
}

/* ---- saving --------------------------------------------------------------------------------- */

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

static bool is_failing(struct view severity)
{
    return view_is(severity, "critical") || view_is(severity, "major")
           || view_is(severity, "failed") || view_is(severity, "error");
}

/* Entries on their way to the store; their JSON lies one after the other. */
struct batch {
    struct store *store;
    struct store_result results[BATCH_ENTRIES];
    size_t ends[BATCH_ENTRIES];
    size_t count;
    struct strbuf json;
    struct arena arena; /* keys and families */
};

static int send_batch(struct batch *batch, struct err *reterr)
{
    size_t from = 0;

    for (size_t i = 0; i < batch->count; i++) {
        batch->results[i].result_json = view_slice(strbuf_view(&batch->json), from, batch->ends[i]);
        from = batch->ends[i];
    }
    int code = store_put_results(batch->store, batch->results, batch->count, reterr);
    batch->count = 0;
    strbuf_reset(&batch->json);
    arena_release(&batch->arena);
    return code;
}

static int put_entry(struct batch *batch, const struct run *run, const struct run_entry *entry,
                     struct err *reterr)
{
    struct json_writer writer;
    const char *key = history_key(entry, &batch->arena);
    const char *family = history_entry_family(run, entry, &batch->arena);

    if (key == NULL || family == NULL)
        return fail(reterr, ERR_MEMORY, "no memory for the history");
    json_writer_init(&writer, &batch->json, 0);
    report_json_entry(&writer, entry);
    int code = strbuf_status(&batch->json);
    if (code != 0)
        return fail(reterr, code, "history: entry '%.*s' is too large", VIEW_ARG(entry->id));
    batch->results[batch->count] = (struct store_result){
        .run_id = run->id,
        .entry_id = view_of(key),
        .sample = -1,
        .has_score = entry->scored_count > 0,
        .score_micro = entry->score.total_micro,
        .severity = word_of(entry),
        .latency_ns = entry->sample_count > 0 ? (int64_t)entry->samples[0].answer.latency_ns : -1,
        .family = view_of(family),
    };
    batch->ends[batch->count++] = batch->json.len;
    return batch->count == BATCH_ENTRIES || batch->json.len > BATCH_BYTES
               ? send_batch(batch, reterr)
               : 0;
}

static int put_entries(struct store *store, struct plan_texts *texts, const struct run *run,
                       struct err *reterr)
{
    struct batch batch = {.store = store};
    int code = 0;

    strbuf_init(&batch.json, RESULT_BYTES_MAX);
    arena_init(&batch.arena, ARENA_BYTES_MAX);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        code = put_entry(&batch, run, &run->entries[i], reterr);
        plan_texts_passed(texts);
    }
    if (code == 0)
        code = send_batch(&batch, reterr);
    strbuf_release(&batch.json);
    arena_release(&batch.arena);
    return code;
}

/* {prompt: version} of the entries that were asked. */
static int write_templates(const struct run *run, struct strbuf *json)
{
    struct json_writer writer;
    struct map seen;
    int code = 0;

    map_init(&seen, run->entry_count + 1, 8);
    json_writer_init(&writer, json, 0);
    json_write_object(&writer);
    for (size_t i = 0; i < run->entry_count && code == 0; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (map_get(&seen, entry->prompt) != NULL)
            continue;
        code = map_put(&seen, entry->prompt, &run->entries[i]);
        json_write_key_view(&writer, entry->prompt);
        json_write_string(&writer, entry->prompt_hash);
    }
    json_write_end(&writer, '}');
    map_release(&seen);
    return code != 0 ? code : strbuf_status(json);
}

static int64_t count_failing(const struct run *run)
{
    int64_t count = 0;

    for (size_t i = 0; i < run->entry_count; i++)
        count += is_failing(word_of(&run->entries[i]));
    return count;
}

static int put_run(struct store *store, const struct plan *plan, const struct run *run,
                   const char *version, struct arena *arena, struct err *reterr)
{
    struct report_options options = {.assay_version = version};
    const char *family = history_run_family(run, arena);
    struct json_writer writer;
    struct strbuf json;
    struct strbuf templates;

    strbuf_init(&json, RESULT_BYTES_MAX);
    strbuf_init(&templates, RESULT_BYTES_MAX);
    json_writer_init(&writer, &json, 0);
    report_json_summary(&writer, run, &options);
    int code = write_templates(run, &templates);
    if (code == 0)
        code = strbuf_status(&json);
    if (code != 0 || family == NULL)
        code = fail(reterr, code != 0 ? code : ERR_MEMORY, "no memory for the history");
    struct store_run row = {
        .id = run->id,
        .kind = run->kind,
        .suite = run->suite,
        .target = plan->targets[0]->name,
        .started_unix_s = run->started_unix_s,
        .finished_unix_s = run->started_unix_s + (int64_t)(run->elapsed_ns / 1000000000),
        .exit_status = run->gate.exit_status,
        .outcome = view_of(gate_outcome_name(run->gate.outcome)),
        .has_score = run->mean.total_micro != SCORE_ABSENT,
        .mean_micro = run->mean.total_micro,
        .has_cost = run->cost_known,
        .cost_nano_usd = run->cost_nano_usd,
        .entry_count = (int64_t)run->entry_count,
        .failing_count = count_failing(run),
        .scorer = run->scorer,
        .family = family != NULL ? view_of(family) : view_of(""),
        .templates_json = strbuf_view(&templates),
        .summary_json = strbuf_view(&json),
    };
    if (code == 0)
        code = store_put_run(store, &row, reterr);
    strbuf_release(&json);
    strbuf_release(&templates);
    return code;
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

/* Prompts go first, each by itself: two runs that put the same ones in one step each, in other
 * orders, could wait for one another. */
static int put_all(struct store *store, const struct plan *plan, const struct run *run,
                   const char *version, struct err *reterr)
{
    struct arena arena;

    arena_init(&arena, ARENA_BYTES_MAX);
    int code = put_prompts(store, plan, run, reterr);
    if (code == 0)
        code = store_begin(store, reterr);
    if (code == 0)
        code = put_run(store, plan, run, version, &arena, reterr);
    if (code == 0)
        code = put_entries(store, plan->texts, run, reterr);
    if (code == 0)
        code = store_commit(store, reterr);
    if (code != 0)
        store_rollback(store);
    arena_release(&arena);
    return code;
}

int history_save(const struct plan *plan, const struct run *run, const char *assay_version,
                 struct err *reterr)
{
    struct store *store = NULL;

    int code = history_open(plan, &store, reterr);
    if (code == 0)
        code = put_all(store, plan, run, assay_version, reterr);
    store_close(store);
    return code;
}

/* ---- looking back --------------------------------------------------------------------------- */

static int last_failing(struct store *store, const struct plan *plan, struct arena *arena,
                        const char ***ret_ids, size_t *ret_count, struct err *reterr)
{
    struct store_filter filter = {
        .kind = view_of("test"),
        .suite = plan->suite->name,
        .limit = 1,
        .finished = true,
        .brief = true,
    };
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
            const char *id = arena_string(arena, history_key_entry(results[i].entry_id));
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

    int code = history_open(plan, &store, reterr);
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
        return store_find_run(store, wanted, arena, ret_run, reterr);
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
    struct store *store = NULL;
    struct store_run row;

    int code = history_open_configured(config, NULL, 0, &store, reterr);
    if (code == 0)
        code = find_run(store, run, arena, &row, reterr);
    if (code == 0)
        *ret_json = row.summary_json;
    store_close(store);
    return code;
}
