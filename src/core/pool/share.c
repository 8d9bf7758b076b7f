/* SPDX-License-Identifier: Apache-2.0
 *
 * share: see share.h. Members are few (loops times pools), so that after each event all are looked
 * at, and nothing is kept in order. */
#include "core/pool/share.h"

#include <string.h>

#include "base/mem.h"

struct share_member {
    bool joined;
    uint32_t limits[SHARE_LIMITS_OF_MEMBER_MAX];
    uint32_t limit_count;
    uint32_t held;
    uint32_t wanted;  /* in all; 0: no more than it has */
    uint32_t urgent;  /* in all, for callers that wait */
    uint32_t granted; /* since the effects were last taken */
    uint32_t owed;    /* as computed now; below: as told, less what was given back since */
    uint32_t owed_must;
    uint32_t told;
    uint32_t told_must;
    uint64_t turn; /* when it was last granted a permit or gave one back, or began to wait */
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t less(uint32_t a, uint32_t b)
{
    return a > b ? a - b : 0;
}

static uint32_t short_of(const struct share_member *member)
{
    return less(member->urgent, member->held);
}

/* An even part of the limit for each member that takes part now. */
static uint32_t part_of(const struct share_limit *limit)
{
    uint32_t part = limit->active > 0 ? limit->max / limit->active : limit->max;
    return part > 0 ? part : 1;
}

static uint32_t part_of_member(const struct share *share, const struct share_member *member)
{
    uint32_t part = UINT32_MAX;

    for (uint32_t i = 0; i < member->limit_count; i++)
        part = least(part, part_of(&share->limits[member->limits[i]]));
    return part;
}

static bool is_under(const struct share_member *member, uint32_t limit)
{
    for (uint32_t i = 0; i < member->limit_count; i++)
        if (member->limits[i] == limit)
            return true;
    return false;
}

/* ---- grants --------------------------------------------------------------------------------- */

/* The first of the member's limits that has no room, or NULL. */
static struct share_limit *blocks(const struct share *share, const struct share_member *member)
{
    for (uint32_t i = 0; i < member->limit_count; i++) {
        struct share_limit *limit = &share->limits[member->limits[i]];
        if (limit->held >= limit->max)
            return limit;
    }
    return NULL;
}

/* 0: starves below its part; 1: starves; 2: fills up; 3: wants nothing. */
static unsigned rank_of(const struct share *share, const struct share_member *member)
{
    if (short_of(member) > 0)
        return member->held < part_of_member(share, member) ? 0 : 1;
    return member->wanted > member->held ? 2 : 3;
}

static struct share_member *next_to_be_served(const struct share *share)
{
    struct share_member *best = NULL;
    unsigned best_rank = 3;

    for (uint32_t i = 0; i < share->members_max; i++) {
        struct share_member *member = &share->members[i];
        if (!member->joined || blocks(share, member) != NULL)
            continue;
        unsigned rank = rank_of(share, member);
        if (rank < best_rank || (best != NULL && rank == best_rank && member->turn < best->turn)) {
            best = member;
            best_rank = rank;
        }
    }
    return best;
}

static void take(struct share *share, struct share_member *member)
{
    for (uint32_t i = 0; i < member->limit_count; i++) {
        struct share_limit *limit = &share->limits[member->limits[i]];
        limit->held++;
        if (limit->held > limit->held_max)
            limit->held_max = limit->held;
    }
    member->held++;
    member->granted++;
    member->turn = ++share->turn;
}

static void grant_what_is_free(struct share *share)
{
    for (struct share_member *next; (next = next_to_be_served(share)) != NULL;)
        take(share, next);
}

/* ---- recalls -------------------------------------------------------------------------------- */

static void count_active(struct share *share)
{
    for (uint32_t i = 0; i < share->limit_count; i++)
        share->limits[i].active = 0;
    for (uint32_t i = 0; i < share->members_max; i++) {
        const struct share_member *member = &share->members[i];
        if (!member->joined || (member->held == 0 && member->wanted == 0))
            continue;
        for (uint32_t k = 0; k < member->limit_count; k++)
            share->limits[member->limits[k]].active++;
    }
}

static void count_starving(struct share *share)
{
    for (uint32_t i = 0; i < share->limit_count; i++) {
        struct share_limit *limit = &share->limits[i];
        limit->starving = 0;
        limit->below = 0;
        limit->without = 0;
    }
    for (uint32_t i = 0; i < share->members_max; i++) {
        const struct share_member *member = &share->members[i];
        struct share_limit *limit = member->joined ? blocks(share, member) : NULL;
        if (limit == NULL || short_of(member) == 0)
            continue;
        uint32_t part = part_of_member(share, member);
        limit->starving += short_of(member);
        limit->below += less(least(member->urgent, part), member->held);
        limit->without += member->held == 0 ? 1 : 0;
    }
}

/* Idle ones are owed by everybody who holds any. */
static void recall_idle(struct share *share, uint32_t number)
{
    const struct share_limit *limit = &share->limits[number];

    for (uint32_t i = 0; i < share->members_max; i++) {
        struct share_member *member = &share->members[i];
        if (!member->joined || !is_under(member, number))
            continue;
        uint32_t others = less(limit->starving, short_of(member));
        uint32_t owed = least(others, member->held);
        member->owed = owed > member->owed ? owed : member->owed;
    }
}

/* The member under the limit that holds most above its part and does not owe all of that yet. */
static struct share_member *richest(struct share *share, uint32_t number)
{
    uint32_t part = part_of(&share->limits[number]);
    struct share_member *best = NULL;
    uint32_t best_above = 0;

