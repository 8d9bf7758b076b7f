/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/arena.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"

static void what_it_gives_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    unsigned char *given[200];

    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 200; i++) {
        given[i] = arena_new(&arena, 1, i + 1);
        assert_non_null(given[i]);
        assert_int_equal((uintptr_t)given[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(given[i][k], 0);
        memset(given[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(given[i][k], i);
    arena_release(&arena);
}

static void a_ceiling_holds_and_is_not_passed(void **state)
{
    (void)state;
    struct arena arena;
    size_t given = 0;

    arena_init(&arena, 10000);
    while (arena_new(&arena, 1, 100) != NULL)
        given += 100;
    assert_true(given > 8000 && given <= 10000);
    assert_true(arena.used <= 10000);
    assert_null(arena_new(&arena, 1, 10001));
    arena_release(&arena);
}

static void one_piece_larger_than_any_block_fits_under_the_ceiling(void **state)
{
    (void)state;
    struct arena arena;

    arena_init(&arena, 64 << 20);
    assert_non_null(arena_new(&arena, 1, 5 << 20));
    assert_non_null(arena_new(&arena, 1, 8));
    arena_release(&arena);
}

static void an_impossible_size_is_refused(void **state)
{
    (void)state;
    struct arena arena;

    arena_init(&arena, SIZE_MAX);
    assert_null(arena_new(&arena, SIZE_MAX, 2));
    assert_null(arena_new(&arena, SIZE_MAX / 4, 8));
    arena_release(&arena);
}

static void nothing_asked_for_is_still_something_given(void **state)
{
    (void)state;
    struct arena arena;

    arena_init(&arena, 4096);
    void *one = arena_new(&arena, 0, 8);
    void *two = arena_new(&arena, 8, 0);
    assert_non_null(one);
    assert_non_null(two);
    assert_ptr_not_equal(one, two);
    arena_release(&arena);
}

static void a_copy_is_its_own_and_ends_in_nul(void **state)
{
    (void)state;
    struct arena arena;
    char source[] = "a\0b";
    struct view copy;

    arena_init(&arena, 4096);
    assert_int_equal(arena_copy(&arena, view_make(source, 3), &copy), 0);
    source[0] = 'X';
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.ptr, "a\0b\0", 4);
    assert_string_equal(arena_string(&arena, view_of("title")), "title");
    assert_string_equal(arena_string(&arena, view_of(NULL)), "");
    assert_string_equal(arena_printf(&arena, "%s-%03d", "rec", 7), "rec-007");
    arena_release(&arena);
}

static void after_release_it_is_empty_and_usable(void **state)
{
    (void)state;
    struct arena arena;

    arena_init(&arena, 8192);
    assert_non_null(arena_new(&arena, 1, 8000));
    arena_release(&arena);
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_new(&arena, 1, 8000));
    arena_release(&arena);
    arena_release(&arena);
}

static void without_memory_every_door_says_so_and_outputs_stay(void **state)
{
    (void)state;
    struct arena arena;
    struct view copy = VIEW("untouched");

    arena_init(&arena, 1 << 20);
    mem_fail_at(1);
    assert_null(arena_new(&arena, 1, 1));
    assert_int_equal(arena_copy(&arena, view_of("x"), &copy), ERR_MEMORY);
    assert_null(arena_string(&arena, view_of("x")));
    assert_null(arena_printf(&arena, "%d", 1));
    mem_fail_at(0);
    assert_true(view_is(copy, "untouched"));
    assert_non_null(arena_new(&arena, 1, 1));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_gives_is_zeroed_aligned_and_apart),
        cmocka_unit_test(a_ceiling_holds_and_is_not_passed),
        cmocka_unit_test(one_piece_larger_than_any_block_fits_under_the_ceiling),
        cmocka_unit_test(an_impossible_size_is_refused),
        cmocka_unit_test(nothing_asked_for_is_still_something_given),
        cmocka_unit_test(a_copy_is_its_own_and_ends_in_nul),
        cmocka_unit_test(after_release_it_is_empty_and_usable),
        cmocka_unit_test(without_memory_every_door_says_so_and_outputs_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
