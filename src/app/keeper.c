/* SPDX-License-Identifier: Apache-2.0
 *
 * keeper: see keeper.h. The machine says when, keeper_fetch goes and gets them. */
#include "app/keeper.h"

#include "app/keeper_fetch.h"
#include "base/arena.h"
#include "base/mem.h"
#include "core/call/keys.h"
#include "shell/os/seed.h"
#include "wire/outside.h"

enum { WAY_BYTES_MAX = 1024 * 1024, KEYS_BYTES_MAX = 64 * 1024 };

static const int64_t SECOND_NS = 1000000000;

struct keepers {
    struct keeper *first;
};

struct keeper {
    struct keepers *among; /* NULL: it stands alone */
    struct keeper *next;
    uint32_t owners;
    struct host host;
    struct arena arena; /* of the way */
    struct credentials credentials;
    struct keys machine;
    struct arena keys_arena;
    struct sigv4_credentials keys;
    struct fetch *fetch;
    struct keeper_waiter waiting; /* heads of rings */
    struct keeper_waiter waking;
    struct err reason; /* why there are none */
    bool driving;
};

static int64_t now_s(const struct keeper *keeper)
{
    return keeper->host.outside->ops->unix_s(keeper->host.outside);
}

/* ---- those that wait ------------------------------------------------------------------------ */

static void ring_of_nobody(struct keeper_waiter *head)
{
    head->next = head->previous = head;
}

static void leave(struct keeper_waiter *waiter)
{
    waiter->next->previous = waiter->previous;
    waiter->previous->next = waiter->next;
    waiter->next = waiter->previous = NULL;
    waiter->keeper = NULL;
}

static void join(struct keeper *keeper, struct keeper_waiter *waiter)
{
    struct keeper_waiter *head = &keeper->waiting;

    if (waiter->keeper != NULL)
        return;
    waiter->keeper = keeper;
    waiter->next = head;
    waiter->previous = head->previous;
    head->previous->next = waiter;
    head->previous = waiter;
}

/* Those that wait now: one may wait again from inside its `ready`, or have another forgotten. */
static void wake_all(struct keeper *keeper, int code)
{
    struct keeper_waiter *from = &keeper->waiting;
    struct keeper_waiter *to = &keeper->waking;

    if (from->next == from)
        return;
    *to = *from;
    to->next->previous = to;
    to->previous->next = to;
    ring_of_nobody(from);
    while (to->next != to) {
        struct keeper_waiter *waiter = to->next;
        leave(waiter);
        waiter->ready(waiter->context, code, code == 0 ? "" : keeper->reason.text);
    }
}

/* ---- driving -------------------------------------------------------------------------------- */

static void drive(struct keeper *keeper);

static void feed(struct keeper *keeper, const struct keys_event *event)
{
    int code = keys_feed(&keeper->machine, now_s(keeper), event);
    assert_always(code == 0);
}

static void refuse(struct keeper *keeper, int code, const char *text)
{
    fail(&keeper->reason, code, "%s", text);
    feed(keeper, &(struct keys_event){.kind = KEYS_REFUSED});
}

static void take_keys(struct keeper *keeper, const struct credentials_answer *answer)
{
    struct sigv4_credentials keys = answer->keys;
    struct arena arena;

    if (answer->expires_s != 0 && answer->expires_s <= now_s(keeper)) {
        refuse(keeper, ERR_DENIED,
               "the AWS keys that came have ended already; is this machine's clock right?");
        return;
    }
    arena_init(&arena, KEYS_BYTES_MAX);
    int code = arena_copy(&arena, keys.access_key, &keys.access_key);
    if (code == 0)
        code = arena_copy(&arena, keys.secret_key, &keys.secret_key);
    if (code == 0)
        code = arena_copy(&arena, keys.session_token, &keys.session_token);
    if (code != 0) {
        arena_release(&arena);
        refuse(keeper, code, "no memory for AWS keys");
        return;
    }
    arena_release(&keeper->keys_arena);
    keeper->keys_arena = arena;
    keeper->keys = keys;
    feed(keeper, &(struct keys_event){.kind = KEYS_FETCHED, .expires_s = answer->expires_s});
}

static void on_fetched(void *context, int code, const char *text,
                       const struct credentials_answer *answer)
{
    struct keeper *keeper = context;

    if (code == 0)
        take_keys(keeper, answer);
    else
        refuse(keeper, code, text);
    fetch_free(keeper->fetch);
    keeper->fetch = NULL;
    drive(keeper);
}

static void begin_fetch(struct keeper *keeper)
{
    int code = fetch_new(&keeper->host, &keeper->credentials, on_fetched, keeper, &keeper->fetch);

    if (code != 0)
        refuse(keeper, code, "no memory or timer to fetch AWS keys");
}

static void woken(void *context, uint64_t now_ns)
{
    struct keeper *keeper = context;

    (void)now_ns;
    keys_tick(&keeper->machine, now_s(keeper));
    drive(keeper);
}

/* The refresh ahead of need is all that this timer is for: without it, it comes with the next ask.
 */
