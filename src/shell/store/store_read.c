/* SPDX-License-Identifier: Apache-2.0
 *
 * store_read: what the store reads: see store.h.
 *
 * A list finds its runs in an index alone and then reads those rows: a summary may be large, and
 * 100,000 of them are passed over without being looked at. */
#include "shell/store/store.h"

#include <stdio.h>

#include "shell/store/store_list.h"

enum { LIST_DEFAULT = 1000, LIST_MAX = 1000000, PREFIX_FOUND_MAX = 2, PATTERN_BYTES_MAX = 4096 };

/* Behind every text that is UTF-8, by bytes. */
#define TEXT_END "\xf4\x8f\xbf\xbf"

#define RUN_COLUMNS \
    "id, sequence, kind, suite, target, started_unix_s, finished_unix_s, exit_status, outcome, " \
    "mean_micro, cost_nano_usd, entry_count, failing_count, scorer, family, templates_json, "

#define RUN_CHOICE \
    "($1 = '' OR kind = $1) AND ($2 = '' OR suite = $2) AND ($3 = '' OR family = $3) " \
    "AND ($4 = 0 OR finished_unix_s > 0) AND sequence < $5 "

#define LIST_OF(summary) \
    "SELECT " RUN_COLUMNS summary " FROM runs WHERE id IN (SELECT id FROM runs WHERE " RUN_CHOICE \
    "ORDER BY sequence DESC LIMIT $6) ORDER BY sequence DESC"

/* The version is looked for in the rows: newest first, until there are enough. */
#define LIST_OF_VERSION(summary) \
    "SELECT " RUN_COLUMNS summary " FROM runs WHERE " RUN_CHOICE \
    "AND templates_json LIKE $6 ORDER BY sequence DESC LIMIT $7"

static const char *const list_texts[2][2] = {
    {LIST_OF("summary_json"), LIST_OF("''")},
    {LIST_OF_VERSION("summary_json"), LIST_OF_VERSION("''")},
};

/* ---- runs ----------------------------------------------------------------------------------- */

static int read_run(const struct store *store, struct arena *arena, void *ret_row)
{
    int status = 0;
    struct store_run run = {
        .id = store_copy(store, 0, arena, &status),
        .sequence = store_number(store, 1),
        .kind = store_copy(store, 2, arena, &status),
        .suite = store_copy(store, 3, arena, &status),
        .target = store_copy(store, 4, arena, &status),
        .started_unix_s = store_number(store, 5),
        .finished_unix_s = store_number(store, 6),
        .exit_status = (int32_t)store_number(store, 7),
        .outcome = store_copy(store, 8, arena, &status),
        .has_score = !store_is_null(store, 9),
        .mean_micro = store_number(store, 9),
        .has_cost = !store_is_null(store, 10),
        .cost_nano_usd = store_number(store, 10),
        .entry_count = store_number(store, 11),
        .failing_count = store_number(store, 12),
        .scorer = store_copy(store, 13, arena, &status),
        .family = store_copy(store, 14, arena, &status),
        .templates_json = store_copy(store, 15, arena, &status),
        .summary_json = store_copy(store, 16, arena, &status),
    };

    *(struct store_run *)ret_row = run;
    return status;
}

static bool is_hash(struct view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.ptr[i] >= '0' && text.ptr[i] <= '9')
            && !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
            return false;
    return text.len >= STORE_HASH_MIN;
}

static int64_t bound_of(int64_t before_sequence)
{
    return before_sequence != 0 ? before_sequence : INT64_MAX;
}

static int64_t limit_of(uint32_t limit)
{
    return limit == 0 ? LIST_DEFAULT : limit < LIST_MAX ? limit : LIST_MAX;
}

int store_list_runs(struct store *store, const struct store_filter *filter, struct arena *arena,
                    struct store_run **ret_runs, size_t *ret_count, struct err *reterr)
{
    bool by_version = filter->version.len != 0;
    char pattern[STORE_HASH_MIN + 8];
    void *rows = NULL;

    if (by_version && !is_hash(filter->version))
        return fail(reterr, ERR_INVALID, "version '%.*s': give at least %d hex digits of its hash",
                    VIEW_ARG(filter->version), STORE_HASH_MIN);
    /* runs keep the short names of their versions */
    snprintf(pattern, sizeof pattern, "%%:\"%.*s%%", STORE_HASH_MIN,
             by_version ? filter->version.ptr : "");
    struct sql_value limit = sql_number(limit_of(filter->limit));
    const struct sql_value values[] = {
        sql_text(filter->kind),
        sql_text(filter->suite),
        sql_text(filter->family),
        sql_number(filter->finished),
        sql_number(bound_of(filter->before_sequence)),
        by_version ? sql_text(view_of(pattern)) : limit,
        limit,
    };
    struct sql_question question = {
        .number = (size_t)STORE_LIST_RUNS + (by_version ? 2 : 0) + (filter->brief ? 1 : 0),
        .sql = list_texts[by_version][filter->brief],
        .values = values,
        .count = by_version ? 7 : 6,
        .doing = "read",
    };
    int code = store_gather(store, &question, read_run, sizeof **ret_runs, arena, &rows, ret_count,
                            reterr);
    if (code == 0)
        *ret_runs = rows;
    return code;
}

