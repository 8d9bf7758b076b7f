/* SPDX-License-Identifier: Apache-2.0
 *
 * The way through an HTTP proxy: a scripted proxy of the test, in the same loop, that answers as
 * told or really leads on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net_rig.h"
#include "tls_files.h"

static const struct view LOCAL = VIEW("127.0.0.1");

static struct tls_files files;

struct fixture {
    struct net_rig rig;
    struct net_side proxy;
    struct net_side onward; /* of a proxy that leads on */
    struct net_side server;
    struct net_side client;
    struct view answer; /* what the proxy says once it was asked */
    bool leads_on;
    bool closes; /* after its answer */
    bool asked;
    struct id asked_by;
};

static void say(struct fixture *fixture, struct id to, struct view words)
{
    assert_int_equal(fixture->rig.outside->ops->write(fixture->rig.outside, to, words), 0);
}

/* From the server, on to the client. */
static void on_way_back(struct net_side *onward, struct id from, struct view bytes)
{
    struct fixture *fixture = onward->context;

    (void)from;
    say(fixture, fixture->asked_by, bytes);
}

static void on_asked(struct net_side *proxy, struct id from, struct view bytes)
{
    static const struct view head_end = VIEW("\r\n\r\n");
    struct fixture *fixture = proxy->context;
    struct view heard = strbuf_view(&proxy->bytes);

    if (fixture->asked) {
        if (fixture->leads_on)
            say(fixture, fixture->onward.connection, bytes);
        return;
    }
    if (view_find(heard, head_end, 0) == heard.len)
        return;
    fixture->asked = true;
    fixture->asked_by = from;
    if (fixture->leads_on) {
        struct outside_endpoint endpoint = {
            .host = LOCAL, .port = fixture->server.port, .connect_in_ns = 20000 * MS};
        net_side_open(&fixture->onward, &endpoint);
    }
    if (fixture->answer.len != 0)
        say(fixture, from, fixture->answer);
    if (fixture->closes)
        fixture->rig.outside->ops->close(fixture->rig.outside, from);
}

static struct fixture *fixture_new(const char *answer)
{
    struct fixture *fixture = mem_new(1, sizeof *fixture);
    struct outside_port port = {.host = LOCAL};

    assert_non_null(fixture);
    net_rig_init(&fixture->rig, NULL);
    net_side_init(&fixture->proxy, &fixture->rig);
    net_side_init(&fixture->onward, &fixture->rig);
    net_side_init(&fixture->server, &fixture->rig);
    net_side_init(&fixture->client, &fixture->rig);
    fixture->answer = view_of(answer);
    fixture->proxy.on_bytes = on_asked;
    fixture->proxy.context = fixture;
    fixture->onward.on_bytes = on_way_back;
    fixture->onward.context = fixture;
    net_side_listen(&fixture->proxy, &port);
    return fixture;
}

static void fixture_free(struct fixture *fixture)
{
    net_rig_release(&fixture->rig);
    net_side_release(&fixture->proxy);
    net_side_release(&fixture->onward);
    net_side_release(&fixture->server);
    net_side_release(&fixture->client);
    mem_free(fixture);
}

static struct outside_endpoint through(const struct fixture *fixture, const char *host)
{
    return (struct outside_endpoint){.host = view_of(host),
                                     .port = 8443,
                                     .connect_in_ns = 20000 * MS,
                                     .proxy_host = VIEW("127.0.0.1"),
                                     .proxy_port = fixture->proxy.port};
}

/* Opens through a proxy that answers so, and wants an error with both texts. */
static void expect_failure(const char *answer, bool closes, const char *first, const char *second)
{
    struct fixture *fixture = fixture_new(answer);
    struct outside_endpoint endpoint = through(fixture, "api.example");

    fixture->closes = closes;
    endpoint.proxy_user = view_of("me:s3cret");
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    if (strstr(fixture->client.text, first) == NULL || strstr(fixture->client.text, second) == NULL
        || strstr(fixture->client.text, "the proxy 127.0.0.1:") == NULL
        || strstr(fixture->client.text, "s3cret") != NULL)
        fail_msg("'%s' lacks '%s' or '%s'", fixture->client.text, first, second);
    assert_int_equal(fixture->client.code, ERR_UNREACHABLE);
    assert_int_equal(fixture->client.opened, 0);
    fixture_free(fixture);
}

