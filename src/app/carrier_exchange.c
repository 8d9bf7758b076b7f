/* SPDX-License-Identifier: Apache-2.0
 *
 * carrier_exchange: see carrier_http.h. One attempt as a request and its response: signs when it
 * sends, since a signature carries the time, waits for keys and for a stream, and reads the
 * response, whole or in pieces. */
#include "app/carrier_http.h"
#include "wire/sigv4.h"

/* Once a stream has said its last word, usage may follow, and then its end. */
static const uint64_t OVER_IN_NS = 2000000000;

/* ---- life ----------------------------------------------------------------------------------- */

static struct asker *asker_of(const struct exchange *exchange)
{
    return exchange->lane->http->asker;
}

/* NULL where it is done. */
static struct ask *ask_of(const struct exchange *exchange)
{
    return asker_find(asker_of(exchange), exchange->ask);
}

static struct exchange *find(const struct lane *lane, uint32_t stream)
{
    for (struct list_link *link = lane->exchanges.first; link != NULL; link = link->next) {
        struct exchange *exchange = LIST_ITEM(link, struct exchange, link);
        if (exchange->state == EXCHANGE_SENT && exchange->stream == stream)
            return exchange;
    }
    return NULL;
}

/* True where the peer is to be told. */
static bool let_flow(struct exchange *exchange, bool flows)
{
    struct lane *lane = exchange->lane;
    struct outside *outside = asker_of(exchange)->outside;

    exchange->paused = !flows;
    if (exchange->state != EXCHANGE_SENT || id_is_none(lane->socket))
        return false;
    if (lane_codec(lane)->pause(lane->channel, exchange->stream, !flows))
        return flows;
    outside->ops->pause(outside, lane->socket, !flows);
    return false;
}

void exchange_free(struct exchange *exchange)
{
    struct carrier_http *http = exchange->lane->http;
    struct ask *ask = ask_of(exchange);

    if (ask != NULL)
        ask->carried = NULL;
    if (exchange->paused) /* without a flush, which might end the lane, and this with it */
        (void)let_flow(exchange, true);
    if (http->asker->options.keeper != NULL)
        keeper_forget(http->asker->options.keeper, &exchange->waiter);
    provider_stream_free(exchange->reading);
    if (exchange->over_ns != 0)
        list_remove(&http->over, &exchange->over_link);
    list_remove(&exchange->lane->exchanges, &exchange->link);
    slots_give(&http->exchanges, exchange->id);
}

/* It will not be: the ask is told why. */
static void lose(struct exchange *exchange, const struct ask_loss *loss, struct view text)
{
    struct asker *asker = asker_of(exchange);
    struct ask *ask = ask_of(exchange);

    exchange_free(exchange);
    if (ask != NULL)
        asker_lost(asker, ask, loss, "%.*s", VIEW_ARG(text));
}

/* ---- sending -------------------------------------------------------------------------------- */

/* Signs it, where the provider does. ERR_BUSY: there are no keys yet, `waiter` is told. */
static int sign(struct exchange *exchange, struct ask *ask, struct http_request *request,
                struct err *reterr)
{
    const struct asker *asker = asker_of(exchange);
    struct sigv4_credentials keys;

    if (!asker->provider->signs || asker->options.target->api_key.len > 0)
        return 0;
    int code = keeper_keys(asker->options.keeper, &exchange->waiter, &keys, reterr);
    if (code != 0)
        return code;
    const struct sigv4_params params =
        sigv4_params_of(view_of(asker->provider->service), asker->options.target->region,
                        asker->outside->ops->unix_s(asker->outside));
    return sigv4_sign(&keys, &params, &ask->answer_arena, request, reterr);
}

/* The request as it goes out now: with Host, and signed. */
static int complete_request(struct exchange *exchange, struct ask *ask,
                            struct http_request *request, struct err *reterr)
{
    int code = 0;

    *request = *ask->request;
    if (http_header_get(&request->headers, "host").ptr == NULL)
        code = http_header_add(&request->headers, (struct view)VIEW("Host"),
                               exchange->lane->http->authority);
    if (code != 0)
        return fail(reterr, code, "the request has too many headers");
    return sign(exchange, ask, request, reterr);
}

