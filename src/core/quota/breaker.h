/* SPDX-License-Identifier: Apache-2.0
 *
 * breaker: stops asking a service that fails, and finds out with single requests when it is back.
 *
 *     CLOSED → OPEN → HALF_OPEN → CLOSED
 *                ↑________↓
 *
 * Opens when, of the attempts that ended in a sliding window, a share failed (and there were enough
 * of them to tell), or when so many connections in a row could not be made. While open nothing is
 * admitted. Then probes are, one at a time; so many good ones in a row close it, a bad one opens it
 * again for twice as long, up to a cap. Throttling is an answer, not a failure. Attempts that began
 * before a change of state no longer count.
 *
 * Memory: caller's storage. Threads: one owner. Time: passed in, never back. Source: Nygard,
 * "Release It!", 2nd ed. 2018, "Circuit Breaker"; resilience4j's sliding windows. */
#ifndef ASSAY_CORE_QUOTA_BREAKER_H
#define ASSAY_CORE_QUOTA_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { BREAKER_SLICES = 10 };

/* Zero: the default. */
struct breaker_settings {
    bool on;                     /* false: everything is admitted, nothing counted */
    int64_t failure_share_micro; /* 500,000: a half */
    uint32_t requests_min;       /* in the window, before their share says anything; 20 */
    uint64_t window_ns;          /* 10 s */
    uint32_t connect_failures;   /* in a row; 5 */
    uint64_t open_ns;            /* 5 s, doubled with each failed probe */
    uint64_t open_ns_max;        /* 60 s */
    uint32_t probes;             /* good ones in a row that close it; 3 */
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN, BREAKER_STATE_END };

enum breaker_outcome {
    BREAKER_GOOD, /* an answer, throttling and refusals included */
    BREAKER_BAD,  /* the service failed, timed out or broke off */
    BREAKER_NONE, /* it says nothing: cancelled, never sent */
};

struct breaker_slice {
    uint64_t number; /* of the slice since time 0 */
    uint32_t good;
    uint32_t bad;
};

struct breaker {
    struct breaker_settings settings;
    enum breaker_state state;
    struct breaker_slice slices[BREAKER_SLICES];
    uint32_t connect_failures; /* in a row */
    uint32_t opened;           /* times in a row without a close between */
    uint32_t good_probes;      /* in a row */
    bool probing;              /* one is under way */
    uint32_t epoch;            /* counts the changes of state */
    uint64_t until_ns;         /* of OPEN */
};

/* ERR_LIMIT for settings out of range: a share above 1, a window or an open time under 10 ns. */
MUST_CHECK int breaker_init(struct breaker *breaker, const struct breaker_settings *settings,
                            uint64_t now_ns);

/* May an attempt begin? 0 and an epoch for breaker_ended; ERR_BUSY: ask at breaker_at. An admitted
 * attempt must be told to have ended. True in ret_probe where it is a probe. */
MUST_CHECK int breaker_admit(struct breaker *breaker, uint64_t now_ns, uint32_t *ret_epoch,
                             bool *ret_probe);

/* When breaker_admit may succeed; UINT64_MAX: after the probe that is under way; now_ns: now. */
uint64_t breaker_at(const struct breaker *breaker, uint64_t now_ns);

/* The attempt of that epoch ended. True where the state changed. */
bool breaker_ended(struct breaker *breaker, uint64_t now_ns, uint32_t epoch,
                   enum breaker_outcome outcome);

/* A connection was made or could not be. True where the state changed. */
bool breaker_connected(struct breaker *breaker, uint64_t now_ns, bool worked);

/* "closed", "open", "half-open". */
const char *breaker_state_text(enum breaker_state state);

#endif
