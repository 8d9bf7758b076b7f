/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS through the outside of sockets, against a server written with OpenSSL alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/date.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "shell/os/clock.h"
#include "tls_peer.h"

static const uint64_t MS = 1000000;

enum { BYTES_MAX = 8 * 1024 * 1024 };

struct fixture {
    struct loop *loop;
    struct net *net;
    struct outside *outside;
    struct id connection;
    unsigned opened, closed;
    bool resumed;
    int code;
    char text[1024];
    struct strbuf bytes;
    size_t stop_at_bytes;
};

static void on_event(void *context, const struct outside_event *event)
{
    struct fixture *fixture = context;

    if (event->kind == OUTSIDE_OPENED) {
        fixture->opened++;
        fixture->resumed = event->tls_resumed;
    }
    if (event->kind == OUTSIDE_BYTES)
        strbuf_add(&fixture->bytes, event->bytes);
    if (event->kind == OUTSIDE_CLOSED) {
        fixture->closed++;
        fixture->code = event->code;
        snprintf(fixture->text, sizeof fixture->text, "%s", event->text);
    }
    if (event->kind == OUTSIDE_OPENED || event->kind == OUTSIDE_CLOSED
        || (fixture->stop_at_bytes != 0 && fixture->bytes.len >= fixture->stop_at_bytes))
        loop_stop(fixture->loop);
}

static int set_up(void **state)
{
    struct fixture *fixture = mem_new(1, sizeof *fixture);
    struct err err;

    assert_non_null(fixture);
    assert_int_equal(loop_new(&fixture->loop, &err), 0);
    assert_int_equal(net_new(fixture->loop, NULL, &fixture->net, &err), 0);
    fixture->outside = net_outside(fixture->net);
    strbuf_init(&fixture->bytes, BYTES_MAX);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    net_free(fixture->net);
    loop_free(fixture->loop);
    strbuf_release(&fixture->bytes);
    mem_free(fixture);
    return 0;
}

static void on_time(void *context, uint64_t now_ns)
{
    (void)now_ns;
    loop_stop(context);
}

static void run(struct fixture *fixture, uint64_t for_ns)
{
    assert_int_equal(
        loop_wake_at(fixture->loop, loop_now(fixture->loop) + for_ns, on_time, fixture->loop), 0);
    loop_run(fixture->loop);
    loop_wake_never(fixture->loop, fixture->loop);
}

static void open_to(struct fixture *fixture, const struct tls_peer *peer, const char *host,
                    const char *ca_file, bool insecure)
{
    struct outside_endpoint endpoint = {
        .host = view_of(host),
        .port = tls_peer_port(peer),
        .tls = true,
        .tls_insecure = insecure,
        .tls_ca_file = view_of(ca_file),
        .connect_in_ns = 20000 * MS, /* valgrind takes its time */
    };

    assert_int_equal(fixture->outside->ops->open(fixture->outside, &endpoint, on_event, fixture,
                                                 &fixture->connection),
                     0);
    run(fixture, 30000 * MS);
}

/* Opens to a peer of that kind, trusting its authority, and wants an error that says both. */
static void expect_failure(struct fixture *fixture, enum tls_peer_kind kind, const char *host,
                           int code, const char *reason, const char *remedy)
{
    struct tls_peer *peer = tls_peer_start(kind, 1);

    open_to(fixture, peer, host, tls_peer_ca_file(peer), false);
    tls_peer_free(peer);
    assert_int_equal(fixture->opened, 0);
    assert_int_equal(fixture->closed, 1);
    if (strstr(fixture->text, reason) == NULL || strstr(fixture->text, remedy) == NULL)
        fail_msg("'%s' lacks '%s' or '%s'", fixture->text, reason, remedy);
    assert_int_equal(fixture->code, code);
}

static void a_trusted_peer_is_talked_to_both_ways(void **state)
{
    struct fixture *fixture = *state;
    struct tls_peer *peer = tls_peer_start(PEER_GOOD, 1);
    size_t len = 3000000;
    char *bytes = mem_new(len, 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761u >> 11);
    open_to(fixture, peer, "localhost", tls_peer_ca_file(peer), false);
    assert_string_equal(fixture->text, "");
    assert_int_equal(fixture->opened, 1);
    fixture->stop_at_bytes = len;
    assert_int_equal(
        fixture->outside->ops->write(fixture->outside, fixture->connection, view_make(bytes, len)),
        ERR_BUSY);
    run(fixture, 20000 * MS);
    assert_true(view_equal(strbuf_view(&fixture->bytes), view_make(bytes, len)));
    fixture->outside->ops->close(fixture->outside, fixture->connection);
    run(fixture, 100 * MS);
    tls_peer_join(peer);
    assert_string_equal(tls_peer_server_name(peer), "localhost");
    assert_string_equal(tls_peer_alpn(peer), "http/1.1");
    assert_int_equal(net_taken(fixture->net), 0);
    tls_peer_free(peer);
    mem_free(bytes);
}

