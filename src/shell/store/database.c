/* SPDX-License-Identifier: Apache-2.0
 *
 * database: see database.h. */
#include "shell/store/database.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "shell/os/file.h"
#include "base/path.h"

enum { PATH_BYTES_MAX = 4096 };

struct meaning {
    int sqlite_code; /* primary */
    int code;
    const char *text;
    const char *remedy;
};

static const struct meaning meanings[] = {
    {SQLITE_BUSY, ERR_LOCKED, "in use by another process, which was waited for in vain",
     "wait for it to end, or end it (fuser shows which)"},
    {SQLITE_LOCKED, ERR_LOCKED, "in use by another process", "wait for it to end"},
    {SQLITE_READONLY, ERR_READ_ONLY, "may not be written",
     "check the owner and mode of the file and of its folder"},
    {SQLITE_CANTOPEN, ERR_READ_ONLY, "cannot be opened or created",
     "check that its folder exists and may be written"},
    {SQLITE_PERM, ERR_READ_ONLY, "may not be written", "check its owner and mode"},
    {SQLITE_AUTH, ERR_READ_ONLY, "may not be written", "check its owner and mode"},
    {SQLITE_FULL, ERR_FULL, "no space left on the disk", "free some space"},
    {SQLITE_NOTADB, ERR_CORRUPT, "is no SQLite file or is damaged", NULL},
    {SQLITE_CORRUPT, ERR_CORRUPT, "is damaged", NULL},
    {SQLITE_NOMEM, ERR_MEMORY, "out of memory", "lower the concurrency"},
    {SQLITE_TOOBIG, ERR_LIMIT, "a value is larger than SQLite takes", "shorten the answer"},
};

static const struct meaning other = {SQLITE_ERROR, ERR_IO, "input or output failed",
                                     "check the disk"};

static const char *remedy_of(const struct database *database, const struct meaning *meaning)
{
    if (meaning->remedy != NULL)
        return meaning->remedy;
    return database->deletable ? "delete it: it is only a cache and will be filled again"
                               : "move it away and restore a copy, or start afresh without it; "
                                 "'sqlite3 FILE .recover' may save what is readable";
}

int database_fail(struct database *database, int sqlite_code, const char *doing, struct err *reterr)
{
    const struct meaning *meaning = &other;
    const char *detail =
        database->handle != NULL ? sqlite3_errmsg(database->handle) : sqlite3_errstr(sqlite_code);

    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].sqlite_code == (sqlite_code & 0xff))
            meaning = &meanings[i];
    }
    if (sqlite_code == SQLITE_IOERR_WRITE && database->handle != NULL
        && sqlite3_system_errno(database->handle) == ENOSPC)
        return fail(reterr, ERR_FULL, "%s: cannot %s: no space left on the disk; free some space",
                    database->path, doing);
    return fail(reterr, meaning->code, "%s: cannot %s: %s (SQLite: %s); %s", database->path, doing,
                meaning->text, detail, remedy_of(database, meaning));
}

void database_wait(struct database *database, int wait_ms)
{
    (void)sqlite3_busy_timeout(database->handle, wait_ms);
}

int database_run(struct database *database, const char *sql, struct err *reterr)
{
    int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : database_fail(database, code, "write", reterr);
}

int database_prepare(struct database *database, size_t number, const char *sql,
                     sqlite3_stmt **ret_statement, struct err *reterr)
{
    assert_always(number < DATABASE_STATEMENTS_MAX);
    sqlite3_stmt **kept = &database->statements[number];

    if (*kept == NULL) {
        int code =
            sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
        if (code != SQLITE_OK)
            return database_fail(database, code, "read its tables", reterr);
    }
    /* What the last use failed with was told then. */
    (void)sqlite3_reset(*kept);
    (void)sqlite3_clear_bindings(*kept);
    *ret_statement = *kept;
    return 0;
}

int database_step_done(struct database *database, sqlite3_stmt *statement, const char *doing,
                       struct err *reterr)
{
    int code = sqlite3_step(statement);
    int failed = code == SQLITE_DONE ? 0 : database_fail(database, code, doing, reterr);

    (void)sqlite3_reset(statement);
    return failed;
}

