/* SPDX-License-Identifier: Apache-2.0
 *
 * When AWS keys are fetched, in simulated time. One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/call/keys.h"

static const int64_t START_S = 1800000000;

struct rig {
    struct keys keys;
    int64_t now_s;
    int fetches;
    int wakes;
    int woken_with; /* by the last of them */
};

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.now_s = START_S};
    keys_init(&rig->keys, 7);
}

static void drain(struct rig *rig)
{
    struct keys_effect effect;

    while (keys_next(&rig->keys, &effect)) {
        if (effect.kind == KEYS_FETCH) {
            rig->fetches++;
        } else {
            rig->wakes++;
            rig->woken_with = effect.code;
        }
    }
}

static int ask(struct rig *rig)
{
    int code = keys_feed(&rig->keys, rig->now_s, &(struct keys_event){.kind = KEYS_ASKED});

    drain(rig);
    return code;
}

static void fetched(struct rig *rig, int64_t expires_s)
{
    const struct keys_event event = {.kind = KEYS_FETCHED, .expires_s = expires_s};

    assert_int_equal(keys_feed(&rig->keys, rig->now_s, &event), 0);
    drain(rig);
}

static void refused(struct rig *rig)
{
    const struct keys_event event = {.kind = KEYS_REFUSED};

    assert_int_equal(keys_feed(&rig->keys, rig->now_s, &event), 0);
    drain(rig);
}

static void a_clock_that_is_set_back_puts_no_attempt_off(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(ask(&rig), ERR_BUSY);
    refused(&rig);
    assert_int_equal(ask(&rig), ERR_DENIED);
    rig.now_s -= 24 * 3600;
    assert_int_equal(ask(&rig), ERR_BUSY);
    assert_int_equal(rig.fetches, 2);
}

/* A rig with keys that are good for an hour. */
static void rig_init_good(struct rig *rig)
{
    rig_init(rig);
    assert_int_equal(ask(rig), ERR_BUSY);
    fetched(rig, START_S + 3600);
    assert_int_equal(ask(rig), 0);
}

static void all_that_ask_wait_for_one_fetch(void **state)
{
    (void)state;
    struct rig rig;

    rig_init(&rig);
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask(&rig), ERR_BUSY);
    assert_int_equal(rig.fetches, 1);
    assert_int_equal(rig.wakes, 0);
    fetched(&rig, START_S + 3600);
    assert_int_equal(rig.wakes, 1);
    assert_int_equal(rig.woken_with, 0);
    assert_int_equal(ask(&rig), 0);
    assert_int_equal(rig.fetches, 1);
}

static void keys_without_an_end_are_never_fetched_again(void **state)
{
    (void)state;
    struct rig rig;

    rig_init(&rig);
    fetched(&rig, 0);
    for (int year = 0; year < 50; year++) {
        assert_int_equal(ask(&rig), 0);
        rig.now_s += 365 * 86400;
    }
    assert_int_equal(rig.fetches, 0);
    assert_int_equal(keys_deadline(&rig.keys), INT64_MAX);
}

static void the_old_keys_are_given_while_new_ones_are_fetched(void **state)
{
    (void)state;
    struct rig rig;

    rig_init_good(&rig);
    rig.now_s = START_S + 3600 - KEYS_REFRESH_AHEAD_S - KEYS_REFRESH_JITTER_S;
    assert_int_equal(ask(&rig), 0);
    assert_int_equal(rig.fetches, 1);
    rig.now_s = START_S + 3600 - KEYS_REFRESH_AHEAD_S;
    for (int i = 0; i < 10; i++)
        assert_int_equal(ask(&rig), 0);
    assert_int_equal(rig.fetches, 2);
    fetched(&rig, rig.now_s + 3600);
    assert_int_equal(ask(&rig), 0);
    assert_int_equal(rig.fetches, 2);
}

