/* SPDX-License-Identifier: Apache-2.0
 *
 * Children: their bytes, their ends, their deadlines, and that none is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "shell/net/loop.h"
#include "shell/os/clock.h"
#include "shell/os/process.h"

static const uint64_t MS = 1000000;

struct fixture {
    struct loop *loop;
    struct processes *processes;
    struct id child;
    struct strbuf output;
    struct strbuf errors;
    unsigned ended, writable, pieces;
    int code, exit_status, signal;
    char text[ERR_TEXT_MAX];
    struct view expect; /* ends its input once so much came back */
};

static void on_event(void *context, const struct process_event *event)
{
    struct fixture *fixture = context;

    switch (event->kind) {
    case PROCESS_OUTPUT:
        fixture->pieces++;
        strbuf_add(&fixture->output, event->bytes);
        if (fixture->expect.len != 0 && fixture->output.len == fixture->expect.len)
            process_end_input(fixture->processes, fixture->child);
        return;
    case PROCESS_WRITABLE:
        fixture->writable++;
        return;
    case PROCESS_ENDED:
        fixture->ended++;
        strbuf_add(&fixture->output, event->bytes);
        strbuf_add(&fixture->errors, event->error_output);
        fixture->code = event->code;
        fixture->exit_status = event->exit_status;
        fixture->signal = event->signal;
        snprintf(fixture->text, sizeof fixture->text, "%s", event->text);
        return;
    }
}

/* libuv opens some of its own with the first child: count after one. */
static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static int set_up(void **state)
{
    struct fixture *fixture = mem_new(1, sizeof *fixture);
    struct err err;

    assert_non_null(fixture);
    assert_int_equal(loop_new(&fixture->loop, &err), 0);
    assert_int_equal(processes_new(fixture->loop, 4, &fixture->processes, &err), 0);
    strbuf_init(&fixture->output, 64 << 20);
    strbuf_init(&fixture->errors, 1 << 20);
    *state = fixture;
    return 0;
}

/* After each test: no child of ours is left, living or dead. */
static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    processes_free(fixture->processes);
    loop_free(fixture->loop);
    strbuf_release(&fixture->output);
    strbuf_release(&fixture->errors);
    mem_free(fixture);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return 0;
}

static int start(struct fixture *fixture, const struct process_options *options, const char *script)
{
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    struct process_options whole = *options;
    struct err err = {0};

    if (script != NULL)
        whole.arguments = arguments;
    int code = process_start(fixture->processes, &whole, on_event, fixture, &fixture->child, &err);
    snprintf(fixture->text, sizeof fixture->text, "%s", err.text);
    return code;
}

static void a_question_on_standard_input_gets_its_answer(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.collect = true};
    static const struct view question = VIEW("{\"q\":1}");

    assert_int_equal(start(fixture, &options, "read x; echo \"answer $x\"; echo woe >&2"), 0);
    assert_int_equal(process_write(fixture->processes, fixture->child, question), 0);
    process_end_input(fixture->processes, fixture->child);
    assert_int_equal(process_write(fixture->processes, fixture->child, question), ERR_CLOSED);
    loop_run(fixture->loop);
    assert_int_equal(fixture->ended, 1);
    assert_int_equal(fixture->code, 0);
    assert_string_equal(strbuf_text(&fixture->output), "answer {\"q\":1}\n");
    assert_string_equal(strbuf_text(&fixture->errors), "woe\n");
    assert_int_equal(process_number(fixture->processes, fixture->child), 0);
}

static void megabytes_go_through_a_child_that_lives_on(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {0};
    size_t len = 5000000;
    char *bytes = mem_new(len, 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761u >> 9);
    fixture->expect = view_make(bytes, len);
    assert_int_equal(start(fixture, &options, "exec cat"), 0);
    assert_int_equal(process_write(fixture->processes, fixture->child, fixture->expect), ERR_BUSY);
    loop_run(fixture->loop);
    assert_true(view_equal(strbuf_view(&fixture->output), fixture->expect));
    assert_int_equal(fixture->writable, 1);
    assert_int_equal(fixture->code, 0);
    mem_free(bytes);
}

static void a_status_and_a_signal_are_told(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {0};

    assert_int_equal(start(fixture, &options, "exit 3"), 0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, ERR_FAILED);
    assert_int_equal(fixture->exit_status, 3);
    assert_non_null(strstr(fixture->text, "'/bin/sh' ended with status 3"));
    assert_int_equal(start(fixture, &options, "kill -9 $$"), 0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, ERR_FAILED);
    assert_int_equal(fixture->exit_status, -1);
    assert_int_equal(fixture->signal, SIGKILL);
    assert_non_null(strstr(fixture->text, "signal 9"));
}

