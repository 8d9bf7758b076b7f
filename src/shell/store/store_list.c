/* SPDX-License-Identifier: Apache-2.0
 *
 * store_list: see store_list.h. */
#include "shell/store/store_list.h"

#include "base/mem.h"

bool store_is_null(const struct store *store, int column)
{
    return store->engine->is_null(store->connection, column);
}

int64_t store_number(const struct store *store, int column)
{
    return store->engine->number(store->connection, column);
}

struct view store_text(const struct store *store, int column)
{
    return store->engine->text(store->connection, column);
}

struct view store_copy(const struct store *store, int column, struct arena *arena, int *status)
{
    struct view copy = {0};

    if (*status == 0)
        *status = arena_copy(arena, store_text(store, column), &copy);
    return copy;
}

static int too_much(const struct store *store, int code, struct err *reterr)
{
    return fail(reterr, code, "%s: more than fits into memory", store_label(store));
}

/* All rows into a block that the caller frees. */
static int read_rows(struct store *store, store_row_reader *reader, size_t row_size,
                     struct arena *arena, char **rows, size_t *count, struct err *reterr)
{
    size_t capacity = 0;

    for (;;) {
        int code = store->engine->next(store->connection, reterr);
        if (code <= 0)
            return code;
        if (*count == capacity) {
            capacity = capacity != 0 ? capacity * 2 : 64;
            char *grown = mem_resize(*rows, capacity, row_size);
            if (grown == NULL)
                return too_much(store, ERR_MEMORY, reterr);
            *rows = grown;
        }
        code = reader(store, arena, *rows + *count * row_size);
        if (code != 0)
            return too_much(store, code, reterr);
        (*count)++;
    }
}

int store_gather(struct store *store, const struct sql_question *question, store_row_reader *reader,
                 size_t row_size, struct arena *arena, void **ret_rows, size_t *ret_count,
                 struct err *reterr)
{
    char *rows = NULL;
    size_t count = 0;
    int code = store->engine->ask(store->connection, question, reterr);

    if (code == 0)
        code = read_rows(store, reader, row_size, arena, &rows, &count, reterr);
    store->engine->end(store->connection);
    void *kept = code == 0 ? arena_new(arena, count + 1, row_size) : NULL;
    if (code == 0 && kept == NULL)
        code = too_much(store, ERR_MEMORY, reterr);
    if (code == 0) {
        if (count != 0)
            memcpy(kept, rows, count * row_size);
        *ret_rows = kept;
        *ret_count = count;
    }
    mem_free(rows);
    return code;
}

int store_gather_one(struct store *store, const struct sql_question *question,
                     store_row_reader *reader, struct arena *arena, void *ret_row,
                     struct err *reterr)
{
    int code = store->engine->ask(store->connection, question, reterr);

    if (code == 0)
        code = store->engine->next(store->connection, reterr);
    if (code == 0) {
        code = ERR_MISSING;
    } else if (code > 0) {
        code = reader(store, arena, ret_row);
        if (code != 0)
            code = too_much(store, code, reterr);
    }
    store->engine->end(store->connection);
    return code;
}

int store_execute(struct store *store, const struct sql_question *question, struct err *reterr)
{
    int code = store->engine->ask(store->connection, question, reterr);

    if (code == 0)
        code = store->engine->next(store->connection, reterr);
    store->engine->end(store->connection);
    return code < 0 ? code : 0;
}
