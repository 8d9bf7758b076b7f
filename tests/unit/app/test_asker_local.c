/* SPDX-License-Identifier: Apache-2.0
 *
 * Askers without a network: commands (exec) and a simulator in this process (sim). One test a
 * promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/asker.h"
#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"

static const uint64_t MILLISECOND = 1000000;
static const uint64_t SECOND = 1000000000;

enum { ASKS_MAX = 100, TEXT_MAX = 500 };

struct outcome {
    int count;
    int code;
    uint32_t attempts;
    uint64_t latency_ns;
    char text[TEXT_MAX];
};

struct rig {
    struct loop *loop;
    struct net *net;
    struct provider_target target;
    struct asker_options options;
    struct view command[3];
    struct asker *asker;
    struct outcome outcomes[ASKS_MAX];
    int asked;
    int done;
    /* what the simulator of the test does */
    uint64_t sim_latency_ns;
    int sim_calls;
    int sim_fails;               /* so many times first */
    char sim_saw_text[TEXT_MAX]; /* of the last call: a parameter */
};

static void rig_open(struct rig *rig, enum provider_kind kind)
{
    struct err err = {0};

    *rig = (struct rig){0};
    assert_int_equal(loop_new(&rig->loop, &err), 0);
    assert_int_equal(net_new(rig->loop, &(struct net_options){0}, &rig->net, &err), 0);
    rig->target =
        (struct provider_target){.kind = kind, .name = VIEW("local"), .model = VIEW("tiny")};
    rig->options = (struct asker_options){.target = &rig->target, .timeout_ns = 20 * SECOND};
}

static void rig_start(struct rig *rig)
{
    struct err err = {0};
    if (asker_new(net_outside(rig->net), rig->loop, &rig->options, &rig->asker, &err) != 0)
        fail_msg("%s", err.text);
}

static void rig_close(struct rig *rig)
{
    asker_free(rig->asker);
    net_free(rig->net);
    loop_free(rig->loop);
}

struct listening {
    struct rig *rig;
    struct outcome *outcome;
};

static struct listening listenings[ASKS_MAX];

static void done(void *context, struct id ask, const struct answer *answer)
{
    struct listening *listening = context;
    struct outcome *outcome = listening->outcome;
    const struct reply *reply = &answer->reply;

    (void)ask;
    outcome->count++;
    outcome->code = reply->code;
    outcome->attempts = answer->attempts;
    outcome->latency_ns = answer->latency_ns;
    snprintf(outcome->text, sizeof outcome->text, "%.*s",
             VIEW_ARG(reply->code == 0 ? reply->text : reply->error_text));
    if (++listening->rig->done == listening->rig->asked)
        loop_stop(listening->rig->loop);
}

static void ask(struct rig *rig, const char *question, const struct json *params)
{
    struct chat_message message = {.role = CHAT_USER, .text = view_of(question)};
    struct chat chat = {.messages = &message, .message_count = 1, .params = params};
    struct err err = {0};

    listenings[rig->asked] = (struct listening){rig, &rig->outcomes[rig->asked]};
    if (asker_ask(rig->asker, &chat, done, &listenings[rig->asked], NULL, &err) != 0)
        fail_msg("%s", err.text);
    rig->asked++;
}

static void await(struct rig *rig)
{
    loop_run(rig->loop);
    for (int i = 0; i < rig->asked; i++)
        assert_int_equal(rig->outcomes[i].count, 1);
}

static void expect_text(const struct outcome *outcome, const char *part)
{
    if (strstr(outcome->text, part) == NULL)
        fail_msg("'%s' is not in: %s", part, outcome->text);
}

/* ---- exec ----------------------------------------------------------------------------------- */

static struct outcome run_script(const char *script, uint64_t timeout_ns)
{
    struct rig rig;

    rig_open(&rig, PROVIDER_EXEC);
    rig.command[0] = view_of("/bin/sh");
    rig.command[1] = view_of("-c");
    rig.command[2] = view_of(script);
    rig.options.command = rig.command;
    rig.options.command_count = 3;
    rig.options.timeout_ns = timeout_ns;
    rig_start(&rig);
    ask(&rig, "hello?", NULL);
    await(&rig);
    struct outcome outcome = rig.outcomes[0];
    rig_close(&rig);
    return outcome;
}

static void a_command_answers_on_its_standard_output(void **state)
{
    (void)state;
    struct outcome outcome = run_script("cat >/dev/null; echo '{\"text\":\"yes\"}'", 20 * SECOND);

    assert_int_equal(outcome.code, 0);
    assert_string_equal(outcome.text, "yes");
    assert_int_equal(outcome.attempts, 1);
}

static void a_command_is_given_the_question(void **state)
{
    (void)state;
    struct outcome outcome =
        run_script("grep -q 'hello?' && echo '{\"text\":\"seen\"}' || echo '{\"text\":\"unseen\"}'",
                   20 * SECOND);

    assert_string_equal(outcome.text, "seen");
}