static void an_address_is_verified_and_not_sent_as_a_server_name(void **state)
{
    struct fixture *fixture = *state;
    struct tls_peer *peer = tls_peer_start(PEER_GOOD, 1);

    open_to(fixture, peer, "127.0.0.1", tls_peer_ca_file(peer), false);
    assert_string_equal(fixture->text, "");
    assert_int_equal(fixture->opened, 1);
    fixture->outside->ops->close(fixture->outside, fixture->connection);
    run(fixture, 100 * MS);
    tls_peer_join(peer);
    assert_string_equal(tls_peer_server_name(peer), "");
    tls_peer_free(peer);
}

static void a_paused_end_hears_nothing_of_what_tls_holds_already(void **state)
{
    struct fixture *fixture = *state;
    struct tls_peer *peer = tls_peer_start(PEER_GOOD, 1);
    struct outside *outside = fixture->outside;
    static const struct view words = VIEW("some words");

    open_to(fixture, peer, "localhost", tls_peer_ca_file(peer), false);
    outside->ops->pause(outside, fixture->connection, true);
    assert_int_equal(outside->ops->write(outside, fixture->connection, words), 0);
    run(fixture, 50 * MS);
    assert_int_equal(fixture->bytes.len, 0);
    outside->ops->pause(outside, fixture->connection, false);
    fixture->stop_at_bytes = words.len;
    run(fixture, 5000 * MS);
    assert_true(view_equal(strbuf_view(&fixture->bytes), words));
    outside->ops->close(outside, fixture->connection);
    run(fixture, 100 * MS);
    tls_peer_free(peer);
}

static void an_orderly_end_is_clean_and_an_abrupt_one_is_not(void **state)
{
    struct fixture *fixture = *state;
    static const enum tls_peer_kind kinds[] = {PEER_GOOD, PEER_ABRUPT};
    static const struct view bye = VIEW("bye");

    for (size_t i = 0; i < 2; i++) {
        struct tls_peer *peer = tls_peer_start(kinds[i], 1);
        open_to(fixture, peer, "localhost", tls_peer_ca_file(peer), false);
        assert_int_equal(fixture->outside->ops->write(fixture->outside, fixture->connection, bye),
                         0);
        run(fixture, 5000 * MS);
        assert_int_equal(fixture->closed, i + 1);
        assert_int_equal(fixture->code, kinds[i] == PEER_GOOD ? 0 : ERR_CLOSED);
        assert_int_equal(fixture->bytes.len, 3 * (i + 1));
        tls_peer_free(peer);
    }
}

static void an_unknown_authority_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct tls_peer *peer = tls_peer_start(PEER_GOOD, 1);

    open_to(fixture, peer, "localhost", "", false);
    tls_peer_free(peer);
    assert_int_equal(fixture->opened, 0);
    assert_int_equal(fixture->code, ERR_TLS);
    assert_non_null(strstr(fixture->text, "authority this machine does not know"));
    assert_non_null(strstr(fixture->text, "tls.ca_file"));
}

static void whoever_asks_for_no_verification_gets_none(void **state)
{
    struct fixture *fixture = *state;
    struct tls_peer *peer = tls_peer_start(PEER_SELF_SIGNED, 1);

    open_to(fixture, peer, "localhost", "", true);
    assert_int_equal(fixture->opened, 1);
    fixture->outside->ops->close(fixture->outside, fixture->connection);
    run(fixture, 100 * MS);
    tls_peer_free(peer);
}

static void a_self_signed_certificate_is_refused(void **state)
{
    expect_failure(*state, PEER_SELF_SIGNED, "localhost", ERR_TLS, "self-signed", "tls.ca_file");
}

static void a_certificate_of_another_host_is_refused(void **state)
{
    expect_failure(*state, PEER_WRONG_HOST, "localhost", ERR_TLS,
                   "its certificate is for example.org, not for localhost", "use a name");
}

static void a_certificate_that_does_not_name_the_address_is_refused(void **state)
{
    expect_failure(*state, PEER_WRONG_HOST, "127.0.0.1", ERR_TLS,
                   "its certificate is for example.org, not for 127.0.0.1", "use a name");
}

static void an_expired_certificate_is_refused(void **state)
{
    expect_failure(*state, PEER_EXPIRED, "localhost", ERR_TLS, "has expired", "renew");
}

static void a_certificate_of_the_future_is_refused(void **state)
{
    expect_failure(*state, PEER_NOT_YET, "localhost", ERR_TLS, "not valid yet", "date");
}

