/* SPDX-License-Identifier: Apache-2.0
 *
 * asker: see asker.h. Everything that happens becomes an event of the call machine: it is put into
 * `pending`, and `drive` feeds the machine and does what it says until nothing is left. So nothing
 * is ever done from inside a call of the caller's, or of a carrier's. */
#include "app/asker.h"

#include <stdarg.h>

#include "app/carrier.h"
#include "base/mem.h"
#include "core/call/channel.h"

enum {
    IN_FLIGHT = 50,
    CROWD = 1000, /* asks at once, whose memory is worth giving back when they are done */
    WAITING = 4096,
    ATTEMPTS = 3,
    ADDRESS_BYTES_MAX = 64 * 1024,
};

static const uint64_t TIMEOUT_NS = 30000000000;
static const uint64_t CONNECT_IN_NS = 5000000000;
static const uint64_t SECOND_NS = 1000000000;

/* ---- driving -------------------------------------------------------------------------------- */

uint64_t asker_now(const struct asker *asker)
{
    return asker->outside->ops->now(asker->outside);
}

struct ask *asker_find(const struct asker *asker, struct id ask)
{
    return slots_get(&asker->asks, ask);
}

static void open_connection(struct asker *asker, const struct call_effect *effect)
{
    asker->carrier->ops->open(asker->carrier, effect->connection);
}

static void close_connection(struct asker *asker, const struct call_effect *effect)
{
    asker->carrier->ops->close(asker->carrier, effect->connection);
}

static void send_ask(struct asker *asker, const struct call_effect *effect)
{
    struct ask *ask = asker_find(asker, effect->call);

    arena_release(&ask->answer_arena);
    ask->reply = (struct reply){0};
    ask->stalled = false;
    ask->sent_ns = asker_now(asker);
    ask->first_text_ns = 0;
    ask->gaps = (struct answer_gaps){0};
    asker->carrier->ops->send(asker->carrier, ask, effect->connection);
}

static void abandon_ask(struct asker *asker, const struct call_effect *effect)
{
    asker->carrier->ops->abandon(asker->carrier, asker_find(asker, effect->call),
                                 effect->connection);
}

static void check_connection(struct asker *asker, const struct call_effect *effect)
{
    if (asker->carrier->ops->check != NULL)
        asker->carrier->ops->check(asker->carrier, effect->connection);
    else
        asker_checked(asker, effect->connection, 0);
}

/* What its settings keep the machine from saying. */
static void unasked(struct asker *asker, const struct call_effect *effect)
{
    (void)asker;
    assert_always(effect->kind == CALL_DECIDED);
}

static void end_ask(struct asker *asker, const struct call_effect *effect)
{
    struct ask *ask = asker_find(asker, effect->call);
    struct answer answer;

    ask_answer(asker, ask, effect, &answer);
    if (ask->raw_done != NULL)
        ask->raw_done(ask->context, ask->id,
                      id_equal(asker->response_ask, ask->id) ? asker->response : NULL, &answer);
    else
        ask->done(ask->context, ask->id, &answer);
    arena_release(&ask->request_arena);
    arena_release(&ask->answer_arena);
    slots_give(&asker->asks, ask->id);
    if (asker->asks.taken == 0 && asker->crowd >= CROWD) {
        asker->crowd = 0;
        mem_trim();
    }
}

static void drain(struct asker *asker)
{
    static void (*const handlers[CALL_EFFECT_END])(struct asker *, const struct call_effect *) = {
        [CALL_OPEN] = open_connection,  [CALL_CLOSE] = close_connection,
        [CALL_SEND] = send_ask,         [CALL_ABANDON] = abandon_ask,
        [CALL_DONE] = end_ask,          [CALL_CHECK] = check_connection,
        [CALL_PERMIT_WANTED] = unasked, [CALL_PERMIT_BACK] = unasked,
        [CALL_DECIDED] = unasked,
    };
    struct call_effect effect;

    while (call_next(&asker->machine, &effect))
        handlers[effect.kind](asker, &effect);
}

