/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenAI: exact bodies of Chat Completions, and answers as the many servers give them. */
#include "support.h"

#include "base/mem.h"

static const struct provider_target target = {.kind = PROVIDER_OPENAI,
                                              .name = VIEW("local"),
                                              .url = VIEW("http://127.0.0.1:8000/v1"),
                                              .model = VIEW("smollm2"),
                                              .api_key = VIEW("sk-secret")};

#define ANSWER(content) \
    "{\"choices\":[{\"message\":{\"content\":" content "},\"finish_reason\":\"stop\"}]}"

static void the_body_is_that_of_chat_completions(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    struct chat chat =
        fixture_chat(&fixture, "hi", "Be kind.",
                     "{\"max_tokens\":5,\"max_completion_tokens\":6,\"stop_sequences\":[\"x\"],"
                     "\"seed\":12345678901234567890}");

    expect_request(
        &fixture, &target, &chat, "/v1/chat/completions",
        "{\"model\":\"smollm2\",\"messages\":[{\"role\":\"system\",\"content\":\"Be kind.\"},"
        "{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":5,\"max_completion_tokens\":6,"
        "\"stop\":[\"x\"],\"seed\":12345678901234567890}");
    assert_true(
        view_is(http_header_get(&fixture.request.headers, "authorization"), "Bearer sk-secret"));
    fixture_release(&fixture);
}

static void the_path_takes_the_urls_prefix_and_query(void **state)
{
    (void)state;
    struct fixture fixture;
    struct provider_target other = target;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "hi", NULL, NULL);

    other.url = (struct view)VIEW("https://h/openai/deployments/d?api-version=1");
    expect_request(&fixture, &other, &chat, "/openai/deployments/d/chat/completions?api-version=1",
                   NULL);
    other.url = (struct view)VIEW("https://h/v1/chat/completions");
    expect_request(&fixture, &other, &chat, "/v1/chat/completions", NULL);
    other.url = (struct view)VIEW("https://h");
    expect_request(&fixture, &other, &chat, "/chat/completions", NULL);
    other.url = (struct view){0};
    expect_request(&fixture, &other, &chat, "/v1/chat/completions", NULL);
    other.url = (struct view)VIEW("127.0.0.1:8000/v1");
    expect_refused(&fixture, &other, &chat, ERR_CONFIG,
                   "target 'local': url: '127.0.0.1:8000/v1' is no usable URL");
    other.url = (struct view)VIEW("redis://h/v1");
    expect_refused(&fixture, &other, &chat, ERR_CONFIG, "http:// or https://");
    other.url = (struct view)VIEW("http://u:topsecret@h/v1");
    expect_refused(&fixture, &other, &chat, ERR_CONFIG, "headers:");
    assert_null(strstr(fixture.err.text, "topsecret"));
    fixture_release(&fixture);
}

static void nul_bytes_in_an_answer_stay_in_it(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    read_response(&fixture, &target, 200, NULL, view_of(ANSWER("\"a\\u0000b\"")));
    assert_int_equal(fixture.reply.code, 0);
    assert_true(view_equal(fixture.reply.text, view_make("a\0b", 3)));
    read_response(&fixture, &target, 200, NULL, view_make("{\"choices\":\0}", 13));
    assert_int_equal(fixture.reply.code, ERR_PROTOCOL);
    fixture_release(&fixture);
}

static void cached_tokens_are_not_counted_twice(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_text(
        &fixture, &target,
        "{\"model\":\"m-1\",\"choices\":[{\"message\":{\"content\":\"yes\"},\"finish_reason\":"
        "\"length\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,"
        "\"prompt_tokens_details\":{\"cached_tokens\":4}}}",
        "yes");
    assert_int_equal(fixture.reply.usage.tokens_in, 6);
    assert_int_equal(fixture.reply.usage.cache_read_tokens, 4);
    assert_int_equal(fixture.reply.usage.tokens_out, 2);
    assert_int_equal(fixture.reply.stop, STOP_LENGTH);
    assert_true(view_is(fixture.reply.model, "m-1"));
    expect_text(&fixture, &target, ANSWER("\"no usage\""), "no usage");
    assert_false(fixture.reply.usage.known);
    fixture_release(&fixture);
}

