/* SPDX-License-Identifier: Apache-2.0
 *
 * Random histories against the promises that hold always. */
#include "call_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"

enum { CALLS = 40, CONNECTIONS = 6, HISTORY = 3000, KEYS = 3, ENTRIES = 3, RESENDS = 3 };

static const uint64_t MINUTE = 60000000000;

static const struct book_limits entries[ENTRIES] = {
    {.requests_a_minute = 60, .tokens_a_minute = 1500},
    {.tokens_a_minute = 3000},
    {.requests_a_day = 250, .tokens_a_day = 7000},
};
static const struct book_key keys[KEYS - 1] = {
    {.entries = {0, 2}, .count = 2},
    {.entries = {1, 2}, .count = 2},
};

/* What the model knows of a call. */
struct told {
    struct id id; /* submitted and not done */
    uint64_t deadline_ns;
    struct id on; /* the connection it was sent on; none: it is not sent */
    uint32_t sends;
    uint32_t key;
    int64_t tokens;
    bool begun; /* bytes of the answer went out */
};

struct line {
    struct id id;
    bool open;
    bool checking;
    bool draining;
    uint32_t streams;
};

struct model {
    struct call_machine machine;
    struct call_settings settings;
    struct rng rng;
    uint64_t now_ns;
    uint32_t generation;
    struct told calls[CALLS];
    struct line lines[CONNECTIONS];
    int64_t spent[ENTRIES];    /* tokens of attempts that were sent, less what came back */
    int64_t requests[ENTRIES]; /* likewise */
    uint64_t decisions;
    uint64_t submitted;
    uint64_t done;
};

static uint32_t streams_on(const struct model *model, struct id connection)
{
    uint32_t streams = 0;
    for (int i = 0; i < CALLS; i++)
        streams += id_equal(model->calls[i].on, connection) ? 1 : 0;
    return streams;
}

static uint32_t sent_now(const struct model *model)
{
    uint32_t sent = 0;
    for (int i = 0; i < CALLS; i++)
        sent += id_is_none(model->calls[i].on) ? 0 : 1;
    return sent;
}

/* ---- the ledger ----------------------------------------------------------------------------- */

/* What a bucket that starts full has given by now at most. */
static int64_t given(int64_t a_minute, uint64_t now_ns)
{
    return a_minute + a_minute * (int64_t)(now_ns / 1000) / (int64_t)(MINUTE / 1000) + 1;
}

static void spend(struct model *model, const struct told *call, int64_t tokens, int64_t requests)
{
    if (call->key == 0)
        return;
    const struct book_key *key = &keys[call->key - 1];
    for (uint32_t i = 0; i < key->count; i++) {
        uint32_t entry = key->entries[i];
        const struct book_limits *limits = &entries[entry];
        model->spent[entry] += tokens;
        model->requests[entry] += requests;
        assert_true(limits->tokens_a_minute == 0
                    || model->spent[entry] <= given(limits->tokens_a_minute, model->now_ns));
        assert_true(limits->requests_a_minute == 0
                    || model->requests[entry] <= given(limits->requests_a_minute, model->now_ns));
        assert_true(limits->tokens_a_day == 0 || model->spent[entry] <= limits->tokens_a_day);
        assert_true(limits->requests_a_day == 0
                    || model->requests[entry] <= limits->requests_a_day);
    }
}

/* ---- effects -------------------------------------------------------------------------------- */

static void take_connection_effect(struct model *model, const struct call_effect *effect)
{
    struct line *line = &model->lines[effect->connection.slot];

    if (effect->kind == CALL_OPEN) {
        assert_true(id_is_none(line->id));
        *line =
            (struct line){.id = effect->connection, .streams = model->settings.pool.streams_max};
        return;
    }
    assert_true(id_equal(line->id, effect->connection));
    assert_int_equal(streams_on(model, effect->connection), 0);
    if (effect->kind == CALL_CHECK)
        line->checking = true;
    else
        *line = (struct line){0};
}

