/* SPDX-License-Identifier: Apache-2.0
 *
 * events: what happens to calls and connections. The pool is a child: its effects are drained after
 * each feed, and no handler of theirs feeds it. */
#include "core/call/inside.h"

/* ---- the pool ------------------------------------------------------------------------------- */

static void granted(struct call_machine *machine, const struct pool_effect *effect)
{
    struct call *call = &machine->calls[effect->ticket.slot];
    assert_always(call->state == CALL_STATE_WAITING && id_equal(call->id, effect->ticket));
    const struct call_settings *settings = &machine->settings;

    call->connection = effect->connection;
    call->reused = effect->reused;
    call->sent_ns = machine->now_ns;
    call->first_byte_ns = 0;
    call->sent++;
    call->tries++;
    machine->stats.sent++;
    call_set_state(machine, call, CALL_STATE_SENT);
    uint64_t attempt_end_ns = settings->attempt_in_ns == 0
                                  ? UINT64_MAX
                                  : call_later(machine->now_ns, settings->attempt_in_ns);
    call_wake_at(machine, call, call_earlier(call->deadline_ns, attempt_end_ns));
    call_push(machine, CALL_SEND, call, call->connection);
}

static void refused(struct call_machine *machine, const struct pool_effect *effect)
{
    struct call *call = &machine->calls[effect->ticket.slot];
    assert_always(call->state == CALL_STATE_WAITING && id_equal(call->id, effect->ticket));
    int code = effect->code;

    call_attempt_failed(machine, call,
                        &(struct call_failure){
                            .code = code,
                            .may_retry = code == ERR_UNREACHABLE || code == ERR_TIMEOUT
                                         || code == ERR_CLOSED || code == ERR_LIMIT,
                        });
}

static void open_connection(struct call_machine *machine, const struct pool_effect *effect)
{
    machine->lanes[effect->connection.slot].streams = machine->settings.pool.streams_max;
    call_push(machine, CALL_OPEN, NULL, effect->connection);
}

static void close_connection(struct call_machine *machine, const struct pool_effect *effect)
{
    call_push(machine, CALL_CLOSE, NULL, effect->connection);
}

static void check_connection(struct call_machine *machine, const struct pool_effect *effect)
{
    call_push(machine, CALL_CHECK, NULL, effect->connection);
}

static void want_permits(struct call_machine *machine, const struct pool_effect *effect)
{
    ring_push(&machine->effects, &(struct call_effect){
                                     .kind = CALL_PERMIT_WANTED,
                                     .permits = effect->permits,
                                     .urgent = effect->urgent,
                                 });
}

static void give_permits_back(struct call_machine *machine, const struct pool_effect *effect)
{
    ring_push(&machine->effects,
              &(struct call_effect){.kind = CALL_PERMIT_BACK, .permits = effect->permits});
}

void call_drain_pool(struct call_machine *machine)
{
    static void (*const handlers[POOL_EFFECT_END])(struct call_machine *,
                                                   const struct pool_effect *) = {
        [POOL_OPEN] = open_connection,
        [POOL_CLOSE] = close_connection,
        [POOL_GRANT] = granted,
        [POOL_REFUSE] = refused,
        [POOL_CHECK] = check_connection,
        [POOL_PERMIT_WANTED] = want_permits,
        [POOL_PERMIT_BACK] = give_permits_back,
    };
    struct pool_effect effect;

    while (pool_next(&machine->pool, &effect))
        handlers[effect.kind](machine, &effect);
}

int call_tell_pool(struct call_machine *machine, const struct pool_event *event)
{
    int code = pool_feed(&machine->pool, machine->now_ns, event);
    call_drain_pool(machine);
    return code;
}

static void stream_over(struct call_machine *machine, struct id call, struct id connection,
                        bool reusable)
{
    int code = call_tell_pool(machine, &(struct pool_event){
                                           .kind = POOL_STREAM_DONE,
                                           .connection = connection,
                                           .ticket = call,
                                           .reusable = reusable,
                                       });
    assert_always(code == 0);
}

