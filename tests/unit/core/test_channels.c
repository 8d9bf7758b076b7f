/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams of providers, validated as they come: the simulator's answers in every API's stream, and
 * answers of several choices and tool calls; bytes of the wire cut anywhere. */
#include "validate_rig.h"

#include "base/mem.h"
#include "core/sim/service.h"
#include "core/validate/channels.h"
#include "provider/stream.h"

enum { TEXT_MAX = 1 << 22, CHANNELS_MAX = 8 };

struct left {
    struct channel_key key;
    struct strbuf text;
};

struct wire {
    struct validate_channels *channels;
    struct left left[CHANNELS_MAX];
    size_t count;
    struct channels_validated result;
};

static void wire_release(struct wire *wire)
{
    for (size_t i = 0; i < wire->count; i++)
        strbuf_release(&wire->left[i].text);
    wire->count = 0;
}

static void take_left(struct wire *wire, struct channel_key key)
{
    struct view text;
    size_t i = 0;

    while (i < wire->count
           && (wire->left[i].key.choice != key.choice || wire->left[i].key.tool != key.tool))
        i++;
    if (i == wire->count) {
        assert_true(i < CHANNELS_MAX);
        wire->left[i].key = key;
        strbuf_init(&wire->left[i].text, TEXT_MAX);
        wire->count++;
    }
    assert_int_equal(validate_channels_release(wire->channels, key, &text), 0);
    strbuf_add(&wire->left[i].text, text);
}

static const char *left_of(const struct wire *wire, uint32_t choice, int32_t tool)
{
    for (size_t i = 0; i < wire->count; i++)
        if (wire->left[i].key.choice == choice && wire->left[i].key.tool == tool)
            return strbuf_text(&wire->left[i].text);
    return "(no such channel)";
}

/* Bytes of a response, in pieces as TCP may bring them → deltas → channels → the verdict. */
static void stream(struct rig *rig, struct wire *wire, const struct provider_target *target,
                   const char *type, struct view bytes, size_t piece)
{
    const struct validate_situation situation = {0};
    struct http_response head = {.status = 200};
    struct provider_stream *stream = NULL;
    struct stream_event event;

    assert_int_equal(http_header_add(&head.headers, view_of("content-type"), view_of(type)), 0);
    assert_int_equal(provider_stream_new(target, &head, &stream), 0);
    validate_channels_begin(wire->channels, &rig->subject);
    for (size_t at = 0; at < bytes.len; at += piece) {
        struct view rest = view_slice(bytes, at, at + piece);
        while (provider_stream_feed(stream, &rest, &event) == 1) {
            struct channel_key key = {event.choice, event.tool};
            if (event.kind != STREAM_TEXT)
                continue;
            assert_int_equal(validate_channels_feed(wire->channels, key, event.text, NULL), 0);
            take_left(wire, key);
        }
    }
    provider_stream_free(stream);
    assert_int_equal(validate_channels_end(wire->channels, &rig->subject, NULL), 0);
    for (size_t i = 0; i < validate_channels_count(wire->channels); i++)
        take_left(wire, validate_channels_key(wire->channels, i));
    assert_int_equal(validate_channels_decide(wire->channels, &situation, &wire->result, NULL), 0);
}

static void open_wire(struct rig *rig, struct wire *wire)
{
    *wire = (struct wire){0};
    assert_int_equal(validate_channels_new(&rig->policy, NULL, rig->scratch, &wire->channels), 0);
}

/* ---- the simulator -------------------------------------------------------------------------- */

/* In every answer, and what the policy of the test masks. */
static const char word[] = "manga";

#define ASKED "Tell me about the manga Demon Slayer, 鬼滅の刃"
#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"" ASKED "\"}]}"

static const struct {
    struct provider_target target;
    const char *path;
    const char *body;
    const char *type;
} apis[] = {
    {{.kind = PROVIDER_OPENAI, .model = VIEW("sim")},
     "/v1/chat/completions",
     "{\"model\":\"sim\",\"stream\":true," MESSAGES,
     "text/event-stream"},
    {{.kind = PROVIDER_ANTHROPIC, .model = VIEW("sim")},
     "/v1/messages",
     "{\"model\":\"sim\",\"max_tokens\":500,\"stream\":true," MESSAGES,
     "text/event-stream"},
    {{.kind = PROVIDER_BEDROCK, .model = VIEW("sim")},
     "/model/sim/converse-stream",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"" ASKED "\"}]}]}",
     "application/vnd.amazon.eventstream"},
    {{.kind = PROVIDER_BEDROCK, .api = PROVIDER_API_INVOKE, .model = VIEW("anthropic.claude")},
     "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream",
     "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":500," MESSAGES,
     "application/vnd.amazon.eventstream"},
};

