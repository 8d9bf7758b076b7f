/* SPDX-License-Identifier: Apache-2.0
 *
 * history: see history.h.
 *
 *   questions, in groups → faults all the while → all are done → the world is healed
 *     → some question is answered again → all fall idle → connections end → nothing is left */
#include <inttypes.h>
#include <stdio.h>

#include "app/carrier.h"
#include "history_state.h"
#include "wire/json.h"
#include "world/end.h"

static const uint64_t MILLISECOND = 1000000;
static const uint64_t SECOND = 1000000000;
static const uint64_t MINUTE = 60000000000;

/* ---- who asks ------------------------------------------------------------------------------- */

/* Whoever gives up may do so too late: that must find nobody. */
static void cancel_one(struct history *history)
{
    struct question *question = &history->questions[rng_below(&history->rng, history->asked)];

    if (!question->taken)
        return;
    question->cancelled = question->outcomes == 0;
    history_say(history, "question %u.%u is given up", question->id.slot, question->id.generation);
    asker_cancel(history->askers[question->asker], question->id);
}

static void act(void *context, uint64_t now_ns)
{
    struct history *history = context;
    const struct scene *scene = &history->scene;
    struct outside *outside = world_outside(history->world);
    struct rng *rng = &history->rng;
    uint64_t groups = scene->questions / 4 + 1;

    for (uint64_t n = rng_below(rng, 8); n > 0 && history->asked < scene->questions; n--)
        history_ask(history, (uint32_t)rng_below(rng, scene->asker_count),
                    rng_below(rng, 3) == 0 ? 1 + rng_below(rng, 20 * SECOND) : 0);
    if (scene->cancels && history->asked > 0 && rng_below(rng, 3) == 0)
        cancel_one(history);
    if (scene->drops && history->scripted != NULL && rng_below(rng, 20) == 0)
        scripted_server_drop(history->scripted);
    if (history->asked < scene->questions)
        (void)!outside->ops->wake_at(
            outside, now_ns + rng_below(rng, 2 * scene->asked_in_ns / groups), act, history);
}

/* The peer's side of the same limits. */
static void check_peer(struct history *history)
{
    if (history->simulator == NULL)
        return;
    const struct server_options *options = &history->scene.server.server;
    struct server_figures figures = sim_server_figures(history->simulator).server;
    uint64_t requests = (uint64_t)figures.open * options->limits.streams;

    if (figures.open > options->connections_max || figures.under_way > requests)
        PROBLEM(history, "the peer has %u connections of %u and %u requests of %" PRIu64,
                figures.open, options->connections_max, figures.under_way, requests);
}

static void after_each_event(void *context, uint64_t now_ns)
{
    struct history *history = context;

    check_peer(history);

    for (uint32_t i = 0; i < history->scene.asker_count; i++)
        watch_check(&history->watches[i], now_ns);
    if (history->played->problem.text[0] != '\0')
        world_stop(history->world);
}

/* ---- setting up ----------------------------------------------------------------------------- */

static void must(struct history *history, int code, const char *what)
{
    if (code != 0)
        PROBLEM(history, "%s: %s", what, err_name(code));
}

static void make_network(struct history *history)
{
    static const struct view addresses[] = {VIEW("10.0.0.1"), VIEW("10.0.0.2")};
    const struct scene *scene = &history->scene;
    struct world_options options = {.seed = scene->seed, .interleave = true};

    must(history, world_new(&options, &history->world), "world");
    history->begun_ns = world_now(history->world);
    must(history, world_set_link(history->world, (struct view){0}, 0, &scene->link), "link");
    must(history,
         world_set_name(history->world, (struct view)VIEW("models.test"),
                        &(struct world_name){
                            .addresses = addresses,
                            .address_count = 2,
                            .lookup_ns = 5 * MILLISECOND,
                            .fails_from_ns = history->begun_ns + scene->name_fails_from_ns,
                            .fails_until_ns = history->begun_ns + scene->name_fails_until_ns,
                        }),
         "name");
    for (uint32_t i = 0; i < scene->gap_count; i++)
        must(history,
             world_partition(history->world,
                             view_of(scene->gaps[i].first_address_only ? "10.0.0.1" : ""), 0,
                             history->begun_ns + scene->gaps[i].from_ns,
                             history->begun_ns + scene->gaps[i].until_ns),
             "partition");
}

static void make_peer(struct history *history)
{
    const struct scene *scene = &history->scene;
    struct outside *outside = world_outside(history->world);
    struct err err = {0};
    uint16_t port = 0;

    if (scene->scripted)
        history->scripted = scripted_server_new(outside, scene->script_latency_ns, &port);
    else if (sim_server_new(outside, &scene->server, &history->simulator, &port, &err) != 0)
        PROBLEM(history, "no server: %s", err.text);
    const char *host = scene->scripted ? "127.0.0.1" : scene->named ? "models.test" : "10.0.0.1";
    snprintf(history->url, sizeof history->url, "http%s://%s:%u/v1", scene->tls ? "s" : "", host,
             port);
}

