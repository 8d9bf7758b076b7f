/* SPDX-License-Identifier: Apache-2.0
 *
 * store: see store.h. The tables are made by `steps`, which only ever grows at its end: a file is
 * brought from any earlier version to the present one. */
#include "shell/store/store.h"

#include "base/mem.h"
#include "shell/store/database.h"

enum { LIST_DEFAULT = 1000, LIST_MAX = 1000000, HASH_PREFIX_MIN = 12 };

static const char *const steps[] = {
    /* 1 */
    "CREATE TABLE runs ("
    "  id TEXT PRIMARY KEY, kind TEXT NOT NULL, suite TEXT NOT NULL, target TEXT NOT NULL,"
    "  started_unix_s INTEGER NOT NULL, finished_unix_s INTEGER NOT NULL,"
    "  exit_status INTEGER NOT NULL, templates_json TEXT NOT NULL, summary_json TEXT NOT NULL"
    ") WITHOUT ROWID;"
    "CREATE INDEX runs_by_start ON runs (started_unix_s DESC, id DESC);"
    "CREATE TABLE results ("
    "  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
    "  entry_id TEXT NOT NULL, sample INTEGER NOT NULL, score_micro INTEGER,"
    "  severity TEXT NOT NULL, latency_ns INTEGER, result_json TEXT NOT NULL,"
    "  PRIMARY KEY (run_id, entry_id, sample)"
    ") WITHOUT ROWID;"
    "CREATE INDEX results_by_entry ON results (entry_id, run_id);"
    "CREATE TABLE templates ("
    "  hash TEXT NOT NULL, prompt TEXT NOT NULL, first_seen_unix_s INTEGER NOT NULL,"
    "  text TEXT NOT NULL, PRIMARY KEY (hash, prompt)"
    ") WITHOUT ROWID;",
};

enum statement {
    PUT_RUN,
    PUT_RESULT,
    PUT_TEMPLATE,
    LIST_RUNS,
    GET_RUN,
    LIST_RESULTS,
    GET_TEMPLATE,
    STATEMENTS,
};

#define RUN_COLUMNS \
    "id, kind, suite, target, started_unix_s, finished_unix_s, exit_status, templates_json, " \
    "summary_json"

static const char *const texts[STATEMENTS] = {
    [PUT_RUN] = "INSERT INTO runs (" RUN_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                "ON CONFLICT (id) DO UPDATE SET kind = ?2, suite = ?3, target = ?4, "
                "started_unix_s = ?5, finished_unix_s = ?6, exit_status = ?7, "
                "templates_json = ?8, summary_json = ?9",
    [PUT_RESULT] = "INSERT OR REPLACE INTO results (run_id, entry_id, sample, score_micro, "
                   "severity, latency_ns, result_json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [PUT_TEMPLATE] = "INSERT OR IGNORE INTO templates (hash, prompt, first_seen_unix_s, text) "
                     "VALUES (?1, ?2, ?3, ?4)",
    [LIST_RUNS] = "SELECT " RUN_COLUMNS " FROM runs WHERE (?1 = '' OR kind = ?1) "
                  "AND (?2 = '' OR suite = ?2) AND (?3 = 0 OR finished_unix_s > 0) "
                  "ORDER BY started_unix_s DESC, id DESC LIMIT ?4",
    [GET_RUN] = "SELECT " RUN_COLUMNS " FROM runs WHERE id = ?1",
    [LIST_RESULTS] = "SELECT run_id, entry_id, sample, score_micro, severity, latency_ns, "
                     "result_json FROM results WHERE run_id = ?1 ORDER BY entry_id, sample",
    [GET_TEMPLATE] = "SELECT hash, prompt, first_seen_unix_s, text FROM templates "
                     "WHERE substr(hash, 1, ?2) = ?1 ORDER BY first_seen_unix_s LIMIT 1",
};

struct store {
    struct database database;
};

