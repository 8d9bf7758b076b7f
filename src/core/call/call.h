/* SPDX-License-Identifier: Apache-2.0
 *
 * call: the one way anything is asked of a model or a service: wait for a place, take a stream,
 * send, and retry, until there is an answer, no hope, or no time.
 *
 * A machine (feed, tick, next, deadline) that owns the pool, the quotas, the limiters, the breaker
 * and the retry budget of one upstream. It moves calls, not bytes: who drives it builds requests,
 * signs, reads responses and tells what came of them. Every call that was submitted gets exactly
 * one DONE, at its deadline at the latest, and its stream and its quota are settled by then.
 *
 *     QUEUED → WAITING → SENT → (done)
 *        ↑        ↓        ↓
 *        └──── BACKOFF ←───┘
 *
 * QUEUED holds who waits for a turn: callers share by tokens (core/quota/fair), and a turn comes
 * when the breaker is closed, the concurrency limit has room, and quotas and rate admit it. What
 * waits for one quota key holds up nobody under another.
 *
 * A connection that served before and ends without a byte of the response was most likely closed by
 * its server while it lay idle: such a call is sent again at once, once, as a call of which nothing
 * had left is, or one that the peer says it did not process, and none of them counts as a try. What
 * is asked here may be asked twice, until a part of the answer went out to the caller: not then.
 *
 * Every decision is counted, and kept for the driver where it asks for that (decision.h).
 *
 * Memory: all of it at call_machine_init, from base/mem. Threads: one owner. Time: passed in.
 * Limits: calls, connections, quota keys and decisions as given at call_machine_init. */
#ifndef ASSAY_CORE_CALL_CALL_H
#define ASSAY_CORE_CALL_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slots.h"
#include "core/call/decision.h"
#include "core/pool/list.h"
#include "core/pool/pool.h"
#include "core/pool/ring.h"
#include "core/pool/alarms.h"
#include "core/quota/adaptive.h"
#include "core/quota/breaker.h"
#include "core/quota/fair.h"
#include "core/quota/gradient.h"
#include "core/quota/quota.h"
#include "core/quota/retry.h"

enum { CALL_QUOTA_KEYS_MAX = FAIR_LANES_MAX - 1, CALL_DECISIONS_MAX = 1 << 16 };

/* How many attempts may be in flight at once. */
enum call_concurrency {
    CALL_CONCURRENCY_FIXED,      /* quota.in_flight_max */
    CALL_CONCURRENCY_BY_LATENCY, /* at most that, as few as `gradient` finds */
};

/* Zero, where nothing else is said: off, or the default. */
struct call_settings {
    uint32_t calls_max; /* call slots run from 0 to this */
    uint32_t attempts;  /* of one call, the first included */
    uint64_t seed;
    struct quota_settings quota; /* key_count at most CALL_QUOTA_KEYS_MAX */
    struct pool_settings pool;   /* tickets_max is taken from calls_max */
    uint64_t checkout_in_ns; /* a wait for a stream that takes longer fails; 0: the deadline's */
    uint64_t attempt_in_ns;  /* an attempt that takes longer has failed; 0: the deadline's */
    struct retry_settings retry; /* its attempts are taken from above */
    bool adaptive;               /* the AWS SDKs' client rate limiter (core/quota/adaptive) */
    enum call_concurrency concurrency;
    struct gradient_settings gradient; /* its limit_max is taken from quota, the seed from above */
    struct breaker_settings breaker;
    uint32_t per_caller_max; /* calls of one caller under one quota key that may be queued at once,
                              * retries aside: one more is DONE at once; 0: calls_max */
    uint32_t decisions_max;  /* decisions kept for call_next_decision; 0: they are counted only */
};

