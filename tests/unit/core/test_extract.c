/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/yaml.h"
#include "core/validate/extract.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 256 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct json *tree(const char *json)
{
    struct json *root = NULL;
    struct err err = {0};

    assert_int_equal(json_parse(&arena, view_of(json), &root, &err), 0);
    return root;
}

/* Rules out of YAML; every problem fails the test. */
static const struct policy_extract *rules_of(const char *yaml)
{
    struct problems problems;
    struct json *root = NULL;
    struct err err = {0};
    const struct policy_extract *rules = NULL;

    problems_init(&problems, &arena, view_of("p.yaml"));
    const struct config_reader reader = {&arena, &problems, {NULL, 0}};
    assert_int_equal(yaml_parse(&arena, view_of("p.yaml"), view_of(yaml), &root, &err), 0);
    assert_int_equal(extract_read(&reader, root, &rules), 0);
    if (problems.total > 0)
        fail_msg("%s", problems.items[0].text);
    return rules;
}

static struct extracted run_chat(const struct policy_extract *rules, const char *system,
                                 const char *user)
{
    const struct chat_message messages[] = {
        {CHAT_USER, view_of("an earlier question")},
        {CHAT_ASSISTANT, view_of("an earlier answer")},
        {CHAT_USER, view_of(user)},
    };
    const struct chat chat = {.system = view_of(system), .messages = messages, .message_count = 3};
    const struct extract_input input = {.chat = &chat};
    struct extracted extracted = {0};

    assert_int_equal(extract_run(rules, &input, &arena, &extracted), 0);
    return extracted;
}

static void expect_view(struct view found, const char *expected)
{
    if (!view_is(found, expected))
        fail_msg("'%.*s' is not '%s'", VIEW_ARG(found), expected);
}

static void a_tagged_block_is_a_source_and_no_part_of_the_question(void **state)
{
    (void)state;
    const struct extracted found =
        run_chat(extract_default(), "Be kind.",
                 "<documents>ONE PIECE costs 500 yen.</documents>\nHow much?");
    assert_int_equal(found.source_count, 1);
    expect_view(found.sources[0], "ONE PIECE costs 500 yen.");
    expect_view(found.question, "How much?");
}

static void inner_blocks_of_one_tag_are_sources_of_their_own(void **state)
{
    (void)state;
    const struct extracted found =
        run_chat(extract_default(), "",
                 "<documents>\n<document index=\"1\">first</document>\n"
                 "<document index=\"2\"><title>t</title>second</document>\n</documents> Which?");
    assert_int_equal(found.source_count, 2);
    expect_view(found.sources[0], "first");
    expect_view(found.sources[1], "<title>t</title>second");
    expect_view(found.question, "Which?");
}

static void a_block_with_markup_inside_stays_one_source(void **state)
{
    (void)state;
    const struct extracted found =
        run_chat(extract_default(), "",
                 "<context>Prices of all volumes, with <b>500</b> yen for the first.</context>?");
    assert_int_equal(found.source_count, 1);
    expect_view(found.sources[0], "Prices of all volumes, with <b>500</b> yen for the first.");
}

static void any_tag_name_can_be_a_rule(void **state)
{
    (void)state;
    const struct policy_extract *rules = rules_of("sources: [{tag: 資料}, {tag: kb-hits}]");
    const struct extracted found = run_chat(rules, "<資料>巻は500円</資料>",
                                            "<KB-hits>two</KB-hits><documents>no</documents>");
    assert_int_equal(found.source_count, 2);
    expect_view(found.sources[0], "巻は500円");
    expect_view(found.sources[1], "two");
    const struct extracted other =
        run_chat(rules, "", "<kb-hits>two</kb-hits><documents>no</documents> x");
    assert_int_equal(other.source_count, 1);
    expect_view(other.sources[0], "two");
}

static void blocks_of_the_assistant_are_no_sources(void **state)
{
    const struct chat_message messages[] = {
        {CHAT_ASSISTANT, VIEW("<documents>made up</documents>")},
        {CHAT_USER, VIEW("Really?")},
    };
    const struct chat chat = {.messages = messages, .message_count = 2};
    const struct extract_input input = {.chat = &chat};
    struct extracted found;

    (void)state;
    assert_int_equal(extract_run(extract_default(), &input, &arena, &found), 0);
    assert_int_equal(found.source_count, 0);
}

static void an_unclosed_block_is_none(void **state)
{
    (void)state;
    const struct extracted found =
        run_chat(extract_default(), "", "<documents>never closed. How much?");
    assert_int_equal(found.source_count, 0);
    expect_view(found.question, "<documents>never closed. How much?");
}

