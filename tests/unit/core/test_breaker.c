/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/quota/breaker.h"

static const uint64_t SECOND = 1000000000;

static void start(struct breaker *breaker)
{
    assert_int_equal(breaker_init(breaker, &(struct breaker_settings){.on = true}, 0), 0);
}

/* One attempt from begin to end. */
static bool attempt(struct breaker *breaker, uint64_t now_ns, enum breaker_outcome outcome)
{
    uint32_t epoch;
    bool probe;

    assert_int_equal(breaker_admit(breaker, now_ns, &epoch, &probe), 0);
    return breaker_ended(breaker, now_ns, epoch, outcome);
}

/* Half of 20 fail. */
static void break_it(struct breaker *breaker, uint64_t now_ns)
{
    for (int i = 0; i < 10; i++)
        assert_false(attempt(breaker, now_ns, BREAKER_GOOD));
    for (int i = 0; i < 9; i++)
        assert_false(attempt(breaker, now_ns, BREAKER_BAD));
    assert_true(attempt(breaker, now_ns, BREAKER_BAD));
    assert_int_equal(breaker->state, BREAKER_OPEN);
}

static void it_opens_when_half_of_enough_attempts_failed(void **state)
{
    (void)state;
    struct breaker breaker;
    uint32_t epoch;
    bool probe;

    start(&breaker);
    break_it(&breaker, SECOND);
    assert_int_equal(breaker_admit(&breaker, 2 * SECOND, &epoch, &probe), ERR_BUSY);
    assert_true(breaker_at(&breaker, 2 * SECOND) == 6 * SECOND);
}

static void a_few_failures_say_nothing_and_old_ones_are_forgotten(void **state)
{
    (void)state;
    struct breaker breaker;

    start(&breaker);
    for (int i = 0; i < 19; i++)
        assert_false(attempt(&breaker, SECOND, BREAKER_BAD));
    for (int i = 0; i < 19; i++) /* the window has moved past the others */
        assert_false(attempt(&breaker, 12 * SECOND, BREAKER_BAD));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void connections_that_cannot_be_made_open_it_at_once(void **state)
{
    (void)state;
    struct breaker breaker;

    start(&breaker);
    for (int i = 0; i < 4; i++)
        assert_false(breaker_connected(&breaker, 0, false));
    assert_false(breaker_connected(&breaker, 0, true)); /* not in a row */
    for (int i = 0; i < 4; i++)
        assert_false(breaker_connected(&breaker, 0, false));
    assert_true(breaker_connected(&breaker, 0, false));
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void probes_go_one_at_a_time_and_three_good_ones_close_it(void **state)
{
    (void)state;
    struct breaker breaker;
    uint32_t epoch;
    uint32_t second;
    bool probe;

    start(&breaker);
    break_it(&breaker, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(breaker_admit(&breaker, 5 * SECOND, &epoch, &probe), 0);
        assert_true(probe);
        assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
        assert_int_equal(breaker_admit(&breaker, 5 * SECOND, &second, &probe), ERR_BUSY);
        assert_true(breaker_at(&breaker, 5 * SECOND) == UINT64_MAX);
        assert_int_equal(breaker_ended(&breaker, 5 * SECOND, epoch, BREAKER_GOOD), i == 2);
    }
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_false(attempt(&breaker, 5 * SECOND, BREAKER_BAD)); /* the window begins anew */
}

static void a_bad_probe_opens_it_for_twice_as_long_up_to_the_cap(void **state)
{
    (void)state;
    static const uint64_t open_s[] = {5, 10, 20, 40, 60, 60};
    struct breaker breaker;
    uint64_t now_ns = 0;

    start(&breaker);
    break_it(&breaker, 0);
    for (size_t i = 0; i < sizeof open_s / sizeof open_s[0]; i++) {
        assert_true(breaker_at(&breaker, now_ns) == now_ns + open_s[i] * SECOND);
        now_ns += open_s[i] * SECOND;
        assert_true(attempt(&breaker, now_ns, BREAKER_BAD));
        assert_int_equal(breaker.state, BREAKER_OPEN);
    }
}

static void a_probe_that_says_nothing_makes_room_for_another(void **state)
{
    (void)state;
    struct breaker breaker;

    start(&breaker);
    break_it(&breaker, 0);
    assert_false(attempt(&breaker, 5 * SECOND, BREAKER_NONE));
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    assert_true(breaker_at(&breaker, 5 * SECOND) == 5 * SECOND);
    uint32_t epoch;
    bool probe;
    assert_int_equal(breaker_admit(&breaker, 5 * SECOND, &epoch, &probe), 0);
    assert_true(breaker_connected(&breaker, 5 * SECOND, false)); /* it found no connection */
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void what_began_before_a_change_no_longer_counts(void **state)
{
    (void)state;
    struct breaker breaker;
    uint32_t early;
    uint32_t epoch;
    bool probe;

    start(&breaker);
    assert_int_equal(breaker_admit(&breaker, 0, &early, &probe), 0);
    assert_false(probe);
    break_it(&breaker, 0);
    assert_int_equal(breaker_admit(&breaker, 5 * SECOND, &epoch, &probe), 0);
    assert_false(breaker_ended(&breaker, 5 * SECOND, early, BREAKER_BAD));
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    assert_true(breaker.probing);
}

static void one_that_is_off_admits_everything(void **state)
{
    (void)state;
    struct breaker breaker;

    assert_int_equal(breaker_init(&breaker, &(struct breaker_settings){0}, 0), 0);
    for (int i = 0; i < 1000; i++) {
        assert_false(attempt(&breaker, 0, BREAKER_BAD));
        assert_false(breaker_connected(&breaker, 0, false));
    }
}

static void settings_out_of_range_are_refused(void **state)
{
    (void)state;
    struct breaker breaker;
    const struct breaker_settings wrong[] = {{.failure_share_micro = 1000001},
                                             {.failure_share_micro = -1},
                                             {.window_ns = 9},
                                             {.open_ns = 1}};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(breaker_init(&breaker, &wrong[i], 0), ERR_LIMIT);
    assert_string_equal(breaker_state_text(BREAKER_HALF_OPEN), "half-open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_when_half_of_enough_attempts_failed),
        cmocka_unit_test(a_few_failures_say_nothing_and_old_ones_are_forgotten),
        cmocka_unit_test(connections_that_cannot_be_made_open_it_at_once),
        cmocka_unit_test(probes_go_one_at_a_time_and_three_good_ones_close_it),
        cmocka_unit_test(a_bad_probe_opens_it_for_twice_as_long_up_to_the_cap),
        cmocka_unit_test(a_probe_that_says_nothing_makes_room_for_another),
        cmocka_unit_test(what_began_before_a_change_no_longer_counts),
        cmocka_unit_test(one_that_is_off_admits_everything),
        cmocka_unit_test(settings_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
