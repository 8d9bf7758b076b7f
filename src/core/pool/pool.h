/* SPDX-License-Identifier: Apache-2.0
 *
 * pool: who gets which connection, and when a connection is opened and closed.
 *
 * A machine (feed, tick, next, deadline): owns no socket, no clock, no thread. Its unit is a stream
 * on a connection, so that HTTP/1.1 is HTTP/2 with one stream. Wishes (tickets) wait in order of
 * arrival and are served by whichever stream is free first, the most recently used connection
 * before others, so that those not needed grow idle and are closed. A connection that is opened
 * for one ticket may serve another.
 *
 *     OPENING → IDLE ⇄ SHARED ⇄ FULL → DRAINING      any of them → gone
 *
 * A failed open refuses the ticket that waited longest, unless live connections are there to serve
 * it; then, and for connections that only fill up to the minimum, the next open waits a while.
 * What it does not do: retry (core/call), health checks, name resolution.
 *
 * Memory: all of it at pool_init, from base/mem. Threads: one owner. Time: nanoseconds, passed in,
 * never back. Limits: connections and tickets as given at pool_init. */
#ifndef ASSAY_CORE_POOL_POOL_H
#define ASSAY_CORE_POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slots.h"
#include "core/pool/list.h"
#include "core/pool/ring.h"
#include "core/pool/alarms.h"

struct pool_settings {
    uint32_t connections_min; /* opened at the first tick and kept */
    uint32_t connections_max;
    uint32_t streams_max;   /* on one connection: 1 for HTTP/1.1 */
    uint32_t tickets_max;   /* ticket slots run from 0 to this */
    uint32_t waiting_max;   /* tickets that may wait at once; 0: tickets_max */
    uint64_t idle_ns;       /* closed after so long without a stream; 0: 300 s */
    uint64_t connect_in_ns; /* an open that takes longer has failed; 0: 5 s */
};

enum pool_event_kind {
    POOL_WANT,        /* ticket, deadline_ns: somebody wants a stream */
    POOL_CANCEL,      /* ticket: and no longer; it must be waiting, or nothing happens */
    POOL_OPENED,      /* connection: the open worked */
    POOL_OPEN_FAILED, /* connection, code: it did not; the id is dead */
    POOL_STREAM_DONE, /* connection, reusable, stale: a granted stream came to its end */
    POOL_CLOSED,      /* connection: it ended with all its streams; the id is dead */
};

struct pool_event {
    enum pool_event_kind kind;
    struct id ticket; /* the caller's; slot below tickets_max, and not waiting already */
    uint64_t deadline_ns;
    struct id connection; /* as OPEN named it; a dead one is ignored */
    int code;
    bool reusable; /* of STREAM_DONE: false ends the connection when its last stream ends */
    bool stale;    /* of CLOSED: it was found dead when it was used again, so those that lay idle
                    * longer are taken for dead too and closed */
};

enum pool_effect_kind {
    POOL_OPEN,   /* connection: open one and tell OPENED or OPEN_FAILED */
    POOL_CLOSE,  /* connection: close it; no event about it counts any more */
    POOL_GRANT,  /* ticket, connection, reused: the ticket has a stream */
    POOL_REFUSE, /* ticket, code: it gets none: ERR_BUSY (the queue is full, or none was free by
                  * its deadline), or the code of an open that failed */
};

struct pool_effect {
    enum pool_effect_kind kind;
    struct id connection;
    struct id ticket;
    int code;
    bool reused;        /* of GRANT: the connection served a stream before */
    uint64_t waited_ns; /* of GRANT and REFUSE: since WANT */
};

struct pool_metrics {
    uint32_t size;    /* connections, those being opened included */
    uint32_t opening; /* of those */
    uint32_t active;  /* with at least one stream */
    uint32_t idle;
    uint32_t waiting;           /* tickets */
    uint64_t checkouts;         /* streams granted */
    uint64_t checkins;          /* streams ended */
    uint64_t reused;            /* granted on a connection that served before */
    uint64_t refused;           /* because the queue was full or an open failed */
    uint64_t timeouts;          /* tickets whose deadline passed */
    uint64_t opened;            /* connections */
    uint64_t open_failures;     /* connections */
    uint64_t checkout_ns_total; /* of all granted: the mean is this over checkouts */
    uint64_t checkout_ns_max;
    uint64_t busy_ns; /* streams in use, summed over time: over (time × streams) utilization */
};

struct pool_connection;
struct pool_ticket;

struct pool {
    struct pool_settings settings;
    struct slots connections;    /* struct pool_connection */
    struct pool_ticket *tickets; /* by ticket slot */
    struct list opening;         /* connections, oldest last; likewise below */
    struct list idle;            /* most recently used first */
    struct list shared;
    struct list full;
    struct list draining;
    struct list waiting; /* tickets, next to be served first */
    struct alarms ticket_alarms;
    struct ring effects;
    uint64_t now_ns;
    uint64_t reopen_at_ns;  /* no open without a ticket to answer for it before this */
    uint32_t open_failures; /* in a row */
    uint32_t streams;       /* granted and not ended */
    struct pool_metrics metrics;
};

/* ERR_LIMIT for settings out of range (connections 1 to 2^20, tickets 1 to 2^24, streams 1 to 2^16,
 * min above max), ERR_MEMORY. */
MUST_CHECK int pool_init(struct pool *pool, const struct pool_settings *settings, uint64_t now_ns);
void pool_release(struct pool *pool);

/* It happened. ERR_MISSING where the event came too late: its connection is gone, its ticket does
 * not wait; nothing was changed then. Take all effects with pool_next before the next feed or
 * tick. */
MUST_CHECK int pool_feed(struct pool *pool, uint64_t now_ns, const struct pool_event *event);

/* Time passed: tickets and opens expire, idle connections end. */
void pool_tick(struct pool *pool, uint64_t now_ns);

/* Do this now; false where there is nothing. */
bool pool_next(struct pool *pool, struct pool_effect *ret_effect);

/* Tick me then; UINT64_MAX: never. */
uint64_t pool_deadline(const struct pool *pool);

/* True while the connection is one of the pool's. */
bool pool_knows(const struct pool *pool, struct id connection);

/* The figures as of the last feed or tick. */
void pool_metrics(const struct pool *pool, struct pool_metrics *ret_metrics);

#endif
