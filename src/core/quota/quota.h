/* SPDX-License-Identifier: Apache-2.0
 *
 * quota: how much may be asked of one target: so many requests at once, and so many requests and
 * tokens a minute, reserved when an attempt starts and settled when it ends.
 *
 * Says yes or when to ask again; who waits, and in which order, is the caller's (core/call).
 * Memory: caller's storage, nothing allocated. Threads: one owner. Time: passed in, never back. */
#ifndef ASSAY_CORE_QUOTA_QUOTA_H
#define ASSAY_CORE_QUOTA_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/quota/bucket.h"

struct quota_settings {
    uint32_t in_flight_max;    /* attempts at once, at least 1 */
    int64_t requests_a_minute; /* 0: no limit */
    int64_t tokens_a_minute;   /* 0: no limit */
};

struct quota {
    uint32_t in_flight;
    uint32_t in_flight_max;
    bool has_requests;
    bool has_tokens;
    struct bucket requests;
    struct bucket tokens;
};

/* Both buckets start full and hold one minute's worth. ERR_LIMIT for settings out of range. */
MUST_CHECK int quota_init(struct quota *quota, const struct quota_settings *settings,
                          uint64_t now_ns);

/* ERR_LIMIT where so many tokens are more than a minute's worth and could never be had. */
MUST_CHECK int quota_possible(const struct quota *quota, int64_t tokens);

/* Admits one attempt that may use so many tokens. ERR_BUSY: as many as allowed are in flight, ask
 * after the next quota_settle; ERR_THROTTLED: ask at quota_at. Nothing is taken then. */
MUST_CHECK int quota_admit(struct quota *quota, uint64_t now_ns, int64_t tokens);

/* When the buckets will admit it if nobody else takes any; now_ns where they do already. */
uint64_t quota_at(const struct quota *quota, uint64_t now_ns, int64_t tokens);

/* An admitted attempt ended: it used so many of its reserved tokens. One that was never sent gives
 * its request back too. */
void quota_settle(struct quota *quota, uint64_t now_ns, int64_t reserved, int64_t used,
                  bool was_sent);

#endif