static void the_dates_of_a_certificate_and_of_this_machine_are_said(void **state)
{
    struct fixture *fixture = *state;
    int64_t now_s = clock_unix_s();
    char yesterday[DATE_ISO_SIZE], today[DATE_ISO_SIZE], tomorrow[DATE_ISO_SIZE];

    date_iso(now_s - 86400, yesterday);
    date_iso(now_s, today);
    date_iso(now_s + 86400, tomorrow);
    yesterday[10] = today[10] = tomorrow[10] = '\0'; /* the day is enough */
    expect_failure(fixture, PEER_EXPIRED, "localhost", ERR_TLS, yesterday, today);
    fixture->closed = 0;
    expect_failure(fixture, PEER_NOT_YET, "localhost", ERR_TLS, tomorrow, today);
}

static void a_chain_through_an_authority_between_is_followed(void **state)
{
    struct fixture *fixture = *state;
    struct tls_peer *peer = tls_peer_start(PEER_CHAIN, 1);

    open_to(fixture, peer, "localhost", tls_peer_ca_file(peer), false);
    assert_string_equal(fixture->text, "");
    assert_int_equal(fixture->opened, 1);
    fixture->outside->ops->close(fixture->outside, fixture->connection);
    run(fixture, 100 * MS);
    tls_peer_free(peer);
}

static void a_chain_with_a_certificate_missing_names_who_issued_and_what_to_send(void **state)
{
    expect_failure(*state, PEER_CHAIN_CUT, "localhost", ERR_TLS,
                   "issued by 'Authority Between', an authority this machine does not know, and "
                   "the peer sent no certificate between",
                   "let the server send its whole chain");
}

static void an_authority_that_expired_is_named(void **state)
{
    expect_failure(*state, PEER_CHAIN_EXPIRED, "localhost", ERR_TLS,
                   "the certificate of its authority 'Authority Between' has expired", "renew");
}

static void garbage_and_alerts_instead_of_an_answer_are_told_apart(void **state)
{
    static const struct {
        enum tls_peer_kind kind;
        const char *reason;
        const char *remedy;
    } rows[] = {
        {PEER_GARBAGE, "the handshake failed", "check the server's TLS settings"},
        {PEER_ALERT, "nothing in common", "check the server's TLS settings"},
        {PEER_ALERT_NAME, "knows no host of this name", "correct the url"},
        {PEER_HALF, "closed the connection during the handshake", "speak TLS on this port"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture->closed = 0;
        expect_failure(fixture, rows[i].kind, "localhost", ERR_TLS, rows[i].reason, rows[i].remedy);
        assert_non_null(strstr(fixture->text, "TLS with localhost:"));
    }
}

/* Connects so often, one after another, and says a few words each time. */
static void converse(struct fixture *fixture, enum tls_peer_kind kind, unsigned times,
                     unsigned resumed)
{
    struct tls_peer *peer = tls_peer_start(kind, times);
    static const struct view words = VIEW("some words");
    unsigned told = 0;

    for (unsigned i = 0; i < times; i++) {
        open_to(fixture, peer, "localhost", tls_peer_ca_file(peer), false);
        assert_string_equal(fixture->text, "");
        told += fixture->resumed ? 1 : 0;
        assert_int_equal(fixture->outside->ops->write(fixture->outside, fixture->connection, words),
                         0);
        fixture->stop_at_bytes = fixture->bytes.len + words.len;
        run(fixture, 20000 * MS);
        fixture->outside->ops->close(fixture->outside, fixture->connection);
        fixture->stop_at_bytes = 0;
        run(fixture, 20 * MS);
    }
    tls_peer_join(peer);
    assert_int_equal(tls_peer_resumed(peer), resumed);
    assert_int_equal(told, resumed);
    tls_peer_free(peer);
}

static void sessions_of_another_implementation_are_resumed(void **state)
{
    converse(*state, PEER_GOOD, 4, 3);
    converse(*state, PEER_TLS_1_2, 4, 3);
    converse(*state, PEER_ABRUPT, 3, 2);
}

static void a_peer_without_tls_is_told_apart(void **state)
{
    expect_failure(*state, PEER_PLAIN, "localhost", ERR_TLS, "answered without TLS", "http://");
}

static void a_peer_that_knows_only_old_tls_is_refused(void **state)
{
    expect_failure(*state, PEER_TLS_1_1, "localhost", ERR_TLS, "TLS 1.2 or newer",
                   "update the server");
}

static void a_peer_that_closes_during_the_handshake_is_told_apart(void **state)
{
    expect_failure(*state, PEER_SLAMS, "localhost", ERR_TLS, "during the handshake",
                   "speak TLS on this port");
}

static void a_peer_that_stays_silent_runs_into_the_deadline(void **state)
{
    expect_failure(*state, PEER_SILENT, "localhost", ERR_TIMEOUT, "the TLS handshake took longer",
                   "is the server up");
}

static void an_authority_file_that_is_none_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct tls_peer *peer = tls_peer_start(PEER_SLAMS, 1);
    static const char *const files[] = {"/nowhere/ca.pem", "/proc/version"};

    for (size_t i = 0; i < 2; i++) {
        open_to(fixture, peer, "localhost", files[i], false);
        assert_int_equal(fixture->code, ERR_TLS);
        assert_non_null(strstr(fixture->text, files[i]));
    }
    tls_peer_free(peer);
}

