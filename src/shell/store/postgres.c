/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres: see postgres.h. The tables lie in a schema of their own, `assay`; `steps` only ever
 * grows at its end, and one row of assay.versions tells how many of them were taken. Who brings
 * tables up to date holds an advisory lock: of two first runs one waits for the other. */
#include "shell/store/postgres.h"

#include <stdio.h>

#include "base/mem.h"
#include "shell/os/clock.h"

enum { SERVER_VERSION_MIN = 120000, SQL_SIZE = 256 };

/* Ids compare by bytes, as in SQLite, whatever the database's collation. */
static const char *const steps[] = {
    /* 1 */
    "CREATE SEQUENCE run_sequence AS bigint",
    "CREATE TABLE runs ("
    "  id text COLLATE \"C\" PRIMARY KEY, sequence bigint NOT NULL,"
    "  kind text COLLATE \"C\" NOT NULL, suite text COLLATE \"C\" NOT NULL,"
    "  target text NOT NULL, started_unix_s bigint NOT NULL, finished_unix_s bigint NOT NULL,"
    "  exit_status integer NOT NULL, outcome text NOT NULL, mean_micro bigint,"
    "  cost_nano_usd bigint, entry_count bigint NOT NULL, failing_count bigint NOT NULL,"
    "  scorer text NOT NULL, family text COLLATE \"C\" NOT NULL, templates_json text NOT NULL,"
    "  summary_json text NOT NULL)",
    "CREATE UNIQUE INDEX runs_by_sequence"
    "  ON runs (sequence DESC, kind, suite, family, finished_unix_s)",
    "CREATE INDEX runs_by_start ON runs (started_unix_s, suite, sequence)",
    "CREATE TABLE results ("
    "  run_id text COLLATE \"C\" NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
    "  entry_id text COLLATE \"C\" NOT NULL, sample integer NOT NULL, score_micro bigint,"
    "  severity text NOT NULL, latency_ns bigint, family text COLLATE \"C\" NOT NULL,"
    "  result_json text NOT NULL, PRIMARY KEY (run_id, entry_id, sample))",
    "CREATE TABLE templates ("
    "  hash text COLLATE \"C\" NOT NULL, prompt text COLLATE \"C\" NOT NULL,"
    "  first_seen_unix_s bigint NOT NULL, text text NOT NULL, PRIMARY KEY (hash, prompt))",
};

/* Which of `steps` a version ends with. */
static const size_t versions[] = {sizeof steps / sizeof steps[0]};
enum { VERSIONS = sizeof versions / sizeof versions[0] };

/* ---- connecting ----------------------------------------------------------------------------- */

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static int fail_connect(const struct postgres *postgres, struct err *reterr)
{
    struct view message = view_of(postgres->libpq->error_message(postgres->conn));
    bool is_denied = view_find(message, view_of("authentication failed"), 0) < message.len
                     || view_find(message, view_of("no password supplied"), 0) < message.len
                     || view_find(message, view_of("no pg_hba.conf entry"), 0) < message.len;
    struct strbuf clean;

    strbuf_init(&clean, 600);
    postgres_url_clean(&postgres->url, message, &clean);
    int code = fail(reterr, is_denied ? ERR_DENIED : ERR_UNREACHABLE, "%s: cannot connect: %s; %s",
                    postgres->url.label, strbuf_text(&clean),
                    is_denied ? "check user and password (PGPASSWORD and ~/.pgpass are read too)"
                              : "check that the server runs and the URL of `history:`");
    strbuf_release(&clean);
    return code;
}