static void the_proxy_is_asked_by_name_and_with_user_and_password(void **state)
{
    struct fixture *fixture = fixture_new("HTTP/1.1 200 Connection established\r\n\r\n");
    struct outside_endpoint endpoint = through(fixture, "no-such-host.invalid");

    (void)state;
    endpoint.proxy_user = view_of("me:s3cret");
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.opened, 1);
    assert_string_equal(strbuf_text(&fixture->proxy.bytes),
                        "CONNECT no-such-host.invalid:8443 HTTP/1.1\r\n"
                        "Host: no-such-host.invalid:8443\r\n"
                        "Proxy-Authorization: Basic bWU6czNjcmV0\r\n\r\n");
    assert_false(fixture->client.tls);
    fixture_free(fixture);
}

static void an_address_of_version_six_is_asked_for_in_brackets(void **state)
{
    static const char asked[] = "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n"
                                "Host: [2001:db8::1]:8443\r\n\r\n";
    struct fixture *fixture = fixture_new("HTTP/1.0 200 OK\r\n\r\n");
    struct outside_endpoint endpoint = through(fixture, "2001:db8::1");

    (void)state;
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.opened, 1);
    assert_string_equal(strbuf_text(&fixture->proxy.bytes), asked);
    fixture_free(fixture);
}

static void plain_bytes_go_through_both_ways(void **state)
{
    struct fixture *fixture = fixture_new("HTTP/1.1 200 OK\r\nVia: x\r\nContent-Length: 5\r\n\r\n");
    struct outside_endpoint endpoint = through(fixture, "api.example");
    struct outside_port port = {.host = LOCAL};
    static const struct view words = VIEW("some words");

    (void)state;
    fixture->leads_on = true;
    fixture->server.echo = true;
    net_side_listen(&fixture->server, &port);
    net_side_open(&fixture->client, &endpoint);
    net_side_write(&fixture->client, words); /* before it is open: must not reach the proxy */
    net_rig_await_bytes(&fixture->client, words.len);
    assert_true(view_equal(strbuf_view(&fixture->client.bytes), words));
    assert_true(view_equal(strbuf_view(&fixture->server.bytes), words));
    fixture_free(fixture);
}

static void tls_goes_through_to_the_peer_itself(void **state)
{
    struct fixture *fixture = fixture_new("HTTP/1.1 200 OK\r\n\r\n");
    struct outside_endpoint endpoint = through(fixture, "also.test");
    struct outside_port port = {.host = LOCAL,
                                .tls_certificate_file = view_of(files.certificate),
                                .tls_key_file = view_of(files.key),
                                .alpn = VIEW("\x02h2")};
    static const struct view words = VIEW("some words");

    (void)state;
    fixture->leads_on = true;
    fixture->server.echo = true;
    net_side_listen(&fixture->server, &port);
    endpoint.tls = true;
    endpoint.tls_ca_file = view_of(files.authority);
    endpoint.alpn = view_of("\x02h2");
    net_side_open(&fixture->client, &endpoint);
    net_side_write(&fixture->client, words);
    net_rig_await_bytes(&fixture->client, words.len);
    assert_true(fixture->client.tls);
    assert_string_equal(fixture->client.alpn, "h2");
    assert_true(view_equal(strbuf_view(&fixture->server.bytes), words));
    fixture_free(fixture);
}

static void the_certificate_must_be_for_the_peer_and_not_for_the_proxy(void **state)
{
    struct fixture *fixture = fixture_new("HTTP/1.1 200 OK\r\n\r\n");
    struct outside_endpoint endpoint = through(fixture, "api.example");
    struct outside_port port = {.host = LOCAL,
                                .tls_certificate_file = view_of(files.certificate),
                                .tls_key_file = view_of(files.key)};

    (void)state;
    fixture->leads_on = true;
    net_side_listen(&fixture->server, &port);
    endpoint.tls = true;
    endpoint.tls_ca_file = view_of(files.authority);
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    assert_int_equal(fixture->client.code, ERR_TLS);
    assert_non_null(strstr(fixture->client.text, "TLS with api.example:8443"));
    assert_non_null(
        strstr(fixture->client.text, "localhost, also.test, 127.0.0.1, ::1, not for api.example"));
    fixture_free(fixture);
}