/* A request that cannot be sent, or not on this connection. */
static void cannot_send(struct exchange *exchange, int code, const struct err *err)
{
    struct lane *lane = exchange->lane;
    char text[ERR_TEXT_MAX + 64];
    const struct ask_loss loss = {
        .code = code,
        .unprocessed = code == ERR_CLOSED, /* this connection takes no more: another does */
        .reusable = code != ERR_CLOSED && lane_codec(lane)->streams_max > 1,
    };

    snprintf(text, sizeof text, "%s%s",
             code == ERR_DENIED ? "" : "the request cannot be sent: ", err->text);
    lose(exchange, &loss, view_of(text));
}

/* Sends it, or leaves it waiting. */
static void go(struct exchange *exchange)
{
    struct lane *lane = exchange->lane;
    struct ask *ask = ask_of(exchange);
    struct http_request request;
    struct err err = {0};

    int code = complete_request(exchange, ask, &request, &err);
    if (code == 0)
        code =
            lane_codec(lane)->send(lane->channel, &request, ask->in_pieces && ask->raw_done == NULL,
                                   &exchange->stream, &err);
    if (code == ERR_BUSY)
        return;
    if (code != 0) {
        cannot_send(exchange, code, &err);
        return;
    }
    exchange->state = EXCHANGE_SENT;
    exchange->taken_before = lane->taken;
    if (ask->paused)
        exchange_pause(exchange, true);
    lane_flush(lane);
}

/* Of a keeper. */
static void keys_ready(void *context, int code, const char *text)
{
    struct exchange *exchange = context;
    const struct ask_loss loss = {
        .code = code,
        .may_retry = code == ERR_TIMEOUT || code == ERR_UNREACHABLE || code == ERR_CLOSED,
        .reusable = true,
    };

    if (code == 0)
        go(exchange);
    else
        lose(exchange, &loss, view_of(text));
}

void exchange_start(struct carrier_http *http, struct lane *lane, struct ask *ask)
{
    struct id id;
    struct exchange *exchange = slots_take(&http->exchanges, &id);

    assert_always(exchange != NULL); /* as many as may be in flight */
    exchange->id = id;
    exchange->lane = lane;
    exchange->ask = ask->id;
    exchange->waiter.ready = keys_ready;
    exchange->waiter.context = exchange;
    ask->carried = exchange;
    list_add_last(&lane->exchanges, &exchange->link);
    go(exchange);
}

void exchanges_go_on(struct lane *lane)
{
    struct id connection = lane->connection;
    struct list_link *link = lane->exchanges.first;

    while (link != NULL && id_equal(lane->connection, connection)) {
        struct exchange *exchange = LIST_ITEM(link, struct exchange, link);
        link = link->next;
        if (exchange->state != EXCHANGE_WAITS || exchange->waiter.keeper != NULL)
            continue;
        uint32_t before = lane->exchanges.count;
        go(exchange);
        if (!id_equal(lane->connection, connection) || lane->exchanges.count != before)
            return; /* one was lost, and with it perhaps the next */
        if (exchange->state == EXCHANGE_WAITS)
            return; /* the others would wait too */
    }
}

bool exchange_abandon(struct exchange *exchange)
{
    struct lane *lane = exchange->lane;
    struct ask *ask = ask_of(exchange);
    bool usable = true;

    if (exchange->state == EXCHANGE_SENT) {
        if (ask != NULL)
            ask->stalled = lane->busy || lane_codec(lane)->stalled(lane->channel, exchange->stream);
        usable = lane_codec(lane)->cancel(lane->channel, exchange->stream);
    }
    exchange_free(exchange);
    return usable;
}

/* ---- receiving ------------------------------------------------------------------------------ */

static void read_whole(const struct asker *asker, struct ask *ask,
                       const struct http_response *response)
{
    bool is_error = response->status >= 400;
    int code = 0;

    if (ask->raw_done != NULL && !is_error) {
        ask->reply = (struct reply){.http_status = response->status};
        return;
    }
    code = asker->provider->read(asker->options.target, response, &ask->answer_arena, &ask->reply);
    if (code != 0)
        ask->reply = (struct reply){
            .code = code,
            .http_status = response->status,
            .error_text = VIEW("no memory to read the answer"),
        };
    else if (ask->raw_done != NULL && ask->reply.code == 0)
        ask->reply = (struct reply){
            .code = ERR_UPSTREAM,
            .http_status = response->status,
            .error_text = VIEW("the server answered with an error that it did not explain"),
        };
}

