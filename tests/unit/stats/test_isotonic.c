/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/isotonic.h. Reference: scikit-learn 1.9.1, IsotonicRegression. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "stats/isotonic.h"

enum { COUNT = 12 };

static const double values[COUNT] = {.98, .97, .99, .91, .93, .88, .60, .72, .55, .55, .31, .42};
static const double weights[COUNT] = {5, 1, 3, 2, 2, 1, 4, 1, 1, 6, 2, 2};

static void assert_close(const double *got, const double *expected)
{
    for (size_t i = 0; i < COUNT; i++)
        assert_true(fabs(got[i] - expected[i]) < 1e-12);
}

static void fits_agree_with_scikit_learn(void **state)
{
    static const double plain[COUNT] = {.98, .98, .98, .92, .92,  .88,
                                        .66, .66, .55, .55, .365, .365};
    static const double weighted[COUNT] = {.9822222222222222,
                                           .9822222222222222,
                                           .9822222222222222,
                                           .92,
                                           .92,
                                           .88,
                                           .624,
                                           .624,
                                           .55,
                                           .55,
                                           .365,
                                           .365};
    double fitted[COUNT];
    double turned[COUNT];
    double turned_weights[COUNT];
    (void)state;

    assert_int_equal(isotonic_fit(values, NULL, COUNT, true, fitted), 0);
    assert_close(fitted, plain);
    assert_int_equal(isotonic_fit(values, weights, COUNT, true, fitted), 0);
    assert_close(fitted, weighted);
    for (size_t i = 0; i < COUNT; i++) {
        turned[i] = values[COUNT - 1 - i];
        turned_weights[i] = weights[COUNT - 1 - i];
    }
    assert_int_equal(isotonic_fit(turned, turned_weights, COUNT, false, turned), 0);
    for (size_t i = 0; i < COUNT; i++)
        assert_true(fabs(turned[i] - weighted[COUNT - 1 - i]) < 1e-12);
}

static void what_rises_already_stays_and_the_mean_always_does(void **state)
{
    double rising[] = {-1, 0, 0, 2, 7};
    double fitted[200];
    double random[200];
    double sum = 0;
    struct rng rng;
    (void)state;

    assert_int_equal(isotonic_fit(rising, NULL, 5, false, fitted), 0);
    assert_memory_equal(fitted, rising, sizeof rising);
    rng_init(&rng, 7);
    for (size_t i = 0; i < 200; i++)
        random[i] = rng_normal(&rng);
    assert_int_equal(isotonic_fit(random, NULL, 200, false, fitted), 0);
    for (size_t i = 0; i < 200; i++) {
        assert_true(i == 0 || fitted[i] >= fitted[i - 1] - 1e-12);
        sum += fitted[i] - random[i];
    }
    assert_true(fabs(sum) < 1e-9);
}

static void what_cannot_be_fitted_is_refused(void **state)
{
    double bad[] = {0, NAN};
    double fine[] = {0, 1};
    double zero[] = {1, 0};
    double out[2] = {9, 9};
    (void)state;

    assert_int_equal(isotonic_fit(bad, NULL, 2, false, out), ERR_INVALID);
    assert_int_equal(isotonic_fit(fine, zero, 2, false, out), ERR_INVALID);
    assert_int_equal(isotonic_fit(fine, NULL, 0, false, out), 0);
    assert_true(out[0] == 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_agree_with_scikit_learn),
        cmocka_unit_test(what_rises_already_stays_and_the_mean_always_does),
        cmocka_unit_test(what_cannot_be_fitted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
