/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic: every shape of a log's line, the template, clusters, and each language's share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/golden/traffic.h"

static int read_line(struct arena *arena, const char *json, struct traffic_record *record,
                     struct err *err)
{
    struct json *tree = NULL;

    assert_int_equal(json_parse(arena, view_of(json), &tree, NULL), 0);
    return traffic_read(arena, tree, record, err);
}

static void every_shape_of_a_line_is_read(void **state)
{
    static const char *const lines[] = {
        "{\"question\": \"q\", \"system\": \"s\", \"response\": \"r\"}",
        "{\"prompt\": \"q\", \"system_prompt\": \"s\", \"answer\": \"r\"}",
        "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", "
        "\"content\": \"q\"}], \"response\": {\"choices\": [{\"message\": {\"content\": \"r\"}}]}}",
        "{\"request\": {\"system\": [{\"text\": \"s\"}], \"messages\": [{\"role\": \"user\", "
        "\"content\": [{\"type\": \"text\", \"text\": \"q\"}]}]}, \"response\": {\"content\": "
        "[{\"type\": \"text\", \"text\": \"r\"}]}}",
        "{\"body\": {\"instructions\": \"s\", \"input\": [{\"role\": \"user\", \"content\": "
        "\"q\"}]}, \"response\": {\"body\": {\"output\": [{\"content\": [{\"text\": \"r\"}]}]}}}",
        "{\"modelId\": \"m\", \"input\": {\"inputBodyJson\": {\"system\": \"s\", \"messages\": "
        "[{\"role\": \"user\", \"content\": \"q\"}]}}, \"output\": {\"outputBodyJson\": "
        "{\"output\": {\"message\": {\"content\": [{\"text\": \"r\"}]}}}}}",
        "{\"input\": {\"inputBodyJson\": {\"system\": \"s\", \"messages\": [{\"role\": \"user\", "
        "\"content\": \"q\"}]}}, \"output\": {\"outputBodyJson\": [{\"type\": \"message_start\"}, "
        "{\"delta\": {\"text\": \"\"}}, {\"delta\": {\"text\": \"r\"}}]}}",
        "{\"timestamp\": 1, \"message\": \"{\\\"question\\\": \\\"q\\\", \\\"system\\\": "
        "\\\"s\\\", "
        "\\\"response\\\": \\\"r\\\"}\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct traffic_record record;
        struct arena arena;
        struct err err = {.code = 0};
        arena_init(&arena, 1 << 24);
        if (read_line(&arena, lines[i], &record, &err) != 0)
            fail_msg("%s: %s", lines[i], err.text);
        if (!view_is(record.question, "q") || !view_is(record.system, "s")
            || !view_is(record.response, "r"))
            fail_msg("%s", lines[i]);
        arena_release(&arena);
    }
}

static void a_line_without_a_question_is_told(void **state)
{
    static const char *const lines[] = {"{}",
                                        "[1]",
                                        "{\"question\": \" \"}",
                                        "{\"messages\": []}",
                                        "{\"question\": 3}",
                                        "{\"messages\": [{\"role\": \"assistant\", \"content\": "
                                        "\"x\"}]}"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct traffic_record record;
        struct arena arena;
        struct err err = {.code = 0};
        arena_init(&arena, 1 << 24);
        assert_int_equal(read_line(&arena, lines[i], &record, &err), ERR_SYNTAX);
        assert_true(err.text[0] != '\0');
        arena_release(&arena);
    }
}

static void add(struct traffic *traffic, const char *question, const char *response, uint64_t line)
{
    const struct traffic_record record = {.question = view_of(question),
                                          .response = view_of(response)};

    assert_int_equal(traffic_add(traffic, &record, line), 0);
}

