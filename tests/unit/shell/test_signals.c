/* SPDX-License-Identifier: Apache-2.0
 *
 * Signals, each in a child of the test, since a second one ends the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell/net/loop.h"
#include "shell/os/process.h"
#include "shell/os/signals.h"

static const uint64_t MS = 1000000;

/* What a child of the test does; its exit status is the result. */
typedef int child_body(struct loop *loop);

static int heard;

static void on_signal(void *context, int number)
{
    heard = number;
    loop_stop(context);
}

static int run_in_child(child_body *body)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct loop *loop = NULL;
        struct err err;
        int code = loop_new(&loop, &err);
        code = code == 0 ? signals_start(loop, on_signal, loop, &err) : code;
        if (code != 0)
            _exit(99);
        code = body(loop);
        signals_stop();
        loop_free(loop);
        _exit(code);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void never(void *context, uint64_t now_ns)
{
    (void)context;
    (void)now_ns;
}

static void raise_now(void *context, uint64_t now_ns)
{
    (void)context;
    (void)now_ns;
    raise(SIGINT);
}

static int hear_one(struct loop *loop)
{
    if (loop_wake_at(loop, loop_now(loop) + 5000 * MS, never, loop) != 0
        || loop_wake_at(loop, loop_now(loop), raise_now, &heard) != 0)
        return 98;
    loop_run(loop);
    return heard == SIGINT ? 0 : 1;
}

static void the_first_ctrl_c_is_an_event_of_the_loop(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(hear_one), 0);
}

static int hear_two(struct loop *loop)
{
    int code = hear_one(loop);

    if (code != 0)
        return code;
    raise(SIGINT); /* the loop is stuck: nobody asks it */
    return 97;
}

static void a_second_ctrl_c_ends_at_once_with_130(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(hear_two), 130);
}

static int hear_term_twice(struct loop *loop)
{
    (void)loop;
    raise(SIGTERM);
    raise(SIGTERM);
    return 97;
}

static void a_second_sigterm_ends_with_143(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(hear_term_twice), 143);
}

static int stop_then_term(struct loop *loop)
{
    (void)loop;
    signals_stop();
    raise(SIGTERM);
    return 97;
}

static void after_stop_the_system_decides_again(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(stop_then_term), 1000 + SIGTERM);
}

static int run_idle(struct loop *loop)
{
    loop_run(loop);
    return 0;
}

static void listening_for_signals_keeps_no_loop_alive(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(run_idle), 0);
}

static int start_twice(struct loop *loop)
{
    struct err err;

    return signals_start(loop, on_signal, loop, &err) == ERR_BUSY ? 0 : 1;
}

static void one_listener_a_process(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(start_twice), 0);
}

static void ignore_event(void *context, const struct process_event *event)
{
    (void)context;
    (void)event;
}

static int leave_child_behind(struct loop *loop)
{
    static const char *const arguments[] = {"sleep", "66", NULL};
    struct process_options options = {.arguments = arguments};
    struct processes *processes = NULL;
    struct id id;
    struct err err;

    if (processes_new(loop, 1, &processes, &err) != 0
        || process_start(processes, &options, ignore_event, NULL, &id, &err) != 0)
        return 98;
    /* Its number is told through a file descriptor the test holds. */
    int number = process_number(processes, id);
    (void)!write(200, &number, sizeof number);
    raise(SIGINT);
    raise(SIGINT);
    return 97;
}

static void a_hard_end_takes_the_children_along(void **state)
{
    int ends[2];
    int number = 0;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], 200), 200);
    assert_int_equal(run_in_child(leave_child_behind), 130);
    assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
    for (int i = 0; i < 500 && kill(number, 0) == 0; i++)
        usleep(10000);
    close(ends[0]);
    close(ends[1]);
    close(200);
    /* Nobody may be there to await an orphan in a container: dead is enough. */
    if (kill(number, 0) == 0) {
        char path[64];
        char line[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", number);
        FILE *file = fopen(path, "r");
        assert_true(file == NULL || fgets(line, sizeof line, file) == NULL
                    || strstr(line, ") Z ") != NULL);
        if (file != NULL)
            fclose(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_ctrl_c_is_an_event_of_the_loop),
        cmocka_unit_test(a_second_ctrl_c_ends_at_once_with_130),
        cmocka_unit_test(a_second_sigterm_ends_with_143),
        cmocka_unit_test(after_stop_the_system_decides_again),
        cmocka_unit_test(listening_for_signals_keeps_no_loop_alive),
        cmocka_unit_test(one_listener_a_process),
        cmocka_unit_test(a_hard_end_takes_the_children_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
