/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise: whose turn it is, and what holds it up. */
#include "call_rig.h"

#include "base/mem.h"

/* Room for everybody, decisions kept. */
static const struct call_settings roomy = {
    .calls_max = 100,
    .attempts = 3,
    .seed = 1,
    .quota = {.in_flight_max = 100},
    .pool = {.connections_max = 100, .streams_max = 1},
    .decisions_max = 100,
};

static void ask(struct call_machine *machine, uint32_t slot, uint64_t caller, uint32_t key,
                int64_t tokens)
{
    tell(machine, machine->now_ns,
         (struct call_event){.kind = CALL_SUBMIT,
                             .call = call_id(slot),
                             .deadline_ns = 600 * SECOND,
                             .caller = caller,
                             .quota_key = key,
                             .tokens = tokens});
}

/* The calls that were sent and not looked at yet. */
static uint32_t sent_slots[1000];
static uint32_t sent_count;

/* Takes effects; connections that are to be opened are open at once. */
static void collect(struct call_machine *machine)
{
    struct call_effect effect;
    struct id opening[100];
    uint32_t count = 0;

    do {
        while (call_next(machine, &effect)) {
            if (effect.kind == CALL_SEND)
                sent_slots[sent_count++] = effect.call.slot;
            if (effect.kind == CALL_OPEN)
                opening[count++] = effect.connection;
        }
        if (count > 0)
            tell(machine, machine->now_ns,
                 (struct call_event){.kind = CALL_OPENED, .connection = opening[--count]});
    } while (count > 0 || machine->effects.count > 0);
}

/* How many were sent since the last time, and which. */
static uint32_t pump(struct call_machine *machine, uint32_t *ret_sent)
{
    collect(machine);
    uint32_t count = sent_count;
    for (uint32_t i = 0; ret_sent != NULL && i < count; i++)
        ret_sent[i] = sent_slots[i];
    sent_count = 0;
    return count;
}

static void submit_for(struct call_machine *machine, uint32_t slot, uint64_t caller, uint32_t key,
                       int64_t tokens)
{
    ask(machine, slot, caller, key, tokens);
    collect(machine);
}

/* The next effect but DECIDED. */
static struct call_effect next(struct call_machine *machine)
{
    struct call_effect effect;

    do
        assert_true(call_next(machine, &effect));
    while (effect.kind == CALL_DECIDED);
    return effect;
}

static uint64_t decided(const struct call_machine *machine, enum call_decision_kind kind)
{
    struct call_stats stats;

    call_stats(machine, &stats);
    return stats.decisions[kind];
}

static void a_light_caller_does_not_wait_behind_a_heavy_one(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    uint32_t sent[100];

    settings.quota.in_flight_max = 1;
    start(&machine, &settings);
    for (uint32_t slot = 0; slot < 50; slot++)
        submit_for(&machine, slot, 1, 0, 1000);
    submit_for(&machine, 50, 2, 0, 10);
    assert_int_equal(pump(&machine, sent), 1);
    answer(&machine, 10, sent[0], 0);
    assert_int_equal(pump(&machine, sent), 1);
    assert_int_equal(sent[0], 50);
    call_machine_release(&machine);
}

static void one_caller_may_have_so_many_waiting_and_is_told_at_once(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    struct call_effect effect;

    settings.quota.in_flight_max = 1;
    settings.per_caller_max = 2;
    start(&machine, &settings);
    for (uint32_t slot = 0; slot < 3; slot++) /* one is served, two wait */
        submit_for(&machine, slot, 1, 0, 1);
    pump(&machine, NULL);
    ask(&machine, 3, 1, 0, 1);
    effect = next(&machine);
    assert_int_equal(effect.kind, CALL_DONE);
    assert_int_equal(effect.call.slot, 3);
    assert_int_equal(effect.code, ERR_BUSY);
    assert_int_equal(effect.verdict, RETRY_CROWDED);
    ask(&machine, 4, 2, 0, 1); /* another's queue is another's */
    expect_nothing(&machine);
    assert_int_equal(decided(&machine, CALL_DECISION_CROWDED), 1);
    call_machine_release(&machine);
}

