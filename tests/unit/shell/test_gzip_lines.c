/* SPDX-License-Identifier: Apache-2.0
 *
 * gzip_lines: lines of plain and compressed files; a line that is too long is told, wherever it
 * stands, and the others still come. */
#include "shell/os/gzip_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { LIMIT = 1 << 20 };

static char path[] = "/tmp/assay-gzip-lines-XXXXXX";

/* `before`, so many letters, `after`; compressed where mode is "wb", plain with "wbT". */
static void write_long(const char *mode, const char *before, size_t letters, const char *after)
{
    gzFile file = gzopen(path, mode);

    assert_non_null(file);
    assert_true(gzputs(file, before) >= 0);
    for (size_t i = 0; i < letters; i++)
        assert_int_equal(gzputc(file, 'x'), 'x');
    assert_true(gzputs(file, after) >= 0);
    assert_int_equal(gzclose(file), Z_OK);
}

/* What the file gives: 'l' a line, 'L' one that is too long, at the end the number of lines. */
static void assert_gives(const char *wanted, uint64_t last)
{
    struct gzip_lines *lines = NULL;
    struct err err = {.code = 0};
    struct view text;
    uint64_t number = 0;
    char given[16] = "";
    size_t count = 0;

    assert_int_equal(gzip_lines_new(path, LIMIT, &lines, &err), 0);
    for (int code = 1; code != 0 && count < sizeof given - 1;) {
        code = gzip_lines_next(lines, &text, &number, &err);
        if (code != 0)
            given[count++] = code == 1 ? 'l' : code == ERR_LIMIT ? 'L' : '?';
    }
    assert_string_equal(given, wanted);
    assert_int_equal(number, last);
    gzip_lines_free(lines);
}

static void lines_of_both_kinds_of_files_are_read(void **state)
{
    (void)state;
    write_long("wb", "a\n\nb\n", 3, "");
    assert_gives("lll", 4);
    write_long("wbT", "a\n\nb\n", 3, "\n");
    assert_gives("lll", 4);
}

static void a_line_that_is_too_long_is_told_and_the_next_one_comes(void **state)
{
    (void)state;
    write_long("wb", "a\n", 3 * LIMIT, "\nb\n");
    assert_gives("lLl", 3);
}

/* Its length decides where the last piece that is read ends. */
static void a_last_line_that_is_too_long_is_told_without_its_end_too(void **state)
{
    (void)state;
    for (size_t more = 1; more < 400 * 1024; more += 100 * 1024) {
        write_long("wb", "a\n", LIMIT + more, "");
        assert_gives("lL", 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_both_kinds_of_files_are_read),
        cmocka_unit_test(a_line_that_is_too_long_is_told_and_the_next_one_comes),
        cmocka_unit_test(a_last_line_that_is_too_long_is_told_without_its_end_too),
    };
    int descriptor = mkstemp(path);

    if (descriptor < 0)
        return 1;
    close(descriptor);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