static int no_run(const struct store *store, struct view id, struct err *reterr)
{
    return fail(reterr, ERR_MISSING, "%s: no run '%.*s'; 'assay history' lists those there are",
                store_label(store), VIEW_ARG(id));
}

int store_get_run(struct store *store, struct view id, struct arena *arena,
                  struct store_run *ret_run, struct err *reterr)
{
    const struct sql_value values[] = {sql_text(id)};
    struct sql_question question = {.number = STORE_GET_RUN,
                                    .sql = "SELECT " RUN_COLUMNS
                                           "summary_json FROM runs WHERE id = $1",
                                    .values = values,
                                    .count = 1,
                                    .doing = "read"};
    int code = store_gather_one(store, &question, read_run, arena, ret_run, reterr);

    return code == ERR_MISSING ? no_run(store, id, reterr) : code;
}

int store_find_run(struct store *store, struct view prefix, struct arena *arena,
                   struct store_run *ret_run, struct err *reterr)
{
    const char *end = arena_printf(arena, "%.*s" TEXT_END, VIEW_ARG(prefix));
    void *rows = NULL;
    size_t count = 0;

    if (end == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", store_label(store));
    const struct sql_value values[] = {sql_text(prefix), sql_text(view_of(end)),
                                       sql_number(PREFIX_FOUND_MAX)};
    struct sql_question question = {
        .number = STORE_FIND_RUN,
        .sql = "SELECT " RUN_COLUMNS
               "summary_json FROM runs WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
        .values = values,
        .count = 3,
        .doing = "read"};
    int code =
        store_gather(store, &question, read_run, sizeof *ret_run, arena, &rows, &count, reterr);
    if (code != 0)
        return code;
    const struct store_run *runs = rows;
    if (count == 0 || prefix.len == 0)
        return no_run(store, prefix, reterr);
    if (count > 1 && !view_equal(runs[0].id, prefix))
        return fail(reterr, ERR_INVALID,
                    "%s: several runs begin with '%.*s' (%.*s, %.*s, …): give more of its id",
                    store_label(store), VIEW_ARG(prefix), VIEW_ARG(runs[0].id),
                    VIEW_ARG(runs[1].id));
    *ret_run = runs[0];
    return 0;
}

/* ---- results -------------------------------------------------------------------------------- */

/* The present row, its texts as they lie in the connection. */
static struct store_result view_result(const struct store *store)
{
    return (struct store_result){
        .run_id = store_text(store, 0),
        .entry_id = store_text(store, 1),
        .sample = (int32_t)store_number(store, 2),
        .has_score = !store_is_null(store, 3),
        .score_micro = store_number(store, 3),
        .severity = store_text(store, 4),
        .latency_ns = store_is_null(store, 5) ? -1 : store_number(store, 5),
        .family = store_text(store, 6),
        .result_json = store_text(store, 7),
    };
}

static int read_result(const struct store *store, struct arena *arena, void *ret_row)
{
    int status = 0;
    struct store_result result = view_result(store);

    result.run_id = store_copy(store, 0, arena, &status);
    result.entry_id = store_copy(store, 1, arena, &status);
    result.severity = store_copy(store, 4, arena, &status);
    result.family = store_copy(store, 6, arena, &status);
    result.result_json = store_copy(store, 7, arena, &status);
    *(struct store_result *)ret_row = result;
    return status;
}

static struct sql_question results_question(const struct sql_value *run_id)
{
    return (struct sql_question){
        .number = STORE_LIST_RESULTS,
        .sql = "SELECT run_id, entry_id, sample, score_micro, severity, latency_ns, family, "
               "result_json FROM results WHERE run_id = $1 ORDER BY entry_id, sample",
        .values = run_id,
        .count = 1,
        .doing = "read",
    };
}

int store_list_results(struct store *store, struct view run_id, struct arena *arena,
                       struct store_result **ret_results, size_t *ret_count, struct err *reterr)
{
    struct sql_value value = sql_text(run_id);
    struct sql_question question = results_question(&value);
    void *rows = NULL;
    int code = store_gather(store, &question, read_result, sizeof **ret_results, arena, &rows,
                            ret_count, reterr);

