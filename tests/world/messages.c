/* SPDX-License-Identifier: Apache-2.0
 *
 * messages: see messages.h and member.h. What travels, how long it takes, and what the service
 * makes of it. */
#include "messages.h"

#include <stdio.h>

#include "base/mem.h"
#include "member.h"

enum { MILLION = 1000000, EVENTS_MAX = 400000 };

static const uint64_t MILLISECOND = 1000000;
static const uint64_t SECOND = 1000000000;

static bool happens(struct play *play, uint32_t micro)
{
    return !play->calms && micro != 0 && rng_below(&play->rng, MILLION) < micro;
}

static bool is_out(const struct play *play)
{
    return play->now_ns >= play->temper.out_from_ns && play->now_ns < play->temper.out_until_ns;
}

/* ---- what travels --------------------------------------------------------------------------- */

static void message_free(struct message *message)
{
    *message->previous = message->next;
    if (message->next != NULL)
        message->next->previous = message->previous;
    mem_free(message);
}

static void on_message(void *context, uint64_t now_ns)
{
    struct message *message = context;

    (void)now_ns;
    message->arrives(message);
    message_free(message);
}

struct message *play_send(struct play *play, struct member *member, uint64_t in_ns,
                          message_handler *arrives)
{
    struct message *message = mem_new(1, sizeof *message);

    assert_always(message != NULL);
    *message = (struct message){
        .play = play,
        .arrives = arrives,
        .member = member,
        .next = play->messages,
        .previous = &play->messages,
    };
    if (play->messages != NULL)
        play->messages->previous = &message->next;
    play->messages = message;
    assert_always(timers_set(&play->timers, play->now_ns + in_ns, on_message, message) == 0);
    return message;
}

static uint64_t some(struct play *play, uint64_t mean_ns)
{
    uint64_t ns = rng_below(&play->rng, 2 * mean_ns + 1);

    return happens(play, play->temper.slow_micro) ? 100 * ns : ns;
}

/* ---- connections ---------------------------------------------------------------------------- */

static void news_of_connection(struct message *message)
{
    member_tell_connection(message->member, &message->event, message->life);
}

static void send_news(struct member *member, const struct member_line *line, uint64_t in_ns,
                      const struct call_event *event)
{
    struct message *message = play_send(member->play, member, in_ns, news_of_connection);

    message->event = *event;
    message->event.connection = line->id;
    message->life = line->life;
}

/* What an open connection does of itself. */
static void send_fate(struct member *member, const struct member_line *line, uint64_t opened_in_ns)
{
    struct play *play = member->play;
    const struct temper *temper = &play->temper;
    uint64_t while_ns = opened_in_ns + 1 + some(play, 20 * SECOND);

    if (happens(play, temper->closes_micro))
        send_news(member, line, while_ns,
                  &(struct call_event){.kind = CALL_CLOSED,
                                       .code = ERR_CLOSED,
                                       .may_retry = rng_below(&play->rng, 4) > 0,
                                       .unsent = rng_below(&play->rng, 3) == 0});
    if (happens(play, temper->drains_micro))
        send_news(member, line, opened_in_ns + rng_below(&play->rng, while_ns),
                  &(struct call_event){.kind = CALL_DRAIN});
    if (happens(play, temper->capacity_micro))
        send_news(
            member, line, while_ns / 3,
            &(struct call_event){
                .kind = CALL_CAPACITY,
                .streams = (uint32_t)rng_below(&play->rng, member->settings.pool.streams_max + 1),
            });
}

void play_open(struct member *member, const struct member_line *line)
{
    struct play *play = member->play;
    uint64_t in_ns = some(play, play->temper.latency_ns);

    if (happens(play, play->temper.open_hangs_micro))
        return;
    if (is_out(play) || happens(play, play->temper.open_fails_micro)) {
        send_news(member, line, in_ns,
                  &(struct call_event){.kind = CALL_OPEN_FAILED, .code = ERR_UNREACHABLE});
        return;
    }
    send_news(member, line, in_ns,
              &(struct call_event){
                  .kind = CALL_OPENED,
                  .streams = (uint32_t)rng_below(&play->rng, member->settings.pool.streams_max + 1),
              });
    send_fate(member, line, in_ns);
}

void play_check(struct member *member, const struct member_line *line)
{
    struct play *play = member->play;
    bool fails = is_out(play) || happens(play, play->temper.check_fails_micro);

    if (!happens(play, play->temper.silent_micro))
        send_news(member, line, some(play, play->temper.latency_ns),
                  &(struct call_event){.kind = CALL_CHECKED, .code = fails ? ERR_CLOSED : 0});
}

