/* SPDX-License-Identifier: Apache-2.0
 *
 * Templates for any REST endpoint: what is filled in, and what would be lost and is refused. */
#include "support.h"

static const struct provider_target target = {.kind = PROVIDER_HTTP,
                                              .name = VIEW("rest"),
                                              .url = VIEW("https://h/ask"),
                                              .body = VIEW("{\"q\":{{json prompt}}}"),
                                              .text = VIEW("answer.text")};

static void slots_are_filled_and_json_is_told_from_text(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target rest = target;
    fixture_init(&fixture);
    struct chat chat =
        fixture_chat(&fixture, "a \"b\"", "S", "{\"temperature\":0.5,\"lang\":\"ja\"}");
    chat.sample = 3;

    rest.model = (struct view)VIEW("m");
    rest.body = (struct view)VIEW(
        "{\"q\":{{json prompt}},\"s\":{{json system}},\"m\":\"{{model}}\",\"n\":{{sample}},"
        "\"t\":{{temperature}},\"l\":{{json lang}},\"all\":{{params}},\"h\":{{messages}}}");
    expect_request(&fixture, &rest, &chat, "/ask",
                   "{\"q\":\"a \\\"b\\\"\",\"s\":\"S\",\"m\":\"m\",\"n\":3,\"t\":0.5,\"l\":\"ja\","
                   "\"all\":{\"temperature\":0.5,\"lang\":\"ja\"},"
                   "\"h\":[{\"role\":\"user\",\"content\":\"a \\\"b\\\"\"}]}");
    assert_true(view_is(fixture.request.method, "POST"));
    assert_true(
        view_is(http_header_get(&fixture.request.headers, "content-type"), "application/json"));
    fixture_release(&fixture);
}

static void a_url_takes_slots_too_percent_encoded(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target rest = target;
    struct provider_address address;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "a b&漫/", NULL, NULL);

    rest.method = (struct view)VIEW("GET");
    rest.body = (struct view){0};
    rest.url = (struct view)VIEW("https://h:8443/ask/?q={{prompt}}&n={{sample}}");
    expect_request(&fixture, &rest, &chat, "/ask/?q=a%20b%26%E6%BC%AB%2F&n=0", "");
    assert_true(view_is(fixture.request.method, "GET"));
    assert_null(http_header_get(&fixture.request.headers, "content-type").ptr);
    assert_int_equal(provider_address_of(&rest, &fixture.arena, &address, NULL), 0);
    assert_true(view_is(address.host, "h") && address.port == 8443);
    rest.url = (struct view)VIEW("https://h?q={{prompt}}");
    expect_request(&fixture, &rest, &chat, "/?q=a%20b%26%E6%BC%AB%2F", "");
    fixture_release(&fixture);
}

static void what_has_no_slot_is_refused_not_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target rest = target;
    const struct chat_message turns[] = {
        {CHAT_USER, VIEW("a")}, {CHAT_ASSISTANT, VIEW("b")}, {CHAT_USER, VIEW("c")}};
    struct chat many = {.messages = turns, .message_count = 3};
    fixture_init(&fixture);

    struct chat chat = fixture_chat(&fixture, "a", "S", NULL);
    expect_refused(&fixture, &target, &chat, ERR_CONFIG, "{{json system}}");
    chat = fixture_chat(&fixture, "a", NULL, "{\"temperature\":1}");
    expect_refused(&fixture, &target, &chat, ERR_CONFIG, "'temperature' has no slot");
    expect_refused(&fixture, &target, &many, ERR_CONFIG, "3 turns");
    chat = fixture_chat(&fixture, "a", NULL, "{\"prompt\":1}");
    expect_refused(&fixture, &target, &chat, ERR_CONFIG, "'prompt' cannot be set");
    chat = fixture_chat(&fixture, "a", NULL, NULL);
    rest.body = (struct view)VIEW("{}");
    expect_refused(&fixture, &rest, &chat, ERR_CONFIG, "has a slot for the prompt");
    rest.body = (struct view)VIEW("{\"q\":\n {{json prompt}");
    expect_refused(&fixture, &rest, &chat, ERR_CONFIG,
                   "target 'rest': body:2:2: '{{' is never closed");
    rest.body = (struct view)VIEW("{{prompt}} {{modle}}");
    expect_refused(&fixture, &rest, &chat, ERR_CONFIG,
                   "body:1:12: unknown variable 'modle', did you mean 'model'?");
    rest.body = (struct view)VIEW("{{prompt}}");
    rest.url = (struct view){0};
    expect_refused(&fixture, &rest, &chat, ERR_CONFIG, "kind: http needs a url");
    fixture_release(&fixture);
}

static void plain_text_is_sent_and_read_as_such(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target rest = target;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "hello", NULL, NULL);

    rest.body = (struct view)VIEW("{{prompt}}");
    rest.text = (struct view){0};
    rest.api_key = (struct view)VIEW("k1");
    rest.headers = fixture_json(&fixture, "{\"X-Tenant\":\"t\"}");
    expect_request(&fixture, &rest, &chat, "/ask", "hello");
    assert_true(view_is(http_header_get(&fixture.request.headers, "content-type"),
                        "text/plain; charset=utf-8"));
    assert_true(view_is(http_header_get(&fixture.request.headers, "authorization"), "Bearer k1"));
    assert_true(view_is(http_header_get(&fixture.request.headers, "x-tenant"), "t"));
    expect_text(&fixture, &rest, "any \xff text", "any \xef\xbf\xbd text");
    assert_true(fixture.reply.text_repaired);
    expect_text(&fixture, &rest, "", "");
    fixture_release(&fixture);
}

static void the_answer_is_where_text_says(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_text(&fixture, &target, "{\"answer\":{\"text\":\"yes\"}}", "yes");
    expect_text(&fixture, &target, "{\"answer\":{\"text\":{\"a\":[1,2]}}}", "{\"a\":[1,2]}");
    expect_text(&fixture, &target, "{\"answer\":{\"text\":42}}", "42");
    expect_error(&fixture, &target, 200, "{\"answer\":{}}", ERR_PROTOCOL,
                 "no 'answer.text', which text: names");
    expect_error(&fixture, &target, 200, "{\"answer\":{\"text\":null}}", ERR_PROTOCOL,
                 "answer.text");
    expect_error(&fixture, &target, 200, "plain", ERR_PROTOCOL, "not JSON");
    expect_error(&fixture, &target, 302, "", ERR_PROTOCOL, "redirect");
    expect_error(&fixture, &target, 404, "nothing here", ERR_GONE,
                 "HTTP 404: body nothing here; check the url");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_filled_and_json_is_told_from_text),
        cmocka_unit_test(a_url_takes_slots_too_percent_encoded),
        cmocka_unit_test(what_has_no_slot_is_refused_not_dropped),
        cmocka_unit_test(plain_text_is_sent_and_read_as_such),
        cmocka_unit_test(the_answer_is_where_text_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
