/* SPDX-License-Identifier: Apache-2.0
 *
 * breaker: see breaker.h. The window is a ring of slices, each known by its number since time 0, so
 * that an old one counts for nothing without being cleared. */
#include "core/quota/breaker.h"

static const int64_t MICRO = 1000000;

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

int breaker_init(struct breaker *breaker, const struct breaker_settings *settings, uint64_t now_ns)
{
    struct breaker_settings own = {
        .on = settings->on,
        .failure_share_micro = (int64_t)or_default((uint64_t)settings->failure_share_micro, 500000),
        .requests_min = (uint32_t)or_default(settings->requests_min, 20),
        .window_ns = or_default(settings->window_ns, 10000000000),
        .connect_failures = (uint32_t)or_default(settings->connect_failures, 5),
        .open_ns = or_default(settings->open_ns, 5000000000),
        .open_ns_max = or_default(settings->open_ns_max, 60000000000),
        .probes = (uint32_t)or_default(settings->probes, 3),
    };

    (void)now_ns;
    if (own.failure_share_micro < 1 || own.failure_share_micro > MICRO
        || own.window_ns < BREAKER_SLICES || own.open_ns < BREAKER_SLICES)
        return ERR_LIMIT;
    if (own.open_ns_max < own.open_ns)
        own.open_ns_max = own.open_ns;
    *breaker = (struct breaker){.settings = own};
    return 0;
}

/* ---- states --------------------------------------------------------------------------------- */

static void enter(struct breaker *breaker, enum breaker_state state)
{
    static const bool legal[BREAKER_STATE_END][BREAKER_STATE_END] = {
        [BREAKER_CLOSED] = {[BREAKER_OPEN] = true},
        [BREAKER_OPEN] = {[BREAKER_HALF_OPEN] = true},
        [BREAKER_HALF_OPEN] = {[BREAKER_OPEN] = true, [BREAKER_CLOSED] = true},
    };

    assert_always(legal[breaker->state][state]);
    breaker->state = state;
    breaker->epoch++;
    breaker->probing = false;
    breaker->good_probes = 0;
    breaker->connect_failures = 0;
}

static void open(struct breaker *breaker, uint64_t now_ns)
{
    uint64_t open_ns = breaker->settings.open_ns;

    for (uint32_t i = 0; i < breaker->opened && open_ns < breaker->settings.open_ns_max; i++)
        open_ns = open_ns > UINT64_MAX / 2 ? UINT64_MAX : open_ns * 2;
    if (open_ns > breaker->settings.open_ns_max)
        open_ns = breaker->settings.open_ns_max;
    enter(breaker, BREAKER_OPEN);
    breaker->opened++;
    breaker->until_ns = open_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + open_ns;
}

static void close(struct breaker *breaker)
{
    enter(breaker, BREAKER_CLOSED);
    breaker->opened = 0;
    for (int i = 0; i < BREAKER_SLICES; i++)
        breaker->slices[i] = (struct breaker_slice){0};
}

/* ---- the window ----------------------------------------------------------------------------- */

static void count(struct breaker *breaker, uint64_t now_ns, bool good)
{
    uint64_t number = now_ns / (breaker->settings.window_ns / BREAKER_SLICES);
    struct breaker_slice *slice = &breaker->slices[number % BREAKER_SLICES];

    if (slice->number != number)
        *slice = (struct breaker_slice){.number = number};
    slice->good += good ? 1 : 0;
    slice->bad += good ? 0 : 1;
}

static bool is_too_bad(const struct breaker *breaker, uint64_t now_ns)
{
    uint64_t number = now_ns / (breaker->settings.window_ns / BREAKER_SLICES);
    int64_t good = 0;
    int64_t bad = 0;

    for (int i = 0; i < BREAKER_SLICES; i++) {
        const struct breaker_slice *slice = &breaker->slices[i];
        if (number - slice->number >= BREAKER_SLICES)
            continue;
        good += slice->good;
        bad += slice->bad;
    }
    return good + bad >= breaker->settings.requests_min
           && bad * MICRO >= breaker->settings.failure_share_micro * (good + bad);
}

/* ---- what is asked and told ----------------------------------------------------------------- */

uint64_t breaker_at(const struct breaker *breaker, uint64_t now_ns)
{
    if (breaker->state == BREAKER_OPEN && now_ns < breaker->until_ns)
        return breaker->until_ns;
    return breaker->state == BREAKER_HALF_OPEN && breaker->probing ? UINT64_MAX : now_ns;
}

int breaker_admit(struct breaker *breaker, uint64_t now_ns, uint32_t *ret_epoch, bool *ret_probe)
{
    if (breaker_at(breaker, now_ns) > now_ns)
        return ERR_BUSY;

    if (breaker->state == BREAKER_OPEN)
        enter(breaker, BREAKER_HALF_OPEN);
    breaker->probing = breaker->state == BREAKER_HALF_OPEN;
    *ret_epoch = breaker->epoch;
    *ret_probe = breaker->probing;
    return 0;
}

static void probe_ended(struct breaker *breaker, uint64_t now_ns, enum breaker_outcome outcome)
{
    breaker->probing = false;
    if (outcome == BREAKER_BAD) {
        open(breaker, now_ns);
        return;
    }
    breaker->good_probes += outcome == BREAKER_GOOD ? 1 : 0;
    if (breaker->good_probes >= breaker->settings.probes)
        close(breaker);
}

bool breaker_ended(struct breaker *breaker, uint64_t now_ns, uint32_t epoch,
                   enum breaker_outcome outcome)
{
    if (!breaker->settings.on || epoch != breaker->epoch)
        return false;

    if (breaker->state == BREAKER_HALF_OPEN) {
        probe_ended(breaker, now_ns, outcome);
    } else if (outcome != BREAKER_NONE) {
        count(breaker, now_ns, outcome == BREAKER_GOOD);
        if (outcome == BREAKER_BAD && is_too_bad(breaker, now_ns))
            open(breaker, now_ns);
    }
    return epoch != breaker->epoch;
}

bool breaker_connected(struct breaker *breaker, uint64_t now_ns, bool worked)
{
    uint32_t epoch = breaker->epoch;

    if (!breaker->settings.on || breaker->state == BREAKER_OPEN)
        return false;
    breaker->connect_failures = worked ? 0 : breaker->connect_failures + 1;
    if (breaker->connect_failures >= breaker->settings.connect_failures
        || (!worked && breaker->probing))
        open(breaker, now_ns);
    return epoch != breaker->epoch;
}

const char *breaker_state_text(enum breaker_state state)
{
    static const char *const texts[BREAKER_STATE_END] = {
        [BREAKER_CLOSED] = "closed",
        [BREAKER_OPEN] = "open",
        [BREAKER_HALF_OPEN] = "half-open",
    };

    assert_always(state < BREAKER_STATE_END);
    return texts[state];
}