/* ---- requests ------------------------------------------------------------------------------- */

static void news_of_attempt(struct message *message)
{
    member_tell_attempt(message->member, &message->event, message->attempt);
}

static void send_answer(struct member *member, const struct member_call *call, uint64_t in_ns,
                        const struct call_event *event)
{
    struct message *message = play_send(member->play, member, in_ns, news_of_attempt);

    message->event = *event;
    message->event.call = call->id;
    message->attempt = call->attempt;
}

static struct call_event an_end(struct play *play)
{
    return (struct call_event){
        .kind = CALL_STREAM_ENDED,
        .code = ERR_PROTOCOL,
        .may_retry = rng_below(&play->rng, 2) == 0,
        .reusable = rng_below(&play->rng, 3) > 0,
        .unsent = rng_below(&play->rng, 8) == 0,
        .unprocessed = rng_below(&play->rng, 4) == 0,
    };
}

static struct call_event an_answer(struct play *play, int64_t tokens)
{
    bool throttled = happens(play, play->temper.throttles_micro);
    bool fails = is_out(play) || happens(play, play->temper.fails_micro);

    return (struct call_event){
        .kind = CALL_RESPONSE,
        .code = throttled ? ERR_THROTTLED
                : fails   ? ERR_UPSTREAM
                          : 0,
        .may_retry = rng_below(&play->rng, 5) > 0,
        .retry_after_ns = throttled ? rng_below(&play->rng, 3 * SECOND) : 0,
        .reusable = rng_below(&play->rng, 10) > 0,
        .tokens = (int64_t)rng_below(&play->rng, (uint64_t)tokens + 2) - 1,
    };
}

void play_request(struct member *member, const struct member_call *call, struct id connection)
{
    struct play *play = member->play;
    uint64_t in_ns = some(play, play->temper.answer_ns);

    (void)connection;
    if (happens(play, play->temper.silent_micro))
        return;
    bool lost = happens(play, play->temper.lost_micro);
    if (!lost && rng_below(&play->rng, 3) == 0) {
        send_answer(member, call, in_ns / 2, &(struct call_event){.kind = CALL_FIRST_BYTE});
        if (rng_below(&play->rng, 3) == 0)
            send_answer(member, call, in_ns * 2 / 3, &(struct call_event){.kind = CALL_PIECE});
    }
    struct call_event event = lost ? an_end(play) : an_answer(play, call->tokens);
    send_answer(member, call, in_ns, &event);
}

/* ---- the shared limit ----------------------------------------------------------------------- */

static void permits_arrive(struct message *message)
{
    member_tell(message->member, &message->event);
}

static void share_hears(struct message *message)
{
    struct play *play = message->play;
    struct share_effect effect;

    assert_always(share_feed(&play->share, &message->share) == 0);
    while (share_next(&play->share, &effect)) {
        /* In order: what one member is told never overtakes itself. */
        struct message *out =
            play_send(play, &play->members[effect.member], MILLISECOND, permits_arrive);
        out->event = (struct call_event){
            .kind = effect.kind == SHARE_GRANT ? CALL_PERMIT : CALL_RECALL,
            .permits = effect.permits,
            .must = effect.must,
        };
    }
}

void play_permits(struct member *member, const struct call_effect *effect)
{
    struct message *message = play_send(member->play, member, MILLISECOND, share_hears);

    message->share = (struct share_event){
        .kind = effect->kind == CALL_PERMIT_WANTED ? SHARE_WANT : SHARE_GAVE_BACK,
        .member = member->number,
        .permits = effect->permits,
        .urgent = effect->urgent,
    };
}

/* Permits that are on their way, there or back. */
static uint32_t permits_on_their_way(const struct play *play)
{
    uint32_t permits = 0;

    for (const struct message *message = play->messages; message != NULL; message = message->next) {
        if (message->arrives == permits_arrive && message->event.kind == CALL_PERMIT)
            permits += message->event.permits;
        if (message->arrives == share_hears && message->share.kind == SHARE_GAVE_BACK)
            permits += message->share.permits;
    }
    return permits;
}

/* No permit is lost, none is used twice. */
static void check_share(struct play *play)
{
    uint32_t permits = permits_on_their_way(play);

    if (!play->shared)
        return;
    for (uint32_t i = 0; i < play->member_count; i++)
        permits += play->members[i].machine.pool.permits;
    uint32_t held = share_held(&play->share, 0);
    HOLDS(&play->problem, play->now_ns, permits == held && held <= play->share_limit,
          "%u permits are held or on their way, %u were given of %u", permits, held,
          play->share_limit);
}

