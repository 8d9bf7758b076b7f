/* SPDX-License-Identifier: Apache-2.0
 *
 * adaptive: the AWS SDKs' client rate limiter: how many requests a second a service bears.
 *
 * Off until the first throttle. From then on every attempt takes one token of a bucket whose rate
 * follows CUBIC: a throttle sets it to 0.7 of the measured rate (or of the present limit, if that
 * is less), after which it rises as 0.4 (t − K)³ + W, K = ∛(0.3 W / 0.4), at most to twice the
 * measured rate, at least to 0.5 a second. The measured rate counts answers in half seconds,
 * smoothed by 0.8. To the letter what botocore does, in the same floating-point operations.
 *
 * Memory: caller's storage. Threads: one owner. Time: passed in, never back. Source: botocore 1.44,
 * retries/adaptive.py, throttling.py and bucket.py; AWS SDKs and Tools Reference Guide, "Retry
 * behavior", adaptive mode. */
#ifndef ASSAY_CORE_QUOTA_ADAPTIVE_H
#define ASSAY_CORE_QUOTA_ADAPTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct adaptive {
    bool enabled;
    double measured_rate; /* answers a second */
    double last_bucket_s;
    double count;
    double w_max;
    double k_s;
    double last_fail_s;
    double fill_rate; /* tokens a second */
    double capacity_max;
    double capacity;
    double filled_s;
};

void adaptive_init(struct adaptive *adaptive, uint64_t now_ns);

/* Takes the token of an attempt. ERR_THROTTLED: ask at adaptive_at. */
MUST_CHECK int adaptive_take(struct adaptive *adaptive, uint64_t now_ns);

/* When adaptive_take succeeds if the rate stays; now_ns: it does now. */
uint64_t adaptive_at(const struct adaptive *adaptive, uint64_t now_ns);

/* An attempt that was sent has ended, in whichever way. True where that moved the limit down. */
bool adaptive_ended(struct adaptive *adaptive, uint64_t now_ns, bool throttled);

/* Attempts a second that are let through now; 0: no limit yet. */
double adaptive_rate(const struct adaptive *adaptive);

#endif
