/* SPDX-License-Identifier: Apache-2.0
 *
 * share: one limit of connections for several pools, each on a loop of its own: a limit of 50 is 50
 * for the process, however many threads there are.
 *
 * A machine without time (feed, next), owned by one loop; the pools are its members, and mailboxes
 * carry what they say to each other. Permits go out one by one, and no more are ever out than the
 * limit: what a member holds is counted from the grant until its giving back has arrived.
 *
 *     pool: POOL_PERMIT_WANTED  →  SHARE_WANT          SHARE_GRANT   →  POOL_PERMIT
 *           POOL_PERMIT_BACK    →  SHARE_GAVE_BACK     SHARE_RECALL  →  POOL_RECALL
 *
 * A member may be under several limits, as of its host and of the process. A permit is one of each
 * or none, taken in one step: nobody holds a part while waiting for the rest, so there is no
 * deadlock.
 *
 * Who waits: a member starves that wants permits for callers; others merely fill up to a minimum
 * and get what is over. Of those that starve, the ones below their even part of the limit come
 * first, then who has waited longest; whoever was granted one or gave one back goes to the end.
 * Where a limit is exhausted, permits are recalled: idle connections from everybody, as many as are
 * missing; and those in use, each after its stream, from members above their even part as long as
 * another is below it. With more members than permits those that have none take turns with those
 * that have had theirs longest. So none starves, and none that has its part loses it.
 *
 * Recalls and wants are absolute ("so many in all"), and both sides count down a recall by what is
 * given back: messages that cross on the way lead at most to one given back too many.
 *
 * Memory: all at share_init. Threads: one owner. Limits: below. */
#ifndef ASSAY_CORE_POOL_SHARE_H
#define ASSAY_CORE_POOL_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/pool/ring.h"

enum { SHARE_MEMBERS_MAX = 1024, SHARE_LIMITS_MAX = 256, SHARE_LIMITS_OF_MEMBER_MAX = 4 };

enum share_event_kind {
    SHARE_JOIN,      /* member, limits: it is there from now on, with nothing */
    SHARE_WANT,      /* member, permits, urgent: as its POOL_PERMIT_WANTED says */
    SHARE_GAVE_BACK, /* member, permits */
    SHARE_GONE,      /* member: all that it held is free; it may join again */
    SHARE_EVENT_END, /* number of kinds */
};

struct share_event {
    enum share_event_kind kind;
    uint32_t member; /* below members_max */
    uint32_t permits;
    uint32_t urgent;
    uint32_t limits[SHARE_LIMITS_OF_MEMBER_MAX]; /* of JOIN: numbers, the narrowest limit first */
    uint32_t limit_count;
};

enum share_effect_kind {
    SHARE_GRANT,  /* member, permits: so many more */
    SHARE_RECALL, /* member, permits, must: owed when idle; of those, even while tickets wait */
};

struct share_effect {
    enum share_effect_kind kind;
    uint32_t member;
    uint32_t permits;
    uint32_t must;
};

struct share_limit {
    uint32_t max;
    uint32_t held;
    uint32_t held_max; /* the most at once so far */
    uint32_t active;   /* members that hold or want any; this and below: as of the last settling */
    uint32_t starving; /* permits that those who wait for this limit are short of */
    uint32_t below;    /* of those, up to their even part */
    uint32_t without;  /* members that wait for this limit and hold none */
};

struct share_member;

struct share {
    struct share_limit *limits;
    struct share_member *members;
    uint32_t limit_count;
    uint32_t members_max;
    uint64_t turn; /* the last one given out */
    struct ring effects;
};

/* The limits are numbered as listed, each at least 1. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int share_init(struct share *share, const uint32_t *limits, uint32_t limit_count,
                          uint32_t members_max);
void share_release(struct share *share);

/* It happened. ERR_MISSING where the member is not there, ERR_INVALID for a JOIN of one that is or
 * with limits that are not, and for more given back than is held; nothing was changed then. Take
 * all effects before the next. */
MUST_CHECK int share_feed(struct share *share, const struct share_event *event);
bool share_next(struct share *share, struct share_effect *ret_effect);

/* Permits out of that limit now, and the most at once so far. */
uint32_t share_held(const struct share *share, uint32_t limit);
uint32_t share_held_max(const struct share *share, uint32_t limit);

#endif
