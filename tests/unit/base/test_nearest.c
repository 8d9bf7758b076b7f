/* SPDX-License-Identifier: Apache-2.0
 *
 * Which name is meant, and when none is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

static size_t distance(const char *a, const char *b)
{
    return nearest_distance(view_of(a), view_of(b));
}

static void an_edit_is_an_insertion_a_deletion_a_replacement_or_a_swap(void **state)
{
    (void)state;

    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("abc", ""), 3);
    assert_int_equal(distance("modle", "model"), 1);
    assert_int_equal(distance("model", "modell"), 1);
    assert_int_equal(distance("model", "mdel"), 1);
    assert_int_equal(distance("model", "mobel"), 1);
    assert_int_equal(distance("MODEL", "model"), 0);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("ca", "abc"), 3);
}

static void only_what_is_near_is_proposed(void **state)
{
    (void)state;
    const struct view names[] = {VIEW("model"), VIEW("mode"), VIEW("region"), VIEW("url")};

    assert_true(view_is(nearest_of(view_of("modle"), names, 4), "model"));
    assert_true(view_is(nearest_of(view_of("regoin"), names, 4), "region"));
    assert_true(view_is(nearest_of(view_of("ulr"), names, 4), "url"));
    assert_null(nearest_of(view_of("temperature"), names, 4).ptr);
    assert_null(nearest_of(view_of("x"), names, 0).ptr);
    assert_null(nearest_of(view_of("xy"), names, 4).ptr);
}

static void c_strings_work_the_same(void **state)
{
    (void)state;
    const char *const names[] = {"json", "html", NULL};

    assert_true(view_is(nearest_text(view_of("jsno"), names), "json"));
    assert_null(nearest_text(view_of("markdown"), names).ptr);
}

static void names_without_end_are_never_near(void **state)
{
    (void)state;
    char text[200];

    memset(text, 'a', sizeof text);
    struct view word = view_make(text, sizeof text);
    assert_int_equal(nearest_distance(word, word), NEAREST_BYTES_MAX + 1);
    assert_int_equal(nearest_distance(view_make(text, 64), view_make(text, 63)), 1);
    assert_null(nearest_of(word, &word, 1).ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_is_an_insertion_a_deletion_a_replacement_or_a_swap),
        cmocka_unit_test(only_what_is_near_is_proposed),
        cmocka_unit_test(c_strings_work_the_same),
        cmocka_unit_test(names_without_end_are_never_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
