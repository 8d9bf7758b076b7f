/* SPDX-License-Identifier: Apache-2.0
 *
 * What bisect.h promises, held against answers drawn from a seeded generator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/bisect.h"

enum { COMMITS_MAX = 200, ENTRIES_MAX = 40 };

/* A history in which every commit asks something of its own, and one makes it worse. */
struct history {
    size_t commits;
    size_t entries;
    size_t culprit;
    double good;
    double bad;
    size_t touched; /* so many entries fall, 0: all */
    uint64_t versions[COMMITS_MAX * ENTRIES_MAX];
    bool skipped[COMMITS_MAX];
    struct rng rng;
};

struct ended {
    struct bisect_result result;
    uint64_t calls_probed; /* before confirmation */
    double posterior_sum;
};

static void every_commit_differs(struct history *history)
{
    for (size_t c = 0; c < history->commits; c++)
        for (size_t e = 0; e < history->entries; e++)
            history->versions[c * history->entries + e] = c + 1;
}

static bool passes(struct history *history, const struct bisect_ask *ask)
{
    bool fell =
        ask->commit >= history->culprit && (history->touched == 0 || ask->entry < history->touched);
    return rng_unit(&history->rng) < (fell ? history->bad : history->good);
}

static struct bisect *start(struct history *history, uint64_t calls_max, uint64_t seed)
{
    struct bisect *bisect = NULL;
    struct bisect_options options = {
        .commits = history->commits,
        .entries = history->entries,
        .versions = history->versions,
        .is_skipped = history->skipped,
        .calls_max = calls_max,
        .seed = seed,
    };

    rng_init(&history->rng, seed + 1000);
    assert_int_equal(bisect_new(&options, &bisect), 0);
    return bisect;
}

static struct ended run(struct history *history, uint64_t calls_max, uint64_t seed)
{
    struct bisect *bisect = start(history, calls_max, seed);
    struct ended ended = {0};
    struct bisect_ask ask;

    while (bisect_next(bisect, &ask)) {
        struct bisect_result now = bisect_result(bisect);
        if (now.phase != BISECT_CONFIRM)
            ended.calls_probed = now.calls;
        assert_false(history->skipped[ask.commit]);
        assert_int_equal(
            bisect_feed(bisect, &ask, passes(history, &ask) ? BISECT_PASSED : BISECT_FAILED), 0);
    }
    ended.result = bisect_result(bisect);
    assert_int_equal(ended.result.phase, BISECT_ENDED);
    for (size_t c = 0; c < history->commits; c++)
        ended.posterior_sum += bisect_posterior(bisect, c);
    bisect_free(bisect);
    return ended;
}

/* The share of trials that name the culprit, and the mean of calls but those that confirm. */
static double measure(size_t commits, size_t entries, double good, double bad, double *ret_calls)
{
    enum { TRIALS = 150 };
    struct history *history = mem_new(1, sizeof *history);
    struct rng places;
    size_t right = 0;
    size_t refused = 0;
    double calls = 0;

    assert_non_null(history);
    *history = (struct history){.commits = commits, .entries = entries, .good = good, .bad = bad};
    every_commit_differs(history);
    rng_init(&places, 7);
    for (size_t trial = 0; trial < TRIALS; trial++) {
        history->culprit = 1 + (size_t)rng_below(&places, commits - 1);
        struct ended ended = run(history, 2000, trial);
        right += ended.result.outcome == BISECT_FOUND && ended.result.best == history->culprit;
        refused += ended.result.outcome == BISECT_SAME_ENDS;
        calls += (double)ended.calls_probed / TRIALS;
    }
    mem_free(history);
    print_message("%zu commits, %zu entries, %.2f -> %.2f: right %.3f, refused %.3f, calls %.1f\n",
                  commits, entries, good, bad, (double)right / TRIALS, (double)refused / TRIALS,
                  calls);
    *ret_calls = calls;
    return (double)right / TRIALS;
}

/* .96 of 100 trials is .96 +- .04 at two standard errors; ours is of 150. */
static void a_large_drop_is_found_as_often_and_as_cheaply_as_documented(void **state)
{
    double calls;

    (void)state;
    assert_true(measure(32, 1, .98, .60, &calls) >= .91);
    assert_true(calls < 105);
}

