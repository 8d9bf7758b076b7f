/* SPDX-License-Identifier: Apache-2.0
 *
 * pool_share: see pool_share.h. On both sides what is to be said next is kept added up (permits) or
 * as last said (wants, recalls, which are absolute), and sent when the loop comes to it or when the
 * mailbox has room again. */
#include "app/pool_share.h"

#include <stdbool.h>

#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/os/mailbox.h"

enum { MAIL_OF_MEMBER = 4, MAIL_TO_MEMBER = 8 };

static const uint64_t TRY_AGAIN_NS = 1000000;

/* From a seat to the owner. */
enum note_kind { NOTE_JOIN, NOTE_STATE, NOTE_LEAVE };

struct note {
    enum note_kind kind;
    uint32_t member;
    struct mailbox *reply_to; /* of JOIN; nobody posts to it after the answer to LEAVE */
    uint32_t limits[SHARE_LIMITS_OF_MEMBER_MAX];
    uint32_t limit_count;
    bool wants; /* of STATE: wanted and urgent are news */
    uint32_t wanted;
    uint32_t urgent;
    uint32_t back;
};

/* From the owner to a seat. */
struct answer {
    uint32_t permits;
    bool recalls; /* owed and must are news */
    uint32_t owed;
    uint32_t must;
    bool left; /* the last one */
};

/* What the owner knows of a member. */
struct member {
    struct mailbox *reply_to;
    struct answer next;
    bool has_next;
};

struct pool_share {
    struct loop *loop;
    struct mailbox *mailbox;
    struct share machine;
    struct member *members;
    uint32_t members_max;
    uint32_t limit_count;
    struct loop_task task; /* sends what is to be said */
};

struct pool_seat {
    struct pool_share *share;
    struct loop *loop;
    struct mailbox *mailbox;
    pool_seat_listener *listener;
    void *context;
    void (*left)(void *context);
    struct note next;
    bool has_next;
    bool joined; /* the owner was told; JOIN goes out before anything else */
    struct note join;
    struct loop_task task;
};

/* ---- the owner ------------------------------------------------------------------------------ */

static void owner_sends(void *context);

static void owner_tries_again(void *context, uint64_t now_ns)
{
    (void)now_ns;
    owner_sends(context);
}

static void owner_sends(void *context)
{
    struct pool_share *share = context;
    bool full = false;

    for (uint32_t i = 0; i < share->members_max; i++) {
        struct member *member = &share->members[i];
        if (!member->has_next)
            continue;
        if (mailbox_post(member->reply_to, &member->next) != 0) {
            full = true;
            continue;
        }
        bool left = member->next.left;
        member->next = (struct answer){0};
        member->has_next = false;
        if (left)
            member->reply_to = NULL;
    }
    /* Without memory for a timer the next note from anybody tries again. */
    if (full
        && loop_wake_at(share->loop, loop_now(share->loop) + TRY_AGAIN_NS, owner_tries_again, share)
               != 0)
        loop_defer(share->loop, &share->task);
}

/* Adds what the machine wants said to what is to be said. */
static void drain_machine(struct pool_share *share)
{
    struct share_effect effect;

    while (share_next(&share->machine, &effect)) {
        struct member *member = &share->members[effect.member];
        if (effect.kind == SHARE_GRANT) {
            member->next.permits += effect.permits;
        } else {
            member->next.recalls = true;
            member->next.owed = effect.permits;
            member->next.must = effect.must;
        }
        member->has_next = true;
        loop_defer(share->loop, &share->task);
    }
}

static void feed(struct pool_share *share, const struct share_event *event)
{
    int code = share_feed(&share->machine, event);

    /* Seats check what they say before they say it. */
    assert_always(code == 0);
    drain_machine(share);
}

