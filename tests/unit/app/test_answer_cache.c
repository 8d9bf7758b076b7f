/* SPDX-License-Identifier: Apache-2.0
 *
 * What answer_cache.h promises: an answer comes back for the same question to the same target and
 * the same sample, and for no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "app/answer_cache.h"
#include "shell/os/clock.h"
#include "shell/os/file.h"

struct bench {
    struct strbuf folder;
    struct arena arena;
    struct answer_cache *cache;
};

static int setup(void **state)
{
    static struct bench bench;
    struct err err = {0};

    bench = (struct bench){0};
    strbuf_init(&bench.folder, 4096);
    arena_init(&bench.arena, 1 << 20);
    assert_int_equal(file_make_temporary(view_of("assay-answers-"), &bench.folder, &err), 0);
    assert_int_equal(answer_cache_open(strbuf_text(&bench.folder), &bench.cache, &err), 0);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    struct err err;

    answer_cache_close(bench->cache);
    assert_int_equal(file_remove_tree(strbuf_text(&bench->folder), &err), 0);
    strbuf_release(&bench->folder);
    arena_release(&bench->arena);
    return 0;
}

static const struct settings_target TARGET = {
    .kind = SETTINGS_OPENAI, .model = VIEW("m-1"), .url = VIEW("http://a/v1")};

static struct digest ask(const struct settings_target *target, const char *text)
{
    struct chat_message message = {.role = CHAT_USER, .text = view_of(text)};
    struct chat chat = {.system = VIEW("be brief"), .messages = &message, .message_count = 1};
    struct digest whom;
    struct digest question;

    assert_int_equal(answer_cache_target(target, 7, NULL, &whom), 0);
    assert_int_equal(answer_cache_question(&whom, &chat, &question), 0);
    return question;
}

static int get(struct bench *bench, const struct digest *question, uint64_t sample,
               struct answer *ret_answer)
{
    struct err err = {0};
    return answer_cache_get(bench->cache, question, sample, &bench->arena, ret_answer, &err);
}

static void put(struct bench *bench, const struct digest *question, uint64_t sample,
                const struct answer *answer)
{
    struct err err = {0};
    assert_int_equal(answer_cache_put(bench->cache, question, sample, answer, &err), 0);
}

static void an_answer_comes_back_as_it_was(void **state)
{
    struct bench *bench = *state;
    struct digest question = ask(&TARGET, "hello");
    struct answer back;
    struct answer answer = {
        .reply = {.text = VIEW("いらっしゃいませ\n"),
                  .usage = {.tokens_in = 3, .tokens_out = 9, .known = true},
                  .stop = STOP_END,
                  .stop_text = VIEW("stop"),
                  .model = VIEW("m-1-0613")},
        .latency_ns = 812000000,
        .attempts = 2,
    };

    assert_int_equal(get(bench, &question, 0, &back), ERR_MISSING);
    put(bench, &question, 0, &answer);
    assert_int_equal(get(bench, &question, 0, &back), 0);
    assert_true(view_equal(back.reply.text, answer.reply.text));
    assert_true(view_equal(back.reply.model, answer.reply.model));
    assert_true(view_equal(back.reply.stop_text, answer.reply.stop_text));
    assert_int_equal(back.reply.stop, STOP_END);
    assert_int_equal(back.reply.usage.tokens_out, 9);
    assert_true(back.reply.usage.known && !back.reply.usage.estimated);
    assert_int_equal(back.latency_ns, 812000000);
    assert_int_equal(back.attempts, 2);
    assert_int_equal(back.reply.code, 0);
}

static void another_sample_question_or_target_is_another_answer(void **state)
{
    struct bench *bench = *state;
    struct digest question = ask(&TARGET, "hello");
    struct digest other = ask(&TARGET, "hello!");
    struct settings_target changed = TARGET;
    struct answer answer = {.reply = {.text = VIEW("hi")}};
    struct answer back;

    put(bench, &question, 1, &answer);
    assert_int_equal(get(bench, &question, 0, &back), ERR_MISSING);
    assert_int_equal(get(bench, &other, 1, &back), ERR_MISSING);
    changed.model = view_of("m-2");
    other = ask(&changed, "hello");
    assert_int_equal(get(bench, &other, 1, &back), ERR_MISSING);
    changed = TARGET;
    changed.api_key = view_of("secret"); /* who pays changes no answer */
    changed.timeout_ns = 5;
    other = ask(&changed, "hello");
    assert_int_equal(get(bench, &other, 1, &back), 0);
}

static void errors_are_not_kept(void **state)
{
    struct bench *bench = *state;
    struct digest question = ask(&TARGET, "hello");
    struct answer answer = {.reply = {.code = ERR_TIMEOUT, .error_text = VIEW("late")}};
    struct answer back;

    put(bench, &question, 0, &answer);
    assert_int_equal(get(bench, &question, 0, &back), ERR_MISSING);
}

static void an_answer_from_before_is_not_given(void **state)
{
    struct bench *bench = *state;
    struct digest question = ask(&TARGET, "hello");
    struct answer answer = {.reply = {.text = VIEW("hi")}};
    struct answer back;

    put(bench, &question, 0, &answer);
    answer_cache_since(bench->cache, clock_unix_s() + 100);
    assert_int_equal(get(bench, &question, 0, &back), ERR_MISSING);
    answer_cache_since(bench->cache, 0);
    assert_int_equal(get(bench, &question, 0, &back), 0);
}

static void answers_outlive_the_cache_that_took_them(void **state)
{
    struct bench *bench = *state;
    struct digest question = ask(&TARGET, "hello");
    struct answer answer = {.reply = {.text = VIEW("")}};
    struct answer back;
    struct err err = {0};

    put(bench, &question, 0, &answer);
    answer_cache_close(bench->cache);
    assert_int_equal(answer_cache_open(strbuf_text(&bench->folder), &bench->cache, &err), 0);
    assert_int_equal(get(bench, &question, 0, &back), 0);
    assert_int_equal(back.reply.text.len, 0);
}

static void a_clock_that_was_put_back_hides_nothing_that_came_since(void **state)
{
    struct bench *bench = *state;
    struct digest question = ask(&TARGET, "hello");
    struct answer answer = {.reply = {.text = VIEW("hi")}};

    answer_cache_since(bench->cache, clock_unix_s() + 3600);
    put(bench, &question, 0, &answer);
    assert_int_equal(get(bench, &question, 0, &answer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_comes_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(another_sample_question_or_target_is_another_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(errors_are_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_from_before_is_not_given, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_was_put_back_hides_nothing_that_came_since,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(answers_outlive_the_cache_that_took_them, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
