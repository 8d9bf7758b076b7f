/* SPDX-License-Identifier: Apache-2.0
 *
 * What the history promises whatever keeps it: the same tests over SQLite and over PostgreSQL. What
 * files alone do is in test_store.c, what servers alone do in test_store_postgres.c. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/digest.h"
#include "postgres_rig.h"
#include "shell/os/clock.h"
#include "shell/os/file.h"
#include "shell/store/store.h"

enum { MANY_RUNS = 100000, LIST_NS_MAX = 100000000 };

/* Under the sanitizers everything takes longer; the limit is for what people run. */
#ifdef __SANITIZE_ADDRESS__
enum { SLOWNESS = 5 };
#else
enum { SLOWNESS = 1 };
#endif

static char folder[256];
static char path[300];
static struct arena arena;
static bool on_postgres;

static const char *where(void)
{
    return on_postgres ? postgres_rig_url() : path;
}

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
    arena_init(&arena, 256 << 20);
    if (on_postgres)
        postgres_rig_sql("postgres", "DROP SCHEMA IF EXISTS assay CASCADE");
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

    if (store_open(where(), &store, &err) != 0)
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
        .outcome = view_of("fail"),
        .has_score = true,
        .mean_micro = 912345,
        .has_cost = true,
        .cost_nano_usd = 5000000000,
        .entry_count = 2,
        .failing_count = 1,
        .scorer = view_of("tfidf/1"),
        .family = view_of("0123456789ab"),
        .templates_json = view_of("{\"recommend\":\"abcdef012345\"}"),
        .summary_json = view_of("{\"entries\":2}"),
    };
}

static void put_run(struct store *store, const struct store_run *run)
{
    struct err err = {0};

    if (store_put_run(store, run, &err) != 0)
        fail_msg("%s", err.text);
}

static void put_result(struct store *store, const struct store_result *result)
{
    struct err err = {0};

    if (store_put_result(store, result, &err) != 0)
        fail_msg("%s", err.text);
}

static void a_run_and_its_results_come_back_after_a_restart(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1000), found;
    struct store_result *results = NULL;
    struct store_result parts[] = {
        {.run_id = run.id,
         .entry_id = view_of("e2"),
         .sample = -1,
         .has_score = true,
         .score_micro = 987654,
         .severity = view_of("major"),
         .latency_ns = 5,
         .result_json = view_of("{\"text\":\"鬼滅の刃\"}")},
        {.run_id = run.id,
         .entry_id = view_of("e1"),
         .sample = 0,
         .latency_ns = -1,
         .result_json = view_of("{}")},
    };
    size_t count = 0;
    struct err err;

    (void)state;
    put_run(store, &run);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(store_put_result(store, &parts[i], &err), 0);
    store_close(store);
    store = open_store();
    assert_int_equal(store_get_run(store, view_of("r1"), &arena, &found, &err), 0);
    assert_true(view_equal(found.kind, run.kind) && view_equal(found.suite, run.suite));
    assert_true(view_equal(found.target, run.target));
    assert_true(view_equal(found.templates_json, run.templates_json));
    assert_true(view_equal(found.summary_json, run.summary_json));
    assert_int_equal(found.finished_unix_s, 1005);
    assert_int_equal(found.exit_status, 1);
    assert_int_equal(store_list_results(store, run.id, &arena, &results, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(view_is(results[0].entry_id, "e1"));
    assert_false(results[0].has_score);
    assert_int_equal(results[0].latency_ns, -1);
    assert_int_equal(results[0].severity.len, 0);
    assert_true(results[1].has_score);
    assert_int_equal(results[1].score_micro, 987654);
    assert_int_equal(results[1].sample, -1);
    assert_true(view_equal(results[1].result_json, parts[0].result_json));
    assert_true(view_is(results[1].severity, "major"));
    store_close(store);
}

static void a_run_that_is_put_again_is_replaced_and_keeps_its_results(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1000), found;
    struct store_result result = {.run_id = run.id, .entry_id = view_of("e")};
    struct store_result *results = NULL;
    size_t count = 0;
    struct err err;

    (void)state;
    run.exit_status = -1;
    put_run(store, &run);
    assert_int_equal(store_put_result(store, &result, &err), 0);
    run.exit_status = 0;
    put_run(store, &run);
    assert_int_equal(store_get_run(store, run.id, &arena, &found, &err), 0);
    assert_int_equal(found.exit_status, 0);
    assert_int_equal(store_list_results(store, run.id, &arena, &results, &count, &err), 0);
    assert_int_equal(count, 1);
    store_close(store);
}

