/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools on four threads under one limit: a counter of what is open in the process proves that the
 * limit is never exceeded, and every one of many thousands of callers is served within its
 * deadline. Connections and streams are timers. Without the share the counter must see the limit
 * exceeded, or it proves nothing. Meant to be run under ThreadSanitizer too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "app/pool_share.h"
#include "base/mem.h"
#include "base/rng.h"
#include "core/pool/pool.h"
#include "shell/net/loop.h"
#include "shell/os/mailbox.h"

enum { WORKERS = 4, CONNECTIONS = 50, CALLERS = 64, LIMITS = 3 };

static const uint64_t MS = 1000000;
static const uint64_t DEADLINE_NS = 20000000000;

/* What all threads see. */
struct count {
    _Atomic uint32_t open; /* connections, those being opened included */
    _Atomic uint32_t open_max;
};

struct trial {
    struct count counts[LIMITS]; /* 0: of the process */
    uint32_t limits[LIMITS];
    uint32_t limit_count;
    uint32_t calls; /* of each worker */
    uint32_t mail_max;
    bool shared;
    bool paired; /* workers 0 and 1 are on one host, 2 and 3 on the other */
    _Atomic uint64_t grants;
    struct loop *loop;
    struct pool_share *share;
    struct mailbox *finished;
    uint32_t finished_count;
};

struct connection {
    struct worker *worker;
    struct id id;
    struct id ticket; /* whose stream it carries; none: it is being opened */
};

struct caller {
    struct worker *worker;
    struct id id;
    uint64_t since_ns;
    uint64_t since_grants;
};

struct worker {
    struct trial *trial;
    uint32_t number;
    pthread_t thread;
    struct loop *loop;
    struct pool pool;
    struct pool_seat *seat;
    struct rng rng;
    struct connection connections[CONNECTIONS];
    struct caller callers[CALLERS];
    uint32_t begun;
    uint32_t served;
    uint32_t refused;
    uint64_t waited_max_ns;
    uint64_t waited_max_grants;
    bool stopping;
};

/* ---- the counter ---------------------------------------------------------------------------- */

static void count_open(struct count *count)
{
    uint32_t open = atomic_fetch_add(&count->open, 1) + 1;
    uint32_t most = atomic_load(&count->open_max);

    while (open > most && !atomic_compare_exchange_weak(&count->open_max, &most, open))
        continue;
}

static uint32_t host_of(const struct worker *worker)
{
    return worker->trial->paired ? 1 + worker->number / 2 : 0;
}

static void note_open(struct worker *worker)
{
    count_open(&worker->trial->counts[0]);
    if (host_of(worker) != 0)
        count_open(&worker->trial->counts[host_of(worker)]);
}

static void note_closed(struct worker *worker)
{
    atomic_fetch_sub(&worker->trial->counts[0].open, 1);
    if (host_of(worker) != 0)
        atomic_fetch_sub(&worker->trial->counts[host_of(worker)].open, 1);
}

/* ---- one thread's pool ---------------------------------------------------------------------- */

static void follow(struct worker *worker);

static void feed(struct worker *worker, struct pool_event event)
{
    /* Nothing comes late here: every connection and ticket is known for sure. */
    assert_always(pool_feed(&worker->pool, loop_now(worker->loop), &event) == 0);
    follow(worker);
}

static void call(struct caller *caller)
{
    struct worker *worker = caller->worker;

    if (worker->begun == worker->trial->calls)
        return;
    worker->begun++;
    caller->id = (struct id){.slot = (uint32_t)(caller - worker->callers),
                             .generation = caller->id.generation + 1};
    caller->since_ns = loop_now(worker->loop);
    caller->since_grants = atomic_load(&worker->trial->grants);
    feed(worker, (struct pool_event){.kind = POOL_WANT,
                                     .ticket = caller->id,
                                     .deadline_ns = caller->since_ns + DEADLINE_NS});
}

static void on_call(void *context, uint64_t now_ns)
{
    (void)now_ns;
    call(context);
}