static void what_follows_the_proxys_answer_is_the_peers(void **state)
{
    (void)state;
    for (int paused = 0; paused < 2; paused++) {
        struct fixture *fixture = fixture_new("HTTP/1.1 200 OK\r\n\r\nhello from behind");
        struct outside_endpoint endpoint = through(fixture, "api.example");
        fixture->client.pause_opened = paused == 1;
        net_side_open(&fixture->client, &endpoint);
        net_rig_await(&fixture->rig, &fixture->client.opened, 1);
        if (paused == 1) {
            net_rig_run(&fixture->rig, 20 * MS);
            assert_int_equal(fixture->client.bytes.len, 0);
            fixture->rig.outside->ops->pause(fixture->rig.outside, fixture->client.connection,
                                             false);
        }
        net_rig_await_bytes(&fixture->client, 17);
        assert_string_equal(strbuf_text(&fixture->client.bytes), "hello from behind");
        say(fixture, fixture->asked_by, view_of(" and more"));
        net_rig_await_bytes(&fixture->client, 26);
        fixture_free(fixture);
    }
}

static void an_answer_byte_by_byte_is_an_answer(void **state)
{
    static const struct view answer =
        VIEW("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\nhi");
    struct fixture *fixture = fixture_new("");
    struct outside_endpoint endpoint = through(fixture, "api.example");

    (void)state;
    net_side_open(&fixture->client, &endpoint);
    for (int i = 0; i < 5000 && !fixture->asked; i++)
        net_rig_run(&fixture->rig, 2 * MS);
    for (size_t i = 0; i < answer.len; i++) {
        say(fixture, fixture->asked_by, view_slice(answer, i, i + 1));
        net_rig_run(&fixture->rig, MS / 2);
    }
    net_rig_await_bytes(&fixture->client, 2);
    assert_int_equal(fixture->client.opened, 1);
    fixture_free(fixture);
}

static void a_refusal_names_the_proxy_its_status_and_what_helps(void **state)
{
    (void)state;
    expect_failure("HTTP/1.1 407 Proxy Authentication Required\r\n"
                   "Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nsorry",
                   false, "407 Proxy Authentication Required", "user and password in the proxy");
    expect_failure("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", false,
                   "refused the way to api.example:8443: 403 Forbidden", "NO_PROXY");
    expect_failure("HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", true, "502 Bad Gateway",
                   "could not reach the host");
    expect_failure("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", false,
                   "302 Found", "proxy's log");
    expect_failure("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                   false, "", "");
}

static void a_proxy_that_closes_or_speaks_no_http_is_told_apart(void **state)
{
    (void)state;
    expect_failure("", true, "closed the connection before it answered", "is it an HTTP proxy?");
    expect_failure("HTTP/1.1 200", true, "closed the connection before it answered", "");
    expect_failure("SSH-2.0-OpenSSH_9.2\r\n", false, "gave no answer of HTTP",
                   "is it an HTTP proxy?");
    expect_failure("\x16\x03\x01\x02\x03", true, "", "is it an HTTP proxy?");
}

static void a_proxy_that_never_ends_its_head_is_stopped_at_a_bound(void **state)
{
    struct fixture *fixture = fixture_new("HTTP/1.1 200 OK\r\n");
    struct outside_endpoint endpoint = through(fixture, "api.example");
    char line[1024];
    size_t said = 0;

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    net_side_open(&fixture->client, &endpoint);
    for (int i = 0; i < 200 && fixture->client.closed == 0; i++) {
        net_rig_run(&fixture->rig, 2 * MS);
        if (fixture->asked
            && fixture->rig.outside->ops->write(fixture->rig.outside, fixture->asked_by,
                                                view_make(line, sizeof line))
                   == 0)
            said += sizeof line;
    }
    assert_int_equal(fixture->client.closed, 1);
    assert_int_equal(fixture->client.code, ERR_UNREACHABLE);
    assert_true(said < 64 * 1024);
    fixture_free(fixture);
}

static void a_proxy_that_says_nothing_runs_into_the_deadline(void **state)
{
    struct fixture *fixture = fixture_new("");
    struct outside_endpoint endpoint = through(fixture, "api.example");

    (void)state;
    endpoint.connect_in_ns = 50 * MS;
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    assert_int_equal(fixture->client.code, ERR_TIMEOUT);
    assert_non_null(strstr(fixture->client.text, "the proxy 127.0.0.1:"));
    assert_non_null(strstr(fixture->client.text, "its answer to CONNECT took longer"));
    fixture_free(fixture);
}

static void a_proxy_that_is_not_there_is_named(void **state)
{
    struct fixture *fixture = fixture_new("");
    struct outside_endpoint endpoint = through(fixture, "api.example");

    (void)state;
    fixture->rig.outside->ops->close(fixture->rig.outside, fixture->proxy.listening);
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    assert_int_equal(fixture->client.code, ERR_UNREACHABLE);
    assert_non_null(strstr(fixture->client.text, "the proxy 127.0.0.1:"));
    assert_non_null(strstr(fixture->client.text, "refused"));
    endpoint.proxy_host = view_make("a\0b", 3);
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 2);
    assert_non_null(strstr(fixture->client.text, "correct the proxy's url"));
    fixture_free(fixture);
}