static void questions_past_the_most_clusters_are_counted_alone(void **state)
{
    enum { QUESTIONS = TRAFFIC_CLUSTERS_MAX + 500 };
    struct traffic_proposals proposals;
    struct traffic *traffic;
    struct arena arena;
    struct rng rng;

    (void)state;
    arena_init(&arena, 1 << 24);
    rng_init(&rng, 5);
    assert_int_equal(traffic_new(&traffic), 0);
    for (uint64_t i = 0; i < QUESTIONS; i++) {
        char question[33] = "";
        for (size_t at = 0; at + 1 < sizeof question; at++)
            question[at] = (char)('a' + rng_below(&rng, 26));
        add(traffic, question, "", i + 1);
    }
    assert_int_equal(traffic_propose(traffic, &arena, 10, &proposals), 0);
    assert_int_equal(proposals.questions, QUESTIONS);
    assert_int_equal(proposals.clusters, TRAFFIC_CLUSTERS_MAX);
    assert_int_equal(proposals.uncounted, QUESTIONS - TRAFFIC_CLUSTERS_MAX);
    traffic_free(traffic);
    arena_release(&arena);
}

static void near_equal_questions_are_one_and_the_template_is_found(void **state)
{
    struct traffic *traffic = NULL;
    struct traffic_proposals proposals;
    struct arena arena;
    char text[256];

    (void)state;
    arena_init(&arena, 1 << 24);
    assert_int_equal(traffic_new(&traffic), 0);
    for (unsigned i = 0; i < 1200; i++) { /* past the sample */
        static const char *const forms[][2] = {{"Where is my order ", " now?"},
                                               {"注文", "はいつ届きますか？ 教えてください。"},
                                               {"How much does volume ", " cost?"}};
        char question[128];
        snprintf(question, sizeof question, "%s%04u%s", forms[i % 3][0], i, forms[i % 3][1]);
        snprintf(text, sizeof text, "You are asked by a customer:\n%s\nAnswer politely.", question);
        add(traffic, text, "fine", i + 1);
    }
    assert_int_equal(traffic_propose(traffic, &arena, 10, &proposals), 0);
    assert_true(view_is(proposals.template,
                        "You are asked by a customer:\n{{question}}\nAnswer politely."));
    assert_int_equal(proposals.questions, 1200);
    assert_int_equal(proposals.count, 3);
    uint64_t sum = 0;
    for (size_t i = 0; i < proposals.count; i++) {
        sum += proposals.items[i].count;
        assert_true(i == 0 || proposals.items[i].count <= proposals.items[i - 1].count);
    }
    assert_int_equal(sum, 1200);
    traffic_free(traffic);
    arena_release(&arena);
}

static void a_language_that_is_rare_is_not_left_out(void **state)
{
    struct traffic *traffic = NULL;
    struct traffic_proposals proposals;
    struct arena arena;
    size_t japanese = 0;

    (void)state;
    arena_init(&arena, 1 << 24);
    assert_int_equal(traffic_new(&traffic), 0);
    for (unsigned i = 0; i < 400; i++) {
        static const char *const words[] = {"apple",  "zebra",  "quartz", "velvet", "jungle",
                                            "copper", "winter", "oxygen", "kidney", "humble"};
        char question[128];
        snprintf(question, sizeof question, "%s %s or %s, please?", words[i % 10],
                 words[i / 10 % 10], words[i / 100 % 10]);
        add(traffic, question, "", i);
    }
    add(traffic, "鬼滅の刃の続きはありますか", "はい、ございます。", 900);
    add(traffic, "送料はいくらになりますか", "送料は300円です。", 901);
    assert_int_equal(traffic_propose(traffic, &arena, 12, &proposals), 0);
    assert_int_equal(proposals.count, 12);
    for (size_t i = 0; i < proposals.count; i++)
        if (view_is(proposals.items[i].language, "ja")) {
            japanese++;
            assert_true(view_is(proposals.items[i].answer_language, "ja"));
            assert_int_equal(proposals.items[i].max_chars, 100);
        }
    assert_int_equal(japanese, 2);
    traffic_free(traffic);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_past_the_most_clusters_are_counted_alone),
        cmocka_unit_test(every_shape_of_a_line_is_read),
        cmocka_unit_test(a_line_without_a_question_is_told),
        cmocka_unit_test(near_equal_questions_are_one_and_the_template_is_found),
        cmocka_unit_test(a_language_that_is_rare_is_not_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
