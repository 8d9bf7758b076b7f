/* SPDX-License-Identifier: Apache-2.0
 *
 * call: see call.h. Here is the face of the machine; its parts are named in inside.h. */
#include "core/call/call.h"

#include "base/mem.h"
#include "core/call/inside.h"

enum { CALLS_MAX = 1 << 24, EFFECTS_MORE = 8 };

static void advance(struct call_machine *machine, uint64_t now_ns)
{
    assert_always(machine->effects.count == 0 && now_ns >= machine->now_ns);
    machine->now_ns = now_ns;
}

int call_feed(struct call_machine *machine, uint64_t now_ns, const struct call_event *event)
{
    advance(machine, now_ns);
    int code = call_handle(machine, event);
    machine->stats.late_events += code == ERR_MISSING ? 1 : 0;
    call_take_turns(machine);
    return code;
}

void call_tick(struct call_machine *machine, uint64_t now_ns)
{
    uint32_t slot;

    advance(machine, now_ns);
    while (alarms_pop(&machine->alarms, now_ns, &slot))
        call_woken(machine, &machine->calls[slot]);
    pool_tick(&machine->pool, now_ns);
    call_drain_pool(machine);
    call_take_turns(machine);
}

bool call_next(struct call_machine *machine, struct call_effect *ret_effect)
{
    return ring_pop(&machine->effects, ret_effect);
}

bool call_next_decision(struct call_machine *machine, struct call_decision *ret_decision)
{
    if (machine->decisions.capacity == 0 || !ring_pop(&machine->decisions, ret_decision)) {
        machine->decisions_told = false;
        return false;
    }
    return true;
}

uint64_t call_deadline(const struct call_machine *machine)
{
    uint64_t at_ns = call_earlier(alarms_first(&machine->alarms), pool_deadline(&machine->pool));

    return call_earlier(at_ns, machine->admit_at_ns);
}

int call_possible(const struct call_machine *machine, uint32_t quota_key, int64_t tokens)
{
    if (quota_key > machine->settings.quota.key_count)
        return ERR_LIMIT;
    return quota_possible_under(&machine->quota, quota_key, tokens);
}

void call_stats(const struct call_machine *machine, struct call_stats *ret_stats)
{
    *ret_stats = machine->stats;
    ret_stats->queued = machine->queue.count;
    ret_stats->in_flight = machine->quota.in_flight;
    ret_stats->limit = machine->quota.in_flight_max;
    ret_stats->rate = machine->settings.adaptive ? adaptive_rate(&machine->adaptive) : 0;
    ret_stats->breaker = machine->breaker.state;
}

/* ---- life ----------------------------------------------------------------------------------- */

/* Whoever says whether an attempt may begin. */
static int init_limits(struct call_machine *machine, uint64_t now_ns)
{
    struct call_settings *settings = &machine->settings;

    settings->retry.attempts = settings->attempts;
    settings->gradient.limit_max = settings->quota.in_flight_max;
    settings->gradient.seed = settings->seed;
    retry_init(&machine->retry, &settings->retry, settings->seed);
    adaptive_init(&machine->adaptive, now_ns);
    int code = quota_init(&machine->quota, &settings->quota, now_ns);
    settings->quota.entries = NULL; /* they were copied */
    settings->quota.keys = NULL;
    if (code == 0)
        code = breaker_init(&machine->breaker, &settings->breaker, now_ns);
    if (code == 0 && settings->concurrency == CALL_CONCURRENCY_BY_LATENCY) {
        code = gradient_init(&machine->gradient, &settings->gradient, now_ns);
        if (code == 0)
            machine->quota.in_flight_max = gradient_limit(&machine->gradient);
    }
    if (code == 0)
        code = fair_init(&machine->queue, &(struct fair_settings){
                                              .items_max = settings->calls_max,
                                              .lanes = settings->quota.key_count + 1,
                                              .per_caller_max = settings->per_caller_max,
                                          });
    return code;
}

static int init_rings(struct call_machine *machine)
{
    const struct call_settings *settings = &machine->settings;
    /* Between two drains: for each call SEND, ABANDON and DONE and permits wanted for it, for each
     * connection an end, a begin, a check and its permit, and that there are decisions. */
    size_t effects_max =
        (size_t)4 * settings->calls_max + (size_t)5 * settings->pool.connections_max + EFFECTS_MORE;
    int code = ring_init(&machine->effects, effects_max, sizeof(struct call_effect));

    if (code == 0 && settings->decisions_max > 0)
        code =
            ring_init(&machine->decisions, settings->decisions_max, sizeof(struct call_decision));
    return code;
}

int call_machine_init(struct call_machine *machine, const struct call_settings *settings,
                      uint64_t now_ns)
{
    if (settings->calls_max < 1 || settings->calls_max > CALLS_MAX
        || settings->quota.key_count > CALL_QUOTA_KEYS_MAX
        || settings->decisions_max > CALL_DECISIONS_MAX)
        return ERR_LIMIT;

    *machine = (struct call_machine){
        .settings = *settings,
        .now_ns = now_ns,
        .admit_at_ns = UINT64_MAX,
    };
    struct pool_settings *pool = &machine->settings.pool;
    pool->tickets_max = settings->calls_max;
    int code = init_limits(machine, now_ns);
    if (code == 0)
        code = pool_init(&machine->pool, pool, now_ns);
    if (code == 0)
        code = alarms_init(&machine->alarms, settings->calls_max);
    if (code == 0)
        code = init_rings(machine);
    if (code == 0) {
        machine->calls = mem_new(settings->calls_max, sizeof *machine->calls);
        machine->lanes = mem_new(pool->connections_max, sizeof *machine->lanes);
        code = machine->calls == NULL || machine->lanes == NULL ? ERR_MEMORY : 0;
    }
    if (code != 0)
        call_machine_release(machine);
    return code;
}

void call_machine_release(struct call_machine *machine)
{
    pool_release(&machine->pool);
    quota_release(&machine->quota);
    fair_release(&machine->queue);
    alarms_release(&machine->alarms);
    ring_release(&machine->effects);
    ring_release(&machine->decisions);
    mem_free(machine->calls);
    mem_free(machine->lanes);
    *machine = (struct call_machine){0};
}
