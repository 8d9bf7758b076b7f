/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/mem.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

static void what_it_gives_is_zeroed(void **state)
{
    (void)state;
    unsigned char *bytes = mem_new(100, 3);

    assert_non_null(bytes);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(bytes[i], 0);
    mem_free(bytes);
}

static void a_product_that_overflows_is_refused(void **state)
{
    (void)state;
    int kept = 0;

    assert_null(mem_new(SIZE_MAX / 2, 3));
    assert_null(mem_resize(NULL, SIZE_MAX, 2));
    assert_null(mem_resize(&kept, SIZE_MAX / 8, 16));
}

static void nothing_is_still_a_block_of_its_own(void **state)
{
    (void)state;
    void *one = mem_new(0, 8);
    void *two = mem_new(8, 0);

    assert_non_null(one);
    assert_non_null(two);
    assert_ptr_not_equal(one, two);
    mem_free(one);
    mem_free(two);
    mem_free(NULL);
}

static void resizing_keeps_what_was_there(void **state)
{
    (void)state;
    char *bytes = mem_new(4, 1);

    assert_non_null(bytes);
    bytes[0] = 'a';
    bytes[3] = 'd';
    bytes = mem_resize(bytes, 4000, 1);
    assert_non_null(bytes);
    assert_int_equal(bytes[0], 'a');
    assert_int_equal(bytes[3], 'd');
    mem_free(bytes);
}

static void the_nth_allocation_and_all_after_it_fail_until_told_otherwise(void **state)
{
    (void)state;

    mem_fail_at(3);
    void *one = mem_new(1, 1);
    void *two = mem_resize(NULL, 1, 1);
    assert_non_null(one);
    assert_non_null(two);
    assert_null(mem_new(1, 1));
    assert_null(mem_new(1, 1));
    assert_null(mem_resize(two, 2, 1));
    mem_fail_at(0);
    void *three = mem_new(1, 1);
    assert_non_null(three);
    mem_free(one);
    mem_free(two);
    mem_free(three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_gives_is_zeroed),
        cmocka_unit_test(a_product_that_overflows_is_refused),
        cmocka_unit_test(nothing_is_still_a_block_of_its_own),
        cmocka_unit_test(resizing_keeps_what_was_there),
        cmocka_unit_test(the_nth_allocation_and_all_after_it_fail_until_told_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
