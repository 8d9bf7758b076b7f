/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulator as a service: streams in pieces with their times, quotas, trouble on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sim/service.h"
#include "wire/base64.h"
#include "wire/eventstream.h"
#include "wire/sse.h"

#define QUESTION "[{\"role\":\"user\",\"content\":\"Who wrote Monster?\"}]"

static const char INVOKE[] =
    "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":200,\"messages\":" QUESTION "}";
static const char CONVERSE[] =
    "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Who wrote Monster?\"}]}],"
    "\"inferenceConfig\":{\"maxTokens\":200}}";
static const char STREAM[] =
    "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream";

struct rig {
    struct sim_service_options options;
    struct sim_service *service;
    struct arena arena;
    struct sim_served served;
    uint64_t now_ns;
    struct strbuf text;  /* the deltas together */
    struct strbuf names; /* of the events, a blank behind each */
};

static void rig_start(struct rig *rig)
{
    arena_init(&rig->arena, (size_t)64 << 20);
    strbuf_init(&rig->text, 1 << 20);
    strbuf_init(&rig->names, 1 << 20);
    assert_int_equal(sim_service_new(&rig->options, rig->now_ns, &rig->service), 0);
}

static struct rig rig_new(void)
{
    return (struct rig){.options = {.sim = sim_default()}};
}

static void rig_release(struct rig *rig)
{
    sim_service_free(rig->service);
    arena_release(&rig->arena);
    strbuf_release(&rig->text);
    strbuf_release(&rig->names);
}

static int ask(struct rig *rig, const char *target, const char *body)
{
    struct http_request request = {
        .method = VIEW("POST"), .target = view_of(target), .body = view_of(body)};

    strbuf_reset(&rig->text);
    strbuf_reset(&rig->names);
    assert_int_equal(
        http_header_add(&request.headers, view_of("anthropic-version"), view_of("2023-06-01")), 0);
    assert_int_equal(
        sim_service_serve(rig->service, rig->now_ns, &request, &rig->arena, &rig->served), 0);
    return rig->served.response.status;
}

static void assert_contains(struct view text, const char *words)
{
    if (view_find(text, view_of(words), 0) == text.len)
        fail_msg("no '%s' in: %.*s", words, VIEW_ARG(text));
}

static void take_json(struct rig *rig, const char *name, struct view json, const char *path)
{
    struct json *root;

    assert_int_equal(json_parse(&rig->arena, json, &root, NULL), 0);
    struct view type = json_text(json_get(root, "type"), view_of(""));
    strbuf_printf(&rig->names, "%.*s ", VIEW_ARG(name != NULL ? view_of(name) : type));
    strbuf_add(&rig->text, json_text(json_path(root, view_of(path)), view_of("")));
}

/* All pieces as event-stream messages; chunks are opened. */
static void read_frames(struct rig *rig)
{
    struct eventstream_decoder decoder;
    struct eventstream_message message;

    eventstream_decoder_init(&decoder);
    for (size_t i = 0; i < rig->served.piece_count; i++) {
        struct view rest = rig->served.pieces[i].bytes;
        while (eventstream_feed(&decoder, &rest, &message, NULL) == 1) {
            struct view event = eventstream_text(&message, ":event-type");
            if (event.len == 0)
                event = eventstream_text(&message, ":exception-type");
            char *name = arena_string(&rig->arena, event);
            struct json *root;
            if (!view_is(event, "chunk")) {
                take_json(rig, name, message.payload, "delta.text");
                continue;
            }
            struct strbuf bytes;
            strbuf_init(&bytes, 1 << 20);
            assert_int_equal(json_parse(&rig->arena, message.payload, &root, NULL), 0);
            assert_int_equal(base64_decode(&bytes, json_text(json_get(root, "bytes"), view_of(""))),
                             0);
            take_json(rig, NULL, strbuf_view(&bytes), "delta.text");
            strbuf_release(&bytes);
        }
    }
    assert_int_equal(eventstream_finish(&decoder, NULL), 0);
    eventstream_decoder_release(&decoder);
}