static void a_quota_that_is_used_up_holds_up_only_its_own_key(void **state)
{
    (void)state;
    static const struct book_limits limits[] = {{.tokens_a_minute = 100}, {.tokens_a_day = 1000}};
    static const struct book_key under[] = {{.entries = {0, 1}, .count = 2},
                                            {.entries = {1}, .count = 1}};
    struct call_settings settings = roomy;
    struct call_machine machine;
    uint32_t sent[100];

    settings.quota.entries = limits;
    settings.quota.entry_count = 2;
    settings.quota.keys = under;
    settings.quota.key_count = 2;
    start(&machine, &settings);
    assert_int_equal(call_possible(&machine, 1, 101), ERR_LIMIT);
    assert_int_equal(call_possible(&machine, 3, 1), ERR_LIMIT); /* no such key */
    for (uint32_t slot = 0; slot < 3; slot++)
        submit_for(&machine, slot, 0, 1, 60);
    assert_int_equal(pump(&machine, sent), 1);
    submit_for(&machine, 3, 0, 2, 500);
    assert_int_equal(pump(&machine, sent), 1);
    assert_int_equal(sent[0], 3);
    assert_true(call_deadline(&machine) == 12 * SECOND); /* 20 of 100 a minute */
    call_tick(&machine, 12 * SECOND);
    assert_int_equal(pump(&machine, sent), 1);
    assert_int_equal(sent[0], 1);
    assert_int_equal(decided(&machine, CALL_DECISION_ADMITTED_LATE), 1);
    call_machine_release(&machine);
}

static void what_was_never_processed_is_not_counted_against_the_quota(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;

    settings.quota.requests_a_minute = 1;
    settings.quota.tokens_a_minute = 100;
    start(&machine, &settings);
    submit_for(&machine, 0, 0, 0, 100);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pump(&machine, NULL), 1);
        tell(&machine, 0,
             (struct call_event){.kind = CALL_STREAM_ENDED,
                                 .call = call_id(0),
                                 .code = ERR_CLOSED,
                                 .unprocessed = i % 2 == 0,
                                 .unsent = i % 2 == 1});
    }
    pump(&machine, NULL);
    submit_for(&machine, 1, 0, 0, 100);
    assert_int_equal(pump(&machine, NULL), 1);
    answer(&machine, 0, 1, 0);
    collect(&machine);
    submit_for(&machine, 2, 0, 0, 100);
    assert_int_equal(pump(&machine, NULL), 0);
    call_machine_release(&machine);
}

static void a_deadline_in_the_queue_is_kept_to_the_nanosecond(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;

    settings.quota.in_flight_max = 1;
    start(&machine, &settings);
    submit_for(&machine, 0, 1, 0, 1);
    pump(&machine, NULL);
    submit(&machine, 0, 1, 1000);
    assert_true(call_deadline(&machine) == 1000);
    call_tick(&machine, 999);
    expect_nothing(&machine);
    call_tick(&machine, 1000);
    struct call_effect effect;
    do
        assert_true(call_next(&machine, &effect));
    while (effect.kind != CALL_DONE);
    assert_int_equal(effect.code, ERR_TIMEOUT);
    assert_int_equal(effect.where, CALL_STATE_QUEUED);
    assert_true(effect.latency_ns == 1000);
    call_machine_release(&machine);
}

/* ---- the breaker ---------------------------------------------------------------------------- */

/* A machine whose breaker has just opened, for 5 s; call slots from 10 are free. */
static void start_broken(struct call_machine *machine)
{
    struct call_settings settings = roomy;

    settings.attempts = 1;
    settings.breaker = (struct breaker_settings){.on = true, .requests_min = 4, .probes = 2};
    start(machine, &settings);
    for (uint32_t slot = 0; slot < 4; slot++)
        submit_for(machine, slot, 0, 0, 1);
    assert_int_equal(pump(machine, NULL), 4);
    for (uint32_t slot = 0; slot < 4; slot++) {
        answer(machine, 0, slot, ERR_UPSTREAM);
        pump(machine, NULL);
    }
    assert_int_equal(machine->breaker.state, BREAKER_OPEN);
    assert_int_equal(decided(machine, CALL_DECISION_BROKE), 1);
}

