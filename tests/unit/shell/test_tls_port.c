/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports of ours with TLS: which protocol is chosen, what a resumed session is worth, what strangers
 * can cost, and what is said about files that cannot be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net_rig.h"
#include "tls_files.h"

static const struct view LOCAL = VIEW("127.0.0.1");

#define H2 "\x02h2"
#define HTTP1 "\x08http/1.1"

static struct tls_files files;

struct fixture {
    struct net_rig rig;
    struct net_side server;
    struct net_side client;
};

static struct fixture *fixture_new(const struct net_options *options, const char *alpn)
{
    struct fixture *fixture = mem_new(1, sizeof *fixture);

    assert_non_null(fixture);
    net_rig_init(&fixture->rig, options);
    net_side_init(&fixture->server, &fixture->rig);
    net_side_init(&fixture->client, &fixture->rig);
    struct outside_port port = {.host = LOCAL,
                                .tls_certificate_file = view_of(files.certificate),
                                .tls_key_file = view_of(files.key),
                                .alpn = view_of(alpn)};
    net_side_listen(&fixture->server, &port);
    return fixture;
}

static void fixture_free(struct fixture *fixture)
{
    net_rig_release(&fixture->rig);
    net_side_release(&fixture->server);
    net_side_release(&fixture->client);
    mem_free(fixture);
}

static struct outside_endpoint endpoint_of(const struct fixture *fixture, const char *alpn)
{
    return (struct outside_endpoint){.host = view_of("127.0.0.1"),
                                     .port = fixture->server.port,
                                     .tls = true,
                                     .tls_ca_file = view_of(files.authority),
                                     .alpn = view_of(alpn),
                                     .connect_in_ns = 20000 * MS};
}

/* Opens anew and waits for how it ends; lets tickets arrive. */
static void connect_client(struct fixture *fixture, const struct outside_endpoint *endpoint)
{
    unsigned accepted = fixture->server.accepted;
    struct net_side *client = &fixture->client;

    client->opened = client->closed = 0;
    net_side_open(client, endpoint);
    for (int i = 0; i < 10000 && client->opened + client->closed == 0; i++)
        net_rig_run(&fixture->rig, 2 * MS);
    if (client->opened == 1)
        net_rig_await(&fixture->rig, &fixture->server.accepted, accepted + 1);
    net_rig_run(&fixture->rig, 5 * MS);
}