static void a_name_that_does_not_exist_is_unreachable(void **state)
{
    struct fixture *fixture = *state;
    struct outside_endpoint endpoint = {
        .host = view_of("no-such-host.invalid"), .port = 443, .connect_in_ns = 20000 * MS};

    for (int i = 0; i < 2; i++)
        assert_int_equal(fixture->outside->ops->open(fixture->outside, &endpoint, on_event, fixture,
                                                     &fixture->connection),
                         0);
    run(fixture, 30000 * MS);
    if (fixture->closed < 2)
        run(fixture, 30000 * MS);
    assert_int_equal(fixture->closed, 2);
    assert_int_equal(fixture->code, ERR_UNREACHABLE);
    assert_non_null(strstr(fixture->text, "no-such-host.invalid:443"));
}

static void a_lookup_that_nobody_waits_for_any_more_harms_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct outside_endpoint endpoint = {
        .host = view_of("no-such-host.invalid"), .port = 443, .connect_in_ns = 20000 * MS};

    assert_int_equal(fixture->outside->ops->open(fixture->outside, &endpoint, on_event, fixture,
                                                 &fixture->connection),
                     0);
    fixture->outside->ops->close(fixture->outside, fixture->connection);
    assert_int_equal(net_taken(fixture->net), 0);
}

static void a_host_that_is_no_host_is_an_error_not_a_crash(void **state)
{
    struct fixture *fixture = *state;
    char longer[400];
    struct outside_endpoint endpoint = {.port = 443, .connect_in_ns = 1000 * MS};
    struct view hosts[] = {view_of(""), view_make(longer, sizeof longer), view_make("a\0b", 3)};

    memset(longer, 'a', sizeof longer);
    for (size_t i = 0; i < 3; i++) {
        endpoint.host = hosts[i];
        assert_int_equal(fixture->outside->ops->open(fixture->outside, &endpoint, on_event, fixture,
                                                     &fixture->connection),
                         0);
        run(fixture, 2000 * MS);
        assert_int_equal(fixture->closed, i + 1);
        assert_int_equal(fixture->code, ERR_UNREACHABLE);
    }
}

int main(void)
{
#define WITH_NET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_NET(a_trusted_peer_is_talked_to_both_ways),
        WITH_NET(an_address_is_verified_and_not_sent_as_a_server_name),
        WITH_NET(a_paused_end_hears_nothing_of_what_tls_holds_already),
        WITH_NET(an_orderly_end_is_clean_and_an_abrupt_one_is_not),
        WITH_NET(an_unknown_authority_is_refused),
        WITH_NET(whoever_asks_for_no_verification_gets_none),
        WITH_NET(a_self_signed_certificate_is_refused),
        WITH_NET(a_certificate_of_another_host_is_refused),
        WITH_NET(a_certificate_that_does_not_name_the_address_is_refused),
        WITH_NET(an_expired_certificate_is_refused),
        WITH_NET(a_certificate_of_the_future_is_refused),
        WITH_NET(the_dates_of_a_certificate_and_of_this_machine_are_said),
        WITH_NET(a_chain_through_an_authority_between_is_followed),
        WITH_NET(a_chain_with_a_certificate_missing_names_who_issued_and_what_to_send),
        WITH_NET(an_authority_that_expired_is_named),
        WITH_NET(garbage_and_alerts_instead_of_an_answer_are_told_apart),
        WITH_NET(sessions_of_another_implementation_are_resumed),
        WITH_NET(a_peer_without_tls_is_told_apart),
        WITH_NET(a_peer_that_knows_only_old_tls_is_refused),
        WITH_NET(a_peer_that_closes_during_the_handshake_is_told_apart),
        WITH_NET(a_peer_that_stays_silent_runs_into_the_deadline),
        WITH_NET(an_authority_file_that_is_none_is_named),
        WITH_NET(a_name_that_does_not_exist_is_unreachable),
        WITH_NET(a_lookup_that_nobody_waits_for_any_more_harms_nobody),
        WITH_NET(a_host_that_is_no_host_is_an_error_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