static void a_small_drop_in_a_long_history_too(void **state)
{
    double calls;

    (void)state;
    assert_true(measure(128, 1, .95, .70, &calls) >= .87);
    assert_true(calls < 250);
}

static void several_entries_are_searched_as_well_as_one(void **state)
{
    double calls;

    (void)state;
    assert_true(measure(64, 12, .98, .40, &calls) >= .91);
}

static void ends_that_do_not_differ_are_hardly_ever_searched(void **state)
{
    enum { TRIALS = 500 };
    struct history *history = mem_new(1, sizeof *history);
    size_t searched = 0;

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 20, .culprit = 20, .good = .8, .bad = .8};
    for (size_t entries = 1; entries <= 20; entries += 19) {
        history->entries = entries;
        every_commit_differs(history);
        searched = 0;
        for (size_t trial = 0; trial < TRIALS; trial++)
            searched += run(history, 200, trial).result.is_searched;
        print_message("%zu entries, no fault: searched in %zu of %d\n", entries, searched, TRIALS);
        assert_true(searched < TRIALS * 9 / 100);
    }
    mem_free(history);
}

static void a_fault_of_few_entries_is_found_among_many(void **state)
{
    enum { TRIALS = 60 };
    struct history *history = mem_new(1, sizeof *history);
    size_t right = 0;

    (void)state;
    assert_non_null(history);
    *history = (struct history){
        .commits = 64, .entries = 30, .culprit = 41, .good = .97, .bad = .1, .touched = 2};
    every_commit_differs(history);
    for (size_t trial = 0; trial < TRIALS; trial++) {
        struct ended ended = run(history, 3000, trial);
        right += ended.result.outcome == BISECT_FOUND && ended.result.best == 41;
        if (ended.result.is_searched)
            assert_true(ended.result.is_calibrated);
    }
    print_message("2 of 30 entries: right in %zu of %d\n", right, TRIALS);
    assert_true(right >= TRIALS * 85 / 100);
    mem_free(history);
}

static void neighbours_that_ask_the_same_are_one_and_the_later_is_never_at_fault(void **state)
{
    struct history *history = mem_new(1, sizeof *history);

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 100, .entries = 4, .culprit = 50, .good = 1, .bad = 0};
    for (size_t c = 0; c < history->commits; c++)
        for (size_t e = 0; e < history->entries; e++)
            history->versions[c * history->entries + e] = 1 + c / 25;
    struct ended ended = run(history, 0, 1);
    assert_int_equal(ended.result.outcome, BISECT_FOUND);
    assert_int_equal(ended.result.best, 50);
    assert_int_equal(ended.result.before, 49);
    assert_int_equal(ended.result.versions, 3);
    assert_true(ended.result.is_confirmed);
    assert_true(ended.result.confirmation.p_answers < .001);
    mem_free(history);
}

static void one_change_alone_needs_no_probe(void **state)
{
    struct history *history = mem_new(1, sizeof *history);

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 50, .entries = 5, .culprit = 20, .good = 1, .bad = 0};
    for (size_t c = 0; c < history->commits; c++)
        for (size_t e = 0; e < history->entries; e++)
            history->versions[c * history->entries + e] = c < 20 ? 1 : 2;
    struct ended ended = run(history, 0, 1);
    assert_int_equal(ended.result.outcome, BISECT_FOUND);
    assert_int_equal(ended.result.best, 20);
    assert_int_equal(ended.result.calls, 30); /* of the ends alone, which confirm it too */
    mem_free(history);
}

static void what_was_taken_back_is_good(void **state)
{
    struct history *history = mem_new(1, sizeof *history);

    (void)state;
    assert_non_null(history);
    /* 1 2 3 1 4 4: commit 3 asks what the good end asks, so that 1 and 2 are not at fault */
    *history = (struct history){.commits = 5, .entries = 1, .culprit = 4, .good = 1, .bad = 0};
    memcpy(history->versions, (const uint64_t[]){1, 2, 3, 1, 4}, 5 * sizeof(uint64_t));
    struct ended ended = run(history, 0, 1);
    assert_int_equal(ended.result.outcome, BISECT_FOUND);
    assert_int_equal(ended.result.best, 4);
    assert_int_equal(ended.result.calls, 30);
    mem_free(history);
}

