/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: when AWS keys are fetched: once for all that ask meanwhile, again ahead of their end, and
 * after a failure not before a while.
 *
 *     EMPTY ──▶ FETCHING ──▶ GOOD ◀──▶ STALE
 *                 ▲  │        │          │
 *                 │  ▼        ▼          ▼
 *                FAILED ◀── FETCHING ◀───┘
 *
 * GOOD: keys are there. STALE: they are, and new ones are being fetched because their end comes
 * near (5 minutes before it, less a random part, so that many processes do not refresh at once).
 * From a minute before their end on, who asks waits for the new ones; where these cannot be had,
 * the old ones are given up to their end. FETCHING: none are there, who asks waits. FAILED: none
 * are, and none can be had now: who asks is told so until the time to try again has come.
 *
 * Keys that nobody asks for are not refreshed.
 *
 * A machine (feed, tick, next, deadline) that fetches nothing itself and never sees a key. Times
 * are seconds since 1970 UTC, not monotonic, since that is what the end of keys is told in, and a
 * machine that slept must notice.
 * Memory: none. Threads: one owner. Source: botocore's RefreshableCredentials; "Refreshing
 * credentials", AWS SDKs and Tools Reference Guide. */
#ifndef ASSAY_CORE_CALL_KEYS_H
#define ASSAY_CORE_CALL_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

enum {
    KEYS_REFRESH_AHEAD_S = 300, /* of their end: refreshed while the old ones are given */
    KEYS_REFRESH_JITTER_S = 60, /* at most this much earlier */
    KEYS_WAIT_AHEAD_S = 60,     /* of their end: who asks waits for new ones */
    KEYS_DELAY_S_MIN = 1,       /* after a first failure; doubled by each further one */
    KEYS_DELAY_S_MAX = 60,
};

enum keys_state {
    KEYS_EMPTY,
    KEYS_FETCHING,
    KEYS_GOOD,
    KEYS_STALE,
    KEYS_FAILED,
    KEYS_STATE_END, /* number of states */
};

enum keys_event_kind {
    KEYS_ASKED,   /* somebody needs keys */
    KEYS_FETCHED, /* expires_s: they are there; as REFUSED where that is over already */
    KEYS_REFUSED, /* they could not be had */
};

struct keys_event {
    enum keys_event_kind kind;
    int64_t expires_s; /* of FETCHED; 0: never */
};

enum keys_effect_kind {
    KEYS_FETCH, /* fetch keys, tell FETCHED or REFUSED */
    KEYS_WAKE,  /* tell all that wait: 0: ask again; another code: there are none */
};

struct keys_effect {
    enum keys_effect_kind kind;
    int code; /* of WAKE: 0 or ERR_DENIED */
};

struct keys {
    enum keys_state state;
    bool has_keys;
    int64_t expires_s;  /* of the keys; 0: never */
    int64_t refresh_s;  /* when to fetch new ones; INT64_MAX: never */
    int64_t retry_s;    /* not before this, after a failure */
    uint32_t failures;  /* in a row */
    bool used;          /* since they were fetched */
    bool fetch_pending; /* effects */
    bool wake_pending;
    int wake_code;
    struct rng rng;
};

void keys_init(struct keys *keys, uint64_t seed);

/* It happened. Of ASKED: 0: the keys that are there are good; ERR_BUSY: wait for WAKE; ERR_DENIED:
 * there are none, and the reason is that of the last REFUSED. Of the others: 0. Take all effects
 * with keys_next before the next feed or tick. */
MUST_CHECK int keys_feed(struct keys *keys, int64_t now_s, const struct keys_event *event);
void keys_tick(struct keys *keys, int64_t now_s);
bool keys_next(struct keys *keys, struct keys_effect *ret_effect);

/* Tick it then: keys that are in use are refreshed before somebody has to wait. INT64_MAX: never.
 */
int64_t keys_deadline(const struct keys *keys);

#endif