int database_bind_text(sqlite3_stmt *statement, int column, struct view text)
{
    return sqlite3_bind_text64(statement, column, text.len != 0 ? text.ptr : "", text.len,
                               SQLITE_STATIC, SQLITE_UTF8);
}

struct view database_column(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    int len = sqlite3_column_bytes(statement, column);

    return bytes != NULL ? view_make(bytes, (size_t)len) : view_make("", 0);
}

static int read_version(struct database *database, int *ret_version, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database->handle, "PRAGMA user_version", -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_version = sqlite3_column_int(statement, 0);
    int failed = code == SQLITE_ROW ? 0 : database_fail(database, code, "open", reterr);
    (void)sqlite3_finalize(statement);
    return failed;
}

/* One step and its number, or neither. Another process may have taken it meanwhile: hence the
 * version is read again inside the transaction. */
static int migrate_one(struct database *database, const struct database_wish *wish, int *version,
                       struct err *reterr)
{
    char pragma[64];
    int code = database_run(database, "BEGIN IMMEDIATE", reterr);
    if (code != 0)
        return code;

    code = read_version(database, version, reterr);
    if (code == 0 && *version >= 0 && (size_t)*version < wish->step_count) {
        code = database_run(database, wish->steps[*version], reterr);
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", *version + 1);
        if (code == 0)
            code = database_run(database, pragma, reterr);
        if (code == 0)
            (*version)++;
    }
    if (code == 0)
        code = database_run(database, "COMMIT", reterr);
    if (code != 0)
        (void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

static int migrate(struct database *database, const struct database_wish *wish, struct err *reterr)
{
    int version = 0;
    int code = read_version(database, &version, reterr);

    while (code == 0 && version >= 0 && (size_t)version < wish->step_count)
        code = migrate_one(database, wish, &version, reterr);
    if (code == 0 && (version < 0 || (size_t)version > wish->step_count))
        return fail(reterr, ERR_UNSUPPORTED,
                    "%s: written by a newer assay (its tables are version %d, this program knows "
                    "%zu); update assay or use another file",
                    database->path, version, wish->step_count);
    return code;
}

static int make_folder(const char *path, struct err *reterr)
{
    struct strbuf folder;
    int code;

    strbuf_init(&folder, PATH_BYTES_MAX);
    strbuf_add(&folder, path_directory(view_of(path)));
    code = strbuf_status(&folder);
    if (code == 0)
        code = file_make_directories(strbuf_text(&folder), reterr);
    else
        fail(reterr, code, "%s: the path is too long", path);
    strbuf_release(&folder);
    return code;
}

static int configure(struct database *database, struct err *reterr)
{
    sqlite3_extended_result_codes(database->handle, 1);
    database_wait(database, DATABASE_BUSY_MS);
    int code = sqlite3_exec(database->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code =
            sqlite3_exec(database->handle, "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON",
                         NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : database_fail(database, code, "open", reterr);
}

int database_open(struct database *database, const struct database_wish *wish, struct err *reterr)
{
    size_t size = strlen(wish->path) + 1;

    *database = (struct database){.deletable = wish->deletable, .path = mem_new(size, 1)};
    if (database->path == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", wish->path);
    memcpy(database->path, wish->path, size);
    int code = make_folder(wish->path, reterr);
    if (code == 0) {
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
        int status = sqlite3_open_v2(wish->path, &database->handle, flags, NULL);
        code = status == SQLITE_OK ? configure(database, reterr)
                                   : database_fail(database, status, "open", reterr);
    }
    if (code == 0)
        code = migrate(database, wish, reterr);
    if (code != 0)
        database_close(database);
    return code;
}

void database_close(struct database *database)
{
    for (size_t i = 0; i < DATABASE_STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(database->statements[i]);
    if (database->handle != NULL && sqlite3_get_autocommit(database->handle) == 0)
        (void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
    /* The last one to close folds the WAL in and deletes it; this does so while others read. */
    if (database->handle != NULL)
        (void)sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
                                        NULL);
    (void)sqlite3_close_v2(database->handle);
    mem_free(database->path);
    *database = (struct database){0};
}
