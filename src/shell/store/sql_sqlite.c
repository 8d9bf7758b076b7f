/* SPDX-License-Identifier: Apache-2.0
 *
 * sql_sqlite: the store's questions to a SQLite file. The tables are made by `steps`, which only
 * ever grows at its end: a file is brought from any earlier version to the present one.
 *
 * Small columns stand before the large ones: what follows a large value in a row costs a walk
 * through all its pages. */
#include <stdio.h>

#include "base/mem.h"
#include "shell/store/database.h"
#include "shell/store/sql.h"

enum { PATIENT_MS = 30000 };

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
    /* 2: columns for lists and trends, and a sequence that no clock decides. Renaming a table takes
     * along what refers to it; dropping the old runs finds no results that refer to them. */
    "CREATE TABLE runs_2 ("
    "  id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, kind TEXT NOT NULL, suite TEXT NOT NULL,"
    "  target TEXT NOT NULL, started_unix_s INTEGER NOT NULL, finished_unix_s INTEGER NOT NULL,"
    "  exit_status INTEGER NOT NULL, outcome TEXT NOT NULL, mean_micro INTEGER,"
    "  cost_nano_usd INTEGER, entry_count INTEGER NOT NULL, failing_count INTEGER NOT NULL,"
    "  scorer TEXT NOT NULL, family TEXT NOT NULL, templates_json TEXT NOT NULL,"
    "  summary_json TEXT NOT NULL"
    ") WITHOUT ROWID;"
    "INSERT INTO runs_2 SELECT id, row_number() OVER (ORDER BY started_unix_s, id), kind, suite,"
    "  target, started_unix_s, finished_unix_s, exit_status,"
    "  coalesce(json_extract(summary, '$.gate.outcome'), ''),"
    "  CAST(round(json_extract(summary, '$.mean.score') * 1000000) AS INTEGER),"
    "  CAST(round(json_extract(summary, '$.cost_usd') * 1000000000) AS INTEGER),"
    "  (SELECT count(*) FROM results WHERE run_id = id AND sample = -1),"
    "  (SELECT count(*) FROM results WHERE run_id = id AND sample = -1"
    "    AND severity IN ('critical', 'major', 'failed', 'error')),"
    "  coalesce(json_extract(summary, '$.embedding'), ''), '', templates_json, summary_json"
    "  FROM (SELECT *, CASE WHEN json_valid(summary_json) THEN summary_json ELSE '{}' END"
    "    AS summary FROM runs);"
    "CREATE TABLE results_2 ("
    "  run_id TEXT NOT NULL REFERENCES runs_2 (id) ON DELETE CASCADE,"
    "  entry_id TEXT NOT NULL, sample INTEGER NOT NULL, score_micro INTEGER,"
    "  severity TEXT NOT NULL, latency_ns INTEGER, family TEXT NOT NULL,"
    "  result_json TEXT NOT NULL, PRIMARY KEY (run_id, entry_id, sample)"
    ") WITHOUT ROWID;"
    "INSERT INTO results_2 SELECT run_id, entry_id, sample, score_micro, severity, latency_ns, '',"
    "  result_json FROM results;"
    "DROP TABLE results;"
    "DROP TABLE runs;"
    "ALTER TABLE runs_2 RENAME TO runs;"
    "ALTER TABLE results_2 RENAME TO results;"
    "CREATE UNIQUE INDEX runs_by_sequence"
    "  ON runs (sequence DESC, kind, suite, family, finished_unix_s);"
    "CREATE INDEX runs_by_start ON runs (started_unix_s, suite, sequence);",
};

struct sqlite {
    struct database database;
    sqlite3_stmt *statement; /* of the open question */
    const char *doing;
};