enum call_event_kind {
    CALL_SUBMIT,       /* call, deadline_ns, tokens, caller, weight, quota_key: ask this */
    CALL_CANCEL,       /* call: nobody wants it any more */
    CALL_OPENED,       /* connection, streams */
    CALL_OPEN_FAILED,  /* connection, code */
    CALL_CLOSED,       /* connection, code, may_retry, unsent: it ended, and its streams with it */
    CALL_FIRST_BYTE,   /* call: its response began */
    CALL_RESPONSE,     /* call, code, may_retry, retry_after_ns, tokens, reusable: it is complete */
    CALL_STREAM_ENDED, /* call, code, may_retry, reusable, unsent, unprocessed: it will not be */
    CALL_PIECE,        /* call: bytes of its answer went out to the caller: no retry from now on */
    CALL_CAPACITY,     /* connection, streams: how many at once its peer allows from now on */
    CALL_DRAIN,        /* connection: takes no more streams, ends with its last */
    CALL_CHECKED,      /* connection, code: what came of CHECK; not 0: the connection is dead */
    CALL_SET_MAX,      /* connections_max: as POOL_SET_MAX */
    CALL_PERMIT,       /* permits: as POOL_PERMIT */
    CALL_RECALL,       /* permits, must: as POOL_RECALL */
    CALL_EVENT_END,    /* number of kinds */
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
    bool unprocessed;        /* the peer says that it did nothing about it (REFUSED_STREAM, a stream
                              * above GOAWAY's last): as unsent */
    uint64_t retry_after_ns; /* of RESPONSE: what the server asked for; 0: nothing */
    uint64_t caller;         /* of SUBMIT: whose it is: callers share; 0: nobody's in particular */
    uint32_t weight;         /* of SUBMIT: of the caller, to FAIR_WEIGHT_MAX; 0: 1 */
    uint32_t quota_key; /* of SUBMIT: 0: the upstream's own limits alone; n: the n-th key too */
    uint32_t streams;   /* of OPENED: 0: as the pool's settings say; of CAPACITY */
    uint32_t connections_max;
    uint32_t permits;
    uint32_t must;
};

enum call_effect_kind {
    CALL_OPEN,    /* connection: open it, tell OPENED or OPEN_FAILED */
    CALL_CLOSE,   /* connection: close it; no event about it counts any more */
    CALL_SEND,    /* call, connection, attempt: send it, tell RESPONSE or STREAM_ENDED */
    CALL_ABANDON, /* call, connection: forget the attempt; no event about it counts any more */
    CALL_DONE,    /* call, code, where, verdict and timings: the end of it */
    CALL_CHECK,   /* connection: find out whether it lives, tell CHECKED */
    CALL_PERMIT_WANTED, /* permits, urgent: as POOL_PERMIT_WANTED. Only where the pool is shared */
    CALL_PERMIT_BACK,   /* permits: as POOL_PERMIT_BACK. Likewise */
    CALL_DECIDED, /* decisions wait: take them with call_next_decision. Only with decisions_max */
    CALL_EFFECT_END, /* number of kinds */
};

enum call_state {
    CALL_STATE_ABSENT,
    CALL_STATE_QUEUED,  /* for its turn: fairness, breaker, limit, quota */
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
    uint32_t permits;
    uint32_t urgent;
};

struct call_stats {
    uint64_t submitted;
    uint64_t succeeded;
    uint64_t failed;
    uint64_t sent;                         /* attempts */
    uint64_t retried;                      /* attempts made again after a delay */
    uint64_t resent;                       /* at once, because the connection was dead */
    uint64_t throttled;                    /* responses that said so */
    uint64_t late_events;                  /* about calls or connections that were gone */
    uint64_t decisions[CALL_DECISION_END]; /* of each kind, since the start */
    uint64_t decisions_lost;               /* the ring was full: the oldest went */
    uint32_t queued;
    uint32_t backing_off;
    uint32_t in_flight;
    uint32_t limit;             /* how many may be in flight now */
    double rate;                /* attempts a second that `adaptive` lets through; 0: no limit */
    enum breaker_state breaker; /* as of the last feed or tick */
};

struct call;
struct call_lane;

struct call_machine {
    struct call_settings settings;
    struct pool pool;
    struct quota quota;
    struct retry retry;
    struct adaptive adaptive;
    struct gradient gradient;
    struct breaker breaker;
    struct fair queue;       /* a lane for each quota key */
    uint32_t next_lane;      /* the quota key whose turn it is */
    struct call *calls;      /* by call slot */
    struct call_lane *lanes; /* by connection slot: the calls on it */
    struct alarms alarms;
    struct ring effects;
    struct ring decisions;
    bool decisions_told;  /* DECIDED was said and they were not all taken since */
    uint64_t admit_at_ns; /* somebody may have a turn then, as of the last feed or tick */
    uint32_t epoch;       /* of the breaker, as of then */
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

/* The oldest decision that was not taken yet; false where there is none. At any time. */
bool call_next_decision(struct call_machine *machine, struct call_decision *ret_decision);

/* ERR_LIMIT where a SUBMIT of so many tokens under the key would not be taken. */
MUST_CHECK int call_possible(const struct call_machine *machine, uint32_t quota_key,
                             int64_t tokens);
uint64_t call_deadline(const struct call_machine *machine); /* UINT64_MAX: none */

void call_stats(const struct call_machine *machine, struct call_stats *ret_stats);

#endif
