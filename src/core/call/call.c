/* SPDX-License-Identifier: Apache-2.0
 *
 * call: see call.h. One call's life is in the handlers; `proceed` does what follows for all of
 * them. The pool is a child: its effects are drained after each feed, and no handler of theirs
 * feeds it. */
#include "core/call/call.h"

#include "base/mem.h"

static const bool legal[CALL_STATE_END][CALL_STATE_END] = {
    [CALL_STATE_ABSENT] = {[CALL_STATE_QUEUED] = true},
    [CALL_STATE_QUEUED] = {[CALL_STATE_WAITING] = true, [CALL_STATE_ABSENT] = true},
    [CALL_STATE_WAITING] =
        {[CALL_STATE_SENT] = true, [CALL_STATE_BACKOFF] = true, [CALL_STATE_ABSENT] = true},
    [CALL_STATE_SENT] =
        {[CALL_STATE_QUEUED] = true, [CALL_STATE_BACKOFF] = true, [CALL_STATE_ABSENT] = true},
    [CALL_STATE_BACKOFF] = {[CALL_STATE_QUEUED] = true, [CALL_STATE_ABSENT] = true},
};

struct call {
    struct list_link link; /* in the queue, or among the calls of a connection */
    struct id id;
    enum call_state state;
    uint32_t tries; /* attempts, those that found no connection included */
    uint32_t sent;  /* attempts that were sent */
    int64_t tokens; /* reserved for each */
    int32_t retry_cost;
    bool resent; /* once, at once */
    bool reused; /* its connection served before */
    struct id connection;
    uint64_t submitted_ns;
    uint64_t deadline_ns;
    uint64_t sent_ns;
    uint64_t first_byte_ns; /* of the last attempt; 0: none */
};

/* How an attempt went wrong. */
struct failure {
    int code;
    bool may_retry;
    bool unsent; /* nothing had left */
    bool stale;  /* the connection served before and ended without a byte of the response */
    uint64_t retry_after_ns;
    int64_t used; /* tokens */
};

enum { CALLS_MAX = 1 << 24 };

/* ---- states --------------------------------------------------------------------------------- */

static struct list *list_of(struct call_machine *machine, const struct call *call)
{
    if (call->state == CALL_STATE_QUEUED)
        return &machine->queued;
    return call->state == CALL_STATE_SENT ? &machine->lanes[call->connection.slot] : NULL;
}

/* The one door. New calls queue behind all others, those that were admitted before stand first. */
static void set_state(struct call_machine *machine, struct call *call, enum call_state state)
{
    assert_always(legal[call->state][state]);
    bool is_new = call->state == CALL_STATE_ABSENT;
    struct list *list = list_of(machine, call);
    if (list != NULL)
        list_remove(list, &call->link);
    machine->stats.backing_off -= call->state == CALL_STATE_BACKOFF ? 1 : 0;

    call->state = state;
    list = list_of(machine, call);
    if (list != NULL && is_new)
        list_add_last(list, &call->link);
    else if (list != NULL)
        list_add_first(list, &call->link);
    machine->stats.backing_off += state == CALL_STATE_BACKOFF ? 1 : 0;
}

static void wake_at(struct call_machine *machine, const struct call *call, uint64_t at_ns)
{
    alarms_set(&machine->alarms, call->id.slot, at_ns);
}

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
    return b_ns > UINT64_MAX - a_ns ? UINT64_MAX : a_ns + b_ns;
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* ---- how a call goes on or ends ------------------------------------------------------------- */

static void finish(struct call_machine *machine, struct call *call, int code,
                   enum retry_verdict verdict)
{
    uint64_t until_ns = call->sent > 0 ? call->sent_ns : machine->now_ns;
    struct call_effect effect = {
        .kind = CALL_DONE,
        .call = call->id,
        .attempt = call->sent,
        .code = code,
        .where = call->state,
        .verdict = verdict,
        .latency_ns = machine->now_ns - call->submitted_ns,
        .waited_ns = until_ns - call->submitted_ns,
        .first_byte_ns = call->first_byte_ns != 0 ? call->first_byte_ns - call->sent_ns : 0,
    };

    machine->stats.succeeded += code == 0 ? 1 : 0;
    machine->stats.failed += code != 0 ? 1 : 0;
    wake_at(machine, call, UINT64_MAX);
    set_state(machine, call, CALL_STATE_ABSENT);
    ring_push(&machine->effects, &effect);
}

