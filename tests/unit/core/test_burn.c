/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/quota/burn.h"

static void a_request_reserves_what_it_brings_and_what_it_may_get(void **state)
{
    (void)state;
    const struct burn_rates plain = {0};

    assert_int_equal(
        burn_reserved(
            &plain,
            &(struct burn_tokens){.input = 100, .cache_read = 30, .cache_write = 7, .output = 500}),
        637);
}

static void it_settles_without_cache_reads_and_with_its_outputs_rate(void **state)
{
    (void)state;
    const struct burn_rates five = {.output_micro = 5000000};
    const struct burn_tokens used = {
        .input = 100, .cache_read = 30, .cache_write = 7, .output = 50};

    assert_int_equal(burn_used(&five, &used), 100 + 7 + 250);
    assert_int_equal(burn_used(&(struct burn_rates){0}, &used), 157);
}

static void whether_the_reservation_burns_down_too_is_a_setting(void **state)
{
    (void)state;
    struct burn_rates rates = {.output_micro = 5000000};
    const struct burn_tokens tokens = {.input = 10, .output = 100};

    assert_int_equal(burn_reserved(&rates, &tokens), 110);
    rates.reserve_burns = true;
    assert_int_equal(burn_reserved(&rates, &tokens), 510);
}

static void an_unset_max_tokens_reserves_the_models_maximum(void **state)
{
    (void)state;
    const struct burn_tokens tokens = {.input = 10, .output = -1};

    assert_int_equal(burn_reserved(&(struct burn_rates){.max_tokens = 8192}, &tokens), 8202);
    assert_int_equal(burn_reserved(&(struct burn_rates){0}, &tokens), 4106);
    assert_int_equal(burn_used(&(struct burn_rates){.max_tokens = 8192}, &tokens), 10);
}

static void a_part_of_a_token_counts_whole_and_nonsense_does_not_wrap(void **state)
{
    (void)state;
    const struct burn_rates odd = {.output_micro = 1500000, .reserve_burns = true};

    assert_int_equal(burn_used(&odd, &(struct burn_tokens){.output = 3}), 5);
    assert_int_equal(burn_used(&odd, &(struct burn_tokens){.input = -5, .output = 2}), 3);
    assert_true(burn_used(&odd, &(struct burn_tokens){.output = INT64_MAX}) == INT64_MAX);
    assert_true(burn_reserved(&odd, &(struct burn_tokens){.input = INT64_MAX, .output = 1})
                == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_reserves_what_it_brings_and_what_it_may_get),
        cmocka_unit_test(it_settles_without_cache_reads_and_with_its_outputs_rate),
        cmocka_unit_test(whether_the_reservation_burns_down_too_is_a_setting),
        cmocka_unit_test(an_unset_max_tokens_reserves_the_models_maximum),
        cmocka_unit_test(a_part_of_a_token_counts_whole_and_nonsense_does_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