static void while_the_breaker_is_open_only_those_wait_who_have_the_time(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_effect effect;

    start_broken(&machine);
    submit(&machine, 0, 10, 4 * SECOND);
    effect = next(&machine);
    assert_int_equal(effect.kind, CALL_DONE);
    assert_int_equal(effect.code, ERR_UPSTREAM);
    assert_int_equal(effect.verdict, RETRY_BROKEN);
    submit(&machine, 0, 11, 6 * SECOND);
    expect_nothing(&machine);
    assert_true(call_deadline(&machine) == 5 * SECOND);
    call_tick(&machine, 5 * SECOND);
    assert_int_equal(pump(&machine, NULL), 1);
    assert_int_equal(decided(&machine, CALL_DECISION_PROBED), 1);
    call_machine_release(&machine);
}

static void those_who_wait_when_it_opens_are_told_too(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    struct call_effect effect;
    int refused = 0;

    settings.quota.in_flight_max = 1;
    settings.attempts = 1;
    settings.breaker = (struct breaker_settings){.on = true, .requests_min = 1};
    start(&machine, &settings);
    submit(&machine, 0, 0, 60 * SECOND);
    assert_int_equal(pump(&machine, NULL), 1);
    submit(&machine, 0, 1, 5 * SECOND);
    submit(&machine, 0, 2, 5 * SECOND + 1);
    answer(&machine, 0, 0, ERR_UPSTREAM);
    while (call_next(&machine, &effect))
        refused += effect.kind == CALL_DONE && effect.verdict == RETRY_BROKEN ? 1 : 0;
    assert_int_equal(refused, 1);
    assert_int_equal(machine.queue.count, 1);
    call_machine_release(&machine);
}

static void probes_go_one_at_a_time_until_it_closes(void **state)
{
    (void)state;
    struct call_machine machine;
    uint32_t sent[100];

    start_broken(&machine);
    for (uint32_t slot = 10; slot < 20; slot++)
        submit_for(&machine, slot, 0, 0, 1);
    call_tick(&machine, 5 * SECOND);
    for (int probe = 0; probe < 2; probe++) {
        assert_int_equal(pump(&machine, sent), 1);
        answer(&machine, 5 * SECOND, sent[0], 0);
    }
    assert_int_equal(pump(&machine, NULL), 8);
    assert_int_equal(decided(&machine, CALL_DECISION_MENDED), 1);
    call_machine_release(&machine);
}

static void throttling_does_not_open_it(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;

    settings.attempts = 1;
    settings.breaker = (struct breaker_settings){.on = true, .requests_min = 2};
    start(&machine, &settings);
    for (uint32_t slot = 0; slot < 50; slot++)
        submit_for(&machine, slot, 0, 0, 1);
    pump(&machine, NULL);
    for (uint32_t slot = 0; slot < 50; slot++) {
        answer(&machine, 0, slot, ERR_THROTTLED);
        pump(&machine, NULL);
    }
    assert_int_equal(machine.breaker.state, BREAKER_CLOSED);
    call_machine_release(&machine);
}

static void a_server_that_takes_no_connection_opens_it(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    struct call_effect effect;
    struct id opening[10];
    uint32_t count = 0;

    settings.attempts = 1;
    settings.breaker.on = true;
    start(&machine, &settings);
    for (uint32_t slot = 0; slot < 5; slot++) {
        ask(&machine, slot, 0, 0, 1);
        opening[count++] = expect(&machine, CALL_OPEN).connection;
    }
    for (uint32_t i = 0; i < count && machine.breaker.state == BREAKER_CLOSED; i++) {
        tell(&machine, 0,
             (struct call_event){
                 .kind = CALL_OPEN_FAILED, .connection = opening[i], .code = ERR_UNREACHABLE});
        while (call_next(&machine, &effect))
            if (effect.kind == CALL_OPEN)
                opening[count++] = effect.connection;
    }
    assert_int_equal(machine.breaker.state, BREAKER_OPEN);
    call_machine_release(&machine);
}

/* ---- limits that move ----------------------------------------------------------------------- */