static void runs_are_listed_newest_first_and_filtered(void **state)
{
    struct store *store = open_store();
    struct store_run *runs = NULL;
    struct store_filter filter = {.limit = 2};
    size_t count = 0;
    struct err err;
    char id[16];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "r%02d", i);
        struct store_run run = make_run(id, 1000 + i);
        run.kind = view_of(i % 2 == 0 ? "test" : "load");
        run.finished_unix_s = i == 98 ? 0 : run.finished_unix_s;
        put_run(store, &run);
    }
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(view_is(runs[0].id, "r99") && view_is(runs[1].id, "r98"));
    filter = (struct store_filter){.kind = view_of("test"), .finished = true};
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 49);
    assert_true(view_is(runs[0].id, "r96"));
    filter = (struct store_filter){.suite = view_of("other")};
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 0);
    store_close(store);
}

static void what_is_not_there_is_missing(void **state)
{
    struct store *store = open_store();
    struct store_run run;
    struct store_template version;
    struct store_result result = {.run_id = view_of("none"), .entry_id = view_of("e")};
    struct err err;

    (void)state;
    assert_int_equal(store_get_run(store, view_of("none"), &arena, &run, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "no run 'none'"));
    assert_int_equal(store_put_result(store, &result, &err), ERR_MISSING);
    assert_int_equal(store_get_template(store, view_of("0123456789ab"), &arena, &version, &err),
                     ERR_MISSING);
    assert_int_equal(store_get_template(store, view_of("01"), &arena, &version, &err), ERR_INVALID);
    store_close(store);
}

static void a_template_version_keeps_the_day_it_was_first_seen(void **state)
{
    struct store *store = open_store();
    struct digest digest = digest_of(view_of("text"));
    char hex[DIGEST_HEX_SIZE];
    struct store_template version = {
        .prompt = view_of("recommend"), .first_seen_unix_s = 10, .text = view_of("text")};
    struct store_template found;
    struct err err;

    (void)state;
    digest_hex(&digest, hex);
    version.hash = view_of(hex);
    assert_int_equal(store_put_template(store, &version, &err), 0);
    version.first_seen_unix_s = 20;
    assert_int_equal(store_put_template(store, &version, &err), 0);
    assert_int_equal(store_get_template(store, view_make(hex, 12), &arena, &found, &err), 0);
    assert_int_equal(found.first_seen_unix_s, 10);
    assert_true(view_equal(found.hash, version.hash) && view_is(found.text, "text"));
    store_close(store);
}

static void a_rollback_forgets_and_a_commit_keeps(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1), found;
    struct err err;

    (void)state;
    assert_int_equal(store_begin(store, &err), 0);
    put_run(store, &run);
    store_rollback(store);
    assert_int_equal(store_get_run(store, run.id, &arena, &found, &err), ERR_MISSING);
    assert_int_equal(store_begin(store, &err), 0);
    put_run(store, &run);
    assert_int_equal(store_commit(store, &err), 0);
    assert_int_equal(store_begin(store, &err), 0);
    run.exit_status = 77;
    put_run(store, &run);
    store_close(store);
    store = open_store();
    assert_int_equal(store_get_run(store, run.id, &arena, &found, &err), 0);
    assert_int_equal(found.exit_status, 1);
    store_close(store);
}

static void what_lists_need_comes_back_without_the_json(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1000), *runs;
    struct store_filter filter = {.brief = true};
    size_t count;
    struct err err;

    (void)state;
    put_run(store, &run);
    run.id = view_of("r2");
    run.has_score = run.has_cost = false;
    put_run(store, &run);
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(runs[0].summary_json.len, 0);
    assert_false(runs[0].has_score || runs[0].has_cost);
    assert_true(runs[1].has_score && runs[1].has_cost);
    assert_int_equal(runs[1].mean_micro, 912345);
    assert_int_equal(runs[1].cost_nano_usd, 5000000000);
    assert_int_equal(runs[1].entry_count, 2);
    assert_int_equal(runs[1].failing_count, 1);
    assert_true(view_is(runs[1].scorer, "tfidf/1") && view_is(runs[1].outcome, "fail"));
    assert_true(view_is(runs[1].family, "0123456789ab"));
    assert_true(view_is(runs[1].templates_json, "{\"recommend\":\"abcdef012345\"}"));
    store_close(store);
}