static void ends_that_ask_the_same_are_refused_without_a_call(void **state)
{
    struct history *history = mem_new(1, sizeof *history);

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 3, .entries = 2, .culprit = 1};
    for (size_t i = 0; i < 6; i++)
        history->versions[i] = 7;
    struct ended ended = run(history, 0, 1);
    assert_int_equal(ended.result.outcome, BISECT_SAME_ASKED);
    assert_int_equal(ended.result.calls, 0);
    mem_free(history);
}

static void commits_that_do_not_load_are_not_asked_and_not_blamed(void **state)
{
    struct history *history = mem_new(1, sizeof *history);

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 30, .entries = 3, .culprit = 14, .good = 1, .bad = 0};
    every_commit_differs(history);
    for (size_t c = 10; c < 16; c++) {
        history->skipped[c] = true;
        memset(&history->versions[c * 3], 0, 3 * sizeof(uint64_t));
    }
    struct ended ended = run(history, 0, 3);
    assert_int_equal(ended.result.outcome, BISECT_FOUND);
    assert_int_equal(ended.result.best, 16);
    assert_int_equal(ended.result.before, 9);
    mem_free(history);
}

static void the_budget_ends_it_with_what_is_known(void **state)
{
    struct history *history = mem_new(1, sizeof *history);

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 128, .entries = 1, .culprit = 70, .good = .9, .bad = .6};
    every_commit_differs(history);
    for (uint64_t seed = 1; seed < 40; seed++) {
        struct ended ended = run(history, 50, seed);
        assert_true(ended.result.calls <= 50);
        if (!ended.result.is_searched)
            continue;
        assert_int_equal(ended.result.outcome, BISECT_BUDGET);
        assert_true(ended.posterior_sum > .999 && ended.posterior_sum < 1.001);
    }
    mem_free(history);
}

static void the_same_answers_bring_the_same_questions(void **state)
{
    struct history *history = mem_new(1, sizeof *history);
    struct bisect_ask asks[2000];
    size_t count = 0;
    struct bisect_ask ask;

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 60, .entries = 5, .culprit = 33, .good = .9, .bad = .3};
    every_commit_differs(history);
    for (int turn = 0; turn < 2; turn++) {
        struct bisect *bisect = start(history, 0, 5);
        for (size_t i = 0; bisect_next(bisect, &ask); i++) {
            assert_true(i < 2000);
            if (turn == 0)
                asks[count++] = ask;
            else
                assert_memory_equal(&asks[i], &ask, sizeof ask);
            assert_int_equal(
                bisect_feed(bisect, &ask, passes(history, &ask) ? BISECT_PASSED : BISECT_FAILED),
                0);
        }
        bisect_free(bisect);
    }
    mem_free(history);
}

static void an_answer_that_cannot_be_had_is_drawn_again_and_ten_in_a_row_end_it(void **state)
{
    struct history *history = mem_new(1, sizeof *history);
    struct bisect_ask ask;
    size_t asked = 0;

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 10, .entries = 1, .culprit = 5, .good = 1, .bad = 0};
    every_commit_differs(history);
    struct bisect *bisect = start(history, 0, 5);
    for (; bisect_next(bisect, &ask); asked++) {
        bool lost = asked % 3 == 0;
        assert_int_equal(bisect_feed(bisect, &ask,
                                     lost                    ? BISECT_NO_ANSWER
                                     : passes(history, &ask) ? BISECT_PASSED
                                                             : BISECT_FAILED),
                         0);
    }
    assert_int_equal(bisect_result(bisect).outcome, BISECT_FOUND);
    assert_int_equal(bisect_result(bisect).best, 5);
    bisect_free(bisect);
    bisect = start(history, 0, 5);
    for (asked = 0; bisect_next(bisect, &ask); asked++)
        assert_int_equal(bisect_feed(bisect, &ask, BISECT_NO_ANSWER), 0);
    assert_int_equal(bisect_result(bisect).outcome, BISECT_UNANSWERED);
    assert_true(asked <= 30);
    bisect_free(bisect);
    mem_free(history);
}

static void options_that_make_no_line_are_refused(void **state)
{
    uint64_t versions[4] = {1, 2, 3, 4};
    bool skipped[2] = {false, false};
    bool first[2] = {true, false};
    struct bisect *bisect = NULL;
    struct bisect_options options = {
        .commits = 2, .entries = 2, .versions = versions, .is_skipped = skipped};

    (void)state;
    options.commits = 1;
    assert_int_equal(bisect_new(&options, &bisect), ERR_INVALID);
    options.commits = 2;
    options.entries = 0;
    assert_int_equal(bisect_new(&options, &bisect), ERR_INVALID);
    options.entries = 2;
    options.is_skipped = first;
    assert_int_equal(bisect_new(&options, &bisect), ERR_INVALID);
    options.is_skipped = skipped;
    options.entries = (size_t)1 << 40;
    assert_int_equal(bisect_new(&options, &bisect), ERR_LIMIT);
    bisect_free(NULL);
}