/* What a broken stream says of "the server" is said of this one. */
static void name_peer(const struct asker *asker, struct ask *ask)
{
    bool is_ours = ask->reply.error_type.len == 0
                   && (ask->reply.code == ERR_PROTOCOL || ask->reply.code == ERR_CLOSED
                       || ask->reply.code == ERR_LIMIT);
    const char *text = is_ours
                           ? arena_printf(&ask->answer_arena, "%.*s: %.*s", VIEW_ARG(asker->peer),
                                          VIEW_ARG(ask->reply.error_text))
                           : NULL;
    if (text != NULL)
        ask->reply.error_text = view_of(text);
}

static void read_pieces(const struct asker *asker, struct ask *ask, struct provider_stream *stream)
{
    int code = provider_stream_reply(stream, &ask->answer_arena, &ask->reply);

    if (code != 0)
        ask->reply =
            (struct reply){.code = code, .error_text = VIEW("no memory to read the answer")};
    else
        name_peer(asker, ask);
}

/* The response is there. */
static void complete(struct exchange *exchange, const struct http_response *response, bool reusable)
{
    struct asker *asker = asker_of(exchange);
    struct ask *ask = ask_of(exchange);

    if (ask != NULL && exchange->reading != NULL)
        read_pieces(asker, ask, exchange->reading);
    else if (ask != NULL)
        read_whole(asker, ask, response);
    exchange_free(exchange);
    if (ask != NULL)
        asker_responded(asker, ask, response, reusable);
}

static void began(struct exchange *exchange)
{
    struct ask *ask = ask_of(exchange);

    if (exchange->began || ask == NULL)
        return;
    exchange->began = true;
    asker_began(asker_of(exchange), ask);
}

void exchanges_began(struct lane *lane)
{
    if (lane->exchanges.first != NULL)
        began(LIST_ITEM(lane->exchanges.first, struct exchange, link));
}

static void take_head(struct exchange *exchange, const struct channel_event *event)
{
    struct asker *asker = asker_of(exchange);
    struct ask *ask = ask_of(exchange);

    if (ask != NULL && ask->in_pieces && ask->raw_done == NULL && event->response->status / 100 == 2
        && provider_stream_new(asker->options.target, event->response, &exchange->reading) != 0) {
        lane_break(exchange->lane, ERR_MEMORY, "no memory to read the answer");
        return;
    }
    began(exchange);
}

/* Nothing more is needed: its end is waited for a little, for the connection's sake, but no answer
 * is lost to a server that leaves it open. The exchange may be gone when it returns. */
static void be_over(struct exchange *exchange)
{
    struct carrier_http *http = exchange->lane->http;
    const struct ask *ask = ask_of(exchange);
    uint64_t now_ns = asker_now(http->asker);
    uint64_t gone_ns = ask != NULL ? now_ns - ask->asked_ns : 0;
    uint64_t left_ns = ask != NULL && ask->timeout_ns > gone_ns ? ask->timeout_ns - gone_ns : 0;

    exchange->over_ns = now_ns + (left_ns / 2 < OVER_IN_NS ? left_ns / 2 : OVER_IN_NS);
    list_add_last(&http->over, &exchange->over_link);
    asker_hold(http->asker); /* and release: it looks at its timer */
    asker_release(http->asker);
}

static struct exchange *first_over(const struct carrier_http *http)
{
    struct exchange *first = NULL;

    for (struct list_link *link = http->over.first; link != NULL; link = link->next) {
        struct exchange *exchange = LIST_ITEM(link, struct exchange, over_link);
        if (first == NULL || exchange->over_ns < first->over_ns)
            first = exchange;
    }
    return first;
}

uint64_t exchanges_deadline(const struct carrier_http *http)
{
    const struct exchange *first = first_over(http);

    return first != NULL ? first->over_ns : UINT64_MAX;
}

void exchanges_tick(struct carrier_http *http, uint64_t now_ns)
{
    struct exchange *exchange;

    while ((exchange = first_over(http)) != NULL && exchange->over_ns <= now_ns) {
        struct lane *lane = exchange->lane;
        bool usable = lane_codec(lane)->cancel(lane->channel, exchange->stream);
        complete(exchange, NULL, usable);
        if (usable)
            lane_flush(lane); /* the peer is told; this may end the lane, and others with it */
    }
}

