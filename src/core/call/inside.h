/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the parts of the call machine know of each other. Private to core/call.
 *
 * call.c is the face of the machine, events.c what happens to a call, attempt.c how an attempt ends
 * and what follows, turn.c whose turn it is. Errors, memory and threads: as call.h says. */
#ifndef ASSAY_CORE_CALL_INSIDE_H
#define ASSAY_CORE_CALL_INSIDE_H

#include "core/call/call.h"

struct call {
    struct list_link link; /* among the calls of a connection */
    struct id id;
    enum call_state state;
    uint32_t tries;   /* attempts, those that found no connection included */
    uint32_t sent;    /* attempts that were sent */
    uint32_t resends; /* at once, because the service did nothing about the attempt */
    uint32_t quota_key;
    uint32_t weight;
    uint64_t caller;
    int64_t tokens; /* reserved for each attempt */
    int32_t retry_cost;
    bool stale_resent; /* once */
    bool reused;       /* its connection served before */
    bool begun;        /* bytes of its answer went out to the caller */
    uint32_t epoch;    /* of the breaker, when the attempt was admitted */
    struct book_hold hold;
    struct id connection;
    uint64_t submitted_ns;
    uint64_t queued_ns;
    uint64_t deadline_ns;
    uint64_t sent_ns;
    uint64_t first_byte_ns; /* of the last attempt; 0: none */
};

struct call_lane {
    struct list calls;
    uint32_t streams; /* that its peer allows at once */
};

/* How an attempt went wrong. */
struct call_failure {
    int code;
    bool may_retry;
    bool untouched; /* the service did nothing about it: never sent, or refused unprocessed */
    bool stale;     /* the connection served before and ended without a byte of the response */
    uint64_t retry_after_ns;
    int64_t used; /* tokens */
};

static inline uint64_t call_later(uint64_t a_ns, uint64_t b_ns)
{
    return b_ns > UINT64_MAX - a_ns ? UINT64_MAX : a_ns + b_ns;
}

static inline uint64_t call_earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* ---- attempt.c ------------------------------------------------------------------------------ */

/* The one door between states. Entering QUEUED is call_queue's. */
void call_set_state(struct call_machine *machine, struct call *call, enum call_state state);
void call_wake_at(struct call_machine *machine, const struct call *call, uint64_t at_ns);

/* Counts a decision and keeps it where decisions are kept. `call` may be NULL. */
void call_decide(struct call_machine *machine, enum call_decision_kind kind,
                 const struct call *call, int64_t figure, int64_t other);

void call_push(struct call_machine *machine, enum call_effect_kind kind, const struct call *call,
               struct id connection);

/* The end of a call that holds neither stream nor quota any more. */
void call_finish(struct call_machine *machine, struct call *call, int code,
                 enum retry_verdict verdict);

/* A call that is WAITING or SENT gives its place back, and whoever learns from attempts is told.
 * ERR_CANCELLED: nothing is learnt from it. */
void call_attempt_over(struct call_machine *machine, struct call *call,
                       const struct call_failure *failure);

/* The attempt is over and failed: again, or the end. */
void call_attempt_failed(struct call_machine *machine, struct call *call,
                         const struct call_failure *failure);

/* ---- turn.c --------------------------------------------------------------------------------- */

/* How a call comes into the queue. */
enum call_arrival {
    CALL_ARRIVAL_NEW,
    CALL_ARRIVAL_AGAIN,  /* before its caller's others, as dear as before */
    CALL_ARRIVAL_RESENT, /* before its caller's others, paid for */
};

/* The call waits for its turn from now on, or is done at once where none can come. */
void call_queue(struct call_machine *machine, struct call *call, enum call_arrival arrival);

/* Gives turns to whom they are due, and finds out when the next may be. */
void call_take_turns(struct call_machine *machine);

/* ---- events.c ------------------------------------------------------------------------------- */

MUST_CHECK int call_handle(struct call_machine *machine, const struct call_event *event);

/* The alarm of a call rang. */
void call_woken(struct call_machine *machine, struct call *call);

/* Takes the pool's effects. */
void call_drain_pool(struct call_machine *machine);

/* Feeds the pool; an event that came too late for it is told by the code. */
MUST_CHECK int call_tell_pool(struct call_machine *machine, const struct pool_event *event);

#endif