static void runs_stand_in_the_order_they_were_recorded_in_whatever_their_clocks_say(void **state)
{
    struct store *store = open_store();
    struct store_run first = make_run("b", 5000), second = make_run("a", 1000), *runs;
    struct store_filter filter = {0};
    size_t count;
    struct err err;

    (void)state;
    put_run(store, &first);
    put_run(store, &second);
    put_run(store, &first); /* again: keeps its place */
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(view_is(runs[0].id, "a") && view_is(runs[1].id, "b"));
    assert_true(runs[0].sequence > runs[1].sequence);
    filter.before_sequence = runs[0].sequence;
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_true(view_is(runs[0].id, "b"));
    store_close(store);
}

static void a_run_is_found_by_the_beginning_of_its_id_where_only_one_begins_so(void **state)
{
    static const char *const ids[] = {"2026-11-23T16-33-00Z-1a2b", "2026-11-23T16-33-00Z-1a2c",
                                      "2026-11-24", "2026-11-24T01"};
    struct store *store = open_store();
    struct store_run found;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct store_run run = make_run(ids[i], 1);
        put_run(store, &run);
    }
    assert_int_equal(
        store_find_run(store, view_of("2026-11-23T16-33-00Z-1a2c"), &arena, &found, &err), 0);
    assert_int_equal(store_find_run(store, view_of("2026-11-24T"), &arena, &found, &err), 0);
    assert_true(view_is(found.id, "2026-11-24T01"));
    assert_int_equal(store_find_run(store, view_of("2026-11-24"), &arena, &found, &err), 0);
    assert_true(view_is(found.id, "2026-11-24"));
    assert_int_equal(store_find_run(store, view_of("2026-11-23"), &arena, &found, &err),
                     ERR_INVALID);
    assert_non_null(strstr(err.text, ids[0]));
    assert_non_null(strstr(err.text, ids[1]));
    assert_int_equal(store_find_run(store, view_of("1"), &arena, &found, &err), ERR_MISSING);
    assert_int_equal(store_find_run(store, view_of(""), &arena, &found, &err), ERR_MISSING);
    assert_int_equal(store_find_run(store, view_of("2026%"), &arena, &found, &err), ERR_MISSING);
    store_close(store);
}

static void the_newest_run_that_used_a_version_is_found(void **state)
{
    struct store *store = open_store();
    struct store_run *runs;
    struct store_filter filter = {.version = view_of("abcdef012345"), .limit = 1};
    size_t count;
    struct err err;

    (void)state;
    for (int i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%d", i);
        struct store_run run = make_run(id, i);
        if (i == 2)
            run.templates_json = view_of("{\"abcdef012345\":\"ffffff012345\"}");
        put_run(store, &run);
    }
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_true(view_is(runs[0].id, "r1"));
    filter.version = view_of("ffffff0123450000000000000000");
    filter.brief = true;
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, 1);
    filter.version = view_of("abc%");
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), ERR_INVALID);
    store_close(store);
}

static void ids_may_hold_any_character(void **state)
{
    static const char *const ids[] = {
        "a @b",      "'; DROP TABLE runs; --", "100% _", "鬼滅の刃", "\\x00", "\"q\"",
        "new\nline", "\xf0\x9f\x98\x80"};
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1);
    struct store_result *results;
    size_t count, n = sizeof ids / sizeof ids[0], found = 0;
    struct err err;

    (void)state;
    put_run(store, &run);
    for (size_t i = 0; i < n; i++) {
        struct store_result result = {.run_id = run.id,
                                      .entry_id = view_of(ids[i]),
                                      .sample = -1,
                                      .result_json = view_of("{}")};
        put_result(store, &result);
    }
    assert_int_equal(store_list_results(store, run.id, &arena, &results, &count, &err), 0);
    assert_int_equal(count, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || view_compare(results[i - 1].entry_id, results[i].entry_id) < 0);
        for (size_t j = 0; j < n; j++)
            found += view_is(results[i].entry_id, ids[j]);
    }
    assert_int_equal(found, n);
    store_close(store);
}

