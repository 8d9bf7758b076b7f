/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/normal.h. Reference: scipy 1.17.1, stats.norm.cdf(z) and stats.norm.ppf(p).
 * */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "stats/normal.h"

static void the_distribution_function_agrees_with_scipy(void **state)
{
    static const double known[][2] = {
        {-8, 6.22096057427174e-16},
        {-3, 0.0013498980316300933},
        {-1.5, 0.06680720126885807},
        {-0.1, 0.460172162722971},
        {0, 0.5},
        {0.7, 0.758036347776927},
        {2.5758293035489004, 0.995},
        {6, 0.9999999990134123},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_true(fabs(normal_cdf(known[i][0]) / known[i][1] - 1) < 1e-12);
}

static void the_quantile_agrees_with_scipy(void **state)
{
    static const double known[][2] = {
        {1e-300, -37.0470962993612},  {1e-12, -7.034483825301131}, {1e-5, -4.264890793922825},
        {0.025, -1.9599639845400545}, {0.05, -1.6448536269514729}, {0.3, -0.5244005127080409},
        {0.8, 0.8416212335729143},    {0.95, 1.6448536269514722},  {0.999999, 4.753424308817087},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_true(fabs(normal_quantile(known[i][0]) / known[i][1] - 1) < 1e-12);
    assert_true(fabs(normal_quantile(0.5)) < 1e-15);
}

static void the_quantile_undoes_the_distribution_function(void **state)
{
    (void)state;

    for (double z = -6; z < 6; z += 0.01)
        assert_true(fabs(normal_quantile(normal_cdf(z)) - z) < 1e-6);
}

static void the_ends_are_infinite_and_what_is_no_probability_is_no_number(void **state)
{
    (void)state;

    assert_true(isinf(normal_quantile(0)) && normal_quantile(0) < 0);
    assert_true(isinf(normal_quantile(1)) && normal_quantile(1) > 0);
    assert_true(isnan(normal_quantile(-0.1)));
    assert_true(isnan(normal_quantile(1.1)));
    assert_true(isnan(normal_quantile(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distribution_function_agrees_with_scipy),
        cmocka_unit_test(the_quantile_agrees_with_scipy),
        cmocka_unit_test(the_quantile_undoes_the_distribution_function),
        cmocka_unit_test(the_ends_are_infinite_and_what_is_no_probability_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
