/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/permutation.h. Reference: scipy 1.17.1, stats.permutation_test((d,),
 * numpy.sum,permutation_type="samples", n_resamples=inf, alternative="less"); of cluster sums
 * where clustered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "samples.h"
#include "stats/permutation.h"

static void twenty_differences_or_fewer_are_tested_exactly(void **state)
{
    struct permutation result;
    (void)state;

    assert_int_equal(permutation_drop(few, NULL, FEW, 1, &result), 0);
    assert_true(result.is_exact);
    assert_int_equal(result.flips, 4096);
    assert_true(fabs(result.p - 0.01708984375) < 1e-15);
}

static void clusters_flip_as_one(void **state)
{
    struct permutation result;
    (void)state;

    assert_int_equal(permutation_drop(few, few_clusters, FEW, 1, &result), 0);
    assert_int_equal(result.units, 6);
    assert_true(fabs(result.p - 0.03125) < 1e-15);
}

static void more_are_drawn_and_come_close_to_the_whole(void **state)
{
    static const double scipy_of_a_million = 0.009059;
    struct permutation result;
    (void)state;

    assert_int_equal(permutation_drop(many, NULL, MANY, 7, &result), 0);
    assert_false(result.is_exact);
    assert_int_equal(result.flips, PERMUTATION_DRAWS);
    /* four standard errors of 9,999 draws */
    assert_true(fabs(result.p - scipy_of_a_million) < 4 * sqrt(0.009059 / PERMUTATION_DRAWS));
}

static void the_same_seed_gives_the_same_p(void **state)
{
    struct permutation first, second;
    (void)state;

    assert_int_equal(permutation_drop(many, NULL, MANY, 5, &first), 0);
    assert_int_equal(permutation_drop(many, NULL, MANY, 5, &second), 0);
    assert_int_equal(first.as_low, second.as_low);
}

static void a_rise_is_no_drop_and_nothing_at_all_is_sure_of_nothing(void **state)
{
    const int64_t rise[] = {10, 20, 30};
    const int64_t nothing[30] = {0};
    struct permutation result;
    (void)state;

    assert_int_equal(permutation_drop(rise, NULL, 3, 1, &result), 0);
    assert_true(result.p >= 1);
    assert_int_equal(permutation_drop(nothing, NULL, 30, 1, &result), 0);
    assert_true(result.p >= 1);
}

static void a_p_is_never_zero(void **state)
{
    int64_t fall[200];
    struct permutation result;
    (void)state;

    for (int i = 0; i < 200; i++)
        fall[i] = -500000 - i;
    assert_int_equal(permutation_drop(fall, NULL, 200, 1, &result), 0);
    assert_true(fabs(result.p - 1.0 / (PERMUTATION_DRAWS + 1)) < 1e-15);
}

static void unchanged_sets_are_called_worse_no_more_often_than_promised(void **state)
{
    enum { RUNS = 2000, ENTRIES = 40 };
    static const uint64_t seed = 20261123;
    struct rng rng;
    int alarms = 0;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int run = 0; run < RUNS; run++) {
        int64_t differences[ENTRIES];
        struct permutation result;
        for (int i = 0; i < ENTRIES; i++) /* heavy tails, many ties at 0 */
            differences[i] =
                rng_below(&rng, 3) == 0 ? 0 : (int64_t)(pow(rng_normal(&rng), 3) * 50000);
        assert_int_equal(permutation_drop(differences, NULL, ENTRIES, rng_next(&rng), &result), 0);
        alarms += result.p < 0.05;
    }
    print_message("false alarms: %d of %d at .05\n", alarms, RUNS);
    assert_true(alarms <= 0.05 * RUNS + 3 * sqrt(RUNS * 0.05 * 0.95));
    assert_true(alarms >= 0.05 * RUNS - 4 * sqrt(RUNS * 0.05 * 0.95));
}

static void a_real_drop_is_found(void **state)
{
    enum { RUNS = 200, ENTRIES = 40 };
    static const uint64_t seed = 4711;
    struct rng rng;
    int found = 0;
    (void)state;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int run = 0; run < RUNS; run++) {
        int64_t differences[ENTRIES];
        struct permutation result;
        for (int i = 0; i < ENTRIES; i++)
            differences[i] = (int64_t)(-60000 + 100000 * rng_normal(&rng));
        assert_int_equal(permutation_drop(differences, NULL, ENTRIES, (uint64_t)run + 1, &result),
                         0);
        found += result.p < 0.05;
    }
    print_message("found %d of %d\n", found, RUNS);
    assert_true(found >= 185); /* power of a t test here: .98 */
}

static void nothing_too_much_and_no_memory_are_errors(void **state)
{
    const int64_t too_large = INT64_C(1) << 40;
    struct permutation result;
    (void)state;

    assert_int_equal(permutation_drop(few, NULL, 0, 1, &result), ERR_INVALID);
    assert_int_equal(permutation_drop(&too_large, NULL, 1, 1, &result), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_differences_or_fewer_are_tested_exactly),
        cmocka_unit_test(clusters_flip_as_one),
        cmocka_unit_test(more_are_drawn_and_come_close_to_the_whole),
        cmocka_unit_test(the_same_seed_gives_the_same_p),
        cmocka_unit_test(a_rise_is_no_drop_and_nothing_at_all_is_sure_of_nothing),
        cmocka_unit_test(a_p_is_never_zero),
        cmocka_unit_test(unchanged_sets_are_called_worse_no_more_often_than_promised),
        cmocka_unit_test(a_real_drop_is_found),
        cmocka_unit_test(nothing_too_much_and_no_memory_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
