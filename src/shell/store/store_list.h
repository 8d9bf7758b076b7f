/* SPDX-License-Identifier: Apache-2.0
 *
 * store_list: what the files of the store share: asking a question of the store's connection, and
 * gathering the rows of an answer. Private to shell/store.
 *
 * Threads: as the store. */
#ifndef ASSAY_SHELL_STORE_STORE_LIST_H
#define ASSAY_SHELL_STORE_STORE_LIST_H

#include "shell/store/sql.h"
#include "shell/store/store.h"

/* Numbers under which statements stay prepared. */
enum store_statement {
    STORE_PUT_RUN,
    STORE_PUT_RESULTS,
    STORE_PUT_TEMPLATE,
    STORE_LIST_RUNS,
    STORE_LIST_BRIEF,
    STORE_LIST_VERSION,
    STORE_LIST_VERSION_BRIEF,
    STORE_GET_RUN,
    STORE_FIND_RUN,
    STORE_LIST_RESULTS,
    STORE_LIST_POINTS,
    STORE_OLD_RUNS,
    STORE_EXCESS_RUNS,
    STORE_DELETE_RUNS,
    STORE_GET_TEMPLATE,
};

struct store {
    const struct sql_engine *engine;
    void *connection;
};

/* Reads the present row into ret_row, with its texts in the arena. */
typedef int store_row_reader(const struct store *store, struct arena *arena, void *ret_row);

/* All rows of an answer, copied into the arena. */
MUST_CHECK int store_gather(struct store *store, const struct sql_question *question,
                            store_row_reader *reader, size_t row_size, struct arena *arena,
                            void **ret_rows, size_t *ret_count, struct err *reterr);

/* The first row; ERR_MISSING without a text where there is none. */
MUST_CHECK int store_gather_one(struct store *store, const struct sql_question *question,
                                store_row_reader *reader, struct arena *arena, void *ret_row,
                                struct err *reterr);

/* A statement that gives no rows. */
MUST_CHECK int store_execute(struct store *store, const struct sql_question *question,
                             struct err *reterr);

/* Columns of the present row; a copied text's first failure sticks in *status. */
struct view store_copy(const struct store *store, int column, struct arena *arena, int *status);
bool store_is_null(const struct store *store, int column);
int64_t store_number(const struct store *store, int column);
struct view store_text(const struct store *store, int column);

#endif