/* A NUL and broken UTF-8 are kept by SQLite, and replaced where PostgreSQL cannot hold them. */
static void bytes_that_are_no_text_do_not_lose_the_run(void **state)
{
    static const struct view odd = VIEW("a\0b\xff");
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1), found;
    struct err err;

    (void)state;
    run.target = odd;
    put_run(store, &run);
    assert_int_equal(store_get_run(store, run.id, &arena, &found, &err), 0);
    if (on_postgres)
        assert_true(view_is(found.target, "a\xe2\x90\x80"
                                          "b\xef\xbf\xbd"));
    else
        assert_true(view_equal(found.target, odd));
    store_close(store);
}

static void many_results_are_put_at_once_and_put_again(void **state)
{
    enum { COUNT = 1234 };
    static struct store_result results[COUNT];
    static char ids[COUNT][16];
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1);
    struct store_result *found;
    size_t count;
    struct err err;

    (void)state;
    put_run(store, &run);
    for (int i = 0; i < COUNT; i++) {
        snprintf(ids[i], sizeof ids[i], "e%05d", i);
        results[i] = (struct store_result){.run_id = run.id,
                                           .entry_id = view_of(ids[i]),
                                           .sample = -1,
                                           .has_score = i % 2 == 0,
                                           .score_micro = i,
                                           .latency_ns = i % 3 == 0 ? -1 : i,
                                           .family = view_of("fa"),
                                           .result_json = view_of("{}")};
    }
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store_begin(store, &err), 0);
        assert_int_equal(store_put_results(store, results, COUNT, &err), 0);
        assert_int_equal(store_commit(store, &err), 0);
    }
    assert_int_equal(store_list_results(store, run.id, &arena, &found, &count, &err), 0);
    assert_int_equal(count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(found[i].has_score, i % 2 == 0);
        assert_true(i % 2 != 0 || found[i].score_micro == i);
        assert_int_equal(found[i].latency_ns, i % 3 == 0 ? -1 : i);
        assert_true(view_is(found[i].family, "fa"));
    }
    store_close(store);
}

static int stop_at_third(void *context, const struct store_result *result)
{
    int *seen = context;

    assert_true(result->entry_id.len > 0);
    return ++*seen == 3 ? ERR_CANCELLED : 0;
}

static void a_walk_over_results_can_end_early(void **state)
{
    struct store *store = open_store();
    struct store_run run = make_run("r1", 1);
    char id[8];
    int seen = 0;
    struct err err;

    (void)state;
    put_run(store, &run);
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "e%d", i);
        struct store_result result = {
            .run_id = run.id, .entry_id = view_of(id), .result_json = view_of("{}")};
        put_result(store, &result);
    }
    assert_int_equal(store_visit_results(store, run.id, stop_at_third, &seen, &err), ERR_CANCELLED);
    assert_int_equal(seen, 3);
    put_run(store, &run); /* the connection is free again */
    store_close(store);
}

static void points_of_an_entry_come_oldest_first(void **state)
{
    static const char *const keys[] = {"a @sim", "b @sim", "a b @sim"};
    struct store *store = open_store();
    struct store_series series = {.suite = view_of("manga"), .entry_prefix = view_of("a @")};
    struct store_point *points;
    size_t count;
    struct err err;

    (void)state;
    for (int i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%d", 9 - i);
        struct store_run run = make_run(id, 1000 - i);
        run.finished_unix_s = i == 4 ? 0 : run.finished_unix_s;
        put_run(store, &run);
        for (int j = 0; j < 3; j++) {
            struct store_result result = {.run_id = run.id,
                                          .entry_id = view_of(keys[j]),
                                          .sample = -1,
                                          .has_score = true,
                                          .score_micro = 10 * i + j,
                                          .severity = view_of("minor"),
                                          .family = view_of("f"),
                                          .result_json = view_of("{}")};
            put_result(store, &result);
            result.sample = 0;
            put_result(store, &result);
        }
    }
    assert_int_equal(store_list_points(store, &series, &arena, &points, &count, &err), 0);
    assert_int_equal(count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(points[i].score_micro, 10 * i);
        assert_int_equal(points[i].started_unix_s, 1000 - i);
        assert_true(view_is(points[i].severity, "minor") && view_is(points[i].family, "f"));
    }
    series = (struct store_series){.runs = 2};
    assert_int_equal(store_list_points(store, &series, &arena, &points, &count, &err), 0);
    assert_int_equal(count, 6);
    assert_true(view_is(points[0].entry_id, "a @sim") && points[0].score_micro == 20);
    assert_true(view_is(points[5].entry_id, "b @sim") && points[5].score_micro == 31);
    store_close(store);
}

