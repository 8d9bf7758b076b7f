/* SPDX-License-Identifier: Apache-2.0
 *
 * Anthropic: exact bodies and headers of the Messages API, and what its answers mean. */
#include "support.h"

static const struct provider_target target = {.kind = PROVIDER_ANTHROPIC,
                                              .name = VIEW("claude"),
                                              .model = VIEW("claude-haiku-4-5"),
                                              .api_key = VIEW("sk-ant-secret")};

static void the_body_and_headers_are_those_of_the_messages_api(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "hi", NULL, "{\"max_tokens\":5,\"top_k\":3}");

    expect_request(&fixture, &target, &chat, "/v1/messages",
                   "{\"model\":\"claude-haiku-4-5\",\"max_tokens\":5,\"top_k\":3,"
                   "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assert_true(view_is(http_header_get(&fixture.request.headers, "x-api-key"), "sk-ant-secret"));
    assert_true(
        view_is(http_header_get(&fixture.request.headers, "anthropic-version"), "2023-06-01"));
    fixture_release(&fixture);
}

static void a_url_may_hold_the_version_already(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target local = target;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "hi", NULL, NULL);

    local.url = (struct view)VIEW("http://127.0.0.1:1/api/v1/");
    expect_request(&fixture, &local, &chat, "/api/v1/messages", NULL);
    local.url = (struct view)VIEW("http://127.0.0.1:1/api");
    expect_request(&fixture, &local, &chat, "/api/v1/messages", NULL);
    fixture_release(&fixture);
}

static void the_targets_own_headers_come_first(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target own = target;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "hi", NULL, NULL);

    own.headers =
        fixture_json(&fixture, "{\"anthropic-version\":\"2024-01-01\",\"anthropic-beta\":\"x\"}");
    expect_request(&fixture, &own, &chat, "/v1/messages", NULL);
    assert_true(
        view_is(http_header_get(&fixture.request.headers, "anthropic-version"), "2024-01-01"));
    assert_true(view_is(http_header_get(&fixture.request.headers, "anthropic-beta"), "x"));
    own.headers = fixture_json(&fixture, "{\"X\":\"sk-ant-secret\\r\\nInjected: 1\"}");
    expect_refused(&fixture, &own, &chat, ERR_CONFIG, "the header 'X'");
    assert_null(strstr(fixture.err.text, "sk-ant"));
    own.headers = fixture_json(&fixture, "{\"X\":1}");
    expect_refused(&fixture, &own, &chat, ERR_CONFIG, "must be a string");
    own.headers = fixture_json(&fixture, "{\"content-length\":\"1\"}");
    expect_refused(&fixture, &own, &chat, ERR_CONFIG, "cannot be set");
    fixture_release(&fixture);
}

static void parameters_are_never_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target with = target;
    fixture_init(&fixture);
    with.params = fixture_json(&fixture, "{\"temperature\":1,\"max_tokens\":9,\"stop\":\"a\"}");
    struct chat chat =
        fixture_chat(&fixture, "hi", NULL, "{\"temperature\":0.5,\"stop_sequences\":[\"b\"]}");

    expect_request(
        &fixture, &with, &chat, "/v1/messages",
        "{\"model\":\"claude-haiku-4-5\",\"temperature\":0.5,\"max_tokens\":9,"
        "\"stop_sequences\":[\"b\"],\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    chat = fixture_chat(&fixture, "hi", NULL, "{\"temperature\":null,\"stop\":null}");
    expect_request(&fixture, &with, &chat, "/v1/messages",
                   "{\"model\":\"claude-haiku-4-5\",\"max_tokens\":9,"
                   "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    chat = fixture_chat(&fixture, "hi", NULL, "{\"stream\":true}");
    expect_refused(&fixture, &with, &chat, ERR_CONFIG, "'stream' cannot be set");
    chat = fixture_chat(&fixture, "hi", NULL, "{\"stop\":\"a\",\"stop_sequences\":[\"b\"]}");
    expect_refused(&fixture, &with, &chat, ERR_CONFIG, "'stop' and 'stop_sequences' are one");
    chat = fixture_chat(&fixture, "hi", NULL, "[1]");
    expect_refused(&fixture, &with, &chat, ERR_CONFIG, "params must be an object");
    fixture_release(&fixture);
}

static void an_answer_has_text_usage_model_and_request_id(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    read_response(
        &fixture, &target, 200, "request-id: req_1",
        view_of("{\"type\":\"message\",\"model\":\"claude-haiku-4-5-20251001\",\"content\":["
                "{\"type\":\"thinking\",\"text\":\"no\"},{\"type\":\"text\",\"text\":\"yes\"}],"
                "\"stop_reason\":\"stop_sequence\",\"usage\":{\"input_tokens\":3,"
                "\"output_tokens\":4,\"cache_read_input_tokens\":-1,\"cache_creation_input_"
                "tokens\":6}}"));
    assert_true(view_is(fixture.reply.text, "yes"));
    assert_true(view_is(fixture.reply.request_id, "req_1"));
    assert_true(view_is(fixture.reply.model, "claude-haiku-4-5-20251001"));
    assert_int_equal(fixture.reply.stop, STOP_SEQUENCE);
    assert_int_equal(fixture.reply.usage.tokens_in, 3);
    assert_int_equal(fixture.reply.usage.cache_read_tokens, 0);
    assert_int_equal(fixture.reply.usage.cache_write_tokens, 6);
    fixture_release(&fixture);
}

static void no_request_without_messages(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chat chat = {.message_count = 0};
    fixture_init(&fixture);

    expect_refused(&fixture, &target, &chat, ERR_CONFIG, "no messages");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_and_headers_are_those_of_the_messages_api),
        cmocka_unit_test(a_url_may_hold_the_version_already),
        cmocka_unit_test(the_targets_own_headers_come_first),
        cmocka_unit_test(parameters_are_never_dropped),
        cmocka_unit_test(an_answer_has_text_usage_model_and_request_id),
        cmocka_unit_test(no_request_without_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
