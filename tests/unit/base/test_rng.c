/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of base/rng.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"

/* The first values of xoshiro256** from the state 1, 2, 3, 4, as its authors' code gives them. */
static void the_sequence_is_that_of_the_published_generator(void **state)
{
    (void)state;
    struct rng rng = {.state = {1, 2, 3, 4}};
    static const uint64_t expected[] = {11520u, 0u, 1509978240u, 1215971899390074240u};

    for (size_t i = 0; i < 4; i++)
        assert_true(rng_next(&rng) == expected[i]);
}

static void a_seed_goes_through_splitmix64(void **state)
{
    (void)state;
    struct rng rng;

    rng_init(&rng, 1234567);
    assert_true(rng.state[0] == 6457827717110365317u);
    assert_true(rng.state[1] == 3203168211198807973u);
}

static void the_same_seed_gives_the_same_and_another_another(void **state)
{
    (void)state;
    struct rng one;
    struct rng same;
    struct rng other;
    int equal = 0;

    rng_init(&one, 7);
    rng_init(&same, 7);
    rng_init(&other, 8);
    for (int i = 0; i < 1000; i++) {
        uint64_t value = rng_next(&one);
        assert_true(value == rng_next(&same));
        equal += value == rng_next(&other);
    }
    assert_int_equal(equal, 0);
}

static void generators_for_different_purposes_do_not_meet(void **state)
{
    (void)state;
    struct rng bootstrap;
    struct rng arrivals;
    struct rng again;

    rng_init_named(&bootstrap, 7, view_of("bootstrap"));
    rng_init_named(&arrivals, 7, view_of("arrivals"));
    rng_init_named(&again, 7, view_of("bootstrap"));
    for (int i = 0; i < 100; i++) {
        uint64_t value = rng_next(&bootstrap);
        assert_true(value != rng_next(&arrivals));
        assert_true(value == rng_next(&again));
    }
}

static void numbers_below_a_bound_are_below_it_and_evenly_spread(void **state)
{
    (void)state;
    struct rng rng;
    int counts[6] = {0};
    double chi_square = 0;

    rng_init(&rng, 11);
    for (int i = 0; i < 60000; i++)
        counts[rng_below(&rng, 6)]++;
    for (int i = 0; i < 6; i++)
        chi_square += (counts[i] - 10000) * (counts[i] - 10000) / 10000.0;
    assert_true(chi_square < 20.5); /* 5 degrees of freedom, p = 0.001 */
    for (int i = 0; i < 100; i++) {
        assert_true(rng_below(&rng, 1) == 0);
        assert_true(rng_below(&rng, UINT64_MAX) < UINT64_MAX);
        assert_true(rng_below(&rng, (1ull << 63) + 1) <= 1ull << 63);
    }
}

static void units_lie_in_zero_to_one_with_the_right_mean(void **state)
{
    (void)state;
    struct rng rng;
    double sum = 0;

    rng_init(&rng, 3);
    for (int i = 0; i < 100000; i++) {
        double value = rng_unit(&rng);
        assert_true(value >= 0 && value < 1);
        sum += value;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 0.004); /* 4 standard errors */
}

static void normals_have_mean_zero_and_variance_one(void **state)
{
    (void)state;
    struct rng rng;
    double sum = 0;
    double squares = 0;

    rng_init(&rng, 5);
    for (int i = 0; i < 100000; i++) {
        double value = rng_normal(&rng);
        assert_true(isfinite(value));
        sum += value;
        squares += value * value;
    }
    assert_true(fabs(sum / 100000) < 0.0127);
    assert_true(fabs(squares / 100000 - 1) < 0.018);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_that_of_the_published_generator),
        cmocka_unit_test(a_seed_goes_through_splitmix64),
        cmocka_unit_test(the_same_seed_gives_the_same_and_another_another),
        cmocka_unit_test(generators_for_different_purposes_do_not_meet),
        cmocka_unit_test(numbers_below_a_bound_are_below_it_and_evenly_spread),
        cmocka_unit_test(units_lie_in_zero_to_one_with_the_right_mean),
        cmocka_unit_test(normals_have_mean_zero_and_variance_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