static void content_may_be_parts_or_null_or_a_refusal(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_text(&fixture, &target,
                ANSWER("[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]"),
                "ab");
    expect_text(&fixture, &target, ANSWER("null"), "");
    expect_text(&fixture, &target, ANSWER("\"\""), "");
    expect_text(&fixture, &target, ANSWER("null,\"refusal\":\"No.\""), "No.");
    assert_int_equal(fixture.reply.stop, STOP_FILTERED);
    fixture_release(&fixture);
}

static void answers_without_choices_say_so(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_error(&fixture, &target, 200, "{\"choices\":[]}", ERR_PROTOCOL,
                 "no 'choices[0].message'");
    expect_error(&fixture, &target, 200, "{\"choices\":[{}]}", ERR_PROTOCOL,
                 "starts '{\"choices\":[{}]}'");
    expect_error(&fixture, &target, 200, "null", ERR_PROTOCOL, "choices");
    expect_error(&fixture, &target, 200,
                 "{\"error\":{\"message\":\"busy\",\"type\":\"server_error\"}}", ERR_UPSTREAM,
                 "busy");
    fixture_release(&fixture);
}

static void invalid_utf8_is_repaired_and_flagged(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);

    expect_text(&fixture, &target, ANSWER("\"a\xff\xe6\xbc\""),
                "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_true(fixture.reply.text_repaired);
    expect_text(&fixture, &target, ANSWER("\"漫画\""), "漫画");
    assert_false(fixture.reply.text_repaired);
    fixture_release(&fixture);
}

static void a_body_of_ten_megabytes_is_read_or_refused_in_words(void **state)
{
    (void)state;
    const size_t size = 10 << 20;
    struct fixture fixture;
    struct strbuf body;
    fixture_init(&fixture);
    strbuf_init(&body, size + 1000);

    strbuf_add_text(&body, "{\"choices\":[{\"message\":{\"content\":\"");
    strbuf_add_repeated(&body, 'a', size);
    strbuf_add_text(&body, "\"}}]}");
    read_response(&fixture, &target, 200, NULL, strbuf_view(&body));
    assert_int_equal(fixture.reply.code, 0);
    assert_int_equal(fixture.reply.text.len, size);
    fixture_release(&fixture);
    arena_init(&fixture.arena, 1 << 20);
    read_response(&fixture, &target, 200, NULL, strbuf_view(&body));
    assert_int_equal(fixture.reply.code, ERR_LIMIT);
    assert_true(view_is(fixture.reply.error_text,
                        "the answer is larger than the memory set aside for one"));
    fixture_release(&fixture);
    fixture_init(&fixture);
    strbuf_cut(&body, size);
    read_response(&fixture, &target, 200, NULL, strbuf_view(&body));
    assert_int_equal(fixture.reply.code, ERR_PROTOCOL);
    assert_true(fixture.reply.error_text.len < 600);
    strbuf_release(&body);
    fixture_release(&fixture);
}

static void memory_that_runs_out_is_an_error_at_every_place(void **state)
{
    (void)state;
    struct http_response response = {
        .status = 200, .body = VIEW(ANSWER("[{\"text\":\"a\"},{\"text\":\"b\xff\"}]"))};
    int code = ERR_MEMORY;

    for (unsigned long n = 1; code == ERR_MEMORY && n < 100; n++) {
        struct fixture fixture;
        fixture_init(&fixture);
        mem_fail_at(n);
        code =
            provider_of(PROVIDER_OPENAI)->read(&target, &response, &fixture.arena, &fixture.reply);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        fixture_release(&fixture);
    }
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_is_that_of_chat_completions),
        cmocka_unit_test(the_path_takes_the_urls_prefix_and_query),
        cmocka_unit_test(nul_bytes_in_an_answer_stay_in_it),
        cmocka_unit_test(cached_tokens_are_not_counted_twice),
        cmocka_unit_test(content_may_be_parts_or_null_or_a_refusal),
        cmocka_unit_test(answers_without_choices_say_so),
        cmocka_unit_test(invalid_utf8_is_repaired_and_flagged),
        cmocka_unit_test(a_body_of_ten_megabytes_is_read_or_refused_in_words),
        cmocka_unit_test(memory_that_runs_out_is_an_error_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
