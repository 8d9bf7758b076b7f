/* SPDX-License-Identifier: Apache-2.0
 *
 * The protocol of commands: one JSON request, one JSON response. */
#include "support.h"

static const struct provider_target target = {
    .kind = PROVIDER_EXEC, .name = VIEW("cmd"), .model = VIEW("m")};

static void the_request_is_one_line_of_json(void **state)
{
    (void)state;
    struct fixture fixture;
    const struct chat_message turns[] = {{CHAT_USER, VIEW("a")}, {CHAT_ASSISTANT, VIEW("b\n")}};
    fixture_init(&fixture);
    struct chat chat = {.system = VIEW("S"),
                        .messages = turns,
                        .message_count = 2,
                        .params = fixture_json(&fixture, "{\"max_tokens\":5}"),
                        .sample = 2};

    expect_request(
        &fixture, &target, &chat, "",
        "{\"prompt\":\"a\",\"system\":\"S\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
        "{\"role\":\"assistant\",\"content\":\"b\\n\"}],\"params\":{\"max_tokens\":5},"
        "\"sample\":2,\"model\":\"m\"}\n");
    fixture_release(&fixture);
}

static void the_response_needs_text_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_text(&fixture, &target, "{\"text\":\"yes\"}\n", "yes");
    assert_false(fixture.reply.usage.known);
    assert_int_equal(fixture.reply.http_status, 0);
    expect_text(&fixture, &target,
                "{\"text\":\"\",\"usage\":{\"tokens_in\":1,\"tokens_out\":2},\"stop_reason\":"
                "\"length\",\"error\":null}",
                "");
    assert_int_equal(fixture.reply.usage.tokens_out, 2);
    assert_int_equal(fixture.reply.stop, STOP_LENGTH);
    fixture_release(&fixture);
}

static void errors_and_nonsense_are_told(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_error(&fixture, &target, 0, "{\"error\":\"no model\"}", ERR_UPSTREAM,
                 "reports an error: no model");
    expect_error(&fixture, &target, 0, "{\"error\":{\"message\":\"m\"}}", ERR_UPSTREAM,
                 "reports an error: m");
    expect_error(&fixture, &target, 0, "{\"error\":{}}", ERR_UPSTREAM, "without saying why");
    expect_error(&fixture, &target, 0, "{\"txt\":\"a\"}", ERR_PROTOCOL, "no \"text\"");
    expect_error(&fixture, &target, 0, "{\"text\":1}", ERR_PROTOCOL, "no \"text\"");
    expect_error(&fixture, &target, 0, "Traceback", ERR_PROTOCOL, "not JSON");
    expect_error(&fixture, &target, 0, "", ERR_PROTOCOL, "the answer is empty");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_one_line_of_json),
        cmocka_unit_test(the_response_needs_text_alone),
        cmocka_unit_test(errors_and_nonsense_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
