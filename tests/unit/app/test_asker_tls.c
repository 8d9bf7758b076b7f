/* SPDX-License-Identifier: Apache-2.0
 *
 * What an asker says of a server that TLS does not let it trust. One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/asker.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "scripted_server.h"
#include "tls_files.h"
#include "tls_peer.h"

enum { ASKS = 5 };

static const uint64_t SHORT_NS = 4000000000;

struct outcome {
    struct loop *loop;
    int wanted;
    uint32_t connections;
    int code;
    uint32_t attempts;
    char text[500];
};

static void done(void *context, struct id ask, const struct answer *answer)
{
    struct outcome *outcome = context;

    (void)ask;
    outcome->code = answer->reply.code;
    outcome->attempts = answer->attempts;
    snprintf(outcome->text, sizeof outcome->text, "%.*s", VIEW_ARG(answer->reply.error_text));
    loop_stop(outcome->loop);
}

/* Of several: the last one ends it; the first that failed is told. */
static void done_of_many(void *context, struct id ask, const struct answer *answer)
{
    struct outcome *outcome = context;

    (void)ask;
    if (answer->reply.code != 0 && outcome->code == 0) {
        outcome->code = answer->reply.code;
        snprintf(outcome->text, sizeof outcome->text, "%.*s", VIEW_ARG(answer->reply.error_text));
    }
    if (--outcome->wanted == 0)
        loop_stop(outcome->loop);
}

/* The peer is the server, or the proxy before "https://far.test". */
static struct outcome ask_with(enum tls_peer_kind kind, bool is_proxy, uint64_t timeout_ns)
{
    struct tls_peer *peer = tls_peer_start(kind, 1);
    struct outcome outcome = {0};
    struct net *net = NULL;
    struct asker *asker = NULL;
    struct err err = {0};
    char url[64];
    struct chat_message message = {.role = CHAT_USER, .text = VIEW("hello?")};
    struct chat chat = {.messages = &message, .message_count = 1};

    snprintf(url, sizeof url, "https://127.0.0.1:%u/v1", tls_peer_port(peer));
    struct provider_target target = {
        .kind = PROVIDER_OPENAI,
        .name = VIEW("local"),
        .model = VIEW("m"),
        .url = view_of(is_proxy ? "https://far.test" : url),
    };
    struct asker_options options = {
        .target = &target,
        .timeout_ns = timeout_ns,
        .tls_ca_file = view_of(tls_peer_ca_file(peer)),
        .attempts = 1,
        .proxy_host = view_of(is_proxy ? "127.0.0.1" : ""),
        .proxy_port = tls_peer_port(peer),
    };
    assert_int_equal(loop_new(&outcome.loop, &err), 0);
    assert_int_equal(net_new(outcome.loop, &(struct net_options){0}, &net, &err), 0);
    assert_int_equal(asker_new(net_outside(net), NULL, &options, &asker, &err), 0);
    assert_int_equal(asker_ask(asker, &chat, done, &outcome, NULL, &err), 0);
    loop_run(outcome.loop);
    asker_free(asker);
    net_free(net);
    loop_free(outcome.loop);
    tls_peer_join(peer);
    tls_peer_free(peer);
    return outcome;
}

static struct outcome ask_peer(enum tls_peer_kind kind)
{
    return ask_with(kind, false, 0);
}

static void a_server_that_leaves_the_handshake_unanswered_is_named_with_the_stage(void **state)
{
    (void)state;
    struct outcome outcome = ask_with(PEER_SILENT, false, SHORT_NS);

    assert_int_equal(outcome.code, ERR_TIMEOUT);
    assert_non_null(strstr(outcome.text, "connect to 127.0.0.1:"));
    assert_non_null(strstr(outcome.text, ": the TLS handshake took longer than 3.8 s"));
}

static void a_proxy_that_says_nothing_is_named_with_the_stage(void **state)
{
    (void)state;
    struct outcome outcome = ask_with(PEER_SILENT, true, SHORT_NS);

    assert_int_equal(outcome.code, ERR_TIMEOUT);
    assert_non_null(strstr(outcome.text, "connect to far.test:443: the proxy 127.0.0.1:"));
    assert_non_null(strstr(outcome.text, ": its answer to CONNECT took longer than 3.8 s"));
}

