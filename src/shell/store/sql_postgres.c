/* SPDX-License-Identifier: Apache-2.0
 *
 * sql_postgres: the store's questions to a PostgreSQL database, through libpq.
 *
 * Everything is sent and awaited without blocking in libpq, so that a server that is gone without a
 * word ends in ERR_TIMEOUT; only the look-up of the server's name is not bounded by us. The server
 * is told the same deadlines (statement_timeout, lock_timeout), and to end a transaction whose
 * client is gone. Rows come one at a time, in constant memory.
 * What PostgreSQL's text cannot hold is replaced: NUL by U+2400, ill-formed UTF-8 by U+FFFD. */
#include <errno.h>
#include <poll.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "shell/os/clock.h"
#include "shell/store/postgres.h"
#include "shell/store/sql.h"

enum { MESSAGE_BYTES_MAX = 600 };

static const size_t PARAMETERS_BYTES_MAX = (size_t)1 << 30;
static const uint64_t NS_PER_MS = 1000000;

/* ---- failing in our words ------------------------------------------------------------------- */

struct meaning {
    const char *state; /* how the SQLSTATE begins; the first row that fits counts */
    int code;
    const char *text;
    const char *remedy;
};

static const struct meaning meanings[] = {
    {"23503", ERR_MISSING, "no such run", "record the run first"},
    {"42501", ERR_DENIED, "this user may not",
     "grant it USAGE on schema assay and its tables (CREATE on the database for the first run)"},
    {"25006", ERR_READ_ONLY, "the database is read only",
     "write to the primary server, not to a standby"},
    {"28", ERR_DENIED, "the server refused this user", "check user and password"},
    {"3D", ERR_MISSING, "there is no such database", "create it (createdb)"},
    {"53100", ERR_FULL, "the server's disk is full", "free some space there"},
    {"53200", ERR_MEMORY, "the server is out of memory", "try again later"},
    {"53300", ERR_BUSY, "the server has no connection left", "try again, or raise max_connections"},
    {"54", ERR_LIMIT, "a value is larger than PostgreSQL takes", "shorten the answer"},
    {"55P03", ERR_LOCKED, "in use by another writer for more than 30 s", "wait for it to end"},
    {"40", ERR_LOCKED, "another writer was in the way", "try again"},
    {"57014", ERR_TIMEOUT, "it took more than 30 s", "look what keeps the server busy"},
    {"57P", ERR_UNREACHABLE, "the server is going down or coming up", "try again later"},
    {"08", ERR_UNREACHABLE, "the connection was lost", "check server and network"},
    {"XX001", ERR_CORRUPT, "the database is damaged", "restore a backup"},
    {"XX002", ERR_CORRUPT, "the database is damaged", "restore a backup"},
    {"42P01", ERR_CORRUPT, "a table is missing",
     "restore schema assay, or drop it to start afresh"},
    {"42703", ERR_CORRUPT, "a table was altered", "restore schema assay, or drop it"},
};

static const struct meaning other = {"", ERR_IO, "the server could not", "see the server's log"};
static const struct meaning lost = {"", ERR_UNREACHABLE, "the connection was lost",
                                    "check server and network, then run it again"};

static int tell(const struct postgres *postgres, const struct meaning *meaning, const char *doing,
                const char *message, struct err *reterr)
{
    struct strbuf detail;

    strbuf_init(&detail, MESSAGE_BYTES_MAX);
    postgres_url_clean(&postgres->url, view_of(message), &detail);
    int code =
        fail(reterr, meaning->code, "%s: cannot %s: %s (PostgreSQL: %s); %s", postgres->url.label,
             doing, meaning->text, strbuf_text(&detail), meaning->remedy);
    strbuf_release(&detail);
    return code;
}

static int fail_connection(struct postgres *postgres, const char *doing, struct err *reterr)
{
    postgres->is_lost = true;
    return tell(postgres, &lost, doing, postgres->libpq->error_message(postgres->conn), reterr);
}

static int fail_result(struct postgres *postgres, const struct pg_result *result, const char *doing,
                       struct err *reterr)
{
    const struct libpq *libpq = postgres->libpq;
    const char *state = libpq->result_error(result, PG_DIAG_SQLSTATE);
    const struct meaning *meaning = &other;

    for (size_t i = 0; state != NULL && i < sizeof meanings / sizeof meanings[0]; i++)
        if (meaning == &other && view_starts(view_of(state), view_of(meanings[i].state)))
            meaning = &meanings[i];
    if (libpq->status(postgres->conn) != PG_CONNECTION_OK) {
        postgres->is_lost = true;
        meaning = meaning == &other ? &lost : meaning;
    }
    return tell(postgres, meaning, doing, libpq->result_message(result), reterr);
}

