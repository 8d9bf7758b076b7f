/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. Limits that move, quotas and fairness: test_call_turns.c; random histories:
 * test_call_histories.c. */
#include "call_rig.h"

#include "base/mem.h"

static void a_call_is_sent_once_connected_and_done_with_its_answer(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    submit(&machine, 100, 0, SECOND);
    struct id connection = expect(&machine, CALL_OPEN).connection;
    tell(&machine, 150, (struct call_event){.kind = CALL_OPENED, .connection = connection});
    struct call_effect effect = expect(&machine, CALL_SEND);
    assert_true(id_equal(effect.connection, connection) && effect.call.slot == 0);
    tell(&machine, 180, (struct call_event){.kind = CALL_FIRST_BYTE, .call = call_id(0)});
    answer(&machine, 200, 0, 0);
    effect = expect(&machine, CALL_DONE);
    assert_int_equal(effect.code, 0);
    assert_int_equal(effect.attempt, 1);
    assert_int_equal(effect.latency_ns, 100);
    assert_int_equal(effect.waited_ns, 50);
    assert_int_equal(effect.first_byte_ns, 30);
    expect_nothing(&machine);
    call_machine_release(&machine);
}

static void calls_past_the_limit_wait_their_turn(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    send_first(&machine, 0, SECOND);
    submit(&machine, 0, 1, SECOND);
    struct id second = expect(&machine, CALL_OPEN).connection;
    tell(&machine, 0, (struct call_event){.kind = CALL_OPENED, .connection = second});
    expect(&machine, CALL_SEND);
    submit(&machine, 0, 2, SECOND);
    submit(&machine, 0, 3, SECOND);
    expect_nothing(&machine);
    answer(&machine, 10, 1, 0);
    assert_int_equal(expect(&machine, CALL_DONE).call.slot, 1);
    struct call_effect effect = expect(&machine, CALL_SEND);
    assert_int_equal(effect.call.slot, 2);
    assert_true(id_equal(effect.connection, second));
    call_machine_release(&machine);
}

static void a_throttled_call_is_sent_again_after_its_delay(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    struct id connection = send_first(&machine, 0, 60 * SECOND);
    answer(&machine, 10, 0, ERR_THROTTLED);
    expect_nothing(&machine);
    uint64_t at_ns = call_deadline(&machine);
    assert_in_range(at_ns, 10, 10 + SECOND);
    call_tick(&machine, at_ns);
    struct call_effect effect = expect(&machine, CALL_SEND);
    assert_int_equal(effect.attempt, 2);
    assert_true(id_equal(effect.connection, connection));
    answer(&machine, at_ns + 5, 0, 0);
    effect = expect(&machine, CALL_DONE);
    assert_int_equal(effect.attempt, 2);
    assert_int_equal(effect.latency_ns, at_ns + 5);
    call_machine_release(&machine);
}

static void a_server_that_throttles_for_ever_ends_the_call_with_its_attempts(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    send_first(&machine, 0, 600 * SECOND);
    for (int i = 1; i < 3; i++) {
        answer(&machine, machine.now_ns, 0, ERR_THROTTLED);
        call_tick(&machine, call_deadline(&machine));
        expect(&machine, CALL_SEND);
    }
    answer(&machine, machine.now_ns, 0, ERR_THROTTLED);
    struct call_effect effect = expect(&machine, CALL_DONE);
    assert_int_equal(effect.code, ERR_THROTTLED);
    assert_int_equal(effect.attempt, 3);
    assert_int_equal(effect.verdict, RETRY_ATTEMPTS);
    call_machine_release(&machine);
}

static void an_error_that_would_come_again_is_the_end(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    send_first(&machine, 0, SECOND);
    answer(&machine, 10, 0, ERR_DENIED);
    struct call_effect effect = expect(&machine, CALL_DONE);
    assert_int_equal(effect.code, ERR_DENIED);
    assert_int_equal(effect.verdict, RETRY_FINAL);
    call_machine_release(&machine);
}

static void a_deadline_ends_a_call_wherever_it_waits(void **state)
{
    (void)state;
    struct call_settings settings = plain;
    struct call_machine machine;

    settings.quota.in_flight_max = 2;
    settings.pool.connections_max = 1;
    start(&machine, &settings);
    struct id connection = send_first(&machine, 0, 1000);
    submit(&machine, 0, 1, 1000); /* admitted, waits for a stream */
    submit(&machine, 0, 2, 1000); /* waits for the quota */
    assert_int_equal(call_deadline(&machine), 1000);
    call_tick(&machine, 999);
    expect_nothing(&machine);
    call_tick(&machine, 1000);

    enum call_state where[3] = {CALL_STATE_ABSENT, CALL_STATE_ABSENT, CALL_STATE_ABSENT};
    struct call_effect effect;
    int abandoned = 0;
    int closed = 0;
    while (call_next(&machine, &effect)) {
        abandoned += effect.kind == CALL_ABANDON ? 1 : 0;
        closed += effect.kind == CALL_CLOSE && id_equal(effect.connection, connection) ? 1 : 0;
        if (effect.kind != CALL_DONE)
            continue;
        assert_int_equal(effect.code, ERR_TIMEOUT);
        where[effect.call.slot] = effect.where;
    }
    assert_int_equal(abandoned, 1);
    assert_int_equal(closed, 1);
    assert_int_equal(where[0], CALL_STATE_SENT);
    assert_int_equal(where[1], CALL_STATE_WAITING);
    assert_int_equal(where[2], CALL_STATE_QUEUED);
    call_machine_release(&machine);
}

