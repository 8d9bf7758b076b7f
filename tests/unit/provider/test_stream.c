/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams of every API: the same events and the same reply however the bytes are split, errors in
 * the midst, streams that end before their time, bytes that are no stream. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "provider/stream.h"
#include "wire/base64.h"
#include "wire/eventstream.h"

enum { BYTES_MAX = 1 << 20 };

/* What a stream said. */
struct heard {
    char text[4096];   /* deltas, joined by '|' where they were not split by us */
    char joined[4096]; /* deltas joined */
    int deltas;
    int done;
    struct reply reply;
};

static const struct provider_target openai = {
    .kind = PROVIDER_OPENAI, .name = VIEW("o"), .model = VIEW("m"), .api_key = VIEW("sk-secret-1")};
static const struct provider_target anthropic = {
    .kind = PROVIDER_ANTHROPIC, .name = VIEW("a"), .model = VIEW("m")};
static const struct provider_target converse = {
    .kind = PROVIDER_BEDROCK, .name = VIEW("b"), .model = VIEW("nova")};
static const struct provider_target invoke = {.kind = PROVIDER_BEDROCK,
                                              .api = PROVIDER_API_INVOKE,
                                              .name = VIEW("i"),
                                              .model = VIEW("anthropic.claude")};
static const struct provider_target any = {
    .kind = PROVIDER_HTTP, .name = VIEW("h"), .url = VIEW("http://127.0.0.1:1/")};

static const char *const SSE = "text/event-stream; charset=utf-8";
static const char *const FRAMES = "application/vnd.amazon.eventstream";

static struct provider_stream *open_stream(const struct provider_target *target, const char *type)
{
    struct http_response head = {.status = 200};
    struct provider_stream *stream = NULL;

    assert_int_equal(
        http_header_add(&head.headers, (struct view)VIEW("Content-Type"), view_of(type)), 0);
    assert_int_equal(http_header_add(&head.headers, (struct view)VIEW("x-request-id"),
                                     (struct view)VIEW("id-7")),
                     0);
    assert_int_equal(provider_stream_new(target, &head, &stream), 0);
    return stream;
}

static void hear(struct fixture *fixture, const struct provider_target *target, const char *type,
                 struct view bytes, size_t piece, struct heard *heard)
{
    struct provider_stream *stream = open_stream(target, type);
    struct stream_event event;

    *heard = (struct heard){0};
    for (size_t at = 0; at < bytes.len; at += piece) {
        struct view rest = view_slice(bytes, at, at + piece);
        int code;
        while ((code = provider_stream_feed(stream, &rest, &event)) == 1) {
            assert_true(heard->done == 0);
            heard->done += event.kind == STREAM_DONE;
            if (!stream_event_is_answer(&event))
                continue;
            assert_true(event.text.len > 0);
            heard->deltas++;
            snprintf(heard->text + strlen(heard->text), 200, "%.*s|", VIEW_ARG(event.text));
            snprintf(heard->joined + strlen(heard->joined), 200, "%.*s", VIEW_ARG(event.text));
        }
        assert_int_equal(code, 0);
    }
    assert_int_equal(provider_stream_reply(stream, &fixture->arena, &heard->reply), 0);
    provider_stream_free(stream);
}

/* The same whatever the split. */
static void expect_stream(const struct provider_target *target, const char *type, struct view bytes,
                          const char *text, struct heard *ret_heard)
{
    for (size_t piece = 1; piece <= bytes.len; piece += piece < 64 ? 1 : 97) {
        struct fixture fixture;
        fixture_init(&fixture);
        hear(&fixture, target, type, bytes, piece, ret_heard);
        if (ret_heard->reply.code != 0)
            fail_msg("%.*s", VIEW_ARG(ret_heard->reply.error_text));
        assert_string_equal(ret_heard->text, text);
        assert_true(view_is(ret_heard->reply.text, ret_heard->joined));
        assert_true(view_is(ret_heard->reply.request_id, "id-7"));
        ret_heard->reply.stop_text = (struct view){0};
        fixture_release(&fixture);
    }
}

static void expect_broken(const struct provider_target *target, const char *type, struct view bytes,
                          int code, bool may_retry, const char *says)
{
    for (size_t piece = 1; piece <= bytes.len; piece += piece < 64 ? 1 : 97) {
        struct fixture fixture;
        struct heard heard;
        struct view part = view_of(says);
        fixture_init(&fixture);
        hear(&fixture, target, type, bytes, piece, &heard);
        struct view text = heard.reply.error_text;
        if (heard.reply.code != code || view_find(text, part, 0) == text.len)
            fail_msg("%s: %.*s", err_name(heard.reply.code), VIEW_ARG(text));
        assert_int_equal(heard.reply.may_retry, may_retry);
        assert_int_equal(heard.reply.text.len, 0);
        assert_int_equal(view_find(text, (struct view)VIEW("sk-secret-1"), 0), text.len);
        fixture_release(&fixture);
    }
}

