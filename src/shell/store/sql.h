/* SPDX-License-Identifier: Apache-2.0
 *
 * sql: what the store needs of a database, as one row of functions; sql_sqlite.c and sql_postgres.c
 * have a row each. Private to shell/store.
 *
 * One dialect for both: parameters are $1, $2, … and first appear in that order; ON CONFLICT; text
 * compares by bytes. One question at a time is open on a connection: ask, then next until it
 * returns no row, or end. Codes and texts are those of store.h.
 * Threads: one owner a connection. */
#ifndef ASSAY_SHELL_STORE_SQL_H
#define ASSAY_SHELL_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum { SQL_PARAMETERS_MAX = 1000 };

enum sql_kind { SQL_NULL, SQL_NUMBER, SQL_TEXT };

/* A parameter; text is borrowed until the question has ended. */
struct sql_value {
    enum sql_kind kind;
    int64_t number;
    struct view text;
};

struct sql_question {
    size_t number; /* of the statement, for keeping it prepared */
    const char *sql;
    const struct sql_value *values;
    size_t count;
    const char *doing; /* "record a run", for messages */
};

struct sql_engine {
    const char *begin;         /* opens a transaction that is going to write */
    const char *next_sequence; /* SQL: the next run's number */
    size_t rows_max;           /* rows that one INSERT should carry */
    int (*open)(const char *where, void **ret_connection, struct err *reterr);
    void (*close)(void *connection);
    const char *(*label)(const void *connection);
    /* A statement without parameters and rows. `patient`: it may wait long for other writers. */
    int (*run)(void *connection, const char *sql, bool patient, struct err *reterr);
    /* Does nothing where no transaction is open. */
    void (*rollback)(void *connection);
    /* ERR_MISSING from next where a row would refer to one that is not there. */
    int (*ask)(void *connection, const struct sql_question *question, struct err *reterr);
    int (*next)(void *connection, struct err *reterr); /* 1: a row, 0: no more, or a code */
    void (*end)(void *connection);
    /* Of the present row; text holds until the next step. */
    bool (*is_null)(const void *connection, int column);
    int64_t (*number)(const void *connection, int column);
    struct view (*text)(const void *connection, int column);
};

extern const struct sql_engine sql_sqlite;
extern const struct sql_engine sql_postgres;

static inline struct sql_value sql_text(struct view text)
{
    return (struct sql_value){.kind = SQL_TEXT, .text = text};
}

static inline struct sql_value sql_number(int64_t number)
{
    return (struct sql_value){.kind = SQL_NUMBER, .number = number};
}

static inline struct sql_value sql_optional(bool known, int64_t number)
{
    return known ? sql_number(number) : (struct sql_value){.kind = SQL_NULL};
}

#endif
