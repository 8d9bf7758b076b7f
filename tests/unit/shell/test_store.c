/* SPDX-License-Identifier: Apache-2.0
 *
 * The history in a file and the cache of embeddings, with the disks and files that go wrong. What
 * every engine of the history promises is in test_store_engines.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "shell/os/clock.h"
#include "shell/os/file.h"
#include "shell/store/cache.h"
#include "shell/store/store.h"

enum { NOBODY = 65534 };

static char folder[256];
static char path[300];
static struct arena arena;

static int set_up(void **state)
{
    static const struct view prefix = VIEW("assay-test");
    struct strbuf name;
    struct err err;

    (void)state;
    strbuf_init(&name, sizeof folder - 1);
    assert_int_equal(file_make_temporary(prefix, &name, &err), 0);
    snprintf(folder, sizeof folder, "%s", strbuf_text(&name));
    snprintf(path, sizeof path, "%s/.assay/history.db", folder);
    strbuf_release(&name);
    assert_int_equal(chmod(folder, 0755), 0);
    arena_init(&arena, 16 << 20);
    return 0;
}

static int tear_down(void **state)
{
    struct err err;

    (void)state;
    arena_release(&arena);
    assert_int_equal(file_remove_tree(folder, &err), 0);
    return 0;
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct err err = {0};

    if (store_open(path, &store, &err) != 0)
        fail_msg("%s", err.text);
    return store;
}

static struct store_run make_run(const char *id, int64_t started_unix_s)
{
    return (struct store_run){
        .id = view_of(id),
        .kind = view_of("test"),
        .suite = view_of("manga"),
        .target = view_of("sim"),
        .started_unix_s = started_unix_s,
        .finished_unix_s = started_unix_s + 5,
        .exit_status = 1,
        .templates_json = view_of("{\"recommend\":\"abc\"}"),
        .summary_json = view_of("{\"entries\":2}"),
    };
}

static void put_run(struct store *store, const struct store_run *run)
{
    struct err err = {0};

    if (store_put_run(store, run, &err) != 0)
        fail_msg("%s", err.text);
}

static void closing_leaves_one_file(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1);
    struct view *names = NULL;
    size_t count = 0;
    struct err err;
    char inner[300];

    (void)state;
    put_run(store, &run);
    store_close(store);
    snprintf(inner, sizeof inner, "%s/.assay", folder);
    assert_int_equal(file_list(inner, &arena, &names, &count, &err), 0);
    assert_int_equal(count, 1);
}

static void run_sql(const char *sql)
{
    sqlite3 *handle = NULL;

    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

/* As the first version made it. */
static void make_first_version(void)
{
    char inner[300];
    struct err err;

    snprintf(inner, sizeof inner, "%s/.assay", folder);
    assert_int_equal(file_make_directories(inner, &err), 0);
    run_sql("CREATE TABLE runs (id TEXT PRIMARY KEY, kind TEXT NOT NULL, suite TEXT NOT NULL,"
            " target TEXT NOT NULL, started_unix_s INTEGER NOT NULL,"
            " finished_unix_s INTEGER NOT NULL, exit_status INTEGER NOT NULL,"
            " templates_json TEXT NOT NULL, summary_json TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE INDEX runs_by_start ON runs (started_unix_s DESC, id DESC);"
            "CREATE TABLE results (run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
            " entry_id TEXT NOT NULL, sample INTEGER NOT NULL, score_micro INTEGER,"
            " severity TEXT NOT NULL, latency_ns INTEGER, result_json TEXT NOT NULL,"
            " PRIMARY KEY (run_id, entry_id, sample)) WITHOUT ROWID;"
            "CREATE INDEX results_by_entry ON results (entry_id, run_id);"
            "CREATE TABLE templates (hash TEXT NOT NULL, prompt TEXT NOT NULL,"
            " first_seen_unix_s INTEGER NOT NULL, text TEXT NOT NULL,"
            " PRIMARY KEY (hash, prompt)) WITHOUT ROWID;"
            "PRAGMA user_version = 1;"
            "INSERT INTO runs VALUES ('new', 'test', 'manga', 'sim', 200, 201, 1, '{}',"
            " '{\"gate\":{\"outcome\":\"fail\"},\"mean\":{\"score\":0.812345},"
            "\"cost_usd\":0.000000007,\"embedding\":\"tfidf/1\"}'),"
            " ('old', 'test', 'manga', 'sim', 100, 101, 0, '{}', 'no JSON');"
            "INSERT INTO results VALUES ('new', 'a @sim', -1, 5, 'major', 7, '{\"id\":\"a\"}'),"
            " ('new', 'b @sim', -1, NULL, 'none', NULL, '{}')");
}