/* ---- OpenAI --------------------------------------------------------------------------------- */

#define CHUNK(rest) "data: {\"object\":\"chat.completion.chunk\",\"model\":\"m-1\"," rest "}\n\n"

static void chat_completions_stream_text_stop_and_usage(void **state)
{
    (void)state;
    struct heard heard;

    expect_stream(
        &openai, SSE,
        (struct view)VIEW(
            ": hi\n\n" CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
                             "\"content\":\"\"}}]")
                CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Guten \"}}]")
                    CHUNK("\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]")
                        CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Tag 漫画\"}}]")
                            CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
                                  "\"length\"}],\"usage\":null")
                                CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
                                      "\"completion_tokens\":3,\"prompt_tokens_details\":"
                                      "{\"cached_tokens\":4}}") "data: [DONE]\n\ndata: junk\n\n"),
        "Guten |Tag 漫画|", &heard);
    assert_int_equal(heard.done, 1);
    assert_int_equal(heard.reply.stop, STOP_LENGTH);
    assert_true(heard.reply.usage.known);
    assert_int_equal(heard.reply.usage.tokens_in, 5);
    assert_int_equal(heard.reply.usage.cache_read_tokens, 4);
    assert_int_equal(heard.reply.usage.tokens_out, 3);
}

static void a_server_may_forget_done_after_its_last_word(void **state)
{
    (void)state;
    struct heard heard;

    expect_stream(&openai, SSE,
                  (struct view)VIEW(CHUNK("\"choices\":[{\"delta\":{\"content\":\"a\"},"
                                          "\"finish_reason\":\"stop\"}]")),
                  "a|", &heard);
    assert_false(heard.reply.usage.known);
    assert_int_equal(heard.reply.stop, STOP_END);
}

static void an_error_as_a_chunk_is_the_reply(void **state)
{
    (void)state;
    static const char start[] = CHUNK("\"choices\":[{\"delta\":{\"content\":\"a\"}}]");
    static const struct {
        const char *chunk;
        int code;
        bool may_retry;
        const char *says;
    } cases[] = {
        {"data: {\"error\":{\"message\":\"slow sk-secret-1\",\"type\":\"rate_limit_error\"}}\n\n",
         ERR_THROTTLED, true, "rate_limit_error: slow ***"},
        {"data: {\"object\":\"error\",\"message\":\"out of blocks\",\"type\":\"server_error\"}\n\n",
         ERR_UPSTREAM, true, "out of blocks"},
        {"event: error\ndata: {\"message\":\"boom\"}\n\n", ERR_UPSTREAM, false, "boom"},
        {"data: <html>\n\n", ERR_PROTOCOL, false, "event 2 of the stream, which is not JSON"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[1000];
        snprintf(bytes, sizeof bytes, "%s%s", start, cases[i].chunk);
        expect_broken(&openai, SSE, view_of(bytes), cases[i].code, cases[i].may_retry,
                      cases[i].says);
    }
}

static void a_stream_that_ends_before_its_time_says_how_far_it_got(void **state)
{
    (void)state;

    expect_broken(&openai, SSE,
                  (struct view)VIEW(CHUNK("\"choices\":[{\"delta\":{\"content\":\"abc\"}}]")),
                  ERR_CLOSED, true, "after 1 events and 3 bytes of text");
    expect_broken(&openai, SSE, (struct view)VIEW(": ping\n\n"), ERR_CLOSED, true,
                  "before its first event");
    expect_broken(&converse, FRAMES, (struct view)VIEW("\0\0\0"), ERR_CLOSED, true, "ended");
}

static void halves_of_characters_are_repaired(void **state)
{
    (void)state;
    struct heard heard;

    expect_stream(&openai, SSE,
                  (struct view)VIEW(CHUNK("\"choices\":[{\"delta\":{\"content\":\"\xe6\xbc\"}}]")
                                        CHUNK("\"choices\":[{\"delta\":{\"content\":\"b\"},"
                                              "\"finish_reason\":\"stop\"}]")),
                  "\xEF\xBF\xBD\xEF\xBF\xBD|b|", &heard);
    assert_true(heard.reply.text_repaired);
}

static void a_server_that_does_not_stream_is_understood_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    struct heard heard;

    fixture_init(&fixture);
    hear(&fixture, &openai, "application/json",
         (struct view)VIEW("{\"choices\":[{\"message\":{\"content\":\"all\"}}]}"), 7, &heard);
    assert_int_equal(heard.reply.code, 0);
    assert_true(view_is(heard.reply.text, "all"));
    hear(&fixture, &openai, "text/html", (struct view)VIEW("<html>"), 7, &heard);
    assert_int_equal(heard.reply.code, ERR_PROTOCOL);
    fixture_release(&fixture);
}

