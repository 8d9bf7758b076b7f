/* SPDX-License-Identifier: Apache-2.0
 *
 * Advice on pools: the rules, the workload played again, the reasoned size, sizes that move. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/pool/advice.h"
#include "core/pool/autosize.h"

static const uint64_t MS = 1000000;
static const uint64_t SECOND = 1000000000;

struct load {
    struct histogram between;
    struct histogram service;
    struct histogram connect;
    struct workload workload;
};

static void exponential(struct histogram *histogram, double mean_ns, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    assert_int_equal(histogram_init(histogram, 3600 * SECOND), 0);
    for (int i = 0; i < 200000; i++)
        histogram_record(histogram, (uint64_t)(-mean_ns * log(1.0 - rng_unit(&rng))));
}

static void load_init(struct load *load, double rate, double service_s)
{
    exponential(&load->between, 1e9 / rate, 1);
    exponential(&load->service, 1e9 * service_s, 2);
    assert_int_equal(histogram_init(&load->connect, 3600 * SECOND), 0);
    histogram_record(&load->connect, 20 * MS);
    load->workload = (struct workload){&load->between, &load->service, &load->connect};
}

static void load_release(struct load *load)
{
    histogram_release(&load->between);
    histogram_release(&load->service);
    histogram_release(&load->connect);
}

/* ---- rules ---------------------------------------------------------------------------------- */

static void each_rule_holds_past_its_own_figure_and_not_at_it(void **state)
{
    (void)state;
    struct pool_metrics metrics = {
        .connections_max = 50, .utilization_micro = 800000, .checkouts = 990, .timeouts = 10};
    struct advice advice = pool_advise(&metrics);

    assert_false(advice.holds[ADVICE_BUSY] || advice.holds[ADVICE_SLACK]
                 || advice.holds[ADVICE_TIMEOUTS]);
    metrics.utilization_micro = 800001;
    advice = pool_advise(&metrics);
    assert_true(advice.holds[ADVICE_BUSY]);
    assert_int_equal(advice.propose[ADVICE_BUSY], 75);
    metrics.timeouts = 11;
    assert_true(pool_advise(&metrics).holds[ADVICE_TIMEOUTS]);
    metrics = (struct pool_metrics){.connections_max = 50, .utilization_micro = 199999};
    advice = pool_advise(&metrics);
    assert_true(advice.holds[ADVICE_SLACK]);
    assert_int_equal(advice.propose[ADVICE_SLACK], 25);
}

static void a_pool_of_ten_is_never_called_too_large_and_five_is_the_least_proposed(void **state)
{
    (void)state;
    struct pool_metrics metrics = {.connections_max = 10, .utilization_micro = 0};

    assert_false(pool_advise(&metrics).holds[ADVICE_SLACK]);
    metrics.connections_max = 11;
    assert_true(pool_advise(&metrics).holds[ADVICE_SLACK]);
    assert_int_equal(pool_advise(&metrics).propose[ADVICE_SLACK], 5);
}

/* ---- the workload played again -------------------------------------------------------------- */

/* M/M/c with 4 Erlangs on 6 servers: Erlang C says .2848 wait, .05696 s on average. */
static void a_rehearsal_waits_as_long_as_queueing_theory_says(void **state)
{
    (void)state;
    struct load load;
    struct rehearsal figures;
    struct rehearsal_wish wish = {.connections_min = 6,
                                  .connections_max = 6,
                                  .checkout_in_ns = 60 * SECOND,
                                  .arrivals = 200000,
                                  .seed = 5};

    load_init(&load, 10.0, 0.4);
    assert_int_equal(pool_rehearse(&load.workload, &wish, &figures), 0);
    assert_int_equal(figures.arrivals, 200000);
    assert_int_equal(figures.timeouts, 0);
    double mean_s = (double)figures.checkout_ns_mean / 1e9;
    if (fabs(mean_s - 0.05696) > 0.005)
        fail_msg("waits %.5f s on average, not .05696", mean_s);
    assert_in_range(figures.utilization_micro, 640000, 690000);
    assert_int_equal(figures.checkout_ns_p50, 0);
    load_release(&load);
}

static void the_same_seed_gives_the_same_figures(void **state)
{
    (void)state;
    struct load load;
    struct rehearsal one;
    struct rehearsal two;
    struct rehearsal_wish wish = {.connections_max = 5, .seed = 9};

    load_init(&load, 10.0, 0.4);
    assert_int_equal(pool_rehearse(&load.workload, &wish, &one), 0);
    assert_int_equal(pool_rehearse(&load.workload, &wish, &two), 0);
    assert_memory_equal(&one, &two, sizeof one);
    load_release(&load);
}