static void a_command_need_not_read_its_question(void **state)
{
    (void)state;
    struct outcome outcome = run_script("echo '{\"text\":\"yes\"}'", 20 * SECOND);

    assert_int_equal(outcome.code, 0);
}

static void a_command_that_fails_is_told_with_its_own_words(void **state)
{
    (void)state;
    struct outcome outcome =
        run_script("echo 'no such voucher' >&2; echo more >&2; exit 3", 20 * SECOND);

    assert_int_equal(outcome.code, ERR_UPSTREAM);
    assert_int_equal(outcome.attempts, 1);
    expect_text(&outcome, "/bin/sh");
    expect_text(&outcome, "3");
    expect_text(&outcome, "no such voucher");
    assert_null(strstr(outcome.text, "more"));
}

static void a_command_that_crashes_is_told(void **state)
{
    (void)state;
    struct outcome outcome = run_script("kill -SEGV $$", 20 * SECOND);

    assert_int_equal(outcome.code, ERR_UPSTREAM);
    expect_text(&outcome, "/bin/sh");
}

static void a_command_that_says_so_is_tried_again(void **state)
{
    (void)state;
    struct outcome outcome = run_script("exit 75", 20 * SECOND);

    assert_int_equal(outcome.code, ERR_UPSTREAM);
    assert_int_equal(outcome.attempts, 3);
}

static void a_command_that_prints_no_json_is_an_error(void **state)
{
    (void)state;
    struct outcome outcome = run_script("printf '\\377\\376 not json'", 20 * SECOND);

    assert_int_equal(outcome.code, ERR_PROTOCOL);
}

static void a_command_that_hangs_is_ended_at_the_deadline(void **state)
{
    (void)state;
    struct outcome outcome = run_script("sleep 60", SECOND / 4);

    assert_int_equal(outcome.code, ERR_TIMEOUT);
    assert_true(outcome.latency_ns < 5 * SECOND);
}

static void a_command_that_floods_is_stopped_at_the_ceiling(void **state)
{
    (void)state;
    struct outcome outcome = run_script("cat /dev/zero", 20 * SECOND);

    assert_int_equal(outcome.code, ERR_LIMIT);
}

static void a_command_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct rig rig;

    rig_open(&rig, PROVIDER_EXEC);
    rig.command[0] = view_of("/nonexistent/command");
    rig.options.command = rig.command;
    rig.options.command_count = 1;
    rig_start(&rig);
    ask(&rig, "hello?", NULL);
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, ERR_MISSING);
    expect_text(&rig.outcomes[0], "/nonexistent/command");
    rig_close(&rig);
}

static void a_target_without_its_command_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};

    rig_open(&rig, PROVIDER_EXEC);
    assert_int_equal(asker_new(net_outside(rig.net), rig.loop, &rig.options, &rig.asker, &err),
                     ERR_CONFIG);
    rig_close(&rig);
}

/* ---- sim ------------------------------------------------------------------------------------ */

static int simulate(void *context, const struct chat *chat, struct view model, struct arena *arena,
                    struct reply *ret_reply, uint64_t *ret_latency_ns)
{
    struct rig *rig = context;

    assert_true(view_is(model, "tiny"));
    snprintf(rig->sim_saw_text, sizeof rig->sim_saw_text, "%.*s",
             VIEW_ARG(json_text(json_get(chat->params, "tone"), (struct view){0})));
    *ret_latency_ns = rig->sim_latency_ns;
    if (rig->sim_calls++ < rig->sim_fails) {
        *ret_reply = (struct reply){
            .code = ERR_THROTTLED, .may_retry = true, .error_text = VIEW("told to throttle")};
        return 0;
    }
    const char *text = arena_printf(arena, "you said %.*s", VIEW_ARG(chat->messages[0].text));
    if (text == NULL)
        return ERR_MEMORY;
    *ret_reply = (struct reply){.text = view_of(text)};
    return 0;
}

static void start_sim(struct rig *rig)
{
    rig_open(rig, PROVIDER_SIM);
    rig->options.simulate = simulate;
    rig->options.simulate_context = rig;
    rig_start(rig);
}

static void a_simulator_answers_after_its_latency(void **state)
{
    (void)state;
    struct rig rig;

    start_sim(&rig);
    rig.sim_latency_ns = 20 * MILLISECOND;
    ask(&rig, "hi", NULL);
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, 0);
    assert_string_equal(rig.outcomes[0].text, "you said hi");
    assert_true(rig.outcomes[0].latency_ns >= 20 * MILLISECOND);
    rig_close(&rig);
}

