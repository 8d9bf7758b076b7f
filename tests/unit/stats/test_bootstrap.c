/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/bootstrap.h. Reference: scipy 1.17.1, stats.bootstrap((x,), numpy.mean,
 * method="BCa",n_resamples=100000), the mean of five seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "samples.h"
#include "stats/bootstrap.h"

static void near(double value, double reference, double tolerance)
{
    if (fabs(value - reference) > tolerance)
        print_message("%.1f, not within %.0f of %.1f\n", value, tolerance, reference);
    assert_true(fabs(value - reference) <= tolerance);
}

static void intervals_agree_with_scipy(void **state)
{
    struct interval interval;
    (void)state;

    assert_int_equal(bootstrap_mean(many, NULL, MANY, 0.90, 3, &interval), 0);
    near(interval.low_micro, -41339.7, 700);
    near(interval.high_micro, -8305.3, 700);
    assert_int_equal(bootstrap_mean(many, NULL, MANY, 0.95, 3, &interval), 0);
    near(interval.low_micro, -44638.7, 900);
    near(interval.high_micro, -5206.4, 900);
}

static void a_skewed_sample_gets_a_skewed_interval(void **state)
{
    struct interval interval;
    (void)state;

    assert_int_equal(bootstrap_mean(skewed, NULL, SKEWED, 0.90, 3, &interval), 0);
    near(interval.low_micro, 8567.8, 120);
    near(interval.high_micro, 12932.0, 120);
}

static void equal_values_give_that_point(void **state)
{
    const int64_t same[] = {-200000, -200000, -200000};
    const int64_t pairs[] = {1, 3, 3, 1};
    const uint32_t clusters[] = {9, 9, 4, 4};
    struct interval interval;
    (void)state;

    assert_int_equal(bootstrap_mean(same, NULL, 3, 0.90, 1, &interval), 0);
    assert_true(interval.low_micro == -200000 && interval.high_micro == -200000);
    assert_int_equal(bootstrap_mean(same, NULL, 1, 0.90, 1, &interval), 0);
    assert_true(interval.low_micro == -200000 && interval.high_micro == -200000);
    assert_int_equal(bootstrap_mean(pairs, clusters, 4, 0.90, 1, &interval), 0);
    assert_true(interval.low_micro == 2 && interval.high_micro == 2);
}

static void clusters_that_agree_within_make_the_interval_wider(void **state)
{
    int64_t values[120];
    uint32_t clusters[120];
    struct interval alone, clustered;
    (void)state;

    for (uint32_t i = 0; i < 120; i++) {
        values[i] = many[i / 6];
        clusters[i] = i / 6;
    }
    assert_int_equal(bootstrap_mean(values, NULL, 120, 0.90, 1, &alone), 0);
    assert_int_equal(bootstrap_mean(values, clusters, 120, 0.90, 1, &clustered), 0);
    assert_true(clustered.high_micro - clustered.low_micro
                > 2 * (alone.high_micro - alone.low_micro));
}

static void ninety_of_a_hundred_intervals_hold_the_truth(void **state)
{
    enum { RUNS = 200, ENTRIES = 30 };
    static const uint64_t seed = 99;
    struct rng rng;
    int held = 0;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (unsigned run = 0; run < RUNS; run++) {
        int64_t values[ENTRIES];
        struct interval interval;
        for (int i = 0; i < ENTRIES; i++)
            values[i] = (int64_t)(10000 + 80000 * rng_normal(&rng));
        assert_int_equal(bootstrap_mean(values, NULL, ENTRIES, 0.90, run, &interval), 0);
        held += interval.low_micro <= 10000 && interval.high_micro >= 10000;
    }
    print_message("held %d of %d\n", held, RUNS);
    assert_in_range(held, 164, 194);
}

static void bad_input_and_no_memory_are_errors(void **state)
{
    struct interval interval;
    (void)state;

    assert_int_equal(bootstrap_mean(many, NULL, 0, 0.90, 1, &interval), ERR_INVALID);
    assert_int_equal(bootstrap_mean(many, NULL, MANY, 1, 1, &interval), ERR_INVALID);
    assert_int_equal(bootstrap_mean(many, NULL, MANY, NAN, 1, &interval), ERR_INVALID);
    for (unsigned long at = 1; at <= 2; at++) {
        mem_fail_at(at);
        assert_int_equal(bootstrap_mean(many, NULL, MANY, 0.90, 1, &interval), ERR_MEMORY);
        mem_fail_at(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_agree_with_scipy),
        cmocka_unit_test(a_skewed_sample_gets_a_skewed_interval),
        cmocka_unit_test(equal_values_give_that_point),
        cmocka_unit_test(clusters_that_agree_within_make_the_interval_wider),
        cmocka_unit_test(ninety_of_a_hundred_intervals_hold_the_truth),
        cmocka_unit_test(bad_input_and_no_memory_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
