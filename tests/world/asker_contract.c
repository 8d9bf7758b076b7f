/* SPDX-License-Identifier: Apache-2.0
 *
 * asker_contract: see asker_contract.h. One test a promise. */
#include "asker_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/host.h"
#include "app/keeper.h"
#include "asker_rig.h"
#include "provider/credentials.h"

static const uint64_t MILLISECOND = 1000000;
static const uint64_t SECOND = 1000000000;

/* One question on a rig of its own. */
static struct outcome ask_once(const char *question, void (*change)(struct asker_options *options))
{
    struct rig rig;

    rig_open(&rig);
    if (change != NULL)
        change(&rig.options);
    rig_start(&rig);
    ask(&rig, question);
    await(&rig);
    struct outcome outcome = rig.outcomes[0];
    rig_close(&rig);
    return outcome;
}

static void a_second(struct asker_options *options)
{
    options->timeout_ns = SECOND / 2;
}

/* ---- answers -------------------------------------------------------------------------------- */

static void a_question_gets_its_answer(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:answer", NULL);

    assert_int_equal(outcome.code, 0);
    assert_string_equal(outcome.text, "hello");
    assert_int_equal(outcome.attempts, 1);
    assert_int_equal(outcome.http_status, 200);
    assert_int_equal(outcome.tokens_out, 2);
    assert_true(outcome.latency_ns >= MILLISECOND);
    assert_true(outcome.first_byte_ns > 0 && outcome.first_byte_ns <= outcome.latency_ns);
}

static void many_questions_share_few_connections(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig);
    rig.options.max_in_flight = 4;
    rig_start(&rig);
    for (int i = 0; i < 100; i++)
        ask(&rig, "do:answer");
    await(&rig);
    struct scripted_figures figures = scripted_server_figures(rig.server);
    assert_int_equal(figures.requests, 100);
    uint32_t connections = rig_http == ASKER_HTTP_2 ? 1 : 4;
    assert_int_equal(figures.connections, connections);
    assert_int_equal(figures.under_way_most, 4);
    struct asker_stats stats;
    asker_stats(rig.asker, &stats);
    assert_int_equal(stats.answered, 100);
    assert_in_range(stats.pool.reused, 96, 100 - connections);
    assert_int_equal(stats.in_flight, 0);
    rig_close(&rig);
}

static void ask_again(struct rig *rig, struct outcome *outcome)
{
    (void)outcome;
    if (rig->asked < 20)
        ask(rig, "do:answer");
}

static void done_may_ask_the_next_question(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig);
    rig_start(&rig);
    rig.on_done = ask_again;
    ask(&rig, "do:answer");
    await(&rig);
    assert_int_equal(rig.done, 20);
    assert_int_equal(scripted_server_figures(rig.server).connections, 1);
    rig_close(&rig);
}

static void an_answer_of_10_megabytes_is_taken(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:huge", NULL);

    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.text_len, 10 * 1000 * 1000);
}

static void bytes_that_are_no_text_are_repaired(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:invalid", NULL);

    assert_int_equal(outcome.code, 0);
    assert_true(outcome.text_repaired);
    expect_text(&outcome, "\xEF\xBF\xBD");
}

static void a_raw_request_gets_its_response(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    struct http_request request = {
        .method = VIEW("POST"), .target = VIEW("/v1/embeddings"), .body = VIEW("do:page")};

    rig_open(&rig);
    rig_start(&rig);
    rig.outcomes[0].rig = &rig;
    assert_int_equal(asker_ask_raw(rig.asker, &request, raw_done, &rig.outcomes[0], NULL, &err), 0);
    rig.asked++;
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, 0);
    assert_string_equal(rig.outcomes[0].text, "<html><body>hi</body></html>");
    rig_close(&rig);
}

static void a_raw_request_that_is_throttled_is_tried_again(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    struct http_request request = {
        .method = VIEW("POST"), .target = VIEW("/v1/embeddings"), .body = VIEW("do:once")};

    rig_open(&rig);
    rig_start(&rig);
    rig.outcomes[0].rig = &rig;
    assert_int_equal(asker_ask_raw(rig.asker, &request, raw_done, &rig.outcomes[0], NULL, &err), 0);
    rig.asked++;
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, 0);
    assert_int_equal(rig.outcomes[0].attempts, 2);
    rig_close(&rig);
}