/* A connection that carries one stream at a time is of no use after that was given up. */
static bool survives_abandon(const struct call_machine *machine, struct id connection)
{
    return machine->lanes[connection.slot].streams > 1;
}

/* ---- calls ---------------------------------------------------------------------------------- */

static struct call *call_of(const struct call_machine *machine, struct id id)
{
    assert_always(id.slot < machine->settings.calls_max);
    struct call *call = &machine->calls[id.slot];

    return call->state != CALL_STATE_ABSENT && id_equal(call->id, id) ? call : NULL;
}

static struct call *sent_call_of(const struct call_machine *machine, struct id id)
{
    struct call *call = call_of(machine, id);
    return call != NULL && call->state == CALL_STATE_SENT ? call : NULL;
}

static int submit(struct call_machine *machine, const struct call_event *event)
{
    assert_always(event->call.slot < machine->settings.calls_max && !id_is_none(event->call));
    struct call *call = &machine->calls[event->call.slot];
    assert_always(call->state == CALL_STATE_ABSENT && event->tokens >= 0);
    if (call_possible(machine, event->quota_key, event->tokens) != 0) {
        call_decide(machine, CALL_DECISION_TOO_LARGE, NULL, event->tokens, event->quota_key);
        return ERR_LIMIT;
    }

    *call = (struct call){
        .id = event->call,
        .tokens = event->tokens,
        .caller = event->caller,
        .weight = event->weight < FAIR_WEIGHT_MAX ? event->weight : FAIR_WEIGHT_MAX,
        .quota_key = event->quota_key,
        .submitted_ns = machine->now_ns,
        .deadline_ns = event->deadline_ns,
    };
    machine->stats.submitted++;
    if (call->deadline_ns <= machine->now_ns) {
        call_set_state(machine, call, CALL_STATE_QUEUED);
        call_decide(machine, CALL_DECISION_EXPIRED, call, CALL_STATE_QUEUED, 0);
        call_finish(machine, call, ERR_TIMEOUT, RETRY_DEADLINE);
        return 0;
    }
    call_wake_at(machine, call, call->deadline_ns);
    call_queue(machine, call, CALL_ARRIVAL_NEW);
    return 0;
}

/* Takes a call out of whatever it waits for and ends it. */
static void end_early(struct call_machine *machine, struct call *call, int code,
                      enum retry_verdict verdict)
{
    enum call_state state = call->state;
    struct id id = call->id;
    struct id connection = call->connection;

    if (state == CALL_STATE_SENT)
        call_push(machine, CALL_ABANDON, call, connection);
    if (state == CALL_STATE_SENT || state == CALL_STATE_WAITING)
        call_attempt_over(machine, call,
                          &(struct call_failure){
                              .code = code,
                              .untouched = state == CALL_STATE_WAITING,
                              .used = call->tokens,
                          });
    call_finish(machine, call, code, verdict);
    if (state == CALL_STATE_SENT)
        stream_over(machine, id, connection, survives_abandon(machine, connection));
    if (state == CALL_STATE_WAITING) {
        int cancelled =
            call_tell_pool(machine, &(struct pool_event){.kind = POOL_CANCEL, .ticket = id});
        assert_always(cancelled == 0);
    }
}

static int cancel(struct call_machine *machine, const struct call_event *event)
{
    struct call *call = call_of(machine, event->call);
    if (call == NULL)
        return ERR_MISSING;

    end_early(machine, call, ERR_CANCELLED, RETRY_FINAL);
    return 0;
}

static int first_byte(struct call_machine *machine, const struct call_event *event)
{
    struct call *call = sent_call_of(machine, event->call);
    if (call == NULL)
        return ERR_MISSING;

    if (call->first_byte_ns == 0)
        call->first_byte_ns = machine->now_ns;
    return 0;
}