static uint64_t deadline(const struct asker *asker)
{
    uint64_t at_ns = call_deadline(&asker->machine);
    const struct carrier_ops *ops = asker->carrier->ops;
    uint64_t carrier_ns = ops->deadline != NULL ? ops->deadline(asker->carrier) : UINT64_MAX;

    at_ns = at_ns < carrier_ns ? at_ns : carrier_ns;
    return at_ns < asker->autosize_ns ? at_ns : asker->autosize_ns;
}

static void drive(struct asker *asker);

static void woken(void *context, uint64_t now_ns)
{
    struct asker *asker = context;

    (void)now_ns;
    asker->wake_ns = UINT64_MAX;
    drive(asker);
}

static int arm(struct asker *asker, uint64_t at_ns)
{
    if (at_ns == asker->wake_ns)
        return 0;
    int code = asker->outside->ops->wake_at(asker->outside, at_ns, woken, asker);
    if (code == 0)
        asker->wake_ns = at_ns;
    return code;
}

static void drive(struct asker *asker)
{
    const struct carrier_ops *ops = asker->carrier->ops;
    uint64_t now_ns = asker_now(asker);
    struct call_event event;

    asker->driving = true;
    do {
        while (ring_pop(&asker->pending, &event)) {
            int code = call_feed(&asker->machine, now_ns, &event);
            assert_always(code == 0 || code == ERR_MISSING); /* too late: it counts no more */
            drain(asker);
        }
        if (ops->tick != NULL)
            ops->tick(asker->carrier, now_ns);
        asker_autosize(asker, now_ns);
        if (asker->pending.count == 0 && call_deadline(&asker->machine) <= now_ns) {
            call_tick(&asker->machine, now_ns);
            drain(asker);
        }
        /* Without a timer no deadline could be kept: all end now instead of hanging. */
        if (asker->pending.count == 0 && arm(asker, deadline(asker)) != 0)
            asker_cancel_all(asker);
    } while (asker->pending.count > 0);
    asker->driving = false;
}

/* From a listener of the outside: at once. From inside a carrier's function: after it. */
static void tell(struct asker *asker, const struct call_event *event)
{
    ring_push(&asker->pending, event);
    if (!asker->driving && asker->held == 0)
        drive(asker);
}

void asker_hold(struct asker *asker)
{
    asker->held++;
}

void asker_release(struct asker *asker)
{
    assert_always(asker->held > 0);
    if (--asker->held == 0 && !asker->driving)
        drive(asker);
}

/* From the caller of the asker: soon. ERR_LIMIT or ERR_MEMORY where no timer is to be had. */
static int tell_soon(struct asker *asker, const struct call_event *event)
{
    int code = asker->driving ? 0 : arm(asker, asker_now(asker));
    if (code == 0)
        ring_push(&asker->pending, event);
    return code;
}

/* ---- what carriers tell --------------------------------------------------------------------- */

void asker_opened(struct asker *asker, struct id connection, uint32_t streams)
{
    asker->open_failure = (struct err){0};
    tell(asker,
         &(struct call_event){.kind = CALL_OPENED, .connection = connection, .streams = streams});
}

void asker_capacity(struct asker *asker, struct id connection, uint32_t streams)
{
    tell(asker,
         &(struct call_event){.kind = CALL_CAPACITY, .connection = connection, .streams = streams});
}

void asker_drain(struct asker *asker, struct id connection)
{
    tell(asker, &(struct call_event){.kind = CALL_DRAIN, .connection = connection});
}

void asker_checked(struct asker *asker, struct id connection, int code)
{
    tell(asker, &(struct call_event){.kind = CALL_CHECKED, .connection = connection, .code = code});
}

void asker_open_failed(struct asker *asker, struct id connection, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(asker->open_failure.text, sizeof asker->open_failure.text, format, args);
    va_end(args);
    asker->open_failure.code = code;
    tell(asker,
         &(struct call_event){.kind = CALL_OPEN_FAILED, .connection = connection, .code = code});
}

/* How an attempt ended that brought no reply. */
static void set_failure(struct ask *ask, int code, const char *format, va_list args)
    PRINTF_LIKE(3, 0);

