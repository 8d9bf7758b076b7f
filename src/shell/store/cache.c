/* SPDX-License-Identifier: Apache-2.0
 *
 * cache: see cache.h. Vectors are stored as little-endian IEEE 754 singles, as all machines we run
 * on hold them. */
#include "shell/store/cache.h"

#include "base/mem.h"
#include "shell/store/database.h"

enum { NUMBERS_MAX = 65536 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "vectors are stored as they lie");

enum statement { GET_VECTOR, PUT_VECTOR };

static const char *const steps[] = {
    /* 1 */
    "CREATE TABLE vectors ("
    "  scorer TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL,"
    "  PRIMARY KEY (scorer, hash)"
    ") WITHOUT ROWID;",
};

struct cache {
    struct database database;
};

int cache_open(const char *path, struct cache **ret_cache, struct err *reterr)
{
    struct database_wish wish = {.path = path,
                                 .steps = steps,
                                 .step_count = sizeof steps / sizeof steps[0],
                                 .deletable = true};
    struct cache *cache = mem_new(1, sizeof *cache);
    if (cache == NULL)
        return fail(reterr, ERR_MEMORY, "%s: out of memory", path);

    int code = database_open(&cache->database, &wish, reterr);
    if (code != 0) {
        mem_free(cache);
        return code;
    }
    *ret_cache = cache;
    return 0;
}

void cache_close(struct cache *cache)
{
    if (cache == NULL)
        return;
    database_close(&cache->database);
    mem_free(cache);
}

int cache_begin(struct cache *cache, struct err *reterr)
{
    return database_run(&cache->database, "BEGIN IMMEDIATE", reterr);
}

int cache_commit(struct cache *cache, struct err *reterr)
{
    return database_run(&cache->database, "COMMIT", reterr);
}

static int bind_key(sqlite3_stmt *statement, struct view scorer, const struct digest *digest)
{
    int status = database_bind_text(statement, 1, scorer);

    if (status != SQLITE_OK)
        return status;
    return sqlite3_bind_blob(statement, 2, digest->bytes, DIGEST_SIZE, SQLITE_STATIC);
}

int cache_get_vector(struct cache *cache, struct view scorer, const struct digest *digest,
                     float *vector, size_t room, size_t *ret_count, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;
    int code = database_prepare(&cache->database, GET_VECTOR,
                                "SELECT vector FROM vectors WHERE scorer = ?1 AND hash = ?2",
                                &statement, reterr);
    if (code != 0)
        return code;

    int status = bind_key(statement, scorer, digest);
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    struct view bytes = {0};
    if (status == SQLITE_ROW)
        bytes = database_column(statement, 0);
    if (status == SQLITE_DONE)
        code = fail(reterr, ERR_MISSING, "%s: no such vector", cache->database.path);
    else if (status != SQLITE_ROW)
        code = database_fail(&cache->database, status, "read", reterr);
    else if (bytes.len % sizeof *vector != 0 || bytes.len > room * sizeof *vector)
        code = fail(reterr, ERR_INVALID,
                    "%s: a vector of %zu bytes where %zu numbers at most are expected; delete the "
                    "file: it is only a cache",
                    cache->database.path, bytes.len, room);
    else if (bytes.len != 0)
        memcpy(vector, bytes.ptr, bytes.len);
    if (code == 0)
        *ret_count = bytes.len / sizeof *vector;
    (void)sqlite3_reset(statement);
    return code;
}

int cache_put_vector(struct cache *cache, struct view scorer, const struct digest *digest,
                     const float *vector, size_t count, struct err *reterr)
{
    sqlite3_stmt *statement = NULL;

    if (count > NUMBERS_MAX)
        return fail(reterr, ERR_LIMIT,
                    "a vector of %zu numbers is longer than the %d a cache holds", count,
                    NUMBERS_MAX);
    int code = database_prepare(
        &cache->database, PUT_VECTOR,
        "INSERT OR REPLACE INTO vectors (scorer, hash, vector) VALUES (?1, ?2, ?3)", &statement,
        reterr);
    if (code != 0)
        return code;
    int status = bind_key(statement, scorer, digest);
    if (status == SQLITE_OK)
        status = sqlite3_bind_blob64(statement, 3, vector, count * sizeof *vector, SQLITE_STATIC);
    if (status != SQLITE_OK)
        return database_fail(&cache->database, status, "write", reterr);
    return database_step_done(&cache->database, statement, "write", reterr);
}