static void expect_heard(const struct rig *rig, const char *part)
{
    const char *heard = scripted_server_heard(rig->server);
    if (strstr(heard, part) == NULL)
        fail_msg("'%s' is not in: %s", part, heard);
}

static void a_request_carries_its_host_and_its_key(void **state)
{
    (void)state;
    struct rig rig;
    char host[64];

    rig_open(&rig);
    rig.target.api_key = view_of("key-1");
    rig_start(&rig);
    ask(&rig, "do:answer");
    await(&rig);
    snprintf(host, sizeof host, "ost: 127.0.0.1:%u\r\n", rig.port);
    expect_heard(&rig, "POST /v1/chat/completions HTTP/1.1\r\n");
    expect_heard(&rig, host);
    expect_heard(&rig, "Bearer key-1\r\n");
    rig_close(&rig);
}

static void a_bedrock_request_is_signed_by_whoever_signs(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    struct credentials credentials = {.keys = {.access_key = VIEW("AKIDEXAMPLE"),
                                               .secret_key = VIEW("hidden-key"),
                                               .session_token = VIEW("session-1")}};

    rig_open(&rig);
    snprintf(rig.url, sizeof rig.url, "http://127.0.0.1:%u", rig.port);
    rig.target.url = view_of(rig.url);
    rig.target.kind = PROVIDER_BEDROCK;
    rig.target.region = view_of("eu-west-1");
    assert_int_equal(asker_new(rig.stage->outside, NULL, &rig.options, &rig.asker, &err),
                     ERR_DENIED);
    assert_non_null(strstr(err.text, "AWS_ACCESS_KEY_ID"));
    const struct host host = {.outside = rig.stage->outside};
    const struct keeper_options keeping = {.credentials = &credentials, .seed = 1};
    assert_int_equal(keeper_new(&host, &keeping, &rig.options.keeper, &err), 0);
    rig_start(&rig);
    ask(&rig, "do:deny");
    await(&rig);
    expect_heard(&rig, "POST /model/tiny/converse HTTP/1.1\r\n");
    expect_heard(&rig, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
    expect_heard(&rig, "/eu-west-1/bedrock/aws4_request");
    expect_heard(&rig, "session-1");
    assert_null(strstr(scripted_server_heard(rig.server), "hidden-key"));
    assert_int_equal(rig.outcomes[0].code, ERR_DENIED);
    struct keeper *keeper = rig.options.keeper;
    asker_free(rig.asker);
    rig.asker = NULL;
    keeper_free(keeper);
    rig_close(&rig);
}

static void a_question_waits_for_keys_that_are_being_fetched(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    uint16_t port = 0;
    char url[64];

    rig_open(&rig);
    struct scripted_server *giver =
        scripted_server_new(rig.stage->outside, 200 * MILLISECOND, &port);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    snprintf(rig.url, sizeof rig.url, "http://127.0.0.1:%u", rig.port);
    struct credentials way = {.kind = CREDENTIALS_CONTAINER,
                              .source = "container endpoint",
                              .url = view_of(url),
                              .path = VIEW("/do:keys"),
                              .attempts = 1,
                              .timeout_s = 1};
    const struct host host = {.outside = rig.stage->outside};
    const struct keeper_options keeping = {.credentials = &way, .seed = 1};
    assert_int_equal(keeper_new(&host, &keeping, &rig.options.keeper, &err), 0);
    rig.target.url = view_of(rig.url);
    rig.target.kind = PROVIDER_BEDROCK;
    rig.target.region = view_of("eu-west-1");
    rig_start(&rig);
    ask(&rig, "do:deny");
    asker_cancel(rig.asker, ask(&rig, "do:deny"));
    await(&rig);
    expect_heard(&rig, "Credential=AKIDFETCHED/");
    assert_int_equal(rig.outcomes[0].code, ERR_DENIED);
    assert_true(rig.outcomes[0].latency_ns >= 200 * MILLISECOND);
    assert_int_equal(rig.outcomes[1].code, ERR_CANCELLED);
    assert_int_equal(scripted_server_figures(giver).requests, 1);
    asker_free(rig.asker);
    rig.asker = NULL;
    keeper_free(rig.options.keeper);
    scripted_server_free(giver);
    rig_close(&rig);
}

static void where_no_keys_come_the_reason_is_told(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    struct credentials way = {.kind = CREDENTIALS_CONTAINER,
                              .source = "container endpoint",
                              .path = VIEW("/do:deny"),
                              .attempts = 1,
                              .timeout_s = 1};

    rig_open(&rig);
    struct scripted_server *giver;
    uint16_t port = 0;
    char url[64];
    giver = scripted_server_new(rig.stage->outside, MILLISECOND, &port);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    way.url = view_of(url);
    const struct host host = {.outside = rig.stage->outside};
    const struct keeper_options keeping = {.credentials = &way, .seed = 1};
    assert_int_equal(keeper_new(&host, &keeping, &rig.options.keeper, &err), 0);
    snprintf(rig.url, sizeof rig.url, "http://127.0.0.1:%u", rig.port);
    rig.target.url = view_of(rig.url);
    rig.target.kind = PROVIDER_BEDROCK;
    rig.target.region = view_of("eu-west-1");
    rig_start(&rig);
    ask(&rig, "do:deny");
    await(&rig);
    assert_true(rig.outcomes[0].code != 0);
    assert_int_equal(scripted_server_figures(rig.server).requests, 0);
    expect_text(&rig.outcomes[0], "container");
    asker_free(rig.asker);
    rig.asker = NULL;
    keeper_free(rig.options.keeper);
    scripted_server_free(giver);
    rig_close(&rig);
}

/* ---- errors --------------------------------------------------------------------------------- */

static void a_failure_that_passes_is_not_seen(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:once", NULL);

    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.attempts, 2);
}

