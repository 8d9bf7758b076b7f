/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/validate/decide.h"

/* Every combination: gravest action × time is up × is a retry × came from the cheaper model. */
static void each_combination_has_one_answer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        enum policy_action gravest = (enum policy_action)(i / 8);
        const struct validate_situation situation = {
            .time_is_up = (i & 4) != 0, .is_retry = (i & 2) != 0, .was_cheap = (i & 1) != 0};
        const struct decided decided = decide(gravest, &situation);
        bool may_retry = gravest == POLICY_RETRY && !situation.time_is_up && !situation.is_retry;
        enum validate_decision expected = gravest <= POLICY_MASK ? VALIDATE_ACCEPT
                                          : may_retry            ? VALIDATE_RETRY
                                                                 : VALIDATE_FALLBACK;
        assert_int_equal(decided.decision, expected);
        assert_int_equal(decided.retry_at_zero, may_retry && situation.was_cheap);
    }
}

static void an_answer_of_the_cheaper_model_is_asked_once_more_at_temperature_0(void **state)
{
    struct validate_situation situation = {.was_cheap = true};

    (void)state;
    assert_int_equal(decide(POLICY_RETRY, &situation).decision, VALIDATE_RETRY);
    assert_true(decide(POLICY_RETRY, &situation).retry_at_zero);
    situation.is_retry = true;
    assert_int_equal(decide(POLICY_RETRY, &situation).decision, VALIDATE_FALLBACK);
}

static void a_blocked_answer_falls_back_even_where_a_retry_was_possible(void **state)
{
    const struct validate_situation situation = {.is_retry = false};

    (void)state;
    assert_int_equal(decide(POLICY_BLOCK, &situation).decision, VALIDATE_FALLBACK);
    assert_false(decide(POLICY_BLOCK, &situation).retry_at_zero);
}

static void decisions_have_the_names_of_the_interface(void **state)
{
    (void)state;
    assert_string_equal(validate_decision_name(VALIDATE_ACCEPT), "accept");
    assert_string_equal(validate_decision_name(VALIDATE_RETRY), "retry");
    assert_string_equal(validate_decision_name(VALIDATE_FALLBACK), "fallback");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_combination_has_one_answer),
        cmocka_unit_test(an_answer_of_the_cheaper_model_is_asked_once_more_at_temperature_0),
        cmocka_unit_test(a_blocked_answer_falls_back_even_where_a_retry_was_possible),
        cmocka_unit_test(decisions_have_the_names_of_the_interface),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
