/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts in a spool stay what they were, in memory or in a file, trimmed or not, and a disk that
 * gives no room costs memory alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/mem.h"
#include "shell/os/file.h"
#include "shell/os/spool.h"

enum { TEXTS = 3000, TEXT_BYTES = 16384 };

static char folder[256];
static struct view kept[TEXTS];

static int set_up(void **state)
{
    struct strbuf path;
    struct err err;

    (void)state;
    strbuf_init(&path, sizeof folder - 1);
    assert_int_equal(file_make_temporary(view_of("assay-spool"), &path, &err), 0);
    snprintf(folder, sizeof folder, "%s", strbuf_text(&path));
    strbuf_release(&path);
    return 0;
}

static int tear_down(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(file_remove_tree(folder, &err), 0);
    return 0;
}

/* The i-th text: its length and bytes follow from i. */
static struct view text_of(size_t i)
{
    static char bytes[TEXT_BYTES];
    size_t len = i * 7919 % TEXT_BYTES;

    for (size_t at = 0; at < len; at++)
        bytes[at] = (char)('a' + (i + at) % 26);
    return view_make(bytes, len);
}

static void keep_all(struct spool *spool)
{
    for (size_t i = 0; i < TEXTS; i++)
        assert_int_equal(spool_keep(spool, text_of(i), &kept[i]), 0);
}

static void expect_all(void)
{
    for (size_t i = 0; i < TEXTS; i++)
        assert_true(view_equal(kept[i], text_of(i)));
}

static size_t files_there(void)
{
    struct arena arena;
    struct view *names;
    size_t count = 0;
    struct err err;

    arena_init(&arena, 1 << 20);
    assert_int_equal(file_list(folder, &arena, &names, &count, &err), 0);
    arena_release(&arena);
    return count;
}

static void texts_stay_what_they_were_when_their_pages_are_dropped(void **state)
{
    struct spool *spool;

    (void)state;
    assert_int_equal(spool_new(folder, &spool), 0);
    keep_all(spool);
    assert_true(spool_file_bytes(spool) > 0);
    expect_all();
    spool_trim(spool);
    expect_all();
    assert_int_equal(files_there(), 0); /* nothing is left behind, whatever happens */
    spool_free(spool);
    spool_free(NULL);
    spool_trim(NULL);
}

static void a_small_run_makes_no_file(void **state)
{
    struct spool *spool;

    (void)state;
    assert_int_equal(spool_new("/nowhere/that/is", &spool), 0);
    assert_int_equal(spool_keep(spool, view_of("a text"), &kept[0]), 0);
    assert_true(view_is(kept[0], "a text"));
    assert_int_equal(spool_file_bytes(spool), 0);
    spool_free(spool);
}

static void a_folder_that_cannot_be_had_costs_memory_alone(void **state)
{
    struct spool *spool;

    (void)state;
    assert_int_equal(spool_new("/dev/null/no", &spool), 0);
    keep_all(spool);
    assert_int_equal(spool_file_bytes(spool), 0);
    expect_all();
    spool_free(spool);
}

static void a_disk_that_fills_up_costs_memory_alone(void **state)
{
    struct rlimit before, small;
    struct spool *spool;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1 << 20;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(spool_new(folder, &spool), 0);
    keep_all(spool);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    expect_all();
    spool_trim(spool);
    expect_all();
    assert_true(spool_file_bytes(spool) <= 1 << 20);
    spool_free(spool);
}

static void no_memory_is_an_error(void **state)
{
    struct spool *spool;
    struct view text;

    (void)state;
    mem_fail_at(1);
    assert_int_equal(spool_new(folder, &spool), ERR_MEMORY);
    mem_fail_at(0);
    assert_int_equal(spool_new(folder, &spool), 0);
    mem_fail_at(1);
    assert_int_equal(spool_keep(spool, view_of("x"), &text), ERR_MEMORY);
    mem_fail_at(0);
    spool_free(spool);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(texts_stay_what_they_were_when_their_pages_are_dropped),
        IN_FOLDER(a_small_run_makes_no_file),
        IN_FOLDER(a_folder_that_cannot_be_had_costs_memory_alone),
        IN_FOLDER(a_disk_that_fills_up_costs_memory_alone),
        IN_FOLDER(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
