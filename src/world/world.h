/* SPDX-License-Identifier: Apache-2.0
 *
 * world: the outside (wire/outside.h) of a simulated world: a clock that jumps from event to event,
 * and a network in which bytes are late, split anywhere, cut or reset. Same seed and same callers,
 * same history; history_hash tells in one number whether two runs were the same.
 *
 * There is one outside for all: who listens on a host and port is a peer, who opens it a client,
 * and both are handed in by the program that builds the world. A test's scripted server and a
 * server's real driver differ in nothing here.
 * A piece that is lost is sent again, ever later, and all behind it wait; a sender who is not heard
 * for give_up_ns is told that the connection timed out, and then its peer knows nothing: it is half
 * open until it sends. A reset is sent once and may be lost.
 * Not simulated: proxies (the way is direct), packets, congestion; TLS is a further round trip
 * without cryptography, certificate files are not read, and no session is resumed.
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
    bool interleave; /* what would happen at the same instant on several connections happens in an
                      * order of the seed's: each is up to 1 µs late, always the same */
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
    uint32_t loss_micro; /* of pieces, connects and resets: lost; all but resets are sent again */
    uint64_t resend_ns;  /* after so long, doubled each time; 0: 200 ms, of connects 1 s */
    uint64_t give_up_ns; /* a sender whose bytes do not arrive for so long: ERR_TIMEOUT; 0: 60 s */
    uint32_t vanish_micro;    /* of connections: the peer is gone without a word after some bytes */
    uint32_t slow_micro;      /* of ends: they read slowly: few bytes at once, each taken late */
    uint64_t slow_ns;         /* how late; 0: 100 ms */
    size_t slow_window_bytes; /* 0: 2 KiB */
};

MUST_CHECK int world_new(const struct world_options *options, struct world **ret_world);

/* NULL is fine. No event follows. */
void world_free(struct world *world);

struct outside *world_outside(struct world *world);

/* How the way to that host and port behaves for connections opened from now on. An empty host and
 * port 0 set the default for all others: 100 µs, no jitter, whole pieces, no fault. ERR_MEMORY. */
MUST_CHECK int world_set_link(struct world *world, struct view host, uint16_t port,
                              const struct world_link *link);

/* From from_ns until until_ns (exclusive) nothing that is sent to or from what listens there
 * arrives; an empty host: whatever listens on that port; port 0: on any. ERR_MEMORY. */
MUST_CHECK int world_partition(struct world *world, struct view host, uint16_t port,
                               uint64_t from_ns, uint64_t until_ns);

/* Nothing is cut off any more. */
void world_heal(struct world *world);

enum { WORLD_ADDRESSES_MAX = 4 };

/* A name that connects look up: it is known after lookup_ns; each further address is tried
 * stagger_ns after the one before, and the first that is reached counts. The name may be set anew.
 * A host without an entry is its own address. ERR_LIMIT for more than WORLD_ADDRESSES_MAX
 * addresses, ERR_MEMORY. */
struct world_name {
    const struct view *addresses; /* copied */
    size_t address_count;
    uint64_t lookup_ns;
    uint64_t stagger_ns;     /* 0: 250 ms */
    uint64_t fails_from_ns;  /* looked up from then on, the name is not found, */
    uint64_t fails_until_ns; /* until then */
};
MUST_CHECK int world_set_name(struct world *world, struct view name,
                              const struct world_name *entry);

/* Called after each event, when nobody is in the middle of anything: a place for checks. NULL: not
 * any more. It must not change the world. */
void world_watch(struct world *world, void (*watcher)(void *context, uint64_t now_ns),
                 void *context);

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
    uint64_t lost;           /* sendings that did not arrive, those that were cut off included */
    uint64_t cut_off;        /* of those: by a partition */
    uint64_t timed_out;      /* senders that gave up */
    uint64_t vanished;       /* connections whose peer went without a word */
    uint64_t slow;           /* ends that read slowly */
    uint64_t found_dead;     /* bytes that reached an end that was gone */
    uint64_t lookups_failed; /* names that were not found */
    uint64_t other_address;  /* connections opened to an address that is not the first */
};
struct world_counts world_counts(const struct world *world);

#endif