static int fail_late(struct postgres *postgres, const char *doing, struct err *reterr)
{
    postgres->is_lost = true;
    return fail(reterr, ERR_TIMEOUT,
                "%s: cannot %s: no answer in %u s; check server and network, then run it again",
                postgres->url.label, doing, POSTGRES_ANSWER_IN_MS / 1000);
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* Waits until the socket can be read (or written, where `writing`). 0, or ERR_TIMEOUT. */
int postgres_wait(struct postgres *postgres, bool writing, uint64_t until_ns)
{
    struct pollfd item = {.fd = postgres->libpq->socket(postgres->conn),
                          .events = (short)(POLLIN | (writing ? POLLOUT : 0))};

    for (;;) {
        uint64_t now_ns = clock_now_ns();
        if (now_ns >= until_ns)
            return ERR_TIMEOUT;
        int ready = poll(&item, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return 0; /* a bad socket is told by libpq */
    }
}

static int flush(struct postgres *postgres, const char *doing, uint64_t until_ns,
                 struct err *reterr)
{
    const struct libpq *libpq = postgres->libpq;

    for (;;) {
        int left = libpq->flush(postgres->conn);
        if (left == 0)
            return 0;
        if (left < 0)
            return fail_connection(postgres, doing, reterr);
        if (postgres_wait(postgres, true, until_ns) != 0)
            return fail_late(postgres, doing, reterr);
        if (libpq->consume_input(postgres->conn) == 0)
            return fail_connection(postgres, doing, reterr);
    }
}

/* The next result of what was sent; NULL at its end. */
static int await(struct postgres *postgres, struct pg_result **ret_result, struct err *reterr)
{
    const struct libpq *libpq = postgres->libpq;
    uint64_t until_ns = clock_now_ns() + POSTGRES_ANSWER_IN_MS * NS_PER_MS;

    while (libpq->is_busy(postgres->conn) != 0) {
        if (postgres_wait(postgres, false, until_ns) != 0)
            return fail_late(postgres, postgres->doing, reterr);
        if (libpq->consume_input(postgres->conn) == 0)
            return fail_connection(postgres, postgres->doing, reterr);
    }
    *ret_result = libpq->get_result(postgres->conn);
    return 0;
}

/* ---- asking --------------------------------------------------------------------------------- */

static void add_clean(struct strbuf *out, struct view text)
{
    static const uint32_t NUL_SIGN = 0x2400;

    if (view_find_byte(text, '\0') == text.len && utf8_valid(text, NULL)) {
        strbuf_add(out, text);
        return;
    }
    for (size_t at = 0; at < text.len;) {
        uint32_t codepoint = utf8_next(text, &at, NULL);
        strbuf_add_codepoint(out, codepoint != 0 ? codepoint : NUL_SIGN);
    }
}

/* Every parameter as text with a NUL, one after the other in `texts`; their places in `offsets`. */
static int spell(const struct sql_question *question, struct strbuf *texts, size_t *offsets)
{
    for (size_t i = 0; i < question->count; i++) {
        const struct sql_value *value = &question->values[i];
        offsets[i] = texts->len;
        if (value->kind == SQL_NUMBER)
            strbuf_printf(texts, "%lld", (long long)value->number);
        else if (value->kind == SQL_TEXT)
            add_clean(texts, value->text);
        strbuf_add_byte(texts, '\0');
    }
    return strbuf_status(texts);
}

static int send(struct postgres *postgres, const struct sql_question *question,
                const char *const *values, struct err *reterr)
{
    const struct libpq *libpq = postgres->libpq;
    uint64_t until_ns = clock_now_ns() + POSTGRES_ANSWER_IN_MS * NS_PER_MS;

    if (postgres->is_lost)
        return fail(reterr, ERR_UNREACHABLE,
                    "%s: cannot %s: the connection was lost before; run it again",
                    postgres->url.label, question->doing);
    if (libpq->send_query(postgres->conn, question->sql, (int)question->count, NULL, values, NULL,
                          NULL, 0)
            == 0
        || libpq->set_single_row_mode(postgres->conn) == 0)
        return fail_connection(postgres, question->doing, reterr);
    postgres->doing = question->doing;
    postgres->is_asking = true;
    return flush(postgres, question->doing, until_ns, reterr);
}

int postgres_ask(void *connection, const struct sql_question *question, struct err *reterr)
{
    struct postgres *postgres = connection;
    const char *values[SQL_PARAMETERS_MAX];
    size_t offsets[SQL_PARAMETERS_MAX];
    struct strbuf texts;

    assert_always(question->count <= SQL_PARAMETERS_MAX);
    postgres_end(postgres);
    strbuf_init(&texts, PARAMETERS_BYTES_MAX);
    int code = spell(question, &texts, offsets);
    if (code != 0)
        code = fail(reterr, code, "%s: cannot %s: %s", postgres->url.label, question->doing,
                    err_text(code));
    for (size_t i = 0; i < question->count && code == 0; i++)
        values[i] = question->values[i].kind != SQL_NULL ? strbuf_text(&texts) + offsets[i] : NULL;
    if (code == 0)
        code = send(postgres, question, values, reterr);
    strbuf_release(&texts);
    return code;
}

static void drop_row(struct postgres *postgres)
{
    postgres->libpq->clear(postgres->row);
    postgres->row = NULL;
}

int postgres_next(void *connection, struct err *reterr)
{
    struct postgres *postgres = connection;
    const struct libpq *libpq = postgres->libpq;

    drop_row(postgres);
    while (postgres->is_asking) {
        struct pg_result *result = NULL;
        int code = await(postgres, &result, reterr);
        if (code != 0 || result == NULL) {
            postgres->is_asking = false;
            return code;
        }
        int status = libpq->result_status(result);
        if (status == PG_SINGLE_TUPLE) {
            postgres->row = result;
            return 1;
        }
        if (status != PG_COMMAND_OK && status != PG_TUPLES_OK)
            code = fail_result(postgres, result, postgres->doing, reterr);
        libpq->clear(result);
        if (code != 0) {
            postgres_end(postgres);
            return code;
        }
    }
    return 0;
}

/* Reads over what is left of an answer. */
void postgres_end(void *connection)
{
    struct postgres *postgres = connection;
    struct pg_result *result = NULL;

    drop_row(postgres);
    while (postgres->is_asking && !postgres->is_lost) {
        if (await(postgres, &result, NULL) != 0 || result == NULL)
            postgres->is_asking = false;
        postgres->libpq->clear(result);
        result = NULL;
    }
    postgres->is_asking = false;
}

int postgres_run(void *connection, const char *sql, bool patient, struct err *reterr)
{
    struct sql_question question = {.sql = sql, .doing = "write"};

    (void)patient; /* lock_timeout is patient enough */
    int code = postgres_ask(connection, &question, reterr);
    while (code == 0) {
        code = postgres_next(connection, reterr);
        if (code == 0)
            break;
        code = code > 0 ? 0 : code;
    }
    return code;
}

static void postgres_rollback(void *connection)
{
    struct postgres *postgres = connection;
    enum { IDLE = 0 };

    postgres_end(postgres);
    if (!postgres->is_lost && postgres->libpq->transaction_status(postgres->conn) != IDLE
        && postgres_run(postgres, "ROLLBACK", false, NULL) != 0)
        postgres->is_lost = true;
}

/* ---- the present row ------------------------------------------------------------------------ */

static bool postgres_is_null(const void *connection, int column)
{
    const struct postgres *postgres = connection;

    return postgres->libpq->getisnull(postgres->row, 0, column) != 0;
}

static struct view postgres_text(const void *connection, int column)
{
    const struct postgres *postgres = connection;

    return view_make(postgres->libpq->getvalue(postgres->row, 0, column),
                     (size_t)postgres->libpq->getlength(postgres->row, 0, column));
}

int64_t postgres_number(const void *connection, int column)
{
    int64_t number = 0;

    if (view_to_int(postgres_text(connection, column), &number) != 0)
        return 0;
    return number;
}

static void postgres_close(void *connection)
{
    postgres_rollback(connection);
    postgres_disconnect(connection);
}

static const char *postgres_label(const void *connection)
{
    const struct postgres *postgres = connection;

    return postgres->url.label;
}

const struct sql_engine sql_postgres = {
    .begin = "BEGIN",
    .next_sequence = "nextval('run_sequence')",
    .rows_max = 100,
    .open = postgres_open,
    .close = postgres_close,
    .label = postgres_label,
    .run = postgres_run,
    .rollback = postgres_rollback,
    .ask = postgres_ask,
    .next = postgres_next,
    .end = postgres_end,
    .is_null = postgres_is_null,
    .number = postgres_number,
    .text = postgres_text,
};