static int prepare(struct store *store, enum statement which, sqlite3_stmt **ret_statement,
                   struct err *reterr)
{
    return database_prepare(&store->database, which, texts[which], ret_statement, reterr);
}

int store_open(const char *path, struct store **ret_store, struct err *reterr)
{
    struct database_wish wish = {
        .path = path, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};
    struct store *store = mem_new(1, sizeof *store);
    if (store == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", path);

    int code = database_open(&store->database, &wish, reterr);
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
    database_close(&store->database);
    mem_free(store);
}

int store_begin(struct store *store, struct err *reterr)
{
    return database_run(&store->database, "BEGIN IMMEDIATE", reterr);
}

int store_commit(struct store *store, struct err *reterr)
{
    return database_run(&store->database, "COMMIT", reterr);
}

void store_rollback(struct store *store)
{
    (void)sqlite3_exec(store->database.handle, "ROLLBACK", NULL, NULL, NULL);
}

/* Collects the first failure of several binds. */
static void note(int *status, int fresh)
{
    if (*status == SQLITE_OK)
        *status = fresh;
}

static int put(struct store *store, sqlite3_stmt *statement, int status, const char *doing,
               struct err *reterr)
{
    if (status != SQLITE_OK)
        return database_fail(&store->database, status, doing, reterr);
    return database_step_done(&store->database, statement, doing, reterr);
}

int store_put_run(struct store *store, const struct store_run *run, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(store, PUT_RUN, &statement, reterr);
    if (code != 0)
        return code;

    int status = SQLITE_OK;
    note(&status, database_bind_text(statement, 1, run->id));
    note(&status, database_bind_text(statement, 2, run->kind));
    note(&status, database_bind_text(statement, 3, run->suite));
    note(&status, database_bind_text(statement, 4, run->target));
    note(&status, sqlite3_bind_int64(statement, 5, run->started_unix_s));
    note(&status, sqlite3_bind_int64(statement, 6, run->finished_unix_s));
    note(&status, sqlite3_bind_int(statement, 7, run->exit_status));
    note(&status, database_bind_text(statement, 8, run->templates_json));
    note(&status, database_bind_text(statement, 9, run->summary_json));
    return put(store, statement, status, "record a run", reterr);
}

int store_put_result(struct store *store, const struct store_result *result, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(store, PUT_RESULT, &statement, reterr);
    if (code != 0)
        return code;

    int status = SQLITE_OK;
    note(&status, database_bind_text(statement, 1, result->run_id));
    note(&status, database_bind_text(statement, 2, result->entry_id));
    note(&status, sqlite3_bind_int(statement, 3, result->sample));
    if (result->has_score)
        note(&status, sqlite3_bind_int64(statement, 4, result->score_micro));
    note(&status, database_bind_text(statement, 5, result->severity));
    if (result->latency_ns >= 0)
        note(&status, sqlite3_bind_int64(statement, 6, result->latency_ns));
    note(&status, database_bind_text(statement, 7, result->result_json));
    code = put(store, statement, status, "record a result", reterr);
    if (code != 0
        && sqlite3_extended_errcode(store->database.handle) == SQLITE_CONSTRAINT_FOREIGNKEY)
        return fail(reterr, ERR_MISSING, "%s: no run '%.*s' to record a result of",
                    store->database.path, VIEW_ARG(result->run_id));
    return code;
}

int store_put_template(struct store *store, const struct store_template *version,
                       struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    int code = prepare(store, PUT_TEMPLATE, &statement, reterr);
    if (code != 0)
        return code;

    int status = SQLITE_OK;
    note(&status, database_bind_text(statement, 1, version->hash));
    note(&status, database_bind_text(statement, 2, version->prompt));
    note(&status, sqlite3_bind_int64(statement, 3, version->first_seen_unix_s));
    note(&status, database_bind_text(statement, 4, version->text));
    return put(store, statement, status, "record a template", reterr);
}

/* Copies a column into the arena; the first failure sticks. */
static struct view copy_column(sqlite3_stmt *statement, int column, struct arena *arena,
                               int *status)
{
    struct view copy = {0};

    if (*status == 0)
        *status = arena_copy(arena, database_column(statement, column), &copy);
    return copy;
}

static int read_run(sqlite3_stmt *statement, struct arena *arena, void *ret_row)
{
    int status = 0;
    struct store_run run = {
        .id = copy_column(statement, 0, arena, &status),
        .kind = copy_column(statement, 1, arena, &status),
        .suite = copy_column(statement, 2, arena, &status),
        .target = copy_column(statement, 3, arena, &status),
        .started_unix_s = sqlite3_column_int64(statement, 4),
        .finished_unix_s = sqlite3_column_int64(statement, 5),
        .exit_status = sqlite3_column_int(statement, 6),
        .templates_json = copy_column(statement, 7, arena, &status),
        .summary_json = copy_column(statement, 8, arena, &status),
    };

    *(struct store_run *)ret_row = run;
    return status;
}

static int read_result(sqlite3_stmt *statement, struct arena *arena, void *ret_row)
{
    int status = 0;
    bool timed = sqlite3_column_type(statement, 5) != SQLITE_NULL;
    struct store_result result = {
        .run_id = copy_column(statement, 0, arena, &status),
        .entry_id = copy_column(statement, 1, arena, &status),
        .sample = sqlite3_column_int(statement, 2),
        .has_score = sqlite3_column_type(statement, 3) != SQLITE_NULL,
        .score_micro = sqlite3_column_int64(statement, 3),
        .severity = copy_column(statement, 4, arena, &status),
        .latency_ns = timed ? sqlite3_column_int64(statement, 5) : -1,
        .result_json = copy_column(statement, 6, arena, &status),
    };

    *(struct store_result *)ret_row = result;
    return status;
}

typedef int row_reader(sqlite3_stmt *statement, struct arena *arena, void *ret_row);

/* All rows of a bound statement into a block that the caller frees. */
static int read_rows(struct store *store, sqlite3_stmt *statement, row_reader *reader,
                     size_t row_size, struct arena *arena, char **rows, size_t *count,
                     struct err *reterr)
{
    size_t capacity = 0;

    for (;;) {
        int status = sqlite3_step(statement);
        if (status == SQLITE_DONE)
            return 0;
        if (status != SQLITE_ROW)
            return database_fail(&store->database, status, "read", reterr);
        if (*count == capacity) {
            capacity = capacity != 0 ? capacity * 2 : 64;
            char *grown = mem_resize(*rows, capacity, row_size);
            if (grown == NULL)
                return fail(reterr, ERR_MEMORY, "%s: out of memory", store->database.path);
            *rows = grown;
        }
        int code = reader(statement, arena, *rows + *count * row_size);
        if (code != 0)
            return fail(reterr, code, "%s: more than fits into memory", store->database.path);
        (*count)++;
    }
}

static int list(struct store *store, sqlite3_stmt *statement, row_reader *reader, size_t row_size,
                struct arena *arena, void **ret_rows, size_t *ret_count, struct err *reterr)
{
    char *rows = NULL;
    size_t count = 0;
    int code = read_rows(store, statement, reader, row_size, arena, &rows, &count, reterr);
    void *kept = code == 0 ? arena_new(arena, count + 1, row_size) : NULL;

    (void)sqlite3_reset(statement);
    if (code == 0 && kept == NULL)
        code = fail(reterr, ERR_MEMORY, "%s: more than fits into memory", store->database.path);
    if (code == 0) {
        if (count != 0)
            memcpy(kept, rows, count * row_size);
        *ret_rows = kept;
        *ret_count = count;
    }
    mem_free(rows);
    return code;
}

int store_list_runs(struct store *store, const struct store_filter *filter, struct arena *arena,
                    struct store_run **ret_runs, size_t *ret_count, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    void *rows = NULL;
    uint32_t limit = filter->limit != 0 ? filter->limit : LIST_DEFAULT;
    int code = prepare(store, LIST_RUNS, &statement, reterr);
    if (code != 0)
        return code;

    int status = database_bind_text(statement, 1, filter->kind);
    note(&status, database_bind_text(statement, 2, filter->suite));
    note(&status, sqlite3_bind_int(statement, 3, filter->finished));
    note(&status, sqlite3_bind_int(statement, 4, limit < LIST_MAX ? (int)limit : LIST_MAX));
    if (status != SQLITE_OK)
        return database_fail(&store->database, status, "read", reterr);
    code = list(store, statement, read_run, sizeof **ret_runs, arena, &rows, ret_count, reterr);
    if (code == 0)
        *ret_runs = rows;
    return code;
}

int store_get_run(struct store *store, struct view id, struct arena *arena,
                  struct store_run *ret_run, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    struct store_run run;
    int code = prepare(store, GET_RUN, &statement, reterr);
    if (code != 0)
        return code;

    int status = database_bind_text(statement, 1, id);
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    if (status == SQLITE_DONE)
        code = fail(reterr, ERR_MISSING, "%s: no run '%.*s'; 'assay history' lists those there are",
                    store->database.path, VIEW_ARG(id));
    else if (status != SQLITE_ROW)
        code = database_fail(&store->database, status, "read", reterr);
    else if (read_run(statement, arena, &run) != 0)
        code = fail(reterr, ERR_MEMORY, "%s: out of memory", store->database.path);
    else
        *ret_run = run;
    (void)sqlite3_reset(statement);
    return code;
}

int store_list_results(struct store *store, struct view run_id, struct arena *arena,
                       struct store_result **ret_results, size_t *ret_count, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    void *rows = NULL;
    int code = prepare(store, LIST_RESULTS, &statement, reterr);
    if (code != 0)
        return code;

    int status = database_bind_text(statement, 1, run_id);
    if (status != SQLITE_OK)
        return database_fail(&store->database, status, "read", reterr);
    code =
        list(store, statement, read_result, sizeof **ret_results, arena, &rows, ret_count, reterr);
    if (code == 0)
        *ret_results = rows;
    return code;
}

static int read_template(sqlite3_stmt *statement, struct arena *arena,
                         struct store_template *ret_version)
{
    int status = 0;
    struct store_template version = {
        .hash = copy_column(statement, 0, arena, &status),
        .prompt = copy_column(statement, 1, arena, &status),
        .first_seen_unix_s = sqlite3_column_int64(statement, 2),
        .text = copy_column(statement, 3, arena, &status),
    };

    if (status == 0)
        *ret_version = version;
    return status;
}

int store_get_template(struct store *store, struct view hash, struct arena *arena,
                       struct store_template *ret_version, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;

    if (hash.len < HASH_PREFIX_MIN)
        return fail(reterr, ERR_INVALID, "template '%.*s': give at least %d digits of its hash",
                    VIEW_ARG(hash), HASH_PREFIX_MIN);
    int code = prepare(store, GET_TEMPLATE, &statement, reterr);
    if (code != 0)
        return code;
    int status = database_bind_text(statement, 1, hash);
    note(&status, sqlite3_bind_int64(statement, 2, (sqlite3_int64)hash.len));
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    if (status == SQLITE_DONE)
        code = fail(reterr, ERR_MISSING, "%s: no template version '%.*s'", store->database.path,
                    VIEW_ARG(hash));
    else if (status != SQLITE_ROW)
        code = database_fail(&store->database, status, "read", reterr);
    else if (read_template(statement, arena, ret_version) != 0)
        code = fail(reterr, ERR_MEMORY, "%s: out of memory", store->database.path);
    (void)sqlite3_reset(statement);
    return code;
}
