/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of files: each with its file and number however the bytes come, long ones passed over,
 * files that cannot be read told and left, and a wait that ends when told to stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/strbuf.h"
#include "shell/os/file.h"
#include "shell/os/lines.h"

enum { LINE_BYTES_MAX = 1 << 20 };

struct fixture {
    struct strbuf folder;
    char one[512];
    char two[512];
    struct lines *lines;
    struct err err;
    struct line line;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct err err = {0};

    fixture = (struct fixture){0};
    strbuf_init(&fixture.folder, 4096);
    assert_int_equal(file_make_temporary(view_of("lines"), &fixture.folder, &err), 0);
    snprintf(fixture.one, sizeof fixture.one, "%s/one", strbuf_text(&fixture.folder));
    snprintf(fixture.two, sizeof fixture.two, "%s/two", strbuf_text(&fixture.folder));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};

    lines_free(fixture->lines);
    assert_int_equal(file_remove_tree(strbuf_text(&fixture->folder), &err), 0);
    strbuf_release(&fixture->folder);
    return 0;
}

static void write_file(const char *path, struct view text)
{
    struct err err = {0};
    assert_int_equal(file_write(path, text, &err), 0);
}

static void begin(struct fixture *fixture, const char *const *paths, size_t count)
{
    assert_int_equal(lines_new(paths, count, LINE_BYTES_MAX, &fixture->lines, &fixture->err), 0);
}

static void next_is(struct fixture *fixture, const char *file, uint32_t number, const char *text)
{
    assert_int_equal(lines_next(fixture->lines, &fixture->line, &fixture->err), 1);
    assert_string_equal(fixture->line.file, file);
    assert_int_equal(fixture->line.number, number);
    assert_true(view_is(fixture->line.text, text));
}

static void next_fails(struct fixture *fixture, int code)
{
    assert_int_equal(lines_next(fixture->lines, &fixture->line, &fixture->err), code);
}

static void files_come_one_after_the_other_with_their_own_numbers(void **state)
{
    struct fixture *fixture = *state;
    const char *const paths[] = {fixture->one, fixture->two};

    write_file(fixture->one, view_of("a\r\n\n  \t\nb"));
    write_file(fixture->two, view_of("\xef\xbb\xbf"
                                     "c\n\xef\xbb\xbf"
                                     "d\n"));
    begin(fixture, paths, 2);
    next_is(fixture, fixture->one, 1, "a");
    next_is(fixture, fixture->one, 4, "b");
    next_is(fixture, fixture->two, 1, "c");
    next_is(fixture, fixture->two, 2,
            "\xef\xbb\xbf"
            "d");
    next_fails(fixture, 0);
    next_fails(fixture, 0);
    assert_int_equal(lines_bytes(fixture->lines), 9 + 10);
}

static void a_line_larger_than_any_read_is_whole(void **state)
{
    struct fixture *fixture = *state;
    const char *const paths[] = {fixture->one};
    struct strbuf text;

    strbuf_init(&text, 4 << 20);
    strbuf_add_repeated(&text, 'x', LINE_BYTES_MAX);
    strbuf_add_text(&text, "\nshort\n");
    write_file(fixture->one, strbuf_view(&text));
    strbuf_release(&text);
    begin(fixture, paths, 1);
    next_fails(fixture, 1);
    assert_int_equal(fixture->line.text.len, LINE_BYTES_MAX);
    next_is(fixture, fixture->one, 2, "short");
}

static void a_line_that_is_too_long_is_told_and_passed_over(void **state)
{
    struct fixture *fixture = *state;
    const char *const paths[] = {fixture->one};
    struct strbuf text;

    strbuf_init(&text, 16 << 20);
    strbuf_add_text(&text, "first\n");
    strbuf_add_repeated(&text, 'x', LINE_BYTES_MAX + 1);
    strbuf_add_text(&text, "\nthird\n");
    strbuf_add_repeated(&text, 'y', 5 * LINE_BYTES_MAX);
    write_file(fixture->one, strbuf_view(&text));
    strbuf_release(&text);
    begin(fixture, paths, 1);
    next_is(fixture, fixture->one, 1, "first");
    next_fails(fixture, ERR_LIMIT);
    assert_int_equal(fixture->line.number, 2);
    assert_non_null(strstr(fixture->err.text, "one:2:1: "));
    next_is(fixture, fixture->one, 3, "third");
    next_fails(fixture, ERR_LIMIT);
    next_fails(fixture, 0);
}

