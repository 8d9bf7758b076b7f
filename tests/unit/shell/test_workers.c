/* SPDX-License-Identifier: Apache-2.0
 *
 * Worker threads: every item worked off once and given back in order, what is held bounded, the end
 * clean wherever it comes. Meant to be run under ThreadSanitizer too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/mem.h"
#include "base/rng.h"
#include "shell/os/workers.h"

enum { ITEMS = 20000, THREADS = 4 };

struct item {
    uint32_t number;
    uint32_t spin; /* work of uneven size */
    uint64_t result;
};

struct fixture {
    struct workers *workers;
    struct item *items;
    atomic_uint worked;
    atomic_uint told;
    atomic_bool gate; /* work waits until it opens */
    uint32_t each[THREADS];
    uint32_t dropped;
};

static void nap(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
}

static uint64_t spun(const struct item *item)
{
    uint64_t value = item->number;

    for (uint32_t i = 0; i < item->spin; i++)
        value = value * 6364136223846793005u + 1442695040888963407u;
    return value;
}

static void work(void *context, uint32_t thread, void *item)
{
    struct fixture *fixture = context;
    struct item *mine = item;

    while (!atomic_load(&fixture->gate))
        nap();
    mine->result = spun(mine);
    fixture->each[thread]++;
    atomic_fetch_add(&fixture->worked, 1);
}

static void ready(void *context)
{
    atomic_fetch_add(&((struct fixture *)context)->told, 1);
}

static void drop(void *context, void *item)
{
    (void)item;
    ((struct fixture *)context)->dropped++;
}

static int set_up(void **state)
{
    struct fixture *fixture = mem_new(1, sizeof *fixture);
    struct rng rng;

    assert_non_null(fixture);
    fixture->items = mem_new(ITEMS, sizeof *fixture->items);
    assert_non_null(fixture->items);
    rng_init(&rng, 7);
    for (uint32_t i = 0; i < ITEMS; i++)
        fixture->items[i] = (struct item){.number = i, .spin = (uint32_t)rng_below(&rng, 2000)};
    atomic_store(&fixture->gate, true);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    workers_free(fixture->workers, drop);
    mem_free(fixture->items);
    mem_free(fixture);
    return 0;
}

static void start(struct fixture *fixture, uint32_t held_max, size_t bytes_max)
{
    const struct workers_options options = {.threads = THREADS,
                                            .held_max = held_max,
                                            .bytes_max = bytes_max,
                                            .work = work,
                                            .ready = ready,
                                            .context = fixture};
    struct err err = {0};

    assert_int_equal(workers_new(&options, &fixture->workers, &err), 0);
    assert_int_equal(workers_threads(fixture->workers), THREADS);
}

static void *put_all(void *context)
{
    struct fixture *fixture = context;

    for (uint32_t i = 0; i < ITEMS; i++)
        if (workers_put(fixture->workers, &fixture->items[i], 1) != 0)
            return NULL;
    return NULL;
}

static void items_come_back_worked_off_and_in_the_order_they_were_put(void **state)
{
    struct fixture *fixture = *state;
    pthread_t producer;
    void *item = NULL;
    uint32_t worked = 0;

    start(fixture, 0, 0);
    assert_int_equal(pthread_create(&producer, NULL, put_all, fixture), 0);
    for (uint32_t i = 0; i < ITEMS; i++) {
        enum workers_state taken;
        do /* a producer may not have put it yet */
            taken = workers_take(fixture->workers, true, &item);
        while (taken == WORKERS_EMPTY);
        assert_int_equal(taken, WORKERS_DONE);
        assert_ptr_equal(item, &fixture->items[i]);
        assert_int_equal(((struct item *)item)->result, spun(item));
    }
    pthread_join(producer, NULL);
    assert_int_equal(workers_take(fixture->workers, true, &item), WORKERS_EMPTY);
    for (uint32_t i = 0; i < THREADS; i++)
        worked += fixture->each[i];
    assert_int_equal(worked, ITEMS);
}

