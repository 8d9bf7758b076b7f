/* SPDX-License-Identifier: Apache-2.0
 *
 * carrier_http: attempts as HTTP requests on connections of the outside, one lane for each place in
 * the pool. Signs when it sends, since a signature carries the time. See carrier.h.
 *
 * Everything told to the asker may end the lane's ask or close the lane before it returns; so each
 * teller here is the last thing its handler does with either, or looks again. */
#include "app/carrier.h"
#include "base/mem.h"
#include "core/call/channel.h"
#include "provider/credentials.h"
#include "wire/sigv4.h"
#include "wire/url.h"

enum {
    AUTHORITY_BYTES_MAX = 512,
};

struct carrier_http;

struct lane {
    struct carrier_http *http;
    struct id connection; /* as the pool calls it; none: closed */
    struct id socket;     /* as the outside does */
    bool open;
    bool began; /* the response */
    struct id ask;
    struct channel *channel;
    struct strbuf out; /* what the outside is to take next */
    uint64_t written;  /* bytes of the request that the outside took */
    bool busy;         /* the outside took enough for now: WRITABLE comes */
};

struct carrier_http {
    struct carrier carrier;
    struct asker *asker;
    const struct channel_codec *codec;
    struct lane *lanes; /* by the pool's slots */
    uint32_t lane_count;
    struct view authority; /* of the Host header */
    struct view peer;      /* "host:port", for messages */
};

static struct carrier_http *http_of(struct carrier *carrier)
{
    return (struct carrier_http *)carrier;
}

/* The lane's ask; NULL where it has none. */
static struct ask *ask_of(const struct lane *lane)
{
    return asker_find(lane->http->asker, lane->ask);
}

static void lane_clear(struct lane *lane)
{
    lane->connection = (struct id){0};
    lane->socket = (struct id){0};
    lane->ask = (struct id){0};
    lane->open = false;
}

static void lane_close(struct lane *lane)
{
    struct outside *outside = lane->http->asker->outside;

    if (!id_is_none(lane->socket))
        outside->ops->close(outside, lane->socket);
    lane_clear(lane);
}