/* ---- Anthropic ------------------------------------------------------------------------------ */

#define START \
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\"," \
    "\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}\n\n" \
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0," \
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" \
    "event: ping\ndata: {\"type\": \"ping\"}\n\n"
#define DELTA(text) \
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0," \
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"" text "\"}}\n\n"

static void messages_stream_text_stop_and_usage(void **state)
{
    (void)state;
    struct heard heard;

    expect_stream(
        &anthropic, SSE,
        (struct view)VIEW(START DELTA(
            "Hel") "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":"
                   "\"thinking_delta\",\"thinking\":\"hm\"}}\n\n" DELTA(
                       "lo") "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
                             "{\"stop_reason\":\"max_tokens\"},\"usage\":{\"output_tokens\":15}}"
                             "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
        "Hel|lo|", &heard);
    assert_int_equal(heard.done, 1);
    assert_int_equal(heard.reply.stop, STOP_LENGTH);
    assert_int_equal(heard.reply.usage.tokens_in, 25);
    assert_int_equal(heard.reply.usage.tokens_out, 15);
    assert_int_equal(heard.reply.usage.cache_read_tokens, 3);
}

static void an_error_event_is_the_reply(void **state)
{
    (void)state;

    expect_broken(&anthropic, SSE,
                  (struct view)VIEW(START DELTA("a") "event: error\ndata: {\"type\":\"error\","
                                                     "\"error\":{\"type\":\"overloaded_error\","
                                                     "\"message\":\"Overloaded\"}}\n\n"),
                  ERR_UPSTREAM, true, "broke off with an error: overloaded_error: Overloaded");
    expect_broken(&anthropic, SSE, (struct view)VIEW(START DELTA("a")), ERR_CLOSED, true,
                  "in the midst");
}

/* ---- Bedrock -------------------------------------------------------------------------------- */

static void add_frame(struct strbuf *out, const char *kind, const char *name, const char *type,
                      const char *payload)
{
    const struct eventstream_header headers[] = {
        {.name = VIEW(":message-type"), .type = EVENTSTREAM_STRING, .bytes = view_of(kind)},
        {.name = view_of(name), .type = EVENTSTREAM_STRING, .bytes = view_of(type)},
    };
    assert_int_equal(eventstream_write(out, headers, 2, view_of(payload), NULL), 0);
}

static void add_event(struct strbuf *out, const char *type, const char *payload)
{
    add_frame(out, "event", ":event-type", type, payload);
}

static void add_chunk(struct strbuf *out, const char *json)
{
    struct strbuf payload;
    strbuf_init(&payload, BYTES_MAX);
    strbuf_add_text(&payload, "{\"bytes\":\"");
    base64_encode(&payload, view_of(json));
    strbuf_add_text(&payload, "\",\"p\":\"abcd\"}");
    add_event(out, "chunk", strbuf_text(&payload));
    strbuf_release(&payload);
}

static void converse_streams_text_stop_and_usage(void **state)
{
    (void)state;
    struct strbuf out;
    struct heard heard;

    strbuf_init(&out, BYTES_MAX);
    add_event(&out, "messageStart", "{\"role\":\"assistant\"}");
    add_event(&out, "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi \"}}");
    add_event(&out, "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"you\"}}");
    add_event(&out, "contentBlockStop", "{\"contentBlockIndex\":0}");
    add_event(&out, "messageStop", "{\"stopReason\":\"end_turn\"}");
    add_event(&out, "metadata",
              "{\"usage\":{\"inputTokens\":7,\"outputTokens\":2,\"totalTokens\":9},"
              "\"metrics\":{\"latencyMs\":5}}");
    expect_stream(&converse, FRAMES, strbuf_view(&out), "Hi |you|", &heard);
    assert_int_equal(heard.done, 1);
    assert_int_equal(heard.reply.stop, STOP_END);
    assert_int_equal(heard.reply.usage.tokens_in, 7);
    assert_int_equal(heard.reply.usage.tokens_out, 2);
    strbuf_release(&out);
}

static void claude_streams_through_invoke(void **state)
{
    (void)state;
    struct strbuf out;
    struct heard heard;

    strbuf_init(&out, BYTES_MAX);
    add_chunk(&out, "{\"type\":\"message_start\",\"message\":{\"model\":\"claude-3\",\"usage\":"
                    "{\"input_tokens\":11,\"output_tokens\":1}}}");
    add_chunk(&out, "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
                    "\"text\":\"漫画\"}}");
    add_chunk(&out, "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"stop_sequence\"},"
                    "\"usage\":{\"output_tokens\":4}}");
    add_chunk(&out, "{\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":"
                    "{\"inputTokenCount\":1,\"outputTokenCount\":1}}");
    expect_stream(&invoke, FRAMES, strbuf_view(&out), "漫画|", &heard);
    assert_int_equal(heard.done, 1);
    assert_int_equal(heard.reply.stop, STOP_SEQUENCE);
    assert_int_equal(heard.reply.usage.tokens_in, 11);
    assert_int_equal(heard.reply.usage.tokens_out, 4);
    strbuf_release(&out);
}

static void other_models_stream_their_text_and_bedrocks_counts(void **state)
{
    (void)state;
    static const char *const chunks[][2] = {
        {"{\"outputText\":\"hi\",\"completionReason\":null}",
         "{\"outputText\":\"\",\"completionReason\":\"FINISH\","},
        {"{\"generation\":\"hi\"}", "{\"generation\":\"\",\"stop_reason\":\"stop\","},
        {"{\"contentBlockDelta\":{\"delta\":{\"text\":\"hi\"}}}",
         "{\"messageStop\":{\"stopReason\":\"end_turn\"},"},
        {"{\"outputs\":[{\"text\":\"hi\"}]}",
         "{\"outputs\":[{\"text\":\"\",\"stop_reason\":\"stop\"}],"},
    };

    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        struct strbuf out;
        struct heard heard;
        char last[300];
        strbuf_init(&out, BYTES_MAX);
        add_chunk(&out, chunks[i][0]);
        snprintf(last, sizeof last,
                 "%s\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":6,"
                 "\"outputTokenCount\":8}}",
                 chunks[i][1]);
        add_chunk(&out, last);
        expect_stream(&invoke, FRAMES, strbuf_view(&out), "hi|", &heard);
        assert_int_equal(heard.reply.usage.tokens_in, 6);
        assert_int_equal(heard.reply.usage.tokens_out, 8);
        strbuf_release(&out);
    }
}