static void set_failure(struct ask *ask, int code, const char *format, va_list args)
{
    char text[ERR_TEXT_MAX];

    vsnprintf(text, sizeof text, format, args);
    const char *copy = arena_string(&ask->answer_arena, view_of(text));
    ask->reply = (struct reply){
        .code = code,
        .error_text = view_of(copy != NULL ? copy : err_text(code)),
    };
}

void ask_failed(struct ask *ask, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_failure(ask, code, format, args);
    va_end(args);
}

void asker_closed(struct asker *asker, struct id connection, int code, bool unsent)
{
    tell(asker,
         &(struct call_event){
             .kind = CALL_CLOSED,
             .connection = connection,
             .code = code,
             .may_retry = code == ERR_CLOSED || code == ERR_TIMEOUT || code == ERR_UNREACHABLE,
             .unsent = unsent,
         });
}

void asker_began(struct asker *asker, const struct ask *ask)
{
    tell(asker, &(struct call_event){.kind = CALL_FIRST_BYTE, .call = ask->id});
}

void asker_said(struct asker *asker, struct ask *ask, struct view text)
{
    uint64_t now_ns = asker_now(asker);

    if (ask->first_text_ns == 0) {
        ask->first_text_ns = now_ns;
    } else {
        uint64_t gap_ns = now_ns - ask->last_text_ns;
        ask->gaps.count++;
        ask->gaps.sum_ns += gap_ns;
        ask->gaps.max_ns = gap_ns > ask->gaps.max_ns ? gap_ns : ask->gaps.max_ns;
    }
    ask->last_text_ns = now_ns;
    if (ask->piece == NULL)
        return;
    asker_hold(asker); /* nothing ends while its listener runs */
    tell(asker, &(struct call_event){.kind = CALL_PIECE, .call = ask->id});
    if (!ask->cancelled)
        ask->piece(ask->context, ask->id, text);
    asker_release(asker);
}

/* Tokens that count against a quota. */
static int64_t tokens_of(const struct asker *asker, const struct usage *usage)
{
    const struct burn_tokens used = {
        .input = usage->tokens_in,
        .cache_write = usage->cache_write_tokens,
        .output = usage->tokens_out,
    };

    return usage->known ? burn_used(&asker->options.burn, &used) : -1;
}

void asker_responded(struct asker *asker, struct ask *ask, const struct http_response *response,
                     bool reusable)
{
    struct reply *reply = &ask->reply;

    asker_hold(asker);
    if (reply->code == 0 && ask->in_pieces && ask->first_text_ns == 0 && reply->text.len > 0)
        asker_said(asker, ask, reply->text); /* it came whole after all */
    if (reply->code != 0) { /* it may outlive the response, when it is tried again */
        struct answer kept = {.reply = *reply};
        if (answer_copy(&ask->answer_arena, &kept, &kept) != 0)
            kept.reply = (struct reply){.code = reply->code, .may_retry = reply->may_retry};
        *reply = kept.reply;
    }
    asker->response = response;
    asker->response_ask = ask->id;
    tell(asker, &(struct call_event){
                    .kind = CALL_RESPONSE,
                    .call = ask->id,
                    .code = reply->code,
                    .may_retry = reply->may_retry,
                    .retry_after_ns = reply->retry_after_ns,
                    .tokens = tokens_of(asker, &reply->usage),
                    .reusable = reusable,
                });
    asker_release(asker);
    asker->response = NULL;
    asker->response_ask = (struct id){0};
}

void asker_lost(struct asker *asker, struct ask *ask, const struct ask_loss *loss,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_failure(ask, loss->code, format, args);
    va_end(args);
    tell(asker, &(struct call_event){
                    .kind = CALL_STREAM_ENDED,
                    .call = ask->id,
                    .code = loss->code,
                    .may_retry = loss->may_retry,
                    .unsent = loss->unsent,
                    .unprocessed = loss->unprocessed,
                    .reusable = loss->reusable,
                });
}

/* ---- asking --------------------------------------------------------------------------------- */