static void owner_joins(struct pool_share *share, const struct note *note)
{
    struct share_event event = {
        .kind = SHARE_JOIN,
        .member = note->member,
        .limit_count = note->limit_count,
    };

    for (uint32_t i = 0; i < note->limit_count; i++)
        event.limits[i] = note->limits[i];
    share->members[note->member] = (struct member){.reply_to = note->reply_to};
    feed(share, &event);
}

/* First what is wanted, then what came back: or it might be granted to the same again. */
static void owner_notes_state(struct pool_share *share, const struct note *note)
{
    if (note->wants)
        feed(share, &(struct share_event){.kind = SHARE_WANT,
                                          .member = note->member,
                                          .permits = note->wanted,
                                          .urgent = note->urgent});
    if (note->back > 0)
        feed(share, &(struct share_event){
                        .kind = SHARE_GAVE_BACK, .member = note->member, .permits = note->back});
}

static void owner_leaves(struct pool_share *share, const struct note *note)
{
    struct member *member = &share->members[note->member];

    feed(share, &(struct share_event){.kind = SHARE_GONE, .member = note->member});
    member->next = (struct answer){.left = true};
    member->has_next = true;
    loop_defer(share->loop, &share->task);
}

static void on_note(void *context, const void *message)
{
    static void (*const handlers[])(struct pool_share *, const struct note *) = {
        [NOTE_JOIN] = owner_joins,
        [NOTE_STATE] = owner_notes_state,
        [NOTE_LEAVE] = owner_leaves,
    };
    const struct note *note = message;

    handlers[note->kind](context, note);
}