static void a_file_of_the_first_version_is_brought_up_to_date_without_loss(void **state)
{
    struct store_filter filter = {0};
    struct store_result *results;
    struct store_keep keep = {.newest = 1};
    struct store_run *runs;
    size_t count;
    struct err err;

    (void)state;
    make_first_version();
    struct store *store = open_store();
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(view_is(runs[0].id, "new") && view_is(runs[1].id, "old"));
    assert_int_equal(runs[0].sequence, 2);
    assert_true(runs[0].has_score && runs[0].mean_micro == 812345);
    assert_true(runs[0].has_cost && runs[0].cost_nano_usd == 7);
    assert_true(view_is(runs[0].outcome, "fail") && view_is(runs[0].scorer, "tfidf/1"));
    assert_int_equal(runs[0].entry_count, 2);
    assert_int_equal(runs[0].failing_count, 1);
    assert_false(runs[1].has_score);
    assert_int_equal(store_list_results(store, view_of("new"), &arena, &results, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(view_is(results[0].result_json, "{\"id\":\"a\"}") && results[0].latency_ns == 7);
    assert_false(results[1].has_score);
    /* results still go with their run, and need one */
    struct store_result lost = {.run_id = view_of("none"), .entry_id = view_of("e")};
    assert_int_equal(store_put_result(store, &lost, &err), ERR_MISSING);
    struct store_run next = make_run("next", 50);
    put_run(store, &next);
    assert_int_equal(store_prune(store, &keep, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_list_results(store, view_of("new"), &arena, &results, &count, &err), 0);
    assert_int_equal(count, 0);
    store_close(store);
}

static void a_file_of_a_newer_assay_is_refused(void **state)
{
    struct store *store = open_store();
    struct err err;

    (void)state;
    store_close(store);
    run_sql("PRAGMA user_version = 99");
    assert_int_equal(store_open(path, &store, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "newer assay"));
    assert_non_null(strstr(err.text, "update assay"));
}

static void a_damaged_file_is_named_with_the_remedy(void **state)
{
    struct store *store = open_store();
    struct cache *cache = NULL;
    struct err err;
    char garbage[8192];

    (void)state;
    store_close(store);
    memset(garbage, 'x', sizeof garbage);
    assert_int_equal(file_write(path, view_make(garbage, sizeof garbage), &err), 0);
    assert_int_equal(store_open(path, &store, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "restore a copy"));
    assert_int_equal(cache_open(path, &cache, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.text, "delete it: it is only a cache"));
}

static void a_file_damaged_in_the_middle_is_found_when_it_is_read(void **state)
{
    struct store *store = open_store();
    struct strbuf content;
    struct store_filter filter = {0};
    struct store_run *runs = NULL;
    size_t count = 0;
    struct err err;
    char id[16];

    (void)state;
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "r%d", i);
        struct store_run run = make_run(id, i);
        put_run(store, &run);
    }
    store_close(store);
    strbuf_init(&content, 10 << 20);
    assert_int_equal(file_read(path, &content, &err), 0);
    assert_true(content.len > 3 * 4096);
    memset(content.ptr + 4096, 0xa5, content.len - 4096);
    assert_int_equal(file_write(path, strbuf_view(&content), &err), 0);
    strbuf_release(&content);
    int code = store_open(path, &store, &err);
    if (code == 0) {
        code = store_list_runs(store, &filter, &arena, &runs, &count, &err);
        store_close(store);
    }
    assert_int_equal(code, ERR_CORRUPT);
    assert_non_null(strstr(err.text, path));
}

/* A child that holds the write lock until it is killed; returns once it does. */
static pid_t lock_from_outside(void)
{
    int ends[2];
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *handle = NULL;
        bool held = sqlite3_open(path, &handle) == SQLITE_OK
                    && sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
        (void)!write(ends[1], held ? "y" : "n", 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void a_locked_file_is_waited_for_and_then_said(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1), found;
    struct err err;

    (void)state;
    pid_t child = lock_from_outside();
    uint64_t start_ns = clock_now_ns();
    assert_int_equal(store_put_run(store, &run, &err), ERR_LOCKED);
    assert_true(clock_now_ns() - start_ns >= 4000000000u);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "in use by another process"));
    assert_int_equal(store_get_run(store, run.id, &arena, &found, &err), ERR_MISSING);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    put_run(store, &run);
    store_close(store);
}

static void what_may_not_be_written_is_said(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1);
    char inner[300], nowhere[300];
    struct err open_err, new_err;

    (void)state;
    put_run(store, &run);
    store_close(store);
    snprintf(inner, sizeof inner, "%s/.assay", folder);
    snprintf(nowhere, sizeof nowhere, "%s/other/history.db", folder);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(inner, 0555), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_true(geteuid() != 0 || seteuid(NOBODY) == 0);
    int open_code = store_open(path, &store, &open_err);
    if (open_code == 0) {
        open_code = store_put_run(store, &run, &open_err);
        store_close(store);
    }
    int new_code = store_open(nowhere, &store, &new_err);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(inner, 0755), 0);
    assert_int_equal(open_code, ERR_READ_ONLY);
    assert_non_null(strstr(open_err.text, path));
    assert_int_equal(new_code, ERR_READ_ONLY);
    assert_non_null(strstr(new_err.text, "/other"));
}

