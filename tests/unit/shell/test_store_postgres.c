/* SPDX-License-Identifier: Apache-2.0
 *
 * The history in PostgreSQL where something goes wrong: who may not, what is not there, a server
 * that goes down or falls silent, other writers, tables of a newer assay. Each is said in words
 * that never hold the password. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "postgres_rig.h"
#include "shell/os/clock.h"
#include "shell/store/postgres_url.h"
#include "shell/store/store.h"

static bool is_there;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    if (is_there)
        postgres_rig_sql("postgres", "DROP SCHEMA IF EXISTS assay CASCADE");
    arena_init(&arena, 16 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void need_server(void)
{
    if (!is_there)
        skip();
}

static struct store *open_store(const char *url)
{
    struct store *store = NULL;
    struct err err = {0};

    if (store_open(url, &store, &err) != 0)
        fail_msg("%s", err.text);
    return store;
}

static const struct store_run run_1 = {
    .id = VIEW("r1"),
    .kind = VIEW("test"),
    .suite = VIEW("manga"),
    .started_unix_s = 1,
    .finished_unix_s = 2,
    .templates_json = VIEW("{}"),
    .summary_json = VIEW("{}"),
};

/* Nothing that is told holds the password, in whatever spelling. */
static void assert_secret_kept(const char *text)
{
    assert_null(strstr(text, POSTGRES_RIG_PASSWORD));
    assert_null(strstr(text, "s3cret"));
    assert_null(strstr(text, "hunter2"));
}

static int open_code(const char *url, struct err *reterr)
{
    struct store *store = NULL;
    int code = store_open(url, &store, reterr);

    store_close(store);
    if (code != 0)
        assert_secret_kept(reterr->text);
    return code;
}

static void a_password_is_used_and_never_told(void **state)
{
    char url[256];
    struct err err = {0};

    (void)state;
    need_server();
    struct store *store = open_store(postgres_rig_tcp_url());
    assert_secret_kept(store_label(store));
    assert_non_null(strstr(store_label(store), "postgres://assay@127.0.0.1:"));
    store_close(store);
    snprintf(url, sizeof url, "postgres://assay:hunter2@127.0.0.1:%d/postgres",
             postgres_rig_port());
    assert_int_equal(open_code(url, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "check user and password"));
}

static void what_is_no_url_is_refused_without_being_quoted(void **state)
{
    static const char *const urls[] = {
        "postgres://assay:hunter2@[::1/postgres",
        "postgres://assay:hunter2@127.0.0.1:5432/postgres?nonsense=1",
        "postgres://assay:hunter2%@127.0.0.1/postgres",
        "postgres://assay:ab@hunter2@127.0.0.1:1/postgres", /* what a password may hold */
        "postgres://assay:ab/hunter2@127.0.0.1:1/postgres",
        "postgres://assay:hunter2/ab@127.0.0.1:1/postgres",
        "postgres://assay:hunter2?ab@c@127.0.0.1:1/postgres",
    };
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        int code = open_code(urls[i], &err);
        if (code == ERR_UNSUPPORTED)
            skip(); /* no libpq */
        assert_int_equal(code, ERR_CONFIG);
    }
}

static void what_a_server_repeats_of_a_password_is_left_out(void **state)
{
    static char first[] = "s3cret";
    static char second[] = "hunter2";
    const struct postgres_url url = {.secrets = {first, second}};
    struct strbuf text;

    (void)state;
    strbuf_init(&text, 256);
    postgres_url_clean(&url, view_of(" no \"s3cret\",\n not\thunter2hunter2 "), &text);
    assert_string_equal(strbuf_text(&text), "no \"***\",  not ******");
    strbuf_release(&text);
}