static size_t count_runs(struct store *store)
{
    struct store_filter filter = {.brief = true};
    struct store_run *runs;
    size_t count;
    struct err err;

    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    return count;
}

static void pruning_keeps_the_newest_of_each_suite_or_those_since_a_day(void **state)
{
    struct store *store = open_store();
    struct store_keep keep = {.newest = 10, .dry_run = true};
    struct store_result *results;
    size_t count;
    struct err err;

    (void)state;
    for (int i = 0; i < 330; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%03d", i);
        struct store_run run = make_run(id, 1000 + i);
        run.suite = view_of(i % 3 == 0 ? "quiet" : "busy");
        put_run(store, &run);
        struct store_result result = {
            .run_id = run.id, .entry_id = view_of("e"), .result_json = view_of("{}")};
        put_result(store, &result);
    }
    assert_int_equal(store_prune(store, &keep, &count, &err), 0);
    assert_int_equal(count, 310);
    assert_int_equal(count_runs(store), 330);
    keep = (struct store_keep){.suite = view_of("busy"), .since_unix_s = 1010};
    assert_int_equal(store_prune(store, &keep, &count, &err), 0);
    assert_int_equal(count, 6);
    keep = (struct store_keep){.newest = 10};
    assert_int_equal(store_prune(store, &keep, &count, &err), 0);
    assert_int_equal(count, 304);
    assert_int_equal(count_runs(store), 20);
    assert_int_equal(store_list_results(store, view_of("r000"), &arena, &results, &count, &err), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_list_results(store, view_of("r329"), &arena, &results, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_prune(store, &keep, &count, &err), 0);
    assert_int_equal(count, 0);
    store_close(store);
}

static void pruning_keeps_the_newest_of_each_kind(void **state)
{
    struct store *store = open_store();
    struct store_keep keep = {.newest = 2};
    struct err err;
    size_t count;

    (void)state;
    for (int i = 0; i < 9; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%03d", i);
        struct store_run run = make_run(id, 1000 + i);
        run.kind = view_of(i < 3 ? "baseline" : "test");
        put_run(store, &run);
    }
    assert_int_equal(store_prune(store, &keep, &count, &err), 0);
    assert_int_equal(count, 1 + 4); /* two baselines stay, though tests are newer */
    assert_int_equal(count_runs(store), 4);
    store_close(store);
}

/* A child that writes runs of its own, each with results in one step. */
static pid_t write_from_outside(int child_number, int runs)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    struct store *store = NULL;
    struct err err = {0};
    int code = store_open(where(), &store, &err);
    for (int i = 0; i < runs && code == 0; i++) {
        char id[32];
        snprintf(id, sizeof id, "child%d-%d", child_number, i);
        struct store_run run = make_run(id, i);
        struct store_result result = {
            .run_id = run.id, .entry_id = view_of("e"), .result_json = view_of("{}")};
        struct store_template version = {
            .hash = view_of("abcdef012345"), .prompt = view_of("p"), .text = view_of("t")};
        code = store_put_template(store, &version, &err);
        if (code == 0)
            code = store_begin(store, &err);
        if (code == 0)
            code = store_put_run(store, &run, &err);
        if (code == 0)
            code = store_put_result(store, &result, &err);
        if (code == 0)
            code = store_commit(store, &err);
    }
    if (code != 0)
        fprintf(stderr, "%s\n", err.text);
    store_close(store);
    _exit(code == 0 ? 0 : 1);
}

static void runs_that_are_written_at_the_same_moment_are_all_kept(void **state)
{
    enum { CHILDREN = 6, RUNS = 20 };
    pid_t children[CHILDREN];
    struct store_filter filter = {0};
    struct store_run *runs;
    size_t count;
    struct err err;

    (void)state;
    for (int i = 0; i < CHILDREN; i++) /* the first of them make the tables, too */
        children[i] = write_from_outside(i, RUNS);
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct store *store = open_store();
    assert_int_equal(store_list_runs(store, &filter, &arena, &runs, &count, &err), 0);
    assert_int_equal(count, CHILDREN * RUNS);
    for (size_t i = 1; i < count; i++)
        assert_true(runs[i - 1].sequence > runs[i].sequence);
    store_close(store);
}

