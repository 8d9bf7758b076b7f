/* SPDX-License-Identifier: Apache-2.0
 *
 * answers: see answers.h. */
#include "shell/store/answers.h"

#include "base/mem.h"
#include "shell/store/database.h"

enum statement { GET_ANSWER, PUT_ANSWER, PRUNE_ANSWERS };

static const char *const steps[] = {
    /* 1 */
    "CREATE TABLE answers ("
    "  question BLOB NOT NULL, sample INTEGER NOT NULL, put_at INTEGER NOT NULL,"
    "  answer TEXT NOT NULL, PRIMARY KEY (question, sample)"
    ") WITHOUT ROWID;"
    "CREATE INDEX answers_put_at ON answers (put_at);",
};

struct answers {
    struct database database;
};

int answers_open(const char *path, struct answers **ret_answers, struct err *reterr)
{
    struct database_wish wish = {.path = path,
                                 .steps = steps,
                                 .step_count = sizeof steps / sizeof steps[0],
                                 .deletable = true};
    struct answers *answers = mem_new(1, sizeof *answers);
    if (answers == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", path);

    int code = database_open(&answers->database, &wish, reterr);
    if (code != 0) {
        mem_free(answers);
        return code;
    }
    *ret_answers = answers;
    return 0;
}

void answers_close(struct answers *answers)
{
    if (answers == NULL)
        return;
    database_close(&answers->database);
    mem_free(answers);
}

static int bind_key(sqlite3_stmt *statement, const struct digest *question, uint32_t sample,
                    int64_t unix_s)
{
    int status = sqlite3_bind_blob(statement, 1, question->bytes, DIGEST_SIZE, SQLITE_STATIC);

    if (status == SQLITE_OK)
        status = sqlite3_bind_int64(statement, 2, sample);
    return status == SQLITE_OK ? sqlite3_bind_int64(statement, 3, unix_s) : status;
}

int answers_get(struct answers *answers, const struct digest *question, uint32_t sample,
                int64_t since_unix_s, struct strbuf *out, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    int code = database_prepare(
        &answers->database, GET_ANSWER,
        "SELECT answer FROM answers WHERE question = ?1 AND sample = ?2 AND put_at >= ?3",
        &statement, reterr);
    if (code != 0)
        return code;

    int status = bind_key(statement, question, sample, since_unix_s);
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        strbuf_add(out, database_column(statement, 0));
        code = strbuf_status(out);
        if (code != 0)
            fail(reterr, code, "%s: an answer: %s", answers->database.path, err_text(code));
    } else if (status == SQLITE_DONE) {
        code = fail(reterr, ERR_MISSING, "%s: no such answer", answers->database.path);
    } else {
        code = database_fail(&answers->database, status, "read", reterr);
    }
    (void)sqlite3_reset(statement);
    return code;
}

int answers_put(struct answers *answers, const struct digest *question, uint32_t sample,
                int64_t now_unix_s, struct view answer, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;

    if (answer.len > ANSWERS_BYTES_MAX)
        return fail(reterr, ERR_LIMIT, "an answer of %zu bytes is longer than the %d that are kept",
                    answer.len, ANSWERS_BYTES_MAX);
    int code = database_prepare(&answers->database, PUT_ANSWER,
                                "INSERT OR REPLACE INTO answers (question, sample, put_at, answer) "
                                "VALUES (?1, ?2, ?3, ?4)",
                                &statement, reterr);
    if (code != 0)
        return code;
    int status = bind_key(statement, question, sample, now_unix_s);
    if (status == SQLITE_OK)
        status = database_bind_text(statement, 4, answer);
    if (status != SQLITE_OK)
        return database_fail(&answers->database, status, "write", reterr);
    return database_step_done(&answers->database, statement, "write", reterr);
}

int answers_prune(struct answers *answers, int64_t before_unix_s, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    int code = database_prepare(&answers->database, PRUNE_ANSWERS,
                                "DELETE FROM answers WHERE put_at < ?1", &statement, reterr);

    if (code != 0)
        return code;
    int status = sqlite3_bind_int64(statement, 1, before_unix_s);
    if (status != SQLITE_OK)
        return database_fail(&answers->database, status, "write", reterr);
    return database_step_done(&answers->database, statement, "write", reterr);
}