static void throttling_slows_the_adaptive_down(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    struct call_stats stats;
    uint64_t now_ns = 0;

    settings.adaptive = true;
    settings.attempts = 1;
    start(&machine, &settings);
    for (uint32_t i = 0; i < 50; i++) { /* 10 a second, nothing waits */
        submit_for(&machine, i % 100, 0, 0, 1);
        assert_int_equal(pump(&machine, NULL), 1);
        answer(&machine, now_ns += SECOND / 10, i % 100, 0);
        pump(&machine, NULL);
    }
    submit_for(&machine, 50, 0, 0, 1);
    pump(&machine, NULL);
    answer(&machine, now_ns, 50, ERR_THROTTLED);
    pump(&machine, NULL);
    call_stats(&machine, &stats);
    assert_true(stats.rate > 6 && stats.rate < 8); /* 0.7 of 10 */
    assert_int_equal(decided(&machine, CALL_DECISION_RATE_CUT), 1);
    uint32_t sent = 0;
    for (uint32_t slot = 51; slot < 91; slot++)
        submit_for(&machine, slot, 0, 0, 1);
    sent = pump(&machine, NULL);
    while (machine.now_ns < now_ns + SECOND) {
        call_tick(&machine, call_deadline(&machine));
        sent += pump(&machine, NULL);
    }
    assert_in_range(sent, 6, 16); /* a second's rate and what the bucket held */
    call_machine_release(&machine);
}

static void latency_moves_the_limit(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    struct call_stats stats;
    uint64_t now_ns = 0;
    uint32_t sent[100];

    settings.concurrency = CALL_CONCURRENCY_BY_LATENCY;
    settings.gradient = (struct gradient_settings){
        .limit_first = 40, .window_samples = 40, .base_every_ns = SECOND};
    start(&machine, &settings);
    for (int round = 0; round < 100; round++) {
        for (uint32_t slot = 0; slot < 100; slot++)
            submit_for(&machine, slot, 0, 0, 1);
        for (uint32_t left = 100; left > 0;) {
            uint32_t count = pump(&machine, sent);
            call_stats(&machine, &stats);
            assert_true(count > 0 && stats.in_flight <= 100);
            /* ten at once take no longer than one */
            now_ns += (stats.in_flight > 10 ? stats.in_flight : 10) * SECOND / 1000;
            for (uint32_t i = 0; i < count; i++) {
                answer(&machine, now_ns, sent[i], 0);
                collect(&machine);
            }
            left -= count;
        }
    }
    call_stats(&machine, &stats);
    assert_true(decided(&machine, CALL_DECISION_LIMIT_MOVED) > 10);
    assert_in_range(stats.limit, 5, 20);
    call_machine_release(&machine);
}

/* ---- HTTP/2 and streams --------------------------------------------------------------------- */

static struct id send_two_on_one(struct call_machine *machine, uint32_t streams)
{
    struct call_settings settings = roomy;

    settings.pool.connections_max = 1;
    settings.pool.streams_max = 10;
    start(machine, &settings);
    ask(machine, 0, 0, 0, 1);
    struct id connection = expect(machine, CALL_OPEN).connection;
    tell(machine, 0,
         (struct call_event){.kind = CALL_OPENED, .connection = connection, .streams = streams});
    expect(machine, CALL_SEND);
    ask(machine, 1, 0, 0, 1);
    return connection;
}

static void what_the_peer_did_not_process_is_asked_again_at_once(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_stats stats;

    send_two_on_one(&machine, 10);
    expect(&machine, CALL_SEND);
    for (int i = 0; i < 3; i++) {
        tell(&machine, 1,
             (struct call_event){.kind = CALL_STREAM_ENDED,
                                 .call = call_id(0),
                                 .code = ERR_CLOSED,
                                 .unprocessed = true,
                                 .reusable = true});
        struct call_effect effect = next(&machine);
        assert_int_equal(effect.kind, CALL_SEND);
        assert_int_equal(effect.attempt, 1);
    }
    call_stats(&machine, &stats);
    assert_int_equal(stats.resent, 3);
    assert_int_equal(stats.retried, 0);
    assert_int_equal(machine.retry.tokens, RETRY_TOKENS_MAX);
    tell(&machine, 2, /* a peer that never processes anything is not asked for ever */
         (struct call_event){.kind = CALL_STREAM_ENDED,
                             .call = call_id(0),
                             .code = ERR_CLOSED,
                             .unprocessed = true,
                             .reusable = true});
    call_stats(&machine, &stats);
    assert_int_equal(stats.backing_off, 1);
    call_machine_release(&machine);
}

static void a_connection_that_turns_out_to_carry_one_stream_carries_one(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_effect effect;
    int closed = 0;

    struct id connection = send_two_on_one(&machine, 1);
    while (call_next(&machine, &effect))
        assert_int_not_equal(effect.kind, CALL_SEND);
    tell(&machine, 1, (struct call_event){.kind = CALL_CANCEL, .call = call_id(0)});
    while (call_next(&machine, &effect)) /* and is of no use after that was given up */
        closed += effect.kind == CALL_CLOSE && id_equal(effect.connection, connection) ? 1 : 0;
    assert_int_equal(closed, 1);
    call_machine_release(&machine);
}