static void invoke_streams_claudes_events_in_chunks(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig_start(&rig);
    assert_int_equal(ask(&rig, STREAM, INVOKE), 200);
    assert_true(view_is(http_header_get(&rig.served.response.headers, "content-type"),
                        "application/vnd.amazon.eventstream"));
    read_frames(&rig);
    assert_contains(strbuf_view(&rig.text), "Naoki Urasawa");
    assert_true(
        view_starts(strbuf_view(&rig.names),
                    view_of("message_start content_block_start ping content_block_delta ")));
    assert_true(view_ends(strbuf_view(&rig.names),
                          view_of("content_block_stop message_delta message_stop ")));
    assert_true(rig.served.piece_count > 3);
    rig_release(&rig);
}

static void a_stream_says_what_the_whole_answer_says(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig_start(&rig);
    assert_int_equal(ask(&rig, "/model/sim/converse-stream", CONVERSE), 200);
    read_frames(&rig);
    char *streamed = arena_string(&rig.arena, strbuf_view(&rig.text));
    assert_true(view_starts(strbuf_view(&rig.names), view_of("messageStart contentBlockDelta ")));
    assert_true(
        view_ends(strbuf_view(&rig.names), view_of("contentBlockStop messageStop metadata ")));
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 200);
    take_json(&rig, "", rig.served.response.body, "output.message.content[0].text");
    assert_string_equal(strbuf_text(&rig.text), streamed);
    rig_release(&rig);
}

/* All pieces as server-sent events. */
static void read_events(struct rig *rig, const char *path)
{
    struct strbuf all;

    strbuf_init(&all, 1 << 20);
    for (size_t i = 0; i < rig->served.piece_count; i++)
        strbuf_add(&all, rig->served.pieces[i].bytes);
    struct view rest = strbuf_view(&all);
    while (rest.ptr != NULL && rest.len != 0) {
        struct view line = view_split(&rest, '\n');
        if (view_is(line, "data: [DONE]"))
            strbuf_add_text(&rig->names, "[DONE] ");
        else if (view_starts(line, view_of("data: ")))
            take_json(rig, NULL, view_slice(line, 6, line.len), path);
    }
    strbuf_release(&all);
}

static void openai_streams_chunks_with_usage_where_it_was_asked_for(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig_start(&rig);
    assert_int_equal(ask(&rig, "/v1/chat/completions",
                         "{\"model\":\"sim\",\"stream\":true,\"stream_options\":{\"include_usage\":"
                         "true},\"messages\":" QUESTION "}"),
                     200);
    read_events(&rig, "choices[0].delta.content");
    assert_contains(strbuf_view(&rig.text), "Naoki Urasawa");
    assert_true(view_ends(strbuf_view(&rig.names), view_of("[DONE] ")));
    const struct sim_piece *last = &rig.served.pieces[rig.served.piece_count - 1];
    assert_contains(last->bytes, "\"total_tokens\"");
    rig_release(&rig);
}

static void anthropic_streams_named_events(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig_start(&rig);
    assert_int_equal(
        ask(&rig, "/v1/messages",
            "{\"model\":\"claude\",\"stream\":true,\"max_tokens\":200,\"messages\":" QUESTION "}"),
        200);
    read_events(&rig, "delta.text");
    assert_contains(strbuf_view(&rig.text), "Naoki Urasawa");
    assert_contains(rig.served.pieces[0].bytes, "event: message_start\ndata: ");
    assert_true(view_ends(strbuf_view(&rig.names), view_of("message_delta message_stop ")));
    rig_release(&rig);
}

static void pieces_take_the_time_that_the_whole_answer_takes(void **state)
{
    (void)state;
    struct rig rig = rig_new();
    uint64_t whole_ns = 0;

    rig.options.sim.latency = (struct sim_latency){.kind = SIM_LATENCY_FIXED, .low_ns = 1000000000};
    rig_start(&rig);
    assert_int_equal(ask(&rig, "/model/sim/converse-stream", CONVERSE), 200);
    assert_int_equal(rig.served.latency_ns, 250000000);
    for (size_t i = 0; i < rig.served.piece_count; i++)
        whole_ns += rig.served.pieces[i].after_ns;
    assert_true(whole_ns > 749000000 && whole_ns <= 750000000);
    rig_release(&rig);
}

