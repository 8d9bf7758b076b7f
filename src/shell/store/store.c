/* SPDX-License-Identifier: Apache-2.0
 *
 * store: see store.h. Opening, transactions, what is put; store_read.c reads, store_prune.c
 * deletes. The questions are the same for both engines (sql.h). */
#include "shell/store/store.h"

#include "base/mem.h"
#include "shell/store/postgres_url.h"
#include "shell/store/store_list.h"

enum { SQL_BYTES_MAX = 64 * 1024, RUN_VALUES = 16, RESULT_VALUES = 8 };

int store_open(const char *where, struct store **ret_store, struct err *reterr)
{
    if (postgres_url_is_other(where)) /* not quoted: it may hold a password */
        return fail(reterr, ERR_CONFIG,
                    "history: this is a URL of something else than PostgreSQL: write "
                    "postgres://USER:${PASSWORD}@HOST:PORT/DATABASE, or the path of a file");
    struct store *store = mem_new(1, sizeof *store);

    if (store == NULL)
        return fail(reterr, ERR_MEMORY, "history: out of memory");
    store->engine = postgres_url_is(where) ? &sql_postgres : &sql_sqlite;
    int code = store->engine->open(where, &store->connection, reterr);
    if (code != 0) {
        mem_free(store);
        return code;
    }
    *ret_store = store;
    return 0;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->engine->close(store->connection);
    mem_free(store);
}

const char *store_label(const struct store *store)
{
    return store->engine->label(store->connection);
}

int store_begin(struct store *store, struct err *reterr)
{
    return store->engine->run(store->connection, store->engine->begin, true, reterr);
}

int store_commit(struct store *store, struct err *reterr)
{
    return store->engine->run(store->connection, "COMMIT", true, reterr);
}

