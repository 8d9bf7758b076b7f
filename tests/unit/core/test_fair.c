/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise; then random arrivals against the bound that fairness promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/quota/fair.h"

static void start(struct fair *fair, uint32_t items_max)
{
    assert_int_equal(fair_init(fair, &(struct fair_settings){.items_max = items_max}), 0);
}

static void add(struct fair *fair, uint32_t item, uint64_t caller, uint64_t cost)
{
    assert_int_equal(
        fair_add(fair, &(struct fair_request){.item = item, .caller = caller, .cost = cost}), 0);
}

static uint32_t serve(struct fair *fair)
{
    uint32_t item;

    assert_true(fair_first(fair, 0, &item));
    fair_serve(fair, item);
    return item;
}

static void one_callers_items_keep_their_order(void **state)
{
    (void)state;
    struct fair fair;
    uint32_t item;

    start(&fair, 10);
    for (uint32_t i = 0; i < 10; i++)
        add(&fair, 9 - i, 7, 100 + i);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(serve(&fair), 9 - i);
    assert_false(fair_first(&fair, 0, &item));
    fair_release(&fair);
}

static void a_heavy_caller_cannot_starve_a_light_one(void **state)
{
    (void)state;
    struct fair fair;
    uint32_t before = 0;

    start(&fair, 1001);
    for (uint32_t i = 0; i < 1000; i++)
        add(&fair, i, 1, 10000);
    assert_int_equal(serve(&fair), 0);
    add(&fair, 1000, 2, 100);
    while (serve(&fair) != 1000)
        before++;
    assert_true(before <= 1);
    fair_release(&fair);
}

static void shares_are_of_tokens_and_not_of_requests(void **state)
{
    (void)state;
    struct fair fair;
    uint64_t tokens[2] = {0, 0};

    start(&fair, 2000);
    for (uint32_t i = 0; i < 1000; i++) {
        add(&fair, i, 0, 1000);
        add(&fair, 1000 + i, 1, 100);
    }
    while (tokens[1] < 50000) {
        uint32_t item = serve(&fair);
        tokens[item / 1000] += item < 1000 ? 1000 : 100;
    }
    assert_in_range(tokens[0], 49000, 52000);
    fair_release(&fair);
}

static void a_weight_of_three_gets_three_times_as_much(void **state)
{
    (void)state;
    struct fair fair;
    int served[2] = {0, 0};

    start(&fair, 2000);
    for (uint32_t i = 0; i < 2000; i++)
        assert_int_equal(fair_add(&fair, &(struct fair_request){.item = i,
                                                                .caller = i / 1000,
                                                                .weight = i < 1000 ? 3 : 1,
                                                                .cost = 100}),
                         0);
    for (int i = 0; i < 400; i++)
        served[serve(&fair) / 1000]++;
    assert_in_range(served[0], 299, 301);
    fair_release(&fair);
}

static void who_was_away_gets_no_credit_for_it(void **state)
{
    (void)state;
    struct fair fair;
    int in_a_row = 0;

    start(&fair, 200);
    add(&fair, 100, 2, 10);
    for (uint32_t i = 0; i < 50; i++)
        add(&fair, i, 1, 10);
    for (int i = 0; i < 41; i++)
        serve(&fair);
    for (uint32_t i = 101; i < 150; i++)
        add(&fair, i, 2, 10);
    while (serve(&fair) > 100)
        in_a_row++;
    assert_true(in_a_row <= 2);
    fair_release(&fair);
}

static void what_comes_again_is_first_of_its_caller_and_pays_unless_it_paid(void **state)
{
    (void)state;
    struct fair fair;
    struct fair_request again = {.item = 5, .caller = 1, .cost = 1000, .first = true};

    start(&fair, 10);
    add(&fair, 0, 1, 10);
    add(&fair, 1, 2, 10);
    add(&fair, 2, 2, 10);
    again.charged = true;
    assert_int_equal(fair_add(&fair, &again), 0);
    assert_int_equal(serve(&fair), 5);
    assert_int_equal(serve(&fair), 1); /* equal tags: who was served longest ago */
    assert_int_equal(serve(&fair), 0);
    add(&fair, 0, 1, 10);
    again.charged = false;
    assert_int_equal(fair_add(&fair, &again), 0);
    assert_int_equal(serve(&fair), 2);
    assert_int_equal(serve(&fair), 5);
    add(&fair, 1, 2, 10);
    add(&fair, 2, 2, 10);
    assert_int_equal(serve(&fair), 1); /* 1 has paid 1000 */
    assert_int_equal(serve(&fair), 2);
    assert_int_equal(serve(&fair), 0);
    fair_release(&fair);
}

