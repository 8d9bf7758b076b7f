/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools of the wrong size, in a simulated minute of traffic against the simulator: what the figures
 * say of them, what size is advised, and a maximum that finds it by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/asker.h"
#include "app/sim_server.h"
#include "base/rng.h"
#include "core/pool/account.h"
#include "core/pool/advice.h"
#include "world/world.h"

static const uint64_t MS = 1000000;
static const uint64_t SECOND = 1000000000;

enum { RATE = 20, SERVICE_MS = 400, SEED = 11 };

struct traffic {
    struct world *world;
    struct outside *outside;
    struct sim_server *server;
    struct asker *asker;
    struct rng rng;
    uint64_t until_ns;
    uint32_t asked;
    uint32_t done;
    uint32_t failed;
    uint32_t steps; /* of the pool's maximum */
    uint32_t last_max;
    char why[80];
    char url[64];
    struct provider_target target;
};

static void on_done(void *context, struct id ask, const struct answer *answer)
{
    struct traffic *traffic = context;

    (void)ask;
    traffic->done++;
    traffic->failed += answer->reply.code != 0;
}

static void on_resized(void *context, const struct asker *asker, uint32_t from, uint32_t to,
                       const char *why)
{
    struct traffic *traffic = context;

    (void)asker;
    traffic->steps += from != to;
    traffic->last_max = to;
    snprintf(traffic->why, sizeof traffic->why, "%s", why);
}

/* Somebody asks, and when the next one does is drawn. */
static void ask(void *context, uint64_t now_ns)
{
    struct traffic *traffic = context;
    char question[64]; /* another one each time: the same would take the same time */
    snprintf(question, sizeof question, "What is new in week %u?", traffic->asked);
    struct chat_message message = {CHAT_USER, view_of(question)};
    struct chat chat = {.messages = &message, .message_count = 1};

    if (now_ns >= traffic->until_ns)
        return;
    traffic->asked++;
    assert_int_equal(asker_ask(traffic->asker, &chat, on_done, traffic, NULL, NULL), 0);
    uint64_t gap_ns = rng_below(&traffic->rng, 2 * SECOND / RATE);
    assert_int_equal(
        traffic->outside->ops->wake_at(traffic->outside, now_ns + gap_ns, ask, traffic), 0);
}

/* So many seconds of traffic through a pool of at most so many connections. */
static void run(struct traffic *traffic, uint32_t connections_max, uint64_t seconds, bool auto_size)
{
    struct sim_server_options served = {.service.sim = sim_default()};
    uint16_t port;

    served.service.sim.latency =
        (struct sim_latency){.kind = SIM_LATENCY_UNIFORM, .low_ns = 200 * MS, .high_ns = 600 * MS};
    rng_init(&traffic->rng, SEED);
    assert_int_equal(world_new(&(struct world_options){.seed = SEED}, &traffic->world), 0);
    traffic->outside = world_outside(traffic->world);
    assert_int_equal(sim_server_new(traffic->outside, &served, &traffic->server, &port, NULL), 0);
    snprintf(traffic->url, sizeof traffic->url, "http://127.0.0.1:%u/v1", port);
    traffic->target = (struct provider_target){.kind = PROVIDER_OPENAI,
                                               .name = VIEW("chat"),
                                               .model = VIEW("sim"),
                                               .url = view_of(traffic->url)};
    struct asker_options options = {
        .target = &traffic->target,
        .max_in_flight = 200,
        .timeout_ns = 60 * SECOND,
        .pool = {.connections_max = connections_max,
                 .checkout_in_ns = 2 * SECOND,
                 .auto_size = auto_size},
        .attempts = 1,
        .resized = on_resized,
        .resized_context = traffic,
    };
    assert_int_equal(asker_new(traffic->outside, NULL, &options, &traffic->asker, NULL), 0);
    traffic->until_ns = world_now(traffic->world) + seconds * SECOND;
    assert_int_equal(
        traffic->outside->ops->wake_at(traffic->outside, world_now(traffic->world), ask, traffic),
        0);
    assert_int_equal(world_run(traffic->world, traffic->until_ns + 5 * SECOND), 0);
    assert_int_equal(traffic->done, traffic->asked);
}