static void wake(struct worker *worker, uint64_t in_ns, loop_timer_listener *listener,
                 void *context)
{
    assert_always(loop_wake_at(worker->loop, loop_now(worker->loop) + in_ns, listener, context)
                  == 0);
}

/* Its caller calls again: as a rule soon, now and then after a pause of all. */
static void call_again(struct worker *worker, struct caller *caller)
{
    uint64_t phase = worker->begun / 500 % 4;
    uint64_t pause_ns = phase == worker->number ? 5 * MS : MS / 10;

    wake(worker, rng_below(&worker->rng, pause_ns), on_call, caller);
}

static void on_ready(void *context, uint64_t now_ns)
{
    struct connection *connection = context;
    struct worker *worker = connection->worker;
    struct id ticket = connection->ticket;
    (void)now_ns;

    if (id_is_none(ticket)) {
        feed(worker, (struct pool_event){.kind = POOL_OPENED, .connection = connection->id});
        return;
    }
    connection->ticket = (struct id){0};
    worker->served++;
    feed(worker, (struct pool_event){.kind = POOL_STREAM_DONE,
                                     .connection = connection->id,
                                     .ticket = ticket,
                                     .reusable = rng_below(&worker->rng, 200) != 0});
    call_again(worker, &worker->callers[ticket.slot]);
}

static void take_open(struct worker *worker, const struct pool_effect *effect)
{
    struct connection *connection = &worker->connections[effect->connection.slot];

    note_open(worker);
    *connection = (struct connection){.worker = worker, .id = effect->connection};
    wake(worker, MS / 20 + rng_below(&worker->rng, MS / 2), on_ready, connection);
}

static void take_close(struct worker *worker, const struct pool_effect *effect)
{
    loop_wake_never(worker->loop, &worker->connections[effect->connection.slot]);
    note_closed(worker);
}

static void take_grant(struct worker *worker, const struct pool_effect *effect)
{
    struct connection *connection = &worker->connections[effect->connection.slot];
    const struct caller *caller = &worker->callers[effect->ticket.slot];
    uint64_t grants = atomic_fetch_add(&worker->trial->grants, 1) - caller->since_grants;

    worker->waited_max_ns =
        effect->waited_ns > worker->waited_max_ns ? effect->waited_ns : worker->waited_max_ns;
    worker->waited_max_grants =
        grants > worker->waited_max_grants ? grants : worker->waited_max_grants;
    connection->ticket = effect->ticket;
    wake(worker, MS / 2 + rng_below(&worker->rng, MS), on_ready, connection);
}

static void take_refuse(struct worker *worker, const struct pool_effect *effect)
{
    (void)effect;
    worker->refused++;
    worker->served++;
}

static void take_permit(struct worker *worker, const struct pool_effect *effect)
{
    pool_seat_tell(worker->seat, effect);
}

static void take_check(struct worker *worker, const struct pool_effect *effect)
{
    /* No pool here has checks. */
    assert_always(worker->pool.settings.check_every_ns == 0 && effect->kind != POOL_CHECK);
}

static void drain(struct worker *worker)
{
    static void (*const takers[POOL_EFFECT_END])(struct worker *, const struct pool_effect *) = {
        [POOL_OPEN] = take_open,          [POOL_CLOSE] = take_close,
        [POOL_GRANT] = take_grant,        [POOL_REFUSE] = take_refuse,
        [POOL_CHECK] = take_check,        [POOL_PERMIT_WANTED] = take_permit,
        [POOL_PERMIT_BACK] = take_permit,
    };
    struct pool_effect effect;

    while (pool_next(&worker->pool, &effect))
        takers[effect.kind](worker, &effect);
}

static void on_tick(void *context, uint64_t now_ns)
{
    struct worker *worker = context;

    pool_tick(&worker->pool, now_ns);
    follow(worker);
}

static void has_left(void *context)
{
    struct worker *worker = context;
    loop_stop(worker->loop);
}