static void an_error_in_mid_stream_is_told_in_each_apis_own_way(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig_start(&rig);
    assert_int_equal(
        ask(&rig, "/model/sim.stream-fault-ThrottlingException/converse-stream", CONVERSE), 200);
    read_frames(&rig);
    assert_true(view_ends(strbuf_view(&rig.names), view_of("throttlingException ")));
    assert_true(rig.text.len > 0);
    assert_int_equal(ask(&rig, "/v1/messages",
                         "{\"model\":\"sim.stream-fault-ServiceUnavailableException\",\"stream\":"
                         "true,\"max_tokens\":200,\"messages\":" QUESTION "}"),
                     200);
    read_events(&rig, "error.type");
    assert_contains(strbuf_view(&rig.text), "overloaded_error");
    rig_release(&rig);
}

static void a_socket_message_is_answered_by_messages(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig_start(&rig);
    assert_int_equal(sim_service_message(rig.service, 0,
                                         view_of("{\"action\":\"message\",\"text\":\"Who wrote "
                                                 "Monster?\"}"),
                                         &rig.arena, &rig.served),
                     0);
    for (size_t i = 0; i < rig.served.piece_count; i++)
        take_json(&rig, NULL, rig.served.pieces[i].bytes, "text");
    assert_contains(strbuf_view(&rig.text), "Naoki Urasawa");
    assert_true(view_ends(strbuf_view(&rig.names), view_of("token end ")));
    assert_int_equal(
        sim_service_message(rig.service, 0, view_of("nonsense"), &rig.arena, &rig.served), 0);
    assert_int_equal(rig.served.piece_count, 1);
    assert_contains(rig.served.pieces[0].bytes, "\"type\":\"error\"");
    assert_int_equal(sim_service_message(rig.service, 0, view_of("{\"text\":\"a\",\"model\":5}"),
                                         &rig.arena, &rig.served),
                     0);
    assert_contains(rig.served.pieces[0].bytes, "BadRequest");
    rig_release(&rig);
}

/* ---- quotas --------------------------------------------------------------------------------- */

static void a_number_of_tokens_past_all_bounds_is_past_the_quota(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig.options.tokens_a_minute = 1000000;
    rig_start(&rig);
    assert_int_equal(sim_service_message(rig.service, 0,
                                         view_of("{\"action\":\"message\",\"text\":\"Who wrote "
                                                 "Monster?\",\"max_tokens\":9223372036854775807}"),
                                         &rig.arena, &rig.served),
                     0);
    assert_int_equal(rig.served.piece_count, 1);
    assert_contains(rig.served.pieces[0].bytes, "Too many tokens");
    rig_release(&rig);
}

static void requests_past_the_quota_are_throttled_in_bedrocks_words(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig.options.requests_a_minute = 2;
    rig_start(&rig);
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 200);
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 200);
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 429);
    assert_true(view_is(http_header_get(&rig.served.response.headers, "x-amzn-errortype"),
                        "ThrottlingException"));
    assert_true(view_is(rig.served.response.body,
                        "{\"message\":\"Too many requests, please wait before trying again.\"}"));
    assert_int_equal(ask(&rig, "/model/sim-small/converse", CONVERSE), 200); /* has its own */
    rig.now_ns += 30000000000;
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 200);
    rig_release(&rig);
}

static void a_name_with_a_nul_byte_has_one_quota_too(void **state)
{
    static const char question[] = "{\"model\":\"a\\u0000b\",\"messages\":" QUESTION "}";
    (void)state;
    struct rig rig = rig_new();

    rig.options.requests_a_minute = 1;
    rig_start(&rig);
    assert_int_equal(ask(&rig, "/v1/chat/completions", question), 200);
    assert_int_equal(ask(&rig, "/v1/chat/completions", question), 429);
    rig_release(&rig);
}

static void tokens_are_reserved_and_settled(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig.options.tokens_a_minute = 400; /* a request reserves a little more than 200 */
    rig_start(&rig);
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 200);
    struct sim_bill bill = rig.served.bill;
    assert_true(bill.reserved > 200 && bill.used < bill.reserved);
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 429);
    assert_contains(rig.served.response.body, "Too many tokens, please wait");
    sim_service_settle(rig.service, rig.now_ns, &bill);
    assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 200);
    rig_release(&rig);
}

