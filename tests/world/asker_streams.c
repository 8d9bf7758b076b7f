/* SPDX-License-Identifier: Apache-2.0
 *
 * asker_streams: the asker's contract where answers come in pieces. See asker_contract.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "asker_rig.h"
#include "base/mem.h"

static const uint64_t SECOND = 1000000000;

/* Pieces as they came. */
struct heard {
    struct rig *rig;
    struct outcome *outcome;
    char text[TEXT_MAX];
    int pieces;
    bool cancels;
};

static void hear(void *context, struct id id, struct view text)
{
    struct heard *heard = context;
    size_t len = strlen(heard->text);

    assert_int_equal(heard->outcome->count, 0); /* before its done */
    heard->pieces++;
    snprintf(heard->text + len, sizeof heard->text - len, "%.*s|", VIEW_ARG(text));
    if (heard->cancels)
        asker_cancel(heard->rig->asker, id);
}

static void heard_done(void *context, struct id id, const struct answer *answer)
{
    struct heard *heard = context;

    if (answer->reply.code == 0 && heard->pieces > 1) {
        assert_int_equal(answer->gaps.count, heard->pieces - 1);
        assert_true(answer->ttft_ns > 0 && answer->ttft_ns <= answer->latency_ns);
        assert_true(answer->gaps.sum_ns <= answer->latency_ns - answer->ttft_ns);
    }
    done(heard->outcome, id, answer);
}

/* Asks for pieces, and listens to them or not. */
static struct outcome stream_once(const char *question, bool listens, struct heard *heard)
{
    struct rig rig;
    struct err err = {0};
    struct chat_message message = {.role = CHAT_USER, .text = view_of(question)};
    struct chat chat = {.messages = &message, .message_count = 1, .stream = true};
    struct asker_question put = {
        .chat = &chat, .done = heard_done, .piece = listens ? hear : NULL, .context = heard};

    rig_open(&rig);
    rig_start(&rig);
    heard->rig = &rig;
    heard->outcome = &rig.outcomes[0];
    heard->outcome->rig = &rig;
    assert_int_equal(asker_put(rig.asker, &put, NULL, &err), 0);
    rig.asked = 1;
    await(&rig);
    struct outcome outcome = rig.outcomes[0];
    rig_close(&rig);
    return outcome;
}

static void an_answer_is_heard_as_it_comes(void **state)
{
    (void)state;
    struct heard heard = {.pieces = 0};
    struct outcome outcome = stream_once("do:words", true, &heard);

    assert_int_equal(outcome.code, 0);
    assert_string_equal(heard.text, "hel|lo |you|");
    assert_string_equal(outcome.text, "hello you");
    assert_int_equal(outcome.tokens_out, 4);
    assert_int_equal(outcome.http_status, 200);
}

static void a_server_that_does_not_stream_is_heard_once(void **state)
{
    (void)state;
    struct heard heard = {.pieces = 0};
    struct outcome outcome = stream_once("do:answer", true, &heard);

    assert_int_equal(outcome.code, 0);
    assert_string_equal(heard.text, "hello|");
    assert_string_equal(outcome.text, "hello");
}

static void what_was_heard_is_not_asked_again(void **state)
{
    (void)state;
    static const struct {
        const char *question;
        int code;
        const char *says;
    } cases[] = {
        {"do:broken-words", ERR_CLOSED, "127.0.0.1:"},
        {"do:error-words", ERR_UPSTREAM, "told to break off"},
    };

    for (size_t i = 0; i < 2; i++) {
        struct heard heard = {.pieces = 0};
        struct outcome outcome = stream_once(cases[i].question, true, &heard);
        assert_int_equal(outcome.code, cases[i].code);
        assert_int_equal(outcome.attempts, 1);
        assert_string_equal(heard.text, "hel|lo |you|");
        expect_text(&outcome, cases[i].says);
    }
}

static void what_nobody_heard_is_asked_again(void **state)
{
    (void)state;
    struct heard heard = {.pieces = 0};
    struct outcome outcome = stream_once("do:broken-words", false, &heard);

    assert_int_equal(outcome.code, ERR_CLOSED);
    assert_int_equal(outcome.attempts, 3);
}

static void an_error_instead_of_a_stream_is_retried(void **state)
{
    (void)state;
    struct heard heard = {.pieces = 0};
    struct outcome outcome = stream_once("do:once", true, &heard);

    assert_int_equal(outcome.code, 0);
    assert_int_equal(outcome.attempts, 2);
    assert_string_equal(heard.text, "hello|");
}