static void headers_and_metadata_are_read_without_regard_to_case_and_inwards(void **state)
{
    static const struct extract_header headers[] = {
        {VIEW("X-Assay-Language"), VIEW("ja")},
        {VIEW("x-rag"), VIEW("[\"one\", \"two\"]")},
        {VIEW("x-assay-tags"), VIEW("vip, greeting")},
    };
    struct extract_input input = {.headers = headers, .header_count = 3};
    struct extracted found;

    (void)state;
    input.metadata = tree("{\"rag\": {\"hits\": [\"three\"]}, \"assay_format\": \"json\"}");
    const struct policy_extract *rules =
        rules_of("sources: [{header: X-RAG}, {metadata: rag.hits}]");
    assert_int_equal(extract_run(rules, &input, &arena, &found), 0);
    assert_int_equal(found.source_count, 3);
    expect_view(found.sources[1], "two");
    expect_view(found.sources[2], "three");
    expect_view(found.language, "ja");
    assert_false(found.is_followed);
    assert_int_equal(found.format, EXPECT_FORMAT_JSON);
    assert_int_equal(found.tag_count, 2);
    expect_view(found.tags[1], "greeting");
}

static void a_language_or_format_that_is_none_counts_as_not_said(void **state)
{
    static const struct extract_header headers[] = {
        {VIEW("x-assay-language"), VIEW("Japanese please")},
        {VIEW("x-assay-format"), VIEW("yaml")},
    };
    const struct extract_input input = {.headers = headers, .header_count = 2};
    struct extracted found;

    (void)state;
    assert_int_equal(extract_run(extract_default(), &input, &arena, &found), 0);
    assert_int_equal(found.language.len, 0);
    assert_int_equal(found.format, EXPECT_FORMAT_NONE);
}

static void results_of_tools_are_read_in_the_form_of_each_api(void **state)
{
    static const char *const bodies[] = {
        /* Anthropic */
        "[{\"role\": \"user\", \"content\": [{\"type\": \"tool_result\", \"tool_use_id\": \"a\", "
        "\"content\": [{\"type\": \"text\", \"text\": \"500 yen\"}]}]}]",
        "[{\"role\": \"user\", \"content\": [{\"type\": \"tool_result\", \"content\": \"500 "
        "yen\"}]}]",
        /* Converse */
        "[{\"role\": \"user\", \"content\": [{\"toolResult\": {\"toolUseId\": \"a\", \"content\": "
        "[{\"text\": \"500 yen\"}]}}]}]",
        /* OpenAI */
        "[{\"role\": \"tool\", \"tool_call_id\": \"a\", \"content\": \"500 yen\"}]",
    };
    struct extracted found;

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        const struct extract_input input = {.messages = tree(bodies[i])};
        assert_int_equal(extract_run(extract_default(), &input, &arena, &found), 0);
        assert_int_equal(found.source_count, 1);
        expect_view(found.sources[0], "500 yen");
    }
    const struct extract_input json = {
        .messages = tree("[{\"role\": \"user\", \"content\": [{\"toolResult\": {\"content\": "
                         "[{\"json\": {\"price\": 500}}]}}]}]")};
    assert_int_equal(extract_run(extract_default(), &json, &arena, &found), 0);
    expect_view(found.sources[0], "{\"price\":500}");
}

static void the_language_of_a_clear_question_is_followed(void **state)
{
    static const char *const pairs[][2] = {
        {"鬼滅の刃の一巻はいくらですか？", "ja"},
        {"ONE PIECE の新刊はいつ発売ですか", "ja"},
        {"How much is the first volume, please?", "en"},
        {"Do you have 『鬼滅の刃』 in stock at the moment?", "en"},
        {"How do you say this in English? 鬼滅の刃", ""},
        {"What is the Japanese title of Demon Slayer?", ""},
        {"この文を英語に訳してください", ""},
        {"英語で答えてください：在庫はありますか", ""},
        {"Please translate: good morning to all of you", ""},
        {"12345", ""},
        {"", ""},
        {"OK", ""},
    };
    struct view language;

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(extract_followed(view_of(pairs[i][0]), &language), 0);
        if (!view_is(language, pairs[i][1]))
            fail_msg("'%s' is followed as '%.*s'", pairs[i][0], VIEW_ARG(language));
    }
}