static void make_askers(struct history *history)
{
    static const struct view params = VIEW("{\"max_tokens\":300,\"temperature\":0}");
    struct json *parsed = NULL;
    struct err err = {0};

    arena_init(&history->arena, 1 << 16);
    must(history, json_parse(&history->arena, params, &parsed, &err), "params");
    history->target = (struct provider_target){
        .kind = PROVIDER_OPENAI,
        .name = VIEW("local"),
        .model = VIEW("sim"),
        .url = view_of(history->url),
        .params = parsed,
    };
    for (uint32_t i = 0; i < history->scene.asker_count; i++) {
        struct asker_options options = history->scene.askers[i];
        options.target = &history->target;
        spy_init(&history->spies[i], world_outside(history->world), history->scene.seed + i);
        history->spies[i].traced = history->trace ? (int)i : -1;
        if (asker_new(&history->spies[i].outside, NULL, &options, &history->askers[i], &err) != 0)
            PROBLEM(history, "no asker: %s", err.text);
        watch_init(&history->watches[i], history->askers[i], &history->spies[i],
                   &history->played->problem, world_now(history->world));
    }
}

/* ---- playing -------------------------------------------------------------------------------- */

static bool goes_on(const struct history *history)
{
    return history->played->problem.text[0] == '\0';
}

static bool is_done(const struct history *history)
{
    uint32_t live = 0;

    for (uint32_t i = 0; i < history->scene.asker_count; i++)
        live += history->watches[i].live;
    return live == 0;
}

static void run_until(struct history *history, uint64_t until_ns)
{
    must(history, world_run(history->world, until_ns), "the world ended");
}

/* Until all questions were asked and are done: their deadlines see to that. */
static void run_questions(struct history *history)
{
    uint64_t most_ns = world_now(history->world) + 4 * history->scene.asked_in_ns + 200 * SECOND;

    while (goes_on(history) && (history->asked < history->scene.questions || !is_done(history))) {
        if (world_now(history->world) > most_ns) {
            PROBLEM(history, "questions are open and nothing happens");
            return;
        }
        run_until(history, world_now(history->world) + SECOND);
    }
}

/* Then it may have to wait until tomorrow. */
static bool is_limited_by_day(const struct asker_options *options)
{
    return options->rpd != 0 || options->tpd != 0;
}

/* Nothing is ever wrong, and nothing is limited: then the first question is answered. */
static bool is_peaceful(const struct scene *scene, const struct asker_options *options)
{
    const struct sim_service_options *service = &scene->server.service;

    return scene->calm && scene->healthy && scene->server.server.connections_max >= 100
           && service->requests_a_minute == 0 && service->tokens_a_minute == 0 && options->rpm == 0
           && options->tpm == 0 && !options->breaker.on && !is_limited_by_day(options);
}

/* Everything works again: after a while questions are answered again. */
static void recover(struct history *history, uint32_t which)
{
    const struct asker_options *options = &history->scene.askers[which];
    static const struct world_link clean = {.latency_ns = 1000000};

    world_heal(history->world);
    must(history, world_set_link(history->world, (struct view){0}, 0, &clean), "link");
    must(history,
         world_set_name(
             history->world, (struct view)VIEW("models.test"),
             &(struct world_name){.addresses = &(struct view)VIEW("10.0.0.1"), .address_count = 1}),
         "name");
    history->recovering = true;
    history->recovered = 0;
    for (int i = 0; i < HISTORY_RECOVERY_QUESTIONS / SCENE_ASKERS_MAX && goes_on(history)
                    && history->recovered == 0;
         i++) {
        history_ask(history, which, 60 * SECOND);
        while (goes_on(history) && !is_done(history))
            run_until(history, world_now(history->world) + SECOND);
        if (history->recovered == 0 && is_peaceful(&history->scene, options))
            PROBLEM(history, "nothing is wrong and asker %u gets no answer", which);
        if (history->recovered == 0 && goes_on(history))
            run_until(history, world_now(history->world) + MINUTE);
    }
    if (goes_on(history) && history->recovered == 0 && !is_limited_by_day(options))
        PROBLEM(history, "the world is healed and asker %u gets no answer", which);
}

/* Long after the last question: connections have ended, here and there. */
static void fall_idle(struct history *history)
{
    if (!goes_on(history))
        return;
    run_until(history, world_now(history->world) + 1000 * SECOND);
    for (uint32_t i = 0; i < history->scene.asker_count; i++)
        if (history->spies[i].open > history->scene.askers[i].pool.connections_min)
            PROBLEM(history, "%u connections are open 1,000 s after the last question",
                    history->spies[i].open);
}

