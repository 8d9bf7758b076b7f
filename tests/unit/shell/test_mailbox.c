/* SPDX-License-Identifier: Apache-2.0
 *
 * The mailbox between threads: nothing lost, nothing twice, each producer's order kept, and full
 * means full. Meant to be run under ThreadSanitizer too. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <uv.h>

#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/os/mailbox.h"

enum { PRODUCERS = 4, EACH = 50000 };

struct letter {
    uint32_t producer;
    uint32_t number;
    unsigned char filler[20]; /* all the same byte: torn copies show */
};

struct fixture {
    struct loop *loop;
    struct mailbox *mailbox;
    uint32_t next[PRODUCERS];
    uint32_t received;
    uint32_t stop_at;
    bool torn;
    bool out_of_order;
};

struct producer {
    struct fixture *fixture;
    uint32_t number;
    uint64_t refused;
    pthread_t thread;
};

static void on_letter(void *context, const void *message)
{
    struct fixture *fixture = context;
    struct letter letter;

    memcpy(&letter, message, sizeof letter);
    for (size_t i = 0; i < sizeof letter.filler; i++)
        fixture->torn |= letter.filler[i] != (unsigned char)letter.number;
    fixture->out_of_order |= letter.number != fixture->next[letter.producer];
    fixture->next[letter.producer] = letter.number + 1;
    if (++fixture->received == fixture->stop_at)
        loop_stop(fixture->loop);
}

static void set_up(struct fixture *fixture, uint32_t room)
{
    struct err err;

    *fixture = (struct fixture){0};
    assert_int_equal(loop_new(&fixture->loop, &err), 0);
    assert_int_equal(mailbox_new(fixture->loop, sizeof(struct letter), room, on_letter, fixture,
                                 &fixture->mailbox, &err),
                     0);
}

static void tear_down(struct fixture *fixture)
{
    mailbox_free(fixture->mailbox);
    loop_free(fixture->loop);
}

static int post(struct fixture *fixture, uint32_t producer, uint32_t number)
{
    struct letter letter = {.producer = producer, .number = number};

    memset(letter.filler, (int)(number & 0xff), sizeof letter.filler);
    return mailbox_post(fixture->mailbox, &letter);
}

static void *produce(void *context)
{
    struct producer *producer = context;

    for (uint32_t i = 0; i < EACH; i++) {
        while (post(producer->fixture, producer->number, i) == ERR_BUSY) {
            producer->refused++;
            sched_yield();
        }
    }
    return NULL;
}

static void what_four_threads_post_arrives_once_and_in_each_ones_order(void **state)
{
    struct fixture fixture;
    struct producer producers[PRODUCERS];
    uint64_t refused = 0;

    (void)state;
    set_up(&fixture, 64);
    fixture.stop_at = PRODUCERS * EACH;
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.fixture = &fixture, .number = i};
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    loop_run(fixture.loop);
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(producers[i].thread, NULL), 0);
        refused += producers[i].refused;
    }
    assert_int_equal(fixture.received, PRODUCERS * EACH);
    assert_false(fixture.torn);
    assert_false(fixture.out_of_order);
    assert_int_equal(mailbox_refused(fixture.mailbox), refused);
    tear_down(&fixture);
}

static void a_full_mailbox_refuses_and_takes_again_once_it_was_read(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 3); /* rounded up to 4 */
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(post(&fixture, 0, 4 * round + i), 0);
        assert_int_equal(post(&fixture, 0, 99), ERR_BUSY);
        fixture.stop_at = 4 * (round + 1);
        loop_run(fixture.loop);
        assert_int_equal(fixture.received, fixture.stop_at);
    }
    assert_false(fixture.out_of_order);
    assert_int_equal(mailbox_refused(fixture.mailbox), 3);
    tear_down(&fixture);
}

static void room_for_one_is_room_for_two_and_they_arrive(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 1); /* rounded up to 2 */
    for (uint32_t round = 0; round < 3; round++) {
        assert_int_equal(post(&fixture, 0, 2 * round), 0);
        assert_int_equal(post(&fixture, 0, 2 * round + 1), 0);
        assert_int_equal(post(&fixture, 0, 99), ERR_BUSY);
        fixture.stop_at = 2 * (round + 1);
        loop_run(fixture.loop);
        assert_int_equal(fixture.received, fixture.stop_at);
    }
    assert_false(fixture.out_of_order || fixture.torn);
    tear_down(&fixture);
}

/* Stands before libuv's own: holds a producer up between its message and the wake. */
static atomic_bool holds_up;
static atomic_bool held_up;