static void in_the_last_minute_who_asks_waits_for_the_new_ones(void **state)
{
    (void)state;
    struct rig rig;

    rig_init_good(&rig);
    rig.now_s = START_S + 3600 - KEYS_WAIT_AHEAD_S;
    assert_int_equal(ask(&rig), ERR_BUSY);
    fetched(&rig, rig.now_s + 3600);
    assert_int_equal(rig.woken_with, 0);
    assert_int_equal(ask(&rig), 0);
}

static void a_failed_refresh_keeps_the_keys_and_is_tried_again_with_growing_delays(void **state)
{
    (void)state;
    struct rig rig;
    int64_t delay_s = 1;

    rig_init_good(&rig);
    rig.now_s = START_S + 3600 - KEYS_REFRESH_AHEAD_S;
    assert_int_equal(ask(&rig), 0);
    for (int failure = 0; failure < 6; failure++, delay_s *= 2) {
        int fetches = rig.fetches;
        int64_t failed_s = rig.now_s;
        refused(&rig);
        assert_int_equal(rig.woken_with, 0);
        while (rig.fetches == fetches) {
            rig.now_s++;
            assert_int_equal(ask(&rig), 0);
        }
        assert_in_range(rig.now_s - failed_s, delay_s, delay_s + delay_s / 2);
    }
}

static void in_the_last_minute_keys_that_cannot_be_renewed_are_given_up_to_their_end(void **state)
{
    (void)state;
    struct rig rig;

    rig_init_good(&rig);
    rig.now_s = START_S + 3600 - 30;
    assert_int_equal(ask(&rig), ERR_BUSY);
    refused(&rig);
    assert_int_equal(rig.woken_with, 0);
    assert_int_equal(ask(&rig), 0);
    rig.now_s = START_S + 3600;
    assert_int_equal(ask(&rig), ERR_BUSY);
    refused(&rig);
    assert_int_equal(rig.woken_with, ERR_DENIED);
    assert_int_equal(ask(&rig), ERR_DENIED);
}

static void
after_a_failure_nobody_waits_and_nothing_is_fetched_until_the_delay_is_over(void **state)
{
    (void)state;
    struct rig rig;
    int64_t delay_s = 0;

    rig_init(&rig);
    for (int failure = 0; failure < 12; failure++) {
        assert_int_equal(ask(&rig), ERR_BUSY);
        refused(&rig);
        assert_int_equal(rig.woken_with, ERR_DENIED);
        int fetches = rig.fetches;
        for (delay_s = 0; ask(&rig) == ERR_DENIED; delay_s++)
            rig.now_s++;
        assert_int_equal(rig.fetches, fetches + 1);
        int64_t most = (int64_t)1 << (failure < 6 ? failure : 6);
        most = most < KEYS_DELAY_S_MAX ? most : KEYS_DELAY_S_MAX;
        assert_in_range(delay_s, most, most + most / 2);
    }
    fetched(&rig, rig.now_s + 3600);
    assert_int_equal(ask(&rig), 0);
    rig.now_s += 3600;
    assert_int_equal(ask(&rig), ERR_BUSY);
    refused(&rig); /* the delays begin anew */
    rig.now_s += 1;
    assert_int_equal(ask(&rig), ERR_BUSY);
}

static void keys_in_use_are_refreshed_by_the_clock_and_others_are_not(void **state)
{
    (void)state;
    struct rig rig;

    rig_init(&rig);
    assert_int_equal(ask(&rig), ERR_BUSY);
    fetched(&rig, START_S + 3600);
    assert_int_equal(keys_deadline(&rig.keys), INT64_MAX);
    keys_tick(&rig.keys, START_S + 3590);
    drain(&rig);
    assert_int_equal(rig.fetches, 1);

    rig_init_good(&rig);
    int64_t due_s = keys_deadline(&rig.keys);
    assert_in_range(due_s, START_S + 3600 - KEYS_REFRESH_AHEAD_S - KEYS_REFRESH_JITTER_S,
                    START_S + 3600 - KEYS_REFRESH_AHEAD_S);
    keys_tick(&rig.keys, due_s - 1);
    drain(&rig);
    assert_int_equal(rig.fetches, 1);
    keys_tick(&rig.keys, due_s);
    drain(&rig);
    assert_int_equal(rig.fetches, 2);
    assert_int_equal(keys_deadline(&rig.keys), INT64_MAX);
}