static void a_file_that_cannot_be_read_is_told_and_the_next_one_read(void **state)
{
    struct fixture *fixture = *state;
    const char *const paths[] = {"/nowhere/at/all", strbuf_text(&fixture->folder), fixture->two};

    write_file(fixture->two, view_of("here\n"));
    begin(fixture, paths, 3);
    next_fails(fixture, ERR_MISSING);
    assert_non_null(strstr(fixture->err.text, "/nowhere/at/all"));
    assert_true(lines_next(fixture->lines, &fixture->line, &fixture->err) < 0);
    next_is(fixture, fixture->two, 1, "here");
    next_fails(fixture, 0);
}

static void *stop_soon(void *context)
{
    const struct timespec moment = {.tv_nsec = 20000000};

    nanosleep(&moment, NULL);
    lines_stop(context);
    return NULL;
}

static void a_stop_ends_the_wait_for_more(void **state)
{
    struct fixture *fixture = *state;
    const char *const paths[] = {fixture->one};
    pthread_t other;

    assert_int_equal(mkfifo(fixture->one, 0600), 0);
    FILE *writer = fopen(fixture->one, "r+"); /* a pipe that somebody holds open */
    assert_non_null(writer);
    fputs("one line\nand a half", writer);
    fflush(writer);
    begin(fixture, paths, 1);
    next_is(fixture, fixture->one, 1, "one line");
    assert_int_equal(pthread_create(&other, NULL, stop_soon, fixture->lines), 0);
    next_fails(fixture, ERR_CANCELLED);
    next_fails(fixture, ERR_CANCELLED);
    pthread_join(other, NULL);
    fclose(writer);
}

static void a_stop_ends_the_wait_for_whoever_writes_to_a_pipe(void **state)
{
    struct fixture *fixture = *state;
    const char *const paths[] = {fixture->one};
    pthread_t other;

    assert_int_equal(mkfifo(fixture->one, 0600), 0);
    begin(fixture, paths, 1);
    assert_int_equal(pthread_create(&other, NULL, stop_soon, fixture->lines), 0);
    next_fails(fixture, ERR_CANCELLED);
    pthread_join(other, NULL);
}

static void *write_late(void *context)
{
    FILE *writer = fopen(context, "w");

    if (writer != NULL) {
        fputs("one line\nand another", writer);
        fclose(writer);
    }
    return NULL;
}

static void what_comes_late_through_a_pipe_is_read(void **state)
{
    struct fixture *fixture = *state;
    const char *const paths[] = {fixture->one};
    pthread_t other;

    assert_int_equal(mkfifo(fixture->one, 0600), 0);
    begin(fixture, paths, 1);
    assert_int_equal(pthread_create(&other, NULL, write_late, fixture->one), 0);
    next_is(fixture, fixture->one, 1, "one line");
    next_is(fixture, fixture->one, 2, "and another");
    assert_int_equal(lines_next(fixture->lines, &fixture->line, &fixture->err), 0);
    pthread_join(other, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        PROMISE(files_come_one_after_the_other_with_their_own_numbers),
        PROMISE(a_line_larger_than_any_read_is_whole),
        PROMISE(a_line_that_is_too_long_is_told_and_passed_over),
        PROMISE(a_file_that_cannot_be_read_is_told_and_the_next_one_read),
        PROMISE(a_stop_ends_the_wait_for_more),
        PROMISE(a_stop_ends_the_wait_for_whoever_writes_to_a_pipe),
        PROMISE(what_comes_late_through_a_pipe_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