static void take_send(struct model *model, struct told *call, struct id connection)
{
    const struct line *line = &model->lines[connection.slot];

    assert_true(id_is_none(call->on) && !call->begun);
    assert_true(id_equal(line->id, connection));
    assert_true(line->open && !line->checking && !line->draining);
    call->on = connection;
    assert_true(streams_on(model, connection) <= line->streams);
    assert_true(sent_now(model) <= model->settings.quota.in_flight_max);
    assert_true(++call->sends <= model->settings.attempts + RESENDS);
    spend(model, call, call->tokens, 1);
}

static void take_call_effect(struct model *model, const struct call_effect *effect)
{
    struct told *call = &model->calls[effect->call.slot];

    assert_true(id_equal(call->id, effect->call)); /* so at most one DONE each */
    if (effect->kind == CALL_SEND) {
        take_send(model, call, effect->connection);
        return;
    }
    if (effect->kind == CALL_ABANDON) {
        assert_true(id_equal(call->on, effect->connection));
        call->on = (struct id){0};
        return;
    }
    assert_int_equal(effect->kind, CALL_DONE);
    assert_true(id_is_none(call->on));
    assert_true(effect->attempt <= model->settings.attempts + 1); /* one on a dead connection */
    assert_true(model->now_ns <= call->deadline_ns);
    *call = (struct told){0};
    model->done++;
}

static void drain(struct model *model)
{
    struct call_effect effect;
    struct call_decision decision;

    while (call_next(&model->machine, &effect)) {
        if (effect.kind == CALL_OPEN || effect.kind == CALL_CLOSE || effect.kind == CALL_CHECK)
            take_connection_effect(model, &effect);
        else if (effect.kind != CALL_DECIDED)
            take_call_effect(model, &effect);
        else
            while (call_next_decision(&model->machine, &decision)) {
                assert_true(decision.at_ns <= model->now_ns);
                model->decisions++;
            }
    }
}

/* ---- events --------------------------------------------------------------------------------- */

static void feed(struct model *model, const struct call_event *event)
{
    int code = call_feed(&model->machine, model->now_ns, event);
    assert_true(code == 0 || code == ERR_MISSING);
    drain(model);
}

static void any_submit(struct model *model, uint32_t slot)
{
    struct told *call = &model->calls[slot];

    *call = (struct told){
        .id = {.slot = slot, .generation = ++model->generation},
        .deadline_ns = model->now_ns + 1 + rng_below(&model->rng, 10 * SECOND),
        .tokens = (int64_t)rng_below(&model->rng, 100),
        .key = (uint32_t)rng_below(&model->rng, KEYS),
    };
    model->submitted++;
    feed(model, &(struct call_event){.kind = CALL_SUBMIT,
                                     .call = call->id,
                                     .tokens = call->tokens,
                                     .deadline_ns = call->deadline_ns,
                                     .caller = rng_below(&model->rng, 4),
                                     .weight = (uint32_t)rng_below(&model->rng, 3),
                                     .quota_key = call->key});
}

/* What of an attempt comes back to the ledger is known before the machine is told. */
static void give_back(struct model *model, struct told *call, int64_t used, bool untouched)
{
    spend(model, call, untouched ? -call->tokens : used - call->tokens, untouched ? -1 : 0);
    call->on = (struct id){0};
}