static void a_program_that_does_not_exist_is_named(void **state)
{
    struct fixture *fixture = *state;
    const char *const missing[] = {"no-such-program-here", NULL};
    const char *const folder[] = {"/tmp", NULL};
    struct process_options options = {.arguments = missing};

    assert_int_equal(start(fixture, &options, NULL), ERR_MISSING);
    loop_run(fixture->loop);
    size_t before = open_descriptors();
    assert_non_null(strstr(fixture->text, "'no-such-program-here': no such program"));
    options.arguments = folder;
    assert_int_equal(start(fixture, &options, NULL), ERR_DENIED);
    for (int i = 0; i < 10; i++)
        assert_int_equal(start(fixture, &options, NULL), ERR_DENIED);
    loop_run(fixture->loop);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(fixture->ended, 0);
}

static void arguments_environment_and_folder_are_what_was_asked_for(void **state)
{
    struct fixture *fixture = *state;
    const char *const arguments[] = {"/bin/sh", "-c",   "echo \"$0|$1|$WORD|$HOME\"; pwd",
                                     "a b",     "$(c)", NULL};
    const char *const environment[] = {"WORD=word", NULL};
    struct process_options options = {
        .arguments = arguments, .environment = environment, .directory = "/", .collect = true};

    assert_int_equal(start(fixture, &options, NULL), 0);
    loop_run(fixture->loop);
    assert_string_equal(strbuf_text(&fixture->output), "a b|$(c)|word|\n/\n");
}

static void standard_error_may_be_opened_by_name(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.collect = true};

    assert_int_equal(start(fixture, &options, "echo woe >/dev/stderr; cat /dev/stdin"), 0);
    assert_int_equal(process_write(fixture->processes, fixture->child, view_of("in")), 0);
    process_end_input(fixture->processes, fixture->child);
    loop_run(fixture->loop);
    assert_string_equal(strbuf_text(&fixture->errors), "woe\n");
    assert_string_equal(strbuf_text(&fixture->output), "in");
}

static void a_deadline_ends_a_child_that_sleeps(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.end_in_ns = 50 * MS};
    uint64_t start_ns = clock_now_ns();

    assert_int_equal(start(fixture, &options, "sleep 60"), 0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, ERR_TIMEOUT);
    assert_non_null(strstr(fixture->text, "longer than 0.05 s"));
    assert_true(clock_now_ns() - start_ns < 5000 * MS);
}

static void a_child_and_its_children_that_ignore_sigterm_are_killed(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.end_in_ns = 50 * MS, .grace_ns = 100 * MS, .collect = true};

    assert_int_equal(
        start(
            fixture, &options,
            "trap '' TERM; sh -c 'trap \"\" TERM; sleep 61' & echo $!; while :; do sleep 1; done"),
        0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, ERR_TIMEOUT);
    assert_int_equal(fixture->signal, SIGKILL);
    int grandchild = (int)strtol(strbuf_text(&fixture->output), NULL, 10);
    assert_true(grandchild > 1);
    /* Its new parent may still be about to await it: a moment of patience. */
    for (int i = 0; i < 200 && kill(grandchild, 0) == 0; i++) {
        char path[64], line[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", grandchild);
        FILE *file = fopen(path, "r");
        bool dead =
            file == NULL || fgets(line, sizeof line, file) == NULL || strstr(line, ") Z ") != NULL;
        if (file != NULL)
            fclose(file);
        if (dead)
            return;
        usleep(10000);
    }
    assert_int_equal(kill(grandchild, 0), -1);
}

static void a_grandchild_that_holds_the_output_delays_the_end_only_a_little(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.collect = true};
    uint64_t start_ns = clock_now_ns();

    assert_int_equal(start(fixture, &options, "sleep 62 & echo done"), 0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, 0);
    assert_string_equal(strbuf_text(&fixture->output), "done\n");
    assert_true(clock_now_ns() - start_ns < 5000 * MS);
}

static void too_much_output_ends_it_and_too_much_error_output_is_cut(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.collect = true, .output_bytes_max = 1000};

    assert_int_equal(start(fixture, &options, "yes"), 0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, ERR_LIMIT);
    assert_true(fixture->output.len <= 1000);
    assert_non_null(strstr(fixture->text, "more than the 1000 bytes"));
    strbuf_reset(&fixture->output);
    options.error_bytes_max = 100;
    assert_int_equal(start(fixture, &options, "yes woe | head -c 300000 >&2; echo ok"), 0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, 0);
    assert_int_equal(fixture->errors.len, 100);
    assert_string_equal(strbuf_text(&fixture->output), "ok\n");
}

