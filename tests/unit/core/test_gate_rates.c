/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate's own rates, on made-up scores: how often it fails where nothing changed, and how often
 * it sees a drop, with repeats that are fixed and with repeats that adapt. A rule that asks again
 * until it likes what it sees is the planted fault: its false alarms must show. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/golden/adaptive_repeats.h"
#include "core/golden/explain.h"
#include "core/golden/gate_statistics.h"
#include "gate_rig.h"
#include "stats/permutation.h"

enum { TRIALS = 250, ENTRIES = 24, ACCEPTED = 3, MOST = 10, CHEATING_MOST = 40 };

struct rates {
    double low_p;    /* p below .05 */
    double fails;    /* the statistics' rule */
    double critical; /* some entry is critical */
    double major;    /* some entry is major, or worse */
    double found;    /* some entry stands out, q = .10 */
    double answers;  /* an entry, on average */
};

static uint64_t first_seed(void)
{
    const char *given = getenv("ASSAY_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20261124;

    print_message("seed %llu (ASSAY_SEED)\n", (unsigned long long)seed);
    return seed;
}

enum asking { FIXED, ADAPTIVE, UNTIL_P_IS_SMALL };

static void ask_adaptively(struct rig *rig)
{
    struct adaptive_repeats machine = {.most = MOST, .limits = rig_limits()};
    struct adaptive_round round;
    uint32_t extra[RIG_ENTRIES_MAX];

    do {
        adaptive_repeats_next(&machine, &rig->run, extra, &round);
        for (size_t i = 0; i < rig->run.entry_count; i++)
            rig_answer(rig, i, extra[i]);
        rig_judge_all(rig);
    } while (round.ended == ADAPTIVE_GOES_ON);
}

/* The statistics' p and mean, without the interval that takes most of the time. */
static double p_of(const struct rig *rig, double *ret_mean)
{
    int64_t differences[RIG_ENTRIES_MAX];
    struct permutation permutation;
    int64_t sum = 0;

    for (size_t i = 0; i < rig->run.entry_count; i++) {
        differences[i] = -rig->entries[i].counted_micro;
        sum += differences[i];
    }
    *ret_mean = (double)sum / (double)rig->run.entry_count / MICRO;
    assert_int_equal(
        permutation_drop(differences, NULL, rig->run.entry_count, rig->run.seed, &permutation), 0);
    return permutation.p;
}

static void ask_until_p_is_small(struct rig *rig)
{
    double mean;

    while (rig->entries[0].sample_count < CHEATING_MOST && p_of(rig, &mean) >= .05) {
        for (size_t i = 0; i < rig->run.entry_count; i++)
            rig_answer(rig, i, 1);
        rig_judge_all(rig);
    }
}

static void tally(struct rig *rig, struct rates *rates)
{
    bool critical = false;
    bool major = false;
    bool found = false;

    double mean;
    double p = p_of(rig, &mean);
    assert_int_equal(explain_entries(&rig->run), 0);
    for (size_t i = 0; i < rig->run.entry_count; i++) {
        critical = critical || rig->entries[i].severity == SEVERITY_CRITICAL;
        major = major || rig->entries[i].severity >= SEVERITY_MAJOR;
        found = found || rig->entries[i].p_adjusted <= .10;
        rates->answers +=
            (double)rig->entries[i].sample_count / (double)rig->run.entry_count / TRIALS;
    }
    rates->low_p += (p < .05) / (double)TRIALS;
    rates->fails += gate_statistics_fail(p, mean) / (double)TRIALS;
    rates->critical += critical / (double)TRIALS;
    rates->major += major / (double)TRIALS;
    rates->found += found / (double)TRIALS;
}

static struct rates measure(enum asking asking, double drop, double spread, double noise,
                            size_t repeats)
{
    struct rig *rig = mem_new(1, sizeof *rig);
    struct rates rates = {0};
    uint64_t seed = first_seed();

    assert_non_null(rig);
    for (int trial = 0; trial < TRIALS; trial++) {
        arena_init(&rig->arena, 64 << 20);
        rig->drop = drop;
        rig->spread = spread;
        rig->noise = noise;
        rig_begin(rig, seed + (uint64_t)trial, ENTRIES, ACCEPTED, repeats);
        if (asking == ADAPTIVE)
            ask_adaptively(rig);
        if (asking == UNTIL_P_IS_SMALL)
            ask_until_p_is_small(rig);
        tally(rig, &rates);
        arena_release(&rig->arena);
    }
    mem_free(rig);
    print_message("drop %.2f, noise %.2f: p < .05 in %.3f, fails %.3f, critical %.3f, major %.3f, "
                  "an entry stands out in %.3f, %.1f answers an entry\n",
                  drop, noise, rates.low_p, rates.fails, rates.critical, rates.major, rates.found,
                  rates.answers);
    return rates;
}

/* Three standard errors above. */
static double bound(double rate)
{
    return rate + 3 * sqrt(rate * (1 - rate) / TRIALS);
}

static void unchanged_answers_seldom_fail(void **state)
{
    (void)state;
    struct rates rates = measure(FIXED, 0, 0, .06, 3);

    assert_true(rates.low_p <= bound(.05));
    assert_true(rates.fails <= bound(.05));
    assert_true(rates.found <= bound(.10));
}

static void unchanged_answers_seldom_fail_when_repeats_adapt(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rates rates = measure(ADAPTIVE, 0, 0, i == 0 ? .06 : .12, ADAPTIVE_REPEATS_FIRST);
        assert_true(rates.low_p <= bound(.05));
        assert_true(rates.fails <= bound(.05));
        assert_true(rates.found <= bound(.10));
    }
}

static void adapting_raises_fewer_false_severities_than_two_answers_do(void **state)
{
    (void)state;
    struct rates fixed = measure(FIXED, 0, 0, .10, ADAPTIVE_REPEATS_FIRST);
    struct rates adaptive = measure(ADAPTIVE, 0, 0, .10, ADAPTIVE_REPEATS_FIRST);

    assert_true(adaptive.major < fixed.major);
    assert_true(adaptive.critical <= fixed.critical);
}

static void a_drop_that_matters_is_seen(void **state)
{
    (void)state;
    assert_true(measure(FIXED, .06, .02, .06, 3).fails >= .90);
    assert_true(measure(ADAPTIVE, .06, .02, .06, ADAPTIVE_REPEATS_FIRST).fails >= .90);
}

static void a_drop_below_the_margin_does_not_fail_however_sure(void **state)
{
    (void)state;
    assert_true(measure(FIXED, .015, 0, .03, 5).fails <= .05);
}

static void asking_until_p_is_small_is_seen_to_cheat(void **state)
{
    (void)state;
    struct rates cheating = measure(UNTIL_P_IS_SMALL, 0, 0, .12, ADAPTIVE_REPEATS_FIRST);
    assert_true(cheating.low_p > bound(.05));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_answers_seldom_fail),
        cmocka_unit_test(unchanged_answers_seldom_fail_when_repeats_adapt),
        cmocka_unit_test(adapting_raises_fewer_false_severities_than_two_answers_do),
        cmocka_unit_test(a_drop_that_matters_is_seen),
        cmocka_unit_test(a_drop_below_the_margin_does_not_fail_however_sure),
        cmocka_unit_test(asking_until_p_is_small_is_seen_to_cheat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
