/* SPDX-License-Identifier: Apache-2.0
 *
 * autosize: moves a pool's maximum within bounds, slowly, and says why: up by a quarter after a
 * window in which the pool was busy or checkouts timed out, down by a tenth after five windows in a
 * row in which it was slack, never below what the last windows had in use.
 *
 * A machine without effects: asked once a window. Memory: caller's. Threads: one owner. */
#ifndef ASSAY_CORE_POOL_AUTOSIZE_H
#define ASSAY_CORE_POOL_AUTOSIZE_H

#include <stdint.h>

#include "core/pool/advice.h"

#define AUTOSIZE_WINDOW_NS UINT64_C(60000000000)
enum { AUTOSIZE_SLACK_WINDOWS = 5, AUTOSIZE_CHECKOUTS_LEAST = 20 };

struct autosize {
    uint32_t least;
    uint32_t most;
    uint32_t slack_windows; /* in a row */
};

enum autosize_reason {
    AUTOSIZE_KEEP,
    AUTOSIZE_BUSY,
    AUTOSIZE_TIMEOUTS,
    AUTOSIZE_SLACK,
    AUTOSIZE_AT_MOST, /* would grow, and may not */
};

void autosize_init(struct autosize *autosize, uint32_t least, uint32_t most);

/* A window is over: why the maximum changes (KEEP and AT_MOST: it does not), and to what. A window
 * with fewer than AUTOSIZE_CHECKOUTS_LEAST checkouts says nothing. */
enum autosize_reason autosize_step(struct autosize *autosize, const struct pool_metrics *window,
                                   uint32_t *ret_connections_max);

/* "in use over 80 % of the time", …: for logs. */
const char *autosize_reason_text(enum autosize_reason reason);

#endif