    for (uint32_t i = 0; i < share->members_max; i++) {
        struct share_member *member = &share->members[i];
        if (!member->joined || !is_under(member, number))
            continue;
        uint32_t above = less(member->held - member->owed_must, part);
        if (above > best_above) {
            best = member;
            best_above = above;
        }
    }
    return best;
}

/* The member under the limit that holds some, owes none and has had its last the longest. */
static struct share_member *longest_holder(struct share *share, uint32_t number)
{
    struct share_member *best = NULL;

    for (uint32_t i = 0; i < share->members_max; i++) {
        struct share_member *member = &share->members[i];
        if (!member->joined || !is_under(member, number) || member->held <= member->owed_must)
            continue;
        if (best == NULL || member->turn < best->turn)
            best = member;
    }
    return best;
}

static void recall_in_use(struct share *share, uint32_t number)
{
    const struct share_limit *limit = &share->limits[number];
    uint32_t more = limit->below;
    struct share_member *from;

    for (; more > 0 && (from = richest(share, number)) != NULL; more--)
        from->owed_must++;
    if (limit->active <= limit->max)
        return;
    /* More members than permits: they take turns. */
    more = least(more, limit->without);
    for (; more > 0 && (from = longest_holder(share, number)) != NULL; more--)
        from->owed_must++;
}

static void recall_what_is_missing(struct share *share)
{
    for (uint32_t i = 0; i < share->members_max; i++) {
        share->members[i].owed = 0;
        share->members[i].owed_must = 0;
    }
    for (uint32_t number = 0; number < share->limit_count; number++) {
        if (share->limits[number].starving == 0)
            continue;
        recall_idle(share, number);
        recall_in_use(share, number);
    }
}

static void tell(struct share *share)
{
    for (uint32_t i = 0; i < share->members_max; i++) {
        struct share_member *member = &share->members[i];
        struct share_effect effect = {.kind = SHARE_GRANT, .member = i, .permits = member->granted};
        if (member->granted > 0)
            ring_push(&share->effects, &effect);
        member->granted = 0;
        if (member->owed < member->owed_must)
            member->owed = member->owed_must;
        if (member->owed == member->told && member->owed_must == member->told_must)
            continue;
        effect.kind = SHARE_RECALL;
        effect.permits = member->told = member->owed;
        effect.must = member->told_must = member->owed_must;
        ring_push(&share->effects, &effect);
    }
}

static void settle(struct share *share)
{
    count_active(share);
    grant_what_is_free(share);
    count_active(share);
    count_starving(share);
    recall_what_is_missing(share);
    tell(share);
}

/* ---- events --------------------------------------------------------------------------------- */

static int join(struct share *share, const struct share_event *event)
{
    struct share_member *member = &share->members[event->member];
    if (member->joined || event->limit_count < 1 || event->limit_count > SHARE_LIMITS_OF_MEMBER_MAX)
        return ERR_INVALID;
    for (uint32_t i = 0; i < event->limit_count; i++) {
        if (event->limits[i] >= share->limit_count)
            return ERR_INVALID;
        for (uint32_t k = 0; k < i; k++)
            if (event->limits[k] == event->limits[i])
                return ERR_INVALID;
    }

    *member = (struct share_member){.joined = true, .limit_count = event->limit_count};
    memcpy(member->limits, event->limits, sizeof member->limits);
    return 0;
}

static int want(struct share *share, const struct share_event *event)
{
    struct share_member *member = &share->members[event->member];
    if (!member->joined)
        return ERR_MISSING;

    bool waited = member->wanted > member->held;
    member->wanted = event->permits > event->urgent ? event->permits : event->urgent;
    member->urgent = event->urgent;
    if (!waited && member->wanted > member->held)
        member->turn = ++share->turn;
    return 0;
}

static void put_back(struct share *share, struct share_member *member, uint32_t permits)
{
    for (uint32_t i = 0; i < member->limit_count; i++)
        share->limits[member->limits[i]].held -= permits;
    member->held -= permits;
}

static int gave_back(struct share *share, const struct share_event *event)
{
    struct share_member *member = &share->members[event->member];
    if (!member->joined)
        return ERR_MISSING;
    if (event->permits > member->held)
        return ERR_INVALID;

    put_back(share, member, event->permits);
    member->told = less(member->told, event->permits);
    member->told_must = less(member->told_must, event->permits);
    member->turn = ++share->turn;
    return 0;
}

static int gone(struct share *share, const struct share_event *event)
{
    struct share_member *member = &share->members[event->member];
    if (!member->joined)
        return ERR_MISSING;

    put_back(share, member, member->held);
    *member = (struct share_member){.joined = false};
    return 0;
}

int share_feed(struct share *share, const struct share_event *event)
{
    static int (*const handlers[SHARE_EVENT_END])(struct share *, const struct share_event *) = {
        [SHARE_JOIN] = join,
        [SHARE_WANT] = want,
        [SHARE_GAVE_BACK] = gave_back,
        [SHARE_GONE] = gone,
    };

    assert_always(share->effects.count == 0 && event->member < share->members_max);
    int code = handlers[event->kind](share, event);
    if (code == 0)
        settle(share);
    return code;
}

bool share_next(struct share *share, struct share_effect *ret_effect)
{
    return ring_pop(&share->effects, ret_effect);
}

uint32_t share_held(const struct share *share, uint32_t limit)
{
    assert_always(limit < share->limit_count);
    return share->limits[limit].held;
}

uint32_t share_held_max(const struct share *share, uint32_t limit)
{
    assert_always(limit < share->limit_count);
    return share->limits[limit].held_max;
}

/* ---- life ----------------------------------------------------------------------------------- */

int share_init(struct share *share, const uint32_t *limits, uint32_t limit_count,
               uint32_t members_max)
{
    if (limit_count < 1 || limit_count > SHARE_LIMITS_MAX || members_max < 1
        || members_max > SHARE_MEMBERS_MAX)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < limit_count; i++)
        if (limits[i] < 1)
            return ERR_LIMIT;

    *share = (struct share){.limit_count = limit_count, .members_max = members_max};
    share->limits = mem_new(limit_count, sizeof *share->limits);
    share->members = mem_new(members_max, sizeof *share->members);
    int code = share->limits == NULL || share->members == NULL ? ERR_MEMORY : 0;
    /* Between two drains: a grant and a recall of each. */
    if (code == 0)
        code = ring_init(&share->effects, (size_t)2 * members_max, sizeof(struct share_effect));
    if (code != 0) {
        share_release(share);
        return code;
    }
    for (uint32_t i = 0; i < limit_count; i++)
        share->limits[i].max = limits[i];
    return 0;
}

void share_release(struct share *share)
{
    mem_free(share->limits);
    mem_free(share->members);
    ring_release(&share->effects);
    *share = (struct share){0};
}
