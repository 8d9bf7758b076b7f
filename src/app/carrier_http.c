/* SPDX-License-Identifier: Apache-2.0
 *
 * carrier_http: see carrier_http.h. Connections: opened, HTTP/1.1 or HTTP/2 as TLS chose it, fed,
 * checked, closed. */
#include "app/carrier_http.h"
#include "base/mem.h"
#include "wire/url.h"

enum { AUTHORITY_BYTES_MAX = 512 };

static const uint64_t SECOND_NS = 1000000000;

static struct carrier_http *http_of(struct carrier *carrier)
{
    return (struct carrier_http *)carrier;
}

static void lane_clear(struct lane *lane)
{
    lane->connection = (struct id){0};
    lane->socket = (struct id){0};
    lane->open = false;
    lane->busy = false;
    lane->taken = 0;
}

static void lane_close(struct lane *lane)
{
    struct outside *outside = lane->http->asker->outside;
    struct id socket = lane->socket;

    lane->socket = (struct id){0};
    while (lane->exchanges.first != NULL)
        exchange_free(LIST_ITEM(lane->exchanges.first, struct exchange, link));
    if (!id_is_none(socket))
        outside->ops->close(outside, socket);
    lane_clear(lane);
}

void lane_break(struct lane *lane, int code, const char *text)
{
    struct id connection = lane->connection;
    struct asker *asker = lane->http->asker;

    asker_hold(asker);
    if (lane->exchanges.count > 1)
        asker_drain(asker, connection); /* what is sent again goes elsewhere */
    bool unsent = exchanges_end(lane, code, text);
    lane_close(lane);
    asker_closed(asker, connection, code, unsent);
    asker_release(asker);
}

/* Gives the outside what it takes; a code and text where that, or the channel, fails. */
static int write_out(struct lane *lane, struct err *reterr)
{
    struct outside *outside = lane->http->asker->outside;

    while (!lane->busy) {
        strbuf_reset(&lane->out);
        int code = lane_codec(lane)->take(lane->channel, &lane->out, CHANNEL_TAKE_BYTES, reterr);
        if (code != 0 || lane->out.len == 0)
            return code;
        code = outside->ops->write(outside, lane->socket, strbuf_view(&lane->out));
        if (code != 0 && code != ERR_BUSY)
            return fail(reterr, code == ERR_LIMIT ? ERR_MEMORY : code,
                        "the request could not be written");
        lane->busy = code == ERR_BUSY;
        lane->taken += lane->out.len;
    }
    return 0;
}

void lane_flush(struct lane *lane)
{
    struct err err = {0};
    int code = lane->open && !id_is_none(lane->socket) ? write_out(lane, &err) : 0;

    if (code != 0)
        lane_break(lane, code, err.text);
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
    struct view said = without_peer(view_of(text), http->asker->peer);

    asker_open_failed(http->asker, connection, code, "%s %.*s: %.*s",
                      code == ERR_TLS ? "no TLS with" : "cannot connect to",
                      VIEW_ARG(http->asker->peer), VIEW_ARG(said));
}

static outside_listener listen_to_lane;

/* What is offered to a peer over TLS. */
static struct view alpn_of(enum asker_http http)
{
    static const struct view offers[] = {
        [ASKER_HTTP_AUTO] = VIEW("\x02h2\x08http/1.1"),
        [ASKER_HTTP_1] = VIEW("\x08http/1.1"),
        [ASKER_HTTP_2] = VIEW("\x02h2"),
    };
    return offers[http];
}

