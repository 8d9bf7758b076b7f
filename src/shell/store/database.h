/* SPDX-License-Identifier: Apache-2.0
 *
 * database: a SQLite file opened our way, and its failures in our codes and words. Private to
 * shell/store.
 *
 * Threads: one owner a database (SQLite's own locks are off). */
#ifndef ASSAY_SHELL_STORE_DATABASE_H
#define ASSAY_SHELL_STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

enum { DATABASE_STATEMENTS_MAX = 24, DATABASE_BUSY_MS = 5000 };

struct database {
    sqlite3 *handle;
    char *path;
    bool deletable; /* the remedy for damage may be to delete the file */
    sqlite3_stmt *statements[DATABASE_STATEMENTS_MAX]; /* prepared on first use, by number */
};

struct database_wish {
    const char *path;
    const char *const *steps; /* SQL that brings version i to i + 1; PRAGMA user_version counts */
    size_t step_count;
    bool deletable;
};

/* Opens or creates the file with its folder, in WAL mode, and runs the steps it lacks, each in a
 * transaction of its own. The codes are those of store.h. */
MUST_CHECK int database_open(struct database *database, const struct database_wish *wish,
                             struct err *reterr);

/* Folds the WAL into the file and closes it. A zeroed database is fine. */
void database_close(struct database *database);

/* How long other writers are waited for from now on; DATABASE_BUSY_MS at first. */
void database_wait(struct database *database, int wait_ms);

MUST_CHECK int database_run(struct database *database, const char *sql, struct err *reterr);

/* The statement with that number, reset, prepared from `sql` the first time. */
MUST_CHECK int database_prepare(struct database *database, size_t number, const char *sql,
                                sqlite3_stmt **ret_statement, struct err *reterr);

/* Steps a statement that returns no rows, and resets it. */
MUST_CHECK int database_step_done(struct database *database, sqlite3_stmt *statement,
                                  const char *doing, struct err *reterr);

/* Fills reterr for what SQLite last said, and returns our code. */
int database_fail(struct database *database, int sqlite_code, const char *doing,
                  struct err *reterr);

/* Binds text that holds until the statement is reset; an empty view is the empty text. */
int database_bind_text(sqlite3_stmt *statement, int column, struct view text);

/* The bytes of a column of the present row; hold until the next step. */
struct view database_column(sqlite3_stmt *statement, int column);

#endif
