/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/fdr.h. Reference: statsmodels 0.15.0, multipletests(p, method="fdr_bh" and
 * "fdr_by"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "stats/fdr.h"

enum { TESTS = 10 };

static const double p[TESTS] = {0.01, 0.04, 0.03, 0.005, 0.2, 0.5, 0.001, 0.04, 0.9, 0.012};

static void both_methods_agree_with_statsmodels(void **state)
{
    static const double hochberg[TESTS] = {0.03,
                                           0.05714285714285715,
                                           0.05714285714285715,
                                           0.025,
                                           0.25,
                                           0.5555555555555556,
                                           0.01,
                                           0.05714285714285715,
                                           0.9,
                                           0.03};
    static const double yekutieli[TESTS] = {
        0.08786904761904761,  0.16736961451247165, 0.16736961451247165,
        0.07322420634920634,  0.7322420634920634,  1,
        0.029289682539682536, 0.16736961451247165, 1,
        0.08786904761904761};
    double adjusted[TESTS];
    (void)state;

    assert_int_equal(fdr_adjust(FDR_BENJAMINI_HOCHBERG, p, TESTS, adjusted), 0);
    for (size_t i = 0; i < TESTS; i++)
        assert_true(fabs(adjusted[i] - hochberg[i]) < 1e-12);
    assert_int_equal(fdr_adjust(FDR_BENJAMINI_YEKUTIELI, p, TESTS, adjusted), 0);
    for (size_t i = 0; i < TESTS; i++)
        assert_true(fabs(adjusted[i] - yekutieli[i]) < 1e-12);
}

static void values_may_be_adjusted_in_place(void **state)
{
    double values[TESTS], adjusted[TESTS];
    (void)state;

    memcpy(values, p, sizeof values);
    assert_int_equal(fdr_adjust(FDR_BENJAMINI_HOCHBERG, p, TESTS, adjusted), 0);
    assert_int_equal(fdr_adjust(FDR_BENJAMINI_HOCHBERG, values, TESTS, values), 0);
    assert_memory_equal(values, adjusted, sizeof values);
}

static void what_is_no_p_and_no_memory_are_errors(void **state)
{
    const double bad[] = {0.5, 1.5};
    const double missing[] = {NAN};
    double adjusted[TESTS];
    (void)state;

    assert_int_equal(fdr_adjust(FDR_BENJAMINI_HOCHBERG, bad, 2, adjusted), ERR_INVALID);
    assert_int_equal(fdr_adjust(FDR_BENJAMINI_HOCHBERG, missing, 1, adjusted), ERR_INVALID);
    assert_int_equal(fdr_adjust(FDR_BENJAMINI_HOCHBERG, p, 0, adjusted), 0);
    mem_fail_at(1);
    assert_int_equal(fdr_adjust(FDR_BENJAMINI_HOCHBERG, p, TESTS, adjusted), ERR_MEMORY);
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_methods_agree_with_statsmodels),
        cmocka_unit_test(values_may_be_adjusted_in_place),
        cmocka_unit_test(what_is_no_p_and_no_memory_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