static void what_the_peer_allows_later_counts_from_then_on(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_effect effect;
    int sent = 0;
    int closed = 0;

    struct id connection = send_two_on_one(&machine, 1);
    while (call_next(&machine, &effect))
        continue;
    tell(&machine, 1,
         (struct call_event){.kind = CALL_CAPACITY, .connection = connection, .streams = 2});
    while (call_next(&machine, &effect))
        sent += effect.kind == CALL_SEND ? 1 : 0;
    assert_int_equal(sent, 1);
    tell(&machine, 2, (struct call_event){.kind = CALL_CANCEL, .call = call_id(0)});
    while (call_next(&machine, &effect))
        closed += effect.kind == CALL_CLOSE ? 1 : 0;
    assert_int_equal(closed, 0); /* it carries the other */
    call_machine_release(&machine);
}

static void a_stream_that_is_given_up_does_not_end_the_others(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_effect effect;

    send_two_on_one(&machine, 10);
    expect(&machine, CALL_SEND);
    tell(&machine, 1, (struct call_event){.kind = CALL_CANCEL, .call = call_id(0)});
    while (call_next(&machine, &effect))
        assert_int_not_equal(effect.kind, CALL_CLOSE);
    answer(&machine, 2, 1, 0);
    assert_int_equal(expect(&machine, CALL_DONE).code, 0);
    call_machine_release(&machine);
}

static void a_connection_that_drains_takes_no_more_and_ends_with_its_last(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_effect effect;
    int closed = 0;

    struct id connection = send_two_on_one(&machine, 10);
    expect(&machine, CALL_SEND);
    tell(&machine, 1, (struct call_event){.kind = CALL_DRAIN, .connection = connection});
    while (call_next(&machine, &effect))
        continue;
    ask(&machine, 2, 0, 0, 1);
    while (call_next(&machine, &effect))
        assert_int_not_equal(effect.kind, CALL_SEND);
    for (uint32_t slot = 0; slot < 2; slot++) {
        answer(&machine, 2, slot, 0);
        while (call_next(&machine, &effect))
            closed += effect.kind == CALL_CLOSE ? 1 : 0;
        assert_int_equal(closed, slot);
    }
    assert_int_equal(decided(&machine, CALL_DECISION_DRAINED), 1);
    call_machine_release(&machine);
}

static void after_a_piece_went_out_nothing_is_tried_again(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_effect effect;

    start(&machine, &roomy);
    struct id connection = send_first(&machine, 0, 60 * SECOND);
    tell(&machine, 5, (struct call_event){.kind = CALL_PIECE, .call = call_id(0)});
    tell(&machine, 6,
         (struct call_event){.kind = CALL_CLOSED, .connection = connection, .may_retry = true});
    do
        assert_true(call_next(&machine, &effect));
    while (effect.kind != CALL_DONE);
    assert_int_equal(effect.verdict, RETRY_BEGUN);
    assert_int_equal(effect.code, ERR_CLOSED);
    assert_true(effect.first_byte_ns == 5);
    call_machine_release(&machine);
}

static void an_idle_connection_is_checked_and_a_dead_one_replaced(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;

    settings.decisions_max = 0;
    settings.pool.check_every_ns = 60 * SECOND;
    start(&machine, &settings);
    struct id connection = send_first(&machine, 0, SECOND);
    answer(&machine, 1, 0, 0);
    expect(&machine, CALL_DONE);
    call_tick(&machine, call_deadline(&machine));
    assert_true(id_equal(expect(&machine, CALL_CHECK).connection, connection));
    tell(&machine, machine.now_ns,
         (struct call_event){.kind = CALL_CHECKED, .connection = connection, .code = ERR_CLOSED});
    assert_true(id_equal(expect(&machine, CALL_CLOSE).connection, connection));
    assert_int_equal(decided(&machine, CALL_DECISION_FOUND_DEAD), 1);
    call_machine_release(&machine);
}

/* ---- decisions ------------------------------------------------------------------------------ */