static int make_ask(struct asker *asker, void *context, struct ask **ret_ask, struct err *reterr)
{
    struct id id;

    struct ask *ask = slots_take(&asker->asks, &id);
    if (ask == NULL)
        return fail(reterr, ERR_BUSY, "as many questions as allowed are waiting already");

    if (asker->asks.taken > asker->crowd)
        asker->crowd = asker->asks.taken;
    ask->id = id;
    ask->context = context;
    arena_init(&ask->request_arena, ASK_REQUEST_BYTES_MAX);
    arena_init(&ask->answer_arena, ASK_ANSWER_BYTES_MAX);
    *ret_ask = ask;
    return 0;
}

/* Submits a filled ask, or gives it back where it could not be filled. */
static int submit(struct asker *asker, struct ask *ask, const struct asker_question *question,
                  int code, struct id *ret_ask, struct err *reterr)
{
    if (code == 0 && call_possible(&asker->machine, 0, ask->tokens) != 0)
        code = fail(reterr, ERR_LIMIT,
                    "the question may use %lld tokens, more than the target's tpm of %lld: raise "
                    "tpm or lower max_tokens",
                    (long long)ask->tokens, (long long)asker->options.tpm);
    uint64_t now_ns = asker_now(asker);
    uint64_t timeout_ns = ask->timeout_ns;
    uint64_t deadline_ns = timeout_ns < UINT64_MAX - now_ns ? now_ns + timeout_ns : UINT64_MAX;
    ask->asked_ns = now_ns;
    if (code == 0) {
        code = tell_soon(asker, &(struct call_event){
                                    .kind = CALL_SUBMIT,
                                    .call = ask->id,
                                    .deadline_ns = deadline_ns,
                                    .tokens = ask->tokens,
                                    .caller = question->caller,
                                    .weight = question->weight,
                                });
        if (code != 0)
            fail(reterr, code, "no timer is left");
    }
    if (code != 0) {
        arena_release(&ask->request_arena);
        slots_give(&asker->asks, ask->id);
        return code;
    }
    asker->asked++;
    if (ret_ask != NULL)
        *ret_ask = ask->id;
    return 0;
}

int asker_put(struct asker *asker, const struct asker_question *question, struct id *ret_ask,
              struct err *reterr)
{
    struct ask *ask;
    int code = make_ask(asker, question->context, &ask, reterr);
    if (code != 0)
        return code;

    ask->done = question->done;
    ask->piece = question->piece;
    ask->timeout_ns = question->timeout_ns != 0 ? question->timeout_ns : asker->options.timeout_ns;
    code = ask_take_chat(asker, ask, question->chat, reterr);
    return submit(asker, ask, question, code, ret_ask, reterr);
}

int asker_ask(struct asker *asker, const struct chat *chat, asker_done *done, void *context,
              struct id *ret_ask, struct err *reterr)
{
    const struct asker_question question = {.chat = chat, .done = done, .context = context};

    return asker_put(asker, &question, ret_ask, reterr);
}

int asker_ask_raw(struct asker *asker, const struct http_request *request, asker_raw_done *done,
                  void *context, struct id *ret_ask, struct err *reterr)
{
    enum provider_kind kind = asker->options.target->kind;
    if (kind == PROVIDER_EXEC || kind == PROVIDER_SIM)
        return fail(reterr, ERR_UNSUPPORTED, "a target of kind %s takes no HTTP requests",
                    asker->provider->name);

    struct ask *ask;
    int code = make_ask(asker, context, &ask, reterr);
    if (code != 0)
        return code;
    ask->raw_done = done;
    ask->timeout_ns = asker->options.timeout_ns;
    code = ask_take_request(asker, ask, request, reterr);
    return submit(asker, ask, &(struct asker_question){0}, code, ret_ask, reterr);
}

void asker_cancel(struct asker *asker, struct id id)
{
    struct ask *ask = asker_find(asker, id);

    if (ask == NULL || ask->cancelled)
        return;
    /* While it is not done there is a timer, and moving that one cannot fail. */
    ask->cancelled = tell_soon(asker, &(struct call_event){.kind = CALL_CANCEL, .call = id}) == 0;
}