/* The bytes of the simulator's streamed answer. */
static void serve(struct rig *rig, size_t api, struct strbuf *bytes)
{
    const struct sim_service_options options = {.sim = sim_default()};
    struct sim_service *service = NULL;
    struct http_request request = {.method = VIEW("POST"), .target = view_of(apis[api].path)};
    struct sim_served served;

    request.body = view_of(apis[api].body);
    assert_int_equal(
        http_header_add(&request.headers, view_of("anthropic-version"), view_of("2023-06-01")), 0);
    assert_int_equal(sim_service_new(&options, 0, &service), 0);
    assert_int_equal(sim_service_serve(service, 0, &request, &rig->arena, &served), 0);
    if (served.response.status != 200)
        fail_msg("%s: %.*s", apis[api].path, VIEW_ARG(served.response.body));
    for (size_t i = 0; i < served.piece_count; i++)
        strbuf_add(bytes, served.pieces[i].bytes);
    sim_service_free(service);
}

/* What a part of a text leaves as where it is masked. */
static void masked_of(struct view text, struct view part, const char *mask, struct strbuf *out)
{
    size_t at = 0;

    while (at < text.len) {
        size_t found = view_find(text, part, at);
        strbuf_add(out, view_slice(text, at, found));
        if (found < text.len)
            strbuf_add_text(out, mask);
        at = found < text.len ? found + part.len : text.len;
    }
}

static void hear_answer(struct rig *rig, size_t api, struct view bytes, struct strbuf *answer)
{
    struct wire wire;

    open_wire(rig, &wire);
    stream(rig, &wire, &apis[api].target, apis[api].type, bytes, bytes.len);
    strbuf_add_text(answer, left_of(&wire, 0, CHANNEL_TEXT));
    validate_channels_free(wire.channels);
    wire_release(&wire);
}

static void check_api(size_t api)
{
    struct rig plain;
    struct rig strict;
    struct wire wire;
    struct strbuf bytes;
    struct strbuf answer;
    struct strbuf expected;
    struct strbuf *const all[] = {&bytes, &answer, &expected};

    for (size_t i = 0; i < 3; i++)
        strbuf_init(all[i], TEXT_MAX);
    rig_new(&plain, "checks: [length]");
    rig_new(&strict, "checks: [{check: pattern.title, not: manga, action: mask}]");
    serve(&plain, api, &bytes);
    hear_answer(&plain, api, strbuf_view(&bytes), &answer);
    masked_of(strbuf_view(&answer), view_of(word), "[TITLE]", &expected);
    if (view_equal(strbuf_view(&answer), strbuf_view(&expected)))
        fail_msg("%s does not say it: %s", apis[api].path, strbuf_text(&answer));
    open_wire(&strict, &wire);
    for (size_t piece = 1; piece < bytes.len; piece += piece < 16 ? 1 : 211) {
        stream(&strict, &wire, &apis[api].target, apis[api].type, strbuf_view(&bytes), piece);
        const char *left = left_of(&wire, 0, CHANNEL_TEXT);
        assert_string_equal(left, strbuf_text(&expected));
        assert_true(wire.result.is_masked);
        assert_int_equal(wire.result.decision, VALIDATE_ACCEPT);
        wire_release(&wire);
    }
    validate_channels_free(wire.channels);
    rig_free(&plain);
    rig_free(&strict);
    for (size_t i = 0; i < 3; i++)
        strbuf_release(all[i]);
}

static void the_simulators_streams_are_validated_in_every_api(void **state)
{
    (void)state;
    for (size_t api = 0; api < sizeof apis / sizeof apis[0]; api++)
        check_api(api);
}

/* ---- choices and tools ---------------------------------------------------------------------- */

static const struct provider_target openai = {.kind = PROVIDER_OPENAI, .model = VIEW("m")};

#define CHUNK(choices) "data: {\"object\":\"chat.completion.chunk\",\"choices\":[" choices "]}\n\n"
#define TEXT(choice, text) "{\"index\":" choice ",\"delta\":{\"content\":\"" text "\"}}"
#define CALL(tool, text) \
    "{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":" tool \
    ",\"function\":{\"arguments\":\"" text "\"}}]}}"
#define DONE "data: [DONE]\n\n"

