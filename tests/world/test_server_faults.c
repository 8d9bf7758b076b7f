/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's driver through hundreds of seeded histories: clients of HTTP/1.1 and HTTP/2 that
 * ask, stop reading, give up, send nonsense and leave, over a network that splits, delays, cuts and
 * resets, with a handler that answers at once, later, in pieces, by halves or never. After each
 * history everybody is gone, every request has ended once, and no byte is kept.
 *
 * ASSAY_SEED=N plays one history again; ASSAY_SEEDS=N plays so many (40 by default). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/server.h"
#include "base/rng.h"
#include "wire/http2.h"
#include "world/world.h"

enum { CLIENTS = 24, STEPS = 60, SEEDS = 40, REQUESTS_MAX = 64, BYTES_MAX = 64 << 20 };

static const uint64_t MS = 1000000;

/* What the handler knows of a request: by the slot of its id. */
struct known {
    struct id id;
    unsigned pieces; /* still to give */
    bool open;
};

struct client {
    struct id connection;
    struct http2 *http2;
    uint32_t stream; /* the last that was opened */
    bool open;
    bool gone;
    bool paused;
};

struct history {
    struct world *world;
    struct outside *outside;
    struct server *server;
    struct rng rng;
    struct known known[REQUESTS_MAX];
    uint64_t told, over, ended; /* ended: by the handler itself */
    struct client clients[CLIENTS];
    uint16_t port;
};

static struct history history;
static char block[20000];

/* ---- the handler ----------------------------------------------------------------------------- */

static bool chance(unsigned percent)
{
    return rng_below(&history.rng, 100) < percent;
}

static struct known *known_of(struct id id)
{
    struct known *known = &history.known[id.slot % REQUESTS_MAX];

    assert_true(known->open && id_equal(known->id, id));
    return known;
}

static void end_it(struct known *known)
{
    known->open = false;
    history.ended++;
    if (chance(50))
        server_reset(history.server, known->id);
    else
        server_cut(history.server, known->id);
}

static void go_on(struct known *known)
{
    bool last = known->pieces == 1;
    size_t len = (size_t)rng_below(&history.rng, sizeof block);

    if (known->pieces == 0)
        return;
    int code = server_piece(history.server, known->id, view_make(block, len), last);
    known->pieces--;
    if (code != 0 && code != ERR_BUSY)
        end_it(known);
    else if (chance(3))
        end_it(known);
    else if (code == 0 && !last)
        server_wake_at(history.server, known->id,
                       world_now(history.world) + rng_below(&history.rng, 50 * MS));
}

static void answer(struct known *known)
{
    const struct http_response response = {.status = 200, .body = view_make(block, 5000)};
    bool in_pieces = chance(50);
    int code = server_respond(history.server, known->id, &response, in_pieces);

    if (code != 0 && code != ERR_BUSY) {
        end_it(known);
        return;
    }
    known->pieces = in_pieces ? 1 + (unsigned)rng_below(&history.rng, 30) : 0;
    if (code == 0)
        go_on(known);
}

static void on_request(void *context, const struct server_request *request)
{
    (void)context;
    struct known *known = &history.known[request->id.slot % REQUESTS_MAX];
    uint64_t now_ns = world_now(history.world);

    assert_false(known->open);
    *known = (struct known){.id = request->id, .open = true};
    history.told++;
    if (chance(5))
        end_it(known);
    else if (chance(40))
        answer(known);
    else if (chance(90))
        server_wake_at(history.server, request->id, now_ns + rng_below(&history.rng, 2000 * MS));
}

static void on_over(void *context, struct id request, bool sent)
{
    struct known *known = known_of(request);

    (void)context;
    assert_true(!sent || known->pieces == 0);
    known->open = false;
    history.over++;
}

static void on_writable(void *context, struct id request)
{
    (void)context;
    go_on(known_of(request));
}

static void on_due(void *context, struct id request)
{
    struct known *known = known_of(request);

    (void)context;
    if (known->pieces != 0)
        go_on(known);
    else
        answer(known);
}

static const struct server_handler handler = {
    .request = on_request, .over = on_over, .writable = on_writable, .due = on_due};

/* ---- clients --------------------------------------------------------------------------------- */

static void say(struct client *client, struct view bytes)
{
    if (!client->gone && bytes.len != 0)
        (void)!history.outside->ops->write(history.outside, client->connection, bytes);
}

static void flush(struct client *client)
{
    struct strbuf out;
    struct err err;

    strbuf_init(&out, BYTES_MAX);
    (void)!http2_take(client->http2, &out, BYTES_MAX / 2, &err);
    say(client, strbuf_view(&out));
    strbuf_release(&out);
}

static void on_event(void *context, const struct outside_event *event)
{
    struct client *client = context;
    struct http2_event heard;
    struct view rest = event->bytes;
    struct err err;

    if (event->kind == OUTSIDE_OPENED)
        client->open = true;
    if (event->kind == OUTSIDE_CLOSED)
        client->gone = true;
    if (event->kind == OUTSIDE_BYTES && client->http2 != NULL) {
        while (http2_feed(client->http2, &rest, &heard, &err) == 1)
            assert_true(heard.kind != HTTP2_GOAWAY || heard.code != HTTP2_INTERNAL_ERROR);
        flush(client);
    }
}

static void client_begin(struct client *client)
{
    const struct outside_endpoint endpoint = {
        .host = VIEW("127.0.0.1"), .port = history.port, .connect_in_ns = 1000 * MS};

    *client = (struct client){.http2 = chance(50) ? http2_new(HTTP2_CLIENT_PLAIN, NULL) : NULL};
    if (history.outside->ops->open(history.outside, &endpoint, on_event, client,
                                   &client->connection)
        != 0)
        client->gone = true;
}