static void any_end(struct model *model, struct told *call)
{
    static const int codes[] = {0, 0, 0, ERR_THROTTLED, ERR_UPSTREAM, ERR_DENIED};
    struct call_event event = {
        .kind = rng_below(&model->rng, 5) > 0 ? CALL_RESPONSE : CALL_STREAM_ENDED,
        .call = call->id,
        .code = codes[rng_below(&model->rng, sizeof codes / sizeof codes[0])],
        .may_retry = rng_below(&model->rng, 2) == 0,
        .reusable = rng_below(&model->rng, 3) > 0,
        .tokens = (int64_t)rng_below(&model->rng, (uint64_t)call->tokens + 2) - 1,
    };

    if (event.kind == CALL_STREAM_ENDED) {
        event.code = ERR_PROTOCOL;
        event.unsent = rng_below(&model->rng, 8) == 0;
        event.unprocessed = rng_below(&model->rng, 4) == 0;
        give_back(model, call, call->tokens, event.unsent || event.unprocessed);
    } else {
        int64_t unknown = event.code == 0 ? call->tokens : 0;
        give_back(model, call, event.tokens < 0 ? unknown : event.tokens, false);
    }
    feed(model, &event);
}

static void any_call_event(struct model *model)
{
    uint32_t slot = (uint32_t)rng_below(&model->rng, CALLS);
    struct told *call = &model->calls[slot];

    if (id_is_none(call->id)) {
        any_submit(model, slot);
    } else if (rng_below(&model->rng, 20) == 0) {
        feed(model, &(struct call_event){.kind = CALL_CANCEL, .call = call->id});
    } else if (!id_is_none(call->on) && rng_below(&model->rng, 6) == 0) {
        call->begun = rng_below(&model->rng, 2) == 0;
        feed(model, &(struct call_event){.kind = call->begun ? CALL_PIECE : CALL_FIRST_BYTE,
                                         .call = call->id});
    } else if (!id_is_none(call->on)) {
        any_end(model, call);
    }
}

static void any_close(struct model *model, struct line *line)
{
    struct call_event event = {
        .kind = CALL_CLOSED,
        .connection = line->id,
        .code = ERR_CLOSED,
        .may_retry = rng_below(&model->rng, 4) > 0,
        .unsent = rng_below(&model->rng, 3) == 0,
    };

    for (int i = 0; i < CALLS; i++)
        if (id_equal(model->calls[i].on, line->id)) /* as much as may come back */
            give_back(model, &model->calls[i], 0, event.unsent);
    *line = (struct line){0};
    feed(model, &event);
}

static void any_connection_event(struct model *model)
{
    struct line *line = &model->lines[rng_below(&model->rng, CONNECTIONS)];
    struct call_event event = {.connection = line->id, .code = ERR_UNREACHABLE};

    if (id_is_none(line->id))
        return;
    if (!line->open) {
        line->open = rng_below(&model->rng, 3) > 0;
        event.kind = line->open ? CALL_OPENED : CALL_OPEN_FAILED;
        event.streams = (uint32_t)rng_below(&model->rng, model->settings.pool.streams_max + 1);
        if (event.streams != 0)
            line->streams = event.streams;
        if (!line->open)
            *line = (struct line){0};
        feed(model, &event);
    } else if (line->checking) {
        event.kind = CALL_CHECKED;
        event.code = rng_below(&model->rng, 4) == 0 ? ERR_CLOSED : 0;
        line->checking = false;
        feed(model, &event);
    } else if (rng_below(&model->rng, 12) == 0) {
        any_close(model, line);
    } else if (rng_below(&model->rng, 20) == 0) {
        line->draining = true;
        event.kind = CALL_DRAIN;
        feed(model, &event);
    } else if (rng_below(&model->rng, 8) == 0) {
        event.kind = CALL_CAPACITY;
        event.streams = (uint32_t)rng_below(&model->rng, model->settings.pool.streams_max + 1);
        line->streams = event.streams;
        feed(model, &event);
    }
}

static void any_time(struct model *model)
{
    uint64_t to_ns = model->now_ns + rng_below(&model->rng, SECOND / 4);
    uint64_t due_ns = call_deadline(&model->machine);

    model->now_ns = due_ns < to_ns ? due_ns : to_ns;
    call_tick(&model->machine, model->now_ns);
    drain(model);
    assert_true(call_deadline(&model->machine) > model->now_ns);
    for (int i = 0; i < CALLS; i++)
        assert_true(id_is_none(model->calls[i].id) || model->calls[i].deadline_ns > model->now_ns);
}

