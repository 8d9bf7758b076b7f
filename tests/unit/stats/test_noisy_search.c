/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of stats/noisy_search.h. The simulation is methods' own: fifteen questions at either
 * end, then whatever the search asks for, until one commit has .95 or the budget is spent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "stats/noisy_search.h"

enum { CALIBRATION = 15, TRIALS = 100 };

struct world {
    size_t first_bad;
    double good;
    double bad;
    struct rng rng;
};

static void ask(struct noisy_search *search, struct world *world, size_t commit)
{
    double rate = commit < world->first_bad ? world->good : world->bad;
    bool passes = rng_unit(&world->rng) < rate;

    noisy_search_saw(search, commit, passes, !passes);
}

/* Whether it was found, and with how many questions. */
static bool one_search(struct world *world, size_t count, unsigned budget, unsigned *ret_calls)
{
    struct noisy_search search;
    double sure;

    assert_int_equal(noisy_search_init(&search, count, NULL), 0);
    for (int i = 0; i < CALIBRATION; i++) {
        ask(&search, world, 0);
        ask(&search, world, count - 1);
    }
    unsigned calls = 2 * CALIBRATION;
    noisy_search_update(&search);
    size_t best = noisy_search_best(&search, &sure);
    while (sure < .95 && calls < budget) {
        ask(&search, world, noisy_search_next(&search));
        calls++;
        noisy_search_update(&search);
        best = noisy_search_best(&search, &sure);
    }
    noisy_search_release(&search);
    *ret_calls = calls;
    return best == world->first_bad;
}

static double share_right(uint64_t seed, size_t count, double good, double bad, double *ret_calls)
{
    struct world world = {.good = good, .bad = bad};
    unsigned right = 0;
    unsigned total = 0;

    rng_init(&world.rng, seed);
    for (int trial = 0; trial < TRIALS; trial++) {
        unsigned calls;
        world.first_bad = 1 + (size_t)rng_below(&world.rng, count - 1);
        right += one_search(&world, count, 400, &calls);
        total += calls;
    }
    *ret_calls = (double)total / TRIALS;
    printf("seed %llu: %zu commits, %.2f to %.2f: right in %u of %d, %.0f calls\n",
           (unsigned long long)seed, count, good, bad, right, TRIALS, *ret_calls);
    return (double)right / TRIALS;
}

static uint64_t seed_of(void)
{
    const char *said = getenv("ASSAY_TEST_SEED");
    return said != NULL ? strtoull(said, NULL, 10) : 1;
}

static void noisy_histories_are_searched_as_the_table_says(void **state)
{
    double calls;
    (void)state;

    /* .96 with 78 calls, .93 with 205: within what a hundred trials can tell (3 standard errors) */
    assert_true(share_right(seed_of(), 32, .98, .60, &calls) >= .96 - 3 * .02);
    assert_true(calls < 78 * 1.3);
    assert_true(share_right(seed_of(), 128, .95, .70, &calls) >= .93 - 3 * .026);
    assert_true(calls < 205 * 1.3);
}

/* Plain arithmetic over a fine grid, for what the search works out cleverly. */
static void the_posterior_is_bayes_by_hand(void **state)
{
    static const double rates[] = {.005, .02, .05, .10, .15, .20, .25, .30, .35, .40, .45, .50,
                                   .55,  .60, .65, .70, .75, .80, .85, .90, .95, .98, .995};
    static const uint32_t passes[] = {4, 3, 0, 1, 0};
    static const uint32_t failures[] = {0, 1, 0, 2, 5};
    static const double weights[] = {0, 1, 2, 0, 3};
    struct noisy_search search;
    double expected[5] = {0};
    double sum = 0;
    (void)state;

    assert_int_equal(noisy_search_init(&search, 5, weights), 0);
    for (size_t c = 0; c < 5; c++)
        noisy_search_saw(&search, c, passes[c], failures[c]);
    noisy_search_update(&search);
    for (size_t b = 1; b < 5; b++) {
        for (size_t i = 0; i < 23; i++)
            for (size_t j = 0; j < 23; j++) {
                double likelihood = rates[j] <= rates[i] - .05 + 1e-9 ? weights[b] / 6 : 0;
                for (size_t c = 0; c < 5; c++) {
                    double rate = c < b ? rates[i] : rates[j];
                    likelihood *= pow(rate, passes[c]) * pow(1 - rate, failures[c]);
                }
                expected[b] += likelihood;
            }
        sum += expected[b];
    }
    for (size_t b = 1; b < 5; b++)
        assert_true(fabs(search.posterior[b] - expected[b] / sum) < 1e-12);
    assert_true(search.p_good > search.p_bad);
    noisy_search_release(&search);
}