static void the_ports_favourite_among_what_is_offered_is_chosen_and_told_to_both(void **state)
{
    static const struct {
        const char *spoken;
        const char *offered;
        const char *chosen; /* NULL: the handshake fails */
    } rows[] = {
        {H2 HTTP1, H2 HTTP1, "h2"},    {H2 HTTP1, HTTP1 H2, "h2"}, {HTTP1 H2, H2 HTTP1, "http/1.1"},
        {H2 HTTP1, HTTP1, "http/1.1"}, {"", "", "http/1.1"},       {"", H2 HTTP1, "http/1.1"},
        {H2 HTTP1, "", "http/1.1"},    {H2, HTTP1, NULL},          {"", H2, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *fixture = fixture_new(NULL, rows[i].spoken);
        struct outside_endpoint endpoint = endpoint_of(fixture, rows[i].offered);
        connect_client(fixture, &endpoint);
        if (rows[i].chosen != NULL) {
            assert_string_equal(fixture->client.text, "");
            assert_string_equal(fixture->client.alpn, rows[i].chosen);
            assert_string_equal(fixture->server.alpn, rows[i].chosen);
            assert_true(fixture->client.tls && fixture->server.tls);
        } else {
            assert_int_equal(fixture->client.code, ERR_TLS);
            assert_non_null(strstr(fixture->client.text, "none of the protocols"));
            assert_int_equal(fixture->server.accepted, 0);
            assert_int_equal(net_counts(fixture->rig.net).handshakes_failed, 1);
        }
        fixture_free(fixture);
    }
}

static void an_alpn_that_is_none_is_a_configuration_error(void **state)
{
    static const char *const wrong[] = {"h2", "\x09http/1.1", "\x02h2\x03"};
    char longer[80];

    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[0] = 79;
    for (size_t i = 0; i < 4; i++) {
        struct net_rig rig;
        struct id id;
        struct err err = {0};
        struct outside_port port = {.host = LOCAL,
                                    .tls_certificate_file = view_of(files.certificate),
                                    .tls_key_file = view_of(files.key),
                                    .alpn = i < 3 ? view_of(wrong[i])
                                                  : view_make(longer, sizeof longer)};
        net_rig_init(&rig, NULL);
        assert_int_equal(rig.outside->ops->listen(rig.outside, &port, NULL, NULL, &id, NULL, &err),
                         ERR_CONFIG);
        assert_int_equal(net_taken(rig.net), 0);
        net_rig_release(&rig);
    }
}

static void much_is_said_both_ways(void **state)
{
    struct fixture *fixture = fixture_new(NULL, "");
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    size_t len = 3000000;
    char *bytes = mem_new(len, 1);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761u >> 11);
    fixture->server.echo = true;
    connect_client(fixture, &endpoint);
    net_side_write(&fixture->client, view_make(bytes, len));
    net_rig_await_bytes(&fixture->client, len);
    assert_true(view_equal(strbuf_view(&fixture->client.bytes), view_make(bytes, len)));
    net_side_close(&fixture->client);
    net_rig_await(&fixture->rig, &fixture->server.closed, 1);
    assert_int_equal(fixture->server.code, 0);
    fixture_free(fixture);
    mem_free(bytes);
}

static void a_client_that_speaks_at_once_is_heard_after_it_was_announced(void **state)
{
    struct fixture *fixture = fixture_new(NULL, "");
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    static const struct view words = VIEW("first words");

    (void)state;
    net_side_open(&fixture->client, &endpoint);
    net_side_write(&fixture->client, words);
    net_rig_await_bytes(&fixture->server, words.len);
    assert_int_equal(fixture->server.accepted, 1);
    net_side_close(&fixture->client);
    net_rig_await(&fixture->rig, &fixture->server.closed, 1);
    fixture_free(fixture);
}

static void a_second_connection_resumes_the_session_of_the_first_and_says_so(void **state)
{
    struct fixture *fixture = fixture_new(NULL, H2 HTTP1);
    struct outside_endpoint endpoint = endpoint_of(fixture, H2 HTTP1);

    (void)state;
    connect_client(fixture, &endpoint);
    assert_false(fixture->client.resumed);
    assert_false(fixture->server.resumed);
    for (unsigned i = 0; i < 3; i++) {
        net_side_close(&fixture->client);
        connect_client(fixture, &endpoint);
        assert_true(fixture->client.resumed);
        assert_true(fixture->server.resumed);
        assert_string_equal(fixture->client.alpn, "h2");
    }
    assert_int_equal(net_counts(fixture->rig.net).resumed, 6);
    fixture_free(fixture);
}