static void a_failure_that_stays_is_told_with_the_servers_words(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:fail", NULL);

    assert_int_equal(outcome.code, ERR_UPSTREAM);
    assert_int_equal(outcome.attempts, 3);
    assert_int_equal(outcome.http_status, 500);
    expect_text(&outcome, "told to say 500");
    expect_text(&outcome, "3 attempts");
}

static void a_server_that_throttles_for_ever_is_asked_three_times(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:throttle", NULL);

    assert_int_equal(outcome.code, ERR_THROTTLED);
    assert_int_equal(outcome.attempts, 3);
    assert_int_equal(outcome.http_status, 429);
}

static void who_is_not_let_in_asks_once(void **state)
{
    (void)state;
    static const char *const questions[] = {"do:deny", "do:forbid"};

    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = ask_once(questions[i], NULL);
        assert_int_equal(outcome.code, ERR_DENIED);
        assert_int_equal(outcome.attempts, 1);
        expect_text(&outcome, i == 0 ? "401" : "403");
    }
}

static void an_answer_that_is_no_json_is_an_error(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:page", NULL);

    assert_int_equal(outcome.code, ERR_PROTOCOL);
}

static void what_is_no_http_is_an_error(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:babble", NULL);

    assert_int_equal(outcome.code, ERR_PROTOCOL);
    assert_int_equal(outcome.attempts, 1);
    expect_text(&outcome, "127.0.0.1:");
}

static void an_answer_past_the_ceiling_is_refused(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:flood", NULL);

    assert_int_equal(outcome.code, ERR_LIMIT);
    assert_int_equal(outcome.attempts, 1); /* it would be as large again */
}

static void an_answer_that_is_cut_short_is_an_error(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:cut", NULL);

    assert_int_equal(outcome.code, ERR_CLOSED);
    assert_int_equal(outcome.attempts, 3);
    expect_text(&outcome, "127.0.0.1:");
}

static void a_server_that_hangs_up_is_an_error(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:close", NULL);

    assert_int_equal(outcome.code, ERR_CLOSED);
    assert_int_equal(outcome.attempts, 3);
}

static void a_server_that_says_nothing_is_left_at_the_deadline(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:silence", a_second);

    assert_int_equal(outcome.code, ERR_TIMEOUT);
    assert_true(outcome.latency_ns >= SECOND / 2 && outcome.latency_ns < SECOND);
    expect_text(&outcome, "no answer within 0.5 s");
    expect_text(&outcome, "nothing came back");
}

static void a_server_that_drips_is_left_at_the_deadline(void **state)
{
    (void)state;
    struct outcome outcome = ask_once("do:drip", a_second);

    assert_int_equal(outcome.code, ERR_TIMEOUT);
    assert_true(outcome.latency_ns >= SECOND / 2 && outcome.latency_ns < SECOND);
    expect_text(&outcome, "began and did not end");
}

