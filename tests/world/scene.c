/* SPDX-License-Identifier: Apache-2.0
 *
 * scene: see scene.h. Each kind of thing is drawn by a generator of its own, so that a new kind of
 * fault does not change what the old seeds were otherwise. */
#include "scene.h"

#include <stdio.h>

#include "base/rng.h"

static const uint64_t MILLISECOND = 1000000;
static const uint64_t SECOND = 1000000000;

/* One time out of `many`. */
static bool once_in(struct rng *rng, uint64_t many)
{
    return rng_below(rng, many) == 0;
}

/* A rate up to `most`, and often none. */
static uint32_t rate(struct rng *rng, uint32_t most)
{
    return once_in(rng, 2) ? 0 : (uint32_t)rng_below(rng, most);
}

static void draw_link(struct scene *scene)
{
    struct world_link *link = &scene->link;
    struct rng rng;

    rng_init_named(&rng, scene->seed, (struct view)VIEW("link"));
    *link = (struct world_link){
        .latency_ns = rng_below(&rng, 60 * MILLISECOND),
        .jitter_ns = rng_below(&rng, 60 * MILLISECOND),
        .piece_bytes = once_in(&rng, 2) ? 1 + rng_below(&rng, 1500) : 0,
        .bytes_per_s = once_in(&rng, 4) ? 20000 + rng_below(&rng, 1000000) : 0,
    };
    if (scene->calm)
        return;
    link->refuse_micro = rate(&rng, 200000);
    link->hang_micro = rate(&rng, 150000);
    link->reset_micro = rate(&rng, 300000);
    link->cut_micro = rate(&rng, 300000);
    link->vanish_micro = rate(&rng, 200000);
    link->fault_bytes = 1 + rng_below(&rng, 6000);
    link->spike_micro = rate(&rng, 50000);
    link->spike_ns = rng_below(&rng, 5 * SECOND);
    link->loss_micro = rate(&rng, 150000);
    link->give_up_ns = 2 * SECOND + rng_below(&rng, 60 * SECOND);
    link->slow_micro = rate(&rng, 300000);
    link->slow_ns = 1 + rng_below(&rng, SECOND / 2);
    link->slow_window_bytes = 1 + rng_below(&rng, 4000);
}

static void draw_gaps(struct scene *scene)
{
    struct rng rng;

    rng_init_named(&rng, scene->seed, (struct view)VIEW("gaps"));
    if (scene->calm)
        return;
    scene->gap_count = once_in(&rng, 2) ? 0 : (uint32_t)rng_below(&rng, SCENE_GAPS_MAX + 1);
    for (uint32_t i = 0; i < scene->gap_count; i++) {
        uint64_t from_ns = rng_below(&rng, scene->asked_in_ns);
        scene->gaps[i] = (struct scene_gap){
            .first_address_only = once_in(&rng, 2),
            .from_ns = from_ns,
            .until_ns = from_ns + rng_below(&rng, once_in(&rng, 4) ? 120 * SECOND : 10 * SECOND),
        };
    }
    if (scene->named && once_in(&rng, 3)) {
        scene->name_fails_from_ns = rng_below(&rng, scene->asked_in_ns);
        scene->name_fails_until_ns = scene->name_fails_from_ns + rng_below(&rng, 20 * SECOND);
    }
}

static void draw_service(struct scene *scene, struct rng *rng)
{
    struct sim_service_options *service = &scene->server.service;
    static const enum sim_latency_kind kinds[] = {SIM_LATENCY_FIXED, SIM_LATENCY_UNIFORM,
                                                  SIM_LATENCY_LOGNORMAL, SIM_LATENCY_TOKENS};

    service->sim = sim_default();
    service->sim.seed = scene->seed;
    enum sim_latency_kind kind = kinds[rng_below(rng, sizeof kinds / sizeof kinds[0])];
    uint64_t low_ns = 1 + rng_below(rng, 3 * SECOND);
    service->sim.latency = (struct sim_latency){
        .kind = kind,
        .low_ns = low_ns,
        .high_ns = kind == SIM_LATENCY_TOKENS ? rng_below(rng, 30 * MILLISECOND)
                                              : low_ns + rng_below(rng, 5 * SECOND),
        .sigma = 0.4,
    };
    service->requests_a_minute = once_in(rng, 3) ? 20 + (int64_t)rng_below(rng, 300) : 0;
    service->tokens_a_minute = once_in(rng, 4) ? 20000 + (int64_t)rng_below(rng, 200000) : 0;
    if (scene->healthy)
        return;
    for (int i = 0; i < SIM_TROUBLE_COUNT; i++)
        service->troubles.rates[i] = once_in(rng, 2) ? 0 : (double)rng_below(rng, 1000) / 8000;
    service->troubles.rates[SIM_TROUBLE_MALFORMED] = 0; /* answers are compared */
}