static void a_late_answer_finds_nobody(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    struct id connection = send_first(&machine, 0, 1000);
    call_tick(&machine, 1000);
    struct call_effect effect;
    while (call_next(&machine, &effect))
        continue;
    struct call_event late = {.kind = CALL_RESPONSE, .call = call_id(0), .reusable = true};
    assert_int_equal(call_feed(&machine, 1001, &late), ERR_MISSING);
    struct call_event closed = {.kind = CALL_CLOSED, .connection = connection};
    assert_int_equal(call_feed(&machine, 1002, &closed), ERR_MISSING);
    expect_nothing(&machine);
    call_machine_release(&machine);
}

static void what_was_not_sent_is_sent_again_at_once_elsewhere(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_stats stats;

    start(&machine, &plain);
    struct id connection = send_first(&machine, 0, SECOND);
    answer(&machine, 1, 0, 0);
    expect(&machine, CALL_DONE);
    submit(&machine, 10, 1, SECOND);
    assert_true(id_equal(expect(&machine, CALL_SEND).connection, connection));
    tell(&machine, 11,
         (struct call_event){.kind = CALL_CLOSED, .connection = connection, .unsent = true});
    struct id fresh = expect(&machine, CALL_OPEN).connection;
    assert_false(id_equal(fresh, connection));
    tell(&machine, 12, (struct call_event){.kind = CALL_OPENED, .connection = fresh});
    assert_int_equal(expect(&machine, CALL_SEND).attempt, 1); /* it is still the first */
    call_stats(&machine, &stats);
    assert_int_equal(stats.resent, 1);
    assert_int_equal(stats.retried, 0);
    assert_int_equal(machine.retry.tokens, 500);
    call_machine_release(&machine);
}

static void a_connection_that_died_while_it_lay_idle_costs_nothing(void **state)
{
    (void)state;
    struct call_settings settings = plain;
    struct call_machine machine;

    settings.attempts = 1;
    start(&machine, &settings);
    struct id connection = send_first(&machine, 0, SECOND);
    answer(&machine, 1, 0, 0);
    expect(&machine, CALL_DONE);
    submit(&machine, 10, 1, SECOND);
    assert_true(id_equal(expect(&machine, CALL_SEND).connection, connection));
    tell(&machine, 11, (struct call_event){.kind = CALL_CLOSED, .connection = connection});
    struct id fresh = expect(&machine, CALL_OPEN).connection;
    tell(&machine, 12, (struct call_event){.kind = CALL_OPENED, .connection = fresh});
    assert_int_equal(expect(&machine, CALL_SEND).attempt, 2);
    assert_int_equal(machine.retry.tokens, 500);
    tell(&machine, 13, (struct call_event){.kind = CALL_CLOSED, .connection = fresh});
    assert_int_equal(expect(&machine, CALL_DONE).code, ERR_CLOSED); /* once, and not on a new one */
    call_machine_release(&machine);
}

static void what_was_sent_and_lost_waits_and_costs_a_retry(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    struct id connection = send_first(&machine, 0, SECOND);
    tell(&machine, 11,
         (struct call_event){.kind = CALL_CLOSED, .connection = connection, .may_retry = true});
    expect_nothing(&machine);
    assert_int_equal(machine.retry.tokens, 500 - 14);
    call_tick(&machine, call_deadline(&machine));
    expect(&machine, CALL_OPEN);
    call_machine_release(&machine);
}

static void a_server_that_cannot_be_reached_ends_the_call_after_its_attempts(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_effect effect;

    start(&machine, &plain);
    submit(&machine, 0, 0, 60 * SECOND);
    for (int i = 0; i < 3; i++) {
        struct id connection = expect(&machine, CALL_OPEN).connection;
        tell(&machine, machine.now_ns,
             (struct call_event){
                 .kind = CALL_OPEN_FAILED, .connection = connection, .code = ERR_UNREACHABLE});
        if (i < 2)
            call_tick(&machine, call_deadline(&machine));
    }
    effect = expect(&machine, CALL_DONE);
    assert_int_equal(effect.code, ERR_UNREACHABLE);
    assert_int_equal(effect.attempt, 0); /* nothing was ever sent */
    assert_true(effect.latency_ns < SECOND);
    call_machine_release(&machine);
}