static void who_waits_too_long_for_a_turn_is_told_what_held_it_back(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig);
    rig.options.max_in_flight = 1;
    rig.options.timeout_ns = SECOND / 2;
    rig_start(&rig);
    ask(&rig, "do:silence");
    ask(&rig, "do:answer");
    await(&rig);
    assert_int_equal(rig.outcomes[1].code, ERR_TIMEOUT);
    assert_int_equal(rig.outcomes[1].attempts, 0);
    expect_text(&rig.outcomes[1], "1 in flight");
    rig_close(&rig);
}

static void a_port_where_nobody_listens_is_named(void **state)
{
    (void)state;
    struct rig rig;
    char expected[80];

    rig_open(&rig);
    scripted_server_free(rig.server);
    rig_start(&rig);
    ask(&rig, "do:answer");
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, ERR_UNREACHABLE);
    assert_int_equal(rig.outcomes[0].attempts, 0);
    snprintf(expected, sizeof expected, "cannot connect to 127.0.0.1:%u: the ", rig.port);
    expect_text(&rig.outcomes[0], expected);
    expect_text(&rig.outcomes[0], "refused");
    expect_text(&rig.outcomes[0], "start the server");
    uint16_t port;
    rig.server = scripted_server_new(rig.stage->outside, 0, &port);
    rig_close(&rig);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void a_connection_that_ends_with_its_answer_is_replaced(void **state)
{
    (void)state;
    struct rig rig;
    static const char *const questions[] = {"do:last", "do:leave"};

    for (size_t i = 0; i < 2; i++) {
        rig_open(&rig);
        rig.options.max_in_flight = 1;
        rig_start(&rig);
        for (int n = 0; n < 10; n++)
            ask(&rig, questions[i]);
        await(&rig);
        for (int n = 0; n < 10; n++)
            assert_int_equal(rig.outcomes[n].code, 0);
        assert_int_equal(scripted_server_figures(rig.server).connections, 10);
        rig_close(&rig);
    }
}

static void drop_and_ask(struct rig *rig, struct outcome *outcome)
{
    (void)outcome;
    if (rig->asked >= 5)
        return;
    scripted_server_drop(rig->server);
    ask(rig, "do:answer");
}

static void a_server_that_forgets_its_idle_connections_is_no_trouble(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig);
    rig.options.attempts = 1;
    rig_start(&rig);
    rig.on_done = drop_and_ask;
    ask(&rig, "do:answer");
    await(&rig);
    for (int i = 0; i < rig.asked; i++)
        assert_int_equal(rig.outcomes[i].code, 0);
    rig_close(&rig);
}

static void cancel_the_rest(struct rig *rig, struct outcome *outcome)
{
    (void)outcome;
    asker_cancel_all(rig->asker);
}

static void what_is_cancelled_ends_at_once_wherever_it_is(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig);
    rig.options.max_in_flight = 3;
    rig_start(&rig);
    rig.on_done = cancel_the_rest;
    ask(&rig, "do:answer");
    for (int i = 0; i < 9; i++)
        ask(&rig, i % 2 == 0 ? "do:silence" : "do:throttle");
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, 0);
    for (int i = 1; i < 10; i++) {
        assert_int_equal(rig.outcomes[i].code, ERR_CANCELLED);
        assert_true(rig.outcomes[i].latency_ns < 10 * SECOND);
    }
    rig_close(&rig);
}

static void one_alone_can_be_cancelled_before_it_starts(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig);
    rig_start(&rig);
    struct id id = ask(&rig, "do:silence");
    ask(&rig, "do:answer");
    asker_cancel(rig.asker, id);
    asker_cancel(rig.asker, id);
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, ERR_CANCELLED);
    assert_int_equal(rig.outcomes[1].code, 0);
    asker_cancel(rig.asker, id); /* it is done: nobody is meant */
    rig_close(&rig);
}

static void too_many_waiting_are_refused_and_none_is_lost(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    int refused = 0;

    rig_open(&rig);
    rig.options.max_in_flight = 2;
    rig.options.waiting_max = 3;
    rig_start(&rig);
    for (int i = 0; i < 10; i++) {
        int code = try_ask(&rig, "do:answer", NULL, &err);
        assert_true(code == 0 || code == ERR_BUSY);
        refused += code == 0 ? 0 : 1;
    }
    assert_int_equal(refused, 5);
    await(&rig);
    assert_int_equal(try_ask(&rig, "do:answer", NULL, &err), 0);
    await(&rig);
    rig_close(&rig);
}

