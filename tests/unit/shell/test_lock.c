/* SPDX-License-Identifier: Apache-2.0
 *
 * A lock is held by one at a time, waits no longer than told, and says why it cannot be had. */
#include "shell/os/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shell/os/clock.h"
#include "shell/os/file.h"

static struct strbuf folder;
static char path[256];

static int set_up(void **unused)
{
    struct err err = {0};

    (void)unused;
    strbuf_init(&folder, 200);
    if (file_make_temporary(view_of("lock"), &folder, &err) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/lock", strbuf_text(&folder));
    return 0;
}

static int tear_down(void **unused)
{
    struct err err = {0};

    (void)unused;
    int code = file_remove_tree(strbuf_text(&folder), &err);
    strbuf_release(&folder);
    return code;
}

static void one_at_a_time(void **unused)
{
    struct lock first;
    struct lock second;
    struct err err = {0};

    (void)unused;
    assert_int_equal(lock_take(&first, path, 0, &err), 0);
    uint64_t begun_ns = clock_now_ns();
    assert_int_equal(lock_take(&second, path, 50000000, &err), ERR_LOCKED);
    assert_true(clock_now_ns() - begun_ns >= 50000000);
    assert_non_null(strstr(err.text, path));
    lock_give(&second); /* was never held */
    lock_give(&first);
    lock_give(&first);
    assert_int_equal(lock_take(&second, path, 0, &err), 0);
    lock_give(&second);
}

static void what_cannot_be_opened_is_said(void **unused)
{
    struct lock lock;
    struct err err = {0};

    (void)unused;
    snprintf(path, sizeof path, "%s/missing/lock", strbuf_text(&folder));
    assert_int_not_equal(lock_take(&lock, path, 0, &err), 0);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(lock.descriptor, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
