/* SPDX-License-Identifier: Apache-2.0
 *
 * day: so much in any 24 hours.
 *
 * A window of 97 quarters of an hour, counted each, so that every 24 hours lie within the window:
 * what is taken comes back 24 to 24¼ hours later. Why no bucket that refills: one that starts full
 * and refills over a day lets twice its limit through on the first.
 *
 * Memory: caller's storage. Threads: one owner. Time: passed in, never back. */
#ifndef ASSAY_CORE_QUOTA_DAY_H
#define ASSAY_CORE_QUOTA_DAY_H

#include <stdint.h>

#include "base/err.h"

enum { DAY_QUARTERS = 97 };

struct day {
    int64_t limit;
    int64_t taken;                  /* in the window */
    int64_t quarters[DAY_QUARTERS]; /* by number of the quarter since time 0, modulo */
    uint64_t quarter;               /* the last that was looked at */
};

/* ERR_LIMIT unless the limit is 1 to 10^12. */
MUST_CHECK int day_init(struct day *day, uint64_t now_ns, int64_t limit);

/* ERR_THROTTLED where there is no room now, ERR_LIMIT where amount exceeds the limit. */
MUST_CHECK int day_reserve(struct day *day, uint64_t now_ns, int64_t amount);

/* When a day_reserve of so much succeeds if nobody else takes any; amount must not exceed the
 * limit. */
uint64_t day_at(const struct day *day, uint64_t now_ns, int64_t amount);

/* Corrects a reservation made at reserved_at_ns; what was used beyond it counts too, though it may
 * pass the limit. One that has left the window is left alone. */
void day_settle(struct day *day, uint64_t now_ns, uint64_t reserved_at_ns, int64_t reserved,
                int64_t used);

#endif