static void a_callers_queue_is_bounded_and_others_are_not_touched(void **state)
{
    (void)state;
    struct fair fair;
    struct fair_request request = {.caller = 1};
    const struct fair_settings settings = {.items_max = 10, .per_caller_max = 2};

    assert_int_equal(fair_init(&fair, &settings), 0);
    for (request.item = 0; request.item < 2; request.item++)
        assert_int_equal(fair_add(&fair, &request), 0);
    assert_int_equal(fair_add(&fair, &request), ERR_BUSY);
    assert_false(fair_has(&fair, 2));
    request.first = true; /* it was in already */
    assert_int_equal(fair_add(&fair, &request), 0);
    add(&fair, 3, 2, 1);
    assert_int_equal(fair.count, 4);
    fair_release(&fair);
}

static void lanes_do_not_hold_each_other_up(void **state)
{
    (void)state;
    struct fair fair;
    uint32_t item;

    assert_int_equal(fair_init(&fair, &(struct fair_settings){.items_max = 4, .lanes = 3}), 0);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(
            fair_add(&fair, &(struct fair_request){.item = i, .lane = 1 + i, .caller = 9}), 0);
    assert_false(fair_first(&fair, 0, &item));
    assert_true(fair_first(&fair, 2, &item));
    assert_int_equal(item, 1);
    assert_int_equal(fair_waiting(&fair, 1), 1);
    fair_serve(&fair, 1);
    assert_int_equal(fair_waiting(&fair, 2), 0);
    fair_release(&fair);
}

static void callers_long_gone_make_room_for_new_ones(void **state)
{
    (void)state;
    struct fair fair;

    start(&fair, 3);
    for (uint32_t caller = 0; caller < 5000; caller++) {
        add(&fair, 0, caller, 5);
        add(&fair, 1, caller + 100000, 5);
        serve(&fair);
        serve(&fair);
    }
    fair_release(&fair);
}

static void tags_that_come_near_their_end_start_over(void **state)
{
    (void)state;
    struct fair fair;
    int served[2] = {0, 0};

    start(&fair, 2);
    for (uint32_t caller = 0; caller < 2; caller++)
        add(&fair, caller, caller, UINT32_MAX);
    for (int turn = 0; turn < 5000000; turn++) { /* 2.5 million × 2^32 × 1000 are above 2^63 */
        uint32_t item = serve(&fair);
        served[item]++;
        add(&fair, item, item, UINT32_MAX);
        assert_in_range(served[0] - served[1] + 1, 0, 2);
    }
    fair_release(&fair);
}

static void settings_out_of_range_are_refused_and_lack_of_memory_leaves_nothing(void **state)
{
    (void)state;
    struct fair fair;
    int code = ERR_MEMORY;

    assert_int_equal(fair_init(&fair, &(struct fair_settings){0}), ERR_LIMIT);
    assert_int_equal(fair_init(&fair, &(struct fair_settings){.items_max = 1, .lanes = 257}),
                     ERR_LIMIT);
    for (unsigned long n = 1; code != 0; n++) {
        assert_true(n < 10);
        mem_fail_at(n);
        code = fair_init(&fair, &(struct fair_settings){.items_max = 5});
        mem_fail_at(0);
    }
    fair_release(&fair);
}

/* ---- random arrivals ------------------------------------------------------------------------ */

enum { CALLERS = 8, ITEMS = 400, COST_MAX = 1000, HISTORY = 20000 };