static void draw_peer(struct scene *scene)
{
    struct server_options *server = &scene->server.server;
    struct rng rng;

    rng_init_named(&rng, scene->seed, (struct view)VIEW("peer"));
    draw_service(scene, &rng);
    server->port.host = view_of("0.0.0.0");
    if (scene->tls) {
        server->port.tls_certificate_file = view_of("simulated");
        server->port.tls_key_file = view_of("simulated");
    }
    server->limits.streams = 1 + (uint32_t)rng_below(&rng, once_in(&rng, 2) ? 4 : 100);
    server->limits.requests = once_in(&rng, 3) ? 1 + (uint32_t)rng_below(&rng, 20) : 0;
    /* Who never answers on a connection that is dead unnoticed holds its place for good. */
    server->connections_max =
        scene->healthy && once_in(&rng, 2) ? 1 + (uint32_t)rng_below(&rng, 8) : 200;
    /* Nor may those who keep connections keep all of them. */
    for (uint32_t i = 0; server->connections_max < 100 && i < scene->asker_count; i++)
        scene->askers[i].pool.connections_min = 0;
    server->idle_in_ns = once_in(&rng, 3) ? SECOND + rng_below(&rng, 60 * SECOND) : 0;
    server->leaves_with_peer = once_in(&rng, 2);
    scene->script_latency_ns = rng_below(&rng, 3 * SECOND);
    scene->drops = !scene->healthy && once_in(&rng, 3);
}

/* What adapts, and how connections are kept. */
static void draw_limits(struct rng *rng, struct asker_options *options)
{
    options->rpd = once_in(rng, 8) ? 5 + (int64_t)rng_below(rng, 100) : 0;
    options->tpd = once_in(rng, 8) ? 5000 + (int64_t)rng_below(rng, 50000) : 0;
    options->adaptive = once_in(rng, 3);
    options->by_latency = once_in(rng, 3);
    options->gradient.window_samples = 10;
    options->breaker.on = once_in(rng, 3);
    options->breaker.requests_min = 5;
    options->pool.connections_max = once_in(rng, 2) ? 1 + (uint32_t)rng_below(rng, 8) : 0;
    options->pool.connections_min = once_in(rng, 3) ? (uint32_t)rng_below(rng, 4) : 0;
    options->pool.idle_ns = once_in(rng, 2) ? SECOND + rng_below(rng, 100 * SECOND) : 0;
    options->pool.lifetime_ns = once_in(rng, 3) ? SECOND + rng_below(rng, 100 * SECOND) : 0;
    options->pool.check_every_ns = once_in(rng, 2) ? SECOND + rng_below(rng, 20 * SECOND) : 0;
}

static void draw_asker(const struct scene *scene, struct rng *rng, struct asker_options *options)
{
    static const enum asker_http plain[] = {ASKER_HTTP_AUTO, ASKER_HTTP_1, ASKER_HTTP_2};

    *options = (struct asker_options){
        .timeout_ns = SECOND + rng_below(rng, 60 * SECOND),
        .connect_in_ns = SECOND / 2 + rng_below(rng, 5 * SECOND),
        .max_in_flight = 1 + (uint32_t)rng_below(rng, 12),
        .waiting_max = 1 + (uint32_t)rng_below(rng, 60),
        .attempts = 1 + (uint32_t)rng_below(rng, 5),
        .rpm = once_in(rng, 3) ? 20 + (int64_t)rng_below(rng, 300) : 0,
        .tpm = once_in(rng, 3) ? 5000 + (int64_t)rng_below(rng, 100000) : 0,
        .seed = rng_next(rng),
        .http = scene->scripted ? ASKER_HTTP_1 : plain[rng_below(rng, 3)],
        .streams_max = once_in(rng, 2) ? 1 + (uint32_t)rng_below(rng, 5) : 0,
        .stream = !scene->scripted && once_in(rng, 4),
    };
    draw_limits(rng, options);
}

void scene_draw(struct scene *scene, uint64_t seed)
{
    struct rng rng;

    *scene = (struct scene){.seed = seed};
    rng_init_named(&rng, seed, (struct view)VIEW("scene"));
    scene->calm = once_in(&rng, 6);
    scene->healthy = once_in(&rng, 4);
    scene->scripted = once_in(&rng, 4);
    scene->tls = !scene->scripted && once_in(&rng, 3);
    scene->named = once_in(&rng, 3);
    scene->questions = 20 + (uint32_t)rng_below(&rng, SCENE_QUESTIONS_MAX - 20);
    scene->asked_in_ns =
        5 * SECOND + rng_below(&rng, once_in(&rng, 3) ? 900 * SECOND : 90 * SECOND);
    scene->in_pieces = !scene->scripted && once_in(&rng, 2);
    scene->cancels = once_in(&rng, 2);
    scene->lengthy = !scene->scripted && once_in(&rng, 4);
    scene->asker_count = 1 + (uint32_t)rng_below(&rng, SCENE_ASKERS_MAX);
    for (uint32_t i = 0; i < scene->asker_count; i++)
        draw_asker(scene, &rng, &scene->askers[i]);
    draw_link(scene);
    draw_gaps(scene);
    draw_peer(scene);
}

void scene_describe(const struct scene *scene, char *text, size_t size)
{
    const struct asker_options *first = &scene->askers[0];

    snprintf(text, size,
             "%s%s%s%s, %u askers, %u questions in %.0f s, %u in flight, rpm %lld, tpm %lld, "
             "%u partitions",
             scene->scripted ? "scripted peer" : "simulator", scene->tls ? " over TLS" : "",
             scene->calm ? ", calm network" : "", scene->healthy ? ", healthy peer" : "",
             scene->asker_count, scene->questions, (double)scene->asked_in_ns / 1e9,
             first->max_in_flight, (long long)first->rpm, (long long)first->tpm, scene->gap_count);
}
