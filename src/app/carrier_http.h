/* SPDX-License-Identifier: Apache-2.0
 *
 * carrier_http: attempts as HTTP requests on connections of the outside. Two halves: connections
 * ("lanes", carrier_http.c), one for each place in the pool, and what goes over them ("exchanges",
 * carrier_exchange.c), one for each attempt. Private to these two. See carrier.h.
 *
 * Whatever is told to the asker may end the exchange or close the lane before it returns; so each
 * teller is the last thing its handler does with either, or looks again. */
#ifndef ASSAY_APP_CARRIER_HTTP_H
#define ASSAY_APP_CARRIER_HTTP_H

#include "app/carrier.h"
#include "app/keeper.h"
#include "base/slots.h"
#include "base/strbuf.h"
#include "core/call/channel.h"
#include "core/pool/list.h"
#include "provider/stream.h"

struct lane {
    struct carrier_http *http;
    struct id connection; /* as the pool calls it; none: closed */
    struct id socket;     /* as the outside does */
    bool open;
    bool busy;               /* the outside took enough for now: WRITABLE comes */
    struct channel *channel; /* of the connection, or of the last one */
    struct strbuf out;       /* what the outside is to take next */
    uint64_t taken;          /* bytes that the outside took, of this connection */
    uint64_t ticked_ns;      /* until then the channel was told that time passed */
    struct list exchanges;
};

enum exchange_state {
    EXCHANGE_WAITS, /* for keys, or for a stream */
    EXCHANGE_SENT,
};

struct exchange {
    struct list_link link;
    struct id id;
    struct lane *lane;
    struct id ask;
    enum exchange_state state;
    bool began; /* the response */
    bool paused;
    uint32_t stream;
    uint64_t taken_before;      /* of the lane, when it was sent */
    struct list_link over_link; /* among those whose stream is over, while that waits */
    uint64_t over_ns;           /* the stream is over: until then its end is waited for; or 0 */
    struct provider_stream *reading; /* NULL: the body comes whole */
    struct keeper_waiter waiter;
};

struct carrier_http {
    struct carrier carrier;
    struct asker *asker;
    struct lane *lanes; /* by the pool's slots */
    uint32_t lane_count;
    struct slots exchanges;
    struct list over;      /* exchanges */
    struct view authority; /* of the Host header */
};

/* ---- lanes: carrier_http.c ------------------------------------------------------------------ */

static inline const struct channel_codec *lane_codec(const struct lane *lane)
{
    return lane->channel->codec;
}

/* Hands on what the outside takes. The lane may be broken when it returns. */
void lane_flush(struct lane *lane);

/* The connection is of no more use: closes it and says so, and why. */
void lane_break(struct lane *lane, int code, const char *text);

/* ---- exchanges: carrier_exchange.c ---------------------------------------------------------- */

/* Starts one on an open lane. */
void exchange_start(struct carrier_http *http, struct lane *lane, struct ask *ask);

/* Forgets it, and cancels its stream where that still runs. False where the lane is of no more use
 * without it. */
bool exchange_abandon(struct exchange *exchange);
void exchange_free(struct exchange *exchange);

/* Streams that said their last word and do not end: they are ended here. */
uint64_t exchanges_deadline(const struct carrier_http *http);
void exchanges_tick(struct carrier_http *http, uint64_t now_ns);

/* Sends those that wait for a stream. */
void exchanges_go_on(struct lane *lane);

/* The lane is ending: those whose answer is whole are told so, the others why they end. True where
 * nothing of any of them had left. */
bool exchanges_end(struct lane *lane, int code, const char *text);

/* The response of the only exchange began. */
void exchanges_began(struct lane *lane);

/* An event of a stream. */
void exchange_take(struct lane *lane, const struct channel_event *event);

void exchange_pause(struct exchange *exchange, bool paused);

#endif