/* The attempt is over and gave its place back: again, or the end. */
static void attempt_failed(struct call_machine *machine, struct call *call,
                           const struct failure *failure)
{
    bool was_sent = call->state == CALL_STATE_SENT && !failure->unsent;
    quota_settle(&machine->quota, machine->now_ns, call->tokens, failure->used, was_sent);

    if (call->state == CALL_STATE_SENT && failure->unsent) {
        call->sent--;
        machine->stats.sent--;
    }
    if (call->state == CALL_STATE_SENT && (failure->unsent || failure->stale) && !call->resent) {
        call->tries--;
        call->resent = true;
        machine->stats.resent++;
        wake_at(machine, call, call->deadline_ns);
        set_state(machine, call, CALL_STATE_QUEUED);
        return;
    }
    if (call->state == CALL_STATE_WAITING)
        call->tries++;

    struct retry_question question = {
        .attempts = call->tries,
        .may_retry = failure->may_retry,
        .throttled = failure->code == ERR_THROTTLED,
        .retry_after_ns = failure->retry_after_ns,
        .deadline_ns = call->deadline_ns,
    };
    uint64_t at_ns = 0;
    enum retry_verdict verdict =
        retry_decide(&machine->retry, machine->now_ns, &question, &at_ns, &call->retry_cost);
    if (verdict != RETRY_AGAIN) {
        finish(machine, call, failure->code, verdict);
        return;
    }
    machine->stats.retried++;
    wake_at(machine, call, at_ns);
    set_state(machine, call, CALL_STATE_BACKOFF);
}

/* ---- the pool ------------------------------------------------------------------------------- */

static void granted(struct call_machine *machine, const struct pool_effect *effect)
{
    struct call *call = &machine->calls[effect->ticket.slot];
    assert_always(call->state == CALL_STATE_WAITING && id_equal(call->id, effect->ticket));

    call->connection = effect->connection;
    call->reused = effect->reused;
    call->sent_ns = machine->now_ns;
    call->first_byte_ns = 0;
    call->sent++;
    call->tries++;
    machine->stats.sent++;
    set_state(machine, call, CALL_STATE_SENT);
    uint64_t attempt_end_ns = machine->settings.attempt_in_ns == 0
                                  ? UINT64_MAX
                                  : later(machine->now_ns, machine->settings.attempt_in_ns);
    wake_at(machine, call, earlier(call->deadline_ns, attempt_end_ns));
    ring_push(&machine->effects, &(struct call_effect){
                                     .kind = CALL_SEND,
                                     .call = call->id,
                                     .connection = call->connection,
                                     .attempt = call->sent,
                                 });
}

static void refused(struct call_machine *machine, const struct pool_effect *effect)
{
    struct call *call = &machine->calls[effect->ticket.slot];
    assert_always(call->state == CALL_STATE_WAITING && id_equal(call->id, effect->ticket));
    int code = effect->code;

    attempt_failed(machine, call,
                   &(struct failure){
                       .code = code,
                       .may_retry = code == ERR_UNREACHABLE || code == ERR_TIMEOUT
                                    || code == ERR_CLOSED || code == ERR_LIMIT,
                   });
}

static void open_connection(struct call_machine *machine, const struct pool_effect *effect)
{
    struct call_effect open = {.kind = CALL_OPEN, .connection = effect->connection};
    ring_push(&machine->effects, &open);
}

static void close_connection(struct call_machine *machine, const struct pool_effect *effect)
{
    struct call_effect close = {.kind = CALL_CLOSE, .connection = effect->connection};
    ring_push(&machine->effects, &close);
}

static void drain_pool(struct call_machine *machine)
{
    static void (*const handlers[])(struct call_machine *, const struct pool_effect *) = {
        [POOL_OPEN] = open_connection,
        [POOL_CLOSE] = close_connection,
        [POOL_GRANT] = granted,
        [POOL_REFUSE] = refused,
    };
    struct pool_effect effect;

    while (pool_next(&machine->pool, &effect))
        handlers[effect.kind](machine, &effect);
}

/* Feeds the pool; an event that came too late for it is told by the code. */
static int tell_pool(struct call_machine *machine, const struct pool_event *event)
{
    int code = pool_feed(&machine->pool, machine->now_ns, event);
    drain_pool(machine);
    return code;
}

static void stream_over(struct call_machine *machine, struct id connection, bool reusable)
{
    int code = tell_pool(machine, &(struct pool_event){
                                      .kind = POOL_STREAM_DONE,
                                      .connection = connection,
                                      .reusable = reusable,
                                  });
    assert_always(code == 0);
}

