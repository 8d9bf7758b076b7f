/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/effect.h. Reference: numpy std(ddof=1)/sqrt(n); statsmodels 0.15.0,\n *
 * OLS(d, ones).fit(cov_type="cluster", cov_kwds={"groups": c, "use_correction": False}).bse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "samples.h"
#include "stats/effect.h"

static void mean_and_error_are_those_of_the_textbook(void **state)
{
    struct effect effect;
    (void)state;

    assert_int_equal(effect_of(few, NULL, FEW, &effect), 0);
    assert_true(fabs(effect.mean_micro + 37500) < 1e-9);
    assert_true(fabs(effect.se_micro - 14943.073798434329) < 1e-6);
    assert_true(fabs(effect.low_micro - (-37500 - 1.959964 * 14943.0738)) < 0.1);
    assert_true(fabs(effect.mde_micro - 2.486475 * 14943.0738) < 0.1);
}

static void clusters_have_millers_error(void **state)
{
    struct effect effect;
    (void)state;

    assert_int_equal(effect_of(few, few_clusters, FEW, &effect), 0);
    assert_int_equal(effect.clusters, 6);
    assert_true(fabs(effect.se_micro - 12219.06524884599) < 1e-6);
}

static void one_value_knows_no_error(void **state)
{
    struct effect effect;
    (void)state;

    assert_int_equal(effect_of(few, NULL, 1, &effect), 0);
    assert_true(effect.se_micro == 0 && effect.mean_micro == -120000);
}

/* Entries whose true differences are 0, answers with noise of .1, and as many repeats as asked. */
static double measured_error(unsigned repeats, struct rng *rng)
{
    enum { ENTRIES = 50 };
    int64_t differences[ENTRIES];
    struct effect effect;

    for (int i = 0; i < ENTRIES; i++) {
        double now = 0, before = 0;
        for (unsigned k = 0; k < repeats; k++) {
            now += 100000 * rng_normal(rng) / repeats;
            before += 100000 * rng_normal(rng) / repeats;
        }
        differences[i] = (int64_t)(now - before);
    }
    assert_int_equal(effect_of(differences, NULL, ENTRIES, &effect), 0);
    return effect.se_micro;
}

static void the_repeats_it_asks_for_are_enough(void **state)
{
    struct rng rng;
    struct effect_design design = {.noise_micro = 100000,
                                   .entries = 50,
                                   .repeats = 2,
                                   .baseline_repeats = 2,
                                   .margin_micro = 30000};
    (void)state;

    print_message("seed 8\n");
    rng_init(&rng, 8);
    design.se_micro = measured_error(2, &rng);
    unsigned repeats = effect_repeats_needed(&design);
    assert_in_range(repeats, 2, 6);
    assert_true(2.486 * measured_error(repeats, &rng) < 30000 * 1.2);
}

static void where_the_entries_differ_too_much_only_more_entries_help(void **state)
{
    const struct effect_design design = {.se_micro = 20000,
                                         .noise_micro = 1000,
                                         .entries = 20,
                                         .repeats = 3,
                                         .baseline_repeats = 3,
                                         .margin_micro = 30000};
    (void)state;

    assert_int_equal(effect_repeats_needed(&design), 0);
    assert_int_equal(effect_entries_needed(&design), 55); /* 20 · (2.4865 · 20 / 30)² = 54.96 */
}

static void bad_input_and_no_memory_are_errors(void **state)
{
    struct effect effect;
    (void)state;

    assert_int_equal(effect_of(few, NULL, 0, &effect), ERR_INVALID);
    mem_fail_at(1);
    assert_int_equal(effect_of(few, NULL, FEW, &effect), ERR_MEMORY);
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_error_are_those_of_the_textbook),
        cmocka_unit_test(clusters_have_millers_error),
        cmocka_unit_test(one_value_knows_no_error),
        cmocka_unit_test(the_repeats_it_asks_for_are_enough),
        cmocka_unit_test(where_the_entries_differ_too_much_only_more_entries_help),
        cmocka_unit_test(bad_input_and_no_memory_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