void asker_cancel_all(struct asker *asker)
{
    for (uint32_t slot = 0; slot < asker->asks.capacity; slot++) {
        struct id id;
        if (slots_at(&asker->asks, slot, &id) != NULL)
            asker_cancel(asker, id);
    }
}

void asker_pause(struct asker *asker, struct id id, bool paused)
{
    struct ask *ask = asker_find(asker, id);

    if (ask == NULL || ask->paused == paused)
        return;
    ask->paused = paused;
    if (asker->carrier->ops->pause != NULL)
        asker->carrier->ops->pause(asker->carrier, ask, paused);
}

void asker_stats(const struct asker *asker, struct asker_stats *ret_stats)
{
    struct call_stats calls;

    call_stats(&asker->machine, &calls);
    *ret_stats = (struct asker_stats){
        .asked = asker->asked,
        .answered = calls.succeeded,
        .failed = calls.failed,
        .attempts = calls.sent,
        .retries = calls.retried,
        .throttled = calls.throttled,
        .in_flight = calls.in_flight,
        .waiting = asker->asks.taken - calls.in_flight,
    };
    pool_metrics(&asker->machine.pool, &ret_stats->pool);
}

/* ---- life ----------------------------------------------------------------------------------- */

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static int check_options(struct asker *asker, struct err *reterr)
{
    struct asker_options *options = &asker->options;

    options->timeout_ns = or_default(options->timeout_ns, TIMEOUT_NS);
    options->connect_in_ns = or_default(options->connect_in_ns, CONNECT_IN_NS);
    /* Who connects knows at what stage it hangs: that is to be heard before the ask's end. Where
     * asks are shorter than a second, a slow connection is rather made for the next one. */
    uint64_t before_ns = options->timeout_ns - options->timeout_ns / 20;
    if (options->timeout_ns >= SECOND_NS && options->connect_in_ns > before_ns)
        options->connect_in_ns = before_ns;
    options->max_in_flight = (uint32_t)or_default(options->max_in_flight, IN_FLIGHT);
    options->waiting_max = (uint32_t)or_default(options->waiting_max, WAITING);
    options->attempts = (uint32_t)or_default(options->attempts, ATTEMPTS);
    if (options->max_in_flight > ASKER_IN_FLIGHT_MAX || options->waiting_max > ASKER_WAITING_MAX)
        return fail(reterr, ERR_LIMIT, "at most %d questions in flight and %d waiting",
                    ASKER_IN_FLIGHT_MAX, ASKER_WAITING_MAX);
    if (options->target->kind == PROVIDER_EXEC && options->max_in_flight > ASKER_PROCESSES_MAX)
        options->max_in_flight = ASKER_PROCESSES_MAX;
    return 0;
}

bool asker_speaks_http(enum provider_kind kind)
{
    return kind == PROVIDER_BEDROCK || kind == PROVIDER_ANTHROPIC || kind == PROVIDER_OPENAI
           || kind == PROVIDER_HTTP;
}

static int find_address(struct asker *asker, struct err *reterr)
{
    if (!asker_speaks_http(asker->options.target->kind))
        return 0;
    return provider_address_of(asker->options.target, &asker->arena, &asker->address, reterr);
}

static int make_carrier(struct asker *asker, struct loop *loop, struct err *reterr)
{
    switch (asker->options.target->kind) {
    case PROVIDER_BEDROCK:
    case PROVIDER_ANTHROPIC:
    case PROVIDER_OPENAI:
    case PROVIDER_HTTP:
        return carrier_http_new(asker, &asker->carrier, reterr);
    case PROVIDER_EXEC:
        return carrier_exec_new(asker, loop, &asker->carrier, reterr);
    case PROVIDER_SIM:
        return carrier_sim_new(asker, &asker->carrier, reterr);
    case PROVIDER_WEBSOCKET:
        break;
    }
    return fail(reterr, ERR_UNSUPPORTED,
                "target '%.*s': targets of kind %s cannot be asked by this version",
                VIEW_ARG(asker->options.target->name), asker->provider->name);
}