/* Admits whoever the quota lets in, in order. */
static void proceed(struct call_machine *machine)
{
    while (machine->queued.first != NULL) {
        struct call *call = LIST_ITEM(machine->queued.first, struct call, link);
        if (quota_admit(&machine->quota, machine->now_ns, call->tokens) != 0)
            return;
        set_state(machine, call, CALL_STATE_WAITING);
        uint64_t checkout_ns = machine->settings.checkout_in_ns == 0
                                   ? UINT64_MAX
                                   : later(machine->now_ns, machine->settings.checkout_in_ns);
        int code = tell_pool(machine, &(struct pool_event){
                                          .kind = POOL_WANT,
                                          .ticket = call->id,
                                          .deadline_ns = earlier(call->deadline_ns, checkout_ns),
                                      });
        assert_always(code == 0);
    }
}

/* ---- events --------------------------------------------------------------------------------- */

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
    if (quota_possible(&machine->quota, event->tokens) != 0)
        return ERR_LIMIT;

    *call = (struct call){
        .id = event->call,
        .tokens = event->tokens,
        .submitted_ns = machine->now_ns,
        .deadline_ns = event->deadline_ns,
    };
    machine->stats.submitted++;
    set_state(machine, call, CALL_STATE_QUEUED);
    if (call->deadline_ns <= machine->now_ns)
        finish(machine, call, ERR_TIMEOUT, RETRY_DEADLINE);
    else
        wake_at(machine, call, call->deadline_ns);
    return 0;
}

/* Takes a call out of whatever it waits for and ends it. */
static void end_early(struct call_machine *machine, struct call *call, int code,
                      enum retry_verdict verdict)
{
    enum call_state state = call->state;
    struct id connection = call->connection;

