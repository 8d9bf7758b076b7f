/* SPDX-License-Identifier: Apache-2.0
 *
 * quota: how much may be asked of one upstream: so many requests at once, and so many requests and
 * tokens a minute and a day, reserved when an attempt starts and settled when it ends.
 *
 * The upstream's own limits hold for every call. Calls may besides fall under entries of a book, by
 * model, profile, region or all together (book.h): key 0 falls under none, key n under those of the
 * n-th key of the settings. Says yes or when to ask again; who waits, and in which order, is the
 * caller's (core/call).
 *
 * Memory: from base/mem, all of it at quota_init. Threads: one owner. Time: passed in, never
 * back. */
#ifndef ASSAY_CORE_QUOTA_QUOTA_H
#define ASSAY_CORE_QUOTA_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/quota/book.h"

enum { QUOTA_ENTRIES_MAX = BOOK_ENTRIES_MAX - 1, QUOTA_KEYS_MAX = BOOK_KEYS_MAX - 1 };

struct quota_settings {
    uint32_t in_flight_max;    /* attempts at once, at least 1 */
    int64_t requests_a_minute; /* 0: no limit; likewise below */
    int64_t tokens_a_minute;
    int64_t requests_a_day;
    int64_t tokens_a_day;
    const struct book_limits *entries; /* needed until quota_init returns */
    uint32_t entry_count;
    const struct book_key *keys; /* of indices into entries, at most BOOK_UNDER_MAX - 1 each */
    uint32_t key_count;
};

struct quota {
    uint32_t in_flight;
    uint32_t in_flight_max; /* may be set lower or higher at any time; those in flight stay */
    struct book book;       /* entry 0 and key 0: the upstream's own */
};

/* All buckets start full and hold one minute's worth. ERR_LIMIT for settings out of range,
 * ERR_MEMORY. */
MUST_CHECK int quota_init(struct quota *quota, const struct quota_settings *settings,
                          uint64_t now_ns);
void quota_release(struct quota *quota);

/* ERR_LIMIT where so many tokens are more than a minute's or a day's worth and could never be
 * had, under the upstream's own limits and under those of a key. */
MUST_CHECK int quota_possible(const struct quota *quota, int64_t tokens);
MUST_CHECK int quota_possible_under(const struct quota *quota, uint32_t key, int64_t tokens);

/* Admits one attempt that may use so many tokens. ERR_BUSY: as many as allowed are in flight, ask
 * after the next quota_settle; ERR_THROTTLED: ask at quota_at. Nothing is taken then. */
MUST_CHECK int quota_admit(struct quota *quota, uint64_t now_ns, uint32_t key, int64_t tokens,
                           struct book_hold *ret_hold);

/* When the limits in time will admit it if nobody else takes any; now_ns where they do already. */
uint64_t quota_at(const struct quota *quota, uint64_t now_ns, uint32_t key, int64_t tokens);

/* An admitted attempt ended: it used so many of its reserved tokens. One that was never sent gives
 * its request back too. */
void quota_settle(struct quota *quota, uint64_t now_ns, const struct book_hold *hold, int64_t used,
                  bool was_sent);

#endif
