/* SPDX-License-Identifier: Apache-2.0
 *
 * history: plays the scene of one seed with real codecs, byte by byte, and checks after every event
 * that all holds (watch.h), at the end that nothing is left, and that who recovers is found to have
 * recovered. For tests. */
#ifndef ASSAY_TESTS_HISTORY_H
#define ASSAY_TESTS_HISTORY_H

#include "base/err.h"
#include "watch.h"
#include "world/world.h"

struct played {
    struct problem problem;
    uint64_t hash;       /* of all that happened */
    uint64_t virtual_ns; /* how long it took in the world */
    uint64_t questions;
    uint64_t attempts;
    uint64_t throttled;
    uint64_t resent;
    uint64_t checks;
    uint64_t late; /* events that came too late for a machine; of messages alone */
    uint64_t by_code[ERR_ORDER_END]; /* index: minus the code */
    struct world_counts world;
};

/* Trace: prints every event, and every question with what came of it. */
void history_play(uint64_t seed, bool trace, struct played *ret_played);

#endif