static void end(struct traffic *traffic)
{
    asker_free(traffic->asker);
    sim_server_free(traffic->server);
    world_free(traffic->world);
}

static struct advice_size size_of(const struct pool_account *account)
{
    const struct workload workload = {&account->histograms.between_ns,
                                      &account->histograms.service_ns,
                                      &account->histograms.connect_ns};
    const struct rehearsal_wish wish = {.connections_max = account->connections_max,
                                        .checkout_in_ns = account->checkout_in_ns,
                                        .seed = SEED};
    struct advice_size size;

    assert_int_equal(pool_advise_size(&workload, &wish, 20 * MS, 200, &size), 0);
    return size;
}

/* 20 a second, .4 s each: 8 at once on average. */
static void an_under_sized_pool_is_diagnosed(void **state)
{
    (void)state;
    struct traffic traffic = {.failed = 0};
    struct pool_account account;

    run(&traffic, 5, 120, false);
    assert_true(asker_account(traffic.asker, &account));
    struct advice advice = pool_advise(&account.metrics);
    assert_true(advice.holds[ADVICE_BUSY] && advice.holds[ADVICE_TIMEOUTS]);
    assert_false(advice.holds[ADVICE_SLACK]);
    assert_true(traffic.failed > 0);
    struct advice_size size = size_of(&account);
    assert_true(size.possible);
    assert_in_range(size.connections, 10, 18);
    end(&traffic);
}

static void an_over_sized_pool_is_diagnosed(void **state)
{
    (void)state;
    struct traffic traffic = {.failed = 0};
    struct pool_account account;

    run(&traffic, 120, 120, false);
    assert_int_equal(traffic.failed, 0);
    assert_true(asker_account(traffic.asker, &account));
    struct advice advice = pool_advise(&account.metrics);
    assert_true(advice.holds[ADVICE_SLACK]);
    assert_false(advice.holds[ADVICE_BUSY] || advice.holds[ADVICE_TIMEOUTS]);
    struct advice_size size = size_of(&account);
    assert_true(size.possible);
    assert_in_range(size.connections, 10, 18);
    end(&traffic);
}

/* Negative control: a pool of the advised size gets no advice and loses nothing. */
static void the_advised_size_needs_no_advice(void **state)
{
    (void)state;
    struct traffic traffic = {.failed = 0};
    struct pool_account account;

    run(&traffic, 15, 120, false);
    assert_int_equal(traffic.failed, 0);
    assert_true(asker_account(traffic.asker, &account));
    struct advice advice = pool_advise(&account.metrics);
    for (int rule = 0; rule < ADVICE_RULES; rule++)
        assert_false(advice.holds[rule]);
    end(&traffic);
}

static void a_maximum_that_may_move_grows_until_it_is_enough(void **state)
{
    (void)state;
    struct traffic traffic = {.failed = 0};

    run(&traffic, 16, 600, true); /* begins with 8 */
    assert_in_range(traffic.steps, 1, 4);
    assert_in_range(traffic.last_max, 10, 16);
    assert_true(traffic.why[0] != '\0');
    end(&traffic);
}

static void a_maximum_that_may_move_shrinks_slowly(void **state)
{
    (void)state;
    struct traffic traffic = {.failed = 0};

    run(&traffic, 160, 1800, true); /* begins with 80, a tenth of it in use */
    assert_in_range(traffic.steps, 4, 7);
    assert_in_range(traffic.last_max, 36, 60);
    assert_string_equal(traffic.why, "in use under 20 % of the time for five minutes");
    assert_int_equal(traffic.failed, 0);
    end(&traffic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_under_sized_pool_is_diagnosed),
        cmocka_unit_test(an_over_sized_pool_is_diagnosed),
        cmocka_unit_test(the_advised_size_needs_no_advice),
        cmocka_unit_test(a_maximum_that_may_move_grows_until_it_is_enough),
        cmocka_unit_test(a_maximum_that_may_move_shrinks_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