static void a_session_survives_a_server_that_closed_first(void **state)
{
    struct fixture *fixture = fixture_new(NULL, "");
    struct outside_endpoint endpoint = endpoint_of(fixture, "");

    (void)state;
    fixture->server.close_accepted = true;
    connect_client(fixture, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    connect_client(fixture, &endpoint);
    assert_true(fixture->client.resumed);
    fixture_free(fixture);
}

static void no_session_crosses_trust_host_or_protocols(void **state)
{
    struct fixture *fixture = fixture_new(NULL, H2 HTTP1);
    struct outside_endpoint endpoint = endpoint_of(fixture, H2 HTTP1);
    struct outside_endpoint others[3] = {endpoint, endpoint, endpoint};

    (void)state;
    others[0].host = view_of("localhost");
    others[1].alpn = view_of(HTTP1);
    others[2].tls_insecure = true;
    connect_client(fixture, &endpoint);
    for (size_t i = 0; i < 3; i++) {
        connect_client(fixture, &others[i]);
        assert_int_equal(fixture->client.opened, 1);
        assert_false(fixture->client.resumed);
    }
    /* What was never verified opens no door that wants it verified. */
    struct outside_endpoint unknown = endpoint;
    unknown.tls_ca_file = view_of("");
    connect_client(fixture, &unknown);
    assert_int_equal(fixture->client.opened, 0);
    assert_int_equal(fixture->client.code, ERR_TLS);
    fixture_free(fixture);
}

static void a_session_is_used_once_and_their_number_is_bounded(void **state)
{
    struct fixture *fixture = fixture_new(NULL, "");
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    struct net_side more[24];
    unsigned resumed = 0;

    (void)state;
    for (size_t i = 0; i < 24; i++) {
        net_side_init(&more[i], &fixture->rig);
        net_side_open(&more[i], &endpoint);
    }
    net_rig_await(&fixture->rig, &fixture->server.accepted, 24);
    net_rig_run(&fixture->rig, 20 * MS);
    for (size_t i = 0; i < 24; i++)
        net_side_close(&more[i]);
    /* 48 tickets came, TLS_SESSIONS_EACH of them are kept. As many connections at once use them up;
     * none finds a used one. */
    for (size_t i = 0; i < 24; i++) {
        more[i].opened = 0;
        net_side_open(&more[i], &endpoint);
    }
    net_rig_await(&fixture->rig, &fixture->server.accepted, 48);
    for (size_t i = 0; i < 24; i++) {
        assert_int_equal(more[i].opened, 1);
        resumed += more[i].resumed ? 1 : 0;
        net_side_release(&more[i]);
    }
    assert_int_equal(resumed, 16);
    fixture_free(fixture);
}

static void who_speaks_no_tls_is_turned_away_and_counted(void **state)
{
    static const struct view words[] = {
        VIEW("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        VIEW("\x16\x03\x01"),
        VIEW("\x16\x03\x01\xff\xff and more than that"),
        VIEW("\x16\x03\x01\x00\x10\x01garbage after a good start"),
        VIEW("\x15\x03\x03\x00\x02\x02\x28"),
    };
    struct fixture *fixture = fixture_new(NULL, "");

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        char answer[64];
        int raw = net_raw_connect(fixture->server.port);
        ssize_t got = -1;
        assert_true(send(raw, words[i].ptr, words[i].len, MSG_NOSIGNAL) > 0);
        if (i == 1)
            shutdown(raw, SHUT_WR);
        for (int turn = 0; turn < 5000 && got != 0; turn++) {
            net_rig_run(&fixture->rig, MS);
            got = recv(raw, answer, sizeof answer, MSG_DONTWAIT);
        }
        assert_int_equal(got, 0);
        close(raw);
        assert_int_equal(net_counts(fixture->rig.net).handshakes_failed, i + 1);
    }
    assert_int_equal(fixture->server.accepted + fixture->server.closed, 0);
    fixture_free(fixture);
}

static void who_stays_silent_is_let_go_after_its_time(void **state)
{
    struct net_options options = {.handshake_in_ns = 50 * MS};
    struct fixture *fixture = fixture_new(&options, "");
    int raw = net_raw_connect(fixture->server.port);

    (void)state;
    net_rig_run(&fixture->rig, 20 * MS);
    assert_int_equal(net_taken(fixture->rig.net), 2);
    for (int i = 0; i < 1000 && net_taken(fixture->rig.net) != 1; i++)
        net_rig_run(&fixture->rig, 5 * MS);
    assert_int_equal(net_taken(fixture->rig.net), 1);
    assert_int_equal(net_counts(fixture->rig.net).handshakes_late, 1);
    assert_int_equal(fixture->server.accepted, 0);
    close(raw);
    fixture_free(fixture);
}

static void silent_strangers_take_a_bounded_share_and_hold_nobody_off_for_long(void **state)
{
    struct net_options options = {
        .connections_max = 100, .handshakes_max = 4, .handshake_in_ns = 100 * MS};
    struct fixture *fixture = fixture_new(&options, "");
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    int raws[10];

    (void)state;
    for (size_t i = 0; i < 10; i++)
        raws[i] = net_raw_connect(fixture->server.port);
    net_rig_run(&fixture->rig, 30 * MS);
    assert_int_equal(net_taken(fixture->rig.net), 1 + 4);
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.opened, 1);
    for (size_t i = 0; i < 10; i++)
        close(raws[i]);
    fixture_free(fixture);
}