static void a_certificate_that_is_wrong_stays_wrong(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    submit(&machine, 0, 0, SECOND);
    struct id connection = expect(&machine, CALL_OPEN).connection;
    tell(&machine, 5,
         (struct call_event){.kind = CALL_OPEN_FAILED, .connection = connection, .code = ERR_TLS});
    assert_int_equal(expect(&machine, CALL_DONE).code, ERR_TLS);
    call_machine_release(&machine);
}

static void a_cancelled_call_is_done_and_leaves_nothing_behind(void **state)
{
    (void)state;
    struct call_machine machine;

    start(&machine, &plain);
    send_first(&machine, 0, SECOND);
    tell(&machine, 5, (struct call_event){.kind = CALL_CANCEL, .call = call_id(0)});
    expect(&machine, CALL_ABANDON);
    assert_int_equal(expect(&machine, CALL_DONE).code, ERR_CANCELLED);
    expect(&machine, CALL_CLOSE);
    expect_nothing(&machine);
    assert_int_equal(machine.quota.in_flight, 0);
    assert_true(call_deadline(&machine) == UINT64_MAX);
    call_machine_release(&machine);
}

static void an_attempt_that_takes_too_long_is_tried_again(void **state)
{
    (void)state;
    struct call_settings settings = plain;
    struct call_machine machine;

    settings.attempt_in_ns = 1000;
    start(&machine, &settings);
    send_first(&machine, 0, SECOND);
    call_tick(&machine, 1000);
    expect(&machine, CALL_ABANDON);
    expect(&machine, CALL_CLOSE);
    expect_nothing(&machine);
    call_tick(&machine, call_deadline(&machine));
    expect(&machine, CALL_OPEN);
    call_machine_release(&machine);
}

static void calls_are_spread_over_the_minute_that_the_quota_allows(void **state)
{
    (void)state;
    struct call_settings settings = plain;
    struct call_machine machine;

    settings.quota.requests_a_minute = 1;
    start(&machine, &settings);
    send_first(&machine, 0, 300 * SECOND);
    submit(&machine, 0, 1, 300 * SECOND);
    expect_nothing(&machine);
    assert_true(call_deadline(&machine) == 60 * SECOND);
    answer(&machine, 10, 0, 0);
    expect(&machine, CALL_DONE);
    expect_nothing(&machine);
    call_tick(&machine, 60 * SECOND);
    expect(&machine, CALL_SEND);
    call_machine_release(&machine);
}

static void a_call_that_no_quota_could_ever_admit_is_not_taken(void **state)
{
    (void)state;
    struct call_settings settings = plain;
    struct call_machine machine;
    struct call_event event = {
        .kind = CALL_SUBMIT, .call = call_id(0), .deadline_ns = SECOND, .tokens = 11};

    settings.quota.tokens_a_minute = 10;
    start(&machine, &settings);
    assert_int_equal(call_feed(&machine, 0, &event), ERR_LIMIT);
    expect_nothing(&machine);
    call_machine_release(&machine);
}

static void running_out_of_memory_at_the_start_leaves_nothing_behind(void **state)
{
    (void)state;
    struct call_machine machine;
    int code = ERR_MEMORY;

    for (unsigned long n = 1; code != 0; n++) {
        assert_true(n < 40);
        mem_fail_at(n);
        code = call_machine_init(&machine, &plain, 0);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
    }
    call_machine_release(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_sent_once_connected_and_done_with_its_answer),
        cmocka_unit_test(calls_past_the_limit_wait_their_turn),
        cmocka_unit_test(a_throttled_call_is_sent_again_after_its_delay),
        cmocka_unit_test(a_server_that_throttles_for_ever_ends_the_call_with_its_attempts),
        cmocka_unit_test(an_error_that_would_come_again_is_the_end),
        cmocka_unit_test(a_deadline_ends_a_call_wherever_it_waits),
        cmocka_unit_test(a_late_answer_finds_nobody),
        cmocka_unit_test(what_was_not_sent_is_sent_again_at_once_elsewhere),
        cmocka_unit_test(a_connection_that_died_while_it_lay_idle_costs_nothing),
        cmocka_unit_test(what_was_sent_and_lost_waits_and_costs_a_retry),
        cmocka_unit_test(a_server_that_cannot_be_reached_ends_the_call_after_its_attempts),
        cmocka_unit_test(a_certificate_that_is_wrong_stays_wrong),
        cmocka_unit_test(a_cancelled_call_is_done_and_leaves_nothing_behind),
        cmocka_unit_test(an_attempt_that_takes_too_long_is_tried_again),
        cmocka_unit_test(calls_are_spread_over_the_minute_that_the_quota_allows),
        cmocka_unit_test(a_call_that_no_quota_could_ever_admit_is_not_taken),
        cmocka_unit_test(running_out_of_memory_at_the_start_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
