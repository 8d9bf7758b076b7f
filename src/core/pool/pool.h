/* SPDX-License-Identifier: Apache-2.0
 *
 * pool: who gets which connection, and when a connection is opened, checked and closed.
 *
 * A machine (feed, tick, next, deadline): owns no socket, no clock, no thread. Its unit is a stream
 * on a connection, so that HTTP/1.1 is HTTP/2 with one stream. Wishes (tickets) wait in order of
 * arrival and are served by whichever stream is free first, the most recently used connection
 * before others, so that those not needed grow idle and are closed. A connection that is opened
 * for one ticket may serve another.
 *
 *     OPENING → IDLE ⇄ SHARED ⇄ FULL → DRAINING      any of them → gone
 *               ⇅  ⇅
 *        CHECKING  SHUT (the peer allows no stream at present)
 *
 * A failed open refuses the ticket that waited longest, unless live connections are there to serve
 * it; then, and for connections that only fill up to the minimum, the next open waits: ever longer,
 * exponentially and with full jitter. A ticket that nothing live could serve is not made to wait,
 * because an error tells its owner more than a wait does, and the owner backs off too.
 *
 * A connection older than its lifetime takes no more streams and ends with its last one. Lifetimes
 * are shortened at random, and two never end at the same moment.
 *
 * Where the limit is shared by several pools (core/pool/share.h), a permit is asked for before each
 * open and given back with the connection.
 *
 * What it does not do: retry (core/call), resolve names, know what a health check is.
 *
 * Memory: all of it at pool_init, from base/mem. Threads: one owner. Time: nanoseconds, passed in,
 * never back. Limits: connections and tickets as given at pool_init. A checkout of a free stream
 * and its return take constant time. */
#ifndef ASSAY_CORE_POOL_POOL_H
#define ASSAY_CORE_POOL_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"
#include "base/rng.h"
#include "base/slots.h"
#include "core/pool/alarms.h"
#include "core/pool/list.h"
#include "core/pool/ring.h"

struct pool_settings {
    uint32_t connections_min; /* opened at the first tick and kept */
    uint32_t connections_max;
    uint32_t streams_max;   /* on one connection, whatever its peer allows: 1 for HTTP/1.1 */
    uint32_t tickets_max;   /* ticket slots run from 0 to this */
    uint32_t waiting_max;   /* tickets that may wait at once; 0: tickets_max */
    uint64_t idle_ns;       /* closed after so long without a stream; 0: 300 s */
    uint64_t connect_in_ns; /* an open that takes longer has failed; 0: 5 s */

    uint64_t check_every_ns;       /* without a sign of life, while idle; 0: never checked */
    uint64_t check_in_ns;          /* a check that takes longer has failed; 0: connect_in_ns */
    uint64_t lifetime_ns;          /* at most, but no stream is cut; 0: no limit */
    uint32_t lifetime_share_micro; /* of it, by how much it may be shorter; 0: 200000 */
    uint64_t backoff_ns;           /* ceiling of the delay after the first failed open; 0: 50 ms */
    uint64_t backoff_ns_max;       /* ceiling of any delay; 0: 5 s */
    uint64_t seed;                 /* of every jitter */
    bool shared;                   /* opens need permits */
};

enum pool_event_kind {
    POOL_WANT,        /* ticket, deadline_ns: somebody wants a stream */
    POOL_CANCEL,      /* ticket: and no longer; it must be waiting, or nothing happens */
    POOL_OPENED,      /* connection, streams: the open worked */
    POOL_OPEN_FAILED, /* connection, code: it did not; the id is dead */
    POOL_STREAM_DONE, /* connection, ticket, reusable: a granted stream came to its end */
    POOL_CLOSED,      /* connection, stale: it ended with all its streams; the id is dead */
    POOL_CAPACITY,    /* connection, streams: so many the peer allows from now on */
    POOL_DRAIN,       /* connection: takes no more streams, ends with its last (GOAWAY) */
    POOL_CHECKED,     /* connection, code: 0: it lives; else it is closed */
    POOL_SET_MAX,     /* connections_max: from now on; ERR_LIMIT for 0 or above pool_init's */
    POOL_STOP,        /* serve who waits already, refuse all others, close what falls idle */
    POOL_PERMIT,      /* permits: so many more connections may be open */
    POOL_RECALL,      /* permits, must: what is owed from now on (not in addition), see share.h */
    POOL_EVENT_END,   /* number of kinds */
};