/* The connection is of no more use: closes it and says so. */
static void lane_break(struct lane *lane, int code, const char *text)
{
    struct id connection = lane->connection;
    struct ask *ask = ask_of(lane);
    struct view peer = lane->http->peer;
    struct asker *asker = lane->http->asker;
    bool unsent = lane->written == 0;

    lane_close(lane);
    asker_closed(asker, connection, ask, code, unsent, "%.*s: %s", VIEW_ARG(peer), text);
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The outside's words name the peer as they see it: said once is enough. */
static struct view without_peer(struct view text, struct view peer)
{
    static const struct view tls = VIEW("TLS with ");
    static const struct view colon = VIEW(": ");
    struct view rest = view_starts(text, tls) ? view_slice(text, tls.len, text.len) : text;

    if (!view_starts(rest, peer))
        return text;
    rest = view_slice(rest, peer.len, rest.len);
    return view_starts(rest, colon) ? view_slice(rest, colon.len, rest.len) : text;
}

static void say_open_failed(struct carrier_http *http, struct id connection, int code,
                            const char *text)
{
    struct view said = without_peer(view_of(text), http->peer);

    asker_open_failed(http->asker, connection, code, "%s %.*s: %.*s",
                      code == ERR_TLS ? "no TLS with" : "cannot connect to", VIEW_ARG(http->peer),
                      VIEW_ARG(said));
}

static outside_listener listen_to_lane;

static void http_open(struct carrier *carrier, struct id connection)
{
    struct carrier_http *http = http_of(carrier);
    struct lane *lane = &http->lanes[connection.slot];
    const struct asker *asker = http->asker;
    struct outside_endpoint endpoint = {
        .host = asker->address.host,
        .port = asker->address.port,
        .tls = asker->address.tls,
        .tls_insecure = asker->options.tls_insecure,
        .tls_ca_file = asker->options.tls_ca_file,
        .connect_in_ns = asker->options.connect_in_ns,
    };

    if (lane->channel == NULL) {
        lane->channel = http->codec->make(endpoint.tls);
        strbuf_init(&lane->out, CHANNEL_OUT_BYTES_MAX);
    } else if (http->codec->reset(lane->channel) != 0) {
        http->codec->free(lane->channel);
        lane->channel = NULL;
    }
    lane->busy = false;
    int code = lane->channel == NULL
                   ? ERR_MEMORY
                   : asker->outside->ops->open(asker->outside, &endpoint, listen_to_lane, lane,
                                               &lane->socket);
    if (code != 0) {
        say_open_failed(http, connection, code,
                        code == ERR_LIMIT ? "no place for another connection; lower the concurrency"
                                          : err_text(code));
        return;
    }
    lane->connection = connection;
}

static void http_close(struct carrier *carrier, struct id connection)
{
    struct lane *lane = &http_of(carrier)->lanes[connection.slot];

    if (id_equal(lane->connection, connection))
        lane_close(lane);
}

/* ---- sending -------------------------------------------------------------------------------- */

/* Hands on what the outside takes. */
static void flush(struct lane *lane)
{
    struct outside *outside = lane->http->asker->outside;
    struct err err = {0};
    int code = 0;

    while (code == 0 && !lane->busy) {
        strbuf_reset(&lane->out);
        code = lane->http->codec->take(lane->channel, &lane->out, CHANNEL_TAKE_BYTES, &err);
        if (code != 0 || lane->out.len == 0)
            break;
        code = outside->ops->write(outside, lane->socket, strbuf_view(&lane->out));
        lane->busy = code == ERR_BUSY;
        if (code == 0 || code == ERR_BUSY)
            lane->written += lane->out.len;
    }
    if (code != 0 && code != ERR_BUSY)
        lane_break(lane, code == ERR_LIMIT ? ERR_MEMORY : code, "the request could not be written");
}

/* The request as it goes out now: with Host, and signed where the provider signs. */
static int complete_request(struct carrier_http *http, struct ask *ask,
                            struct http_request *request, struct err *reterr)
{
    const struct asker *asker = http->asker;
    int code = 0;

    *request = *ask->request;
    if (http_header_get(&request->headers, "host").ptr == NULL)
        code = http_header_add(&request->headers, (struct view)VIEW("Host"), http->authority);
    if (code != 0)
        return fail(reterr, code, "the request has too many headers");
    if (!asker->provider->signs || asker->options.target->api_key.len > 0)
        return 0;
    struct sigv4_params params = {
        .region = asker->options.target->region,
        .service = view_of(asker->provider->service),
        .unix_s = asker->outside->ops->unix_s(asker->outside),
    };
    return sigv4_sign(&asker->options.credentials->keys, &params, &ask->answer_arena, request,
                      reterr);
}

static void http_send(struct carrier *carrier, struct ask *ask, struct id connection)
{
    struct carrier_http *http = http_of(carrier);
    struct lane *lane = &http->lanes[connection.slot];
    struct http_request request;
    struct err err = {0};
    uint32_t stream;

    lane->written = 0;
    lane->began = false;
    int code = complete_request(http, ask, &request, &err);
    if (code == 0)
        code = http->codec->send(lane->channel, &request, false, &stream, &err);
    if (code != 0) {
        asker_lost(http->asker, ask, code, false, false, "the request cannot be sent: %s",
                   err.text);
        return;
    }
    lane->ask = ask->id;
    flush(lane);
}

static void http_abandon(struct carrier *carrier, struct ask *ask, struct id connection)
{
    struct lane *lane = &http_of(carrier)->lanes[connection.slot];

    if (id_equal(lane->ask, ask->id))
        lane->ask = (struct id){0};
}

/* ---- receiving ------------------------------------------------------------------------------ */

static void read_reply(const struct asker *asker, struct ask *ask,
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

static void complete(struct lane *lane, const struct channel_event *event)
{
    struct asker *asker = lane->http->asker;
    struct ask *ask = ask_of(lane);

    if (ask == NULL)
        return;
    lane->ask = (struct id){0};
    read_reply(asker, ask, event->response);
    asker_responded(asker, ask, event->response, event->reusable);
}

static void take_bytes(struct lane *lane, struct view bytes)
{
    const struct channel_codec *codec = lane->http->codec;
    struct id connection = lane->connection;
    struct channel_event event;
    struct err err = {0};

    if (!lane->began && ask_of(lane) != NULL) {
        lane->began = true;
        asker_began(lane->http->asker, ask_of(lane));
        if (!id_equal(lane->connection, connection))
            return;
    }
    int code;
    while ((code = codec->feed(lane->channel, &bytes, &event, &err)) == 1) {
        if (event.kind != CHANNEL_COMPLETE)
            continue;
        complete(lane, &event); /* what follows it makes the connection unusable: nothing is lost */
        return;
    }
    if (code != 0)
        lane_break(lane, code, err.text);
}

static void take_end(struct lane *lane, const struct outside_event *event)
{
    struct id connection = lane->connection;
    struct channel_event last;
    struct err err = {0};

    if (!lane->open) {
        struct carrier_http *http = lane->http;
        lane_clear(lane);
        say_open_failed(http, connection, event->code != 0 ? event->code : ERR_UNREACHABLE,
                        event->text);
        return;
    }
    lane->socket = (struct id){0};
    int code = lane->http->codec->finish(lane->channel, &last, &err);
    if (code == 1) {
        last.reusable = false;
        complete(lane, &last);
    }
    if (!id_equal(lane->connection, connection))
        return;
    lane_break(lane, event->code != 0 ? event->code : ERR_CLOSED,
               event->code == 0 && code < 0 ? err.text : event->text);
}

static void listen_to_lane(void *context, const struct outside_event *event)
{
    struct lane *lane = context;

    if (!id_equal(lane->socket, event->connection))
        return;
    switch (event->kind) {
    case OUTSIDE_OPENED:
        lane->open = true;
        asker_opened(lane->http->asker, lane->connection);
        break;
    case OUTSIDE_BYTES:
        take_bytes(lane, event->bytes);
        break;
    case OUTSIDE_WRITABLE:
        lane->busy = false;
        flush(lane);
        break;
    case OUTSIDE_CLOSED:
        take_end(lane, event);
        break;
    case OUTSIDE_ACCEPTED:
        break;
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

static void http_free(struct carrier *carrier)
{
    struct carrier_http *http = http_of(carrier);

    for (uint32_t i = 0; i < http->lane_count; i++) {
        struct lane *lane = &http->lanes[i];
        lane_close(lane);
        http->codec->free(lane->channel);
        strbuf_release(&lane->out);
    }
    mem_free(http->lanes);
    mem_free(http);
}

static const struct carrier_ops http_ops = {
    .open = http_open,
    .close = http_close,
    .send = http_send,
    .abandon = http_abandon,
    .free = http_free,
};

/* "host" for the header and "host:port" for messages. */
static int name_peer(struct carrier_http *http, struct err *reterr)
{
    struct asker *asker = http->asker;
    struct strbuf authority;
    struct strbuf peer;

    strbuf_init(&authority, AUTHORITY_BYTES_MAX);
    strbuf_init(&peer, AUTHORITY_BYTES_MAX);
    url_add_authority(&authority, asker->address.host, asker->address.port, asker->address.tls);
    bool is_ipv6 = view_find_byte(asker->address.host, ':') < asker->address.host.len;
    strbuf_printf(&peer, is_ipv6 ? "[%.*s]:%u" : "%.*s:%u", VIEW_ARG(asker->address.host),
                  asker->address.port);
    int code = strbuf_status(&authority) != 0 ? strbuf_status(&authority) : strbuf_status(&peer);
    if (code == 0)
        code = arena_copy(&asker->arena, strbuf_view(&authority), &http->authority);
    if (code == 0)
        code = arena_copy(&asker->arena, strbuf_view(&peer), &http->peer);
    strbuf_release(&authority);
    strbuf_release(&peer);
    return code != 0 ? fail(reterr, code, "the host's name is too long") : 0;
}

int carrier_http_new(struct asker *asker, struct carrier **ret_carrier, struct err *reterr)
{
    const struct asker_options *options = &asker->options;
    int code = provider_address_of(options->target, &asker->arena, &asker->address, reterr);
    if (code != 0)
        return code;
    if (asker->provider->signs && options->target->api_key.len == 0 && options->credentials == NULL)
        return fail(reterr, ERR_DENIED,
                    "target '%.*s': no AWS credentials: set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or a profile, or an api_key",
                    VIEW_ARG(options->target->name));

    struct carrier_http *http = mem_new(1, sizeof *http);
    if (http == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    *http = (struct carrier_http){
        .carrier = {.ops = &http_ops},
        .asker = asker,
        .codec = &channel_http1,
        .lanes = mem_new(options->max_in_flight, sizeof *http->lanes),
    };
    code = http->lanes == NULL ? fail(reterr, ERR_MEMORY, "no memory") : name_peer(http, reterr);
    if (code == 0)
        http->lane_count = options->max_in_flight;
    for (uint32_t i = 0; i < http->lane_count; i++)
        http->lanes[i].http = http;
    if (code != 0) {
        http_free(&http->carrier);
        return code;
    }
    *ret_carrier = &http->carrier;
    return 0;
}
