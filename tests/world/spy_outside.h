/* SPDX-License-Identifier: Apache-2.0
 *
 * spy_outside: an outside in front of another one that counts what goes through it, and can be told
 * to have a bug: to swallow the news that a connection closed. It can print what it sees. For
 * tests.
 *
 * Threads: the outside's loop. Limit: SPY_CONNECTIONS_MAX connections over its life. */
#ifndef ASSAY_TESTS_SPY_OUTSIDE_H
#define ASSAY_TESTS_SPY_OUTSIDE_H

#include "base/rng.h"
#include "wire/outside.h"

enum { SPY_CONNECTIONS_MAX = 20000 };

struct spy;

struct spy_connection {
    struct spy *spy;
    struct id id;
    outside_listener *listener;
    void *context;
    bool open; /* or opening */
};

struct spy {
    struct outside outside; /* first */
    struct outside *inner;
    struct spy_connection *connections;
    uint32_t made;
    uint32_t open;
    uint32_t open_most;
    uint32_t swallow_micro; /* millionths of CLOSED events that are not told: the planted bug */
    uint32_t swallowed;
    int traced; /* prints every event, marked by this number; below 0: does not */
    struct rng rng;
};

void spy_init(struct spy *spy, struct outside *inner, uint64_t seed);
void spy_release(struct spy *spy);

#endif
