/* SPDX-License-Identifier: Apache-2.0
 *
 * Bedrock: exact paths and bodies of Converse and InvokeModel, and what their answers mean. */
#include "support.h"

#define SONNET "anthropic.claude-sonnet-4-5-20250929-v1:0"

static const struct provider_target converse = {.kind = PROVIDER_BEDROCK,
                                                .name = VIEW("sonnet"),
                                                .model = VIEW(SONNET),
                                                .region = VIEW("us-east-1")};
static const struct provider_target invoke = {.kind = PROVIDER_BEDROCK,
                                              .api = PROVIDER_API_INVOKE,
                                              .name = VIEW("sonnet"),
                                              .model = VIEW("us." SONNET),
                                              .region = VIEW("us-east-1")};

static void converse_maps_what_it_knows_and_passes_on_the_rest(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(
        &fixture, "お勧め \"x\"", "Be kind.",
        "{\"max_tokens\":512,\"temperature\":0.20,\"top_p\":0.9,\"stop\":\"END\",\"top_k\":40,"
        "\"guardrailConfig\":{\"guardrailIdentifier\":\"g\"}}");

    expect_request(
        &fixture, &converse, &chat, "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"お勧め \\\"x\\\"\"}]}],"
        "\"system\":[{\"text\":\"Be kind.\"}],"
        "\"inferenceConfig\":{\"maxTokens\":512,\"temperature\":0.20,\"topP\":0.9,"
        "\"stopSequences\":[\"END\"]},"
        "\"guardrailConfig\":{\"guardrailIdentifier\":\"g\"},"
        "\"additionalModelRequestFields\":{\"top_k\":40}}");
    assert_true(view_is(fixture.request.method, "POST"));
    assert_true(
        view_is(http_header_get(&fixture.request.headers, "content-type"), "application/json"));
    assert_null(http_header_get(&fixture.request.headers, "authorization").ptr);
    fixture_release(&fixture);
}

static void converse_without_parameters_has_messages_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    const struct chat_message messages[] = {
        {CHAT_USER, VIEW("a")}, {CHAT_ASSISTANT, VIEW("b")}, {CHAT_USER, VIEW("c")}};
    struct chat chat = {.messages = messages, .message_count = 3};

    expect_request(&fixture, &converse, &chat,
                   "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
                   "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]},"
                   "{\"role\":\"assistant\",\"content\":[{\"text\":\"b\"}]},"
                   "{\"role\":\"user\",\"content\":[{\"text\":\"c\"}]}]}");
    fixture_release(&fixture);
}

static void an_arn_is_one_segment_of_the_path(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target target = converse;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "a", NULL, NULL);

    target.model =
        (struct view)VIEW("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us." SONNET);
    expect_request(&fixture, &target, &chat,
                   "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus."
                   "anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
                   NULL);
    fixture_release(&fixture);
}

static void a_bearer_key_goes_into_authorization(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target target = converse;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "a", NULL, NULL);

    target.api_key = (struct view)VIEW("bedrock-key");
    expect_request(&fixture, &target, &chat,
                   "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", NULL);
    assert_true(
        view_is(http_header_get(&fixture.request.headers, "authorization"), "Bearer bedrock-key"));
    fixture_release(&fixture);
}