static void a_url_of_another_kind_is_refused_and_no_file_is_called_so(void **state)
{
    static const char *const urls[] = {
        "POSTGRES://assay:hunter2@127.0.0.1:1/postgres",
        "mysql://assay:hunter2@127.0.0.1:1/db",
        "postgresql+psycopg2://assay:hunter2@127.0.0.1:1/db",
    };
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(open_code(urls[i], &err), ERR_CONFIG);
        assert_non_null(strstr(err.text, "postgres://USER"));
    }
}

static void a_server_that_is_not_there_is_said_at_once(void **state)
{
    struct err err = {0};

    (void)state;
    need_server();
    uint64_t start_ns = clock_now_ns();
    assert_int_equal(open_code("postgres://assay:hunter2@127.0.0.1:1/postgres", &err),
                     ERR_UNREACHABLE);
    assert_true(clock_now_ns() - start_ns < 4000000000u);
    assert_non_null(strstr(err.text, "check that the server runs"));
}

static void a_database_that_is_not_there_is_said(void **state)
{
    char url[256];
    struct err err = {0};

    (void)state;
    need_server();
    snprintf(url, sizeof url, "%s", postgres_rig_tcp_url());
    memcpy(strstr(url, "/postgres"), "/nowhere ", 8);
    assert_int_equal(open_code(url, &err), ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, "does not exist"));
}

static void a_silent_server_is_not_waited_for_for_ever(void **state)
{
    char url[512];
    struct err err = {0};

    (void)state;
    need_server();
    snprintf(url, sizeof url, "%s?connect_timeout=2", postgres_rig_tcp_url());
    postgres_rig_freeze(true);
    uint64_t start_ns = clock_now_ns();
    int code = open_code(url, &err);
    uint64_t took_ns = clock_now_ns() - start_ns;
    postgres_rig_freeze(false);
    assert_int_equal(code, ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, "no answer in 2 s"));
    assert_true(took_ns > 1500000000u && took_ns < 6000000000u);
}

static void a_server_that_goes_down_midway_is_said_and_nothing_half_is_kept(void **state)
{
    struct store_result result = {
        .run_id = run_1.id, .entry_id = VIEW("e"), .result_json = VIEW("{}")};
    struct store_run found;
    struct err err = {0};

    (void)state;
    need_server();
    struct store *store = open_store(postgres_rig_tcp_url());
    assert_int_equal(store_begin(store, &err), 0);
    assert_int_equal(store_put_run(store, &run_1, &err), 0);
    postgres_rig_crash();
    assert_int_equal(store_put_result(store, &result, &err), ERR_UNREACHABLE);
    assert_secret_kept(err.text);
    assert_int_equal(store_commit(store, &err), ERR_UNREACHABLE);
    store_rollback(store);
    store_close(store);
    postgres_rig_restart();
    store = open_store(postgres_rig_tcp_url());
    assert_int_equal(store_get_run(store, run_1.id, &arena, &found, &err), ERR_MISSING);
    store_close(store);
}

static void tables_of_a_newer_assay_are_refused(void **state)
{
    struct err err = {0};

    (void)state;
    need_server();
    store_close(open_store(postgres_rig_url()));
    postgres_rig_sql("postgres", "INSERT INTO assay.versions VALUES (99)");
    assert_int_equal(open_code(postgres_rig_url(), &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "newer assay"));
    assert_non_null(strstr(err.text, "update assay"));
}

