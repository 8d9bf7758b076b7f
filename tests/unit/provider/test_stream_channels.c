/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer in several choices or with tool calls: each delta says where it belongs, whatever the
 * API and however its bytes are cut; the reply is the first choice's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "provider/stream.h"
#include "wire/eventstream.h"

enum { CHANNELS_MAX = 8, BYTES_MAX = 1 << 20, ARENA_MAX = 1 << 24 };

static const struct provider_target openai = {.kind = PROVIDER_OPENAI, .model = VIEW("m")};
static const struct provider_target anthropic = {.kind = PROVIDER_ANTHROPIC, .model = VIEW("m")};
static const struct provider_target converse = {.kind = PROVIDER_BEDROCK, .model = VIEW("m")};
static const struct provider_target socket_plain = {.kind = PROVIDER_WEBSOCKET};
static const struct provider_target socket_json = {.kind = PROVIDER_WEBSOCKET,
                                                   .text = VIEW("message.text")};

static const char *const SSE = "text/event-stream";
static const char *const FRAMES = "application/vnd.amazon.eventstream";

struct channel {
    uint32_t choice;
    int32_t tool;
    struct strbuf text;
};

struct heard {
    struct channel channels[CHANNELS_MAX];
    size_t count;
    struct strbuf reply;
    int code;
};

static struct provider_stream *open_stream(const struct provider_target *target, const char *type)
{
    struct http_response head = {.status = 200};
    struct provider_stream *stream = NULL;

    assert_int_equal(
        http_header_add(&head.headers, (struct view)VIEW("content-type"), view_of(type)), 0);
    assert_int_equal(provider_stream_new(target, &head, &stream), 0);
    return stream;
}

static void take(struct heard *heard, const struct stream_event *event)
{
    size_t i = 0;

    if (event->kind != STREAM_TEXT)
        return;
    assert_true(event->text.len > 0);
    while (
        i < heard->count
        && (heard->channels[i].choice != event->choice || heard->channels[i].tool != event->tool))
        i++;
    assert_true(i < CHANNELS_MAX);
    if (i == heard->count) {
        heard->channels[i] = (struct channel){.choice = event->choice, .tool = event->tool};
        strbuf_init(&heard->channels[i].text, BYTES_MAX);
        heard->count++;
    }
    strbuf_add(&heard->channels[i].text, event->text);
}

static void take_reply(struct heard *heard, struct provider_stream *stream)
{
    struct arena arena;
    struct reply reply;

    arena_init(&arena, ARENA_MAX);
    assert_int_equal(provider_stream_reply(stream, &arena, &reply), 0);
    heard->code = reply.code;
    strbuf_init(&heard->reply, BYTES_MAX);
    strbuf_add(&heard->reply, reply.text);
    arena_release(&arena);
    provider_stream_free(stream);
}

static void hear(const struct provider_target *target, const char *type, struct view bytes,
                 size_t piece, struct heard *heard)
{
    struct provider_stream *stream = open_stream(target, type);
    struct stream_event event;

    *heard = (struct heard){0};
    for (size_t at = 0; at < bytes.len; at += piece) {
        struct view rest = view_slice(bytes, at, at + piece);
        while (provider_stream_feed(stream, &rest, &event) == 1)
            take(heard, &event);
    }
    take_reply(heard, stream);
}

static void forget(struct heard *heard)
{
    for (size_t i = 0; i < heard->count; i++)
        strbuf_release(&heard->channels[i].text);
    strbuf_release(&heard->reply);
}

static void expect_channel(const struct heard *heard, uint32_t choice, int32_t tool,
                           const char *text)
{
    for (size_t i = 0; i < heard->count; i++)
        if (heard->channels[i].choice == choice && heard->channels[i].tool == tool) {
            assert_string_equal(strbuf_text(&heard->channels[i].text), text);
            return;
        }
    fail_msg("no channel of choice %u, tool %d", choice, tool);
}

struct expected {
    uint32_t choice;
    int32_t tool;
    const char *text;
};

/* The same whatever the cuts. */
static void expect(const struct provider_target *target, const char *type, struct view bytes,
                   const char *reply, const struct expected *expected, size_t count)
{
    for (size_t piece = 1; piece <= bytes.len; piece += piece < 64 ? 1 : 97) {
        struct heard heard;
        hear(target, type, bytes, piece, &heard);
        assert_int_equal(heard.code, 0);
        assert_int_equal(heard.count, count);
        for (size_t i = 0; i < count; i++)
            expect_channel(&heard, expected[i].choice, expected[i].tool, expected[i].text);
        assert_string_equal(strbuf_text(&heard.reply), reply);
        forget(&heard);
    }
}

