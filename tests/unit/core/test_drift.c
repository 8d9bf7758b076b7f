/* SPDX-License-Identifier: Apache-2.0
 *
 * Slow change in a series of runs: what is told, since when, and how often it is told falsely. The
 * seed of the simulations is printed; ASSAY_SEED sets another. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/drift.h"

enum { MANY = 400, VECTOR_SIZE = 8 };

static uint64_t seed = 20261124;

static struct drift_point points[MANY];
static struct drift_mark marks[MANY];

static void assert_near(double found, double expected, double tolerance)
{
    if (fabs(found - expected) > tolerance)
        fail_msg("%.12g is not %.12g", found, expected);
}

static struct drift_point point_of(double score)
{
    return (struct drift_point){
        .run = view_of("r"),
        .started_unix_s = 1790000000,
        .has_score = true,
        .score_micro = (int32_t)lround(fmax(0, fmin(1, score)) * MICRO),
        .family = view_of("f"),
    };
}

static struct drift watch(size_t count)
{
    struct drift_options options = {.seed = 1};
    struct drift drift;

    assert_int_equal(drift_watch(points, count, &options, marks, &drift), 0);
    return drift;
}

static void of_many_series_each_must_show_more(void **state)
{
    struct drift_options many = {.seed = 1, .series = 100};
    struct drift alone, among;

    (void)state;
    for (size_t i = 0; i < 40; i++)
        points[i] = point_of(i < 20 ? .9 : .8);
    alone = watch(40);
    assert_int_equal(drift_watch(points, 40, &many, marks, &among), 0);
    /* the alarm is at log(series / alpha) */
    assert_true(fabs(among.fall_evidence * log(100 / DRIFT_ALPHA)
                     - alone.fall_evidence * log(1 / DRIFT_ALPHA))
                < 1e-9);
    assert_true(alone.fall_evidence > 0);
}

static void no_run_and_one_run_are_no_drift(void **state)
{
    struct drift drift;

    (void)state;
    drift = watch(0);
    assert_int_equal(drift.runs, 0);
    assert_false(drift.fell || drift.rose || drift.lines.known);
    points[0] = point_of(.9);
    drift = watch(1);
    assert_int_equal(drift.runs, 1);
    assert_false(drift.fell || drift.rose || drift.lines.known);
}

static void scores_that_never_change_are_no_drift(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        points[i] = point_of(.9);
    for (size_t count = 1; count <= MANY; count++) {
        struct drift drift = watch(count);
        assert_false(drift.fell || drift.rose);
    }
    struct drift drift = watch(MANY);
    assert_true(drift.lines.known);
    assert_near(drift.lines.low, .9, 1e-9);
    assert_near(drift.lines.high, .9, 1e-9);
    assert_int_equal(marks[MANY - 1].rules, 0);
}

static void a_fall_is_told_with_its_beginning_and_size(void **state)
{
    struct view sentence;
    struct arena arena;
    struct rng rng;

    (void)state;
    rng_init(&rng, 5);
    for (size_t i = 0; i < 60; i++)
        points[i] = point_of((i < 40 ? .91 : .87) + .008 * rng_normal(&rng));
    points[40].run = view_of("2026-11-02T08-00-00Z-ab12");
    struct drift drift = watch(60);
    assert_true(drift.fell);
    assert_false(drift.rose);
    assert_int_equal(drift.since, 40);
    assert_int_equal(drift.after_runs, 20);
    assert_near(drift.before, .91, .005);
    assert_near(drift.after, .87, .005);
    assert_int_equal(drift.lines.runs, 40);
    assert_true(drift.lines.low > .87);
    arena_init(&arena, 4096);
    assert_int_equal(
        drift_say("the mean score of suite 'manga'", points, &drift, &arena, &sentence), 0);
    assert_true(view_starts(sentence, view_of("the mean score of suite 'manga' fell from 0.9")));
    assert_true(view_ends(sentence, view_of("over the last 20 comparable runs, since run "
                                            "2026-11-02T08-00-00Z-ab12 of 2026-09-21")));
    arena_release(&arena);
}

static void a_rise_is_no_fall(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 6);
    for (size_t i = 0; i < 60; i++)
        points[i] = point_of((i < 40 ? .80 : .84) + .008 * rng_normal(&rng));
    struct drift drift = watch(60);
    assert_true(drift.rose);
    assert_false(drift.fell);
    assert_true(drift.after > drift.before);
}

