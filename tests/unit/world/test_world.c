/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated world keeps the contract of wire/outside.h in tests/unit/shell/test_outside.c; here
 * is what only a simulation promises: the same history for the same seed, faults, and bytes that
 * come in pieces, so that a peer who relies on whole messages is found out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "world/world.h"

static const uint64_t MS = 1000000;
static const uint64_t SECOND = 1000000000;
static const struct view SERVER = VIEW("server");
static const struct view QUESTION = VIEW("question\n");

enum { PORT = 80, CLIENTS = 20, ROUNDS = 10, SLOTS = 2 * CLIENTS + 1 };

/* Answers each line with "answer\n". With `trusting` it takes what comes at once for a whole line:
 * the planted bug. */
struct server {
    struct world *world;
    bool trusting;
    bool may_fail; /* memory is about to run out */
    struct strbuf buffered[SLOTS];
    uint64_t accepted, broken;
};

struct client {
    struct world *world;
    struct id connection;
    struct strbuf bytes;
    bool only_listens;
    unsigned answers;
    unsigned opened;
    unsigned closed;
    int code;
    uint64_t opened_ns, closed_ns, last_ns;
};

static void answer(struct server *server, struct id connection)
{
    static const struct view words = VIEW("answer\n");
    struct outside *outside = world_outside(server->world);

    int code = outside->ops->write(outside, connection, words);
    assert_true(code == 0 || server->may_fail);
}

static void server_hears(struct server *server, const struct outside_event *event)
{
    struct strbuf *buffered = &server->buffered[event->connection.slot];

    if (server->trusting) {
        if (event->bytes.ptr[event->bytes.len - 1] == '\n')
            answer(server, event->connection);
        return;
    }
    strbuf_add(buffered, event->bytes);
    for (;;) {
        size_t end = view_find_byte(strbuf_view(buffered), '\n');
        if (end == buffered->len)
            return;
        assert_true(end + 1 == QUESTION.len);
        strbuf_consume(buffered, end + 1);
        answer(server, event->connection);
    }
}

static void on_server(void *context, const struct outside_event *event)
{
    struct server *server = context;

    if (event->kind == OUTSIDE_ACCEPTED) {
        server->accepted++;
        assert_true(event->connection.slot < SLOTS);
        strbuf_release(&server->buffered[event->connection.slot]);
        strbuf_init(&server->buffered[event->connection.slot], 4096);
    } else if (event->kind == OUTSIDE_BYTES) {
        server_hears(server, event);
    } else if (event->kind == OUTSIDE_CLOSED && event->code != 0) {
        server->broken++;
    }
}

static void ask(struct client *client)
{
    struct outside *outside = world_outside(client->world);

    assert_int_equal(outside->ops->write(outside, client->connection, QUESTION), 0);
}

static void on_client(void *context, const struct outside_event *event)
{
    struct client *client = context;
    struct outside *outside = world_outside(client->world);

    client->last_ns = world_now(client->world);
    if (event->kind == OUTSIDE_OPENED) {
        client->opened++;
        client->opened_ns = client->last_ns;
        if (!client->only_listens)
            ask(client);
    } else if (event->kind == OUTSIDE_CLOSED) {
        client->closed++;
        client->closed_ns = client->last_ns;
        client->code = event->code;
    } else if (event->kind == OUTSIDE_BYTES) {
        strbuf_add(&client->bytes, event->bytes);
        if (client->only_listens || client->bytes.ptr[client->bytes.len - 1] != '\n')
            return;
        client->answers++;
        if (client->answers < ROUNDS)
            ask(client);
        else
            outside->ops->close(outside, client->connection);
    }
}

struct play {
    struct world *world;
    struct server server;
    struct client clients[CLIENTS];
    unsigned answers;
};