/* ---- who asks ------------------------------------------------------------------------------- */

static void late_cancel(struct message *message)
{
    member_cancel(message->member, message->event.call);
}

static void user_acts(struct message *message)
{
    struct play *play = message->play;
    struct member *member = message->member;

    if (play->calms)
        return;
    for (uint64_t n = 1 + rng_below(&play->rng, 4); n > 0; n--)
        member_submit(member);
    if (rng_below(&play->rng, 3) == 0) {
        struct id id;
        uint32_t slot = (uint32_t)rng_below(&play->rng, MEMBER_CALLS);
        if (slots_at(&member->calls, slot, &id) != NULL)
            play_send(play, member, some(play, SECOND), late_cancel)->event.call = id;
    }
    if (rng_below(&play->rng, 50) == 0)
        member_tell(
            member,
            &(struct call_event){
                .kind = CALL_SET_MAX,
                .connections_max =
                    1 + (uint32_t)rng_below(&play->rng, member->settings.pool.connections_max),
            });
    play_send(play, member, some(play, SECOND / 2), user_acts);
}

/* ---- setting up ----------------------------------------------------------------------------- */

static bool once_in(struct play *play, uint64_t many)
{
    return rng_below(&play->rng, many) == 0;
}

static uint32_t rate(struct play *play, uint32_t most)
{
    return once_in(play, 2) ? 0 : (uint32_t)rng_below(&play->rng, most);
}

static void draw_temper(struct play *play)
{
    struct temper *temper = &play->temper;

    *temper = (struct temper){
        .latency_ns = rng_below(&play->rng, SECOND),
        .answer_ns = rng_below(&play->rng, 4 * SECOND),
        .slow_micro = rate(play, 200000),
        .open_fails_micro = rate(play, 300000),
        .open_hangs_micro = rate(play, 200000),
        .closes_micro = rate(play, MILLION),
        .drains_micro = rate(play, 300000),
        .capacity_micro = rate(play, 500000),
        .fails_micro = rate(play, 300000),
        .silent_micro = rate(play, 100000),
        .lost_micro = rate(play, 300000),
        .throttles_micro = rate(play, 300000),
        .check_fails_micro = rate(play, 300000),
    };
    if (once_in(play, 3)) {
        temper->out_from_ns = rng_below(&play->rng, 60 * SECOND);
        temper->out_until_ns = temper->out_from_ns + rng_below(&play->rng, 60 * SECOND);
    }
}

static void draw_settings(struct play *play, uint64_t seed, struct call_settings *settings)
{
    struct rng *rng = &play->rng;
    uint32_t most = 1 + (uint32_t)rng_below(rng, MEMBER_CONNECTIONS);

    *settings = (struct call_settings){
        .calls_max = MEMBER_CALLS,
        .attempts = 1 + (uint32_t)rng_below(rng, 4),
        .seed = seed,
        .quota = {.in_flight_max = 1 + (uint32_t)rng_below(rng, 16),
                  .requests_a_minute = once_in(play, 3) ? 300 : 0,
                  .tokens_a_minute = once_in(play, 3) ? 15000 : 0,
                  .entries = member_entries,
                  .entry_count = MEMBER_ENTRIES - 1,
                  .keys = member_keys,
                  .key_count = MEMBER_KEYS - 1},
        .pool = {.connections_max = most,
                 .connections_min = once_in(play, 2) ? (uint32_t)rng_below(rng, most + 1) : 0,
                 .streams_max = 1 + (uint32_t)rng_below(rng, 4),
                 .waiting_max = once_in(play, 3) ? 1 + (uint32_t)rng_below(rng, 10) : 0,
                 .connect_in_ns = SECOND,
                 .idle_ns = 1 + rng_below(rng, 10 * SECOND),
                 .check_every_ns = once_in(play, 2) ? SECOND : 0,
                 .lifetime_ns = once_in(play, 3) ? 1 + rng_below(rng, 30 * SECOND) : 0,
                 .seed = seed,
                 .shared = play->shared},
        .attempt_in_ns = once_in(play, 2) ? 2 * SECOND : 0,
        .checkout_in_ns = once_in(play, 2) ? 3 * SECOND : 0,
        .adaptive = once_in(play, 2),
        .concurrency = once_in(play, 2) ? CALL_CONCURRENCY_FIXED : CALL_CONCURRENCY_BY_LATENCY,
        .gradient = {.window_samples = 10},
        .breaker = {.on = once_in(play, 2), .requests_min = 5, .open_ns = SECOND},
        .per_caller_max = once_in(play, 3) ? 1 + (uint32_t)rng_below(rng, 10) : 0,
        .decisions_max = once_in(play, 2) ? 0 : 5,
    };
}