static void what_is_said_comes_before_what_is_followed(void **state)
{
    static const struct extract_header headers[] = {{VIEW("x-lang"), VIEW("en")}};
    const struct chat_message message = {CHAT_USER, VIEW("鬼滅の刃の一巻はいくらですか？")};
    const struct chat chat = {.messages = &message, .message_count = 1};
    struct extract_input input = {.headers = headers, .header_count = 1, .chat = &chat};
    struct extracted found;

    (void)state;
    const struct policy_extract *rules =
        rules_of("language: [{header: x-lang}, {follow: question}]");
    assert_int_equal(extract_run(rules, &input, &arena, &found), 0);
    expect_view(found.language, "en");
    assert_false(found.is_followed);
    input.header_count = 0;
    assert_int_equal(extract_run(rules, &input, &arena, &found), 0);
    expect_view(found.language, "ja");
    assert_true(found.is_followed);
    assert_int_equal(extract_run(rules_of("language: []"), &input, &arena, &found), 0);
    assert_int_equal(found.language.len, 0);
}

static void wrong_rules_are_told_with_place_and_remedy(void **state)
{
    static const char *const pairs[][2] = {
        {"source: []", "did you mean 'sources'?"},
        {"sources: 5", "1:10: rules are a mapping, or a list"},
        {"sources: [{tag: a, header: b}]", "a rule has one of"},
        {"sources: [{}]", "a rule has one of"},
        {"sources: [{tags: a}]", "did you mean 'tag'?"},
        {"sources: [{follow: question}]", "'follow' tells the language alone"},
        {"format: [{tool_results: true}]", "'tool_results' are sources alone"},
        {"sources: [{tag: ''}]", "this rule names nothing"},
        {"language: {follow: answer}", "'follow' must be one of question"},
        {"sources: [tool_results]", "must be a mapping"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct problems problems;
        struct json *root = NULL;
        struct err err = {0};
        const struct policy_extract *rules = NULL;

        problems_init(&problems, &arena, view_of("p.yaml"));
        const struct config_reader reader = {&arena, &problems, {NULL, 0}};
        assert_int_equal(yaml_parse(&arena, view_of("p.yaml"), view_of(pairs[i][0]), &root, &err),
                         0);
        assert_int_equal(extract_read(&reader, root, &rules), 0);
        if (problems.total == 0 || strstr(problems.items[0].text, pairs[i][1]) == NULL)
            fail_msg("%s\n  gave: %s", pairs[i][0],
                     problems.total > 0 ? problems.items[0].text : "nothing");
    }
}

/* A prompt full of tags that are never closed, or not even tags, takes no longer than it should. */
static void hostile_tags_take_linear_time(void **state)
{
    static const char *const units[] = {"<documents>", "<documents ", "<a", "</documents>", "<<>>"};
    enum { TEXT_SIZE = 4 << 20 };
    char *text = mem_new(TEXT_SIZE + 1, 1);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i]);
        for (size_t at = 0; at + len <= TEXT_SIZE; at += len)
            memcpy(text + at, units[i], len);
        const struct extracted found = run_chat(extract_default(), "", text);
        assert_int_equal(found.source_count, 0);
    }
    mem_free(text);
}

static void more_sources_than_there_may_be_are_left_out(void **state)
{
    struct strbuf text;

    (void)state;
    strbuf_init(&text, 1 << 20);
    for (unsigned i = 0; i < EXTRACT_SOURCES_MAX + 100; i++)
        strbuf_printf(&text, "<context>%u</context>", i);
    const struct extracted found = run_chat(extract_default(), "", strbuf_text(&text));
    assert_int_equal(found.source_count, EXTRACT_SOURCES_MAX);
    strbuf_release(&text);
}

static void a_failed_allocation_is_an_error(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 50; n++) {
        struct arena own;
        struct extracted found;
        const struct chat_message message = {
            CHAT_USER, VIEW("<documents>source</documents>鬼滅の刃の一巻はいくらですか？")};
        const struct chat chat = {.messages = &message, .message_count = 1};
        const struct extract_input input = {.chat = &chat};
        arena_init(&own, 16 << 20);
        mem_fail_at(n);
        int code = extract_run(extract_default(), &input, &own, &found);
        mem_fail_at(0);
        arena_release(&own);
        assert_true(code == 0 || code == ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_tagged_block_is_a_source_and_no_part_of_the_question),
        TEST(inner_blocks_of_one_tag_are_sources_of_their_own),
        TEST(a_block_with_markup_inside_stays_one_source),
        TEST(any_tag_name_can_be_a_rule),
        TEST(blocks_of_the_assistant_are_no_sources),
        TEST(an_unclosed_block_is_none),
        TEST(headers_and_metadata_are_read_without_regard_to_case_and_inwards),
        TEST(a_language_or_format_that_is_none_counts_as_not_said),
        TEST(results_of_tools_are_read_in_the_form_of_each_api),
        TEST(the_language_of_a_clear_question_is_followed),
        TEST(what_is_said_comes_before_what_is_followed),
        TEST(wrong_rules_are_told_with_place_and_remedy),
        TEST(hostile_tags_take_linear_time),
        TEST(more_sources_than_there_may_be_are_left_out),
        TEST(a_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
