/* SPDX-License-Identifier: Apache-2.0
 *
 * call: the one way anything is asked of a model or a service: wait for a place, take a stream,
 * send, and retry, until there is an answer, no hope, or no time.
 *
 * A machine (feed, tick, next, deadline) that owns the pool, the quota and the retry budget of one
 * upstream. It moves calls, not bytes: who drives it builds requests, signs, reads responses and
 * tells what came of them. Every call that was submitted gets exactly one DONE, at its deadline at
 * the latest, and its stream and its quota are settled by then.
 *
 *     QUEUED → WAITING → SENT → (done)
 *        ↑        ↓        ↓
 *        └──── BACKOFF ←───┘
 *
 * A connection that served before and ends without a byte of the response was most likely closed by
 * its server while it lay idle: such a call is sent again at once, once, as a call of which nothing
 * had left is, and neither counts as a try. What is asked here may be asked twice.
 *
 * Memory: all of it at call_machine_init, from base/mem. Threads: one owner. Time: passed in.
 * Limits: calls and connections as given at call_machine_init. */
#ifndef ASSAY_CORE_CALL_CALL_H
#define ASSAY_CORE_CALL_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slots.h"
#include "core/pool/list.h"
#include "core/pool/pool.h"
#include "core/pool/ring.h"
#include "core/pool/alarms.h"
#include "core/quota/quota.h"
#include "core/quota/retry.h"

struct call_settings {
    uint32_t calls_max; /* call slots run from 0 to this */
    uint32_t attempts;  /* of one call, the first included */
    uint64_t seed;
    struct quota_settings quota;
    struct pool_settings pool; /* tickets_max is taken from calls_max */
    uint64_t checkout_in_ns;   /* a wait for a stream that takes longer fails; 0: the deadline's */
    uint64_t attempt_in_ns;    /* an attempt that takes longer has failed; 0: the deadline's */
};

enum call_event_kind {
    CALL_SUBMIT,       /* call, deadline_ns, tokens: ask this */
    CALL_CANCEL,       /* call: nobody wants it any more */
    CALL_OPENED,       /* connection */
    CALL_OPEN_FAILED,  /* connection, code */
    CALL_CLOSED,       /* connection, code, may_retry, unsent: it ended, and its streams with it */
    CALL_FIRST_BYTE,   /* call: its response began */
    CALL_RESPONSE,     /* call, code, may_retry, retry_after_ns, tokens, reusable: it is complete */
    CALL_STREAM_ENDED, /* call, code, may_retry, reusable, unsent: it will not be */
};

struct call_event {
    enum call_event_kind kind;
    struct id call;       /* the caller's; slot below calls_max; free at SUBMIT */
    struct id connection; /* as OPEN named it */
    uint64_t deadline_ns;
    int64_t tokens; /* of SUBMIT: reserved for an attempt; of RESPONSE: used, below 0: unknown */
    int code;       /* of RESPONSE: 0 or what the reply says; of failures: why */
    bool may_retry;
    bool reusable;           /* the connection can carry another stream */
    bool unsent;             /* no byte of the request had left */
    uint64_t retry_after_ns; /* of RESPONSE: what the server asked for; 0: nothing */
};

enum call_effect_kind {
    CALL_OPEN,    /* connection: open it, tell OPENED or OPEN_FAILED */
    CALL_CLOSE,   /* connection: close it; no event about it counts any more */
    CALL_SEND,    /* call, connection, attempt: send it, tell RESPONSE or STREAM_ENDED */
    CALL_ABANDON, /* call, connection: forget the attempt; no event about it counts any more */
    CALL_DONE,    /* call, code, where, verdict and timings: the end of it */
};

enum call_state {
    CALL_STATE_ABSENT,
    CALL_STATE_QUEUED,  /* for the quota */
    CALL_STATE_WAITING, /* for a stream */
    CALL_STATE_SENT,    /* for the response */
    CALL_STATE_BACKOFF, /* for the time to try again */
    CALL_STATE_END,     /* number of states */
};

struct call_effect {
    enum call_effect_kind kind;
    struct id call;
    struct id connection;
    uint32_t attempt;           /* of SEND: 1 for the first that is sent; of DONE: how many were */
    int code;                   /* of DONE: 0, or the last failure's, ERR_TIMEOUT, ERR_CANCELLED */
    enum call_state where;      /* of DONE: what the call was waiting for */
    enum retry_verdict verdict; /* of DONE with a failure: why it was not tried again */
    uint64_t latency_ns;        /* of DONE: since SUBMIT */
    uint64_t waited_ns;         /* of DONE: of that, before the last attempt was sent */
    uint64_t first_byte_ns;     /* of DONE: from the last send to its first byte; 0: none came */
};

struct call_stats {
    uint64_t submitted;
    uint64_t succeeded;
    uint64_t failed;
    uint64_t sent;        /* attempts */
    uint64_t retried;     /* attempts made again after a delay */
    uint64_t resent;      /* at once, because the connection was dead */
    uint64_t throttled;   /* responses that said so */
    uint64_t late_events; /* about calls or connections that were gone */
    uint32_t queued;
    uint32_t backing_off;
    uint32_t in_flight;
};

struct call;

struct call_machine {
    struct call_settings settings;
    struct pool pool;
    struct quota quota;
    struct retry retry;
    struct call *calls; /* by call slot */
    struct list *lanes; /* by connection slot: the calls on it */
    struct list queued; /* next to be admitted first */
    struct alarms alarms;
    struct ring effects;
    uint64_t now_ns;
    struct call_stats stats;
};

/* ERR_LIMIT for settings out of range, ERR_MEMORY. */
MUST_CHECK int call_machine_init(struct call_machine *machine, const struct call_settings *settings,
                                 uint64_t now_ns);
void call_machine_release(struct call_machine *machine);

/* It happened. ERR_MISSING where it came too late (nothing was changed), ERR_LIMIT where a SUBMIT
 * needs more tokens than the quota allows at all (it was not taken). Take all effects with
 * call_next before the next feed or tick. */
MUST_CHECK int call_feed(struct call_machine *machine, uint64_t now_ns,
                         const struct call_event *event);
void call_tick(struct call_machine *machine, uint64_t now_ns);
bool call_next(struct call_machine *machine, struct call_effect *ret_effect);
uint64_t call_deadline(const struct call_machine *machine); /* UINT64_MAX: none */

void call_stats(const struct call_machine *machine, struct call_stats *ret_stats);

#endif
