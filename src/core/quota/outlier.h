/* SPDX-License-Identifier: Apache-2.0
 *
 * outlier: which of several equal upstreams is worse than the others and is left out for a while.
 *
 * An upstream is ejected after so many failures in a row, or when at the end of an interval its
 * share of good answers lies so many standard deviations below the mean of all (with enough
 * upstreams and enough requests each to tell). It is out for a base time × how often it was
 * ejected, up to a cap; each interval in which it behaves takes one off that count. No more than a
 * share of all upstreams is out at once, though one may always be.
 *
 * Memory: one block from base/mem at outlier_init. Threads: one owner. Time: passed in, never back.
 * Source: Envoy's documentation, "Outlier detection" (consecutive 5xx, success rate; defaults). */
#ifndef ASSAY_CORE_QUOTA_OUTLIER_H
#define ASSAY_CORE_QUOTA_OUTLIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { OUTLIER_HOSTS_MAX = 1024 };

/* Zero: the default. */
struct outlier_settings {
    uint32_t hosts;              /* required, at most OUTLIER_HOSTS_MAX */
    uint32_t failures_in_a_row;  /* 5 */
    uint64_t interval_ns;        /* 10 s */
    uint64_t ejection_ns;        /* 30 s */
    uint64_t ejection_ns_max;    /* 300 s */
    int64_t ejected_share_micro; /* 100,000: a tenth of all */
    uint32_t hosts_min;          /* with enough requests, before success rates are compared; 5 */
    uint32_t requests_min;       /* of a host in an interval; 100 */
    int64_t deviations_micro;    /* 1,900,000: 1.9 standard deviations below the mean */
};

enum outlier_reason { OUTLIER_NONE, OUTLIER_IN_A_ROW, OUTLIER_SUCCESS_RATE, OUTLIER_BACK };

/* What happened to one host. */
struct outlier_change {
    uint32_t host;
    enum outlier_reason reason;
    uint64_t until_ns; /* of an ejection */
};

struct outlier_host;

struct outlier {
    struct outlier_settings settings;
    struct outlier_host *hosts;
    uint32_t ejected; /* now */
    uint64_t interval_end_ns;
    uint32_t judged;      /* hosts whose interval was looked at, while that is under way */
    double success_below; /* a share of good answers below this ejects */
};

/* ERR_LIMIT for settings out of range, ERR_MEMORY. */
MUST_CHECK int outlier_init(struct outlier *outlier, const struct outlier_settings *settings,
                            uint64_t now_ns);
void outlier_release(struct outlier *outlier);

/* A request to the host ended well or not. True where that ejected it. */
bool outlier_ended(struct outlier *outlier, uint64_t now_ns, uint32_t host, bool good,
                   struct outlier_change *ret_change);

/* Time passed: call it until it says false. */
bool outlier_tick(struct outlier *outlier, uint64_t now_ns, struct outlier_change *ret_change);

/* When to tick. */
uint64_t outlier_deadline(const struct outlier *outlier);

bool outlier_is_ejected(const struct outlier *outlier, uint32_t host);

#endif