static void who_listens_may_cancel(void **state)
{
    (void)state;
    struct heard heard = {.cancels = true};
    struct outcome outcome = stream_once("do:words", true, &heard);

    assert_int_equal(outcome.code, ERR_CANCELLED);
    assert_string_equal(heard.text, "hel|");
}

/* A listener that cannot keep up. */
struct slow {
    struct rig *rig;
    struct id ask;
    size_t bytes;
    size_t bytes_before;          /* when it went on */
    outside_timer_listener *then; /* NULL: it goes on */
    unsigned long fails_at;
};

static void go_on(void *context, uint64_t now_ns)
{
    struct slow *slow = context;

    (void)now_ns;
    slow->bytes_before = slow->bytes;
    asker_pause(slow->rig->asker, slow->ask, false);
}

static void hear_slowly(void *context, struct id id, struct view text)
{
    struct slow *slow = context;
    struct outside *outside = slow->rig->stage->outside;

    if (slow->bytes == 0) {
        asker_pause(slow->rig->asker, id, true);
        assert_int_equal(outside->ops->wake_at(outside, outside->ops->now(outside) + SECOND / 2,
                                               slow->then != NULL ? slow->then : go_on, slow),
                         0);
    }
    slow->bytes += text.len;
}

static void slow_done(void *context, struct id id, const struct answer *answer)
{
    struct slow *slow = context;

    mem_fail_at(0);
    done(&slow->rig->outcomes[0], id, answer);
}

static void a_listener_that_pauses_stops_the_server(void **state)
{
    (void)state;
    struct rig rig;
    struct slow slow = {.rig = &rig};
    struct err err = {0};
    const struct chat_message message = {.role = CHAT_USER, .text = VIEW("do:much")};
    const struct chat chat = {.messages = &message, .message_count = 1, .stream = true};
    const struct asker_question put = {
        .chat = &chat, .done = slow_done, .piece = hear_slowly, .context = &slow};

    rig_open(&rig);
    rig_start(&rig);
    rig.outcomes[0].rig = &rig;
    assert_int_equal(asker_put(rig.asker, &put, &slow.ask, &err), 0);
    rig.asked = 1;
    await(&rig);
    assert_int_equal(rig.outcomes[0].code, 0);
    assert_int_equal(slow.bytes, 10 * 1000 * 1000);
    assert_in_range(slow.bytes_before, 1, 5 * 1000 * 1000);
    rig_close(&rig);
}

static void give_up_without_memory(void *context, uint64_t now_ns)
{
    struct slow *slow = context;

    (void)now_ns;
    asker_cancel(slow->rig->asker, slow->ask);
    mem_fail_at(slow->fails_at);
}

static void an_answer_that_pauses_is_given_up_without_memory_too(void **state)
{
    (void)state;
    const struct chat_message message = {.role = CHAT_USER, .text = VIEW("do:much")};
    const struct chat chat = {.messages = &message, .message_count = 1, .stream = true};

    for (unsigned long n = 1; n <= 6; n++) {
        struct rig rig;
        struct slow slow = {.rig = &rig, .then = give_up_without_memory, .fails_at = n};
        struct err err = {0};
        const struct asker_question put = {
            .chat = &chat, .done = slow_done, .piece = hear_slowly, .context = &slow};
        rig_open(&rig);
        rig_start(&rig);
        rig.outcomes[0].rig = &rig;
        assert_int_equal(asker_put(rig.asker, &put, &slow.ask, &err), 0);
        rig.asked = 1;
        await(&rig);
        assert_int_equal(rig.outcomes[0].code, ERR_CANCELLED);
        rig_close(&rig);
    }
}

int asker_streams_run(const char *name)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_heard_as_it_comes),
        cmocka_unit_test(a_server_that_does_not_stream_is_heard_once),
        cmocka_unit_test(what_was_heard_is_not_asked_again),
        cmocka_unit_test(what_nobody_heard_is_asked_again),
        cmocka_unit_test(an_error_instead_of_a_stream_is_retried),
        cmocka_unit_test(who_listens_may_cancel),
        cmocka_unit_test(a_listener_that_pauses_stops_the_server),
        cmocka_unit_test(an_answer_that_pauses_is_given_up_without_memory_too),
    };
    /* The last not over the world, which needs memory itself and would end for want of it. */
    size_t count = sizeof tests / sizeof tests[0] - (strstr(name, "world") != NULL ? 1 : 0);

    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}