static void a_simulators_failures_are_retried_as_a_servers(void **state)
{
    (void)state;
    struct rig rig;

    start_sim(&rig);
    rig.sim_fails = 1;
    ask(&rig, "hi", NULL);
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, 0);
    assert_int_equal(rig.outcomes[0].attempts, 2);
    rig_close(&rig);

    start_sim(&rig);
    rig.sim_fails = 100;
    ask(&rig, "hi", NULL);
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, ERR_THROTTLED);
    assert_int_equal(rig.outcomes[0].attempts, 3);
    expect_text(&rig.outcomes[0], "told to throttle");
    rig_close(&rig);
}

static void many_questions_to_a_simulator_without_latency_are_answered_at_once(void **state)
{
    (void)state;
    struct rig rig;

    start_sim(&rig);
    for (int i = 0; i < ASKS_MAX; i++)
        ask(&rig, "hi", NULL);
    await(&rig);
    assert_int_equal(rig.sim_calls, ASKS_MAX);
    rig_close(&rig);
}

static void a_simulator_sees_the_parameters_as_they_were_asked(void **state)
{
    (void)state;
    struct rig rig;
    struct arena arena;
    struct json *params = NULL;
    struct err err = {0};

    arena_init(&arena, 4096);
    assert_int_equal(json_parse(&arena, view_of("{\"tone\":\"丁寧\"}"), &params, &err), 0);
    start_sim(&rig);
    ask(&rig, "hi", params);
    arena_release(&arena); /* they were copied */
    await(&rig);
    assert_string_equal(rig.sim_saw_text, "丁寧");
    rig_close(&rig);
}

static void a_simulator_that_is_too_slow_is_left_at_the_deadline(void **state)
{
    (void)state;
    struct rig rig;

    start_sim(&rig);
    asker_free(rig.asker);
    rig.options.timeout_ns = 50 * MILLISECOND;
    rig_start(&rig);
    rig.sim_latency_ns = UINT64_MAX;
    ask(&rig, "hi", NULL);
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, ERR_TIMEOUT);
    rig_close(&rig);
}

static void without_memory_an_ask_is_refused_or_ends_and_nothing_leaks(void **state)
{
    (void)state;
    bool answered = false;

    for (unsigned long n = 1; !answered; n++) {
        struct rig rig;
        struct err err = {0};
        struct chat_message message = {.role = CHAT_USER, .text = VIEW("hi")};
        struct chat chat = {.messages = &message, .message_count = 1};
        rig_open(&rig, PROVIDER_SIM);
        rig.options.simulate = simulate;
        rig.options.simulate_context = &rig;
        listenings[0] = (struct listening){&rig, &rig.outcomes[0]};
        rig.asked = 1;

        assert_true(n < 200);
        mem_fail_at(n);
        int code = asker_new(net_outside(rig.net), rig.loop, &rig.options, &rig.asker, &err);
        if (code == 0)
            code = asker_ask(rig.asker, &chat, done, &listenings[0], NULL, &err);
        if (code == 0)
            loop_run(rig.loop);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        assert_int_equal(rig.done, code == 0 ? 1 : 0);
        answered = code == 0 && rig.outcomes[0].code == 0;
        rig_close(&rig);
    }
}

static void raw_requests_are_for_http_alone(void **state)
{
    (void)state;
    struct rig rig;
    struct err err = {0};
    struct http_request request = {.method = VIEW("POST"), .target = VIEW("/embeddings")};

    start_sim(&rig);
    assert_int_equal(asker_ask_raw(rig.asker, &request, NULL, NULL, NULL, &err), ERR_UNSUPPORTED);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_answers_on_its_standard_output),
        cmocka_unit_test(a_command_is_given_the_question),
        cmocka_unit_test(a_command_need_not_read_its_question),
        cmocka_unit_test(a_command_that_fails_is_told_with_its_own_words),
        cmocka_unit_test(a_command_that_crashes_is_told),
        cmocka_unit_test(a_command_that_says_so_is_tried_again),
        cmocka_unit_test(a_command_that_prints_no_json_is_an_error),
        cmocka_unit_test(a_command_that_hangs_is_ended_at_the_deadline),
        cmocka_unit_test(a_command_that_floods_is_stopped_at_the_ceiling),
        cmocka_unit_test(a_command_that_is_not_there_is_named),
        cmocka_unit_test(a_target_without_its_command_is_refused),
        cmocka_unit_test(a_simulator_answers_after_its_latency),
        cmocka_unit_test(a_simulators_failures_are_retried_as_a_servers),
        cmocka_unit_test(many_questions_to_a_simulator_without_latency_are_answered_at_once),
        cmocka_unit_test(a_simulator_sees_the_parameters_as_they_were_asked),
        cmocka_unit_test(a_simulator_that_is_too_slow_is_left_at_the_deadline),
        cmocka_unit_test(without_memory_an_ask_is_refused_or_ends_and_nothing_leaks),
        cmocka_unit_test(raw_requests_are_for_http_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
