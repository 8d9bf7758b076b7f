/* SPDX-License-Identifier: Apache-2.0
 *
 * upstreams: which of several equal upstreams is asked next: of two drawn by chance the one with
 * less in flight (for its weight), which comes close to the least loaded of all without everybody
 * running to the same one.
 *
 * Those that are out (ejected, broken) are not drawn, unless too few are left: where under a half
 * is in, everybody is drawn again, since it is likelier that something common is broken, and few
 * would fall under the load of all.
 *
 * Memory: caller's storage. Threads: one owner. Time: none. Source: Mitzenmacher, "The power of two
 * choices in randomized load balancing", 2001; Envoy's documentation, "Panic threshold". */
#ifndef ASSAY_CORE_QUOTA_UPSTREAMS_H
#define ASSAY_CORE_QUOTA_UPSTREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

enum { UPSTREAMS_MAX = 1024 };

struct upstream {
    uint32_t in_flight; /* as of now: the caller counts */
    uint32_t weight;    /* 0: 1 */
    bool out;           /* ejected, broken */
};

struct upstreams {
    struct rng rng;
    int64_t panic_share_micro; /* under this share in, all are drawn; 0: a half */
};

void upstreams_init(struct upstreams *upstreams, int64_t panic_share_micro, uint64_t seed);

/* One of the hosts (1 to UPSTREAMS_MAX); `except` is not chosen where another is to be had
 * (UINT32_MAX: none): a retry goes elsewhere. */
uint32_t upstreams_choose(struct upstreams *upstreams, const struct upstream *hosts, uint32_t count,
                          uint32_t except);

#endif
