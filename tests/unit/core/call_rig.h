/* SPDX-License-Identifier: Apache-2.0
 *
 * call_rig: what tests of the call machine share: short ways to tell it something and to expect
 * something of it. */
#ifndef ASSAY_TESTS_CORE_CALL_RIG_H
#define ASSAY_TESTS_CORE_CALL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/call/call.h"

static const uint64_t SECOND = 1000000000;

static inline struct id call_id(uint32_t slot)
{
    return (struct id){.slot = slot, .generation = 1};
}

static const struct call_settings plain = {
    .calls_max = 20,
    .attempts = 3,
    .seed = 1,
    .quota = {.in_flight_max = 2},
    .pool = {.connections_max = 2, .streams_max = 1},
};

static inline void start(struct call_machine *machine, const struct call_settings *settings)
{
    assert_int_equal(call_machine_init(machine, settings, 0), 0);
}

static inline void tell(struct call_machine *machine, uint64_t now_ns, struct call_event event)
{
    assert_int_equal(call_feed(machine, now_ns, &event), 0);
}

static inline void submit(struct call_machine *machine, uint64_t now_ns, uint32_t slot,
                          uint64_t deadline_ns)
{
    tell(machine, now_ns,
         (struct call_event){
             .kind = CALL_SUBMIT, .call = call_id(slot), .deadline_ns = deadline_ns});
}

static inline struct call_effect expect(struct call_machine *machine, enum call_effect_kind kind)
{
    struct call_effect effect;
    assert_true(call_next(machine, &effect));
    assert_int_equal(effect.kind, kind);
    return effect;
}

static inline void expect_nothing(struct call_machine *machine)
{
    struct call_effect effect;
    assert_false(call_next(machine, &effect));
}

/* Submits call 0 and brings it onto a new connection. */
static inline struct id send_first(struct call_machine *machine, uint64_t now_ns,
                                   uint64_t deadline_ns)
{
    submit(machine, now_ns, 0, deadline_ns);
    struct id connection = expect(machine, CALL_OPEN).connection;
    tell(machine, now_ns, (struct call_event){.kind = CALL_OPENED, .connection = connection});
    assert_int_equal(expect(machine, CALL_SEND).attempt, 1);
    return connection;
}

static inline void answer(struct call_machine *machine, uint64_t now_ns, uint32_t slot, int code)
{
    tell(machine, now_ns,
         (struct call_event){.kind = CALL_RESPONSE,
                             .call = call_id(slot),
                             .code = code,
                             .may_retry = code == ERR_THROTTLED || code == ERR_UPSTREAM,
                             .reusable = true});
}

#endif
