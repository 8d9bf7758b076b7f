/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/quota/retry.h"

static const uint64_t SECOND = 1000000000;

/* Asks again and again: the longest delay of many draws. */
static uint64_t longest_delay(struct retry_question question, uint64_t *ret_shortest_ns)
{
    uint64_t longest_ns = 0;

    *ret_shortest_ns = UINT64_MAX;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct retry retry;
        uint64_t at_ns;
        int32_t cost;
        retry_init(&retry, &(struct retry_settings){.attempts = 100}, seed);
        assert_int_equal(retry_decide(&retry, SECOND, &question, &at_ns, &cost), RETRY_AGAIN);
        longest_ns = at_ns - SECOND > longest_ns ? at_ns - SECOND : longest_ns;
        *ret_shortest_ns = at_ns - SECOND < *ret_shortest_ns ? at_ns - SECOND : *ret_shortest_ns;
    }
    return longest_ns;
}

static void delays_are_random_below_a_ceiling_that_doubles_to_20_seconds(void **state)
{
    (void)state;
    const struct {
        uint32_t attempts;
        bool throttled;
        uint64_t ceiling_ns;
    } rows[] = {
        {1, false, SECOND / 20},  {2, false, SECOND / 10}, {5, false, SECOND * 8 / 10},
        {30, false, 20 * SECOND}, {1, true, SECOND},       {3, true, 4 * SECOND},
        {6, true, 20 * SECOND},   {99, true, 20 * SECOND},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t shortest_ns;
        struct retry_question question = {
            .attempts = rows[i].attempts,
            .may_retry = true,
            .throttled = rows[i].throttled,
            .deadline_ns = UINT64_MAX,
        };
        uint64_t longest_ns = longest_delay(question, &shortest_ns);
        assert_true(longest_ns <= rows[i].ceiling_ns);
        assert_true(longest_ns > rows[i].ceiling_ns / 100 * 98);
        assert_true(shortest_ns < rows[i].ceiling_ns / 100 * 2);
    }
}

static void what_the_server_asks_for_counts_up_to_5_seconds_beyond_the_own_delay(void **state)
{
    (void)state;
    uint64_t shortest_ns;
    struct retry_question question = {
        .attempts = 1, .may_retry = true, .retry_after_ns = 3 * SECOND, .deadline_ns = UINT64_MAX};

    assert_true(longest_delay(question, &shortest_ns) == 3 * SECOND);
    assert_true(shortest_ns == 3 * SECOND);
    question.retry_after_ns = 3600 * SECOND;
    assert_true(longest_delay(question, &shortest_ns) <= 5 * SECOND + SECOND / 20);
    assert_true(shortest_ns >= 5 * SECOND);
    question.retry_after_ns = 1;
    assert_true(longest_delay(question, &shortest_ns) > SECOND / 25);
}

static void no_retry_starts_at_or_after_the_deadline(void **state)
{
    (void)state;
    uint64_t at_ns = 0;
    int32_t cost = 0;
    struct retry_question question = {
        .attempts = 1, .may_retry = true, .throttled = true, .deadline_ns = SECOND / 2};

    for (uint64_t seed = 0; seed < 500; seed++) {
        struct retry retry;
        retry_init(&retry, &(struct retry_settings){.attempts = 3}, seed);
        enum retry_verdict verdict = retry_decide(&retry, 0, &question, &at_ns, &cost);
        assert_true(verdict == RETRY_DEADLINE || at_ns < SECOND / 2);
        assert_int_equal(retry.tokens, verdict == RETRY_AGAIN ? 495 : 500);
        assert_int_equal(retry_decide(&retry, SECOND, &question, &at_ns, &cost), RETRY_DEADLINE);
    }
}

static void some_errors_and_some_attempts_are_the_last(void **state)
{
    (void)state;
    struct retry retry;
    uint64_t at_ns;
    int32_t cost;
    struct retry_question question = {.attempts = 2, .may_retry = true, .deadline_ns = UINT64_MAX};

    retry_init(&retry, &(struct retry_settings){.attempts = 3}, 1);
    assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_AGAIN);
    question.attempts = 3;
    assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_ATTEMPTS);
    question = (struct retry_question){.attempts = 1, .deadline_ns = UINT64_MAX};
    assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_FINAL);
}