/* Twenty clients ask ten questions each. */
static void play(struct play *play, uint64_t seed, const struct world_link *link, bool trusting)
{
    struct world_options options = {.seed = seed};
    struct outside_endpoint endpoint = {.host = SERVER, .port = PORT, .connect_in_ns = 10 * SECOND};
    struct id listening;
    struct err err;

    memset(play, 0, sizeof *play);
    assert_int_equal(world_new(&options, &play->world), 0);
    assert_int_equal(world_set_link(play->world, SERVER, PORT, link), 0);
    struct outside *outside = world_outside(play->world);
    play->server = (struct server){.world = play->world, .trusting = trusting};
    struct outside_port port = {.host = SERVER, .port = PORT};
    assert_int_equal(
        outside->ops->listen(outside, &port, on_server, &play->server, &listening, NULL, &err), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &play->clients[i];
        client->world = play->world;
        strbuf_init(&client->bytes, 1 << 16);
        assert_int_equal(
            outside->ops->open(outside, &endpoint, on_client, client, &client->connection), 0);
    }
    assert_int_equal(world_run(play->world, 60 * SECOND), 0);
    for (size_t i = 0; i < CLIENTS; i++)
        play->answers += play->clients[i].answers;
}

static void end_play(struct play *play)
{
    for (size_t i = 0; i < CLIENTS; i++)
        strbuf_release(&play->clients[i].bytes);
    for (size_t i = 0; i < SLOTS; i++)
        strbuf_release(&play->server.buffered[i]);
    world_free(play->world);
}

static const struct world_link rough = {
    .latency_ns = 1000000,
    .jitter_ns = 3000000,
    .piece_bytes = 5,
    .spike_micro = 20000,
    .spike_ns = 50000000,
};

static const struct world_link faulty = {
    .latency_ns = 1000000,
    .jitter_ns = 3000000,
    .piece_bytes = 5,
    .refuse_micro = 200000,
    .hang_micro = 200000,
    .reset_micro = 200000,
    .cut_micro = 200000,
    .fault_bytes = 60,
};

static void a_careful_server_answers_all_however_the_bytes_come(void **state)
{
    struct play one;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        play(&one, seed, &rough, false);
        assert_int_equal(one.answers, CLIENTS * ROUNDS);
        assert_true(world_counts(one.world).pieces > CLIENTS * ROUNDS * 4);
        assert_true(world_counts(one.world).spikes > 0);
        end_play(&one);
    }
}

/* One client and one server. */
struct pair {
    struct world *world;
    struct outside *outside;
    struct server server;
    struct client client;
    struct outside_endpoint endpoint;
};

static void pair_init(struct pair *pair, uint64_t seed, const struct world_link *link)
{
    struct world_options options = {.seed = seed};
    struct id listening;
    struct err err;

    memset(pair, 0, sizeof *pair);
    assert_int_equal(world_new(&options, &pair->world), 0);
    assert_int_equal(world_set_link(pair->world, (struct view){0}, 0, link), 0);
    pair->outside = world_outside(pair->world);
    pair->server.world = pair->world;
    pair->client.world = pair->world;
    strbuf_init(&pair->client.bytes, 1 << 16);
    assert_non_null(strbuf_room(&pair->client.bytes, 1000));
    struct outside_port port = {.host = SERVER, .port = PORT};
    assert_int_equal(pair->outside->ops->listen(pair->outside, &port, on_server, &pair->server,
                                                &listening, NULL, &err),
                     0);
    pair->endpoint =
        (struct outside_endpoint){.host = SERVER, .port = PORT, .connect_in_ns = SECOND};
}

static int pair_open(struct pair *pair)
{
    return pair->outside->ops->open(pair->outside, &pair->endpoint, on_client, &pair->client,
                                    &pair->client.connection);
}

static void pair_release(struct pair *pair)
{
    strbuf_release(&pair->client.bytes);
    for (size_t i = 0; i < SLOTS; i++)
        strbuf_release(&pair->server.buffered[i]);
    world_free(pair->world);
}