struct pool_event {
    enum pool_event_kind kind;
    struct id ticket; /* the caller's; slot below tickets_max, and not waiting already. Of
                       * STREAM_DONE: whose stream it was, none where that is not known; it serves
                       * the figures only */
    uint64_t deadline_ns;
    struct id connection; /* as OPEN named it; a dead one is ignored */
    int code;
    bool reusable;    /* of STREAM_DONE: false ends the connection when its last stream ends */
    bool stale;       /* of CLOSED: it was found dead when it was used again, so those that lay idle
                    * longer are taken for dead too and closed */
    uint32_t streams; /* of OPENED: 0: streams_max. Of CAPACITY: may be 0, and less than
                               * are in use: those go on */
    uint32_t connections_max; /* of SET_MAX */
    uint32_t permits;         /* of PERMIT and RECALL */
    uint32_t must;            /* of RECALL: of the permits, those owed although tickets wait here */
};

enum pool_effect_kind {
    POOL_OPEN,          /* connection: open one and tell OPENED or OPEN_FAILED */
    POOL_CLOSE,         /* connection: close it; no event about it counts any more */
    POOL_GRANT,         /* ticket, connection, reused: the ticket has a stream */
    POOL_REFUSE,        /* ticket, code: it gets none: ERR_BUSY (the queue is full, or none was free
                         * by its deadline, or the pool was stopped), or the code of an open that
                         * failed */
    POOL_CHECK,         /* connection: find out whether it lives and tell CHECKED; it is granted to
                         * nobody meanwhile. Only where check_every_ns is set */
    POOL_PERMIT_WANTED, /* permits, urgent: how many it would like to hold in all, 0: no more than
                         * it has; and how many for tickets that wait. Only where shared */
    POOL_PERMIT_BACK,   /* permits: given back. Only where shared */
    POOL_EFFECT_END,    /* number of kinds */
};

struct pool_effect {
    enum pool_effect_kind kind;
    struct id connection;
    struct id ticket;
    int code;
    bool reused;        /* of GRANT: the connection served a stream before */
    uint64_t waited_ns; /* of GRANT and REFUSE: since WANT */
    uint32_t permits;
    uint32_t urgent;
};

/* How a granted ticket came by its stream. */
enum pool_way {
    POOL_WAY_REUSED,    /* at once, on a connection that was there */
    POOL_WAY_WAITED,    /* one that was there already had to come free */
    POOL_WAY_CONNECTED, /* on a connection that was opened since it was wanted */
    POOL_WAY_END,
};

struct pool_metrics {
    uint32_t size;    /* connections, those being opened included */
    uint32_t opening; /* of those; likewise below */
    uint32_t active;  /* with at least one stream */
    uint32_t idle;    /* without one, also those being checked or allowed none by their peer */
    uint32_t checking;
    uint32_t draining;
    uint32_t waiting;           /* tickets */
    uint32_t streams;           /* in use */
    uint32_t connections_max;   /* at present */
    uint64_t arrivals;          /* tickets that came */
    uint64_t checkouts;         /* streams granted */
    uint64_t checkins;          /* streams ended */
    uint64_t reused;            /* granted on a connection that served before */
    uint64_t refused;           /* because the queue was full, an open failed or the pool stopped */
    uint64_t timeouts;          /* tickets whose deadline passed */
    uint64_t opened;            /* connections */
    uint64_t open_failures;     /* connections */
    uint64_t checks;            /* begun */
    uint64_t check_failures;    /* connections closed for it */
    uint64_t expired;           /* connections that reached their lifetime */
    uint64_t recalled;          /* connections given up for another pool's sake */
    uint64_t checkout_ns_total; /* of all granted: the mean is this over checkouts */
    uint64_t checkout_ns_max;
    uint64_t busy_us;     /* streams in use, summed over time */
    uint64_t open_us;     /* streams that the open connections could carry, summed over time */
    uint64_t capacity_us; /* streams that connections_max connections could, summed over time */
    uint64_t elapsed_ns;  /* since pool_init, or pool_window where it is a window's */
    uint32_t waiting_max; /* the most tickets that waited at once */

    /* In use of what the pool at its largest could carry, and of what was open, in millionths. */
    uint32_t utilization_micro;
    uint32_t utilization_open_micro;
};