static void no_allocation_that_fails_does_harm(void **state)
{
    struct history *history = mem_new(1, sizeof *history);

    (void)state;
    assert_non_null(history);
    *history = (struct history){.commits = 12, .entries = 3, .culprit = 6, .good = 1, .bad = 0};
    every_commit_differs(history);
    for (unsigned long n = 1; n < 40; n++) {
        struct bisect *bisect = NULL;
        struct bisect_options options = {.commits = 12,
                                         .entries = 3,
                                         .versions = history->versions,
                                         .is_skipped = history->skipped};
        struct bisect_ask ask;
        mem_fail_at(n);
        int code = bisect_new(&options, &bisect);
        while (code == 0 && bisect_next(bisect, &ask))
            code = bisect_feed(bisect, &ask, passes(history, &ask) ? BISECT_PASSED : BISECT_FAILED);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        bisect_free(bisect);
    }
    mem_free(history);
}

/* ---- one answer ----------------------------------------------------------------------------- */

static const struct severity_limits LIMITS = {200000, 100000, 50000};

static void an_answer_fails_by_a_major_drop_or_by_a_check_that_good_answers_passed(void **state)
{
    struct finding keyword = {.check = VIEW("keywords"), .severity = SEVERITY_MAJOR};
    struct finding style = {.check = VIEW("style"), .severity = SEVERITY_MINOR};
    struct baseline_answer answers[] = {{.score = {.total_micro = 900000}},
                                        {.score = {.total_micro = 800000}}};
    struct baseline_entry good = {.answers = answers, .answer_count = 2};
    struct verdict none = {0};
    struct verdict failed = {.findings = &keyword, .count = 1};
    struct verdict minor = {.findings = &style, .count = 1};

    (void)state;
    assert_true(bisect_passes(&(struct score){.total_micro = 750001}, &none, &good, &LIMITS));
    assert_false(bisect_passes(&(struct score){.total_micro = 750000}, &none, &good, &LIMITS));
    assert_true(bisect_passes(&(struct score){.total_micro = 1000000}, &minor, &good, &LIMITS));
    assert_false(bisect_passes(&(struct score){.total_micro = 1000000}, &failed, &good, &LIMITS));
    assert_false(bisect_passes(&(struct score){.total_micro = 0}, &failed, NULL, &LIMITS));
    assert_true(bisect_passes(&(struct score){.total_micro = 0}, &none, NULL, &LIMITS));
    answers[0].verdict = failed;
    assert_true(bisect_passes(&(struct score){.total_micro = 900000}, &failed, &good, &LIMITS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_drop_is_found_as_often_and_as_cheaply_as_documented),
        cmocka_unit_test(a_small_drop_in_a_long_history_too),
        cmocka_unit_test(several_entries_are_searched_as_well_as_one),
        cmocka_unit_test(ends_that_do_not_differ_are_hardly_ever_searched),
        cmocka_unit_test(a_fault_of_few_entries_is_found_among_many),
        cmocka_unit_test(neighbours_that_ask_the_same_are_one_and_the_later_is_never_at_fault),
        cmocka_unit_test(one_change_alone_needs_no_probe),
        cmocka_unit_test(what_was_taken_back_is_good),
        cmocka_unit_test(ends_that_ask_the_same_are_refused_without_a_call),
        cmocka_unit_test(commits_that_do_not_load_are_not_asked_and_not_blamed),
        cmocka_unit_test(the_budget_ends_it_with_what_is_known),
        cmocka_unit_test(the_same_answers_bring_the_same_questions),
        cmocka_unit_test(an_answer_that_cannot_be_had_is_drawn_again_and_ten_in_a_row_end_it),
        cmocka_unit_test(options_that_make_no_line_are_refused),
        cmocka_unit_test(no_allocation_that_fails_does_harm),
        cmocka_unit_test(an_answer_fails_by_a_major_drop_or_by_a_check_that_good_answers_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