static int sqlite_open(const char *where, void **ret_connection, struct err *reterr)
{
    struct database_wish wish = {
        .path = where, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};
    struct sqlite *sqlite = mem_new(1, sizeof *sqlite);
    if (sqlite == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", where);

    int code = database_open(&sqlite->database, &wish, reterr);
    if (code != 0) {
        mem_free(sqlite);
        return code;
    }
    *ret_connection = sqlite;
    return 0;
}

static void sqlite_close(void *connection)
{
    struct sqlite *sqlite = connection;

    database_close(&sqlite->database);
    mem_free(sqlite);
}

static const char *sqlite_label(const void *connection)
{
    const struct sqlite *sqlite = connection;

    return sqlite->database.path;
}

static int sqlite_run(void *connection, const char *sql, bool patient, struct err *reterr)
{
    struct sqlite *sqlite = connection;

    if (patient)
        database_wait(&sqlite->database, PATIENT_MS);
    int code = database_run(&sqlite->database, sql, reterr);
    if (patient)
        database_wait(&sqlite->database, DATABASE_BUSY_MS);
    return code;
}

static void sqlite_rollback(void *connection)
{
    struct sqlite *sqlite = connection;

    if (sqlite3_get_autocommit(sqlite->database.handle) == 0)
        (void)sqlite3_exec(sqlite->database.handle, "ROLLBACK", NULL, NULL, NULL);
}

static int bind(sqlite3_stmt *statement, int column, const struct sql_value *value)
{
    switch (value->kind) {
    case SQL_NULL:
        return sqlite3_bind_null(statement, column);
    case SQL_NUMBER:
        return sqlite3_bind_int64(statement, column, value->number);
    case SQL_TEXT:
        break;
    }
    return database_bind_text(statement, column, value->text);
}

/* SQLite numbers $1, $2, … by where they first appear: what is bound by number must agree. */
static bool is_numbered(sqlite3_stmt *statement, size_t count)
{
    char name[16];

    if ((size_t)sqlite3_bind_parameter_count(statement) != count)
        return false;
    for (size_t i = 1; i <= count; i++) {
        snprintf(name, sizeof name, "$%zu", i);
        if (strcmp(sqlite3_bind_parameter_name(statement, (int)i), name) != 0)
            return false;
    }
    return true;
}

static int sqlite_ask(void *connection, const struct sql_question *question, struct err *reterr)
{
    struct sqlite *sqlite = connection;
    struct database *database = &sqlite->database;
    bool is_fresh = database->statements[question->number] == NULL;
    int code =
        database_prepare(database, question->number, question->sql, &sqlite->statement, reterr);
    if (code != 0)
        return code;
    assert_always(!is_fresh || is_numbered(sqlite->statement, question->count));

    int status = SQLITE_OK;
    for (size_t i = 0; i < question->count && status == SQLITE_OK; i++)
        status = bind(sqlite->statement, (int)i + 1, &question->values[i]);
    sqlite->doing = question->doing;
    return status == SQLITE_OK ? 0 : database_fail(database, status, question->doing, reterr);
}

static int sqlite_next(void *connection, struct err *reterr)
{
    struct sqlite *sqlite = connection;
    int status = sqlite3_step(sqlite->statement);

    if (status == SQLITE_ROW)
        return 1;
    if (status == SQLITE_DONE)
        return 0;
    if (sqlite3_extended_errcode(sqlite->database.handle) == SQLITE_CONSTRAINT_FOREIGNKEY)
        return fail(reterr, ERR_MISSING, "%s: cannot %s: no such run", sqlite->database.path,
                    sqlite->doing);
    return database_fail(&sqlite->database, status, sqlite->doing, reterr);
}

static void sqlite_end(void *connection)
{
    struct sqlite *sqlite = connection;

    if (sqlite->statement != NULL)
        (void)sqlite3_reset(sqlite->statement);
}

static bool sqlite_is_null(const void *connection, int column)
{
    const struct sqlite *sqlite = connection;

    return sqlite3_column_type(sqlite->statement, column) == SQLITE_NULL;
}

static int64_t sqlite_number(const void *connection, int column)
{
    const struct sqlite *sqlite = connection;

    return sqlite3_column_int64(sqlite->statement, column);
}

static struct view sqlite_text(const void *connection, int column)
{
    const struct sqlite *sqlite = connection;

    return database_column(sqlite->statement, column);
}

const struct sql_engine sql_sqlite = {
    .begin = "BEGIN IMMEDIATE",
    .next_sequence = "(SELECT coalesce(max(sequence), 0) + 1 FROM runs)",
    .rows_max = 1,
    .open = sqlite_open,
    .close = sqlite_close,
    .label = sqlite_label,
    .run = sqlite_run,
    .rollback = sqlite_rollback,
    .ask = sqlite_ask,
    .next = sqlite_next,
    .end = sqlite_end,
    .is_null = sqlite_is_null,
    .number = sqlite_number,
    .text = sqlite_text,
};