/* A number of streams summed over time: microseconds, for in nanoseconds a large pool's capacity
 * would overflow within days, and what is not a whole one yet. */
struct pool_sum {
    uint64_t us;
    uint64_t rest_ns;
};

/* What a run was like, enough to simulate another with pools of other sizes. All in ns. */
struct pool_histograms {
    struct histogram checkout_ns[POOL_WAY_END]; /* from WANT to GRANT */
    struct histogram between_ns;                /* from one WANT to the next */
    struct histogram service_ns;                /* from GRANT to STREAM_DONE, where known */
    struct histogram connect_ns;                /* from OPEN to OPENED */
};

struct pool_connection;
struct pool_ticket;

struct pool {
    struct pool_settings settings;
    struct slots connections;    /* struct pool_connection */
    struct pool_ticket *tickets; /* by ticket slot */
    struct list opening;         /* connections, oldest last; likewise below */
    struct list idle;            /* the one that rested last first */
    struct list checking;
    struct list shared;
    struct list full;
    struct list shut;
    struct list draining;
    struct list unproved;         /* the idle ones, by their last sign of life, the latest first */
    struct list waiting;          /* tickets, next to be served first */
    struct pool_ticket *arriving; /* the one that came with the event being handled */
    struct alarms ticket_alarms;
    struct alarms lifetimes; /* by connection slot */
    struct ring effects;
    struct rng rng;
    uint64_t now_ns;
    uint64_t reopen_at_ns;    /* no open without a ticket to answer for it before this */
    uint64_t refill_at_ns;    /* no open for the minimum alone before this */
    uint64_t expire_at_ns;    /* no lifetime ends before this */
    uint64_t arrived_ns;      /* the last ticket */
    uint32_t open_failures;   /* in a row */
    uint32_t streams;         /* granted and not ended */
    uint32_t streams_open;    /* that the open connections could carry */
    uint32_t streams_each;    /* that a connection carries, as far as is known */
    uint32_t connections_max; /* at present */
    uint32_t permits;         /* held: never fewer than connections */
    uint32_t owed;            /* permits to be given back when idle; of those, even while */
    uint32_t owed_must;       /* tickets wait */
    uint32_t told_wanted;     /* what the last PERMIT_WANTED said */
    uint32_t told_urgent;
    bool stopped;
    uint64_t begun_ns;
    uint64_t window_begun_ns;
    struct pool_sum busy; /* sums over time, see struct pool_metrics */
    struct pool_sum open;
    struct pool_sum capacity;
    struct pool_metrics metrics;
    struct pool_metrics window; /* as they were when the window began, but its highest values */
    struct pool_histograms histograms;
};

/* ERR_LIMIT for settings out of range (connections 1 to 2^20, tickets 1 to 2^24, streams 1 to 2^16,
 * min above max, a share above one), ERR_MEMORY. */
MUST_CHECK int pool_init(struct pool *pool, const struct pool_settings *settings, uint64_t now_ns);
void pool_release(struct pool *pool);

/* It happened. ERR_MISSING where the event came too late: its connection is gone (or not open yet,
 * or not being checked), its ticket does not wait; nothing was changed then. Take all effects with
 * pool_next before the next feed or tick. */
MUST_CHECK int pool_feed(struct pool *pool, uint64_t now_ns, const struct pool_event *event);

/* Time passed: tickets, opens, checks and lifetimes expire, idle connections are checked or end. */
void pool_tick(struct pool *pool, uint64_t now_ns);

/* Do this now; false where there is nothing. */
bool pool_next(struct pool *pool, struct pool_effect *ret_effect);

/* Tick me then; UINT64_MAX: never. */
uint64_t pool_deadline(const struct pool *pool);

/* True while the connection is one of the pool's. */
bool pool_knows(const struct pool *pool, struct id connection);

/* True once a stopped pool has neither connections nor tickets. */
bool pool_over(const struct pool *pool);

/* The figures as of the last feed or tick. */
void pool_metrics(const struct pool *pool, struct pool_metrics *ret_metrics);

/* The same, but counts, sums and highest values only since the window began. */
void pool_window_metrics(const struct pool *pool, struct pool_metrics *ret_metrics);

/* A new window begins now. The histograms go on. */
void pool_window_reset(struct pool *pool);

/* Borrowed until the pool's release; they change with it. */
const struct pool_histograms *pool_histograms(const struct pool *pool);

#endif