    if (code == 0)
        *ret_results = rows;
    return code;
}

int store_visit_results(struct store *store, struct view run_id,
                        int (*visit)(void *context, const struct store_result *result),
                        void *context, struct err *reterr)
{
    struct sql_value value = sql_text(run_id);
    struct sql_question question = results_question(&value);
    int code = store->engine->ask(store->connection, &question, reterr);

    while (code == 0) {
        int more = store->engine->next(store->connection, reterr);
        if (more <= 0) {
            code = more;
            break;
        }
        struct store_result result = view_result(store);
        code = visit(context, &result);
    }
    store->engine->end(store->connection);
    return code;
}

/* ---- trends --------------------------------------------------------------------------------- */

static int read_point(const struct store *store, struct arena *arena, void *ret_row)
{
    int status = 0;
    struct store_point point = {
        .entry_id = store_copy(store, 0, arena, &status),
        .run_id = store_copy(store, 1, arena, &status),
        .sequence = store_number(store, 2),
        .started_unix_s = store_number(store, 3),
        .has_score = !store_is_null(store, 4),
        .score_micro = store_number(store, 4),
        .severity = store_copy(store, 5, arena, &status),
        .latency_ns = store_is_null(store, 6) ? -1 : store_number(store, 6),
        .family = store_copy(store, 7, arena, &status),
        .outcome = store_copy(store, 8, arena, &status),
    };

    *(struct store_point *)ret_row = point;
    return status;
}

int store_list_points(struct store *store, const struct store_series *series, struct arena *arena,
                      struct store_point **ret_points, size_t *ret_count, struct err *reterr)
{
    const char *end = arena_printf(arena, "%.*s" TEXT_END, VIEW_ARG(series->entry_prefix));
    void *rows = NULL;

    if (end == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", store_label(store));
    const struct sql_value values[] = {
        sql_text(series->kind),
        sql_text(series->suite),
        sql_text(series->family),
        sql_number(1), /* finished */
        sql_number(bound_of(series->before_sequence)),
        sql_number(limit_of(series->runs)),
        sql_text(series->entry_prefix),
        sql_text(view_of(end)),
    };
    struct sql_question question = {
        .number = STORE_LIST_POINTS,
        .sql = "SELECT entry_id, run_id, sequence, started_unix_s, score_micro, severity, "
               "latency_ns, results.family, outcome FROM (SELECT id, sequence, started_unix_s, "
               "outcome FROM runs WHERE " RUN_CHOICE "ORDER BY sequence DESC LIMIT $6) AS chosen "
               "JOIN results ON run_id = chosen.id WHERE entry_id >= $7 AND entry_id < $8 "
               "AND sample = -1 ORDER BY entry_id, sequence",
        .values = values,
        .count = sizeof values / sizeof values[0],
        .doing = "read",
    };
    int code = store_gather(store, &question, read_point, sizeof **ret_points, arena, &rows,
                            ret_count, reterr);
    if (code == 0)
        *ret_points = rows;
    return code;
}

/* ---- template versions ---------------------------------------------------------------------- */

static int read_template(const struct store *store, struct arena *arena, void *ret_row)
{
    int status = 0;
    struct store_template version = {
        .hash = store_copy(store, 0, arena, &status),
        .prompt = store_copy(store, 1, arena, &status),
        .first_seen_unix_s = store_number(store, 2),
        .text = store_copy(store, 3, arena, &status),
    };

    if (status == 0)
        *(struct store_template *)ret_row = version;
    return status;
}

int store_get_template(struct store *store, struct view hash, struct arena *arena,
                       struct store_template *ret_version, struct err *reterr)
{
    if (hash.len < STORE_HASH_MIN)
        return fail(reterr, ERR_INVALID, "template '%.*s': give at least %d digits of its hash",
                    VIEW_ARG(hash), STORE_HASH_MIN);
    const struct sql_value values[] = {sql_text(hash), sql_number((int64_t)hash.len)};
    struct sql_question question = {
        .number = STORE_GET_TEMPLATE,
        .sql = "SELECT hash, prompt, first_seen_unix_s, text FROM templates "
               "WHERE hash >= $1 AND substr(hash, 1, CAST($2 AS integer)) = $1 "
               "ORDER BY first_seen_unix_s LIMIT 1",
        .values = values,
        .count = 2,
        .doing = "read",
    };
    int code = store_gather_one(store, &question, read_template, arena, ret_version, reterr);
    if (code == ERR_MISSING)
        return fail(reterr, ERR_MISSING, "%s: no template version '%.*s'", store_label(store),
                    VIEW_ARG(hash));
    return code;
}