static void a_fall_too_small_to_matter_is_not_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < 80; i++)
        points[i] = point_of((i < 40 ? .9 : .897) + (i % 2 == 0 ? .0001 : -.0001));
    assert_false(watch(80).fell);
}

static void another_family_is_another_series(void **state)
{
    (void)state;
    for (size_t i = 0; i < 60; i++) {
        points[i] = point_of(i < 30 ? .95 : .80);
        points[i].score_micro += (int32_t)(i * 7 % 5);
        if (i < 30)
            points[i].family = view_of("before the prompt changed");
    }
    struct drift drift = watch(60);
    assert_false(drift.fell);
    assert_int_equal(drift.runs, 30);
    assert_int_equal(drift.first, 30);
    assert_true(drift.is_restarted);
    assert_false(marks[29].in_series);
    assert_true(marks[30].in_series);
    /* runs of two families in turn are two series */
    for (size_t i = 0; i < 60; i++)
        points[i].family = view_of(i % 2 == 0 ? "ja alone" : "all");
    assert_int_equal(watch(60).runs, 30);
}

static void what_is_not_known_to_be_comparable_makes_no_series(void **state)
{
    (void)state;
    for (size_t i = 0; i < 60; i++) {
        points[i] = point_of(i < 30 ? .9 : .5);
        points[i].family = view_of("");
    }
    struct drift drift = watch(60);
    assert_int_equal(drift.runs, 0);
    assert_false(drift.fell || drift.rose || drift.lines.known);
}

static void runs_without_a_score_are_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        points[i] = point_of(.9);
        points[i].has_score = i % 2 == 0;
        points[i].score_micro = i % 2 == 0 ? 900000 : SCORE_ABSENT;
    }
    struct drift drift = watch(40);
    assert_int_equal(drift.runs, 20);
    assert_near(drift.lines.mean, .9, 1e-9);
    assert_false(marks[1].in_series);
}

static void control_lines_are_the_mean_and_2_66_moving_ranges(void **state)
{
    static const double scores[] = {.90, .92, .91, .89, .90, .93, .91, .90};

    (void)state;
    for (size_t i = 0; i < 8; i++)
        points[i] = point_of(scores[i]);
    struct drift drift = watch(8);
    assert_near(drift.lines.mean, .9075, 1e-9);
    assert_near(drift.lines.high - drift.lines.mean, 2.66 * .12 / 7, 1e-9);
    assert_false(watch(7).lines.known);
}

static void each_rule_marks_what_it_is_for(void **state)
{
    static const double noise[] = {.002,   -.002, .001,  -.001, .0015,
                                   -.0015, .002,  -.002, .001,  -.001};

    (void)state;
    for (size_t i = 0; i < 30; i++)
        points[i] = point_of(.9 + noise[i % 10]);
    points[29] = point_of(.7);
    (void)watch(30);
    assert_true((marks[29].rules & DRIFT_BEYOND) != 0);
    assert_int_equal(marks[5].rules, 0);
    for (size_t i = 24; i < 30; i++)
        points[i] = point_of(.9 + .0003 * ((double)i - 27));
    (void)watch(30);
    assert_true((marks[29].rules & DRIFT_TREND) != 0);
    for (size_t i = 0; i < 40; i++)
        points[i] = point_of(.9 + (i < 31 ? noise[i % 10] : .001 + noise[i % 10] / 10));
    (void)watch(40);
    assert_true((marks[39].rules & DRIFT_SAME_SIDE) != 0);
    for (size_t i = 0; i < 30; i++)
        points[i] = point_of(.9 + noise[i % 10]);
    points[27] = point_of(.8925);
    points[29] = point_of(.8925);
    (void)watch(30);
    assert_true((marks[29].rules & DRIFT_TWO_OF_THREE) != 0);
    assert_true(marks[29].page_hinkley >= 0);
}

static void the_same_series_gives_the_same_answer(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 8);
    for (size_t i = 0; i < 100; i++)
        points[i] = point_of((double)rng_below(&rng, 3) / 2);
    double evidence = watch(100).fall_evidence;
    assert_near(watch(100).fall_evidence, evidence, 0);
}