/* What follows from anything: effects, the next tick, and the end when all is done. */
static void follow(struct worker *worker)
{
    drain(worker);
    if (worker->served == worker->trial->calls && !worker->stopping) {
        worker->stopping = true;
        assert_always(pool_feed(&worker->pool, loop_now(worker->loop),
                                &(struct pool_event){.kind = POOL_STOP})
                      == 0);
        drain(worker);
        assert_always(pool_over(&worker->pool));
        if (worker->trial->shared)
            pool_seat_leave(worker->seat, has_left);
        else
            loop_stop(worker->loop);
    }
    assert_always(loop_wake_at(worker->loop, pool_deadline(&worker->pool), on_tick, worker) == 0);
}

static void on_permit(void *context, const struct pool_event *event)
{
    struct worker *worker = context;
    feed(worker, *event);
}

static void start_pool(struct worker *worker)
{
    struct trial *trial = worker->trial;
    struct pool_settings settings = {
        .connections_min = 2,
        .connections_max = CONNECTIONS,
        .streams_max = 1,
        .tickets_max = CALLERS,
        .idle_ns = 50 * MS,
        .seed = worker->number,
        .shared = trial->shared,
    };
    const uint32_t limits[] = {host_of(worker), 0};
    uint32_t skip = host_of(worker) == 0 ? 1 : 0;

    assert_always(pool_init(&worker->pool, &settings, loop_now(worker->loop)) == 0);
    if (trial->shared)
        assert_always(pool_share_join(trial->share, worker->loop, worker->number, limits + skip,
                                      2 - skip, on_permit, worker, &worker->seat, NULL)
                      == 0);
    pool_tick(&worker->pool, loop_now(worker->loop));
    follow(worker);
}

static void *work(void *context)
{
    struct worker *worker = context;
    uint32_t done = worker->number;

    rng_init(&worker->rng, worker->number + 1);
    assert_always(loop_new(&worker->loop, NULL) == 0);
    start_pool(worker);
    for (uint32_t i = 0; i < CALLERS; i++) {
        worker->callers[i].worker = worker;
        wake(worker, rng_below(&worker->rng, MS), on_call, &worker->callers[i]);
    }
    loop_run(worker->loop);
    pool_release(&worker->pool);
    loop_free(worker->loop);
    assert_always(mailbox_post(worker->trial->finished, &done) == 0);
    return NULL;
}

/* ---- trials --------------------------------------------------------------------------------- */

static void on_finished(void *context, const void *message)
{
    struct trial *trial = context;
    (void)message;

    if (++trial->finished_count == WORKERS)
        loop_stop(trial->loop);
}