static void a_service_in_trouble_is_soon_asked_only_once(void **state)
{
    (void)state;
    struct retry retry;
    uint64_t at_ns;
    int32_t cost = 0;
    unsigned retries = 0;
    struct retry_question question = {.attempts = 1, .may_retry = true, .deadline_ns = UINT64_MAX};

    retry_init(&retry, &(struct retry_settings){.attempts = 3}, 1);
    while (retry_decide(&retry, 0, &question, &at_ns, &cost) == RETRY_AGAIN)
        retries++;
    assert_int_equal(retries, 500 / 14);
    assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_BUDGET);

    retry_succeeded(&retry, cost); /* a success after a retry gives its cost back */
    assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_AGAIN);
    int32_t before = retry.tokens;
    retry_succeeded(&retry, 0); /* any other success one token */
    assert_int_equal(retry.tokens, before + 1);
    for (int i = 0; i < 1000; i++)
        retry_succeeded(&retry, 14);
    assert_int_equal(retry.tokens, 500);

    retry_init(&retry, &(struct retry_settings){.attempts = 3}, 1);
    question.throttled = true;
    for (retries = 0; retry_decide(&retry, 0, &question, &at_ns, &cost) == RETRY_AGAIN;)
        retries++;
    assert_int_equal(retries, 100);
}

static void the_same_seed_waits_the_same(void **state)
{
    (void)state;
    struct retry_question question = {.attempts = 1, .may_retry = true, .deadline_ns = UINT64_MAX};
    uint64_t first_ns = 0;
    uint64_t second_ns = 1;
    int32_t cost;

    for (uint64_t seed = 0; seed < 10; seed++) {
        struct retry a;
        struct retry b;
        retry_init(&a, &(struct retry_settings){.attempts = 3}, seed);
        retry_init(&b, &(struct retry_settings){.attempts = 3}, seed);
        assert_int_equal(retry_decide(&a, 0, &question, &first_ns, &cost), RETRY_AGAIN);
        assert_int_equal(retry_decide(&b, 0, &question, &second_ns, &cost), RETRY_AGAIN);
        assert_true(first_ns == second_ns);
    }
}

static void another_service_has_other_delays_and_attempts(void **state)
{
    (void)state;
    const struct retry_settings dynamodb = {.attempts = 4, .base_ns = 25000000};
    struct retry_question question = {.attempts = 3, .may_retry = true, .deadline_ns = UINT64_MAX};
    uint64_t longest_ns = 0;
    uint64_t at_ns;
    int32_t cost;
    struct retry retry;

    for (uint64_t seed = 0; seed < 2000; seed++) {
        retry_init(&retry, &dynamodb, seed);
        assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_AGAIN);
        longest_ns = at_ns > longest_ns ? at_ns : longest_ns;
    }
    assert_in_range(longest_ns, 98000000, 100000000); /* 25 ms × 2² */
    question.attempts = 4;
    assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_ATTEMPTS);
}

static void an_answer_that_began_to_go_out_is_not_asked_for_again(void **state)
{
    (void)state;
    struct retry_question question = {
        .attempts = 1, .may_retry = true, .begun = true, .deadline_ns = UINT64_MAX};
    uint64_t at_ns;
    int32_t cost;
    struct retry retry;

    retry_init(&retry, &(struct retry_settings){.attempts = 3}, 1);
    assert_int_equal(retry_decide(&retry, 0, &question, &at_ns, &cost), RETRY_BEGUN);
    assert_int_equal(retry.tokens, RETRY_TOKENS_MAX);
}

static void every_verdict_has_its_words(void **state)
{
    (void)state;

    for (unsigned verdict = 0; verdict < RETRY_VERDICT_END; verdict++)
        assert_non_null(retry_verdict_text((enum retry_verdict)verdict));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_are_random_below_a_ceiling_that_doubles_to_20_seconds),
        cmocka_unit_test(what_the_server_asks_for_counts_up_to_5_seconds_beyond_the_own_delay),
        cmocka_unit_test(no_retry_starts_at_or_after_the_deadline),
        cmocka_unit_test(some_errors_and_some_attempts_are_the_last),
        cmocka_unit_test(a_service_in_trouble_is_soon_asked_only_once),
        cmocka_unit_test(the_same_seed_waits_the_same),
        cmocka_unit_test(another_service_has_other_delays_and_attempts),
        cmocka_unit_test(an_answer_that_began_to_go_out_is_not_asked_for_again),
        cmocka_unit_test(every_verdict_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