static void no_memory_is_an_error(void **state)
{
    struct drift_options options = {.seed = 1};
    struct drift drift;

    (void)state;
    for (unsigned long n = 1; n <= 3; n++) {
        mem_fail_at(n);
        int code = drift_watch(points, 20, &options, marks, &drift);
        mem_fail_at(0);
        assert_int_equal(code, ERR_MEMORY);
    }
}

/* ---- by simulation -------------------------------------------------------------------------- */

enum noise { NORMAL, SKEWED, COARSE, NOISES };
static const char *const noise_names[] = {"normal", "skewed", "coarse (three values)"};

/* Of variance 1 or so. */
static double draw(struct rng *rng, enum noise noise)
{
    if (noise == NORMAL)
        return rng_normal(rng);
    if (noise == SKEWED)
        return 1 + log(rng_unit(rng) + 1e-12);
    double unit = rng_unit(rng);
    return unit < .15 ? -2 : unit < .3 ? 1 : 0;
}

/* The first run, from `from`, at which a fall is told; `limit` where none is. */
static size_t first_alarm(size_t from, size_t limit, size_t series)
{
    struct drift_options options = {.seed = 3, .series = series};
    struct drift drift;

    for (size_t count = from; count < limit; count++) {
        assert_int_equal(drift_watch(points, count + 1, &options, NULL, &drift), 0);
        if (drift.fell)
            return count;
    }
    return limit;
}

/* The promise is a mean of 100 runs to a false alarm; here the level must also have moved. */
static void false_alarms_are_as_rare_as_promised(void **state)
{
    enum { TRIALS = 100, RUNS = 200 };
    struct rng rng;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed);
    for (int noise = 0; noise < NOISES; noise++) {
        size_t alarms = 0;
        size_t runs = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            for (size_t i = 0; i < RUNS; i++)
                points[i] = point_of(.85 + .02 * draw(&rng, (enum noise)noise));
            size_t at = first_alarm(0, RUNS, 1);
            alarms += at < RUNS;
            runs += at;
        }
        print_message("%s: %zu false alarms in %zu runs\n", noise_names[noise], alarms, runs);
        assert_true(alarms * 100 <= runs);
    }
}

static double mean_delay(struct rng *rng, double sigmas, size_t quiet, size_t *ret_told)
{
    enum { TRIALS = 100, RUNS = 60 };
    size_t delays = 0;

    *ret_told = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        for (size_t i = 0; i < quiet + RUNS; i++)
            points[i] = point_of(.9 + .01 * (rng_normal(rng) - (i >= quiet ? sigmas : 0)));
        size_t at = first_alarm(quiet, quiet + RUNS, 1);
        *ret_told += at < quiet + RUNS;
        delays += at - quiet + 1;
    }
    return (double)delays / TRIALS;
}

static void a_fall_of_the_level_is_told_within_weeks_of_daily_runs(void **state)
{
    static const struct {
        double sigmas;
        size_t quiet;
        double delay_max;
        size_t told_min;
    } rows[] = {
        {3, 40, 18, 99}, {2, 40, 22, 97}, {1.5, 40, 30, 90}, {3, 15, 25, 85}, {1.5, 100, 30, 92}};
    struct rng rng;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed + 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t told;
        double delay = mean_delay(&rng, rows[i].sigmas, rows[i].quiet, &told);
        print_message("a fall by %.1f sigma after %zu runs: told in %zu of 100, after %.1f runs\n",
                      rows[i].sigmas, rows[i].quiet, told, delay);
        assert_true(delay <= rows[i].delay_max);
        assert_true(told >= rows[i].told_min);
    }
}

static void a_slow_slide_is_told_too(void **state)
{
    enum { TRIALS = 50, QUIET = 30, RUNS = 60 };
    size_t told = 0;
    struct rng rng;

    (void)state;
    rng_init(&rng, seed + 2);
    for (int trial = 0; trial < TRIALS; trial++) {
        for (size_t i = 0; i < QUIET + RUNS; i++)
            points[i] = point_of(.9 + .01 * rng_normal(&rng)
                                 - (i < QUIET ? 0 : .0008 * (double)(i - QUIET)));
        told += first_alarm(QUIET, QUIET + RUNS, 1) < QUIET + RUNS;
    }
    print_message("a slide of .0008 a run: told in %zu of %d\n", told, TRIALS);
    assert_true(told >= TRIALS - 2);
}