#define CHUNK(choices) "data: {\"object\":\"chat.completion.chunk\",\"choices\":[" choices "]}\n\n"
#define DONE "data: [DONE]\n\n"

static void choices_of_a_chat_completion_come_apart(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        {0, STREAM_NO_TOOL, "一つ目です。"},
        {1, STREAM_NO_TOOL, "二つ目😀 I refuse"},
        {7, STREAM_NO_TOOL, "third"},
    };

    expect(
        &openai, SSE,
        (struct view)VIEW(CHUNK("{\"index\":1,\"delta\":{\"content\":\"二つ\"}},"
                                "{\"index\":0,\"delta\":{\"content\":\"一つ目\"}}")
                              CHUNK("{\"index\":1,\"delta\":{\"content\":\"目\\ud83d\\ude00 \"}}")
                                  CHUNK("{\"index\":7,\"delta\":{\"content\":\"third\"}},"
                                        "{\"index\":-1,\"delta\":{\"content\":\"nowhere\"}}")
                                      CHUNK("{\"index\":1,\"delta\":{\"refusal\":\"I refuse\"}},"
                                            "{\"index\":0,\"delta\":{\"content\":\"です。\"},"
                                            "\"finish_reason\":\"stop\"}") DONE),
        "一つ目です。", expected, 3);
}

static void arguments_of_functions_come_apart_by_call(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        {0, STREAM_NO_TOOL, "見てみます"},
        {0, 0, "{\"title\":\"鬼滅\"}"},
        {0, 1, "{\"id\": 5}"},
        {1, 0, "{\"a\":[1,\"b\"]}"},
    };

    expect(
        &openai, SSE,
        (struct view)VIEW(
            CHUNK("{\"index\":0,\"delta\":{\"content\":\"見てみます\",\"tool_calls\":[{\"index\":0,"
                  "\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"find\","
                  "\"arguments\":\"\"}}]}}")
                CHUNK("{\"index\":0,\"delta\":{\"tool_calls\":["
                      "{\"index\":0,\"function\":{\"arguments\":\"{\\\"title\\\":\"}},"
                      "{\"index\":1,\"function\":{\"arguments\":\"{\\\"id\\\": \"}}]}}")
                    CHUNK("{\"index\":0,\"delta\":{\"tool_calls\":["
                          "{\"index\":1,\"function\":{\"arguments\":\"5}\"}},"
                          "{\"index\":0,\"function\":{\"arguments\":\"\\\"鬼滅\\\"}\"}}]}}")
                        CHUNK("{\"index\":1,\"delta\":{\"function_call\":{\"name\":\"old\","
                              "\"arguments\":{\"a\":[1,\"b\"]}}}}")
                            CHUNK("{\"index\":0,\"delta\":{},"
                                  "\"finish_reason\":\"tool_calls\"}") DONE),
        "見てみます", expected, 4);
}

#define EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"," rest "}\n\n"

static void input_of_claudes_tools_comes_apart_by_block(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        {0, STREAM_NO_TOOL, "Checking."},
        {0, 1, "{\"q\": \"ナルト\"}"},
        {0, 2, "{\"whole\":true}"},
    };

    expect(
        &anthropic, SSE,
        (struct view)VIEW(
            EVENT("message_start", "\"message\":{\"model\":\"c\",\"usage\":{\"input_tokens\":1}}")
                EVENT("content_block_start",
                      "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
                    EVENT("content_block_delta", "\"index\":0,\"delta\":{\"type\":\"text_delta\","
                                                 "\"text\":\"Checking.\"}")
                        EVENT("content_block_start",
                              "\"index\":1,\"content_block\":{\"type\":\"tool_use\","
                              "\"id\":\"t\",\"name\":\"find\",\"input\":{}}")
                            EVENT("content_block_delta",
                                  "\"index\":1,\"delta\":{\"type\":\"input_json_delta\","
                                  "\"partial_json\":\"{\\\"q\\\": \\\"ナ\"}")
                                EVENT("content_block_delta",
                                      "\"index\":1,\"delta\":{\"type\":\"input_json_delta\","
                                      "\"partial_json\":\"ルト\\\"}\"}")
                                    EVENT("content_block_start",
                                          "\"index\":2,\"content_block\":{\"type\":\"tool_use\","
                                          "\"input\":{\"whole\":true}}")
                                        EVENT("message_delta",
                                              "\"delta\":{\"stop_reason\":\"tool_use\"}")
                                            EVENT("message_stop", "\"x\":0")),
        "Checking.", expected, 3);
}

