/* SPDX-License-Identifier: Apache-2.0
 *
 * gradient: how many requests at once a service bears, found from how long its answers take.
 *
 * A window of samples gives a mean latency; base latency is what the service takes when nothing
 * queues there. While latency is near the base the limit grows by a headroom of half its root;
 * when it rises, the limit falls in proportion (limit × tolerance × base / latency + headroom,
 * never below half at once), smoothed. From time to time the limit is halved for one window, which
 * measures the base anew: a base that only ever followed latency would creep up with the queue. A
 * window in which the limit was not used (under half of it at once) says nothing about it and moves
 * nothing, but measures the base for free. Overload (throttled, timed out) takes a tenth off, once
 * a window; as much of it as a window has samples begins another window.
 *
 * What it assumes: latencies that can be compared. Where one answer takes 10 times another for its
 * length, give latency per token.
 *
 * Memory: caller's storage. Threads: one owner. Time: passed in, never back. Sources: the
 * concurrency-limits library of Netflix (Gradient2Limit: the gradient, its bounds, the smoothing);
 * Envoy's adaptive concurrency filter (the headroom, the measured base at a low limit). */
#ifndef ASSAY_CORE_QUOTA_GRADIENT_H
#define ASSAY_CORE_QUOTA_GRADIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

/* Zero: the default. */
struct gradient_settings {
    uint32_t limit_min;      /* 1 */
    uint32_t limit_max;      /* required */
    uint32_t limit_first;    /* where it starts; 20, or the limit next to it */
    uint32_t window_samples; /* 100 */
    uint64_t base_every_ns;  /* the base is measured so often, ± 15 %; 30 s */
    int64_t tolerance_micro; /* latency may be so many times the base; 1.0 */
    int64_t smoothing_micro; /* share of the new limit; 0.2 */
    uint64_t seed;
};

struct gradient_sample {
    uint64_t sent_ns;
    uint64_t latency_ns;
    uint32_t in_flight; /* when it ended, itself included */
    bool overloaded;    /* throttled, timed out, lost: its latency says nothing */
};

struct gradient {
    struct gradient_settings settings;
    struct rng rng;
    double limit;      /* the level found */
    double base_ns;    /* 0: not measured yet */
    double latency_ns; /* mean of the last window */
    bool measuring;    /* the limit is halved to measure the base */
    bool backed_off;   /* in this window */
    uint64_t window_from_ns;
    uint64_t base_due_ns;
    uint32_t samples;   /* of this window */
    uint32_t overloads; /* likewise */
    uint32_t in_flight_max;
    double latency_sum_ns;
};

/* ERR_LIMIT for settings out of range: limits 1 to 2^20, min above max, shares above 1. */
MUST_CHECK int gradient_init(struct gradient *gradient, const struct gradient_settings *settings,
                             uint64_t now_ns);

/* An attempt ended. True where the limit moved by a whole request. */
bool gradient_add(struct gradient *gradient, uint64_t now_ns, const struct gradient_sample *sample);

/* How many may be in flight now. */
uint32_t gradient_limit(const struct gradient *gradient);

#endif