static void an_under_sized_pool_is_told_the_size_that_is_enough(void **state)
{
    (void)state;
    struct load load;
    struct advice_size size;
    struct rehearsal_wish wish = {.connections_min = 2, .connections_max = 4, .seed = 1};

    load_init(&load, 20.0, 0.4); /* 8 Erlangs on 4 connections */
    assert_int_equal(pool_advise_size(&load.workload, &wish, 50 * MS, 100, &size), 0);
    assert_true(size.possible);
    assert_int_equal(size.now.checkout_ns_p99, UINT64_MAX);
    assert_true(size.now.timeouts > 0);
    /* M/M/c: P(wait > 50 ms) falls below 1 % between 15 and 16 servers. */
    assert_in_range(size.connections, 14, 17);
    assert_true(size.then.checkout_ns_p99 <= 50 * MS);
    load_release(&load);
}

static void an_over_sized_pool_is_told_the_size_that_is_enough(void **state)
{
    (void)state;
    struct load load;
    struct advice_size size;
    struct rehearsal_wish wish = {.connections_min = 2, .connections_max = 100, .seed = 1};

    load_init(&load, 20.0, 0.1); /* 2 Erlangs on 100 connections */
    assert_int_equal(pool_advise_size(&load.workload, &wish, 50 * MS, 200, &size), 0);
    assert_true(size.possible && size.connections < 12);
    assert_true(size.now.utilization_micro < ADVICE_SLACK_BELOW_MICRO);
    assert_true(size.then.checkout_ns_p99 <= 50 * MS);
    load_release(&load);
}

static void what_no_size_can_give_is_said(void **state)
{
    (void)state;
    struct load load;
    struct advice_size size;
    struct rehearsal_wish wish = {.connections_max = 2, .seed = 1};

    load_init(&load, 100.0, 1.0);
    assert_int_equal(pool_advise_size(&load.workload, &wish, MS, 20, &size), 0);
    assert_false(size.possible);
    assert_int_equal(size.connections, 20);
    load_release(&load);
}

static void nothing_measured_is_an_error(void **state)
{
    (void)state;
    struct histogram empty;
    struct rehearsal figures;
    struct rehearsal_wish wish = {.connections_max = 2};

    assert_int_equal(histogram_init(&empty, SECOND), 0);
    struct workload workload = {&empty, &empty, NULL};
    assert_int_equal(pool_rehearse(&workload, &wish, &figures), ERR_MISSING);
    histogram_release(&empty);
}

/* ---- sizes that move ------------------------------------------------------------------------ */

static void a_busy_pool_grows_by_a_quarter_up_to_its_bound(void **state)
{
    (void)state;
    struct autosize autosize;
    struct pool_metrics window = {
        .connections_max = 20, .checkouts = 1000, .utilization_micro = 900000, .size = 20};
    uint32_t max;

    autosize_init(&autosize, 5, 30);
    assert_int_equal(autosize_step(&autosize, &window, &max), AUTOSIZE_BUSY);
    assert_int_equal(max, 25);
    window.connections_max = 25;
    assert_int_equal(autosize_step(&autosize, &window, &max), AUTOSIZE_BUSY);
    assert_int_equal(max, 30);
    window.connections_max = 30;
    assert_int_equal(autosize_step(&autosize, &window, &max), AUTOSIZE_AT_MOST);
    assert_int_equal(max, 30);
}

static void a_slack_pool_shrinks_by_a_tenth_after_five_windows(void **state)
{
    (void)state;
    struct autosize autosize;
    struct pool_metrics window = {
        .connections_max = 40, .checkouts = 1000, .utilization_micro = 50000, .size = 4};
    uint32_t max;

    autosize_init(&autosize, 5, 50);
    for (int i = 0; i < 4; i++)
        assert_int_equal(autosize_step(&autosize, &window, &max), AUTOSIZE_KEEP);
    assert_int_equal(autosize_step(&autosize, &window, &max), AUTOSIZE_SLACK);
    assert_int_equal(max, 36);
    window.connections_max = 36;
    assert_int_equal(autosize_step(&autosize, &window, &max), AUTOSIZE_KEEP);
}

static void a_quiet_window_says_nothing(void **state)
{
    (void)state;
    struct autosize autosize;
    struct pool_metrics window = {.connections_max = 40, .checkouts = 3, .timeouts = 2};
    uint32_t max;

    autosize_init(&autosize, 5, 50);
    for (int i = 0; i < 10; i++)
        assert_int_equal(autosize_step(&autosize, &window, &max), AUTOSIZE_KEEP);
    assert_int_equal(max, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_holds_past_its_own_figure_and_not_at_it),
        cmocka_unit_test(a_pool_of_ten_is_never_called_too_large_and_five_is_the_least_proposed),
        cmocka_unit_test(a_rehearsal_waits_as_long_as_queueing_theory_says),
        cmocka_unit_test(the_same_seed_gives_the_same_figures),
        cmocka_unit_test(an_under_sized_pool_is_told_the_size_that_is_enough),
        cmocka_unit_test(an_over_sized_pool_is_told_the_size_that_is_enough),
        cmocka_unit_test(what_no_size_can_give_is_said),
        cmocka_unit_test(nothing_measured_is_an_error),
        cmocka_unit_test(a_busy_pool_grows_by_a_quarter_up_to_its_bound),
        cmocka_unit_test(a_slack_pool_shrinks_by_a_tenth_after_five_windows),
        cmocka_unit_test(a_quiet_window_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