static void client_end(struct client *client)
{
    if (!client->gone && chance(50))
        history.outside->ops->reset(history.outside, client->connection);
    else if (!client->gone)
        history.outside->ops->close(history.outside, client->connection);
    http2_free(client->http2);
    client->http2 = NULL;
    client->gone = true;
}

static void ask_http1(struct client *client)
{
    static const struct view words[] = {
        VIEW("GET /a HTTP/1.1\r\nhost: h\r\n\r\n"),
        VIEW("POST /b HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello"),
        VIEW("GET /a HTTP/1.1\r\nhost: h\r\n\r\nGET /b HTTP/1.0\r\n\r\n"),
        VIEW("POST /b HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n"),
        VIEW("POST /c HTTP/1.1\r\nhost: h\r\ncontent-length: 99\r\n\r\nhalf"),
        VIEW("nonsense\r\n"),
    };

    say(client, words[chance(90) ? rng_below(&history.rng, 4) : rng_below(&history.rng, 6)]);
}

static void ask_http2(struct client *client)
{
    struct http_request request = {.method = VIEW("POST"), .target = VIEW("/")};
    struct err err;

    (void)!http_header_add(&request.headers, view_of("host"), view_of("h"));
    if (chance(50))
        request.body = view_make(block, (size_t)rng_below(&history.rng, sizeof block));
    if (chance(70))
        (void)!http2_send_request(client->http2, &request, chance(90), &client->stream, &err);
    else if (client->stream != 0)
        http2_reset(client->http2, client->stream, HTTP2_CANCEL);
    flush(client);
    if (chance(1))
        say(client, view_make(block, 100));
}

static void client_acts(struct client *client)
{
    if (client->gone) {
        client_end(client);
        client_begin(client);
    } else if (chance(5)) {
        client_end(client);
    } else if (chance(10)) {
        client->paused = !client->paused;
        history.outside->ops->pause(history.outside, client->connection, client->paused);
    } else if (client->open && client->http2 != NULL) {
        ask_http2(client);
    } else if (client->open) {
        ask_http1(client);
    }
}

/* ---- histories ------------------------------------------------------------------------------- */

static void draw_network(void)
{
    const struct world_link link = {
        .latency_ns = rng_below(&history.rng, 20 * MS),
        .jitter_ns = rng_below(&history.rng, 5 * MS),
        .piece_bytes = chance(50) ? 0 : 1 + (size_t)rng_below(&history.rng, 3000),
        .refuse_micro = 20000,
        .reset_micro = chance(50) ? 0 : 100000,
        .cut_micro = chance(50) ? 0 : 100000,
        .fault_bytes = 20000,
        .spike_micro = 10000,
        .spike_ns = 300 * MS,
    };

    assert_int_equal(world_set_link(history.world, view_of(""), 0, &link), 0);
}

static void play(uint64_t seed)
{
    const struct server_options options = {.connections_max = CLIENTS - 4,
                                           .requests_max = REQUESTS_MAX,
                                           .buffered_max_bytes = 4u << 20,
                                           .limits = {.streams = 8}};
    struct err err;

    history = (struct history){0};
    rng_init(&history.rng, seed);
    assert_int_equal(world_new(&(struct world_options){.seed = seed}, &history.world), 0);
    history.outside = world_outside(history.world);
    draw_network();
    assert_int_equal(
        server_new(history.outside, &options, &handler, NULL, &history.server, &history.port, &err),
        0);
    for (int i = 0; i < CLIENTS; i++)
        client_begin(&history.clients[i]);
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < CLIENTS; i++)
            client_acts(&history.clients[i]);
        uint64_t for_ns = chance(5) ? 40000 * MS : rng_below(&history.rng, 200 * MS);
        assert_int_equal(world_run(history.world, world_now(history.world) + for_ns), 0);
    }
    for (int i = 0; i < CLIENTS; i++)
        client_end(&history.clients[i]);
    /* With nobody there, patience ends all: what is never answered over HTTP/1.1 is told by the
     * first byte, so it is given one now. */
    assert_int_equal(world_run(history.world, world_now(history.world) + 1000000 * MS), 0);
    for (int i = 0; i < REQUESTS_MAX; i++)
        if (history.known[i].open)
            end_it(&history.known[i]);
    assert_int_equal(world_run(history.world, world_now(history.world) + 1000000 * MS), 0);
    struct server_figures figures = server_figures(history.server);
    assert_int_equal(figures.open, 0);
    assert_int_equal(figures.under_way, 0);
    assert_int_equal(figures.buffered_bytes, 0);
    assert_int_equal(figures.requests, history.told);
    assert_int_equal(figures.sent + figures.lost, history.over + history.ended);
    assert_int_equal(history.told, history.over + history.ended);
    server_free(history.server);
    world_free(history.world);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void whatever_happens_every_request_ends_once_and_no_byte_is_kept(void **state)
{
    (void)state;
    uint64_t one = number_from("ASSAY_SEED", 0);
    uint64_t last = one != 0 ? one : number_from("ASSAY_SEEDS", SEEDS);
    uint64_t told = 0;

    for (uint64_t seed = one != 0 ? one : 1; seed <= last; seed++) {
        print_message("\rASSAY_SEED=%llu", (unsigned long long)seed);
        play(seed);
        told += history.told;
    }
    print_message("\r%llu requests\n", (unsigned long long)told);
    assert_true(told > last * 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_every_request_ends_once_and_no_byte_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