static void begin(struct play *play, uint64_t seed)
{
    rng_init_named(&play->rng, seed, (struct view)VIEW("messages"));
    timers_init(&play->timers, 1 << 20);
    draw_temper(play);
    play->shared = once_in(play, 2);
    play->member_count = play->shared ? 1 + (uint32_t)rng_below(&play->rng, MEMBERS_MAX) : 1;
    play->share_limit = 1 + (uint32_t)rng_below(&play->rng, 2 * (uint64_t)MEMBER_CONNECTIONS);
    if (play->shared)
        assert_always(share_init(&play->share, &play->share_limit, 1, MEMBERS_MAX) == 0);
    for (uint32_t i = 0; i < play->member_count; i++) {
        struct call_settings settings;
        struct share_effect none;
        draw_settings(play, seed + i, &settings);
        member_init(&play->members[i], play, i, &settings);
        if (play->shared)
            assert_always(
                share_feed(&play->share,
                           &(struct share_event){.kind = SHARE_JOIN, .member = i, .limit_count = 1})
                == 0);
        assert_always(!play->shared || !share_next(&play->share, &none));
        play_send(play, &play->members[i], 0, user_acts);
    }
}

/* ---- playing -------------------------------------------------------------------------------- */

/* The machine that wants to be woken first. */
static struct member *next_to_wake(struct play *play, uint64_t *ret_at_ns)
{
    struct member *first = NULL;

    *ret_at_ns = UINT64_MAX;
    for (uint32_t i = 0; i < play->member_count; i++) {
        uint64_t at_ns = call_deadline(&play->members[i].machine);
        if (at_ns < *ret_at_ns) {
            *ret_at_ns = at_ns;
            first = &play->members[i];
        }
    }
    return first;
}

/* False where nothing is left to happen by then, or something did not hold. */
static bool step(struct play *play, uint64_t until_ns)
{
    uint64_t wake_ns;
    struct timer due;
    struct member *member = next_to_wake(play, &wake_ns);
    uint64_t message_ns = timers_next_ns(&play->timers);
    uint64_t at_ns = wake_ns < message_ns ? wake_ns : message_ns;

    if (at_ns > until_ns || play->problem.text[0] != '\0')
        return false;
    if (at_ns > play->now_ns)
        play->now_ns = at_ns;
    if (wake_ns <= message_ns)
        member_tick(member);
    else if (timers_pop(&play->timers, play->now_ns, &due))
        due.listener(due.context, play->now_ns);
    check_share(play);
    return true;
}

static void run_until(struct play *play, uint64_t until_ns)
{
    uint32_t steps = 0;

    while (step(play, until_ns))
        if (++steps == EVENTS_MAX)
            problem_say(&play->problem, play->now_ns, "the machines go in circles");
    if (play->now_ns < until_ns)
        play->now_ns = until_ns;
}

static void end(struct play *play, struct played *ret_played)
{
    for (uint32_t i = 0; i < play->member_count; i++) {
        const struct member *member = &play->members[i];
        ret_played->questions += member->submitted;
        ret_played->attempts += member->machine.stats.sent;
        ret_played->throttled += member->machine.stats.throttled;
        ret_played->resent += member->machine.stats.resent;
        for (int code = 0; code < ERR_ORDER_END; code++)
            ret_played->by_code[code] += member->by_code[code];
        ret_played->world.opened += member->machine.pool.metrics.opened;
    }
    ret_played->problem = play->problem;
    ret_played->virtual_ns = play->now_ns;
    ret_played->checks = play->fed;
    ret_played->world.events = play->fed;
    ret_played->late = play->late;
    for (uint32_t i = 0; i < play->member_count; i++)
        member_release(&play->members[i]);
    if (play->shared)
        share_release(&play->share);
    while (play->messages != NULL)
        message_free(play->messages);
    timers_release(&play->timers);
}

void messages_play(uint64_t seed, bool trace, struct played *ret_played)
{
    static struct play play;

    *ret_played = (struct played){0};
    play = (struct play){.trace = trace};
    begin(&play, seed);
    run_until(&play, 30 * SECOND + rng_below(&play.rng, 120 * SECOND));
    play.calms = true;
    play.temper.out_until_ns = 0;
    /* Slow news arrive, deadlines pass. */
    run_until(&play, play.now_ns + 900 * SECOND);
    for (uint32_t i = 0; i < play.member_count; i++)
        member_check_rest(&play.members[i]);
    end(&play, ret_played);
}