static int piece(struct call_machine *machine, const struct call_event *event)
{
    struct call *call = sent_call_of(machine, event->call);
    if (call == NULL)
        return ERR_MISSING;

    call->begun = true;
    return first_byte(machine, event);
}

static int response(struct call_machine *machine, const struct call_event *event)
{
    struct call *call = sent_call_of(machine, event->call);
    if (call == NULL)
        return ERR_MISSING;
    struct id connection = call->connection;
    bool good = event->code == 0;
    struct call_failure failure = {
        .code = event->code,
        .may_retry = event->may_retry,
        .retry_after_ns = event->retry_after_ns,
        .used = event->tokens >= 0 ? event->tokens
                : good             ? call->tokens
                                   : 0,
    };

    if (event->code == ERR_THROTTLED) {
        machine->stats.throttled++;
        call_decide(machine, CALL_DECISION_THROTTLED, call, call->sent,
                    (int64_t)call_earlier(event->retry_after_ns, INT64_MAX));
    }
    if (good) {
        call_attempt_over(machine, call, &failure);
        retry_succeeded(&machine->retry, call->retry_cost);
        call_finish(machine, call, 0, RETRY_FINAL);
    } else {
        call_attempt_failed(machine, call, &failure);
    }
    stream_over(machine, event->call, connection, event->reusable);
    return 0;
}

static int stream_ended(struct call_machine *machine, const struct call_event *event)
{
    struct call *call = sent_call_of(machine, event->call);
    if (call == NULL)
        return ERR_MISSING;
    struct id connection = call->connection;

    call_attempt_failed(machine, call,
                        &(struct call_failure){
                            .code = event->code != 0 ? event->code : ERR_CLOSED,
                            .may_retry = event->may_retry || event->unprocessed,
                            .untouched = event->unsent || event->unprocessed,
                            .used = call->tokens,
                        });
    stream_over(machine, event->call, connection, event->reusable);
    return 0;
}

/* ---- connections ---------------------------------------------------------------------------- */

static int opened(struct call_machine *machine, const struct call_event *event)
{
    if (!pool_knows(&machine->pool, event->connection))
        return ERR_MISSING;

    if (event->streams != 0)
        machine->lanes[event->connection.slot].streams = event->streams;
    breaker_connected(&machine->breaker, machine->now_ns, true);
    return call_tell_pool(machine, &(struct pool_event){
                                       .kind = POOL_OPENED,
                                       .connection = event->connection,
                                       .streams = event->streams,
                                   });
}

static int open_failed(struct call_machine *machine, const struct call_event *event)
{
    if (!pool_knows(&machine->pool, event->connection))
        return ERR_MISSING;

    breaker_connected(&machine->breaker, machine->now_ns, false);
    return call_tell_pool(machine, &(struct pool_event){
                                       .kind = POOL_OPEN_FAILED,
                                       .connection = event->connection,
                                       .code = event->code,
                                   });
}

/* A connection that served before and gave no sign of life since was most likely dead already. */
static bool is_stale(const struct list *calls)
{
    for (struct list_link *link = calls->first; link != NULL; link = link->next) {
        const struct call *call = LIST_ITEM(link, struct call, link);
        if (!call->reused || call->first_byte_ns != 0)
            return false;
    }
    return calls->first != NULL;
}

static int closed(struct call_machine *machine, const struct call_event *event)
{
    if (!pool_knows(&machine->pool, event->connection))
        return ERR_MISSING;

    struct list *calls = &machine->lanes[event->connection.slot].calls;
    bool stale = is_stale(calls);
    while (calls->first != NULL) {
        struct call *call = LIST_ITEM(calls->first, struct call, link);
        call_attempt_failed(machine, call,
                            &(struct call_failure){
                                .code = event->code != 0 ? event->code : ERR_CLOSED,
                                .may_retry = event->may_retry,
                                .untouched = event->unsent,
                                .stale = stale,
                                .used = stale ? 0 : call->tokens,
                            });
    }
    return call_tell_pool(machine, &(struct pool_event){
                                       .kind = POOL_CLOSED,
                                       .connection = event->connection,
                                       .code = event->code,
                                       .stale = stale,
                                   });
}