static void add_event(struct strbuf *out, const char *type, const char *payload)
{
    const struct eventstream_header headers[] = {
        {.name = VIEW(":message-type"), .type = EVENTSTREAM_STRING, .bytes = VIEW("event")},
        {.name = VIEW(":event-type"), .type = EVENTSTREAM_STRING, .bytes = view_of(type)},
    };
    assert_int_equal(eventstream_write(out, headers, 2, view_of(payload), NULL), 0);
}

static void input_of_converses_tools_comes_apart_by_block(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        {0, STREAM_NO_TOOL, "はい"},
        {0, 1, "{\"id\":\"A-1\"}"},
    };
    struct strbuf out;

    strbuf_init(&out, BYTES_MAX);
    add_event(&out, "messageStart", "{\"role\":\"assistant\"}");
    add_event(&out, "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"はい\"}}");
    add_event(&out, "contentBlockStart",
              "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"name\":\"find\"}}}");
    add_event(&out, "contentBlockDelta",
              "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":\"{\\\"id\\\":\"}}}");
    add_event(&out, "contentBlockDelta",
              "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":\"\\\"A-1\\\"}\"}}}");
    add_event(&out, "messageStop", "{\"stopReason\":\"tool_use\"}");
    add_event(&out, "metadata", "{\"usage\":{\"inputTokens\":7,\"outputTokens\":2}}");
    expect(&converse, FRAMES, strbuf_view(&out), "はい", expected, 2);
    strbuf_release(&out);
}

static void hear_messages(const struct provider_target *target, const char *const *messages,
                          struct heard *heard)
{
    struct provider_stream *stream = open_stream(target, "");
    struct stream_event event;

    *heard = (struct heard){0};
    for (; *messages != NULL; messages++) {
        struct view rest = view_of(*messages);
        while (provider_stream_message(stream, &rest, &event) == 1)
            take(heard, &event);
    }
    take_reply(heard, stream);
}

static void messages_of_a_socket_are_events(void **state)
{
    (void)state;
    static const char *const plain[] = {"こん", "にちは", "[DONE]", "junk", NULL};
    static const char *const json[] = {"{\"message\":{\"text\":\"こん\"}}", "{\"ping\":1}",
                                       "{\"message\":{\"text\":\"にちは\"}}", NULL};
    struct heard heard;

    hear_messages(&socket_plain, plain, &heard);
    expect_channel(&heard, 0, STREAM_NO_TOOL, "こんにちは");
    assert_string_equal(strbuf_text(&heard.reply), "こんにちは");
    forget(&heard);
    hear_messages(&socket_json, json, &heard);
    expect_channel(&heard, 0, STREAM_NO_TOOL, "こんにちは");
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.code, 0);
    forget(&heard);
}

static void too_many_channels_in_one_event_are_refused(void **state)
{
    (void)state;
    struct strbuf out;
    struct heard heard;

    strbuf_init(&out, BYTES_MAX);
    strbuf_add_text(&out, "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[");
    for (int i = 0; i < 300; i++)
        strbuf_printf(&out, "%s{\"index\":2,\"function\":{\"arguments\":\"x\"}}", i > 0 ? "," : "");
    strbuf_add_text(&out, "]}}]}\n\n");
    hear(&openai, SSE, strbuf_view(&out), out.len, &heard);
    assert_int_equal(heard.code, ERR_LIMIT);
    forget(&heard);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_of_a_chat_completion_come_apart),
        cmocka_unit_test(arguments_of_functions_come_apart_by_call),
        cmocka_unit_test(input_of_claudes_tools_comes_apart_by_block),
        cmocka_unit_test(input_of_converses_tools_comes_apart_by_block),
        cmocka_unit_test(messages_of_a_socket_are_events),
        cmocka_unit_test(too_many_channels_in_one_event_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