int pool_share_new(struct loop *loop, const struct pool_share_settings *settings,
                   struct pool_share **ret_share, struct err *reterr)
{
    struct pool_share *share = mem_new(1, sizeof *share);
    if (share == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for a shared limit of connections");

    share->loop = loop;
    share->members_max = settings->members_max;
    share->limit_count = settings->limit_count;
    share->task = (struct loop_task){.run = owner_sends, .context = share};
    int code =
        share_init(&share->machine, settings->limits, settings->limit_count, settings->members_max);
    if (code != 0) {
        mem_free(share);
        return fail(reterr, code, "cannot share %u limits of connections among %u pools: %s",
                    settings->limit_count, settings->members_max, err_text(code));
    }
    share->members = mem_new(share->members_max, sizeof *share->members);
    if (share->members == NULL)
        code = fail(reterr, ERR_MEMORY, "out of memory for a shared limit of connections");
    uint32_t mail_max =
        settings->mail_max != 0 ? settings->mail_max : MAIL_OF_MEMBER * share->members_max;
    if (code == 0)
        code = mailbox_new(loop, sizeof(struct note), mail_max, on_note, share, &share->mailbox,
                           reterr);
    if (code != 0) {
        share_release(&share->machine);
        mem_free(share->members);
        mem_free(share);
        return code;
    }
    *ret_share = share;
    return 0;
}

void pool_share_free(struct pool_share *share)
{
    if (share == NULL)
        return;
    loop_undefer(share->loop, &share->task);
    loop_wake_never(share->loop, share);
    mailbox_free(share->mailbox);
    share_release(&share->machine);
    mem_free(share->members);
    mem_free(share);
}

uint64_t pool_share_delayed(const struct pool_share *share)
{
    return mailbox_refused(share->mailbox);
}

/* ---- a seat --------------------------------------------------------------------------------- */

static void seat_sends(void *context);

static void seat_tries_again(void *context, uint64_t now_ns)
{
    (void)now_ns;
    seat_sends(context);
}

static bool post(struct pool_seat *seat, const struct note *note)
{
    if (mailbox_post(seat->share->mailbox, note) == 0)
        return true;
    if (loop_wake_at(seat->loop, loop_now(seat->loop) + TRY_AGAIN_NS, seat_tries_again, seat) != 0)
        loop_defer(seat->loop, &seat->task);
    return false;
}

static void seat_sends(void *context)
{
    struct pool_seat *seat = context;

    if (!seat->joined && !post(seat, &seat->join))
        return;
    seat->joined = true;
    if (!seat->has_next || !post(seat, &seat->next))
        return;
    seat->has_next = false;
    seat->next = (struct note){.kind = NOTE_STATE, .member = seat->join.member};
}

static void free_seat(void *context)
{
    struct pool_seat *seat = context;
    void (*left)(void *) = seat->left;
    void *whose = seat->context;

    loop_wake_never(seat->loop, seat);
    mailbox_free(seat->mailbox);
    mem_free(seat);
    left(whose);
}

static void on_answer(void *context, const void *message)
{
    struct pool_seat *seat = context;
    const struct answer *answer = message;

    if (answer->left) {
        /* Not from inside the mailbox's own call. */
        loop_undefer(seat->loop, &seat->task);
        seat->task.run = free_seat;
        loop_defer(seat->loop, &seat->task);
        return;
    }
    if (seat->left != NULL)
        return; /* it crossed our leaving, which gives back all */
    if (answer->permits > 0)
        seat->listener(seat->context,
                       &(struct pool_event){.kind = POOL_PERMIT, .permits = answer->permits});
    if (answer->recalls && seat->left == NULL)
        seat->listener(seat->context, &(struct pool_event){.kind = POOL_RECALL,
                                                           .permits = answer->owed,
                                                           .must = answer->must});
}

static bool are_known(const struct pool_share *share, uint32_t member, const uint32_t *limits,
                      uint32_t limit_count)
{
    if (member >= share->members_max || limit_count < 1 || limit_count > SHARE_LIMITS_OF_MEMBER_MAX)
        return false;
    for (uint32_t i = 0; i < limit_count; i++) {
        if (limits[i] >= share->limit_count)
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (limits[k] == limits[i])
                return false;
    }
    return true;
}

int pool_share_join(struct pool_share *share, struct loop *loop, uint32_t member,
                    const uint32_t *limits, uint32_t limit_count, pool_seat_listener *listener,
                    void *context, struct pool_seat **ret_seat, struct err *reterr)
{
    if (!are_known(share, member, limits, limit_count))
        return fail(reterr, ERR_INVALID,
                    "seat %u under %u limits is none of a shared limit of connections", member,
                    limit_count);
    struct pool_seat *seat = mem_new(1, sizeof *seat);
    if (seat == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for a pool's part of a limit");

    *seat = (struct pool_seat){
        .share = share,
        .loop = loop,
        .listener = listener,
        .context = context,
        .next = {.kind = NOTE_STATE, .member = member},
        .join = {.kind = NOTE_JOIN, .member = member, .limit_count = limit_count},
        .task = {.run = seat_sends, .context = seat},
    };
    for (uint32_t i = 0; i < limit_count; i++)
        seat->join.limits[i] = limits[i];
    int code = mailbox_new(loop, sizeof(struct answer), MAIL_TO_MEMBER, on_answer, seat,
                           &seat->mailbox, reterr);
    if (code != 0) {
        mem_free(seat);
        return code;
    }
    seat->join.reply_to = seat->mailbox;
    loop_defer(loop, &seat->task);
    *ret_seat = seat;
    return 0;
}

void pool_seat_tell(struct pool_seat *seat, const struct pool_effect *effect)
{
    assert_always(seat->left == NULL);
    if (effect->kind == POOL_PERMIT_WANTED) {
        seat->next.wants = true;
        seat->next.wanted = effect->permits;
        seat->next.urgent = effect->urgent;
    } else {
        assert_always(effect->kind == POOL_PERMIT_BACK);
        seat->next.back += effect->permits;
    }
    seat->has_next = true;
    loop_defer(seat->loop, &seat->task);
}

void pool_seat_leave(struct pool_seat *seat, void (*left)(void *context))
{
    assert_always(seat->left == NULL && left != NULL);
    seat->left = left;
    seat->next = (struct note){.kind = NOTE_LEAVE, .member = seat->join.member};
    seat->has_next = true;
    loop_defer(seat->loop, &seat->task);
}
