/* SPDX-License-Identifier: Apache-2.0
 *
 * pool_inside: what the files of the pool share among themselves; nobody else includes it.
 * pool.c has the events, pool_settle.c what follows from them, pool_connection.c the states of a
 * connection, pool_figures.c what is measured. */
#ifndef ASSAY_CORE_POOL_POOL_INSIDE_H
#define ASSAY_CORE_POOL_POOL_INSIDE_H

#include "core/pool/pool.h"

enum pool_state {
    POOL_STATE_OPENING,
    POOL_STATE_IDLE,
    POOL_STATE_CHECKING, /* idle, and granted to nobody until it is known to live */
    POOL_STATE_SHARED,   /* has streams and room for more */
    POOL_STATE_FULL,
    POOL_STATE_SHUT,     /* has no streams, and its peer allows none */
    POOL_STATE_DRAINING, /* takes no more streams, ends with its last */
    POOL_STATE_END,
};

struct pool_connection {
    struct list_link link;  /* in the list of its state */
    struct list_link proof; /* idle: among the unproved */
    struct id id;
    enum pool_state state;
    uint32_t streams;
    uint32_t capacity; /* streams that it may have */
    uint32_t counted;  /* its part of pool.streams_open */
    bool served;       /* a stream before the present ones */
    bool alone;        /* its one stream came when it had none: granted_ns is that one's */
    uint64_t granted_ns;
    uint64_t opened_ns;
    uint64_t since_ns;  /* when it came into its state */
    uint64_t rested_ns; /* when its last stream before the present ones ended; a check is no use */
    uint64_t proved_ns; /* its last sign of life */
};

struct pool_ticket {
    struct list_link link;
    struct id id;      /* none: it does not wait */
    struct id granted; /* the last that was granted, to know how long its stream took */
    uint64_t wanted_ns;
    uint64_t granted_ns;
};

static inline struct pool_connection *pool_connection_at(struct list_link *link)
{
    return LIST_ITEM(link, struct pool_connection, link);
}

/* ---- pool_connection.c ---------------------------------------------------------------------- */

/* A new one, being opened. There must be room. */
void pool_connection_open(struct pool *pool);
/* It is open and may carry so many streams; 0: as the settings say. */
void pool_connection_opened(struct pool *pool, struct pool_connection *connection,
                            uint32_t streams);
void pool_connection_set_capacity(struct pool *pool, struct pool_connection *connection,
                                  uint32_t streams);
void pool_connection_add_stream(struct pool *pool, struct pool_connection *connection);
/* The last stream of a draining one closes it. */
void pool_connection_end_stream(struct pool *pool, struct pool_connection *connection,
                                bool reusable);
/* Takes no more streams; one without any is closed. Not one that is being opened. */
void pool_connection_drain(struct pool *pool, struct pool_connection *connection);
void pool_connection_check(struct pool *pool, struct pool_connection *connection);
void pool_connection_proved(struct pool *pool, struct pool_connection *connection);
/* It is gone; close says so to the outside too. */
void pool_connection_drop(struct pool *pool, struct pool_connection *connection);
void pool_connection_close(struct pool *pool, struct pool_connection *connection);

/* Ends those whose lifetime is over, one at a time. */
void pool_expire(struct pool *pool);
/* Begins the checks that are due, a few at a time. */
void pool_check(struct pool *pool);
/* When the next check is due: UINT64_MAX while none may begin. */
uint64_t pool_check_at(const struct pool *pool);

/* ---- pool_figures.c ------------------------------------------------------------------------- */

MUST_CHECK int pool_figures_init(struct pool *pool);
void pool_figures_release(struct pool *pool);
/* Adds up what was in use until now_ns, before it becomes the pool's now. */
void pool_figures_advance(struct pool *pool, uint64_t now_ns);
void pool_figures_arrival(struct pool *pool);
void pool_figures_checkout(struct pool *pool, enum pool_way way, uint64_t waited_ns);
/* A stream of the connection ended; the ticket may be none. Before its count is taken down. */
void pool_figures_service(struct pool *pool, const struct pool_connection *connection,
                          struct id ticket);

/* ---- pool_settle.c -------------------------------------------------------------------------- */

void pool_settle(struct pool *pool);
/* True where a connection is open that some ticket may yet get a stream of. */
bool pool_has_live(const struct pool *pool);
/* When something may be opened, or a permit asked for, that may not now. */
uint64_t pool_open_at(const struct pool *pool);

/* ---- pool.c --------------------------------------------------------------------------------- */

/* It waits no more. */
void pool_ticket_leaves(struct pool *pool, struct pool_ticket *ticket);

static inline uint32_t pool_size(const struct pool *pool)
{
    return pool->connections.taken;
}

static inline uint64_t pool_later(uint64_t a_ns, uint64_t b_ns)
{
    return b_ns > UINT64_MAX - a_ns ? UINT64_MAX : a_ns + b_ns;
}

static inline uint64_t pool_earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static inline uint32_t pool_less(uint32_t a, uint32_t b)
{
    return a > b ? a - b : 0;
}

#endif