static int capacity(struct call_machine *machine, const struct call_event *event)
{
    if (!pool_knows(&machine->pool, event->connection))
        return ERR_MISSING;

    machine->lanes[event->connection.slot].streams = event->streams;
    return call_tell_pool(machine, &(struct pool_event){
                                       .kind = POOL_CAPACITY,
                                       .connection = event->connection,
                                       .streams = event->streams,
                                   });
}

static int drain(struct call_machine *machine, const struct call_event *event)
{
    int code = call_tell_pool(
        machine, &(struct pool_event){.kind = POOL_DRAIN, .connection = event->connection});

    if (code == 0)
        call_decide(machine, CALL_DECISION_DRAINED, NULL, event->connection.slot, 0);
    return code;
}

static int checked(struct call_machine *machine, const struct call_event *event)
{
    int code = call_tell_pool(machine, &(struct pool_event){
                                           .kind = POOL_CHECKED,
                                           .connection = event->connection,
                                           .code = event->code,
                                       });

    if (code == 0 && event->code != 0)
        call_decide(machine, CALL_DECISION_FOUND_DEAD, NULL, event->connection.slot, event->code);
    return code;
}

static int set_max(struct call_machine *machine, const struct call_event *event)
{
    return call_tell_pool(machine, &(struct pool_event){
                                       .kind = POOL_SET_MAX,
                                       .connections_max = event->connections_max,
                                   });
}

static int permit(struct call_machine *machine, const struct call_event *event)
{
    return call_tell_pool(machine,
                          &(struct pool_event){.kind = POOL_PERMIT, .permits = event->permits});
}

static int recall(struct call_machine *machine, const struct call_event *event)
{
    return call_tell_pool(machine, &(struct pool_event){
                                       .kind = POOL_RECALL,
                                       .permits = event->permits,
                                       .must = event->must,
                                   });
}

int call_handle(struct call_machine *machine, const struct call_event *event)
{
    static int (*const handlers[CALL_EVENT_END])(struct call_machine *,
                                                 const struct call_event *) = {
        [CALL_SUBMIT] = submit,     [CALL_CANCEL] = cancel,
        [CALL_OPENED] = opened,     [CALL_OPEN_FAILED] = open_failed,
        [CALL_CLOSED] = closed,     [CALL_FIRST_BYTE] = first_byte,
        [CALL_RESPONSE] = response, [CALL_STREAM_ENDED] = stream_ended,
        [CALL_PIECE] = piece,       [CALL_CAPACITY] = capacity,
        [CALL_DRAIN] = drain,       [CALL_CHECKED] = checked,
        [CALL_SET_MAX] = set_max,   [CALL_PERMIT] = permit,
        [CALL_RECALL] = recall,
    };

    return handlers[event->kind](machine, event);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void attempt_timed_out(struct call_machine *machine, struct call *call)
{
    struct id id = call->id;
    struct id connection = call->connection;

    call_push(machine, CALL_ABANDON, call, connection);
    call_attempt_failed(
        machine, call,
        &(struct call_failure){.code = ERR_TIMEOUT, .may_retry = true, .used = call->tokens});
    stream_over(machine, id, connection, survives_abandon(machine, connection));
}

void call_woken(struct call_machine *machine, struct call *call)
{
    if (call->state == CALL_STATE_BACKOFF) {
        call_wake_at(machine, call, call->deadline_ns);
        call_queue(machine, call, CALL_ARRIVAL_AGAIN);
    } else if (machine->now_ns >= call->deadline_ns) {
        call_decide(machine, CALL_DECISION_EXPIRED, call, call->state,
                    (int64_t)(machine->now_ns - call->submitted_ns));
        end_early(machine, call, ERR_TIMEOUT, RETRY_DEADLINE);
    } else {
        attempt_timed_out(machine, call);
    }
}
