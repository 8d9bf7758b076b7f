/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/timers.h"

enum { CONTEXTS = 500 };

static char contexts[CONTEXTS];

static void listener(void *context, uint64_t now_ns)
{
    (void)context;
    (void)now_ns;
}

static void timers_come_out_by_time_and_then_in_the_order_they_were_set(void **state)
{
    struct timers timers;
    struct timer due;
    static const uint64_t at_ns[] = {30, 10, 20, 10, 0};
    static const size_t expected[] = {4, 1, 3, 2, 0};

    (void)state;
    timers_init(&timers, 10);
    assert_int_equal(timers_next_ns(&timers), UINT64_MAX);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(timers_set(&timers, at_ns[i], listener, &contexts[i]), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(timers_next_ns(&timers), at_ns[expected[i]]);
        assert_true(timers_pop(&timers, 30, &due));
        assert_ptr_equal(due.context, &contexts[expected[i]]);
    }
    assert_false(timers_pop(&timers, UINT64_MAX, &due));
    timers_release(&timers);
}

static void what_is_not_due_stays(void **state)
{
    struct timers timers;
    struct timer due;

    (void)state;
    timers_init(&timers, 10);
    assert_int_equal(timers_set(&timers, 100, listener, contexts), 0);
    assert_false(timers_pop(&timers, 99, &due));
    assert_true(timers_pop(&timers, 100, &due));
    timers_release(&timers);
}

static void a_context_has_one_timer(void **state)
{
    struct timers timers;
    struct timer due;

    (void)state;
    timers_init(&timers, 1);
    assert_int_equal(timers_set(&timers, 1, listener, contexts), 0);
    assert_int_equal(timers_set(&timers, 5, listener, contexts), 0);
    assert_int_equal(timers_set(&timers, 5, listener, contexts + 1), ERR_LIMIT);
    assert_false(timers_pop(&timers, 1, &due));
    assert_true(timers_cancel(&timers, contexts));
    assert_false(timers_cancel(&timers, contexts));
    assert_int_equal(timers.count, 0);
    timers_release(&timers);
}

/* The model: a plain array, searched. */
struct model {
    uint64_t at_ns[CONTEXTS]; /* UINT64_MAX: none */
    uint64_t order[CONTEXTS];
};

static size_t model_first(const struct model *model)
{
    size_t first = 0;

    for (size_t i = 1; i < CONTEXTS; i++) {
        if (model->at_ns[i] < model->at_ns[first]
            || (model->at_ns[i] == model->at_ns[first] && model->order[i] < model->order[first]))
            first = i;
    }
    return first;
}

static void a_long_random_history_agrees_with_a_plain_list(void **state)
{
    static const uint64_t SEED = 20260107;
    struct timers timers;
    struct model model = {0};
    struct timer due;
    struct rng rng;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)SEED);
    rng_init(&rng, SEED);
    timers_init(&timers, CONTEXTS);
    for (size_t i = 0; i < CONTEXTS; i++)
        model.at_ns[i] = UINT64_MAX;
    for (uint64_t step = 0; step < 50000; step++) {
        size_t i = (size_t)rng_below(&rng, CONTEXTS);
        uint64_t what = rng_below(&rng, 4);
        if (what < 2) {
            model.at_ns[i] = rng_below(&rng, 1000);
            model.order[i] = step;
            assert_int_equal(timers_set(&timers, model.at_ns[i], listener, &contexts[i]), 0);
        } else if (what == 2) {
            assert_int_equal(timers_cancel(&timers, &contexts[i]), model.at_ns[i] != UINT64_MAX);
            model.at_ns[i] = UINT64_MAX;
        } else {
            size_t first = model_first(&model);
            assert_int_equal(timers_next_ns(&timers), model.at_ns[first]);
            bool any = timers_pop(&timers, 999, &due);
            assert_int_equal(any, model.at_ns[first] != UINT64_MAX);
            if (any)
                assert_ptr_equal(due.context, &contexts[first]);
            model.at_ns[first] = UINT64_MAX;
        }
    }
    timers_release(&timers);
}

static void no_memory_changes_nothing(void **state)
{
    struct timers timers;

    (void)state;
    timers_init(&timers, CONTEXTS);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(timers_set(&timers, i, listener, &contexts[i]), 0);
    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_at(n);
        int code = timers_set(&timers, 1, listener, &contexts[16]);
        mem_fail_at(0);
        assert_int_equal(code, ERR_MEMORY);
    }
    assert_int_equal(timers.count, 16);
    assert_true(timers_cancel(&timers, &contexts[7]));
    assert_int_equal(timers_set(&timers, 1, listener, &contexts[16]), 0);
    timers_release(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_out_by_time_and_then_in_the_order_they_were_set),
        cmocka_unit_test(what_is_not_due_stays),
        cmocka_unit_test(a_context_has_one_timer),
        cmocka_unit_test(a_long_random_history_agrees_with_a_plain_list),
        cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