static void http_open(struct carrier *carrier, struct id connection)
{
    struct carrier_http *http = http_of(carrier);
    struct lane *lane = &http->lanes[connection.slot];
    const struct asker *asker = http->asker;
    const struct asker_options *options = &asker->options;
    struct outside_endpoint endpoint = {
        .host = asker->address.host,
        .port = asker->address.port,
        .tls = asker->address.tls,
        .tls_insecure = options->tls_insecure,
        .tls_ca_file = options->tls_ca_file,
        .connect_in_ns = options->connect_in_ns,
        .alpn = alpn_of(options->http),
        .proxy_host = options->proxy_host,
        .proxy_port = options->proxy_port,
        .proxy_user = options->proxy_user,
    };

    lane_clear(lane);
    int code =
        asker->outside->ops->open(asker->outside, &endpoint, listen_to_lane, lane, &lane->socket);
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

/* The row that is spoken on a connection; NULL where the peer speaks none that is wanted. */
static const struct channel_codec *codec_of(const struct asker *asker, struct view alpn)
{
    bool is_http2 = asker->address.tls ? view_is(alpn, channel_http2.name)
                                       : asker->options.http == ASKER_HTTP_2;

    if (is_http2)
        return &channel_http2;
    return asker->options.http != ASKER_HTTP_2 ? &channel_http1 : NULL;
}

/* A channel for a new connection. */
static int make_channel(struct lane *lane, const struct channel_codec *codec)
{
    if (lane->channel != NULL && lane->channel->codec == codec && codec->reset(lane->channel) == 0)
        return 0;
    if (lane->channel != NULL)
        lane_codec(lane)->free(lane->channel);
    lane->channel = codec->make(lane->http->asker->address.tls);
    return lane->channel != NULL ? 0 : ERR_MEMORY;
}

static uint32_t at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

static void take_opened(struct lane *lane, const struct outside_event *event)
{
    struct asker *asker = lane->http->asker;
    struct id connection = lane->connection;
    const struct channel_codec *codec = codec_of(asker, event->alpn);
    int code = codec == NULL ? ERR_UNSUPPORTED : make_channel(lane, codec);

    if (code != 0) {
        lane_close(lane);
        say_open_failed(lane->http, connection, code,
                        code == ERR_UNSUPPORTED
                            ? "it does not speak HTTP/2 over TLS; write http: auto"
                            : err_text(code));
        return;
    }
    lane->open = true;
    lane->ticked_ns = asker_now(asker);
    asker_opened(asker, connection,
                 at_most(codec->streams_max, asker->machine.settings.pool.streams_max));
    if (id_equal(lane->connection, connection))
        lane_flush(lane);
}

/* ---- attempts ------------------------------------------------------------------------------- */

static void http_send(struct carrier *carrier, struct ask *ask, struct id connection)
{
    struct carrier_http *http = http_of(carrier);
    struct lane *lane = &http->lanes[connection.slot];
    const struct ask_loss loss = {.code = ERR_CLOSED, .may_retry = true, .unsent = true};

    if (id_equal(lane->connection, connection) && lane->open)
        exchange_start(http, lane, ask);
    else /* it broke in this very moment, and that is not fed yet */
        asker_lost(http->asker, ask, &loss, "%.*s: the connection was closed",
                   VIEW_ARG(http->asker->peer));
}

static void http_abandon(struct carrier *carrier, struct ask *ask, struct id connection)
{
    struct lane *lane = &http_of(carrier)->lanes[connection.slot];
    struct exchange *exchange = ask->carried;

    if (exchange != NULL && exchange->lane == lane && exchange_abandon(exchange))
        lane_flush(lane); /* the peer is told */
}

static void http_check(struct carrier *carrier, struct id connection)
{
    struct lane *lane = &http_of(carrier)->lanes[connection.slot];
    struct asker *asker = http_of(carrier)->asker;
    struct err err = {0};

    if (!id_equal(lane->connection, connection))
        return; /* its end is on its way */
    int code = lane_codec(lane)->ping(lane->channel, &err);
    if (code == 0)
        lane_flush(lane);             /* PONG tells, or nothing does */
    else if (code == ERR_UNSUPPORTED) /* its socket would have told */
        asker_checked(asker, connection, 0);
    else if (code != ERR_BUSY)
        asker_checked(asker, connection, code);
}

static void http_pause(struct carrier *carrier, struct ask *ask, bool paused)
{
    (void)carrier;
    if (ask->carried != NULL)
        exchange_pause(ask->carried, paused);
}

/* ---- receiving ------------------------------------------------------------------------------ */

static void take_event(struct lane *lane, const struct channel_event *event)
{
    struct asker *asker = lane->http->asker;
    uint32_t most = asker->machine.settings.pool.streams_max;

    switch (event->kind) {
    case CHANNEL_HEAD:
    case CHANNEL_PIECE:
    case CHANNEL_COMPLETE:
    case CHANNEL_FAILED:
        exchange_take(lane, event);
        break;
    case CHANNEL_CAPACITY:
        asker_capacity(asker, lane->connection, at_most(event->streams, most));
        break;
    case CHANNEL_DRAINING:
        asker_drain(asker, lane->connection);
        break;
    case CHANNEL_PONG:
        asker_checked(asker, lane->connection, 0);
        break;
    }
}

/* Feeds until nothing is left; false where the lane is another's when it returns, or nobody's. */
static bool feed(struct lane *lane, struct view bytes)
{
    struct id connection = lane->connection;
    struct channel_event event;
    struct err err = {0};
    int code;

    while ((code = lane_codec(lane)->feed(lane->channel, &bytes, &event, &err)) == 1) {
        take_event(lane, &event);
        if (!id_equal(lane->connection, connection))
            return false;
    }
    if (code == 0)
        return true;
    struct err unsaid = {0};
    (void)!write_out(lane, &unsaid); /* HTTP/2 says goodbye, and why */
    lane_break(lane, code, err.text);
    return false;
}

static void let_time_pass(struct lane *lane)
{
    uint64_t seconds = (asker_now(lane->http->asker) - lane->ticked_ns) / SECOND_NS;

    lane->ticked_ns += seconds * SECOND_NS;
    lane_codec(lane)->tick(lane->channel, seconds);
}

static void take_bytes(struct lane *lane, struct view bytes)
{
    struct id connection = lane->connection;

    let_time_pass(lane);
    if (lane_codec(lane)->streams_max == 1)
        exchanges_began(lane);
    if (!id_equal(lane->connection, connection) || !feed(lane, bytes))
        return;
    exchanges_go_on(lane);
    if (id_equal(lane->connection, connection))
        lane_flush(lane);
}

static void take_writable(struct lane *lane)
{
    struct id connection = lane->connection;

    lane->busy = false;
    exchanges_go_on(lane);
    if (id_equal(lane->connection, connection))
        lane_flush(lane);
}

static void take_end(struct lane *lane, const struct outside_event *event)
{
    struct id connection = lane->connection;
    struct channel_event last;
    struct err err = {0};

    lane->socket = (struct id){0};
    if (!lane->open) {
        struct carrier_http *http = lane->http;
        lane_clear(lane);
        say_open_failed(http, connection, event->code != 0 ? event->code : ERR_UNREACHABLE,
                        event->text);
        return;
    }
    /* The end of the connection is the end of a body without a length only where it was orderly. */
    int code = event->code == 0 ? lane_codec(lane)->finish(lane->channel, &last, &err) : 0;
    if (code == 1) {
        last.reusable = false;
        take_event(lane, &last);
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
        take_opened(lane, event);
        break;
    case OUTSIDE_BYTES:
        take_bytes(lane, event->bytes);
        break;
    case OUTSIDE_WRITABLE:
        take_writable(lane);
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
        if (lane->channel != NULL)
            lane_codec(lane)->free(lane->channel);
        strbuf_release(&lane->out);
    }
    slots_release(&http->exchanges);
    mem_free(http->lanes);
    mem_free(http);
}

static void http_tick(struct carrier *carrier, uint64_t now_ns)
{
    exchanges_tick(http_of(carrier), now_ns);
}

static uint64_t http_deadline(const struct carrier *carrier)
{
    return exchanges_deadline((const struct carrier_http *)carrier);
}

static const struct carrier_ops http_ops = {
    .open = http_open,
    .close = http_close,
    .send = http_send,
    .abandon = http_abandon,
    .check = http_check,
    .pause = http_pause,
    .tick = http_tick,
    .deadline = http_deadline,
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
        code = arena_copy(&asker->arena, strbuf_view(&peer), &asker->peer);
    strbuf_release(&authority);
    strbuf_release(&peer);
    return code != 0 ? fail(reterr, code, "the host's name is too long") : 0;
}

static int make_lanes(struct carrier_http *http)
{
    uint32_t count = http->asker->options.max_in_flight;
    int code = slots_init(&http->exchanges, count, sizeof(struct exchange));

    if (code != 0)
        return code;
    http->lanes = mem_new(count, sizeof *http->lanes);
    if (http->lanes == NULL)
        return ERR_MEMORY;
    http->lane_count = count;
    for (uint32_t i = 0; i < count; i++) {
        http->lanes[i].http = http;
        strbuf_init(&http->lanes[i].out, CHANNEL_OUT_BYTES_MAX);
    }
    return 0;
}

int carrier_http_new(struct asker *asker, struct carrier **ret_carrier, struct err *reterr)
{
    const struct asker_options *options = &asker->options;
    if (asker->provider->signs && options->target->api_key.len == 0 && options->keeper == NULL)
        return fail(reterr, ERR_DENIED,
                    "target '%.*s': no AWS credentials: set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or a profile, or an api_key",
                    VIEW_ARG(options->target->name));

    struct carrier_http *http = mem_new(1, sizeof *http);
    if (http == NULL)
        return fail(reterr, ERR_MEMORY, "no memory");
    *http = (struct carrier_http){.carrier = {.ops = &http_ops}, .asker = asker};
    int code = make_lanes(http);
    if (code == 0)
        code = name_peer(http, reterr);
    else
        fail(reterr, code, "no memory for %u connections", options->max_in_flight);
    if (code != 0) {
        http_free(&http->carrier);
        return code;
    }
    *ret_carrier = &http->carrier;
    return 0;
}
