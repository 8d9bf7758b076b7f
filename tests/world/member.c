/* SPDX-License-Identifier: Apache-2.0
 *
 * member: see member.h. The books know more than the machine: each connection's life and each
 * attempt has a number that is never used again, so they tell a late event from a present one
 * without trusting ids. */
#include "member.h"

#include <stdio.h>

enum { RESENDS = 4 };

static const uint64_t MINUTE_NS = 60000000000;
static const uint64_t SECOND_NS = 1000000000;

const struct book_limits member_entries[MEMBER_ENTRIES - 1] = {
    {.requests_a_minute = 90, .tokens_a_minute = 2500},
    {.tokens_a_minute = 4000},
    {.requests_a_day = 400, .tokens_a_day = 12000},
};
const struct book_key member_keys[MEMBER_KEYS - 1] = {
    {.entries = {0, 2}, .count = 2},
    {.entries = {1, 2}, .count = 2},
};

#define MUST(member, condition, ...) \
    HOLDS(&(member)->play->problem, (member)->play->now_ns, condition, __VA_ARGS__)

/* ---- the ledger ----------------------------------------------------------------------------- */

static bool within(int64_t spent, int64_t a_minute, uint64_t now_ns)
{
    return a_minute == 0
           || (double)spent <= (double)a_minute * (1 + (double)now_ns / (double)MINUTE_NS) + 1;
}

static void spend_of(struct member *member, uint32_t entry, const struct book_limits *limits,
                     int64_t tokens, int64_t requests)
{
    uint64_t now_ns = member->play->now_ns;

    member->tokens[entry] += tokens;
    member->requests[entry] += requests;
    if (tokens < 0 || requests < 0)
        return;
    MUST(member,
         within(member->tokens[entry], limits->tokens_a_minute, now_ns)
             && (limits->tokens_a_day == 0 || member->tokens[entry] <= limits->tokens_a_day),
         "%lld tokens of quota %u in %.3f s", (long long)member->tokens[entry], entry,
         (double)now_ns / 1e9);
    MUST(member,
         within(member->requests[entry], limits->requests_a_minute, now_ns)
             && (limits->requests_a_day == 0 || member->requests[entry] <= limits->requests_a_day),
         "%lld requests of quota %u in %.3f s", (long long)member->requests[entry], entry,
         (double)now_ns / 1e9);
}

static void spend(struct member *member, const struct member_call *call, int64_t tokens,
                  int64_t requests)
{
    const struct quota_settings *quota = &member->settings.quota;
    struct book_limits own = {.requests_a_minute = quota->requests_a_minute,
                              .tokens_a_minute = quota->tokens_a_minute};

    spend_of(member, 0, &own, tokens, requests);
    for (uint32_t i = 0; call->key > 0 && i < member_keys[call->key - 1].count; i++) {
        uint32_t entry = member_keys[call->key - 1].entries[i];
        spend_of(member, 1 + entry, &member_entries[entry], tokens, requests);
    }
}

/* ---- effects -------------------------------------------------------------------------------- */

static uint32_t streams_of(const struct member *member, uint64_t life)
{
    uint32_t streams = 0;
    struct id id;

    for (uint32_t slot = 0; slot < MEMBER_CALLS; slot++) {
        const struct member_call *call = slots_at(&member->calls, slot, &id);
        streams += call != NULL && call->attempt != 0 && call->on == life ? 1 : 0;
    }
    return streams;
}

static void on_open(struct member *member, const struct call_effect *effect)
{
    struct member_line *line = &member->lines[effect->connection.slot];

    MUST(member, line->life == 0, "connection %u is opened twice", effect->connection.slot);
    *line = (struct member_line){
        .id = effect->connection,
        .life = ++member->play->numbers,
        .streams = member->settings.pool.streams_max,
    };
    play_open(member, line);
}

static void on_close(struct member *member, const struct call_effect *effect)
{
    struct member_line *line = &member->lines[effect->connection.slot];

    MUST(member, line->life != 0 && id_equal(line->id, effect->connection),
         "connection %u is closed and was not there", effect->connection.slot);
    MUST(member, streams_of(member, line->life) == 0, "connection %u is closed in use",
         effect->connection.slot);
    *line = (struct member_line){0};
}

static void on_check(struct member *member, const struct call_effect *effect)
{
    struct member_line *line = &member->lines[effect->connection.slot];

    MUST(member, line->open && streams_of(member, line->life) == 0,
         "connection %u is checked and is not idle", effect->connection.slot);
    line->checking = true;
    play_check(member, line);
}

static void on_send(struct member *member, const struct call_effect *effect)
{
    struct member_call *call = slots_get(&member->calls, effect->call);
    const struct member_line *line = &member->lines[effect->connection.slot];

    MUST(member, call != NULL && call->attempt == 0 && !call->begun,
         "a call is sent that is not to be");
    MUST(member, line->life != 0 && line->open && !line->checking && !line->draining,
         "a call is sent on connection %u, which is not open to it", effect->connection.slot);
    if (call == NULL)
        return;
    call->attempt = ++member->play->numbers;
    call->on = line->life;
    call->sends++;
    MUST(member, streams_of(member, line->life) <= line->streams,
         "connection %u carries %u streams, its peer allows %u", effect->connection.slot,
         streams_of(member, line->life), line->streams);
    MUST(member, call->sends <= member->settings.attempts + RESENDS, "a call was sent %u times",
         call->sends);
    spend(member, call, call->tokens, 1);
    play_request(member, call, effect->connection);
}