static void many_series_share_one_promise(void **state)
{
    enum { SERIES = 50, RUNS = 100 };
    size_t alarms = 0;
    struct rng rng;

    (void)state;
    rng_init(&rng, seed + 3);
    for (int series = 0; series < SERIES; series++) {
        for (size_t i = 0; i < RUNS; i++)
            points[i] = point_of(.85 + .05 * rng_normal(&rng));
        alarms += first_alarm(0, RUNS, SERIES) < RUNS;
    }
    print_message("%d entries: %zu false alarms in %d runs\n", SERIES, alarms, RUNS);
    assert_true(alarms <= 1);
}

/* ---- answers as a set ------------------------------------------------------------------------ */

static float numbers[2][200][VECTOR_SIZE];

/* p of a test of entries that are each about something else; `shift` moves those of now. */
static double vectors_p(struct rng *rng, size_t entries, size_t samples, double shift, int *code)
{
    static const float *pointers[2][200];
    struct drift_vectors sides[100];
    struct energy energy = {0};
    size_t used = 0;

    for (size_t i = 0; i < entries; i++) {
        double about[VECTOR_SIZE];
        for (size_t j = 0; j < VECTOR_SIZE; j++)
            about[j] = 3 * rng_normal(rng);
        sides[i] = (struct drift_vectors){&pointers[0][used], samples, &pointers[1][used], samples};
        for (size_t k = 0; k < samples; k++, used++)
            for (size_t side = 0; side < 2; side++) {
                pointers[side][used] = numbers[side][used];
                for (size_t j = 0; j < VECTOR_SIZE; j++)
                    numbers[side][used][j] =
                        (float)(about[j] + rng_normal(rng) + (side == 0 && j == 0 ? shift : 0));
            }
    }
    *code = drift_vectors_test(sides, entries, VECTOR_SIZE, 7, &energy);
    return energy.p;
}

static void a_set_of_answers_that_moved_is_seen_whatever_the_entries_are_about(void **state)
{
    enum { TRIALS = 100 };
    size_t alarms = 0, seen = 0;
    struct rng rng;
    int code;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&rng, seed + 4);
    for (int trial = 0; trial < TRIALS; trial++) {
        alarms += vectors_p(&rng, 20, 2, 0, &code) < .05;
        assert_int_equal(code, 0);
        seen += vectors_p(&rng, 20, 2, 1.5, &code) < .05;
        assert_int_equal(code, 0);
    }
    print_message("of %d: %zu false alarms at .05, %zu shifts seen\n", TRIALS, alarms, seen);
    assert_true(alarms <= 12);
    assert_true(seen >= TRIALS - 3);
    (void)vectors_p(&rng, 3, 2, 0, &code);
    assert_int_equal(code, ERR_MISSING);
}

int main(void)
{
    const char *given = getenv("ASSAY_SEED");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_many_series_each_must_show_more),
        cmocka_unit_test(no_run_and_one_run_are_no_drift),
        cmocka_unit_test(scores_that_never_change_are_no_drift),
        cmocka_unit_test(a_fall_is_told_with_its_beginning_and_size),
        cmocka_unit_test(a_rise_is_no_fall),
        cmocka_unit_test(a_fall_too_small_to_matter_is_not_told),
        cmocka_unit_test(another_family_is_another_series),
        cmocka_unit_test(what_is_not_known_to_be_comparable_makes_no_series),
        cmocka_unit_test(runs_without_a_score_are_passed_over),
        cmocka_unit_test(control_lines_are_the_mean_and_2_66_moving_ranges),
        cmocka_unit_test(each_rule_marks_what_it_is_for),
        cmocka_unit_test(the_same_series_gives_the_same_answer),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(false_alarms_are_as_rare_as_promised),
        cmocka_unit_test(a_fall_of_the_level_is_told_within_weeks_of_daily_runs),
        cmocka_unit_test(a_slow_slide_is_told_too),
        cmocka_unit_test(many_series_share_one_promise),
        cmocka_unit_test(a_set_of_answers_that_moved_is_seen_whatever_the_entries_are_about),
    };

    if (given != NULL)
        seed = (uint64_t)atoll(given);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
