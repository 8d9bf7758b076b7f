/* SPDX-License-Identifier: Apache-2.0
 *
 * bucket: a token bucket that never looks at a clock.
 *
 * Models one Bedrock quota (requests or tokens per minute): it refills continuously, a caller
 * reserves what it may need and gives back what it did not use. Why reserve and settle: Bedrock
 * counts max_tokens when a request starts and corrects when it ends, so a bucket that counted
 * finished tokens only would admit too much.
 *
 * Exact: levels are integers in 1/60e9 token, what one nanosecond adds at 1 token a minute.
 * Memory: caller's storage, nothing allocated.   Threads: one owner.
 * Time: nanoseconds, passed in, never back.   Limits: 50 million tokens, of rate and of burst. */
#ifndef ASSAY_CORE_QUOTA_BUCKET_H
#define ASSAY_CORE_QUOTA_BUCKET_H

#include <stdint.h>

#include "base/err.h"

struct bucket {
    int64_t level;       /* below zero after an under-estimate */
    int64_t capacity;    /* the burst */
    int64_t per_minute;  /* tokens, and so level units a nanosecond */
    uint64_t updated_ns; /* when level was last true */
};

/* Starts full. Returns ERR_LIMIT unless rate and burst are 1 to 50 million tokens. */
MUST_CHECK int bucket_init(struct bucket *bucket, uint64_t now_ns, int64_t per_minute,
                           int64_t burst);

/* Takes the tokens if they are there, otherwise changes nothing. Returns 0, ERR_THROTTLED (ask
 * bucket_wait), or ERR_LIMIT if no wait could ever help because tokens exceeds the burst. */
MUST_CHECK int bucket_reserve(struct bucket *bucket, uint64_t now_ns, int64_t tokens);

/* Nanoseconds until a bucket_reserve of so many tokens succeeds if nobody else takes any. */
uint64_t bucket_wait(const struct bucket *bucket, uint64_t now_ns, int64_t tokens);

/* Corrects a reservation to what was really used: the difference goes back, or is owed. A debt
 * grows to one burst and no further. */
void bucket_settle(struct bucket *bucket, uint64_t now_ns, int64_t reserved, int64_t used);

#endif