static void an_exception_in_the_midst_is_the_reply(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int code;
        bool may_retry;
    } cases[] = {
        {"throttlingException", ERR_THROTTLED, true},
        {"modelStreamErrorException", ERR_UPSTREAM, true},
        {"modelTimeoutException", ERR_TIMEOUT, true},
        {"internalServerException", ERR_UPSTREAM, true},
        {"serviceUnavailableException", ERR_UPSTREAM, true},
        {"validationException", ERR_REFUSED, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int of = 0; of < 2; of++) {
            struct strbuf out;
            char says[100];
            strbuf_init(&out, BYTES_MAX);
            if (of == 0)
                add_event(&out, "contentBlockDelta", "{\"delta\":{\"text\":\"a\"}}");
            else
                add_chunk(&out, "{\"type\":\"content_block_delta\",\"delta\":{\"type\":"
                                "\"text_delta\",\"text\":\"a\"}}");
            add_frame(&out, "exception", ":exception-type", cases[i].type,
                      "{\"message\":\"Too bad\"}");
            snprintf(says, sizeof says, "%s: Too bad", cases[i].type);
            expect_broken(of == 0 ? &converse : &invoke, FRAMES, strbuf_view(&out), cases[i].code,
                          cases[i].may_retry, says);
            strbuf_release(&out);
        }
    }
}

static void frames_that_are_damaged_are_named(void **state)
{
    (void)state;
    struct strbuf out;

    strbuf_init(&out, BYTES_MAX);
    add_event(&out, "contentBlockDelta", "{\"delta\":{\"text\":\"a\"}}");
    size_t first = out.len;
    add_event(&out, "contentBlockDelta", "{\"delta\":{\"text\":\"b\"}}");
    out.ptr[out.len - 10] ^= 1; /* in the payload: its checksum is wrong */
    expect_broken(&converse, FRAMES, strbuf_view(&out), ERR_PROTOCOL, false,
                  "the server sent what is no AWS event stream after 1 events: ");
    out.ptr[out.len - 10] ^= 1;
    out.ptr[first] = 0x7f; /* 2 GiB announced, and the prelude's checksum is wrong */
    expect_broken(&converse, FRAMES, strbuf_view(&out), ERR_PROTOCOL, false, "after 1 events: ");
    strbuf_reset(&out);
    add_chunk(&out, "no json");
    expect_broken(&invoke, FRAMES, strbuf_view(&out), ERR_PROTOCOL, false, "is not JSON");
    strbuf_reset(&out);
    add_event(&out, "chunk", "{\"bytes\":\"%%%\"}");
    expect_broken(&invoke, FRAMES, strbuf_view(&out), ERR_PROTOCOL, false, "not base64");
    strbuf_release(&out);
}