static void newer_models_burn_five_tokens_for_one_of_output(void **state)
{
    (void)state;
    struct rig rig = rig_new();

    rig.options.tokens_a_minute = 1000000;
    rig_start(&rig);
    assert_int_equal(ask(&rig, "/model/anthropic.claude-3-haiku-x/converse", CONVERSE), 200);
    int64_t old = rig.served.bill.used;
    assert_int_equal(ask(&rig, "/model/anthropic.claude-haiku-4-5-x/converse", CONVERSE), 200);
    assert_true(rig.served.bill.used > 2 * old);
    rig_release(&rig);
}

/* ---- trouble -------------------------------------------------------------------------------- */

static void trouble_comes_as_often_as_asked_for(void **state)
{
    (void)state;
    struct rig rig = rig_new();
    int throttled = 0;

    assert_int_equal(
        sim_troubles_parse(view_of("throttle:0.25, slow:1:3"), &rig.options.troubles, NULL), 0);
    rig.options.sim.latency = (struct sim_latency){.kind = SIM_LATENCY_FIXED, .low_ns = 1000};
    rig_start(&rig);
    for (int i = 0; i < 400; i++) {
        throttled += ask(&rig, "/model/sim/converse", CONVERSE) == 429;
        assert_true(rig.served.response.status == 429 || rig.served.latency_ns == 3000);
    }
    assert_in_range(throttled, 70, 130);
    rig_release(&rig);
}

static void every_kind_of_end_and_damage_can_be_had(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        enum sim_ending ending;
    } kinds[] = {{"reset:1", SIM_ENDS_RESET},
                 {"cut:1", SIM_ENDS_CUT},
                 {"silent:1", SIM_ENDS_SILENT},
                 {"malformed:1", SIM_ENDS_WELL}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct rig rig = rig_new();
        struct json *root;
        assert_int_equal(sim_troubles_parse(view_of(kinds[i].fault), &rig.options.troubles, NULL),
                         0);
        rig_start(&rig);
        assert_int_equal(ask(&rig, "/model/sim/converse", CONVERSE), 200);
        assert_int_equal(rig.served.ending, kinds[i].ending);
        if (rig.served.ending == SIM_ENDS_CUT)
            assert_true(rig.served.cut_bytes < rig.served.response.body.len);
        if (rig.served.ending == SIM_ENDS_WELL)
            assert_int_not_equal(json_parse(&rig.arena, rig.served.response.body, &root, NULL), 0);
        assert_int_equal(ask(&rig, "/model/sim/converse-stream", CONVERSE), 200);
        assert_int_equal(rig.served.ending, kinds[i].ending);
        rig_release(&rig);
    }
}

static void faults_that_are_none_are_refused_with_the_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *said;
    } wrong[] = {{"", "unknown fault"},         {"fire:0.1", "unknown fault 'fire'"},
                 {"throttle", "needs a rate"},  {"throttle:2", "needs a rate from 0 to 1"},
                 {"reset:0.1:3", "slow alone"}, {"slow:0.1:0.5", "a factor from 1"},
                 {"cut:0.1,", "unknown fault"}};
    struct sim_troubles troubles = {.slow_factor = 0.0};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err err = {0};
        assert_int_equal(sim_troubles_parse(view_of(wrong[i].text), &troubles, &err), ERR_USAGE);
        assert_contains(view_of(err.text), wrong[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invoke_streams_claudes_events_in_chunks),
        cmocka_unit_test(a_stream_says_what_the_whole_answer_says),
        cmocka_unit_test(openai_streams_chunks_with_usage_where_it_was_asked_for),
        cmocka_unit_test(anthropic_streams_named_events),
        cmocka_unit_test(pieces_take_the_time_that_the_whole_answer_takes),
        cmocka_unit_test(an_error_in_mid_stream_is_told_in_each_apis_own_way),
        cmocka_unit_test(a_socket_message_is_answered_by_messages),
        cmocka_unit_test(a_number_of_tokens_past_all_bounds_is_past_the_quota),
        cmocka_unit_test(requests_past_the_quota_are_throttled_in_bedrocks_words),
        cmocka_unit_test(a_name_with_a_nul_byte_has_one_quota_too),
        cmocka_unit_test(tokens_are_reserved_and_settled),
        cmocka_unit_test(newer_models_burn_five_tokens_for_one_of_output),
        cmocka_unit_test(trouble_comes_as_often_as_asked_for),
        cmocka_unit_test(every_kind_of_end_and_damage_can_be_had),
        cmocka_unit_test(faults_that_are_none_are_refused_with_the_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