/* The expected entropy by trying each answer. */
static double entropy_after(const struct noisy_search *search, size_t commit)
{
    double expected = 0;
    double pass = 0;

    for (size_t b = 1; b < search->count; b++)
        pass += search->posterior[b] * (commit < b ? search->good_rate[b] : search->bad_rate[b]);
    for (int failed = 0; failed < 2; failed++) {
        struct noisy_search tried;
        double entropy = 0;
        assert_int_equal(noisy_search_init(&tried, search->count, search->prior), 0);
        for (size_t c = 0; c < search->count; c++)
            noisy_search_saw(&tried, c, search->commits[c].passes, search->commits[c].failures);
        noisy_search_saw(&tried, commit, !failed, (uint32_t)failed);
        noisy_search_update(&tried);
        for (size_t b = 1; b < tried.count; b++)
            if (tried.posterior[b] > 0)
                entropy -= tried.posterior[b] * log(tried.posterior[b]);
        expected += entropy * (failed ? 1 - pass : pass);
        noisy_search_release(&tried);
    }
    return expected;
}

static void the_next_commit_is_the_one_that_leaves_the_least_entropy(void **state)
{
    struct noisy_search search;
    struct rng rng;
    (void)state;

    rng_init(&rng, seed_of());
    for (int trial = 0; trial < 20; trial++) {
        size_t best = 0;
        assert_int_equal(noisy_search_init(&search, 9, NULL), 0);
        for (size_t c = 0; c < 9; c++)
            noisy_search_saw(&search, c, (uint32_t)rng_below(&rng, 5),
                             (uint32_t)rng_below(&rng, 5));
        noisy_search_update(&search);
        for (size_t c = 1; c < 9; c++)
            if (entropy_after(&search, c) < entropy_after(&search, best) - 1e-9)
                best = c;
        assert_true(entropy_after(&search, noisy_search_next(&search))
                    < entropy_after(&search, best) + 1e-9);
        noisy_search_release(&search);
    }
}

static void commits_that_cannot_be_asked_are_not_asked_and_not_acquitted(void **state)
{
    struct noisy_search search;
    bool members[8];
    (void)state;

    assert_int_equal(noisy_search_init(&search, 8, NULL), 0);
    for (size_t c = 3; c < 6; c++)
        noisy_search_skip(&search, c);
    noisy_search_saw(&search, 2, 60, 0);
    noisy_search_saw(&search, 6, 0, 60);
    noisy_search_update(&search);
    size_t next = noisy_search_next(&search);
    assert_true(next < 3 || next > 5);
    /* three that do not load, and the first that does after them */
    assert_int_equal(noisy_search_credible(&search, .95, members), 4);
    for (size_t c = 0; c < 8; c++)
        assert_int_equal(members[c], c >= 3 && c <= 6);
    for (size_t c = 0; c < 8; c++)
        noisy_search_skip(&search, c);
    assert_true(noisy_search_next(&search) == SIZE_MAX);
    noisy_search_release(&search);
}

static void what_is_no_history_or_no_prior_is_refused(void **state)
{
    static const double none[3] = {0};
    static const double negative[] = {0, 1, -1};
    static const double unknown[] = {0, NAN, 1};
    struct noisy_search search;
    (void)state;

    assert_int_equal(noisy_search_init(&search, 1, NULL), ERR_INVALID);
    assert_int_equal(noisy_search_init(&search, NOISY_SEARCH_MAX + 1, NULL), ERR_INVALID);
    assert_int_equal(noisy_search_init(&search, 3, none), ERR_INVALID);
    assert_int_equal(noisy_search_init(&search, 3, negative), ERR_INVALID);
    assert_int_equal(noisy_search_init(&search, 3, unknown), ERR_INVALID);
}

/* Rates that are exactly the gap apart count, however they round. */
static void rates_that_are_one_gap_apart_are_found(void **state)
{
    static const struct {
        uint32_t good, bad;
    } percents[] = {{15, 10}, {60, 55}, {70, 65}, {85, 80}, {95, 90}, {50, 45}};
    struct noisy_search search;

    (void)state;
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        assert_int_equal(noisy_search_init(&search, 2, NULL), 0);
        noisy_search_saw(&search, 0, percents[i].good * 1000, (100 - percents[i].good) * 1000);
        noisy_search_saw(&search, 1, percents[i].bad * 1000, (100 - percents[i].bad) * 1000);
        noisy_search_update(&search);
        assert_true(fabs(search.p_good - percents[i].good / 100.0) < .001);
        assert_true(fabs(search.p_bad - percents[i].bad / 100.0) < .001);
        noisy_search_release(&search);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noisy_histories_are_searched_as_the_table_says),
        cmocka_unit_test(the_posterior_is_bayes_by_hand),
        cmocka_unit_test(the_next_commit_is_the_one_that_leaves_the_least_entropy),
        cmocka_unit_test(commits_that_cannot_be_asked_are_not_asked_and_not_acquitted),
        cmocka_unit_test(what_is_no_history_or_no_prior_is_refused),
        cmocka_unit_test(rates_that_are_one_gap_apart_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
