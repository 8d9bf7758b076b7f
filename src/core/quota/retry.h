/* SPDX-License-Identifier: Apache-2.0
 *
 * retry: whether a failed attempt is tried again, and when.
 *
 * As the AWS SDKs' standard mode: rand(0,1) × min(base × 2^i, 20 s), base 1 s after throttling and
 * 50 ms otherwise; what the server asks for counts between that delay and 5 s above it. A quota of
 * 500 tokens bounds retries over all calls, so that a service in trouble is not asked three times
 * as much: a retry costs 14 (5 after throttling), a success after retries gives the last cost back,
 * any other success 1. A retry that could only start after the caller's deadline is not made, nor
 * one after a part of the answer went out to the caller.
 *
 * Memory: caller's storage. Threads: one owner. Source: AWS SDKs and Tools Reference Guide, "Retry
 * behavior"; the service models' runtime in botocore. */
#ifndef ASSAY_CORE_QUOTA_RETRY_H
#define ASSAY_CORE_QUOTA_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

enum { RETRY_TOKENS_MAX = 500 };

/* Zero: the default. DynamoDB's are 4 attempts and a base of 25 ms. */
struct retry_settings {
    uint32_t attempts;          /* the first included; 1: none is tried again */
    uint64_t base_ns;           /* 50 ms */
    uint64_t base_throttled_ns; /* 1 s */
    uint64_t delay_ns_max;      /* 20 s */
};

struct retry {
    struct retry_settings settings;
    int32_t tokens;
    struct rng rng;
};

/* Why a retry is made or not. */
enum retry_verdict {
    RETRY_AGAIN,
    RETRY_FINAL,    /* the error would come again */
    RETRY_ATTEMPTS, /* as many as allowed were made */
    RETRY_DEADLINE, /* it would start too late */
    RETRY_BUDGET,   /* too many retries lately, over all calls */
    RETRY_BEGUN,    /* a part of the answer went out already */
    RETRY_BROKEN,   /* not asked at all: the breaker is open */
    RETRY_CROWDED,  /* not asked at all: its caller has too much waiting */
    RETRY_VERDICT_END,
};

struct retry_question {
    uint32_t attempts; /* made so far, at least 1 */
    bool may_retry;
    bool throttled;
    bool begun;              /* a part of the answer went out to the caller */
    uint64_t retry_after_ns; /* 0: the server asked for nothing */
    uint64_t deadline_ns;
};

/* 0 attempts are taken as 1. */
void retry_init(struct retry *retry, const struct retry_settings *settings, uint64_t seed);

/* RETRY_AGAIN fills when and what it costs (for retry_succeeded); the cost is taken at once. */
enum retry_verdict retry_decide(struct retry *retry, uint64_t now_ns,
                                const struct retry_question *question, uint64_t *ret_at_ns,
                                int32_t *ret_cost);

/* A call succeeded; `cost` of its last retry, 0 where it needed none. */
void retry_succeeded(struct retry *retry, int32_t cost);

/* "the error would come again", …: for messages. */
const char *retry_verdict_text(enum retry_verdict verdict);

#endif