static void a_host_that_would_break_the_request_is_refused(void **state)
{
    struct fixture *fixture = fixture_new("HTTP/1.1 200 OK\r\n\r\n");
    struct outside_endpoint endpoint = through(fixture, "a\r\nEvil: b");

    (void)state;
    net_side_open(&fixture->client, &endpoint);
    net_rig_await(&fixture->rig, &fixture->client.closed, 1);
    assert_int_equal(fixture->client.code, ERR_UNREACHABLE);
    assert_int_equal(fixture->proxy.bytes.len, 0);
    fixture_free(fixture);
}

static void no_memory_anywhere_is_an_error_and_leaves_no_place_taken(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 30; n++) {
        struct fixture *fixture = fixture_new("HTTP/1.1 200 OK\r\n\r\nearly");
        struct outside *outside = fixture->rig.outside;
        struct outside_endpoint endpoint = through(fixture, "api.example");
        struct id id;
        endpoint.proxy_user = view_of("me:s3cret");
        mem_fail_at(n);
        int code = outside->ops->open(outside, &endpoint, NULL, NULL, &id);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        assert_int_equal(net_taken(fixture->rig.net), code == 0 ? 2 : 1);
        if (code == 0)
            outside->ops->close(outside, id);
        assert_int_equal(net_taken(fixture->rig.net), 1);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_proxy_is_asked_by_name_and_with_user_and_password),
        cmocka_unit_test(an_address_of_version_six_is_asked_for_in_brackets),
        cmocka_unit_test(plain_bytes_go_through_both_ways),
        cmocka_unit_test(tls_goes_through_to_the_peer_itself),
        cmocka_unit_test(the_certificate_must_be_for_the_peer_and_not_for_the_proxy),
        cmocka_unit_test(what_follows_the_proxys_answer_is_the_peers),
        cmocka_unit_test(an_answer_byte_by_byte_is_an_answer),
        cmocka_unit_test(a_refusal_names_the_proxy_its_status_and_what_helps),
        cmocka_unit_test(a_proxy_that_closes_or_speaks_no_http_is_told_apart),
        cmocka_unit_test(a_proxy_that_never_ends_its_head_is_stopped_at_a_bound),
        cmocka_unit_test(a_proxy_that_says_nothing_runs_into_the_deadline),
        cmocka_unit_test(a_proxy_that_is_not_there_is_named),
        cmocka_unit_test(a_host_that_would_break_the_request_is_refused),
        cmocka_unit_test(no_memory_anywhere_is_an_error_and_leaves_no_place_taken),
    };
    tls_files_make(&files);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_files_remove(&files);
    return failed;
}
