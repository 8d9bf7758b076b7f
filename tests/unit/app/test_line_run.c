/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines over threads: every line worked off once and emitted in order, whoever is asked in between
 * and however late they answer; an interruption ends it with what is settled. Meant to be run under
 * ThreadSanitizer too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/line_run.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "shell/net/loop.h"
#include "shell/os/file.h"

enum { LINES = 3000, AT_ONCE = 16 };

struct fixture {
    struct loop *loop;
    struct line_run *run;
    struct strbuf folder;
    char path[512];
    const char *paths[2];
    struct rng rng;
    struct loop_task task;
    struct line_job *asked[AT_ONCE]; /* not settled yet */
    size_t asked_count;
    uint32_t emitted;
    uint32_t bad;
    uint32_t interrupt_at;
    atomic_uint worked;
    atomic_uint dropped;
    bool out_of_order;
};

static void write_lines(struct fixture *fixture)
{
    struct strbuf text;
    struct err err = {0};

    strbuf_init(&text, 64 << 20);
    for (uint32_t i = 1; i <= LINES; i++)
        strbuf_printf(&text, "%u%0*d\n", i, (int)(i % 7 == 0 ? 5000 : 1), 0);
    assert_int_equal(file_write(fixture->path, strbuf_view(&text), &err), 0);
    strbuf_release(&text);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    struct err err = {0};

    fixture = (struct fixture){0};
    rng_init(&fixture.rng, 11);
    strbuf_init(&fixture.folder, 4096);
    assert_int_equal(file_make_temporary(view_of("line-run"), &fixture.folder, &err), 0);
    snprintf(fixture.path, sizeof fixture.path, "%s/lines", strbuf_text(&fixture.folder));
    fixture.paths[0] = fixture.path;
    fixture.paths[1] = "/nowhere/at/all";
    assert_int_equal(loop_new(&fixture.loop, &err), 0);
    write_lines(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};

    loop_undefer(fixture->loop, &fixture->task);
    line_run_free(fixture->run);
    loop_free(fixture->loop);
    assert_int_equal(file_remove_tree(strbuf_text(&fixture->folder), &err), 0);
    strbuf_release(&fixture->folder);
    return 0;
}

static void work(void *context, uint32_t thread, struct line_job *job)
{
    struct fixture *fixture = context;
    uint64_t sum = thread;

    for (size_t i = 0; i < job->text.len; i++)
        sum = sum * 31 + (unsigned char)job->text.ptr[i];
    job->result = arena_new(&job->arena, 1, sizeof sum);
    if (job->result != NULL)
        memcpy(job->result, &sum, sizeof sum);
    atomic_fetch_add(&fixture->worked, 1);
}

static void emit(void *context, struct line_job *job)
{
    struct fixture *fixture = context;

    if (job->err.code != 0) {
        fixture->bad++;
        return;
    }
    fixture->emitted++;
    fixture->out_of_order |= job->number != fixture->emitted || job->result == NULL;
    if (fixture->emitted == fixture->interrupt_at)
        line_run_interrupt(fixture->run);
}

static void drop(void *context, struct line_job *job)
{
    (void)job;
    atomic_fetch_add(&((struct fixture *)context)->dropped, 1);
}

/* Settles one of those that wait, any of them. */
static void answer(void *context)
{
    struct fixture *fixture = context;

    if (fixture->asked_count == 0)
        return;
    size_t at = (size_t)rng_below(&fixture->rng, fixture->asked_count);
    struct line_job *job = fixture->asked[at];
    fixture->asked[at] = fixture->asked[--fixture->asked_count];
    if (fixture->asked_count < AT_ONCE)
        line_run_pause(fixture->run, false);
    line_run_settled(fixture->run, job);
    loop_defer(fixture->loop, &fixture->task);
}

static bool settle(void *context, struct line_job *job)
{
    struct fixture *fixture = context;

    if (job->number % 3 == 0)
        return true;
    fixture->asked[fixture->asked_count++] = job;
    if (fixture->asked_count == AT_ONCE)
        line_run_pause(fixture->run, true);
    loop_defer(fixture->loop, &fixture->task);
    return false;
}

static void start(struct fixture *fixture, size_t paths, bool asks)
{
    const struct line_run_options options = {
        .paths = fixture->paths,
        .path_count = paths,
        .threads = 4,
        .user = {.work = work,
                 .settle = asks ? settle : NULL,
                 .emit = emit,
                 .drop = drop,
                 .context = fixture},
    };
    struct err err = {0};

    fixture->task = (struct loop_task){.run = answer, .context = fixture};
    assert_int_equal(line_run_new(fixture->loop, &options, &fixture->run, &err), 0);
    assert_int_equal(line_run_go(fixture->run, &err), 0);
    loop_run(fixture->loop);
}

static void every_line_is_emitted_once_and_in_order(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, 1, false);
    assert_int_equal(fixture->emitted, LINES);
    assert_int_equal(atomic_load(&fixture->worked), LINES);
    assert_int_equal(atomic_load(&fixture->dropped), LINES);
    assert_false(fixture->out_of_order);
}

static void who_is_asked_may_answer_in_any_order(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, 1, true);
    assert_int_equal(fixture->emitted, LINES);
    assert_int_equal(atomic_load(&fixture->dropped), LINES);
    assert_false(fixture->out_of_order);
}

static void a_file_that_cannot_be_read_is_a_complaint_in_its_place(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, 2, false);
    assert_int_equal(fixture->emitted, LINES);
    assert_int_equal(fixture->bad, 1);
}

static void an_interruption_keeps_what_was_emitted_and_loses_no_job(void **state)
{
    struct fixture *fixture = *state;

    fixture->interrupt_at = 100;
    start(fixture, 1, true);
    assert_true(line_run_interrupted(fixture->run));
    assert_true(fixture->emitted >= 100 && fixture->emitted < LINES);
    assert_false(fixture->out_of_order);
    line_run_free(fixture->run);
    fixture->run = NULL;
    assert_true(atomic_load(&fixture->dropped) >= atomic_load(&fixture->worked));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        PROMISE(every_line_is_emitted_once_and_in_order),
        PROMISE(who_is_asked_may_answer_in_any_order),
        PROMISE(a_file_that_cannot_be_read_is_a_complaint_in_its_place),
        PROMISE(an_interruption_keeps_what_was_emitted_and_loses_no_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
