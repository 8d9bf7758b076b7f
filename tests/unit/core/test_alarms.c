/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/pool/list.h"
#include "core/pool/ring.h"
#include "core/pool/alarms.h"

static void slots_come_in_order_of_time_and_none_before_its_time(void **state)
{
    (void)state;
    struct alarms alarms;
    uint32_t slot;

    assert_int_equal(alarms_init(&alarms, 4), 0);
    alarms_set(&alarms, 2, 30);
    alarms_set(&alarms, 0, 10);
    alarms_set(&alarms, 3, 20);
    assert_int_equal(alarms_first(&alarms), 10);
    assert_false(alarms_pop(&alarms, 9, &slot));
    assert_true(alarms_pop(&alarms, 25, &slot));
    assert_int_equal(slot, 0);
    assert_true(alarms_pop(&alarms, 25, &slot));
    assert_int_equal(slot, 3);
    assert_false(alarms_pop(&alarms, 25, &slot));
    alarms_release(&alarms);
}

static void a_moment_can_be_moved_and_taken_back(void **state)
{
    (void)state;
    struct alarms alarms;
    uint32_t slot;

    assert_int_equal(alarms_init(&alarms, 2), 0);
    alarms_set(&alarms, 0, 10);
    alarms_set(&alarms, 1, 20);
    alarms_set(&alarms, 0, 30);
    assert_int_equal(alarms_first(&alarms), 20);
    alarms_set(&alarms, 1, UINT64_MAX);
    assert_int_equal(alarms_first(&alarms), 30);
    alarms_set(&alarms, 0, UINT64_MAX);
    assert_true(alarms_first(&alarms) == UINT64_MAX);
    assert_false(alarms_pop(&alarms, UINT64_MAX - 1, &slot));
    alarms_release(&alarms);
}

/* The plainest thing that could work: an array that is searched. */
static uint32_t earliest(const uint64_t *at_ns, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        if (at_ns[i] < at_ns[best])
            best = i;
    return best;
}

static void it_agrees_with_a_plain_search_over_any_history(void **state)
{
    (void)state;
    enum { COUNT = 50, STEPS = 20000, SEED = 41 };
    uint64_t plain[COUNT];
    struct alarms alarms;
    struct rng rng;

    print_message("seed %d\n", SEED);
    rng_init(&rng, SEED);
    assert_int_equal(alarms_init(&alarms, COUNT), 0);
    for (uint32_t i = 0; i < COUNT; i++)
        plain[i] = UINT64_MAX;
    for (int step = 0; step < STEPS; step++) {
        uint32_t slot = (uint32_t)rng_below(&rng, COUNT);
        if (rng_below(&rng, 3) > 0) {
            plain[slot] = rng_below(&rng, 4) == 0 ? UINT64_MAX : rng_below(&rng, 200);
            alarms_set(&alarms, slot, plain[slot]);
        } else if (alarms_pop(&alarms, 100, &slot)) {
            assert_int_equal(slot, earliest(plain, COUNT));
            plain[slot] = UINT64_MAX;
        }
        assert_true(alarms_first(&alarms) == plain[earliest(plain, COUNT)]);
    }
    alarms_release(&alarms);
}

static void a_ring_gives_back_what_came_in_in_order_round_and_round(void **state)
{
    (void)state;
    struct ring ring;
    int next_in = 0;
    int next_out = 0;
    int item;

    assert_int_equal(ring_init(&ring, 3, sizeof item), 0);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 2 + round % 2; i++, next_in++)
            ring_push(&ring, &next_in);
        while (ring_pop(&ring, &item))
            assert_int_equal(item, next_out++);
        assert_int_equal(next_in, next_out);
    }
    ring_release(&ring);
}

struct item {
    int number;
    struct list_link link;
};

static void a_list_keeps_its_order_whoever_leaves(void **state)
{
    (void)state;
    struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    struct list list = {0};

    for (int i = 0; i < 3; i++)
        list_add_last(&list, &items[i].link);
    list_add_first(&list, &items[3].link);
    list_remove(&list, &items[1].link);
    assert_int_equal(LIST_ITEM(list.first, struct item, link)->number, 3);
    assert_int_equal(LIST_ITEM(list.first->next, struct item, link)->number, 0);
    assert_int_equal(LIST_ITEM(list.last, struct item, link)->number, 2);
    list_remove(&list, &items[3].link);
    list_remove(&list, &items[2].link);
    list_remove(&list, &items[0].link);
    assert_null(list.first);
    assert_null(list.last);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_come_in_order_of_time_and_none_before_its_time),
        cmocka_unit_test(a_moment_can_be_moved_and_taken_back),
        cmocka_unit_test(it_agrees_with_a_plain_search_over_any_history),
        cmocka_unit_test(a_ring_gives_back_what_came_in_in_order_round_and_round),
        cmocka_unit_test(a_list_keeps_its_order_whoever_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
