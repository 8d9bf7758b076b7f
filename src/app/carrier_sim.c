/* SPDX-License-Identifier: Apache-2.0
 *
 * carrier_sim: attempts answered by a simulator in this process: a connection is but a place, an
 * answer is made at once and told when the time it would have taken is over. See carrier.h. */
#include "app/carrier.h"
#include "base/mem.h"
#include "core/pool/alarms.h"

struct carrier_sim {
    struct carrier carrier;
    struct asker *asker;
    struct id *asks; /* by place: whose answer is due */
    struct alarms due;
};

static struct carrier_sim *sim_of(struct carrier *carrier)
{
    return (struct carrier_sim *)carrier;
}

static void sim_open(struct carrier *carrier, struct id connection)
{
    asker_opened(sim_of(carrier)->asker, connection, 1);
}

static void sim_close(struct carrier *carrier, struct id connection)
{
    struct carrier_sim *sim = sim_of(carrier);

    sim->asks[connection.slot] = (struct id){0};
    alarms_set(&sim->due, connection.slot, UINT64_MAX);
}

static void sim_send(struct carrier *carrier, struct ask *ask, struct id connection)
{
    struct carrier_sim *sim = sim_of(carrier);
    const struct asker_options *options = &sim->asker->options;
    uint64_t now_ns = asker_now(sim->asker);
    uint64_t latency_ns = 0;

    int code = options->simulate(options->simulate_context, ask->chat, options->target->model,
                                 &ask->answer_arena, &ask->reply, &latency_ns);
    if (code != 0)
        ask->reply = (struct reply){.code = code, .error_text = view_of(err_text(code))};
    sim->asks[connection.slot] = ask->id;
    alarms_set(&sim->due, connection.slot,
               latency_ns < UINT64_MAX - 1 - now_ns ? now_ns + latency_ns : UINT64_MAX - 1);
}

static void sim_abandon(struct carrier *carrier, struct ask *ask, struct id connection)
{
    (void)ask;
    sim_close(carrier, connection);
}

static void sim_tick(struct carrier *carrier, uint64_t now_ns)
{
    struct carrier_sim *sim = sim_of(carrier);
    uint32_t slot;

    while (alarms_pop(&sim->due, now_ns, &slot)) {
        struct ask *ask = asker_find(sim->asker, sim->asks[slot]);
        sim->asks[slot] = (struct id){0};
        assert_always(ask != NULL); /* the end of an ask closes its place first */
        asker_began(sim->asker, ask);
        asker_responded(sim->asker, ask, NULL, true);
    }
}

static uint64_t sim_deadline(const struct carrier *carrier)
{
    return alarms_first(&((const struct carrier_sim *)carrier)->due);
}

static void sim_free(struct carrier *carrier)
{
    struct carrier_sim *sim = sim_of(carrier);

    alarms_release(&sim->due);
    mem_free(sim->asks);
    mem_free(sim);
}

static const struct carrier_ops sim_ops = {
    .open = sim_open,
    .close = sim_close,
    .send = sim_send,
    .abandon = sim_abandon,
    .tick = sim_tick,
    .deadline = sim_deadline,
    .free = sim_free,
};

int carrier_sim_new(struct asker *asker, struct carrier **ret_carrier, struct err *reterr)
{
    if (asker->options.simulate == NULL)
        return fail(reterr, ERR_UNSUPPORTED, "no simulator is at hand in this program");

    uint32_t places = asker->options.max_in_flight;
    struct carrier_sim *sim = mem_new(1, sizeof *sim);
    if (sim == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    *sim = (struct carrier_sim){.carrier = {.ops = &sim_ops}, .asker = asker};
    sim->asks = mem_new(places, sizeof *sim->asks);
    if (sim->asks == NULL || alarms_init(&sim->due, places) != 0) {
        sim_free(&sim->carrier);
        return fail(reterr, ERR_MEMORY, "no memory");
    }
    *ret_carrier = &sim->carrier;
    return 0;
}
