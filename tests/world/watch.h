/* SPDX-License-Identifier: Apache-2.0
 *
 * watch: what must hold of an asker after every single event, whatever the world does: nothing
 * lost, nothing used twice, no limit passed, no deadline missed. It holds the machine
 * (machine_watch.h), what the spy in front of the outside saw, and a ledger of its own against each
 * other.
 *
 * Threads: the loop's. For tests. */
#ifndef ASSAY_TESTS_WATCH_H
#define ASSAY_TESTS_WATCH_H

#include "app/asker.h"
#include "machine_watch.h"
#include "spy_outside.h"

struct watch {
    const struct asker *asker;
    const struct spy *spy;
    struct problem *problem;
    uint64_t begun_ns;
    uint32_t live;   /* questions taken and not done, as the one who asks counts them */
    int64_t spent;   /* tokens of answers that came */
    int64_t overrun; /* what they took beyond their reservations */
    uint64_t checks;
};

void watch_init(struct watch *watch, const struct asker *asker, const struct spy *spy,
                struct problem *problem, uint64_t now_ns);

/* After an event. */
void watch_check(struct watch *watch, uint64_t now_ns);

/* When all questions are done: nothing is held any more. */
void watch_check_rest(struct watch *watch, uint64_t now_ns);

/* Tokens that a question reserves, for the ledger. */
int64_t watch_reserved(const struct asker *asker, struct id ask);

#endif