/* ---- any server ----------------------------------------------------------------------------- */

static void events_of_any_server_are_its_answer(void **state)
{
    (void)state;
    struct heard heard;
    struct provider_target with_path = any;

    expect_stream(&any, SSE, (struct view)VIEW("data: one \n\ndata: {\"two\"}\n\n"),
                  "one |{\"two\"}|", &heard);
    with_path.text = (struct view)VIEW("delta.text");
    expect_stream(&with_path, SSE,
                  (struct view)VIEW("data: {\"delta\":{\"text\":\"a\"}}\n\ndata: {}\n\n"
                                    "data: {\"delta\":{\"text\":\"b\"}}\n\ndata: [DONE]\n\n"),
                  "a|b|", &heard);
    expect_broken(&any, SSE, (struct view)VIEW(": nothing\n\n"), ERR_CLOSED, true, "before");
}

/* ---- requests, memory ----------------------------------------------------------------------- */

static void a_request_asks_for_the_stream_as_its_api_wants(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    struct chat chat = fixture_chat(&fixture, "hi", NULL, NULL);
    struct provider_target bedrock = converse;

    chat.stream = true;
    expect_request(&fixture, &openai, &chat, "/v1/chat/completions",
                   "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                   "\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    expect_request(&fixture, &anthropic, &chat, "/v1/messages",
                   "{\"model\":\"m\",\"max_tokens\":1024,\"stream\":true,"
                   "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    bedrock.region = (struct view)VIEW("us-east-1");
    expect_request(&fixture, &bedrock, &chat, "/model/nova/converse-stream", NULL);
    bedrock.api = PROVIDER_API_INVOKE;
    bedrock.model = (struct view)VIEW("anthropic.claude");
    expect_request(&fixture, &bedrock, &chat, "/model/anthropic.claude/invoke-with-response-stream",
                   "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":1024,"
                   "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assert_true(view_is(http_header_get(&fixture.request.headers, "accept"),
                        "application/vnd.amazon.eventstream"));
    assert_true(view_is(http_header_get(&fixture.request.headers, "x-amzn-bedrock-accept"),
                        "application/json"));
    fixture_release(&fixture);
}

static void running_out_of_memory_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    static const struct view bytes =
        VIEW(START DELTA("abc") "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    static const struct http_response head = {.status = 200};

    for (unsigned long n = 1; n < 60; n++) {
        struct provider_stream *stream = NULL;
        struct stream_event event;
        struct view rest = bytes;
        struct fixture fixture;
        fixture_init(&fixture);
        mem_fail_at(n);
        int code = provider_stream_new(&anthropic, &head, &stream);
        while (code == 0 && rest.len > 0) {
            code = provider_stream_feed(stream, &rest, &event);
            code = code == 1 ? 0 : code;
        }
        struct reply reply;
        if (code == 0)
            code = provider_stream_reply(stream, &fixture.arena, &reply);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        provider_stream_free(stream);
        fixture_release(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_completions_stream_text_stop_and_usage),
        cmocka_unit_test(a_server_may_forget_done_after_its_last_word),
        cmocka_unit_test(an_error_as_a_chunk_is_the_reply),
        cmocka_unit_test(a_stream_that_ends_before_its_time_says_how_far_it_got),
        cmocka_unit_test(halves_of_characters_are_repaired),
        cmocka_unit_test(a_server_that_does_not_stream_is_understood_whole),
        cmocka_unit_test(messages_stream_text_stop_and_usage),
        cmocka_unit_test(an_error_event_is_the_reply),
        cmocka_unit_test(converse_streams_text_stop_and_usage),
        cmocka_unit_test(claude_streams_through_invoke),
        cmocka_unit_test(other_models_stream_their_text_and_bedrocks_counts),
        cmocka_unit_test(an_exception_in_the_midst_is_the_reply),
        cmocka_unit_test(frames_that_are_damaged_are_named),
        cmocka_unit_test(events_of_any_server_are_its_answer),
        cmocka_unit_test(a_request_asks_for_the_stream_as_its_api_wants),
        cmocka_unit_test(running_out_of_memory_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
