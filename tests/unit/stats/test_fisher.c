/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/fisher.h. Reference: scipy 1.17.1, stats.fisher_exact(table), one-sided
 * with "greater" onthe passes before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "stats/fisher.h"

static void both_tests_agree_with_scipy(void **state)
{
    static const struct {
        uint64_t before, of_before, now, of_now;
        double p_worse, p;
    } known[] = {
        {3, 3, 0, 3, 0.05, 0.1},
        {5, 5, 1, 5, 0.02380952380952381, 0.047619047619047616},
        {8, 10, 3, 10, 0.03488925934746368, 0.06977851869492736},
        {0, 5, 5, 5, 1, 0.007936507936507938},
        {10, 10, 10, 10, 1, 1},
        {48, 50, 40, 50, 0.013873129574085178, 0.02774625914817036},
        {900, 1000, 850, 1000, 0.0004475437693453447, 0.0008950875386906894},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct fisher got =
            fisher_exact(known[i].before, known[i].of_before, known[i].now, known[i].of_now);
        assert_true(fabs(got.p_worse - known[i].p_worse) < 1e-10);
        assert_true(fabs(got.p - known[i].p) < 1e-10);
    }
}

static void an_empty_side_says_nothing(void **state)
{
    (void)state;

    assert_true(fabs(fisher_exact(0, 0, 3, 5).p - 1) < 1e-12);
    assert_true(fabs(fisher_exact(3, 5, 0, 0).p_worse - 1) < 1e-12);
    assert_true(fabs(fisher_exact(0, 0, 0, 0).p - 1) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_tests_agree_with_scipy),
        cmocka_unit_test(an_empty_side_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
