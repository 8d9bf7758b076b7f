/* SPDX-License-Identifier: Apache-2.0
 *
 * store_prune: forgets old runs: see store.h. Which ones is settled first, in one look; then they
 * go a hundred at a time, each hundred one step on disk. */
#include "base/strbuf.h"
#include "shell/store/store.h"
#include "shell/store/store_list.h"

enum { STEP_RUNS = 100, SQL_BYTES_MAX = 4096 };

static const size_t IDS_BYTES_MAX = (size_t)1 << 30;

static int read_id(const struct store *store, struct arena *arena, void *ret_row)
{
    int status = 0;

    *(struct view *)ret_row = store_copy(store, 0, arena, &status);
    return status;
}

static int find_runs(struct store *store, const struct store_keep *keep, struct arena *arena,
                     struct view **ret_ids, size_t *ret_count, struct err *reterr)
{
    bool by_count = keep->newest > 0;
    void *rows = NULL;
    const struct sql_value values[] = {sql_number(by_count ? keep->newest : keep->since_unix_s),
                                       sql_text(keep->suite)};
    struct sql_question question = {
        .number = by_count ? STORE_EXCESS_RUNS : STORE_OLD_RUNS,
        .sql = by_count
                   ? "SELECT id FROM (SELECT id, sequence, suite, row_number() OVER (PARTITION "
                     "BY suite, kind ORDER BY sequence DESC) AS place FROM runs) AS placed "
                     "WHERE place > $1 AND ($2 = '' OR suite = $2) ORDER BY sequence"
                   : "SELECT id FROM runs WHERE started_unix_s < $1 AND ($2 = '' OR suite = "
                     "$2) ORDER BY sequence",
        .values = values,
        .count = 2,
        .doing = "read",
    };
    int code =
        store_gather(store, &question, read_id, sizeof **ret_ids, arena, &rows, ret_count, reterr);
    if (code == 0)
        *ret_ids = rows;
    return code;
}

static const char *delete_text(struct strbuf *sql)
{
    strbuf_add_text(sql, "DELETE FROM runs WHERE id IN (");
    for (int i = 1; i <= STEP_RUNS; i++)
        strbuf_printf(sql, i == 1 ? "$%d" : ", $%d", i);
    strbuf_add_byte(sql, ')');
    return strbuf_text(sql);
}

/* What is left of a step at the end repeats its last id. */
static int delete_step(struct store *store, const struct view *ids, size_t count, const char *sql,
                       struct err *reterr)
{
    struct sql_value values[STEP_RUNS];
    struct sql_question question = {.number = STORE_DELETE_RUNS,
                                    .sql = sql,
                                    .values = values,
                                    .count = STEP_RUNS,
                                    .doing = "delete runs"};

    for (size_t i = 0; i < STEP_RUNS; i++)
        values[i] = sql_text(ids[i < count ? i : count - 1]);
    int code = store_begin(store, reterr);
    if (code == 0)
        code = store_execute(store, &question, reterr);
    if (code == 0)
        code = store_commit(store, reterr);
    if (code != 0)
        store_rollback(store);
    return code;
}

static int delete_runs(struct store *store, const struct view *ids, size_t count,
                       size_t *ret_deleted, struct err *reterr)
{
    struct strbuf text;
    strbuf_init(&text, SQL_BYTES_MAX);
    const char *sql = delete_text(&text);
    int code = strbuf_status(&text);

    if (code != 0)
        fail(reterr, code, "%s: out of memory", store_label(store));
    for (size_t done = 0; done < count && code == 0;) {
        size_t step = count - done < STEP_RUNS ? count - done : STEP_RUNS;
        code = delete_step(store, ids + done, step, sql, reterr);
        done += step;
        if (code == 0)
            *ret_deleted = done;
    }
    strbuf_release(&text);
    return code;
}

int store_prune(struct store *store, const struct store_keep *keep, size_t *ret_count,
                struct err *reterr)
{
    struct view *ids = NULL;
    struct arena arena;
    size_t count = 0;

    *ret_count = 0;
    arena_init(&arena, IDS_BYTES_MAX);
    int code = find_runs(store, keep, &arena, &ids, &count, reterr);
    if (code == 0 && keep->dry_run)
        *ret_count = count;
    else if (code == 0)
        code = delete_runs(store, ids, count, ret_count, reterr);
    arena_release(&arena);
    return code;
}