static void arm(struct keeper *keeper)
{
    struct outside *outside = keeper->host.outside;
    int64_t deadline_s = keys_deadline(&keeper->machine);
    int64_t in_s = deadline_s == INT64_MAX ? -1 : deadline_s - now_s(keeper);
    uint64_t at_ns = UINT64_MAX;

    if (deadline_s != INT64_MAX && in_s < INT64_MAX / SECOND_NS / 2)
        at_ns = outside->ops->now(outside) + (in_s > 0 ? (uint64_t)(in_s * SECOND_NS) : 0);
    (void)!outside->ops->wake_at(outside, at_ns, woken, keeper);
}

/* What the machine says. From inside a `ready` that asks again: after it. */
static void drive(struct keeper *keeper)
{
    struct keys_effect effect;

    if (keeper->driving)
        return;
    keeper->driving = true;
    while (keys_next(&keeper->machine, &effect)) {
        if (effect.kind == KEYS_FETCH)
            begin_fetch(keeper);
        else
            wake_all(keeper, effect.code == 0 ? 0 : keeper->reason.code);
    }
    keeper->driving = false;
    if (!credentials_are_static(&keeper->credentials))
        arm(keeper);
}

/* ---- asking --------------------------------------------------------------------------------- */

int keeper_keys(struct keeper *keeper, struct keeper_waiter *waiter,
                struct sigv4_credentials *ret_keys, struct err *reterr)
{
    const struct keys_event asked = {.kind = KEYS_ASKED};
    int code = keys_feed(&keeper->machine, now_s(keeper), &asked);

    drive(keeper);
    /* It could not even begin: nobody else waited, so nobody was told. */
    if (code == ERR_BUSY && !keeper->driving && keeper->fetch == NULL)
        code = keys_feed(&keeper->machine, now_s(keeper), &asked);
    if (code == 0)
        *ret_keys = keeper->keys;
    else if (code == ERR_BUSY)
        join(keeper, waiter);
    else
        return fail(reterr, keeper->reason.code, "%s", keeper->reason.text);
    return code;
}

void keeper_forget(struct keeper *keeper, struct keeper_waiter *waiter)
{
    if (waiter->keeper != NULL && waiter->keeper == keeper)
        leave(waiter);
}

/* ---- life ----------------------------------------------------------------------------------- */

int keepers_new(struct keepers **ret_keepers, struct err *reterr)
{
    struct keepers *keepers = mem_new(1, sizeof *keepers);
    if (keepers == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");

    *ret_keepers = keepers;
    return 0;
}

void keepers_free(struct keepers *keepers)
{
    assert_always(keepers == NULL || keepers->first == NULL);
    mem_free(keepers);
}

static struct keeper *find(const struct keepers *keepers, const struct credentials *credentials)
{
    struct keeper *keeper = keepers != NULL ? keepers->first : NULL;

    while (keeper != NULL && !credentials_equal(&keeper->credentials, credentials))
        keeper = keeper->next;
    return keeper;
}

static void enter(struct keepers *keepers, struct keeper *keeper)
{
    if (keepers == NULL)
        return;
    keeper->among = keepers;
    keeper->next = keepers->first;
    keepers->first = keeper;
}

static void withdraw(struct keeper *keeper)
{
    struct keeper **at = keeper->among != NULL ? &keeper->among->first : NULL;

    while (at != NULL && *at != keeper)
        at = &(*at)->next;
    if (at != NULL)
        *at = keeper->next;
}

int keeper_new(const struct host *host, const struct keeper_options *options,
               struct keeper **ret_keeper, struct err *reterr)
{
    struct keeper *known = find(host->keepers, options->credentials);
    if (known != NULL) {
        known->owners++;
        *ret_keeper = known;
        return 0;
    }
    if (options->credentials->kind == CREDENTIALS_PROCESS && host->processes == NULL)
        return fail(reterr, ERR_UNSUPPORTED, "no credential_process can be run here");

    struct keeper *keeper = mem_new(1, sizeof *keeper);
    if (keeper == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    keeper->owners = 1;
    keeper->host = *host;
    ring_of_nobody(&keeper->waiting);
    ring_of_nobody(&keeper->waking);
    arena_init(&keeper->arena, WAY_BYTES_MAX);
    arena_init(&keeper->keys_arena, KEYS_BYTES_MAX);
    keys_init(&keeper->machine, options->seed != 0 ? options->seed : seed_random());
    if (credentials_copy(&keeper->arena, options->credentials, &keeper->credentials) != 0) {
        keeper_free(keeper);
        return fail(reterr, ERR_MEMORY, "no memory for the way to AWS keys");
    }
    if (credentials_are_static(&keeper->credentials)) {
        keeper->keys = keeper->credentials.keys;
        feed(keeper, &(struct keys_event){.kind = KEYS_FETCHED});
        drive(keeper);
    }
    enter(host->keepers, keeper);
    *ret_keeper = keeper;
    return 0;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL || --keeper->owners > 0)
        return;
    assert_always(!keeper->driving);
    assert_always(keeper->waiting.next == &keeper->waiting);

    withdraw(keeper);
    fetch_free(keeper->fetch);
    if (!credentials_are_static(&keeper->credentials))
        (void)!keeper->host.outside->ops->wake_at(keeper->host.outside, UINT64_MAX, woken, keeper);
    arena_release(&keeper->keys_arena);
    arena_release(&keeper->arena);
    mem_free(keeper);
}
