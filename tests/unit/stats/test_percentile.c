/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/percentile.h. Reference: numpy.quantile([3,1,4,1,5,9,2,6,5,3], q). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "stats/percentile.h"

static void quantiles_are_those_of_numpy(void **state)
{
    static const double known[][2] = {{0, 1},     {0.1, 1},     {0.25, 2.25}, {0.5, 3.5},
                                      {0.9, 6.3}, {0.95, 7.65}, {1, 9}};
    double values[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
    int64_t whole[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
    (void)state;

    percentile_sort(values, 10);
    percentile_sort_int(whole, 10);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_true(fabs(percentile_of(values, 10, known[i][0]) - known[i][1]) < 1e-12);
        assert_true(fabs(percentile_of_int(whole, 10, known[i][0]) - known[i][1]) < 1e-12);
    }
}

static void one_value_is_every_quantile_and_none_is_zero(void **state)
{
    const double one = 7;
    const int64_t whole = -7;
    (void)state;

    assert_true(percentile_of(&one, 1, 0.3) == 7);
    assert_true(percentile_of_int(&whole, 1, 1) == -7);
    assert_true(percentile_of(NULL, 0, 0.5) == 0);
    assert_true(percentile_of_int(NULL, 0, 0.5) == 0);
}

static void a_quantile_outside_its_range_is_clamped(void **state)
{
    const double values[] = {1, 2, 3};
    (void)state;

    assert_true(percentile_of(values, 3, -1) == 1);
    assert_true(percentile_of(values, 3, 2) == 3);
    assert_true(percentile_of(values, 3, NAN) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_numpy),
        cmocka_unit_test(one_value_is_every_quantile_and_none_is_zero),
        cmocka_unit_test(a_quantile_outside_its_range_is_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