static void invoke_sends_the_messages_body_of_claude(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    struct chat chat =
        fixture_chat(&fixture, "hi", "Be kind.", "{\"temperature\":0,\"stop\":[\"x\"]}");

    expect_request(&fixture, &invoke, &chat,
                   "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke",
                   "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":1024,"
                   "\"temperature\":0,\"stop_sequences\":[\"x\"],\"system\":\"Be kind.\","
                   "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    struct provider_target nova = invoke;
    nova.model = (struct view)VIEW("amazon.nova-lite-v1:0");
    expect_refused(&fixture, &nova, &chat, ERR_CONFIG, "use api: converse");
    fixture_release(&fixture);
}

static void a_converse_answer_has_text_usage_and_stop_reason(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    read_response(
        &fixture, &converse, 200, "x-amzn-RequestId: abc-1",
        view_of(
            "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"text\":\"こんに\"},"
            "{\"toolUse\":{}},{\"text\":\"ちは\"}]}},\"stopReason\":\"max_tokens\",\"usage\":"
            "{\"inputTokens\":10,\"outputTokens\":20,\"totalTokens\":30,"
            "\"cacheReadInputTokens\":4,\"cacheWriteInputTokens\":5},\"metrics\":{\"latencyMs\":9}"
            "}"));
    const struct reply *reply = &fixture.reply;
    assert_int_equal(reply->code, 0);
    assert_int_equal(reply->http_status, 200);
    assert_true(view_is(reply->text, "こんにちは"));
    assert_true(view_is(reply->request_id, "abc-1"));
    assert_true(view_is(reply->stop_text, "max_tokens"));
    assert_int_equal(reply->stop, STOP_LENGTH);
    assert_true(reply->usage.known && !reply->usage.estimated);
    assert_int_equal(reply->usage.tokens_in, 10);
    assert_int_equal(reply->usage.tokens_out, 20);
    assert_int_equal(reply->usage.cache_read_tokens, 4);
    assert_int_equal(reply->usage.cache_write_tokens, 5);
    fixture_release(&fixture);
}

static void an_invoke_answer_may_have_its_usage_in_headers(void **state)
{
    (void)state;
    struct fixture fixture;
    struct http_response response = {
        .status = 200,
        .body = VIEW(
            "{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],\"stop_reason\":\"end_turn\"}")};
    fixture_init(&fixture);

    assert_int_equal(http_header_add(&response.headers, view_of("X-Amzn-Bedrock-Input-Token-Count"),
                                     view_of("7")),
                     0);
    assert_int_equal(http_header_add(&response.headers,
                                     view_of("X-Amzn-Bedrock-Output-Token-Count"), view_of("8")),
                     0);
    assert_int_equal(
        provider_of(PROVIDER_BEDROCK)->read(&invoke, &response, &fixture.arena, &fixture.reply), 0);
    assert_int_equal(fixture.reply.code, 0);
    assert_true(fixture.reply.usage.known);
    assert_int_equal(fixture.reply.usage.tokens_in, 7);
    assert_int_equal(fixture.reply.usage.tokens_out, 8);
    fixture_release(&fixture);
}

static void answers_that_cannot_be_understood_are_replies_that_quote_them(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_error(&fixture, &converse, 200, "", ERR_PROTOCOL, "the answer is empty");
    expect_error(&fixture, &converse, 200, "<html>\nno</html>", ERR_PROTOCOL,
                 "the answer is not JSON (1:1: ");
    expect_error(&fixture, &converse, 200, "\xff{}", ERR_PROTOCOL,
                 "the answer is not JSON (1:1: expected a value, found byte 0xFF (save");
    expect_error(&fixture, &converse, 200, "<html>\nno</html>", ERR_PROTOCOL,
                 "starts '<html> no</html>'");
    expect_error(&fixture, &converse, 200, "{\"output\":{}}", ERR_PROTOCOL,
                 "output.message.content");
    expect_error(&fixture, &converse, 200, "[]", ERR_PROTOCOL, "output.message.content");
    expect_error(&fixture, &converse, 200, "{\"output\":{\"message\":{\"content\":\"x\"}}}",
                 ERR_PROTOCOL, "");
    expect_text(&fixture, &converse,
                "{\"output\":{\"message\":{\"content\":[]}},\"stopReason\":\"tool_use\"}", "");
    assert_false(fixture.reply.usage.known);
    fixture_release(&fixture);
}

static void a_region_is_needed_and_cannot_smuggle_a_host(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target target = converse;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "a", NULL, NULL);

    target.region = (struct view){0};
    expect_refused(&fixture, &target, &chat, ERR_CONFIG, "target 'sonnet': no region; add region:");
    target.region = (struct view)VIEW("evil.example/");
    expect_refused(&fixture, &target, &chat, ERR_CONFIG, "is no AWS region");
    target.url = (struct view)VIEW("http://127.0.0.1:8790");
    expect_request(&fixture, &target, &chat,
                   "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", NULL);
    target.model = (struct view){0};
    expect_refused(&fixture, &target, &chat, ERR_CONFIG, "no model");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converse_maps_what_it_knows_and_passes_on_the_rest),
        cmocka_unit_test(converse_without_parameters_has_messages_alone),
        cmocka_unit_test(an_arn_is_one_segment_of_the_path),
        cmocka_unit_test(a_bearer_key_goes_into_authorization),
        cmocka_unit_test(invoke_sends_the_messages_body_of_claude),
        cmocka_unit_test(a_converse_answer_has_text_usage_and_stop_reason),
        cmocka_unit_test(an_invoke_answer_may_have_its_usage_in_headers),
        cmocka_unit_test(answers_that_cannot_be_understood_are_replies_that_quote_them),
        cmocka_unit_test(a_region_is_needed_and_cannot_smuggle_a_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