struct model {
    struct fair fair;
    struct rng rng;
    uint64_t costs[ITEMS];
    uint32_t callers[ITEMS];
    bool waits[ITEMS];
    uint32_t weights[CALLERS];
    uint32_t waiting[CALLERS];
    double served[CALLERS];         /* tokens by weight, in all */
    double since[CALLERS][CALLERS]; /* of i, less of j, when both began to wait */
};

/* Whoever begins or ends to wait begins the comparison with all others anew. */
static void compare_anew(struct model *model, uint32_t caller)
{
    for (uint32_t other = 0; other < CALLERS; other++) {
        model->since[caller][other] = model->served[caller] - model->served[other];
        model->since[other][caller] = -model->since[caller][other];
    }
}

static void check_fairness(const struct model *model)
{
    for (uint32_t i = 0; i < CALLERS; i++)
        for (uint32_t j = 0; j < CALLERS; j++) {
            if (model->waiting[i] == 0 || model->waiting[j] == 0)
                continue;
            double ahead = model->served[i] - model->served[j] - model->since[i][j];
            double bound =
                (double)COST_MAX / model->weights[i] + (double)COST_MAX / model->weights[j];
            assert_true(ahead <= bound + 1);
        }
}

static void any_arrival(struct model *model)
{
    uint32_t item = (uint32_t)rng_below(&model->rng, ITEMS);
    uint32_t caller = (uint32_t)rng_below(&model->rng, CALLERS);

    if (model->waits[item]) {
        if (rng_below(&model->rng, 10) > 0)
            return;
        fair_remove(&model->fair, item); /* its deadline passed */
        model->waits[item] = false;
        if (--model->waiting[model->callers[item]] == 0)
            compare_anew(model, model->callers[item]);
        return;
    }
    model->waits[item] = true;
    model->callers[item] = caller;
    model->costs[item] = 1 + rng_below(&model->rng, COST_MAX);
    assert_int_equal(fair_add(&model->fair, &(struct fair_request){.item = item,
                                                                   .caller = caller,
                                                                   .weight = model->weights[caller],
                                                                   .cost = model->costs[item]}),
                     0);
    if (model->waiting[caller]++ == 0)
        compare_anew(model, caller);
}

static void one_is_served(struct model *model)
{
    uint32_t item;

    if (!fair_first(&model->fair, 0, &item))
        return;
    uint32_t caller = model->callers[item];
    assert_true(model->waits[item]);
    fair_serve(&model->fair, item);
    model->waits[item] = false;
    model->served[caller] += (double)model->costs[item] / model->weights[caller];
    check_fairness(model);
    if (--model->waiting[caller] == 0)
        compare_anew(model, caller);
}

static void two_who_both_wait_never_differ_by_more_than_an_item_each(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 10; seed++) {
        static struct model model;
        model = (struct model){0};
        print_message("seed %d\n", (int)seed);
        rng_init(&model.rng, seed);
        start(&model.fair, ITEMS);
        for (uint32_t i = 0; i < CALLERS; i++)
            model.weights[i] = 1 + (uint32_t)rng_below(&model.rng, 4);
        for (int step = 0; step < HISTORY; step++) {
            if (rng_below(&model.rng, 100) < 55)
                any_arrival(&model);
            else
                one_is_served(&model);
        }
        fair_release(&model.fair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_callers_items_keep_their_order),
        cmocka_unit_test(a_heavy_caller_cannot_starve_a_light_one),
        cmocka_unit_test(shares_are_of_tokens_and_not_of_requests),
        cmocka_unit_test(a_weight_of_three_gets_three_times_as_much),
        cmocka_unit_test(who_was_away_gets_no_credit_for_it),
        cmocka_unit_test(what_comes_again_is_first_of_its_caller_and_pays_unless_it_paid),
        cmocka_unit_test(a_callers_queue_is_bounded_and_others_are_not_touched),
        cmocka_unit_test(lanes_do_not_hold_each_other_up),
        cmocka_unit_test(callers_long_gone_make_room_for_new_ones),
        cmocka_unit_test(tags_that_come_near_their_end_start_over),
        cmocka_unit_test(settings_out_of_range_are_refused_and_lack_of_memory_leaves_nothing),
        cmocka_unit_test(two_who_both_wait_never_differ_by_more_than_an_item_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