/* Runs with summaries of 2,000 bytes; the sixth is of a suite of its own. */
static void fill_many(void)
{
#define MANY_COLUMNS \
    " 'test', CASE WHEN n = 5 THEN 'rare' ELSE 'manga' END, 'sim', n, n + 5, 0, 'pass', 912345, " \
    "NULL, 2, 0, 'tfidf/1', '0123456789ab', '{}', "
    static const char *const postgres =
        "INSERT INTO assay.runs (id, sequence, kind, suite, target, started_unix_s, "
        "finished_unix_s, exit_status, outcome, mean_micro, cost_nano_usd, entry_count, "
        "failing_count, scorer, family, templates_json, summary_json) "
        "SELECT 'r' || n, nextval('assay.run_sequence')," MANY_COLUMNS
        "repeat(md5(n::text), 62) FROM generate_series(0, 99999) AS n";
    static const char *const file =
        "WITH RECURSIVE many (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM many WHERE n < 99999) "
        "INSERT INTO runs SELECT 'r' || n, n + 1," MANY_COLUMNS "hex(zeroblob(1000)) FROM many";
    sqlite3 *handle = NULL;

    if (on_postgres) {
        postgres_rig_sql("postgres", postgres);
        return;
    }
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, file, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void a_hundred_thousand_runs_list_in_a_tenth_of_a_second(void **state)
{
    struct store *store = open_store();
    struct store_filter filters[] = {
        {.limit = 50, .brief = true, .finished = true},
        {.limit = 50, .brief = true, .suite = view_of("rare")},
        {.limit = 50, .brief = true, .kind = view_of("test"), .suite = view_of("manga")},
    };
    struct store_run *runs;
    size_t count;
    struct err err;

    (void)state;
    fill_many();
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        uint64_t best_ns = UINT64_MAX;
        for (int round = 0; round < 3; round++) {
            uint64_t start_ns = clock_now_ns();
            assert_int_equal(store_list_runs(store, &filters[i], &arena, &runs, &count, &err), 0);
            uint64_t took_ns = clock_now_ns() - start_ns;
            best_ns = took_ns < best_ns ? took_ns : best_ns;
        }
        print_message("%zu of %d runs listed in %.1f ms\n", count, MANY_RUNS,
                      (double)best_ns / 1e6);
        assert_true(best_ns <= LIST_NS_MAX * SLOWNESS);
        assert_int_equal(count, i == 1 ? 1 : 50);
    }
    store_close(store);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_run_and_its_results_come_back_after_a_restart),
        IN_FOLDER(a_run_that_is_put_again_is_replaced_and_keeps_its_results),
        IN_FOLDER(runs_are_listed_newest_first_and_filtered),
        IN_FOLDER(what_is_not_there_is_missing),
        IN_FOLDER(a_template_version_keeps_the_day_it_was_first_seen),
        IN_FOLDER(a_rollback_forgets_and_a_commit_keeps),
        IN_FOLDER(what_lists_need_comes_back_without_the_json),
        IN_FOLDER(runs_stand_in_the_order_they_were_recorded_in_whatever_their_clocks_say),
        IN_FOLDER(a_run_is_found_by_the_beginning_of_its_id_where_only_one_begins_so),
        IN_FOLDER(the_newest_run_that_used_a_version_is_found),
        IN_FOLDER(ids_may_hold_any_character),
        IN_FOLDER(bytes_that_are_no_text_do_not_lose_the_run),
        IN_FOLDER(many_results_are_put_at_once_and_put_again),
        IN_FOLDER(a_walk_over_results_can_end_early),
        IN_FOLDER(points_of_an_entry_come_oldest_first),
        IN_FOLDER(pruning_keeps_the_newest_of_each_suite_or_those_since_a_day),
        IN_FOLDER(pruning_keeps_the_newest_of_each_kind),
        IN_FOLDER(runs_that_are_written_at_the_same_moment_are_all_kept),
        IN_FOLDER(a_hundred_thousand_runs_list_in_a_tenth_of_a_second),
    };

    print_message("SQLite\n");
    int failed = cmocka_run_group_tests_name("SQLite", tests, NULL, NULL);
    on_postgres = true;
    if (postgres_rig_start()) {
        failed += cmocka_run_group_tests_name("PostgreSQL", tests, NULL, NULL);
        postgres_rig_end();
    }
    return failed;
}