static int connect(struct postgres *postgres, const char *where, struct err *reterr)
{
    static const char *const keywords[] = {"dbname", "client_encoding", "fallback_application_name",
                                           NULL};
    const char *const values[] = {where, "UTF8", "assay", NULL};
    const struct libpq *libpq = postgres->libpq;
    uint64_t until_ns = clock_now_ns() + postgres->url.connect_in_ns;

    postgres->conn = libpq->connect_start(keywords, values, 1);
    if (postgres->conn == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", postgres->url.label);
    if (libpq->status(postgres->conn) == PG_CONNECTION_BAD)
        return fail_connect(postgres, reterr);
    (void)libpq->set_notice_processor(postgres->conn, ignore_notice, NULL);
    for (int state = PG_POLLING_WRITING; state != PG_POLLING_OK;) {
        if (postgres_wait(postgres, state == PG_POLLING_WRITING, until_ns) != 0)
            return fail(reterr, ERR_UNREACHABLE,
                        "%s: cannot connect: no answer in %u s; check that the server runs and the "
                        "URL of `history:`",
                        postgres->url.label, (unsigned)(postgres->url.connect_in_ns / 1000000000));
        state = libpq->connect_poll(postgres->conn);
        if (state == PG_POLLING_FAILED)
            return fail_connect(postgres, reterr);
    }
    return libpq->set_nonblocking(postgres->conn, 1) == 0 ? 0 : fail_connect(postgres, reterr);
}

static int check_server(const struct postgres *postgres, struct err *reterr)
{
    const struct libpq *libpq = postgres->libpq;
    int version = libpq->server_version(postgres->conn);
    struct view encoding = view_of(libpq->parameter_status(postgres->conn, "server_encoding"));

    if (version < SERVER_VERSION_MIN)
        return fail(reterr, ERR_UNSUPPORTED, "%s: PostgreSQL %d is too old: 12 or later is needed",
                    postgres->url.label, version / 10000);
    if (!view_is(encoding, "UTF8"))
        return fail(reterr, ERR_UNSUPPORTED,
                    "%s: the database's encoding is %.*s: create one in UTF8 (createdb -E UTF8 -T "
                    "template0 NAME)",
                    postgres->url.label, VIEW_ARG(encoding));
    return 0;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* The one number that a question gives. */
static int ask_number(struct postgres *postgres, const char *sql, int64_t *ret_number,
                      struct err *reterr)
{
    struct sql_question question = {.sql = sql, .doing = "open"};
    int code = postgres_ask(postgres, &question, reterr);

    if (code == 0)
        code = postgres_next(postgres, reterr);
    if (code > 0)
        *ret_number = postgres_number(postgres, 0);
    postgres_end(postgres);
    return code > 0 ? 0 : code;
}

static int read_version(struct postgres *postgres, int64_t *ret_version, struct err *reterr)
{
    int64_t is_there = 0;

    *ret_version = 0;
    int code = ask_number(
        postgres, "SELECT CASE WHEN to_regclass('assay.versions') IS NULL THEN 0 ELSE 1 END",
        &is_there, reterr);
    if (code != 0 || is_there == 0)
        return code;
    return ask_number(postgres, "SELECT coalesce(max(version), 0) FROM assay.versions", ret_version,
                      reterr);
}

static int take_steps(struct postgres *postgres, int64_t version, struct err *reterr)
{
    char sql[SQL_SIZE];
    int code = 0;

    for (size_t i = version > 0 ? versions[version - 1] : 0; i < versions[VERSIONS - 1]; i++)
        if (code == 0)
            code = postgres_run(postgres, steps[i], true, reterr);
    snprintf(sql, sizeof sql, "INSERT INTO versions (version) VALUES (%d)", VERSIONS);
    return code == 0 ? postgres_run(postgres, sql, true, reterr) : code;
}

/* In one transaction, behind the lock: another process may have done it meanwhile. */
static int migrate_locked(struct postgres *postgres, struct err *reterr)
{
    static const char *const prelude[] = {
        "BEGIN",
        "SELECT pg_advisory_xact_lock(7021802714)",
        "DO $$ BEGIN IF to_regnamespace('assay') IS NULL THEN CREATE SCHEMA assay; END IF; END $$",
        "CREATE TABLE IF NOT EXISTS versions (version bigint NOT NULL)",
    };
    int64_t version = 0;
    int code = 0;

    for (size_t i = 0; i < sizeof prelude / sizeof prelude[0] && code == 0; i++)
        code = postgres_run(postgres, prelude[i], true, reterr);
    if (code == 0)
        code = read_version(postgres, &version, reterr);
    if (code == 0 && version < VERSIONS)
        code = take_steps(postgres, version, reterr);
    return code == 0 ? postgres_run(postgres, "COMMIT", true, reterr) : code;
}

static int prepare_tables(struct postgres *postgres, struct err *reterr)
{
    char limits[SQL_SIZE];
    int64_t version = 0;

    snprintf(limits, sizeof limits,
             "SELECT set_config('search_path', 'assay', false),"
             " set_config('statement_timeout', '%d', false),"
             " set_config('lock_timeout', '%d', false),"
             " set_config('idle_in_transaction_session_timeout', '%d', false)",
             POSTGRES_STATEMENT_MS, POSTGRES_STATEMENT_MS, 2 * POSTGRES_STATEMENT_MS);
    int code = postgres_run(postgres, limits, true, reterr);
    if (code == 0)
        code = read_version(postgres, &version, reterr);
    if (code == 0 && version < VERSIONS)
        code = migrate_locked(postgres, reterr);
    if (code == 0 && version > VERSIONS)
        return fail(reterr, ERR_UNSUPPORTED,
                    "%s: written by a newer assay (its tables are version %lld, this program knows "
                    "%d); update assay or use another database",
                    postgres->url.label, (long long)version, VERSIONS);
    return code;
}

int postgres_open(const char *where, void **ret_connection, struct err *reterr)
{
    struct postgres *postgres = mem_new(1, sizeof *postgres);

    if (postgres == NULL)
        return fail(reterr, ERR_MEMORY, "history: out of memory");
    int code = libpq_get(&postgres->libpq, reterr);
    if (code == 0)
        code = postgres_url_read(postgres->libpq, where, &postgres->url, reterr);
    if (code == 0)
        code = connect(postgres, where, reterr);
    if (code == 0)
        code = check_server(postgres, reterr);
    if (code == 0)
        code = prepare_tables(postgres, reterr);
    if (code != 0) {
        postgres_disconnect(postgres);
        return code;
    }
    *ret_connection = postgres;
    return 0;
}

void postgres_disconnect(struct postgres *postgres)
{
    if (postgres->conn != NULL) {
        postgres->libpq->clear(postgres->row);
        postgres->libpq->finish(postgres->conn);
    }
    postgres_url_release(&postgres->url);
    mem_free(postgres);
}
