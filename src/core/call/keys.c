/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: see keys.h. */
#include "core/call/keys.h"

/* ---- states --------------------------------------------------------------------------------- */

static const bool legal[KEYS_STATE_END][KEYS_STATE_END] = {
    [KEYS_EMPTY] = {[KEYS_FETCHING] = true, [KEYS_GOOD] = true},
    [KEYS_FETCHING] = {[KEYS_GOOD] = true, [KEYS_FAILED] = true},
    [KEYS_GOOD] = {[KEYS_STALE] = true, [KEYS_FETCHING] = true, [KEYS_FAILED] = true},
    [KEYS_STALE] = {[KEYS_GOOD] = true, [KEYS_FETCHING] = true, [KEYS_FAILED] = true},
    [KEYS_FAILED] = {[KEYS_FETCHING] = true},
};

static void set_state(struct keys *keys, enum keys_state state)
{
    if (state == keys->state)
        return;
    assert_always(legal[keys->state][state]);
    keys->state = state;
}

static bool is_alive(const struct keys *keys, int64_t now_s)
{
    return keys->has_keys && (keys->expires_s == 0 || now_s < keys->expires_s);
}

/* Near its end: who asks waits for new ones. */
static bool is_urgent(const struct keys *keys, int64_t now_s)
{
    return keys->expires_s != 0 && now_s >= keys->expires_s - KEYS_WAIT_AHEAD_S;
}

static bool is_fetching(const struct keys *keys)
{
    return keys->state == KEYS_FETCHING || keys->state == KEYS_STALE;
}

static void wake(struct keys *keys, int code)
{
    keys->wake_pending = true;
    keys->wake_code = code;
}

/* Takes notice of the time: keys that came to their end are no more, and a clock that was set back
 * puts no attempt off. */
static void notice(struct keys *keys, int64_t now_s)
{
    if (keys->retry_s - now_s > 2 * KEYS_DELAY_S_MAX)
        keys->retry_s = now_s;
    if (!keys->has_keys || is_alive(keys, now_s))
        return;
    keys->has_keys = false;
    if (keys->state == KEYS_STALE)
        set_state(keys, KEYS_FETCHING);
    else if (keys->state == KEYS_GOOD) /* it is asked again at once, or when the delay is over */
        set_state(keys, KEYS_FAILED);
}

/* ---- what happens --------------------------------------------------------------------------- */

static int asked(struct keys *keys, int64_t now_s)
{
    bool may_fetch = !is_fetching(keys) && now_s >= keys->retry_s;

    keys->used = true;
    if (may_fetch && (!keys->has_keys || now_s >= keys->refresh_s)) {
        set_state(keys, keys->has_keys ? KEYS_STALE : KEYS_FETCHING);
        keys->fetch_pending = true;
    }
    if (!keys->has_keys)
        return is_fetching(keys) ? ERR_BUSY : ERR_DENIED;
    return is_fetching(keys) && is_urgent(keys, now_s) ? ERR_BUSY : 0;
}

/* When keys with that end are to be refreshed: the wanted time ahead, but where they are good for
 * a short time only not before half of it is over. */
static int64_t refresh_time(struct keys *keys, int64_t now_s, int64_t expires_s)
{
    if (expires_s == 0)
        return INT64_MAX;
    int64_t ahead_s = KEYS_REFRESH_AHEAD_S + (int64_t)rng_below(&keys->rng, KEYS_REFRESH_JITTER_S);
    int64_t half_s = (expires_s - now_s) / 2;

    return expires_s - (ahead_s < half_s ? ahead_s : half_s);
}

/* 1, 2, 4, … seconds, and up to half as much again. */
static int64_t delay_s(struct keys *keys)
{
    int64_t delay_s = KEYS_DELAY_S_MIN;

    for (uint32_t i = 0; i < keys->failures && delay_s < KEYS_DELAY_S_MAX; i++)
        delay_s *= 2;
    if (delay_s > KEYS_DELAY_S_MAX)
        delay_s = KEYS_DELAY_S_MAX;
    return delay_s + (int64_t)rng_below(&keys->rng, (uint64_t)(delay_s / 2 + 1));
}

static int refused(struct keys *keys, int64_t now_s)
{
    keys->retry_s = now_s + delay_s(keys);
    keys->failures++;
    set_state(keys, keys->has_keys ? KEYS_GOOD : KEYS_FAILED);
    wake(keys, keys->has_keys ? 0 : ERR_DENIED);
    return 0;
}

static int fetched(struct keys *keys, int64_t now_s, int64_t expires_s)
{
    if (expires_s != 0 && expires_s <= now_s) /* useless, and would be fetched again at once */
        return refused(keys, now_s);
    keys->failures = 0;
    keys->retry_s = 0;
    keys->has_keys = true;
    keys->expires_s = expires_s;
    keys->refresh_s = refresh_time(keys, now_s, expires_s);
    keys->used = false;
    set_state(keys, KEYS_GOOD);
    wake(keys, 0);
    return 0;
}

/* ---- the machine ---------------------------------------------------------------------------- */

void keys_init(struct keys *keys, uint64_t seed)
{
    *keys = (struct keys){.state = KEYS_EMPTY, .refresh_s = INT64_MAX};
    rng_init(&keys->rng, seed);
}

int keys_feed(struct keys *keys, int64_t now_s, const struct keys_event *event)
{
    notice(keys, now_s);
    switch (event->kind) {
    case KEYS_ASKED:
        return asked(keys, now_s);
    case KEYS_FETCHED:
        return fetched(keys, now_s, event->expires_s);
    case KEYS_REFUSED:
        return refused(keys, now_s);
    }
    return 0;
}

void keys_tick(struct keys *keys, int64_t now_s)
{
    notice(keys, now_s);
    if (keys->state != KEYS_GOOD || !keys->used || now_s < keys->refresh_s || now_s < keys->retry_s)
        return;
    set_state(keys, KEYS_STALE);
    keys->fetch_pending = true;
}

bool keys_next(struct keys *keys, struct keys_effect *ret_effect)
{
    if (keys->wake_pending) {
        keys->wake_pending = false;
        *ret_effect = (struct keys_effect){.kind = KEYS_WAKE, .code = keys->wake_code};
        return true;
    }
    if (keys->fetch_pending) {
        keys->fetch_pending = false;
        *ret_effect = (struct keys_effect){.kind = KEYS_FETCH};
        return true;
    }
    return false;
}

int64_t keys_deadline(const struct keys *keys)
{
    if (keys->state != KEYS_GOOD || !keys->used)
        return INT64_MAX;
    return keys->refresh_s > keys->retry_s ? keys->refresh_s : keys->retry_s;
}
