/* SPDX-License-Identifier: Apache-2.0
 *
 * world: the outside (wire/outside.h) of a simulated world: a clock that jumps from event to event,
 * and a network in which bytes are late, split anywhere, cut or reset. Same seed and same callers,
 * same history; history_hash tells in one number whether two runs were the same.
 *
 * There is one outside for all: who listens on a host and port is a peer, who opens it a client,
 * and both are handed in by the program that builds the world. A test's scripted server and a
 * server's real driver differ in nothing here.
 * Not simulated: name lookup, proxies (the way is direct), packets, congestion; TLS is a further
 * round trip without cryptography, certificate files are not read, and no session is resumed.
 * Memory: places at world_new, base/mem for bytes on their way. Threads: one owner.
 * Time: starts at 1 s, so that an instant of 0 is always past. Prints nothing. */
#ifndef ASSAY_WORLD_WORLD_H
#define ASSAY_WORLD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"
#include "wire/outside.h"

struct world;

struct world_options {
    uint64_t seed;
    int64_t started_unix_s;   /* the date at the start; 0: 2026-01-01 */
    uint32_t connections_max; /* ends of connections and listening ports; 0: 1,024 */
    uint64_t events_max;      /* of one world_run, against a world that never rests; 0: 10^8 */
};

/* How the way to one host and port behaves, both directions alike. Rates are millionths. */
struct world_link {
    uint64_t latency_ns;   /* one way */
    uint64_t jitter_ns;    /* at most so much more, uniform; bytes never overtake each other */
    uint64_t bytes_per_s;  /* 0: as fast as can be */
    size_t piece_bytes;    /* bytes arrive in random pieces of 1 to so many; 0: as written */
    uint32_t refuse_micro; /* of connects: refused */
    uint32_t hang_micro;   /* of connects: never answered */
    uint32_t reset_micro;  /* of connections: reset after some bytes of the accepting side */
    uint32_t cut_micro; /* of connections: closed cleanly by the accepting side after some bytes */
    uint64_t fault_bytes; /* "some" is 0 to so many, uniform; 0: 1,024 */
    uint32_t spike_micro; /* of pieces: spike_ns late, and all behind them */
    uint64_t spike_ns;
};

MUST_CHECK int world_new(const struct world_options *options, struct world **ret_world);

/* NULL is fine. No event follows. */
void world_free(struct world *world);

struct outside *world_outside(struct world *world);

/* How the way to that host and port behaves for connections opened from now on. An empty host and
 * port 0 set the default for all others: 100 µs, no jitter, whole pieces, no fault. ERR_MEMORY. */
MUST_CHECK int world_set_link(struct world *world, struct view host, uint16_t port,
                              const struct world_link *link);

/* Lets everything happen that is due up to and including until_ns (UINT64_MAX: all there is), in
 * order of time. Then the clock stands at until_ns, or where it stood after world_stop or with
 * UINT64_MAX. ERR_LIMIT after events_max events: somebody goes in circles. ERR_MEMORY. */
MUST_CHECK int world_run(struct world *world, uint64_t until_ns);

/* Makes world_run return after the present event. */
void world_stop(struct world *world);

uint64_t world_now(const struct world *world);

/* Changes with every event that any listener saw, its time and its bytes. */
uint64_t world_history_hash(const struct world *world);

/* What happened so far, for tests that must know that faults were met. */
struct world_counts {
    uint64_t events;
    uint64_t opened;
    uint64_t refused;
    uint64_t hung;
    uint64_t resets;
    uint64_t cuts;
    uint64_t spikes;
    uint64_t pieces;
    uint64_t bytes;
};
struct world_counts world_counts(const struct world *world);

#endif
