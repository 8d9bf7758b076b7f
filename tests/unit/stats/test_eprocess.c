/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/eprocess.h. Reference: the formulas of its header, in Python, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "stats/eprocess.h"

enum { LOOKS = 500, TRIALS = 1000 };

static const double MARGIN = .03;
static const double ALPHA = .05;

static void wealth_follows_the_formulas(void **state)
{
    static const double looks[] = {.01, -.02, -.08, -.11, .0, -.15, -.09, -.2, -.12, -.1, .05, -.3};
    struct eprocess process = eprocess_begin(MARGIN);
    (void)state;

    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        eprocess_look(&process, looks[i]);
    assert_true(fabs(process.log_wealth - .2888008543340659) < 1e-12);
    assert_true(fabs(process.log_cusum - .2980530406122685) < 1e-12);
    assert_int_equal(process.since, 5);
}

/* A suite that fell by exactly the margin, looked at five hundred times. */
static void the_worst_null_alarms_at_most_as_often_as_promised(void **state)
{
    unsigned alarms = 0;
    struct rng rng;
    (void)state;

    rng_init(&rng, 3);
    for (int trial = 0; trial < TRIALS; trial++) {
        struct eprocess process = eprocess_begin(MARGIN);
        for (int look = 0; look < LOOKS; look++)
            eprocess_look(&process, -MARGIN + .2 * rng_normal(&rng));
        alarms += eprocess_alarm(&process, ALPHA);
    }
    printf("e-process: %u of %d\n", alarms, TRIALS);
    assert_true(alarms <= 50 + 21); /* .05 and 3 standard errors */
}

/* How many looks until the e-CUSUM is alarmed, when the mean is `mean` from look `from` on. */
static double mean_run_length(struct rng *rng, double mean, unsigned from, unsigned most)
{
    double total = 0;

    for (int trial = 0; trial < 200; trial++) {
        struct eprocess process = eprocess_begin(MARGIN);
        unsigned look = 0;
        while (look < most && !eprocess_change(&process, ALPHA)) {
            eprocess_look(&process, (look < from ? 0 : mean) + .1 * rng_normal(rng));
            look++;
        }
        total += look;
    }
    return total / 200;
}

static void a_change_is_seen_and_false_alarms_are_as_rare_as_promised(void **state)
{
    struct rng rng;
    (void)state;

    rng_init(&rng, 5);
    double quiet = mean_run_length(&rng, -MARGIN, 0, 2000);
    double fallen = mean_run_length(&rng, -.25, 20, 2000);
    printf("e-CUSUM: %.0f looks to a false alarm, %.0f after a fall of .25\n", quiet, fallen - 20);
    assert_true(quiet >= 1 / ALPHA);
    assert_true(fallen - 20 < 60);
}

static void looks_without_a_value_do_not_count(void **state)
{
    struct eprocess process = eprocess_begin(MARGIN);
    (void)state;

    eprocess_look(&process, NAN);
    eprocess_look(&process, INFINITY);
    assert_int_equal(process.looks, 0);
    for (int i = 0; i < 100; i++)
        eprocess_look(&process, -7); /* brought to −1 */
    assert_true(isfinite(process.log_wealth) && eprocess_alarm(&process, ALPHA));
    struct eprocess risen = eprocess_begin(MARGIN);
    for (int i = 0; i < 100; i++)
        eprocess_look(&risen, .5);
    assert_true(risen.log_wealth == 0 && !eprocess_change(&risen, ALPHA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wealth_follows_the_formulas),
        cmocka_unit_test(the_worst_null_alarms_at_most_as_often_as_promised),
        cmocka_unit_test(a_change_is_seen_and_false_alarms_are_as_rare_as_promised),
        cmocka_unit_test(looks_without_a_value_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