static void take_piece(struct exchange *exchange, const struct channel_event *event)
{
    struct lane *lane = exchange->lane;
    struct carrier_http *http = lane->http;
    struct id id = exchange->id;
    struct view rest = event->piece;
    struct stream_event said;
    int code = 0;

    while (slots_get(&http->exchanges, id) != NULL
           && (code = provider_stream_feed(exchange->reading, &rest, &said)) == 1) {
        struct ask *ask = ask_of(exchange);
        if (stream_event_is_answer(&said) && ask != NULL)
            asker_said(http->asker, ask, said.text);
    }
    if (code < 0)
        lane_break(lane, code, "no memory to read the answer");
    else if (slots_get(&http->exchanges, id) != NULL && exchange->over_ns == 0
             && provider_stream_over(exchange->reading))
        be_over(exchange);
}

static void take_failure(struct exchange *exchange, const struct channel_event *event)
{
    struct asker *asker = asker_of(exchange);
    struct ask *ask = ask_of(exchange);
    const struct ask_loss loss = {
        .code = event->code,
        .may_retry = event->code == ERR_CLOSED || event->code == ERR_THROTTLED,
        .unprocessed = event->unprocessed,
        .reusable = true,
    };

    if (exchange->reading != NULL && provider_stream_over(exchange->reading)) {
        complete(exchange, NULL, true);
        return;
    }
    exchange_free(exchange);
    if (ask != NULL)
        asker_lost(asker, ask, &loss, "%.*s: %.*s", VIEW_ARG(asker->peer), VIEW_ARG(event->text));
}

void exchange_take(struct lane *lane, const struct channel_event *event)
{
    struct exchange *exchange = find(lane, event->stream);

    if (exchange == NULL)
        return;
    switch (event->kind) {
    case CHANNEL_HEAD:
        take_head(exchange, event);
        break;
    case CHANNEL_PIECE:
        take_piece(exchange, event);
        break;
    case CHANNEL_COMPLETE:
        complete(exchange, event->response, event->reusable);
        break;
    case CHANNEL_FAILED:
        take_failure(exchange, event);
        break;
    case CHANNEL_CAPACITY:
    case CHANNEL_DRAINING:
    case CHANNEL_PONG:
        break;
    }
}

/* ---- the end of a lane ---------------------------------------------------------------------- */

static bool is_unsent(const struct exchange *exchange)
{
    return exchange->state != EXCHANGE_SENT || exchange->lane->taken == exchange->taken_before;
}

static bool all_unsent(const struct lane *lane)
{
    for (struct list_link *link = lane->exchanges.first; link != NULL; link = link->next)
        if (!is_unsent(LIST_ITEM(link, struct exchange, link)))
            return false;
    return true;
}

/* Some were sent and some not: those that were not are told apart, since they may be asked again
 * without counting. The others end with the connection. */
static void end_one(struct exchange *exchange, bool unsent, int code, const char *text)
{
    struct asker *asker = asker_of(exchange);
    struct ask *ask = ask_of(exchange);
    const struct ask_loss loss = {.code = code, .may_retry = true, .unsent = true};
    bool apart = is_unsent(exchange) && !unsent;

    if (exchange->reading != NULL && provider_stream_over(exchange->reading)) {
        complete(exchange, NULL, false);
        return;
    }
    exchange_free(exchange);
    if (ask != NULL && apart)
        asker_lost(asker, ask, &loss, "%.*s: %s", VIEW_ARG(asker->peer), text);
    else if (ask != NULL)
        ask_failed(ask, code, "%.*s: %s", VIEW_ARG(asker->peer), text);
}

bool exchanges_end(struct lane *lane, int code, const char *text)
{
    bool unsent = all_unsent(lane);

    while (lane->exchanges.first != NULL)
        end_one(LIST_ITEM(lane->exchanges.first, struct exchange, link), unsent, code, text);
    return unsent;
}

/* ---- back-pressure -------------------------------------------------------------------------- */

void exchange_pause(struct exchange *exchange, bool paused)
{
    if (let_flow(exchange, !paused))
        lane_flush(exchange->lane);
}