void store_rollback(struct store *store)
{
    store->engine->rollback(store->connection);
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* INSERT with the engine's way of numbering runs. */
static void write_put_run(const struct store *store, struct strbuf *sql)
{
    strbuf_printf(sql,
                  "INSERT INTO runs (id, kind, suite, target, started_unix_s, finished_unix_s, "
                  "exit_status, outcome, mean_micro, cost_nano_usd, entry_count, failing_count, "
                  "scorer, family, templates_json, summary_json, sequence) VALUES ($1, $2, $3, $4, "
                  "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, %s) ON CONFLICT (id) DO "
                  "UPDATE SET kind = excluded.kind, suite = excluded.suite, "
                  "target = excluded.target, started_unix_s = excluded.started_unix_s, "
                  "finished_unix_s = excluded.finished_unix_s, "
                  "exit_status = excluded.exit_status, outcome = excluded.outcome, "
                  "mean_micro = excluded.mean_micro, cost_nano_usd = excluded.cost_nano_usd, "
                  "entry_count = excluded.entry_count, failing_count = excluded.failing_count, "
                  "scorer = excluded.scorer, family = excluded.family, "
                  "templates_json = excluded.templates_json, "
                  "summary_json = excluded.summary_json",
                  store->engine->next_sequence);
}

int store_put_run(struct store *store, const struct store_run *run, struct err *reterr)
{
    const struct sql_value values[RUN_VALUES] = {
        sql_text(run->id),
        sql_text(run->kind),
        sql_text(run->suite),
        sql_text(run->target),
        sql_number(run->started_unix_s),
        sql_number(run->finished_unix_s),
        sql_number(run->exit_status),
        sql_text(run->outcome),
        sql_optional(run->has_score, run->mean_micro),
        sql_optional(run->has_cost, run->cost_nano_usd),
        sql_number(run->entry_count),
        sql_number(run->failing_count),
        sql_text(run->scorer),
        sql_text(run->family),
        sql_text(run->templates_json),
        sql_text(run->summary_json),
    };
    struct strbuf sql;

    strbuf_init(&sql, SQL_BYTES_MAX);
    write_put_run(store, &sql);
    int code = strbuf_status(&sql);
    if (code != 0)
        fail(reterr, code, "%s: out of memory", store_label(store));
    struct sql_question question = {.number = STORE_PUT_RUN,
                                    .sql = strbuf_text(&sql),
                                    .values = values,
                                    .count = RUN_VALUES,
                                    .doing = "record a run"};
    if (code == 0)
        code = store_execute(store, &question, reterr);
    strbuf_release(&sql);
    return code;
}

/* ---- results -------------------------------------------------------------------------------- */

/* INSERT of so many rows. */
static void write_put_results(size_t rows, struct strbuf *sql)
{
    size_t number = 1;

    strbuf_add_text(sql, "INSERT INTO results (run_id, entry_id, sample, score_micro, severity, "
                         "latency_ns, family, result_json) VALUES ");
    for (size_t row = 0; row < rows; row++) {
        strbuf_add_text(sql, row == 0 ? "(" : ", (");
        for (size_t i = 0; i < RESULT_VALUES; i++)
            strbuf_printf(sql, i == 0 ? "$%zu" : ", $%zu", number++);
        strbuf_add_byte(sql, ')');
    }
    strbuf_add_text(sql, " ON CONFLICT (run_id, entry_id, sample) DO UPDATE SET "
                         "score_micro = excluded.score_micro, severity = excluded.severity, "
                         "latency_ns = excluded.latency_ns, family = excluded.family, "
                         "result_json = excluded.result_json");
}

static void fill_result(const struct store_result *result, struct sql_value *values)
{
    values[0] = sql_text(result->run_id);
    values[1] = sql_text(result->entry_id);
    values[2] = sql_number(result->sample);
    values[3] = sql_optional(result->has_score, result->score_micro);
    values[4] = sql_text(result->severity);
    values[5] = sql_optional(result->latency_ns >= 0, result->latency_ns);
    values[6] = sql_text(result->family);
    values[7] = sql_text(result->result_json);
}

static int put_rows(struct store *store, const struct store_result *results, size_t count,
                    struct strbuf *sql, struct err *reterr)
{
    struct sql_value values[SQL_PARAMETERS_MAX];

    for (size_t i = 0; i < count; i++)
        fill_result(&results[i], &values[i * RESULT_VALUES]);
    strbuf_reset(sql);
    write_put_results(count, sql);
    int code = strbuf_status(sql);
    if (code != 0)
        return fail(reterr, code, "%s: out of memory", store_label(store));
    struct sql_question question = {.number = STORE_PUT_RESULTS,
                                    .sql = strbuf_text(sql),
                                    .values = values,
                                    .count = count * RESULT_VALUES,
                                    .doing = "record a result"};
    code = store_execute(store, &question, reterr);
    if (code == ERR_MISSING)
        return fail(reterr, ERR_MISSING, "%s: no run '%.*s' to record a result of",
                    store_label(store), VIEW_ARG(results[0].run_id));
    return code;
}

int store_put_results(struct store *store, const struct store_result *results, size_t count,
                      struct err *reterr)
{
    size_t rows_max = store->engine->rows_max;
    struct strbuf sql;
    int code = 0;

    assert_always(rows_max * RESULT_VALUES <= SQL_PARAMETERS_MAX);
    strbuf_init(&sql, SQL_BYTES_MAX);
    for (size_t done = 0; done < count && code == 0;) {
        size_t rows = count - done < rows_max ? count - done : rows_max;
        code = put_rows(store, results + done, rows, &sql, reterr);
        done += rows;
    }
    strbuf_release(&sql);
    return code;
}

int store_put_result(struct store *store, const struct store_result *result, struct err *reterr)
{
    return store_put_results(store, result, 1, reterr);
}

/* ---- template versions ---------------------------------------------------------------------- */

int store_put_template(struct store *store, const struct store_template *version,
                       struct err *reterr)
{
    const struct sql_value values[] = {
        sql_text(version->hash),
        sql_text(version->prompt),
        sql_number(version->first_seen_unix_s),
        sql_text(version->text),
    };
    struct sql_question question = {
        .number = STORE_PUT_TEMPLATE,
        .sql = "INSERT INTO templates (hash, prompt, first_seen_unix_s, text) "
               "VALUES ($1, $2, $3, $4) ON CONFLICT (hash, prompt) DO NOTHING",
        .values = values,
        .count = sizeof values / sizeof values[0],
        .doing = "record a template",
    };

    return store_execute(store, &question, reterr);
}
