/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/energy.h. Reference: scipy 1.17.1, energy_distance(x, y) squared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "stats/energy.h"

enum { SIZE = 4, EACH = 20, TRIALS = 300 };

static void the_distance_is_scipys(void **state)
{
    static const float x[] = {1.5f, -.25f, .75f, 2.0f, .5f};
    static const float y[] = {.1f, -1.25f, -.5f, .875f, 1.0f, -2.0f, .25f};
    const float *first[5];
    const float *second[7];
    struct energy energy;
    (void)state;

    for (size_t i = 0; i < 5; i++)
        first[i] = &x[i];
    for (size_t i = 0; i < 7; i++)
        second[i] = &y[i];
    assert_int_equal(energy_test(first, 5, second, 7, 1, 1, &energy), 0);
    assert_true(fabs(energy.distance - .7242857142857142) < 1e-6);
    assert_true(energy.p > .05 && energy.p < .4);
}

struct sets {
    float numbers[2 * EACH][SIZE];
    const float *first[EACH];
    const float *second[EACH];
};

/* Two sets of normal vectors, the second moved and stretched. */
static void draw(struct rng *rng, double moved, double stretched, struct sets *sets)
{
    for (size_t i = 0; i < 2 * EACH; i++) {
        for (size_t j = 0; j < SIZE; j++) {
            double number = rng_normal(rng);
            sets->numbers[i][j] = (float)(i < EACH ? number : number * stretched + moved);
        }
        *(i < EACH ? &sets->first[i] : &sets->second[i - EACH]) = sets->numbers[i];
    }
}

static unsigned alarms(struct rng *rng, double moved, double stretched)
{
    unsigned count = 0;

    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        struct sets sets;
        struct energy energy;
        draw(rng, moved, stretched, &sets);
        assert_int_equal(energy_test(sets.first, EACH, sets.second, EACH, SIZE, trial, &energy), 0);
        count += energy.p <= .05;
    }
    printf("moved %.1f, stretched %.1f: %u of %d\n", moved, stretched, count, TRIALS);
    return count;
}

static void one_distribution_alarms_as_often_as_said_and_another_often(void **state)
{
    struct rng rng;
    (void)state;

    rng_init(&rng, 11); /* .05 of 300, 3 standard errors: 26 */
    assert_true(alarms(&rng, 0, 1) <= 26);
    assert_true(alarms(&rng, .8, 1) >= TRIALS * 8 / 10);
    assert_true(alarms(&rng, 0, 2.5) >= TRIALS * 8 / 10); /* their means are the same */
}

static void equal_sets_have_no_distance(void **state)
{
    static const float same[SIZE] = {1, 2, 3, 4};
    const float *vectors[] = {same, same, same};
    struct energy energy;
    (void)state;

    assert_int_equal(energy_test(vectors, 3, vectors, 3, SIZE, 1, &energy), 0);
    assert_true(energy.distance == 0 && energy.p == 1);
}

static void what_cannot_be_compared_is_refused(void **state)
{
    static const float fine[SIZE] = {1, 2, 3, 4};
    static const float bad[SIZE] = {1, NAN, 3, 4};
    const float *good[] = {fine};
    const float *broken[] = {bad};
    struct energy energy;
    (void)state;

    assert_int_equal(energy_test(good, 1, broken, 1, SIZE, 1, &energy), ERR_INVALID);
    assert_int_equal(energy_test(good, 0, good, 1, SIZE, 1, &energy), ERR_INVALID);
    assert_int_equal(energy_test(good, 1, good, ENERGY_VECTORS_MAX, SIZE, 1, &energy), ERR_INVALID);
    assert_int_equal(energy_test(good, 1, good, SIZE_MAX, SIZE, 1, &energy), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distance_is_scipys),
        cmocka_unit_test(one_distribution_alarms_as_often_as_said_and_another_often),
        cmocka_unit_test(equal_sets_have_no_distance),
        cmocka_unit_test(what_cannot_be_compared_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