/* How many bytes of answers a server gives to ten questions asked at once. */
static size_t ask_ten(uint64_t seed, const struct world_link *link, bool trusting)
{
    struct pair pair;

    pair_init(&pair, seed, link);
    pair.server.trusting = trusting;
    pair.client.only_listens = true;
    assert_int_equal(pair_open(&pair), 0);
    for (int i = 0; i < 10; i++)
        ask(&pair.client);
    assert_int_equal(world_run(pair.world, 60 * SECOND), 0);
    size_t len = pair.client.bytes.len;
    pair_release(&pair);
    return len;
}

/* A server that takes each event for a message passes where questions come one by one and whole,
 * and is caught, with the seed to bring it back, as soon as they do not. */
static void a_server_that_trusts_in_whole_messages_is_found_out(void **state)
{
    static const struct world_link gentle = {.latency_ns = 1000000};
    struct world_link pieces = rough;
    struct play one;

    (void)state;
    play(&one, 1, &gentle, true);
    assert_int_equal(one.answers, CLIENTS * ROUNDS);
    end_play(&one);
    pieces.piece_bytes = 64;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        size_t len = ask_ten(seed, &pieces, true);
        print_message("seed %llu: 10 questions, %zu bytes of answers\n", (unsigned long long)seed,
                      len);
        assert_true(len != 10 * strlen("answer\n"));
        assert_int_equal(ask_ten(seed, &pieces, false), 10 * strlen("answer\n"));
    }
}

static void the_same_seed_gives_the_same_history_and_another_seed_another(void **state)
{
    struct play one, two, three;

    (void)state;
    play(&one, 7, &faulty, false);
    play(&two, 7, &faulty, false);
    play(&three, 8, &faulty, false);
    assert_true(world_history_hash(one.world) == world_history_hash(two.world));
    assert_true(world_counts(one.world).events == world_counts(two.world).events);
    assert_true(world_history_hash(one.world) != world_history_hash(three.world));
    end_play(&one);
    end_play(&two);
    end_play(&three);
}

static void every_fault_happens_and_every_client_learns_its_end(void **state)
{
    struct world_counts sum = {0};
    struct play one;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        play(&one, seed, &faulty, false);
        struct world_counts counts = world_counts(one.world);
        sum.refused += counts.refused;
        sum.hung += counts.hung;
        sum.resets += counts.resets;
        sum.cuts += counts.cuts;
        for (size_t i = 0; i < CLIENTS; i++) {
            const struct client *client = &one.clients[i];
            assert_int_equal((client->answers == ROUNDS) + client->closed, 1);
        }
        end_play(&one);
    }
    assert_true(sum.refused > 20 && sum.hung > 20 && sum.resets > 20 && sum.cuts > 20);
}

static void a_cut_is_a_clean_end_and_a_reset_is_not(void **state)
{
    struct world_link cut = {.latency_ns = MS, .cut_micro = 1000000, .fault_bytes = 20};
    struct world_link reset = {.latency_ns = MS, .reset_micro = 1000000, .fault_bytes = 20};
    struct play one;

    (void)state;
    play(&one, 3, &cut, false);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_true(one.clients[i].closed == 1 && one.clients[i].code == 0);
    assert_int_equal(one.server.broken, CLIENTS);
    end_play(&one);
    play(&one, 3, &reset, false);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_true(one.clients[i].closed == 1 && one.clients[i].code == ERR_CLOSED);
    end_play(&one);
}

