/* SPDX-License-Identifier: Apache-2.0
 *
 * attempt: how an attempt ends, what is learnt from it, and whether another follows. */
#include "core/call/inside.h"

enum { RESENDS_MAX = 3 };

static const bool legal[CALL_STATE_END][CALL_STATE_END] = {
    [CALL_STATE_ABSENT] = {[CALL_STATE_QUEUED] = true},
    [CALL_STATE_QUEUED] = {[CALL_STATE_WAITING] = true, [CALL_STATE_ABSENT] = true},
    [CALL_STATE_WAITING] =
        {[CALL_STATE_SENT] = true, [CALL_STATE_BACKOFF] = true, [CALL_STATE_ABSENT] = true},
    [CALL_STATE_SENT] =
        {[CALL_STATE_QUEUED] = true, [CALL_STATE_BACKOFF] = true, [CALL_STATE_ABSENT] = true},
    [CALL_STATE_BACKOFF] = {[CALL_STATE_QUEUED] = true, [CALL_STATE_ABSENT] = true},
};

/* ---- states --------------------------------------------------------------------------------- */

void call_set_state(struct call_machine *machine, struct call *call, enum call_state state)
{
    assert_always(legal[call->state][state]);
    if (call->state == CALL_STATE_SENT)
        list_remove(&machine->lanes[call->connection.slot].calls, &call->link);
    if (call->state == CALL_STATE_QUEUED && fair_has(&machine->queue, call->id.slot))
        fair_remove(&machine->queue, call->id.slot);
    machine->stats.backing_off -= call->state == CALL_STATE_BACKOFF ? 1 : 0;

    call->state = state;
    if (state == CALL_STATE_SENT)
        list_add_first(&machine->lanes[call->connection.slot].calls, &call->link);
    machine->stats.backing_off += state == CALL_STATE_BACKOFF ? 1 : 0;
}

void call_wake_at(struct call_machine *machine, const struct call *call, uint64_t at_ns)
{
    alarms_set(&machine->alarms, call->id.slot, at_ns);
}

void call_push(struct call_machine *machine, enum call_effect_kind kind, const struct call *call,
               struct id connection)
{
    ring_push(&machine->effects, &(struct call_effect){
                                     .kind = kind,
                                     .call = call != NULL ? call->id : (struct id){0},
                                     .connection = connection,
                                     .attempt = call != NULL ? call->sent : 0,
                                 });
}

void call_decide(struct call_machine *machine, enum call_decision_kind kind,
                 const struct call *call, int64_t figure, int64_t other)
{
    struct call_decision decision = {
        .kind = kind,
        .call = call != NULL ? call->id : (struct id){0},
        .at_ns = machine->now_ns,
        .figure = figure,
        .other = other,
    };
    struct call_decision oldest;

    machine->stats.decisions[kind]++;
    if (machine->decisions.capacity == 0)
        return;
    if (machine->decisions.count == machine->decisions.capacity) {
        ring_pop(&machine->decisions, &oldest);
        machine->stats.decisions_lost++;
    }
    if (machine->decisions.count == 0 && !machine->decisions_told) {
        call_push(machine, CALL_DECIDED, NULL, (struct id){0});
        machine->decisions_told = true;
    }
    ring_push(&machine->decisions, &decision);
}

void call_finish(struct call_machine *machine, struct call *call, int code,
                 enum retry_verdict verdict)
{
    uint64_t until_ns = call->sent > 0 ? call->sent_ns : machine->now_ns;
    struct call_effect effect = {
        .kind = CALL_DONE,
        .call = call->id,
        .attempt = call->sent,
        .code = code,
        .where = call->state,
        .verdict = verdict,
        .latency_ns = machine->now_ns - call->submitted_ns,
        .waited_ns = until_ns - call->submitted_ns,
        .first_byte_ns = call->first_byte_ns != 0 ? call->first_byte_ns - call->sent_ns : 0,
    };

    machine->stats.succeeded += code == 0 ? 1 : 0;
    machine->stats.failed += code != 0 ? 1 : 0;
    call_wake_at(machine, call, UINT64_MAX);
    call_set_state(machine, call, CALL_STATE_ABSENT);
    ring_push(&machine->effects, &effect);
}

/* ---- what is learnt ------------------------------------------------------------------------- */

/* What an attempt that was sent says about the service: of an answer, whatever it says, that it is
 * there; throttling is one. */
static enum breaker_outcome outcome_of(const struct call_failure *failure)
{
    static const int bad[] = {ERR_UPSTREAM, ERR_TIMEOUT, ERR_CLOSED, ERR_PROTOCOL, ERR_UNREACHABLE};

    if (failure->untouched || failure->stale || failure->code == ERR_CANCELLED)
        return BREAKER_NONE;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (failure->code == bad[i])
            return BREAKER_BAD;
    return BREAKER_GOOD;
}