static void a_user_who_may_only_read_is_told_so_when_it_writes(void **state)
{
    char url[256];
    struct store_run found;
    struct err err = {0};

    (void)state;
    need_server();
    struct store *store = open_store(postgres_rig_url());
    assert_int_equal(store_put_run(store, &run_1, &err), 0);
    store_close(store);
    postgres_rig_sql("postgres", "DROP ROLE IF EXISTS reader");
    postgres_rig_sql("postgres", "CREATE ROLE reader LOGIN");
    postgres_rig_sql("postgres", "GRANT USAGE ON SCHEMA assay TO reader");
    postgres_rig_sql("postgres", "GRANT SELECT ON ALL TABLES IN SCHEMA assay TO reader");
    snprintf(url, sizeof url, "%s", postgres_rig_url());
    memmove(strstr(url, "assay@"), strstr(url, "@"), strlen(strstr(url, "@")) + 1);
    char reader[300];
    snprintf(reader, sizeof reader, "postgres://reader%s", strstr(url, "@"));
    store = open_store(reader);
    assert_int_equal(store_get_run(store, run_1.id, &arena, &found, &err), 0);
    assert_int_equal(store_put_run(store, &run_1, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "grant"));
    store_close(store);
    postgres_rig_sql("postgres", "DROP OWNED BY reader");
    postgres_rig_sql("postgres", "DROP ROLE reader");
}

static void a_read_only_database_is_said(void **state)
{
    char url[512];
    struct err err = {0};

    (void)state;
    need_server();
    store_close(open_store(postgres_rig_url()));
    snprintf(url, sizeof url, "%s&options=-c%%20default_transaction_read_only%%3Don",
             postgres_rig_url());
    struct store *store = open_store(url);
    assert_int_equal(store_put_run(store, &run_1, &err), ERR_READ_ONLY);
    assert_non_null(strstr(err.text, "standby"));
    store_close(store);
}

static void another_encoding_than_utf8_is_refused(void **state)
{
    char url[512], *at;
    struct err err = {0};

    (void)state;
    need_server();
    postgres_rig_sql("postgres", "DROP DATABASE IF EXISTS latin");
    postgres_rig_sql("postgres",
                     "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
    snprintf(url, sizeof url, "%s", postgres_rig_tcp_url());
    at = strstr(url, "/postgres");
    snprintf(at, sizeof url - (size_t)(at - url), "/latin");
    assert_int_equal(open_code(url, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "LATIN1"));
}

/* Another writer holds the run's row for a while. */
static void *hold_row(void *context)
{
    (void)context;
    postgres_rig_sql("postgres", "BEGIN; UPDATE assay.runs SET kind = 'held'; SELECT pg_sleep(2); "
                                 "COMMIT");
    return NULL;
}

static void another_writer_is_waited_for(void **state)
{
    struct store_run found;
    pthread_t thread;
    struct err err = {0};

    (void)state;
    need_server();
    struct store *store = open_store(postgres_rig_url());
    assert_int_equal(store_put_run(store, &run_1, &err), 0);
    assert_int_equal(pthread_create(&thread, NULL, hold_row, NULL), 0);
    for (;;) {
        assert_int_equal(store_get_run(store, run_1.id, &arena, &found, &err), 0);
        uint64_t start_ns = clock_now_ns();
        assert_int_equal(store_put_run(store, &run_1, &err), 0);
        if (clock_now_ns() - start_ns > 500000000u)
            break; /* this one had to wait */
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(store_get_run(store, run_1.id, &arena, &found, &err), 0);
    assert_true(view_is(found.kind, "test"));
    store_close(store);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FRESH(a_password_is_used_and_never_told),
        FRESH(what_is_no_url_is_refused_without_being_quoted),
        FRESH(what_a_server_repeats_of_a_password_is_left_out),
        FRESH(a_url_of_another_kind_is_refused_and_no_file_is_called_so),
        FRESH(a_server_that_is_not_there_is_said_at_once),
        FRESH(a_database_that_is_not_there_is_said),
        FRESH(a_silent_server_is_not_waited_for_for_ever),
        FRESH(a_server_that_goes_down_midway_is_said_and_nothing_half_is_kept),
        FRESH(tables_of_a_newer_assay_are_refused),
        FRESH(a_user_who_may_only_read_is_told_so_when_it_writes),
        FRESH(a_read_only_database_is_said),
        FRESH(another_encoding_than_utf8_is_refused),
        FRESH(another_writer_is_waited_for),
    };

    is_there = postgres_rig_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (is_there)
        postgres_rig_end();
    return failed;
}
