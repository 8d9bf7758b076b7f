/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths by their letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/path.h"

static int arena_setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int arena_teardown(void **state)
{
    arena_release(*state);
    return 0;
}

static const char *resolved(struct arena *arena, const char *folder, const char *path)
{
    struct view out;
    assert_int_equal(path_resolve(arena, view_of(folder), view_of(path), &out), 0);
    return arena_string(arena, out);
}

static void a_path_is_seen_from_its_folder(void **state)
{
    assert_string_equal(resolved(*state, "conf", "golden/a.yaml"), "conf/golden/a.yaml");
    assert_string_equal(resolved(*state, "", "golden/a.yaml"), "golden/a.yaml");
    assert_string_equal(resolved(*state, "/etc/x", "y"), "/etc/x/y");
    assert_string_equal(resolved(*state, "/", "y"), "/y");
    assert_string_equal(resolved(*state, "conf", "/abs/a"), "/abs/a");
}

static void steps_that_change_nothing_are_folded(void **state)
{
    assert_string_equal(resolved(*state, "golden", "../prompts/a.md"), "prompts/a.md");
    assert_string_equal(resolved(*state, "golden", "./a//b/./c"), "golden/a/b/c");
    assert_string_equal(resolved(*state, "a/b", "../../c"), "c");
    assert_string_equal(resolved(*state, "a", "../../c"), "../c");
    assert_string_equal(resolved(*state, "../x", "../../c"), "../../c");
    assert_string_equal(resolved(*state, "/a", "../../../c"), "/c");
    assert_string_equal(resolved(*state, "a", ".."), ".");
    assert_string_equal(resolved(*state, "/a", ".."), "/");
}

static void an_empty_path_stays_empty(void **state)
{
    assert_string_equal(resolved(*state, "conf", ""), "");
}

static void the_folder_of_a_file_has_no_closing_slash(void **state)
{
    struct arena *arena = *state;
    assert_string_equal(arena_string(arena, path_folder(view_of("a/b/c.yaml"))), "a/b");
    assert_string_equal(arena_string(arena, path_folder(view_of("c.yaml"))), "");
    assert_string_equal(arena_string(arena, path_folder(view_of("/c.yaml"))), "/");
}

static void the_extension_is_that_of_the_last_step(void **state)
{
    struct arena *arena = *state;
    assert_string_equal(arena_string(arena, path_extension(view_of("a.b/c.d.jsonl"))), ".jsonl");
    assert_string_equal(arena_string(arena, path_extension(view_of("a.b/c"))), "");
    assert_string_equal(arena_string(arena, path_extension(view_of("a/.hidden"))), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_is_seen_from_its_folder, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(steps_that_change_nothing_are_folded, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(an_empty_path_stays_empty, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(the_folder_of_a_file_has_no_closing_slash, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(the_extension_is_that_of_the_last_step, arena_setup,
                                        arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