static void a_child_that_reads_nothing_breaks_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.collect = true};
    char bytes[200000] = {0};

    assert_int_equal(start(fixture, &options, "exec <&-; sleep 0.05; echo ok"), 0);
    assert_int_equal(
        process_write(fixture->processes, fixture->child, view_make(bytes, sizeof bytes)), 0);
    loop_run(fixture->loop);
    assert_int_equal(fixture->code, 0);
    assert_string_equal(strbuf_text(&fixture->output), "ok\n");
}

static void on_resume(void *context, uint64_t now_ns)
{
    struct fixture *fixture = context;

    (void)now_ns;
    assert_int_equal(fixture->pieces, 0);
    assert_int_equal(fixture->ended, 0);
    process_pause(fixture->processes, fixture->child, false);
}

static void a_paused_child_is_heard_when_it_is_resumed(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {0};

    assert_int_equal(start(fixture, &options, "echo words"), 0);
    process_pause(fixture->processes, fixture->child, true);
    assert_int_equal(
        loop_wake_at(fixture->loop, loop_now(fixture->loop) + 100 * MS, on_resume, fixture), 0);
    loop_run(fixture->loop);
    assert_string_equal(strbuf_text(&fixture->output), "words\n");
    assert_int_equal(fixture->ended, 1);
}

static void a_child_ends_on_request_and_an_abandoned_one_in_silence(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {0};

    assert_int_equal(start(fixture, &options, "sleep 63"), 0);
    process_end(fixture->processes, fixture->child);
    loop_run(fixture->loop);
    assert_int_equal(fixture->signal, SIGTERM);
    assert_int_equal(start(fixture, &options, "sleep 64"), 0);
    process_abandon(fixture->processes, fixture->child);
    loop_run(fixture->loop);
    assert_int_equal(fixture->ended, 1);
}

static void taken_places_are_a_limit_and_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {0};

    for (int i = 0; i < 4; i++)
        assert_int_equal(start(fixture, &options, "exit 0"), 0);
    assert_int_equal(start(fixture, &options, "exit 0"), ERR_LIMIT);
    loop_run(fixture->loop);
    assert_int_equal(fixture->ended, 4);
    assert_int_equal(start(fixture, &options, "exit 0"), 0);
    loop_run(fixture->loop);
}

static void many_children_leak_no_descriptor_and_inherit_none(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {.collect = true};
    size_t before = 0;

    for (int i = 0; i < 100; i++) {
        assert_int_equal(start(fixture, &options, "ls /proc/self/fd | wc -l"), 0);
        loop_run(fixture->loop);
        before = i == 0 ? open_descriptors() : before;
    }
    assert_int_equal(fixture->ended, 100);
    assert_int_equal(open_descriptors(), before);
    /* 0, 1, 2 and the one ls opens. */
    assert_int_equal(strtol(strbuf_text(&fixture->output), NULL, 10), 4);
}

static void whoever_goes_takes_its_children_along(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {0};

    for (int i = 0; i < 4; i++)
        assert_int_equal(start(fixture, &options, "sleep 65"), 0);
}

static void no_memory_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct process_options options = {0};

    mem_fail_at(1);
    int code = start(fixture, &options, "exit 0");
    mem_fail_at(0);
    assert_int_equal(code, ERR_MEMORY);
}

int main(void)
{
#define WITH_CHILDREN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_CHILDREN(a_question_on_standard_input_gets_its_answer),
        WITH_CHILDREN(megabytes_go_through_a_child_that_lives_on),
        WITH_CHILDREN(a_status_and_a_signal_are_told),
        WITH_CHILDREN(a_program_that_does_not_exist_is_named),
        WITH_CHILDREN(arguments_environment_and_folder_are_what_was_asked_for),
        WITH_CHILDREN(standard_error_may_be_opened_by_name),
        WITH_CHILDREN(a_deadline_ends_a_child_that_sleeps),
        WITH_CHILDREN(a_child_and_its_children_that_ignore_sigterm_are_killed),
        WITH_CHILDREN(a_grandchild_that_holds_the_output_delays_the_end_only_a_little),
        WITH_CHILDREN(too_much_output_ends_it_and_too_much_error_output_is_cut),
        WITH_CHILDREN(a_child_that_reads_nothing_breaks_nothing),
        WITH_CHILDREN(a_paused_child_is_heard_when_it_is_resumed),
        WITH_CHILDREN(a_child_ends_on_request_and_an_abandoned_one_in_silence),
        WITH_CHILDREN(taken_places_are_a_limit_and_come_back),
        WITH_CHILDREN(many_children_leak_no_descriptor_and_inherit_none),
        WITH_CHILDREN(whoever_goes_takes_its_children_along),
        WITH_CHILDREN(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