int uv_async_send(uv_async_t *async)
{
    static int (*real)(uv_async_t *);
    const struct timespec while_held = {.tv_nsec = 50 * 1000 * 1000};

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "uv_async_send");
    if (atomic_exchange(&holds_up, false)) {
        atomic_store(&held_up, true);
        nanosleep(&while_held, NULL);
    }
    return real(async);
}

static void *produce_one(void *context)
{
    struct producer *producer = context;

    assert_int_equal(post(producer->fixture, producer->number, 0), 0);
    return NULL;
}

static void a_mailbox_is_freed_once_its_last_message_was_heard(void **state)
{
    struct fixture fixture;
    struct producer producer = {.fixture = &fixture, .number = 1};

    (void)state;
    set_up(&fixture, 8);
    assert_int_equal(post(&fixture, 0, 0), 0);
    atomic_store(&holds_up, true);
    assert_int_equal(pthread_create(&producer.thread, NULL, produce_one, &producer), 0);
    while (!atomic_load(&held_up))
        sched_yield();
    fixture.stop_at = 2;
    loop_run(fixture.loop);
    assert_int_equal(fixture.received, 2);
    tear_down(&fixture);
    assert_int_equal(pthread_join(producer.thread, NULL), 0);
}

static void what_waits_is_dropped_with_the_mailbox(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture, 8);
    assert_int_equal(post(&fixture, 1, 0), 0);
    tear_down(&fixture);
    assert_int_equal(fixture.received, 0);
}

/* Two mailboxes and two loops: a ball goes to and fro. */
struct player {
    struct loop *loop;
    struct mailbox *mine;
    struct mailbox *theirs;
    uint32_t last;
};

static void on_ball(void *context, const void *message)
{
    struct player *player = context;
    uint32_t ball;

    memcpy(&ball, message, sizeof ball);
    player->last = ball;
    if (ball < 20000) {
        ball++;
        assert_int_equal(mailbox_post(player->theirs, &ball), 0);
    }
    if (ball >= 20000)
        loop_stop(player->loop);
}

static void *play(void *context)
{
    struct player *player = context;

    loop_run(player->loop);
    return NULL;
}

static void two_loops_talk_to_each_other(void **state)
{
    struct player players[2] = {{0}};
    uint32_t ball = 0;
    struct err err;
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(loop_new(&players[i].loop, &err), 0);
        assert_int_equal(mailbox_new(players[i].loop, sizeof ball, 1, on_ball, &players[i],
                                     &players[i].mine, &err),
                         0);
    }
    players[0].theirs = players[1].mine;
    players[1].theirs = players[0].mine;
    assert_int_equal(mailbox_post(players[0].mine, &ball), 0);
    assert_int_equal(pthread_create(&thread, NULL, play, &players[1]), 0);
    loop_run(players[0].loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(players[0].last, 20000);
    for (size_t i = 0; i < 2; i++) {
        mailbox_free(players[i].mine);
        loop_free(players[i].loop);
    }
}

static void sizes_past_the_limits_and_no_memory_are_errors(void **state)
{
    struct loop *loop;
    struct mailbox *mailbox;
    struct err err;
    unsigned failures = 0;

    (void)state;
    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(mailbox_new(loop, 0, 1, on_letter, NULL, &mailbox, &err), ERR_LIMIT);
    assert_int_equal(mailbox_new(loop, 8, 0, on_letter, NULL, &mailbox, &err), ERR_LIMIT);
    assert_int_equal(mailbox_new(loop, 1 << 20, 1, on_letter, NULL, &mailbox, &err), ERR_LIMIT);
    assert_int_equal(mailbox_new(loop, 8, UINT32_MAX, on_letter, NULL, &mailbox, &err), ERR_LIMIT);
    for (unsigned long n = 1;; n++) {
        mem_fail_at(n);
        int code = mailbox_new(loop, 8, 8, on_letter, NULL, &mailbox, &err);
        mem_fail_at(0);
        if (code == 0)
            break;
        assert_int_equal(code, ERR_MEMORY);
        failures++;
    }
    assert_int_equal(failures, 4);
    mailbox_free(mailbox);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_four_threads_post_arrives_once_and_in_each_ones_order),
        cmocka_unit_test(a_full_mailbox_refuses_and_takes_again_once_it_was_read),
        cmocka_unit_test(room_for_one_is_room_for_two_and_they_arrive),
        cmocka_unit_test(a_mailbox_is_freed_once_its_last_message_was_heard),
        cmocka_unit_test(what_waits_is_dropped_with_the_mailbox),
        cmocka_unit_test(two_loops_talk_to_each_other),
        cmocka_unit_test(sizes_past_the_limits_and_no_memory_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
