/* SPDX-License-Identifier: Apache-2.0
 *
 * libpq: the functions we use of PostgreSQL's client library, found at run time: linking it would
 * add twenty libraries and two milliseconds to every start of a program that seldom needs it.
 * Private to shell/store.
 *
 * Declared after libpq-fe.h of PostgreSQL 12 and later (libpq.so.5, its ABI stands since 2006).
 * Memory: the library stays loaded. Threads: libpq_get may be called by any. */
#ifndef ASSAY_SHELL_STORE_LIBPQ_H
#define ASSAY_SHELL_STORE_LIBPQ_H

#include "base/err.h"

struct pg_conn;   /* PGconn */
struct pg_result; /* PGresult */

/* PQconninfoOption */
struct pg_option {
    char *keyword;
    char *envvar;
    char *compiled;
    char *value; /* NULL: not given */
    char *label;
    char *dispchar;
    int dispsize;
};

enum { PG_CONNECTION_OK = 0, PG_CONNECTION_BAD = 1 }; /* ConnStatusType */
enum { PG_POLLING_FAILED = 0, PG_POLLING_READING, PG_POLLING_WRITING, PG_POLLING_OK };
enum { PG_EMPTY_QUERY = 0, PG_COMMAND_OK = 1, PG_TUPLES_OK = 2, PG_SINGLE_TUPLE = 9 };
enum { PG_DIAG_SQLSTATE = 'C' };

struct libpq {
    struct pg_option *(*conninfo_parse)(const char *text, char **ret_message);
    void (*conninfo_free)(struct pg_option *options);
    void (*freemem)(void *block);
    struct pg_conn *(*connect_start)(const char *const *keywords, const char *const *values,
                                     int expand_dbname);
    int (*connect_poll)(struct pg_conn *conn);
    void (*finish)(struct pg_conn *conn);
    int (*status)(const struct pg_conn *conn);
    int (*socket)(const struct pg_conn *conn);
    char *(*error_message)(const struct pg_conn *conn);
    int (*server_version)(const struct pg_conn *conn);
    const char *(*parameter_status)(const struct pg_conn *conn, const char *name);
    int (*transaction_status)(const struct pg_conn *conn);
    int (*set_nonblocking)(struct pg_conn *conn, int on);
    int (*send_query)(struct pg_conn *conn, const char *sql, int count, const unsigned *types,
                      const char *const *values, const int *lengths, const int *formats,
                      int result_format);
    int (*set_single_row_mode)(struct pg_conn *conn);
    int (*flush)(struct pg_conn *conn);
    int (*consume_input)(struct pg_conn *conn);
    int (*is_busy)(struct pg_conn *conn);
    struct pg_result *(*get_result)(struct pg_conn *conn);
    void *(*set_notice_processor)(struct pg_conn *conn,
                                  void (*processor)(void *context, const char *message),
                                  void *context);
    int (*result_status)(const struct pg_result *result);
    char *(*result_error)(const struct pg_result *result, int field);
    char *(*result_message)(const struct pg_result *result);
    void (*clear)(struct pg_result *result);
    int (*ntuples)(const struct pg_result *result);
    int (*getisnull)(const struct pg_result *result, int row, int column);
    char *(*getvalue)(const struct pg_result *result, int row, int column);
    int (*getlength)(const struct pg_result *result, int row, int column);
};

/* The library, loaded the first time. ERR_UNSUPPORTED with the remedy where it is not installed. */
MUST_CHECK int libpq_get(const struct libpq **ret_libpq, struct err *reterr);

#endif