static void time_is_exactly_what_the_link_says(void **state)
{
    struct world_link link = {.latency_ns = 10 * MS};
    struct play one;

    (void)state;
    play(&one, 1, &link, false);
    /* The world starts at one second; a connect is one round trip, a question another. */
    assert_int_equal(one.clients[0].opened_ns, SECOND + 20 * MS);
    assert_int_equal(one.clients[0].last_ns, SECOND + 20 * MS + ROUNDS * 20 * MS);
    assert_int_equal(world_now(one.world), 60 * SECOND);
    end_play(&one);

    link = (struct world_link){.latency_ns = MS, .bytes_per_s = 1000};
    play(&one, 1, &link, false);
    /* A question of 9 bytes and an answer of 7 take 16 ms on such a line. */
    assert_int_equal(one.clients[0].last_ns, SECOND + 2 * MS + ROUNDS * (2 + 16) * MS);
    end_play(&one);
}

static void tls_costs_a_round_trip(void **state)
{
    struct world_link link = {.latency_ns = 10 * MS};
    struct pair pair;

    (void)state;
    pair_init(&pair, 1, &link);
    pair.endpoint.tls = true;
    assert_int_equal(pair_open(&pair), 0);
    assert_int_equal(world_run(pair.world, UINT64_MAX), 0);
    assert_int_equal(pair.client.opened_ns, SECOND + 40 * MS);
    assert_int_equal(pair.client.answers, ROUNDS);
    pair_release(&pair);
}

static void on_circle(void *context, uint64_t now_ns)
{
    struct outside *outside = context;

    assert_int_equal(outside->ops->wake_at(outside, now_ns, on_circle, context), 0);
}

static void whoever_goes_in_circles_is_stopped(void **state)
{
    struct world_options options = {.events_max = 1000};
    struct world *world = NULL;

    (void)state;
    assert_int_equal(world_new(&options, &world), 0);
    struct outside *outside = world_outside(world);
    assert_int_equal(outside->ops->wake_at(outside, 0, on_circle, outside), 0);
    assert_int_equal(world_run(world, 2 * SECOND), ERR_LIMIT);
    assert_int_equal(world_counts(world).events, 1000);
    world_free(world);
}

static void the_date_moves_with_the_clock(void **state)
{
    struct world_options options = {.started_unix_s = 1000000};
    struct world *world = NULL;

    (void)state;
    assert_int_equal(world_new(&options, &world), 0);
    struct outside *outside = world_outside(world);
    assert_int_equal(outside->ops->unix_s(outside), 1000000);
    assert_int_equal(world_run(world, outside->ops->now(outside) + 86400 * SECOND), 0);
    assert_int_equal(outside->ops->unix_s(outside), 1000000 + 86400);
    world_free(world);
}

static void no_memory_anywhere_ends_the_run_with_the_error(void **state)
{
    struct world_link link = {.latency_ns = MS};
    unsigned failures = 0;

    (void)state;
    for (unsigned long n = 1; n < 60; n++) {
        struct pair pair;
        pair_init(&pair, 1, &link);
        pair.server.trusting = true;
        pair.server.may_fail = true;
        pair.client.answers = ROUNDS;
        mem_fail_at(n);
        int code = pair_open(&pair);
        if (code == 0
            && pair.outside->ops->write(pair.outside, pair.client.connection, QUESTION) != 0)
            code = ERR_MEMORY;
        if (code == 0)
            code = world_run(pair.world, 10 * SECOND);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        failures += code != 0;
        pair_release(&pair);
    }
    assert_true(failures > 3 && failures < 59);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_careful_server_answers_all_however_the_bytes_come),
        cmocka_unit_test(a_server_that_trusts_in_whole_messages_is_found_out),
        cmocka_unit_test(the_same_seed_gives_the_same_history_and_another_seed_another),
        cmocka_unit_test(every_fault_happens_and_every_client_learns_its_end),
        cmocka_unit_test(a_cut_is_a_clean_end_and_a_reset_is_not),
        cmocka_unit_test(time_is_exactly_what_the_link_says),
        cmocka_unit_test(tls_costs_a_round_trip),
        cmocka_unit_test(whoever_goes_in_circles_is_stopped),
        cmocka_unit_test(the_date_moves_with_the_clock),
        cmocka_unit_test(no_memory_anywhere_ends_the_run_with_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