static void a_full_disk_is_said_and_what_was_stored_stays(void **state)
{
    char inner[300], large[20000];
    struct store_run run = make_run("r1", 1), found;
    struct err err = {0};
    int code = 0;

    (void)state;
    snprintf(inner, sizeof inner, "%s/.assay", folder);
    assert_int_equal(file_make_directories(inner, &err), 0);
    if (mount("none", inner, "tmpfs", 0, "size=512k") != 0) {
        print_message("no small file system can be mounted here: not tried\n");
        skip();
    }
    memset(large, 'x', sizeof large);
    struct store *store = open_store();
    put_run(store, &run);
    for (int i = 0; i < 1000 && code == 0; i++) {
        char id[16];
        snprintf(id, sizeof id, "large%d", i);
        struct store_run next = make_run(id, 2);
        next.summary_json = view_make(large, sizeof large);
        code = store_put_run(store, &next, &err);
    }
    assert_int_equal(code, ERR_FULL);
    assert_non_null(strstr(err.text, "free some space"));
    assert_int_equal(store_get_run(store, run.id, &arena, &found, &err), 0);
    store_close(store);
    assert_int_equal(umount(inner), 0);
}

static void two_stores_on_one_file_see_each_other(void **state)
{
    struct store *one = open_store();
    struct store *two = open_store();
    struct store_run run = make_run("r1", 1), found;
    struct err err;

    (void)state;
    put_run(one, &run);
    assert_int_equal(store_get_run(two, run.id, &arena, &found, &err), 0);
    store_close(one);
    run.id = view_of("r2");
    put_run(two, &run);
    store_close(two);
}

static void vectors_come_back_bit_for_bit(void **state)
{
    static const struct view scorer = VIEW("e5-small-q4/1"), other = VIEW("e5-small-q4/2");
    struct cache *cache = NULL;
    struct digest one = digest_of(view_of("one")), two = digest_of(view_of("two"));
    float vector[384], found[384];
    size_t count = 0;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 384; i++)
        vector[i] = 1.0f / (float)(i + 3);
    assert_int_equal(cache_open(path, &cache, &err), 0);
    assert_int_equal(cache_begin(cache, &err), 0);
    assert_int_equal(cache_put_vector(cache, scorer, &one, vector, 384, &err), 0);
    assert_int_equal(cache_put_vector(cache, scorer, &one, vector, 384, &err), 0);
    assert_int_equal(cache_commit(cache, &err), 0);
    cache_close(cache);
    assert_int_equal(cache_open(path, &cache, &err), 0);
    assert_int_equal(cache_get_vector(cache, scorer, &one, found, 384, &count, &err), 0);
    assert_int_equal(count, 384);
    assert_memory_equal(found, vector, sizeof vector);
    assert_int_equal(cache_get_vector(cache, scorer, &two, found, 384, &count, &err), ERR_MISSING);
    assert_int_equal(cache_get_vector(cache, other, &one, found, 384, &count, &err), ERR_MISSING);
    assert_int_equal(cache_get_vector(cache, scorer, &one, found, 100, &count, &err), ERR_INVALID);
    assert_int_equal(cache_put_vector(cache, scorer, &one, vector, 65537, &err), ERR_LIMIT);
    cache_close(cache);
}

static void no_memory_is_an_error(void **state)
{
    struct store *store = NULL;
    struct cache *cache = NULL;
    struct err err;

    (void)state;
    for (unsigned long n = 1; n < 4; n++) {
        mem_fail_at(n);
        int store_code = store_open(path, &store, &err);
        mem_fail_at(n);
        int cache_code = cache_open(path, &cache, &err);
        mem_fail_at(0);
        assert_true(store_code == ERR_MEMORY);
        assert_true(cache_code == ERR_MEMORY);
    }
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(closing_leaves_one_file),
        IN_FOLDER(a_file_of_the_first_version_is_brought_up_to_date_without_loss),
        IN_FOLDER(a_file_of_a_newer_assay_is_refused),
        IN_FOLDER(a_damaged_file_is_named_with_the_remedy),
        IN_FOLDER(a_file_damaged_in_the_middle_is_found_when_it_is_read),
        IN_FOLDER(a_locked_file_is_waited_for_and_then_said),
        IN_FOLDER(what_may_not_be_written_is_said),
        IN_FOLDER(a_full_disk_is_said_and_what_was_stored_stays),
        IN_FOLDER(two_stores_on_one_file_see_each_other),
        IN_FOLDER(vectors_come_back_bit_for_bit),
        IN_FOLDER(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