/* Runs all workers to their end; the owner of the share is on this thread's loop. */
static void run(struct trial *trial)
{
    static struct worker workers[WORKERS];
    struct pool_share_settings settings = {
        .limits = trial->limits,
        .limit_count = trial->limit_count,
        .members_max = WORKERS,
        .mail_max = trial->mail_max,
    };

    assert_int_equal(loop_new(&trial->loop, NULL), 0);
    assert_int_equal(mailbox_new(trial->loop, sizeof(uint32_t), WORKERS, on_finished, trial,
                                 &trial->finished, NULL),
                     0);
    assert_int_equal(pool_share_new(trial->loop, &settings, &trial->share, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.trial = trial, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    /* Four want to join at once: with less room than that some find the mailbox full. */
    while (trial->mail_max != 0 && pool_share_delayed(trial->share) == 0)
        sched_yield();
    loop_run(trial->loop);
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    pool_share_free(trial->share);
    mailbox_free(trial->finished);
    loop_free(trial->loop);

    print_message("at most %u open\n", atomic_load(&trial->counts[0].open_max));
    for (uint32_t i = 0; i < WORKERS; i++) {
        print_message("worker %u: %u served, waited at most %.1f ms or %llu turns\n", i,
                      workers[i].served, (double)workers[i].waited_max_ns / 1e6,
                      (unsigned long long)workers[i].waited_max_grants);
        assert_int_equal(workers[i].served, trial->calls);
        assert_int_equal(workers[i].refused, 0); /* nobody's deadline passed */
        /* A turn is a grant to anybody in the process. One that starves waits until the other
         * three are done, which is most of them. */
        assert_true(!trial->shared || workers[i].waited_max_grants < WORKERS * trial->calls / 2);
    }
    for (uint32_t i = 0; i < LIMITS; i++)
        assert_int_equal(atomic_load(&trial->counts[i].open), 0);
}

static void four_loops_never_open_more_than_the_limit_and_every_caller_is_served(void **state)
{
    (void)state;
    static struct trial trial = {.limits = {50}, .limit_count = 1, .calls = 10000, .shared = true};

    run(&trial);
    assert_true(atomic_load(&trial.counts[0].open_max) <= 50);
    assert_true(atomic_load(&trial.counts[0].open_max) >= 40); /* and it is made use of */
}

static void more_loops_than_permits_all_have_their_turns(void **state)
{
    (void)state;
    static struct trial trial = {.limits = {3}, .limit_count = 1, .calls = 400, .shared = true};

    run(&trial);
    assert_true(atomic_load(&trial.counts[0].open_max) <= 3);
}

static void a_limit_of_a_host_and_one_of_the_process_hold_together(void **state)
{
    (void)state;
    static struct trial trial = {
        .limits = {16, 10, 12}, .limit_count = 3, .calls = 3000, .shared = true, .paired = true};

    run(&trial);
    for (uint32_t i = 0; i < LIMITS; i++)
        assert_true(atomic_load(&trial.counts[i].open_max) <= trial.limits[i]);
}

static void a_mailbox_that_is_full_loses_nothing(void **state)
{
    (void)state;
    static struct trial trial = {
        .limits = {10}, .limit_count = 1, .calls = 1500, .shared = true, .mail_max = 2};

    run(&trial);
    assert_true(atomic_load(&trial.counts[0].open_max) <= 10);
}

static void without_the_share_the_counter_sees_the_limit_exceeded(void **state)
{
    (void)state;
    static struct trial trial = {.limits = {50}, .limit_count = 1, .calls = 2000};

    run(&trial);
    assert_true(atomic_load(&trial.counts[0].open_max) > 50);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct loop *loop;
    struct pool_share *share;
    struct pool_seat *seat;
    const uint32_t limits[] = {1, 0};
    struct pool_share_settings settings = {.limits = limits, .limit_count = 2, .members_max = 1};

    assert_int_equal(loop_new(&loop, NULL), 0);
    assert_int_equal(pool_share_new(loop, &settings, &share, NULL), ERR_LIMIT);
    settings.limit_count = 1;
    int code = ERR_MEMORY;
    for (unsigned long n = 1; code != 0; n++) {
        assert_true(n < 20);
        mem_fail_at(n);
        code = pool_share_new(loop, &settings, &share, NULL);
        mem_fail_at(0);
        assert_true(code == 0 || code == ERR_MEMORY);
    }
    assert_int_equal(pool_share_join(share, loop, 1, limits, 1, on_permit, NULL, &seat, NULL),
                     ERR_INVALID);
    assert_int_equal(pool_share_join(share, loop, 0, limits, 1, on_permit, NULL, &seat, NULL),
                     ERR_INVALID);
    assert_int_equal(pool_share_join(share, loop, 0, limits, 0, on_permit, NULL, &seat, NULL),
                     ERR_INVALID);
    pool_share_free(share);
    pool_share_free(NULL);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_loops_never_open_more_than_the_limit_and_every_caller_is_served),
        cmocka_unit_test(more_loops_than_permits_all_have_their_turns),
        cmocka_unit_test(a_limit_of_a_host_and_one_of_the_process_hold_together),
        cmocka_unit_test(a_mailbox_that_is_full_loses_nothing),
        cmocka_unit_test(without_the_share_the_counter_sees_the_limit_exceeded),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