/* Of each connection, until it says which HTTP it speaks. */
static uint32_t streams_max(const struct asker *asker)
{
    const struct asker_options *options = &asker->options;
    bool is_http2 =
        options->http == ASKER_HTTP_2 || (options->http == ASKER_HTTP_AUTO && asker->address.tls);
    uint32_t most = options->streams_max != 0 && options->streams_max < CHANNEL_STREAMS_MAX
                        ? options->streams_max
                        : CHANNEL_STREAMS_MAX;

    return is_http2 ? most : 1;
}

static int make_machine(struct asker *asker, struct err *reterr)
{
    const struct asker_options *options = &asker->options;
    uint32_t asks_max = options->max_in_flight + options->waiting_max;
    struct call_settings settings = {
        .calls_max = asks_max,
        .attempts = options->attempts,
        .seed = options->seed,
        .quota =
            {
                .in_flight_max = options->max_in_flight,
                .requests_a_minute = options->rpm,
                .tokens_a_minute = options->tpm,
                .requests_a_day = options->rpd,
                .tokens_a_day = options->tpd,
            },
        .retry = options->retry,
        .adaptive = options->adaptive,
        .concurrency = options->by_latency ? CALL_CONCURRENCY_BY_LATENCY : CALL_CONCURRENCY_FIXED,
        .gradient = options->gradient,
        .breaker = options->breaker,
        .pool = asker_pool_settings(asker, streams_max(asker)),
        .checkout_in_ns = options->pool.checkout_in_ns,
    };

    int code = call_machine_init(&asker->machine, &settings, asker_now(asker));
    if (code == ERR_LIMIT)
        return fail(
            reterr, ERR_CONFIG,
            "target '%.*s': rpm and tpm must be between 1 and 50,000,000, and concurrency.min "
            "at most max_in_flight",
            VIEW_ARG(options->target->name));
    if (code == 0)
        code = slots_init(&asker->asks, asks_max, sizeof(struct ask));
    /* Of each ask a submission and a cancellation, of each in flight a begin, a piece and an end;
     * of each connection its opening, capacity, check, drain and end, and the same of its
     * successor; and the pool's size. */
    if (code == 0)
        code = ring_init(&asker->pending,
                         (size_t)2 * asks_max + (size_t)13 * options->max_in_flight + 2,
                         sizeof(struct call_event));
    return code != 0 ? fail(reterr, code, "no memory for %u questions", asks_max) : 0;
}

int asker_new(struct outside *outside, struct loop *loop, const struct asker_options *options,
              struct asker **ret_asker, struct err *reterr)
{
    struct asker *asker = mem_new(1, sizeof *asker);
    if (asker == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");

    asker->outside = outside;
    asker->options = *options;
    asker->provider = provider_of(options->target->kind);
    asker->wake_ns = UINT64_MAX;
    arena_init(&asker->arena, ADDRESS_BYTES_MAX);
    int code = check_options(asker, reterr);
    if (code == 0)
        code = find_address(asker, reterr);
    if (code == 0)
        code = make_machine(asker, reterr);
    if (code == 0)
        code = make_carrier(asker, loop, reterr);
    if (code == 0)
        asker_autosize_begin(asker);
    if (code != 0) {
        asker_free(asker);
        return code;
    }
    *ret_asker = asker;
    return 0;
}

void asker_free(struct asker *asker)
{
    if (asker == NULL)
        return;
    assert_always(!asker->driving);

    if (asker->wake_ns != UINT64_MAX)
        (void)!asker->outside->ops->wake_at(asker->outside, UINT64_MAX, woken, asker);
    if (asker->carrier != NULL)
        asker->carrier->ops->free(asker->carrier);
    for (uint32_t slot = 0; slot < asker->asks.capacity; slot++) {
        struct id id;
        struct ask *ask = slots_at(&asker->asks, slot, &id);
        if (ask == NULL)
            continue;
        arena_release(&ask->request_arena);
        arena_release(&ask->answer_arena);
    }
    slots_release(&asker->asks);
    ring_release(&asker->pending);
    call_machine_release(&asker->machine);
    arena_release(&asker->arena);
    mem_free(asker);
}
