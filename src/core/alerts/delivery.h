/* SPDX-License-Identifier: Apache-2.0
 *
 * delivery: brings the messages of one channel out, one after another, within a deadline: when to
 * try, when again, when to give up.
 *
 * A 2xx delivers. 429, 408, 5xx and what broke on the way are tried again after
 * rand(½,1) × min(base × 2^i, 4 s), or after what Retry-After asks for where that is longer; any
 * other status is final for its message, and 401, 403, 404 and 410 for the channel. What could only
 * be tried after the deadline is given up at once, so that nobody waits for nothing; what a server
 * asked for beyond it is told to the next run (not_before).
 * A machine: owns no socket and no clock. Memory: caller's storage. Threads: one owner. */
#ifndef ASSAY_CORE_ALERTS_DELIVERY_H
#define ASSAY_CORE_ALERTS_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "core/alerts/alert.h"

enum { DELIVERY_MESSAGES_MAX = ALERT_TOPICS, DELIVERY_ATTEMPTS_MAX = 6 };

enum delivery_state {
    DELIVERY_WAITING, /* until `at_ns` */
    DELIVERY_ASKING,  /* a request is under way */
    DELIVERY_ENDED,
};

enum delivery_fate { DELIVERY_PENDING, DELIVERY_DELIVERED, DELIVERY_REFUSED, DELIVERY_GIVEN_UP };

struct delivery {
    enum delivery_state state;
    size_t count;
    size_t current;
    uint32_t attempts; /* of the current message */
    uint64_t at_ns;
    uint64_t deadline_ns;
    uint64_t not_before_in_ns; /* what the server asked for at last, beyond the deadline; 0: none */
    struct rng rng;
    enum delivery_fate fates[DELIVERY_MESSAGES_MAX];
};

/* What came of a request. */
struct delivery_event {
    int status;              /* 0: no answer came */
    uint64_t retry_after_ns; /* 0: the server asked for nothing */
};

void delivery_init(struct delivery *delivery, uint64_t now_ns, uint64_t deadline_ns, size_t count,
                   uint64_t seed);

/* True: send message *ret_message now. How long to wait for an answer is the driver's to say. */
bool delivery_next(struct delivery *delivery, uint64_t now_ns, size_t *ret_message);

/* The request under way ended. */
void delivery_feed(struct delivery *delivery, uint64_t now_ns, const struct delivery_event *event);

/* Time passed: past the deadline all that is pending is given up, also what is under way. */
void delivery_tick(struct delivery *delivery, uint64_t now_ns);

/* Tick me then; UINT64_MAX once it ended. */
uint64_t delivery_deadline(const struct delivery *delivery);

#endif