static void on_abandon(struct member *member, const struct call_effect *effect)
{
    struct member_call *call = slots_get(&member->calls, effect->call);

    MUST(member, call != NULL && call->attempt != 0, "an attempt is abandoned that is none");
    if (call != NULL)
        call->attempt = 0;
}

static void on_done(struct member *member, const struct call_effect *effect)
{
    struct member_call *call = slots_get(&member->calls, effect->call);

    MUST(member, call != NULL, "a call is done twice");
    if (call == NULL)
        return;
    MUST(member, call->attempt == 0, "a call is done that is under way");
    MUST(member, member->play->now_ns <= call->deadline_ns, "a call is done past its deadline");
    MUST(member, effect->code != ERR_CANCELLED || call->cancelled,
         "a call was cancelled and nobody did it");
    slots_give(&member->calls, call->id);
    member->done++;
    member->by_code[-effect->code]++;
}

static void on_decided(struct member *member, const struct call_effect *effect)
{
    struct call_decision decision;

    (void)effect;
    while (call_next_decision(&member->machine, &decision))
        MUST(member, decision.at_ns <= member->play->now_ns, "a decision comes from later");
}

static void drain(struct member *member)
{
    static void (*const handlers[CALL_EFFECT_END])(struct member *, const struct call_effect *) = {
        [CALL_OPEN] = on_open,
        [CALL_CLOSE] = on_close,
        [CALL_SEND] = on_send,
        [CALL_ABANDON] = on_abandon,
        [CALL_DONE] = on_done,
        [CALL_CHECK] = on_check,
        [CALL_PERMIT_WANTED] = play_permits,
        [CALL_PERMIT_BACK] = play_permits,
        [CALL_DECIDED] = on_decided,
    };
    static const char *const words[CALL_EFFECT_END] = {
        "open", "close", "send", "abandon", "done", "check", "wants", "gives back", "decided"};
    struct play *play = member->play;
    struct call_effect effect;
    struct census census;

    while (call_next(&member->machine, &effect)) {
        if (play->trace)
            printf("%15.9f  machine %u: %s call %u.%u connection %u.%u code %d\n",
                   (double)play->now_ns / 1e9, member->number, words[effect.kind], effect.call.slot,
                   effect.call.generation, effect.connection.slot, effect.connection.generation,
                   effect.code);
        handlers[effect.kind](member, &effect);
    }
    machine_check(&member->machine, play->now_ns, &play->problem, &census);
    MUST(member, census.held == member->calls.taken, "%u calls are held, %u were asked",
         census.held, member->calls.taken);
    for (int i = 0; i < MEMBER_CONNECTIONS; i++)
        census.connections -= member->lines[i].life != 0 ? 1 : 0;
    MUST(member, census.connections == 0, "the pool believes in other connections than there are");
}

/* ---- events --------------------------------------------------------------------------------- */

static int feed(struct member *member, const struct call_event *event)
{
    struct play *play = member->play;

    play->fed++;
    if (play->trace)
        printf("%15.9f  machine %u is told %d: call %u.%u connection %u.%u code %d\n",
               (double)play->now_ns / 1e9, member->number, (int)event->kind, event->call.slot,
               event->call.generation, event->connection.slot, event->connection.generation,
               event->code);
    int code = call_feed(&member->machine, play->now_ns, event);
    MUST(member, code == 0 || code == ERR_MISSING, "an event is refused: %s", err_name(code));
    play->late += code == ERR_MISSING ? 1 : 0;
    drain(member);
    return code;
}

void member_tell(struct member *member, const struct call_event *event)
{
    (void)!feed(member, event);
}

void member_submit(struct member *member)
{
    struct play *play = member->play;
    struct id id;
    struct member_call *call = slots_take(&member->calls, &id);
    if (call == NULL)
        return;

    uint64_t most_ns = rng_below(&play->rng, 4) == 0 ? SECOND_NS : 40 * SECOND_NS;
    *call = (struct member_call){
        .id = id,
        .number = ++play->numbers,
        .deadline_ns = play->now_ns + 1 + rng_below(&play->rng, most_ns),
        .key = (uint32_t)rng_below(&play->rng, MEMBER_KEYS),
        .tokens = (int64_t)rng_below(&play->rng, 150),
    };
    member->submitted++;
    member_tell(member, &(struct call_event){
                            .kind = CALL_SUBMIT,
                            .call = id,
                            .deadline_ns = call->deadline_ns,
                            .tokens = call->tokens,
                            .caller = rng_below(&play->rng, 4),
                            .weight = (uint32_t)rng_below(&play->rng, 3),
                            .quota_key = call->key,
                        });
}