static void no_more_is_held_than_allowed(void **state)
{
    struct fixture *fixture = *state;
    void *item = NULL;

    atomic_store(&fixture->gate, false);
    start(fixture, 8, 0);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(workers_try_put(fixture->workers, &fixture->items[i], 1), 0);
    assert_int_equal(workers_try_put(fixture->workers, &fixture->items[8], 1), ERR_BUSY);
    assert_int_equal(workers_take(fixture->workers, false, &item), WORKERS_BUSY);
    atomic_store(&fixture->gate, true);
    assert_int_equal(workers_take(fixture->workers, true, &item), WORKERS_DONE);
    assert_ptr_equal(item, &fixture->items[0]);
    assert_int_equal(workers_try_put(fixture->workers, &fixture->items[8], 1), 0);
}

static void bytes_are_bounded_and_one_item_of_any_size_goes(void **state)
{
    struct fixture *fixture = *state;
    void *item = NULL;

    start(fixture, 0, 100);
    assert_int_equal(workers_try_put(fixture->workers, &fixture->items[0], 1000), 0);
    assert_int_equal(workers_try_put(fixture->workers, &fixture->items[1], 1), ERR_BUSY);
    assert_int_equal(workers_take(fixture->workers, true, &item), WORKERS_DONE);
    assert_int_equal(workers_try_put(fixture->workers, &fixture->items[1], 60), 0);
    assert_int_equal(workers_try_put(fixture->workers, &fixture->items[2], 40), 0);
    assert_int_equal(workers_try_put(fixture->workers, &fixture->items[3], 1), ERR_BUSY);
}

static void who_waits_is_told_when_the_oldest_is_done(void **state)
{
    struct fixture *fixture = *state;
    void *item = NULL;

    atomic_store(&fixture->gate, false);
    start(fixture, 0, 0);
    assert_int_equal(workers_take(fixture->workers, false, &item), WORKERS_EMPTY);
    assert_int_equal(workers_put(fixture->workers, &fixture->items[0], 1), 0);
    assert_int_equal(atomic_load(&fixture->told), 0);
    atomic_store(&fixture->gate, true);
    while (atomic_load(&fixture->told) == 0)
        nap();
    assert_int_equal(workers_take(fixture->workers, false, &item), WORKERS_DONE);
}

static void a_stop_ends_the_waiting_of_who_puts_and_of_who_takes(void **state)
{
    struct fixture *fixture = *state;
    pthread_t producer;
    void *item = NULL;

    start(fixture, 4, 0);
    assert_int_equal(pthread_create(&producer, NULL, put_all, fixture), 0);
    while (atomic_load(&fixture->worked) < 4)
        nap();
    workers_stop(fixture->workers);
    pthread_join(producer, NULL);
    assert_int_equal(workers_put(fixture->workers, &fixture->items[0], 1), ERR_CANCELLED);
    for (uint32_t i = 0; i < 4; i++) /* what was begun is finished and can be had */
        assert_int_equal(workers_take(fixture->workers, true, &item), WORKERS_DONE);
    assert_int_equal(workers_take(fixture->workers, true, &item), WORKERS_EMPTY);
}

static void what_is_still_held_at_the_end_is_given_back(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, 0, 0);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(workers_put(fixture->workers, &fixture->items[i], 1), 0);
    workers_free(fixture->workers, drop);
    fixture->workers = NULL;
    assert_int_equal(fixture->dropped, 100);
}

static void more_threads_than_there_may_be_are_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct workers_options options = {.threads = WORKERS_MAX + 1, .work = work};
    struct err err = {0};

    assert_int_equal(workers_new(&options, &fixture->workers, &err), ERR_LIMIT);
    assert_null(fixture->workers);
}

static void no_memory_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    const struct workers_options options = {.threads = 1, .work = work, .context = fixture};
    struct err err = {0};

    for (unsigned long n = 1; n <= 3; n++) {
        mem_fail_at(n);
        int code = workers_new(&options, &fixture->workers, &err);
        mem_fail_at(0);
        assert_int_equal(code, ERR_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        PROMISE(items_come_back_worked_off_and_in_the_order_they_were_put),
        PROMISE(no_more_is_held_than_allowed),
        PROMISE(bytes_are_bounded_and_one_item_of_any_size_goes),
        PROMISE(who_waits_is_told_when_the_oldest_is_done),
        PROMISE(a_stop_ends_the_waiting_of_who_puts_and_of_who_takes),
        PROMISE(what_is_still_held_at_the_end_is_given_back),
        PROMISE(more_threads_than_there_may_be_are_refused),
        PROMISE(no_memory_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
