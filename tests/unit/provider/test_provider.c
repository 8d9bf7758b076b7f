/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of families, addresses, stop reasons. */
#include "support.h"

static void every_kind_has_a_row_and_a_name_that_leads_back(void **state)
{
    (void)state;
    enum provider_kind kind;

    for (int i = PROVIDER_BEDROCK; i <= PROVIDER_SIM; i++) {
        const struct provider *provider = provider_of((enum provider_kind)i);
        assert_int_equal(provider_kind_of(view_of(provider->name), &kind), 0);
        assert_int_equal(kind, i);
        assert_int_equal(provider->build == NULL, provider->read == NULL);
        assert_int_equal(provider->signs, provider->service != NULL);
    }
    assert_int_equal(provider_kind_of(view_of("bedrok"), &kind), ERR_INVALID);
}

static void addresses_are_the_urls_or_the_providers_own(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_address address;
    struct provider_target target = {
        .kind = PROVIDER_BEDROCK, .name = VIEW("t"), .region = VIEW("ap-northeast-1")};
    fixture_init(&fixture);

    assert_int_equal(provider_address_of(&target, &fixture.arena, &address, NULL), 0);
    assert_true(view_is(address.host, "bedrock-runtime.ap-northeast-1.amazonaws.com"));
    assert_true(address.tls && address.port == 443 && address.prefix.len == 0);
    target.kind = PROVIDER_OPENAI;
    assert_int_equal(provider_address_of(&target, &fixture.arena, &address, NULL), 0);
    assert_true(view_is(address.host, "api.openai.com") && view_is(address.prefix, "/v1"));
    target.url = (struct view)VIEW("http://[::1]:8000/v1//");
    assert_int_equal(provider_address_of(&target, &fixture.arena, &address, NULL), 0);
    assert_true(view_is(address.host, "::1") && view_is(address.prefix, "/v1"));
    assert_true(!address.tls && address.port == 8000);
    target.kind = PROVIDER_EXEC;
    target.url = (struct view){0};
    assert_int_equal(provider_address_of(&target, &fixture.arena, &address, &fixture.err),
                     ERR_CONFIG);
    fixture_release(&fixture);
}

struct word {
    const char *text;
    enum stop_reason stop;
    const char *name;
};

static const struct word words[] = {
    {"end_turn", STOP_END, "end_turn"},
    {"stop", STOP_END, "end_turn"},
    {"max_tokens", STOP_LENGTH, "max_tokens"},
    {"length", STOP_LENGTH, "max_tokens"},
    {"stop_sequence", STOP_SEQUENCE, "stop_sequence"},
    {"tool_use", STOP_TOOL_USE, "tool_use"},
    {"tool_calls", STOP_TOOL_USE, "tool_use"},
    {"content_filtered", STOP_FILTERED, "content_filtered"},
    {"content_filter", STOP_FILTERED, "content_filtered"},
    {"refusal", STOP_FILTERED, "content_filtered"},
    {"guardrail_intervened", STOP_GUARDRAIL, "guardrail_intervened"},
    {"malformed_model_output", STOP_MALFORMED, "malformed_model_output"},
    {"malformed_tool_use", STOP_MALFORMED, "malformed_model_output"},
    {"model_context_window_exceeded", STOP_CONTEXT, "model_context_window_exceeded"},
    {"whatever", STOP_UNKNOWN, "unknown"},
    {"", STOP_UNKNOWN, "unknown"},
};

static void every_word_for_the_end_has_one_meaning(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_int_equal(stop_reason_read(view_of(words[i].text)), words[i].stop);
        assert_string_equal(stop_reason_name(words[i].stop), words[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_row_and_a_name_that_leads_back),
        cmocka_unit_test(addresses_are_the_urls_or_the_providers_own),
        cmocka_unit_test(every_word_for_the_end_has_one_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