static void teach_gradient(struct call_machine *machine, const struct call *call,
                           const struct call_failure *failure)
{
    bool overloaded = failure->code == ERR_THROTTLED || failure->code == ERR_TIMEOUT;
    uint32_t before = machine->quota.in_flight_max;

    if (machine->settings.concurrency == CALL_CONCURRENCY_FIXED
        || (failure->code != 0 && !overloaded))
        return;
    gradient_add(&machine->gradient, machine->now_ns,
                 &(struct gradient_sample){
                     .sent_ns = call->sent_ns,
                     .latency_ns = machine->now_ns - call->sent_ns,
                     .in_flight = machine->quota.in_flight,
                     .overloaded = overloaded,
                 });
    machine->quota.in_flight_max = gradient_limit(&machine->gradient);
    if (machine->quota.in_flight_max != before)
        call_decide(machine, CALL_DECISION_LIMIT_MOVED, NULL, machine->quota.in_flight_max, before);
}

static void teach_adaptive(struct call_machine *machine, const struct call_failure *failure)
{
    if (machine->settings.adaptive
        && adaptive_ended(&machine->adaptive, machine->now_ns, failure->code == ERR_THROTTLED))
        call_decide(machine, CALL_DECISION_RATE_CUT, NULL,
                    (int64_t)(adaptive_rate(&machine->adaptive) * 1e6), 0);
}

void call_attempt_over(struct call_machine *machine, struct call *call,
                       const struct call_failure *failure)
{
    bool was_sent = call->state == CALL_STATE_SENT;

    breaker_ended(&machine->breaker, machine->now_ns, call->epoch,
                  was_sent ? outcome_of(failure) : BREAKER_NONE);
    if (was_sent && !failure->untouched && !failure->stale && failure->code != ERR_CANCELLED) {
        teach_gradient(machine, call, failure);
        teach_adaptive(machine, failure);
    }
    quota_settle(&machine->quota, machine->now_ns, &call->hold, failure->used,
                 was_sent && !failure->untouched);
}

/* ---- again, or the end ---------------------------------------------------------------------- */

/* The service did nothing about it, or so it seems: it is asked at once. */
static bool resend(struct call_machine *machine, struct call *call,
                   const struct call_failure *failure)
{
    bool may = (failure->stale && !call->stale_resent)
               || (failure->untouched && call->resends < RESENDS_MAX);

    if (!may || call->begun || machine->now_ns >= call->deadline_ns)
        return false;
    call->tries--;
    call->resends++;
    call->stale_resent = call->stale_resent || failure->stale;
    machine->stats.resent++;
    call_decide(machine, CALL_DECISION_RESENT, call, call->sent, 0);
    call_wake_at(machine, call, call->deadline_ns);
    call_queue(machine, call, CALL_ARRIVAL_RESENT);
    return true;
}

static void give_up(struct call_machine *machine, struct call *call, int code,
                    enum retry_verdict verdict)
{
    static const enum call_decision_kind kinds[RETRY_VERDICT_END] = {
        [RETRY_FINAL] = CALL_DECISION_FINAL,
        [RETRY_ATTEMPTS] = CALL_DECISION_OUT_OF_ATTEMPTS,
        [RETRY_DEADLINE] = CALL_DECISION_OUT_OF_TIME,
        [RETRY_BUDGET] = CALL_DECISION_OUT_OF_BUDGET,
        [RETRY_BEGUN] = CALL_DECISION_BEGUN,
    };

    call_decide(machine, kinds[verdict], call, call->sent, code);
    call_finish(machine, call, code, verdict);
}

void call_attempt_failed(struct call_machine *machine, struct call *call,
                         const struct call_failure *failure)
{
    call_attempt_over(machine, call, failure);
    if (call->state == CALL_STATE_SENT && failure->untouched) {
        call->sent--;
        machine->stats.sent--;
    }
    if (call->state == CALL_STATE_SENT && resend(machine, call, failure))
        return;
    if (call->state == CALL_STATE_WAITING)
        call->tries++;

    struct retry_question question = {
        .attempts = call->tries,
        .may_retry = failure->may_retry,
        .throttled = failure->code == ERR_THROTTLED,
        .begun = call->begun,
        .retry_after_ns = failure->retry_after_ns,
        .deadline_ns = call->deadline_ns,
    };
    uint64_t at_ns = 0;
    enum retry_verdict verdict =
        retry_decide(&machine->retry, machine->now_ns, &question, &at_ns, &call->retry_cost);
    if (verdict != RETRY_AGAIN) {
        give_up(machine, call, failure->code, verdict);
        return;
    }
    machine->stats.retried++;
    call_decide(machine, CALL_DECISION_RETRIED, call, (int64_t)(at_ns - machine->now_ns),
                call->tries);
    call_wake_at(machine, call, at_ns);
    call_set_state(machine, call, CALL_STATE_BACKOFF);
}