static void a_certificate_that_cannot_be_trusted_is_told_with_the_remedy(void **state)
{
    (void)state;
    static const enum tls_peer_kind kinds[] = {PEER_SELF_SIGNED, PEER_WRONG_HOST, PEER_EXPIRED};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct outcome outcome = ask_peer(kinds[i]);
        assert_int_equal(outcome.code, ERR_TLS);
        assert_int_equal(outcome.attempts, 0);
        assert_non_null(strstr(outcome.text, "no TLS with 127.0.0.1:"));
        assert_non_null(strstr(outcome.text, "certificate"));
        assert_null(strstr(outcome.text, ": TLS with")); /* the peer is named once */
    }
}

static void a_server_without_tls_is_told(void **state)
{
    (void)state;
    struct outcome outcome = ask_peer(PEER_PLAIN);

    assert_int_equal(outcome.code, ERR_TLS);
    assert_non_null(strstr(outcome.text, "no TLS with 127.0.0.1:"));
}

static void a_server_that_is_trusted_is_asked(void **state)
{
    (void)state;
    struct outcome outcome = ask_peer(PEER_GOOD); /* it echoes the request, which is no answer */

    assert_int_equal(outcome.code, ERR_PROTOCOL);
    assert_int_equal(outcome.attempts, 1);
}

/* Several questions to a server over TLS that speaks these protocols. */
static struct outcome ask_over_tls(struct view spoken, enum asker_http http)
{
    static const uint64_t latency_ns = 20000000;
    struct tls_files files;
    struct outcome outcome = {0};
    struct net *net = NULL;
    struct asker *asker = NULL;
    struct err err = {0};
    uint16_t bound = 0;
    char url[64];
    struct chat_message message = {.role = CHAT_USER, .text = VIEW("do:answer")};
    struct chat chat = {.messages = &message, .message_count = 1};

    tls_files_make(&files);
    assert_int_equal(loop_new(&outcome.loop, &err), 0);
    assert_int_equal(net_new(outcome.loop, &(struct net_options){0}, &net, &err), 0);
    const struct outside_port port = {
        .host = VIEW("127.0.0.1"),
        .tls_certificate_file = view_of(files.certificate),
        .tls_key_file = view_of(files.key),
        .alpn = spoken,
    };
    struct scripted_server *server =
        scripted_server_on(net_outside(net), latency_ns, &port, &bound);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/v1", bound);
    struct provider_target target = {
        .kind = PROVIDER_OPENAI, .name = VIEW("local"), .model = VIEW("m"), .url = view_of(url)};
    struct asker_options options = {
        .target = &target, .tls_ca_file = view_of(files.authority), .http = http};
    assert_int_equal(asker_new(net_outside(net), NULL, &options, &asker, &err), 0);
    outcome.wanted = ASKS;
    for (int i = 0; i < ASKS; i++)
        assert_int_equal(asker_ask(asker, &chat, done_of_many, &outcome, NULL, &err), 0);
    loop_run(outcome.loop);
    outcome.connections = scripted_server_figures(server).connections;
    asker_free(asker);
    scripted_server_free(server);
    net_free(net);
    loop_free(outcome.loop);
    tls_files_remove(&files);
    return outcome;
}

static void many_questions_share_a_connection_where_both_speak_http2(void **state)
{
    (void)state;
    struct outcome outcome = ask_over_tls((struct view)VIEW("\x02h2\x08http/1.1"), ASKER_HTTP_AUTO);

    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.connections, 1);
}

static void a_server_of_http1_is_asked_over_several_connections(void **state)
{
    (void)state;
    struct outcome outcome = ask_over_tls((struct view)VIEW("\x08http/1.1"), ASKER_HTTP_AUTO);

    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.connections, ASKS);
    outcome = ask_over_tls((struct view)VIEW("\x02h2\x08http/1.1"), ASKER_HTTP_1);
    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.connections, ASKS);
}

static void http2_that_is_wanted_and_not_spoken_is_told(void **state)
{
    (void)state;
    struct outcome outcome = ask_over_tls((struct view)VIEW("\x08http/1.1"), ASKER_HTTP_2);

    assert_true(outcome.code != 0);
    assert_non_null(strstr(outcome.text, "127.0.0.1:"));
    print_message("%s\n", outcome.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_leaves_the_handshake_unanswered_is_named_with_the_stage),
        cmocka_unit_test(a_proxy_that_says_nothing_is_named_with_the_stage),
        cmocka_unit_test(a_certificate_that_cannot_be_trusted_is_told_with_the_remedy),
        cmocka_unit_test(a_server_without_tls_is_told),
        cmocka_unit_test(a_server_that_is_trusted_is_asked),
        cmocka_unit_test(many_questions_share_a_connection_where_both_speak_http2),
        cmocka_unit_test(a_server_of_http1_is_asked_over_several_connections),
        cmocka_unit_test(http2_that_is_wanted_and_not_spoken_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
