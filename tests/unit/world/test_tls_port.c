/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports with TLS in the simulated world: what is chosen, when each side hears of it, and who is
 * turned away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world/world.h"

static const uint64_t MS = 1000000;
static const uint64_t SECOND = 1000000000;
static const struct view HOST = VIEW("server");

#define H2 "\x02h2"
#define HTTP1 "\x08http/1.1"

struct side {
    struct world *world;
    struct id connection;
    unsigned opened, closed, bytes;
    uint64_t opened_ns; /* or accepted */
    uint64_t closed_ns;
    int code;
    bool tls;
    char alpn[64];
};

struct play {
    struct world *world;
    struct outside *outside;
    struct id listening;
    struct side client;
    struct side server;
};

static void on_event(void *context, const struct outside_event *event)
{
    struct side *side = context;

    if (event->kind == OUTSIDE_OPENED || event->kind == OUTSIDE_ACCEPTED) {
        side->opened++;
        side->connection = event->connection;
        side->opened_ns = world_now(side->world);
        side->tls = event->tls;
        snprintf(side->alpn, sizeof side->alpn, "%.*s", VIEW_ARG(event->alpn));
    } else if (event->kind == OUTSIDE_BYTES) {
        side->bytes += (unsigned)event->bytes.len;
    } else if (event->kind == OUTSIDE_CLOSED) {
        side->closed++;
        side->closed_ns = world_now(side->world);
        side->code = event->code;
    }
}

static void start(struct play *play, const char *spoken, const char *offered, bool port_tls,
                  bool client_tls)
{
    static const struct view nowhere = {0};
    struct world_options options = {.seed = 3};
    struct world_link link = {.latency_ns = 10 * MS};
    struct outside_port port = {.host = HOST, .port = 443, .alpn = view_of(spoken)};
    struct outside_endpoint endpoint = {.host = HOST,
                                        .port = 443,
                                        .tls = client_tls,
                                        .alpn = view_of(offered),
                                        .connect_in_ns = SECOND};
    struct err err;

    memset(play, 0, sizeof *play);
    if (port_tls)
        port.tls_certificate_file = view_of("any.pem");
    assert_int_equal(world_new(&options, &play->world), 0);
    assert_int_equal(world_set_link(play->world, nowhere, 0, &link), 0);
    play->outside = world_outside(play->world);
    play->client.world = play->server.world = play->world;
    assert_int_equal(play->outside->ops->listen(play->outside, &port, on_event, &play->server,
                                                &play->listening, NULL, &err),
                     0);
    assert_int_equal(play->outside->ops->open(play->outside, &endpoint, on_event, &play->client,
                                              &play->client.connection),
                     0);
}

static void run(const struct play *play)
{
    assert_int_equal(world_run(play->world, UINT64_MAX), 0);
}

static void the_ports_favourite_is_chosen_and_told_to_both(void **state)
{
    static const char *const rows[][3] = {
        {H2 HTTP1, HTTP1 H2, "h2"}, {HTTP1 H2, H2 HTTP1, "http/1.1"}, {"", "", "http/1.1"},
        {H2 HTTP1, "", "http/1.1"}, {"", H2 HTTP1, "http/1.1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct play play;
        start(&play, rows[i][0], rows[i][1], true, true);
        run(&play);
        assert_string_equal(play.client.alpn, rows[i][2]);
        assert_string_equal(play.server.alpn, rows[i][2]);
        assert_true(play.client.tls && play.server.tls);
        world_free(play.world);
    }
}

static void who_shares_no_protocol_is_refused(void **state)
{
    struct play play;

    (void)state;
    start(&play, H2, HTTP1, true, true);
    run(&play);
    assert_int_equal(play.client.code, ERR_TLS);
    assert_int_equal(play.server.opened, 0);
    world_free(play.world);
}

static void a_peer_is_announced_after_its_handshake_and_before_its_bytes(void **state)
{
    static const struct view words = VIEW("words");
    struct play play;

    (void)state;
    start(&play, "", "", true, true);
    assert_int_equal(play.outside->ops->write(play.outside, play.client.connection, words), 0);
    run(&play);
    assert_int_equal(play.client.opened_ns, SECOND + 40 * MS);
    assert_int_equal(play.server.opened_ns, SECOND + 50 * MS);
    assert_int_equal(play.server.bytes, words.len);
    world_free(play.world);
}

static void a_client_that_gives_up_during_the_handshake_is_gone_for_the_server_too(void **state)
{
    struct play play;

    (void)state;
    start(&play, "", "", true, true);
    assert_int_equal(world_run(play.world, SECOND + 20 * MS), 0);
    play.outside->ops->close(play.outside, play.client.connection);
    run(&play);
    assert_int_equal(play.server.opened, play.server.closed);
    assert_int_equal(play.server.bytes, 0);
    world_free(play.world);
}

static void a_port_that_closes_during_the_handshake_resets_the_client(void **state)
{
    struct play play;

    (void)state;
    start(&play, "", "", true, true);
    assert_int_equal(world_run(play.world, SECOND + 20 * MS), 0);
    play.outside->ops->close(play.outside, play.listening);
    run(&play);
    assert_int_equal(play.server.opened, 0);
    assert_int_equal(play.client.closed, 1);
    assert_int_equal(play.client.code, ERR_CLOSED);
    world_free(play.world);
}

static void who_speaks_no_tls_at_such_a_port_is_turned_away(void **state)
{
    static const struct view words = VIEW("GET / HTTP/1.1\r\n\r\n");
    struct play play;

    (void)state;
    start(&play, "", "", true, false);
    assert_int_equal(play.outside->ops->write(play.outside, play.client.connection, words), 0);
    run(&play);
    assert_int_equal(play.client.opened, 1);
    assert_int_equal(play.client.closed, 1);
    assert_int_equal(play.server.opened, 0);
    world_free(play.world);
}

static void an_alpn_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"h2", "\x09http/1.1", "\x02h2\x03"};
    struct world_options options = {.seed = 3};
    struct world *world;
    struct id id;
    struct err err;

    (void)state;
    assert_int_equal(world_new(&options, &world), 0);
    struct outside *outside = world_outside(world);
    for (size_t i = 0; i < 3; i++) {
        struct outside_port port = {.host = HOST, .alpn = view_of(wrong[i])};
        struct outside_endpoint endpoint = {.host = HOST, .alpn = view_of(wrong[i])};
        assert_int_equal(outside->ops->listen(outside, &port, NULL, NULL, &id, NULL, &err),
                         ERR_CONFIG);
        assert_int_equal(outside->ops->open(outside, &endpoint, NULL, NULL, &id), ERR_LIMIT);
    }
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ports_favourite_is_chosen_and_told_to_both),
        cmocka_unit_test(who_shares_no_protocol_is_refused),
        cmocka_unit_test(a_peer_is_announced_after_its_handshake_and_before_its_bytes),
        cmocka_unit_test(a_client_that_gives_up_during_the_handshake_is_gone_for_the_server_too),
        cmocka_unit_test(a_port_that_closes_during_the_handshake_resets_the_client),
        cmocka_unit_test(who_speaks_no_tls_at_such_a_port_is_turned_away),
        cmocka_unit_test(an_alpn_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