    if (state == CALL_STATE_SENT)
        ring_push(&machine->effects, &(struct call_effect){
                                         .kind = CALL_ABANDON,
                                         .call = call->id,
                                         .connection = connection,
                                     });
    if (state == CALL_STATE_SENT || state == CALL_STATE_WAITING)
        quota_settle(&machine->quota, machine->now_ns, call->tokens, call->tokens,
                     state == CALL_STATE_SENT);
    finish(machine, call, code, verdict);
    if (state == CALL_STATE_SENT)
        stream_over(machine, connection, machine->settings.pool.streams_max > 1);
    if (state == CALL_STATE_WAITING) {
        int cancelled =
            tell_pool(machine, &(struct pool_event){.kind = POOL_CANCEL, .ticket = call->id});
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

static int opened(struct call_machine *machine, const struct call_event *event)
{
    return tell_pool(machine,
                     &(struct pool_event){.kind = POOL_OPENED, .connection = event->connection});
}

static int open_failed(struct call_machine *machine, const struct call_event *event)
{
    return tell_pool(machine, &(struct pool_event){
                                  .kind = POOL_OPEN_FAILED,
                                  .connection = event->connection,
                                  .code = event->code,
                              });
}

static int closed(struct call_machine *machine, const struct call_event *event)
{
    if (!pool_knows(&machine->pool, event->connection))
        return ERR_MISSING;

    struct list *lane = &machine->lanes[event->connection.slot];
    bool any_stale = false;
    while (lane->first != NULL) {
        struct call *call = LIST_ITEM(lane->first, struct call, link);
        bool stale = call->reused && call->first_byte_ns == 0;
        any_stale = any_stale || stale;
        attempt_failed(machine, call,
                       &(struct failure){
                           .code = event->code != 0 ? event->code : ERR_CLOSED,
                           .may_retry = event->may_retry,
                           .unsent = event->unsent,
                           .stale = stale,
                           .used = stale ? 0 : call->tokens,
                       });
    }
    return tell_pool(machine, &(struct pool_event){
                                  .kind = POOL_CLOSED,
                                  .connection = event->connection,
                                  .code = event->code,
                                  .stale = any_stale,
                              });
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

static int response(struct call_machine *machine, const struct call_event *event)
{
    struct call *call = sent_call_of(machine, event->call);
    if (call == NULL)
        return ERR_MISSING;
    struct id connection = call->connection;

    machine->stats.throttled += event->code == ERR_THROTTLED ? 1 : 0;
    if (event->code == 0) {
        int64_t used = event->tokens < 0 ? call->tokens : event->tokens;
        quota_settle(&machine->quota, machine->now_ns, call->tokens, used, true);
        retry_succeeded(&machine->retry, call->retry_cost);
        finish(machine, call, 0, RETRY_FINAL);
    } else {
        attempt_failed(machine, call,
                       &(struct failure){
                           .code = event->code,
                           .may_retry = event->may_retry,
                           .retry_after_ns = event->retry_after_ns,
                           .used = event->tokens < 0 ? 0 : event->tokens,
                       });
    }
    stream_over(machine, connection, event->reusable);
    return 0;
}

static int stream_ended(struct call_machine *machine, const struct call_event *event)
{
    struct call *call = sent_call_of(machine, event->call);
    if (call == NULL)
        return ERR_MISSING;
    struct id connection = call->connection;

    attempt_failed(machine, call,
                   &(struct failure){
                       .code = event->code,
                       .may_retry = event->may_retry,
                       .unsent = event->unsent,
                       .used = call->tokens,
                   });
    stream_over(machine, connection, event->reusable);
    return 0;
}

/* ---- time ----------------------------------------------------------------------------------- */

static void attempt_timed_out(struct call_machine *machine, struct call *call)
{
    struct id connection = call->connection;

    ring_push(&machine->effects, &(struct call_effect){
                                     .kind = CALL_ABANDON,
                                     .call = call->id,
                                     .connection = connection,
                                 });
    attempt_failed(machine, call,
                   &(struct failure){.code = ERR_TIMEOUT, .may_retry = true, .used = call->tokens});
    stream_over(machine, connection, machine->settings.pool.streams_max > 1);
}

static void woken(struct call_machine *machine, struct call *call)
{
    if (call->state == CALL_STATE_BACKOFF) {
        wake_at(machine, call, call->deadline_ns);
        set_state(machine, call, CALL_STATE_QUEUED);
    } else if (machine->now_ns >= call->deadline_ns) {
        end_early(machine, call, ERR_TIMEOUT, RETRY_DEADLINE);
    } else {
        attempt_timed_out(machine, call);
    }
}

static void advance(struct call_machine *machine, uint64_t now_ns)
{
    assert_always(machine->effects.count == 0 && now_ns >= machine->now_ns);
    machine->now_ns = now_ns;
}

int call_feed(struct call_machine *machine, uint64_t now_ns, const struct call_event *event)
{
    static int (*const handlers[])(struct call_machine *, const struct call_event *) = {
        [CALL_SUBMIT] = submit,     [CALL_CANCEL] = cancel,
        [CALL_OPENED] = opened,     [CALL_OPEN_FAILED] = open_failed,
        [CALL_CLOSED] = closed,     [CALL_FIRST_BYTE] = first_byte,
        [CALL_RESPONSE] = response, [CALL_STREAM_ENDED] = stream_ended,
    };

    advance(machine, now_ns);
    int code = handlers[event->kind](machine, event);
    machine->stats.late_events += code == ERR_MISSING ? 1 : 0;
    proceed(machine);
    return code;
}

void call_tick(struct call_machine *machine, uint64_t now_ns)
{
    uint32_t slot;

    advance(machine, now_ns);
    while (alarms_pop(&machine->alarms, now_ns, &slot))
        woken(machine, &machine->calls[slot]);
    pool_tick(&machine->pool, now_ns);
    drain_pool(machine);
    proceed(machine);
}

bool call_next(struct call_machine *machine, struct call_effect *ret_effect)
{
    return ring_pop(&machine->effects, ret_effect);
}

uint64_t call_deadline(const struct call_machine *machine)
{
    uint64_t at_ns = earlier(alarms_first(&machine->alarms), pool_deadline(&machine->pool));

    if (machine->queued.first == NULL || machine->quota.in_flight >= machine->quota.in_flight_max)
        return at_ns;
    const struct call *head = LIST_ITEM(machine->queued.first, struct call, link);
    return earlier(at_ns, quota_at(&machine->quota, machine->now_ns, head->tokens));
}

void call_stats(const struct call_machine *machine, struct call_stats *ret_stats)
{
    *ret_stats = machine->stats;
    ret_stats->queued = machine->queued.count;
    ret_stats->in_flight = machine->quota.in_flight;
}

/* ---- life ----------------------------------------------------------------------------------- */

int call_machine_init(struct call_machine *machine, const struct call_settings *settings,
                      uint64_t now_ns)
{
    if (settings->calls_max < 1 || settings->calls_max > CALLS_MAX)
        return ERR_LIMIT;

    *machine = (struct call_machine){.settings = *settings, .now_ns = now_ns};
    retry_init(&machine->retry, settings->attempts, settings->seed);
    struct pool_settings *pool = &machine->settings.pool;
    pool->tickets_max = settings->calls_max;
    int code = quota_init(&machine->quota, &settings->quota, now_ns);
    if (code == 0)
        code = pool_init(&machine->pool, pool, now_ns);
    if (code == 0)
        code = alarms_init(&machine->alarms, settings->calls_max);
    if (code == 0) {
        /* Between two drains: for each call SEND, ABANDON and DONE, for each connection an end and
         * a begin. */
        size_t effects_max = (size_t)3 * settings->calls_max + (size_t)2 * pool->connections_max;
        code = ring_init(&machine->effects, effects_max, sizeof(struct call_effect));
    }
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
    alarms_release(&machine->alarms);
    ring_release(&machine->effects);
    mem_free(machine->calls);
    mem_free(machine->lanes);
    *machine = (struct call_machine){0};
}