static void decisions_are_kept_with_their_reason_and_figures(void **state)
{
    (void)state;
    struct call_machine machine;
    struct call_decision decision;

    start(&machine, &roomy);
    send_first(&machine, 0, 60 * SECOND);
    tell(&machine, 10,
         (struct call_event){.kind = CALL_RESPONSE,
                             .call = call_id(0),
                             .code = ERR_THROTTLED,
                             .may_retry = true,
                             .retry_after_ns = 3 * SECOND,
                             .reusable = true});
    expect(&machine, CALL_DECIDED);
    expect_nothing(&machine);
    assert_true(call_next_decision(&machine, &decision));
    assert_int_equal(decision.kind, CALL_DECISION_THROTTLED);
    assert_true(decision.at_ns == 10 && decision.figure == 1 && decision.other == 3 * 1000000000LL);
    assert_true(call_next_decision(&machine, &decision));
    assert_int_equal(decision.kind, CALL_DECISION_RETRIED);
    assert_string_equal(call_decision_row(decision.kind)->word, "retried");
    assert_string_equal(call_decision_row(decision.kind)->reason,
                        "the attempt failed and another may succeed");
    assert_false(call_next_decision(&machine, &decision));
    call_machine_release(&machine);
}

static void what_nobody_takes_gives_way_to_what_is_newer(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    struct call_decision decision;
    struct call_stats stats;

    settings.decisions_max = 2;
    start(&machine, &settings);
    for (int64_t tokens = 1; tokens <= 5; tokens++) {
        struct call_event event = {
            .kind = CALL_SUBMIT, .call = call_id(0), .quota_key = 9, .tokens = tokens};
        assert_int_equal(call_feed(&machine, 0, &event), ERR_LIMIT);
        collect(&machine);
    }
    call_stats(&machine, &stats);
    assert_int_equal(stats.decisions_lost, 3);
    assert_int_equal(stats.decisions[CALL_DECISION_TOO_LARGE], 5);
    assert_true(call_next_decision(&machine, &decision));
    assert_int_equal(decision.figure, 4);
    call_machine_release(&machine);
}

static void running_out_of_memory_with_everything_on_leaves_nothing_behind(void **state)
{
    (void)state;
    struct call_settings settings = roomy;
    struct call_machine machine;
    int code = ERR_MEMORY;

    settings.adaptive = true;
    settings.breaker.on = true;
    settings.concurrency = CALL_CONCURRENCY_BY_LATENCY;
    for (unsigned long n = 1; code != 0; n++) {
        assert_true(n < 60);
        mem_fail_at(n);
        code = call_machine_init(&machine, &settings, 0);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
    }
    call_machine_release(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_light_caller_does_not_wait_behind_a_heavy_one),
        cmocka_unit_test(one_caller_may_have_so_many_waiting_and_is_told_at_once),
        cmocka_unit_test(a_quota_that_is_used_up_holds_up_only_its_own_key),
        cmocka_unit_test(what_was_never_processed_is_not_counted_against_the_quota),
        cmocka_unit_test(a_deadline_in_the_queue_is_kept_to_the_nanosecond),
        cmocka_unit_test(while_the_breaker_is_open_only_those_wait_who_have_the_time),
        cmocka_unit_test(those_who_wait_when_it_opens_are_told_too),
        cmocka_unit_test(probes_go_one_at_a_time_until_it_closes),
        cmocka_unit_test(throttling_does_not_open_it),
        cmocka_unit_test(a_server_that_takes_no_connection_opens_it),
        cmocka_unit_test(throttling_slows_the_adaptive_down),
        cmocka_unit_test(latency_moves_the_limit),
        cmocka_unit_test(what_the_peer_did_not_process_is_asked_again_at_once),
        cmocka_unit_test(a_connection_that_turns_out_to_carry_one_stream_carries_one),
        cmocka_unit_test(what_the_peer_allows_later_counts_from_then_on),
        cmocka_unit_test(a_stream_that_is_given_up_does_not_end_the_others),
        cmocka_unit_test(a_connection_that_drains_takes_no_more_and_ends_with_its_last),
        cmocka_unit_test(after_a_piece_went_out_nothing_is_tried_again),
        cmocka_unit_test(an_idle_connection_is_checked_and_a_dead_one_replaced),
        cmocka_unit_test(decisions_are_kept_with_their_reason_and_figures),
        cmocka_unit_test(what_nobody_takes_gives_way_to_what_is_newer),
        cmocka_unit_test(running_out_of_memory_with_everything_on_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
