/* SPDX-License-Identifier: Apache-2.0
 *
 * The environment, the terminal, clocks and seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell/os/clock.h"
#include "shell/os/env.h"
#include "shell/os/seed.h"
#include "shell/os/terminal.h"

static void an_unset_variable_is_not_an_empty_one(void **state)
{
    (void)state;
    assert_int_equal(setenv("ASSAY_TEST_EMPTY", "", 1), 0);
    assert_int_equal(setenv("ASSAY_TEST_SET", "a=b", 1), 0);
    assert_int_equal(unsetenv("ASSAY_TEST"), 0);
    assert_true(view_is(env_get(view_of("ASSAY_TEST_SET")), "a=b"));
    assert_non_null(env_get(view_of("ASSAY_TEST_EMPTY")).ptr);
    assert_int_equal(env_get(view_of("ASSAY_TEST_EMPTY")).len, 0);
    assert_null(env_get(view_of("ASSAY_TEST")).ptr);
    assert_null(env_get(view_of("ASSAY_TEST_SET=a")).ptr);
    assert_null(env_get(view_of("")).ptr);
}

static void the_machine_says_what_it_is(void **state)
{
    struct strbuf path;
    struct err err;

    (void)state;
    assert_true(env_cores() >= 1);
    assert_true(env_raise_open_files() >= 64);
    assert_int_equal(env_raise_open_files(), env_open_files_max());
    assert_true(env_home().len > 0);
    strbuf_init(&path, 4096);
    assert_int_equal(env_program(&path, &err), 0);
    assert_int_equal(access(strbuf_text(&path), X_OK), 0);
    strbuf_release(&path);
}

static void time_goes_forward(void **state)
{
    uint64_t start_ns = clock_now_ns();

    (void)state;
    assert_true(clock_now_ns() >= start_ns);
    assert_true(clock_unix_s() > 1700000000);
    assert_true(clock_cpu_ns() > 0);
}

static void seeds_differ(void **state)
{
    (void)state;
    assert_true(seed_random() != seed_random());
}

static void colour_is_decided_by_option_then_no_color_then_terminal(void **state)
{
    enum terminal_color color = TERMINAL_COLOR_NEVER;
    struct err err;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(terminal_color_read(view_of("auto"), &color, &err), 0);
    assert_false(terminal_is(ends[1]));
    assert_false(terminal_colored(ends[1], color));
    assert_int_equal(terminal_columns(ends[1]), 80);
    assert_int_equal(terminal_color_read(view_of("always"), &color, &err), 0);
    assert_true(terminal_colored(ends[1], color));
    assert_int_equal(terminal_color_read(view_of("purple"), &color, &err), ERR_USAGE);
    close(ends[0]);
    close(ends[1]);

    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_true(terminal_colored(terminal, TERMINAL_COLOR_AUTO));
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_false(terminal_colored(terminal, TERMINAL_COLOR_AUTO));
    assert_int_equal(setenv("NO_COLOR", "", 1), 0);
    assert_true(terminal_colored(terminal, TERMINAL_COLOR_AUTO));
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    assert_false(terminal_colored(terminal, TERMINAL_COLOR_AUTO));
    assert_false(terminal_colored(terminal, TERMINAL_COLOR_NEVER));
    close(terminal);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unset_variable_is_not_an_empty_one),
        cmocka_unit_test(the_machine_says_what_it_is),
        cmocka_unit_test(time_goes_forward),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(colour_is_decided_by_option_then_no_color_then_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