static void strangers_who_speak_no_tls_and_stay_take_no_more_than_silent_ones(void **state)
{
    struct net_options options = {.connections_max = 100, .handshakes_max = 4};
    struct fixture *fixture = fixture_new(&options, "");
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    int raws[20];

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        raws[i] = net_raw_connect(fixture->server.port);
        assert_int_equal(send(raws[i], "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    }
    net_rig_run(&fixture->rig, 30 * MS);
    assert_true(net_taken(fixture->rig.net) <= 1 + 4);
    for (size_t i = 0; i < 20; i++)
        close(raws[i]);
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.opened, 1);
    assert_int_equal(net_counts(fixture->rig.net).handshakes_failed, 20);
    fixture_free(fixture);
}

static void who_pauses_before_it_is_open_hears_nothing_until_it_goes_on(void **state)
{
    enum { BYTES = 6 * 1024 * 1024 };
    struct fixture *fixture = fixture_new(NULL, "");
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    struct outside *outside = fixture->rig.outside;
    char *much = mem_new(BYTES, 1);

    (void)state;
    assert_non_null(much);
    net_side_open(&fixture->client, &endpoint);
    outside->ops->pause(outside, fixture->client.connection, true);
    net_rig_await(&fixture->rig, &fixture->server.accepted, 1);
    net_side_write(&fixture->server, view_make(much, BYTES));
    net_rig_run(&fixture->rig, 300 * MS);
    assert_int_equal(fixture->client.opened, 1);
    assert_int_equal(fixture->client.closed + fixture->client.pieces, 0);
    outside->ops->pause(outside, fixture->client.connection, false);
    net_rig_await_bytes(&fixture->client, BYTES);
    mem_free(much);
    fixture_free(fixture);
}

static void a_port_that_closes_takes_those_who_are_shaking_hands_along(void **state)
{
    struct fixture *fixture = fixture_new(NULL, "");
    struct outside *outside = fixture->rig.outside;
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    int raw = net_raw_connect(fixture->server.port);

    (void)state;
    connect_client(fixture, &endpoint);
    assert_int_equal(net_taken(fixture->rig.net), 4);
    outside->ops->close(outside, fixture->server.listening);
    assert_int_equal(net_taken(fixture->rig.net), 2);
    fixture->server.echo = true;
    net_side_write(&fixture->client, LOCAL);
    net_rig_await_bytes(&fixture->client, LOCAL.len);
    close(raw);
    fixture_free(fixture);
}

static void a_plain_port_and_a_tls_client_end_in_a_clear_error(void **state)
{
    struct fixture *fixture = fixture_new(NULL, "");
    struct outside_port plain = {.host = LOCAL};

    (void)state;
    net_side_listen(&fixture->server, &plain);
    fixture->server.echo = true; /* what comes back starts like TLS, and is not */
    struct outside_endpoint endpoint = endpoint_of(fixture, "");
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    assert_int_equal(fixture->client.code, ERR_TLS);
    assert_non_null(strstr(fixture->client.text, "TLS with 127.0.0.1:"));
    fixture_free(fixture);
}

static void files_that_cannot_be_used_are_named_with_what_is_wrong(void **state)
{
    const struct {
        const char *certificate;
        const char *key;
        const char *says[2];
    } rows[] = {
        {"/nowhere/c.pem", files.key, {"tls.certificate_file /nowhere/c.pem", "cannot read"}},
        {files.certificate, "/nowhere/k.pem", {"tls.key_file /nowhere/k.pem", "cannot read"}},
        {files.certificate, "", {"tls.key_file", "is missing"}},
        {"", files.key, {"tls.certificate_file", "is missing"}},
        {files.garbage, files.key, {files.garbage, "BEGIN CERTIFICATE"}},
        {files.key, files.key, {"tls.certificate_file", "BEGIN CERTIFICATE"}},
        {files.certificate, files.garbage, {files.garbage, "BEGIN PRIVATE KEY"}},
        {files.certificate, files.certificate, {"tls.key_file", "BEGIN PRIVATE KEY"}},
        {files.certificate, files.other_key, {"does not belong to", files.certificate}},
        {files.certificate, files.locked_key, {"passphrase", "openssl pkey"}},
    };
    struct net_rig rig;

    (void)state;
    net_rig_init(&rig, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outside_port port = {.host = LOCAL,
                                    .tls_certificate_file = view_of(rows[i].certificate),
                                    .tls_key_file = view_of(rows[i].key)};
        struct id id;
        struct err err = {0};
        assert_int_equal(rig.outside->ops->listen(rig.outside, &port, NULL, NULL, &id, NULL, &err),
                         ERR_CONFIG);
        if (strstr(err.text, rows[i].says[0]) == NULL || strstr(err.text, rows[i].says[1]) == NULL)
            fail_msg("row %zu: '%s' lacks '%s' or '%s'", i, err.text, rows[i].says[0],
                     rows[i].says[1]);
        assert_int_equal(net_taken(rig.net), 0);
    }
    net_rig_release(&rig);
}

static void no_memory_while_accepting_loses_that_peer_alone(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 40; n += 3) {
        struct fixture *fixture = fixture_new(NULL, "");
        struct outside_endpoint endpoint = endpoint_of(fixture, "");
        struct net_side unlucky;
        net_side_init(&unlucky, &fixture->rig);
        net_side_open(&unlucky, &endpoint);
        mem_fail_at(n);
        net_rig_run(&fixture->rig, 20 * MS);
        mem_fail_at(0);
        net_rig_run(&fixture->rig, 20 * MS);
        connect_client(fixture, &endpoint);
        net_side_close(&unlucky);
        net_side_release(&unlucky);
        assert_int_equal(fixture->client.opened, 1);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ports_favourite_among_what_is_offered_is_chosen_and_told_to_both),
        cmocka_unit_test(an_alpn_that_is_none_is_a_configuration_error),
        cmocka_unit_test(much_is_said_both_ways),
        cmocka_unit_test(a_client_that_speaks_at_once_is_heard_after_it_was_announced),
        cmocka_unit_test(a_second_connection_resumes_the_session_of_the_first_and_says_so),
        cmocka_unit_test(a_session_survives_a_server_that_closed_first),
        cmocka_unit_test(no_session_crosses_trust_host_or_protocols),
        cmocka_unit_test(a_session_is_used_once_and_their_number_is_bounded),
        cmocka_unit_test(who_speaks_no_tls_is_turned_away_and_counted),
        cmocka_unit_test(strangers_who_speak_no_tls_and_stay_take_no_more_than_silent_ones),
        cmocka_unit_test(who_pauses_before_it_is_open_hears_nothing_until_it_goes_on),
        cmocka_unit_test(who_stays_silent_is_let_go_after_its_time),
        cmocka_unit_test(silent_strangers_take_a_bounded_share_and_hold_nobody_off_for_long),
        cmocka_unit_test(a_port_that_closes_takes_those_who_are_shaking_hands_along),
        cmocka_unit_test(a_plain_port_and_a_tls_client_end_in_a_clear_error),
        cmocka_unit_test(files_that_cannot_be_used_are_named_with_what_is_wrong),
        cmocka_unit_test(no_memory_while_accepting_loses_that_peer_alone),
    };
    tls_files_make(&files);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_files_remove(&files);
    return failed;
}