static void each_choice_and_call_is_masked_by_itself(void **state)
{
    (void)state;
    static const struct view bytes = VIEW(
        CHUNK(TEXT("0", "連絡先はta") "," TEXT("1", "別案：090-12"))
            CHUNK(CALL("0", "{\\\"to\\\": \\\"ta")) CHUNK(TEXT("1", "34-5678です😀👨‍"))
                CHUNK(TEXT("0", "ro@example.comで")) CHUNK(CALL("0", "ro\\\\u0040example.com\\\"}"))
                    CHUNK(TEXT("0", "す。か")) CHUNK(TEXT("0", "\xe3\x82\x99"))
                        CHUNK(TEXT("1", "👩‍👧。")) DONE);
    struct rig rig;
    struct wire wire;

    rig_new(&rig, "checks: [{check: safety.personal_data, action: mask}]");
    open_wire(&rig, &wire);
    for (size_t piece = 1; piece <= bytes.len; piece++) {
        stream(&rig, &wire, &openai, "text/event-stream", bytes, piece);
        assert_string_equal(left_of(&wire, 0, CHANNEL_TEXT), "連絡先は[EMAIL]です。か\xe3\x82\x99");
        assert_string_equal(left_of(&wire, 1, CHANNEL_TEXT),
                            "別案：[PHONE]です😀👨‍👩‍👧。");
        assert_string_equal(left_of(&wire, 0, 0), "{\"to\": \"[EMAIL]\"}");
        assert_int_equal(wire.result.count, 3);
        assert_int_equal(wire.result.findings[0].channel.tool, CHANNEL_TEXT);
        assert_int_equal(wire.result.findings[1].channel.tool, 0);
        assert_int_equal(wire.result.findings[2].channel.choice, 1);
        assert_int_equal(wire.result.decision, VALIDATE_ACCEPT);
        wire_release(&wire);
    }
    validate_channels_free(wire.channels);
    rig_free(&rig);
}

static void what_one_channel_may_not_say_decides_about_all(void **state)
{
    (void)state;
    static const struct view bytes =
        VIEW(CHUNK(TEXT("0", "はい。")) CHUNK(CALL("1", "{\\\"card\\\": \\\"4111 1111 1111 "))
                 CHUNK(CALL("1", "1111\\\"}")) CHUNK(TEXT("0", "どうぞ。")) DONE);
    struct rig rig;
    struct wire wire;

    rig_new(&rig, NULL);
    open_wire(&rig, &wire);
    for (size_t piece = 1; piece <= bytes.len; piece += 3) {
        stream(&rig, &wire, &openai, "text/event-stream", bytes, piece);
        assert_int_equal(wire.result.decision, VALIDATE_FALLBACK);
        assert_string_equal(left_of(&wire, 0, CHANNEL_TEXT), "はい。どうぞ。");
        assert_string_equal(left_of(&wire, 0, 1), "{\"card\": \"");
        assert_true(validate_channels_is_cut(wire.channels));
        wire_release(&wire);
    }
    validate_channels_free(wire.channels);
    rig_free(&rig);
}

static void an_answer_without_text_is_judged_unless_it_calls_tools(void **state)
{
    (void)state;
    struct rig rig;
    struct wire wire;

    rig_new(&rig, "checks: [format]\nexpect: {format: json}");
    open_wire(&rig, &wire);
    stream(&rig, &wire, &openai, "text/event-stream", (struct view)VIEW(DONE), 5);
    assert_int_equal(wire.result.decision, VALIDATE_RETRY);
    wire_release(&wire);
    stream(&rig, &wire, &openai, "text/event-stream",
           (struct view)VIEW(CHUNK(CALL("0", "{}")) DONE), 5);
    assert_int_equal(wire.result.decision, VALIDATE_ACCEPT);
    wire_release(&wire);
    validate_channels_free(wire.channels);
    rig_free(&rig);
}

static void channels_are_bounded(void **state)
{
    (void)state;
    struct rig rig;
    struct wire wire;
    struct err err = {0};
    int code = 0;

    rig_new(&rig, "checks: [{check: safety.personal_data, action: mask}]");
    open_wire(&rig, &wire);
    for (int round = 0; round < 2; round++) {
        validate_channels_begin(wire.channels, &rig.subject);
        for (uint32_t i = 0; i <= VALIDATE_CHANNELS_MAX; i++) {
            struct channel_key key = {i * 7 % 65, (int32_t)(i % 3) - 1};
            code = validate_channels_feed(wire.channels, key, view_of("text"), &err);
            assert_int_equal(code, i < VALIDATE_CHANNELS_MAX ? 0 : ERR_LIMIT);
        }
        for (size_t i = 1; i < validate_channels_count(wire.channels); i++)
            assert_true(validate_channels_key(wire.channels, i - 1).choice
                        <= validate_channels_key(wire.channels, i).choice);
    }
    validate_channels_free(wire.channels);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_simulators_streams_are_validated_in_every_api),
        cmocka_unit_test(each_choice_and_call_is_masked_by_itself),
        cmocka_unit_test(what_one_channel_may_not_say_decides_about_all),
        cmocka_unit_test(an_answer_without_text_is_judged_unless_it_calls_tools),
        cmocka_unit_test(channels_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
