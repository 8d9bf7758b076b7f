/* SPDX-License-Identifier: Apache-2.0
 *
 * turn: whose turn it is. Within a quota key the queue is fair among callers (core/quota/fair), and
 * its first holds up the others, so that no small call overtakes a large one for ever; among quota
 * keys turns go round. */
#include "core/call/inside.h"

/* While the breaker is open, who would wait past the deadline is told at once. */
static bool is_hopeless(const struct call_machine *machine, const struct call *call)
{
    return machine->breaker.state == BREAKER_OPEN && machine->breaker.until_ns >= call->deadline_ns;
}

static void refuse(struct call_machine *machine, struct call *call)
{
    call_decide(machine, CALL_DECISION_NOT_ASKED, call,
                (int64_t)(machine->breaker.until_ns - machine->now_ns), 0);
    call_finish(machine, call, ERR_UPSTREAM, RETRY_BROKEN);
}

void call_queue(struct call_machine *machine, struct call *call, enum call_arrival arrival)
{
    call_set_state(machine, call, CALL_STATE_QUEUED);
    call->queued_ns = machine->now_ns;
    if (is_hopeless(machine, call)) {
        refuse(machine, call);
        return;
    }
    int code =
        fair_add(&machine->queue, &(struct fair_request){
                                      .item = call->id.slot,
                                      .lane = call->quota_key,
                                      .caller = call->caller,
                                      .weight = call->weight,
                                      .cost = call_earlier((uint64_t)call->tokens, UINT32_MAX),
                                      .first = arrival != CALL_ARRIVAL_NEW,
                                      .charged = arrival == CALL_ARRIVAL_RESENT,
                                  });
    if (code == 0)
        return;
    call_decide(machine, CALL_DECISION_CROWDED, call, (int64_t)call->caller, call->quota_key);
    call_finish(machine, call, ERR_BUSY, RETRY_CROWDED);
}

/* The breaker changed its state since this was asked last: say so, and let nobody wait for what
 * cannot come in time. */
static void follow_breaker(struct call_machine *machine)
{
    const struct breaker *breaker = &machine->breaker;

    if (machine->epoch == breaker->epoch)
        return;
    machine->epoch = breaker->epoch;
    if (breaker->state == BREAKER_CLOSED)
        call_decide(machine, CALL_DECISION_MENDED, NULL, 0, 0);
    if (breaker->state != BREAKER_OPEN)
        return;
    call_decide(machine, CALL_DECISION_BROKE, NULL, (int64_t)(breaker->until_ns - machine->now_ns),
                breaker->opened);
    for (uint32_t slot = 0; slot < machine->settings.calls_max; slot++) {
        struct call *call = &machine->calls[slot];
        if (call->state == CALL_STATE_QUEUED && is_hopeless(machine, call))
            refuse(machine, call);
    }
}

static void admit(struct call_machine *machine, struct call *call)
{
    bool probe = false;
    int code = breaker_admit(&machine->breaker, machine->now_ns, &call->epoch, &probe);
    assert_always(code == 0);
    code = machine->settings.adaptive ? adaptive_take(&machine->adaptive, machine->now_ns) : 0;
    assert_always(code == 0);

    machine->epoch = machine->breaker.epoch;
    if (probe)
        call_decide(machine, CALL_DECISION_PROBED, call, machine->breaker.good_probes, 0);
    if (machine->now_ns > call->queued_ns)
        call_decide(machine, CALL_DECISION_ADMITTED_LATE, call,
                    (int64_t)(machine->now_ns - call->queued_ns), call->tokens);
    fair_serve(&machine->queue, call->id.slot);
    call_set_state(machine, call, CALL_STATE_WAITING);
    uint64_t checkout_ns = machine->settings.checkout_in_ns == 0
                               ? UINT64_MAX
                               : call_later(machine->now_ns, machine->settings.checkout_in_ns);
    code = call_tell_pool(machine, &(struct pool_event){
                                       .kind = POOL_WANT,
                                       .ticket = call->id,
                                       .deadline_ns = call_earlier(call->deadline_ns, checkout_ns),
                                   });
    assert_always(code == 0);
}

/* When anybody at all may have a turn; now_ns: now. */
static uint64_t open_at(const struct call_machine *machine)
{
    if (machine->quota.in_flight >= machine->quota.in_flight_max)
        return UINT64_MAX;
    uint64_t at_ns = breaker_at(&machine->breaker, machine->now_ns);
    if (!machine->settings.adaptive)
        return at_ns;
    uint64_t rate_ns = adaptive_at(&machine->adaptive, machine->now_ns);
    return at_ns > rate_ns ? at_ns : rate_ns;
}

/* Admits the first of the lane; when that may be, where it is not now. */
static bool admit_from(struct call_machine *machine, uint32_t lane, uint64_t *ret_at_ns)
{
    uint32_t slot;

    *ret_at_ns = UINT64_MAX;
    if (!fair_first(&machine->queue, lane, &slot))
        return false;
    struct call *call = &machine->calls[slot];
    if (quota_admit(&machine->quota, machine->now_ns, lane, call->tokens, &call->hold) != 0) {
        *ret_at_ns = quota_at(&machine->quota, machine->now_ns, lane, call->tokens);
        return false;
    }
    admit(machine, call);
    return true;
}

void call_take_turns(struct call_machine *machine)
{
    uint32_t lanes = machine->queue.settings.lanes;
    uint32_t in_vain = 0; /* lanes in a row that admitted nobody */

    follow_breaker(machine);
    machine->admit_at_ns = UINT64_MAX;
    while (machine->queue.count > 0 && in_vain < lanes) {
        uint64_t at_ns = open_at(machine);
        if (at_ns > machine->now_ns) {
            machine->admit_at_ns = at_ns;
            return;
        }
        uint32_t lane = machine->next_lane;
        machine->next_lane = lane + 1 < lanes ? lane + 1 : 0;
        if (admit_from(machine, lane, &at_ns)) {
            in_vain = 0;
            machine->admit_at_ns = UINT64_MAX;
            continue;
        }
        in_vain++;
        machine->admit_at_ns = call_earlier(machine->admit_at_ns, at_ns);
    }
}