void member_cancel(struct member *member, struct id id)
{
    struct member_call *call = slots_get(&member->calls, id);

    if (call != NULL)
        call->cancelled = true;
    member_tell(member, &(struct call_event){.kind = CALL_CANCEL, .call = id});
}

/* What of an attempt comes back at most is known before the machine is told. */
static void give_back(struct member *member, struct member_call *call, int64_t used, bool untouched)
{
    spend(member, call, untouched ? -call->tokens : used - call->tokens, untouched ? -1 : 0);
    call->attempt = 0;
}

static void note_closed(struct member *member, struct member_line *line,
                        const struct call_event *event)
{
    struct id id;

    for (uint32_t slot = 0; slot < MEMBER_CALLS; slot++) {
        struct member_call *call = slots_at(&member->calls, slot, &id);
        if (call != NULL && call->attempt != 0 && call->on == line->life)
            give_back(member, call, 0, event->unsent);
    }
    *line = (struct member_line){0};
}

static void note_opened(struct member_line *line, const struct call_event *event)
{
    line->open = true;
    if (event->streams != 0)
        line->streams = event->streams;
}

/* The present connection's news, as the books see them; false where they are about another. */
static bool note(struct member *member, struct member_line *line, const struct call_event *event,
                 uint64_t life)
{
    bool is_opening = event->kind == CALL_OPENED || event->kind == CALL_OPEN_FAILED;

    if (line->life != life || line->open == is_opening
        || (event->kind == CALL_CHECKED && !line->checking))
        return false;
    if (event->kind == CALL_OPENED)
        note_opened(line, event);
    else if (event->kind == CALL_OPEN_FAILED)
        *line = (struct member_line){0};
    else if (event->kind == CALL_CLOSED)
        note_closed(member, line, event);
    else if (event->kind == CALL_DRAIN)
        line->draining = true;
    else if (event->kind == CALL_CAPACITY)
        line->streams = event->streams;
    else if (event->kind == CALL_CHECKED)
        line->checking = false;
    return true;
}

void member_tell_connection(struct member *member, const struct call_event *event, uint64_t life)
{
    struct member_line *line = &member->lines[event->connection.slot];
    bool is_present = note(member, line, event, life);

    int code = feed(member, event);
    MUST(member, code == 0 || !is_present, "news of connection %u came too late, and it lives",
         event->connection.slot);
    MUST(member, code != 0 || is_present, "old news of connection %u were taken for new ones",
         event->connection.slot);
}

void member_tell_attempt(struct member *member, const struct call_event *event, uint64_t attempt)
{
    struct id id;
    struct member_call *call = NULL;

    for (uint32_t slot = 0; slot < MEMBER_CALLS && call == NULL; slot++) {
        call = slots_at(&member->calls, slot, &id);
        if (call != NULL && call->attempt != attempt)
            call = NULL;
    }
    if (call == NULL && slots_get(&member->calls, event->call) != NULL)
        return; /* of an attempt that is over; its driver forgot it */
    if (call != NULL && event->kind == CALL_PIECE)
        call->begun = true;
    if (call != NULL && event->kind == CALL_STREAM_ENDED)
        give_back(member, call, call->tokens, event->unsent || event->unprocessed);
    if (call != NULL && event->kind == CALL_RESPONSE) {
        int64_t unknown = event->code == 0 ? call->tokens : 0;
        give_back(member, call, event->tokens < 0 ? unknown : event->tokens, false);
    }
    int code = feed(member, event);
    MUST(member, (code == 0) == (call != NULL), "news of call %u were %s", event->call.slot,
         code == 0 ? "taken, and it was over" : "refused, and it was under way");
}

void member_tick(struct member *member)
{
    call_tick(&member->machine, member->play->now_ns);
    drain(member);
    MUST(member, call_deadline(&member->machine) > member->play->now_ns,
         "a machine wants to be woken now, always");
}

/* ---- life ----------------------------------------------------------------------------------- */

void member_init(struct member *member, struct play *play, uint32_t number,
                 const struct call_settings *settings)
{
    *member = (struct member){.play = play, .number = number, .settings = *settings};
    assert_always(slots_init(&member->calls, MEMBER_CALLS, sizeof(struct member_call)) == 0);
    assert_always(call_machine_init(&member->machine, settings, play->now_ns) == 0);
}

void member_release(struct member *member)
{
    call_machine_release(&member->machine);
    slots_release(&member->calls);
}

void member_check_rest(struct member *member)
{
    struct call_stats stats;

    call_stats(&member->machine, &stats);
    MUST(member, member->calls.taken == 0 && member->done == member->submitted,
         "%u calls were never done", member->calls.taken);
    MUST(member, stats.queued + stats.backing_off + stats.in_flight == 0,
         "all is done, and %u wait, %u back off, %u are in flight", stats.queued, stats.backing_off,
         stats.in_flight);
    MUST(member,
         stats.submitted == member->submitted && stats.succeeded + stats.failed == member->done,
         "%llu submitted, %llu succeeded, %llu failed", (unsigned long long)stats.submitted,
         (unsigned long long)stats.succeeded, (unsigned long long)stats.failed);
}
