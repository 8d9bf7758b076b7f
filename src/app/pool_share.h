/* SPDX-License-Identifier: Apache-2.0
 *
 * pool_share: a limit of connections that holds for the process: the machine of core/pool/share.h
 * on one loop, and the pools that share it on loops of other threads, with mailboxes between them.
 *
 *     a pool's loop                         the owner's loop
 *     pool ──effects──▶ seat ══mailbox══▶ pool_share ──▶ share
 *     pool ◀──events─── seat ◀═mailbox═══ pool_share ◀──┘
 *
 * What a pool says within one turn of its loop goes out as one message, and so does what it is
 * told, so a pool that is kept busy costs the others little. A full mailbox is tried again after a
 * millisecond; nothing is lost by it, for what waits is added up.
 *
 * Memory: a seat's at pool_share_join, the rest at pool_share_new. Threads: pool_share_new and
 * pool_share_free on the owner's loop, the functions of a seat on the seat's; both loops may be the
 * same. Limits: those of core/pool/share.h. */
#ifndef ASSAY_APP_POOL_SHARE_H
#define ASSAY_APP_POOL_SHARE_H

#include <stdint.h>

#include "base/err.h"
#include "core/pool/pool.h"
#include "core/pool/share.h"

struct loop;
struct pool_share;
struct pool_seat;

struct pool_share_settings {
    const uint32_t *limits; /* connections; numbered as listed */
    uint32_t limit_count;
    uint32_t members_max;
    uint32_t mail_max; /* messages that may wait for the owner; 0: 4 for each member */
};

MUST_CHECK int pool_share_new(struct loop *loop, const struct pool_share_settings *settings,
                              struct pool_share **ret_share, struct err *reterr);

/* Everybody must have left before. NULL is fine. */
void pool_share_free(struct pool_share *share);

/* How many messages found the owner's mailbox full and were sent later. From any thread. */
uint64_t pool_share_delayed(const struct pool_share *share);

/* A POOL_PERMIT or POOL_RECALL for the pool; feed it, and take the effects. */
typedef void pool_seat_listener(void *context, const struct pool_event *event);

/* Takes seat number `member` (below members_max, nobody else's) for a pool whose settings say
 * `shared`, under the limits of these numbers, the narrowest first. ERR_INVALID, ERR_LIMIT,
 * ERR_MEMORY, ERR_IO. */
MUST_CHECK int pool_share_join(struct pool_share *share, struct loop *loop, uint32_t member,
                               const uint32_t *limits, uint32_t limit_count,
                               pool_seat_listener *listener, void *context,
                               struct pool_seat **ret_seat, struct err *reterr);

/* Passes on a POOL_PERMIT_WANTED or POOL_PERMIT_BACK of the pool. */
void pool_seat_tell(struct pool_seat *seat, const struct pool_effect *effect);

/* Gives back whatever the pool held: it must have closed its connections. No event comes any more;
 * `left` is called once the owner has taken note, and the seat is gone then. */
void pool_seat_leave(struct pool_seat *seat, void (*left)(void *context));

#endif
