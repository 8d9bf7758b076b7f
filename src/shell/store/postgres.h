/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres: a connection to a PostgreSQL database. Private to shell/store: postgres.c opens it and
 * brings its tables up to date, sql_postgres.c asks it.
 *
 * Threads: one owner a connection. */
#ifndef ASSAY_SHELL_STORE_POSTGRES_H
#define ASSAY_SHELL_STORE_POSTGRES_H

#include "shell/store/libpq.h"
#include "shell/store/postgres_url.h"
#include "shell/store/sql.h"

/* The server gives up first, and says why. */
enum { POSTGRES_STATEMENT_MS = 30000, POSTGRES_ANSWER_IN_MS = 40000 };

struct postgres {
    const struct libpq *libpq;
    struct pg_conn *conn;
    struct postgres_url url;
    struct pg_result *row; /* the present one; NULL: none */
    const char *doing;     /* of the open question */
    bool is_asking;        /* more of its answer may come */
    bool is_lost;          /* nothing can be asked any more */
};

MUST_CHECK int postgres_open(const char *where, void **ret_connection, struct err *reterr);
void postgres_disconnect(struct postgres *postgres);

MUST_CHECK int postgres_wait(struct postgres *postgres, bool writing, uint64_t until_ns);
MUST_CHECK int postgres_ask(void *connection, const struct sql_question *question,
                            struct err *reterr);
MUST_CHECK int postgres_next(void *connection, struct err *reterr);
void postgres_end(void *connection);
MUST_CHECK int postgres_run(void *connection, const char *sql, bool patient, struct err *reterr);
int64_t postgres_number(const void *connection, int column);

#endif