static void check_server(struct history *history)
{
    if (history->simulator == NULL)
        return;
    struct sim_server_figures figures = sim_server_figures(history->simulator);
    const struct sim_service_options *service = &history->scene.server.service;
    double minutes = (double)(world_now(history->world) - history->begun_ns) / 60e9;

    if (service->requests_a_minute != 0
        && (double)figures.answers > (double)service->requests_a_minute * (1 + minutes) + 1)
        PROBLEM(history, "the service gave %" PRIu64 " answers in %.3f minutes, its quota is %lld",
                figures.answers, minutes, (long long)service->requests_a_minute);
    if (figures.server.requests
        != figures.server.sent + figures.server.lost + figures.server.under_way)
        PROBLEM(history,
                "the server heard %" PRIu64 " requests, sent %" PRIu64 ", lost %" PRIu64
                ", %u are under way",
                figures.server.requests, figures.server.sent, figures.server.lost,
                figures.server.under_way);
    if (figures.server.open == 0
        && (figures.server.under_way != 0 || figures.server.buffered_bytes != 0))
        PROBLEM(history, "nobody is connected, %u requests are under way, %zu bytes wait",
                figures.server.under_way, figures.server.buffered_bytes);
}

static void check_questions(struct history *history)
{
    const struct scene *scene = &history->scene;

    for (uint32_t i = 0; i < history->asked && goes_on(history); i++) {
        const struct question *question = &history->questions[i];
        if (question->outcomes != (question->taken ? 1 : 0))
            PROBLEM(history, "question %u was answered %d times", i, question->outcomes);
        if (scene->calm && scene->healthy && scene->server.server.connections_max >= 100
            && question->code != 0 && question->code != ERR_TIMEOUT
            && question->code != ERR_CANCELLED && question->code != ERR_THROTTLED
            && question->code != ERR_CLOSED && question->code != ERR_UPSTREAM)
            PROBLEM(history, "question %u ended with %s, and nothing was wrong", i,
                    err_name(question->code));
    }
}

/* ---- the end -------------------------------------------------------------------------------- */

static void release(struct history *history)
{
    struct id id;

    world_watch(history->world, NULL, NULL);
    for (uint32_t i = 0; i < history->scene.asker_count; i++) {
        asker_free(history->askers[i]);
        if (history->spies[i].open != 0)
            PROBLEM(history, "%u connections outlive their asker", history->spies[i].open);
    }
    sim_server_free(history->simulator);
    if (history->scripted != NULL)
        scripted_server_free(history->scripted);
    for (uint32_t i = 0; i < history->asked; i++)
        history_forget(history, &history->questions[i]);
    if (goes_on(history))
        run_until(history, world_now(history->world) + 200 * SECOND);
    for (uint32_t slot = 0; slot < history->world->ends.capacity && goes_on(history); slot++)
        if (slots_at(&history->world->ends, slot, &id) != NULL)
            PROBLEM(history, "an end of a connection is left, and nobody has it");
}

static void count(struct history *history)
{
    struct played *played = history->played;

    played->hash = world_history_hash(history->world);
    played->virtual_ns = world_now(history->world) - history->begun_ns;
    played->world = world_counts(history->world);
    played->questions = history->asked;
    for (uint32_t i = 0; i < history->scene.asker_count; i++) {
        played->attempts += history->askers[i]->machine.stats.sent;
        played->throttled += history->askers[i]->machine.stats.throttled;
        played->resent += history->askers[i]->machine.stats.resent;
        played->checks += history->watches[i].checks;
    }
}

void history_play(uint64_t seed, bool trace, struct played *ret_played)
{
    static struct history history;

    *ret_played = (struct played){0};
    history = (struct history){.trace = trace, .played = ret_played};
    scene_draw(&history.scene, seed);
    rng_init_named(&history.rng, seed, (struct view)VIEW("history"));
    make_network(&history);
    make_peer(&history);
    make_askers(&history);
    world_watch(history.world, after_each_event, &history);
    act(&history, world_now(history.world));
    run_questions(&history);
    for (uint32_t i = 0; i < history.scene.asker_count && goes_on(&history); i++) {
        watch_check_rest(&history.watches[i], world_now(history.world));
        recover(&history, i);
    }
    fall_idle(&history);
    check_questions(&history);
    check_server(&history);
    count(&history);
    release(&history);
    world_free(history.world);
    for (uint32_t i = 0; i < history.scene.asker_count; i++)
        spy_release(&history.spies[i]);
    arena_release(&history.arena);
}
