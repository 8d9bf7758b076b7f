/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/mcnemar.h. Reference: scipy 1.17.1, stats.binomtest(broke, broke + healed,
 * .5), one-sidedwith alternative="greater". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "stats/mcnemar.h"

static void both_tests_agree_with_scipy(void **state)
{
    static const struct {
        uint64_t broke, healed;
        double p_worse, p;
    } known[] = {
        {0, 0, 1, 1},
        {1, 0, 0.5, 1},
        {5, 1, 0.109375, 0.21875},
        {1, 5, 0.984375, 0.21875},
        {10, 10, 0.5880985260009766, 1},
        {25, 9, 0.004520592745393515, 0.00904118549078703},
        {300, 250, 0.018289372774551338, 0.036578745549102676},
        {2000, 2200, 0.9990390016851426, 0.0021323556719912455},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct mcnemar got = mcnemar_exact(known[i].broke, known[i].healed);
        assert_true(fabs(got.p_worse - known[i].p_worse) < 1e-10);
        assert_true(fabs(got.p - known[i].p) < 1e-10);
    }
}

static void large_counts_stay_probabilities(void **state)
{
    (void)state;

    for (uint64_t broke = 1; broke < 100000000; broke *= 7) {
        struct mcnemar got = mcnemar_exact(broke, 3 * broke / 2);
        assert_true(got.p >= 0 && got.p <= 1 && got.p_worse >= 0 && got.p_worse <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_tests_agree_with_scipy),
        cmocka_unit_test(large_counts_stay_probabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