static void not_all_processes_refresh_at_once(void **state)
{
    (void)state;
    int64_t first_s = 0;
    bool differ = false;

    for (uint64_t seed = 1; seed < 10; seed++) {
        struct rig rig;
        rig_init(&rig);
        keys_init(&rig.keys, seed);
        assert_int_equal(ask(&rig), ERR_BUSY);
        fetched(&rig, START_S + 3600);
        assert_int_equal(ask(&rig), 0);
        differ = differ || (seed > 1 && keys_deadline(&rig.keys) != first_s);
        first_s = keys_deadline(&rig.keys);
    }
    assert_true(differ);
}

static void keys_for_a_short_time_are_used_for_half_of_it_before_they_are_renewed(void **state)
{
    (void)state;
    struct rig rig;

    rig_init(&rig);
    assert_int_equal(ask(&rig), ERR_BUSY);
    fetched(&rig, START_S + 10);
    for (; rig.now_s < START_S + 5; rig.now_s++)
        assert_int_equal(ask(&rig), 0);
    assert_int_equal(rig.fetches, 1);
    assert_int_equal(ask(&rig), ERR_BUSY);
    assert_int_equal(rig.fetches, 2);
}

static void keys_that_have_ended_already_count_as_none(void **state)
{
    (void)state;
    struct rig rig;

    rig_init(&rig);
    assert_int_equal(ask(&rig), ERR_BUSY);
    fetched(&rig, START_S);
    assert_int_equal(rig.woken_with, ERR_DENIED);
    assert_int_equal(ask(&rig), ERR_DENIED);
    assert_int_equal(rig.fetches, 1);
}

static void a_machine_that_slept_through_the_end_of_its_keys_notices(void **state)
{
    (void)state;
    struct rig rig;

    rig_init_good(&rig);
    rig.now_s += 86400;
    keys_tick(&rig.keys, rig.now_s);
    drain(&rig);
    assert_int_equal(ask(&rig), ERR_BUSY);
    assert_int_equal(rig.fetches, 2);

    rig_init_good(&rig);
    rig.now_s = START_S + 3600 - KEYS_REFRESH_AHEAD_S;
    assert_int_equal(ask(&rig), 0); /* a refresh is under way */
    rig.now_s += 86400;
    assert_int_equal(ask(&rig), ERR_BUSY);
    assert_int_equal(rig.fetches, 2);
    refused(&rig);
    assert_int_equal(rig.woken_with, ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_ask_wait_for_one_fetch),
        cmocka_unit_test(keys_without_an_end_are_never_fetched_again),
        cmocka_unit_test(the_old_keys_are_given_while_new_ones_are_fetched),
        cmocka_unit_test(in_the_last_minute_who_asks_waits_for_the_new_ones),
        cmocka_unit_test(a_failed_refresh_keeps_the_keys_and_is_tried_again_with_growing_delays),
        cmocka_unit_test(in_the_last_minute_keys_that_cannot_be_renewed_are_given_up_to_their_end),
        cmocka_unit_test(
            after_a_failure_nobody_waits_and_nothing_is_fetched_until_the_delay_is_over),
        cmocka_unit_test(keys_in_use_are_refreshed_by_the_clock_and_others_are_not),
        cmocka_unit_test(not_all_processes_refresh_at_once),
        cmocka_unit_test(a_clock_that_is_set_back_puts_no_attempt_off),
        cmocka_unit_test(keys_for_a_short_time_are_used_for_half_of_it_before_they_are_renewed),
        cmocka_unit_test(keys_that_have_ended_already_count_as_none),
        cmocka_unit_test(a_machine_that_slept_through_the_end_of_its_keys_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