static void an_asker_may_be_freed_in_the_midst(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig);
    rig.options.max_in_flight = 2;
    rig_start(&rig);
    ask(&rig, "do:answer");
    ask(&rig, "do:silence");
    ask(&rig, "do:silence");
    rig.asked = 1; /* stop when the first is done */
    rig.stage->run(rig.stage);
    assert_int_equal(rig.outcomes[0].count, 1);
    assert_int_equal(rig.outcomes[1].count, 0);
    rig_close(&rig);
}

static void a_question_larger_than_the_minutes_tokens_is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};

    rig_open(&rig);
    rig.options.tpm = 100;
    rig_start(&rig);
    assert_int_equal(try_ask(&rig, "do:answer", NULL, &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "max_tokens"));
    rig_close(&rig);
}

static void a_target_that_cannot_be_asked_is_refused_at_the_start(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};

    rig_open(&rig);
    rig.target.kind = PROVIDER_WEBSOCKET;
    assert_int_equal(asker_new(rig.stage->outside, NULL, &rig.options, &rig.asker, &err),
                     ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "local"));
    rig.target.kind = PROVIDER_OPENAI;
    rig.target.url = view_of("localhost:80");
    assert_int_equal(asker_new(rig.stage->outside, NULL, &rig.options, &rig.asker, &err),
                     ERR_CONFIG);
    rig.target.url = view_of(rig.url);
    rig.options.rpm = -1;
    assert_int_equal(asker_new(rig.stage->outside, NULL, &rig.options, &rig.asker, &err),
                     ERR_CONFIG);
    rig_close(&rig);
}

int asker_contract_run(const char *name, enum asker_http spoken)
{
    rig_http = spoken;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_gets_its_answer),
        cmocka_unit_test(many_questions_share_few_connections),
        cmocka_unit_test(done_may_ask_the_next_question),
        cmocka_unit_test(an_answer_of_10_megabytes_is_taken),
        cmocka_unit_test(bytes_that_are_no_text_are_repaired),
        cmocka_unit_test(a_raw_request_gets_its_response),
        cmocka_unit_test(a_raw_request_that_is_throttled_is_tried_again),
        cmocka_unit_test(a_request_carries_its_host_and_its_key),
        cmocka_unit_test(a_bedrock_request_is_signed_by_whoever_signs),
        cmocka_unit_test(a_question_waits_for_keys_that_are_being_fetched),
        cmocka_unit_test(where_no_keys_come_the_reason_is_told),
        cmocka_unit_test(a_failure_that_passes_is_not_seen),
        cmocka_unit_test(a_failure_that_stays_is_told_with_the_servers_words),
        cmocka_unit_test(a_server_that_throttles_for_ever_is_asked_three_times),
        cmocka_unit_test(who_is_not_let_in_asks_once),
        cmocka_unit_test(an_answer_that_is_no_json_is_an_error),
        cmocka_unit_test(what_is_no_http_is_an_error),
        cmocka_unit_test(an_answer_past_the_ceiling_is_refused),
        cmocka_unit_test(an_answer_that_is_cut_short_is_an_error),
        cmocka_unit_test(a_server_that_hangs_up_is_an_error),
        cmocka_unit_test(a_server_that_says_nothing_is_left_at_the_deadline),
        cmocka_unit_test(a_server_that_drips_is_left_at_the_deadline),
        cmocka_unit_test(who_waits_too_long_for_a_turn_is_told_what_held_it_back),
        cmocka_unit_test(a_port_where_nobody_listens_is_named),
        cmocka_unit_test(a_connection_that_ends_with_its_answer_is_replaced),
        cmocka_unit_test(a_server_that_forgets_its_idle_connections_is_no_trouble),
        cmocka_unit_test(what_is_cancelled_ends_at_once_wherever_it_is),
        cmocka_unit_test(one_alone_can_be_cancelled_before_it_starts),
        cmocka_unit_test(too_many_waiting_are_refused_and_none_is_lost),
        cmocka_unit_test(an_asker_may_be_freed_in_the_midst),
        cmocka_unit_test(a_question_larger_than_the_minutes_tokens_is_refused_with_the_remedy),
        cmocka_unit_test(a_target_that_cannot_be_asked_is_refused_at_the_start),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL) + asker_streams_run(name);
}
