/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include <cmocka.h>

#include "base/mem.h"
#include "shell/net/loop.h"

static const uint64_t MS = 1000000;

static int set_up(void **state)
{
    struct loop *loop = NULL;
    struct err err;

    assert_int_equal(loop_new(&loop, &err), 0);
    *state = loop;
    return 0;
}

static int tear_down(void **state)
{
    loop_free(*state);
    return 0;
}

static void a_loop_with_nothing_to_do_ends(void **state)
{
    loop_run(*state);
}

struct counter {
    struct loop *loop;
    struct loop_task task;
    struct counter *other;
    unsigned runs;
    unsigned again;
};

static void count(void *context)
{
    struct counter *counter = context;

    counter->runs++;
    if (counter->again > 0) {
        counter->again--;
        loop_defer(counter->loop, &counter->task);
    }
    if (counter->other != NULL)
        loop_undefer(counter->loop, &counter->other->task);
}

static struct counter make_counter(struct loop *loop)
{
    return (struct counter){.loop = loop, .task.run = count};
}

static void a_task_runs_once_and_may_queue_itself_again(void **state)
{
    struct counter once = make_counter(*state);
    struct counter thrice = make_counter(*state);

    once.task.context = &once;
    thrice.task.context = &thrice;
    thrice.again = 2;
    loop_defer(*state, &once.task);
    loop_defer(*state, &once.task);
    loop_defer(*state, &thrice.task);
    assert_int_equal(once.runs, 0);
    loop_run(*state);
    assert_int_equal(once.runs, 1);
    assert_int_equal(thrice.runs, 3);
}

static void a_task_may_take_back_the_one_behind_it(void **state)
{
    struct counter second = make_counter(*state);
    struct counter first = make_counter(*state);

    second.task.context = &second;
    first.task.context = &first;
    first.other = &second;
    loop_defer(*state, &first.task);
    loop_defer(*state, &second.task);
    loop_run(*state);
    assert_int_equal(first.runs, 1);
    assert_int_equal(second.runs, 0);
}

struct tick {
    struct loop *loop;
    uint64_t at_ns;
    uint64_t late_ns_max;
    unsigned left;
};

static void on_tick(void *context, uint64_t now_ns)
{
    struct tick *tick = context;

    assert_true(now_ns >= tick->at_ns);
    if (now_ns - tick->at_ns > tick->late_ns_max)
        tick->late_ns_max = now_ns - tick->at_ns;
    if (--tick->left == 0)
        return;
    tick->at_ns += 300007; /* no whole number of milliseconds */
    assert_int_equal(loop_wake_at(tick->loop, tick->at_ns, on_tick, tick), 0);
}

static void timers_keep_to_less_than_a_millisecond(void **state)
{
    struct tick tick = {.loop = *state, .left = 100};
    uint64_t start_ns = loop_now(*state);

    tick.at_ns = start_ns + 300007;
    assert_int_equal(loop_wake_at(*state, tick.at_ns, on_tick, &tick), 0);
    loop_run(*state);
    assert_int_equal(tick.left, 0);
    /* A hundred timers of 0.3 ms: libuv's own would have taken 100 ms at least. */
    assert_true(loop_now(*state) - start_ns >= 30 * MS);
    print_message("worst lateness %.3f ms\n", (double)tick.late_ns_max / 1e6);
}

static void on_restart(void *context, uint64_t now_ns)
{
    struct tick *tick = context;

    if (--tick->left > 0)
        assert_int_equal(loop_wake_at(tick->loop, now_ns, on_restart, tick), 0);
    else
        loop_stop(tick->loop);
}

static void a_timer_that_sets_itself_to_now_starves_nobody(void **state)
{
    struct tick tick = {.loop = *state, .left = 1000};
    struct counter counter = make_counter(*state);

    counter.task.context = &counter;
    counter.again = 10;
    assert_int_equal(loop_wake_at(*state, 0, on_restart, &tick), 0);
    loop_defer(*state, &counter.task);
    loop_run(*state);
    assert_int_equal(counter.runs, 11);
}

struct job {
    struct loop *loop;
    pthread_t loop_thread;
    bool worked_elsewhere;
    unsigned done;
    int code;
    const bool *go;
};

static void work(void *context)
{
    struct job *job = context;

    job->worked_elsewhere = !pthread_equal(pthread_self(), job->loop_thread);
}

static void done(void *context, int code)
{
    struct job *job = context;

    assert_true(pthread_equal(pthread_self(), job->loop_thread));
    job->done++;
    job->code = code;
}

static void a_job_works_on_another_thread_and_ends_on_the_loop(void **state)
{
    struct job job = {.loop_thread = pthread_self()};

    assert_int_equal(loop_work(*state, work, done, &job), 0);
    loop_run(*state);
    assert_true(job.worked_elsewhere);
    assert_int_equal(job.done, 1);
    assert_int_equal(job.code, 0);
}

static void more_jobs_than_the_limit_are_refused(void **state)
{
    struct job job = {.loop_thread = pthread_self()};

    for (int i = 0; i < LOOP_JOBS_MAX; i++)
        assert_int_equal(loop_work(*state, work, done, &job), 0);
    assert_int_equal(loop_work(*state, work, done, &job), ERR_BUSY);
    loop_run(*state);
    assert_int_equal(job.done, LOOP_JOBS_MAX);
    assert_int_equal(loop_work(*state, work, done, &job), 0);
    loop_run(*state);
}

static void a_loop_that_ends_hears_all_its_jobs_out(void **state)
{
    static struct job job;
    struct loop *loop = NULL;
    struct err err;

    (void)state;
    job = (struct job){.loop_thread = pthread_self()};
    assert_int_equal(loop_new(&loop, &err), 0);
    for (int i = 0; i < LOOP_JOBS_MAX; i++)
        assert_int_equal(loop_work(loop, work, done, &job), 0);
    loop_free(loop);
    assert_int_equal(job.done, LOOP_JOBS_MAX);
}

static void no_memory_is_an_error(void **state)
{
    struct loop *loop = NULL;
    struct job job = {.loop_thread = pthread_self()};
    struct err err;

    mem_fail_at(1);
    assert_int_equal(loop_new(&loop, &err), ERR_MEMORY);
    assert_int_equal(loop_work(*state, work, done, &job), ERR_MEMORY);
    assert_int_equal(loop_wake_at(*state, 1, on_tick, &job), ERR_MEMORY);
    mem_fail_at(0);
}

int main(void)
{
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_LOOP(a_loop_with_nothing_to_do_ends),
        WITH_LOOP(a_task_runs_once_and_may_queue_itself_again),
        WITH_LOOP(a_task_may_take_back_the_one_behind_it),
        WITH_LOOP(timers_keep_to_less_than_a_millisecond),
        WITH_LOOP(a_timer_that_sets_itself_to_now_starves_nobody),
        WITH_LOOP(a_job_works_on_another_thread_and_ends_on_the_loop),
        WITH_LOOP(more_jobs_than_the_limit_are_refused),
        cmocka_unit_test(a_loop_that_ends_hears_all_its_jobs_out),
        WITH_LOOP(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