/* ---- a history ------------------------------------------------------------------------------ */

static bool one_of(struct model *model, uint64_t many)
{
    return rng_below(&model->rng, many) == 0;
}

static void any_settings(struct model *model, uint64_t seed)
{
    struct rng *rng = &model->rng;

    model->settings = (struct call_settings){
        .calls_max = CALLS,
        .attempts = 1 + (uint32_t)rng_below(rng, 4),
        .seed = seed,
        .quota =
            {
                .in_flight_max = 1 + (uint32_t)rng_below(rng, 12),
                .requests_a_minute = one_of(model, 2) ? 600 : 0,
                .tokens_a_minute = one_of(model, 2) ? 20000 : 0,
                .entries = entries,
                .entry_count = ENTRIES,
                .keys = keys,
                .key_count = KEYS - 1,
            },
        .pool = {.connections_max = 1 + (uint32_t)rng_below(rng, CONNECTIONS),
                 .streams_max = 1 + (uint32_t)rng_below(rng, 3),
                 .connect_in_ns = SECOND,
                 .idle_ns = 2 * SECOND,
                 .check_every_ns = one_of(model, 2) ? SECOND : 0},
        .attempt_in_ns = one_of(model, 2) ? 2 * SECOND : 0,
        .checkout_in_ns = one_of(model, 2) ? 3 * SECOND : 0,
        .adaptive = one_of(model, 2),
        .concurrency = one_of(model, 2) ? CALL_CONCURRENCY_FIXED : CALL_CONCURRENCY_BY_LATENCY,
        .gradient = {.window_samples = 10},
        .breaker = {.on = one_of(model, 2), .requests_min = 5, .open_ns = SECOND},
        .per_caller_max = one_of(model, 2) ? 3 : 0,
        .decisions_max = one_of(model, 2) ? 0 : 5,
    };
}

static void check_counts(struct model *model)
{
    struct call_stats stats;
    uint64_t decided = 0;

    call_stats(&model->machine, &stats);
    for (int kind = 0; kind < CALL_DECISION_END; kind++)
        decided += stats.decisions[kind];
    if (model->settings.decisions_max > 0)
        assert_true(decided == model->decisions + stats.decisions_lost);
    assert_true(stats.submitted == model->submitted);
    assert_true(stats.succeeded + stats.failed == model->done);
    assert_int_equal(stats.queued + stats.backing_off + stats.in_flight, 0);
    assert_int_equal(model->machine.pool.streams, 0);
}

static void any_history(uint64_t seed)
{
    static struct model model;

    model = (struct model){.now_ns = 0};
    rng_init(&model.rng, seed);
    any_settings(&model, seed);
    assert_int_equal(call_machine_init(&model.machine, &model.settings, 0), 0);
    for (int step = 0; step < HISTORY; step++) {
        uint64_t what = rng_below(&model.rng, 10);
        if (what < 5)
            any_call_event(&model);
        else if (what < 8)
            any_connection_event(&model);
        else
            any_time(&model);
    }
    while (model.done < model.submitted) { /* nobody answers any more: the deadlines end them all */
        model.now_ns = call_deadline(&model.machine);
        assert_true(model.now_ns != UINT64_MAX);
        call_tick(&model.machine, model.now_ns);
        drain(&model);
    }
    check_counts(&model);
    call_machine_release(&model.machine);
}

static void its_promises_hold_over_any_history(void **state)
{
    (void)state;
    const char *given = getenv("ASSAY_SEED");
    int64_t first = 1;

    if (given != NULL)
        assert_int_equal(view_to_int(view_of(given), &first), 0);
    for (int64_t seed = first; seed < first + (given != NULL ? 1 : 100); seed++) {
        print_message("seed %lld (ASSAY_SEED=%lld brings it back)\n", (long long)seed,
                      (long long)seed);
        any_history((uint64_t)seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_promises_hold_over_any_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
