/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/quota/upstreams.h"

enum { HOSTS = 10, DRAWS = 20000 };

static void load_is_spread_and_the_busiest_is_never_chosen_of_two(void **state)
{
    (void)state;
    struct upstreams upstreams;
    struct upstream hosts[HOSTS] = {{0}};

    upstreams_init(&upstreams, 0, 1);
    for (int i = 0; i < DRAWS; i++) /* nothing ever ends: the counts stay close to each other */
        hosts[upstreams_choose(&upstreams, hosts, HOSTS, UINT32_MAX)].in_flight++;
    for (int i = 0; i < HOSTS; i++)
        assert_in_range(hosts[i].in_flight, DRAWS / HOSTS - 5, DRAWS / HOSTS + 5);
    hosts[3].in_flight *= 2;
    for (int i = 0; i < 1000; i++)
        assert_int_not_equal(upstreams_choose(&upstreams, hosts, HOSTS, UINT32_MAX), 3);
}

static void a_heavier_one_gets_more(void **state)
{
    (void)state;
    struct upstreams upstreams;
    struct upstream hosts[2] = {{.weight = 3}, {.weight = 1}};

    upstreams_init(&upstreams, 0, 1);
    for (int i = 0; i < 4000; i++)
        hosts[upstreams_choose(&upstreams, hosts, 2, UINT32_MAX)].in_flight++;
    assert_in_range(hosts[0].in_flight, 2999, 3001);
}

static void those_that_are_out_are_left_alone_unless_most_are(void **state)
{
    (void)state;
    struct upstreams upstreams;
    struct upstream hosts[HOSTS] = {{0}};
    int chosen_out = 0;

    upstreams_init(&upstreams, 0, 1);
    for (int i = 0; i < 5; i++)
        hosts[i].out = true;
    for (int i = 0; i < DRAWS; i++)
        assert_true(upstreams_choose(&upstreams, hosts, HOSTS, UINT32_MAX) >= 5);
    hosts[5].out = true;
    for (int i = 0; i < DRAWS; i++)
        chosen_out += hosts[upstreams_choose(&upstreams, hosts, HOSTS, UINT32_MAX)].out ? 1 : 0;
    assert_true(chosen_out > DRAWS / 2);
}

static void a_retry_goes_elsewhere_where_there_is_an_elsewhere(void **state)
{
    (void)state;
    struct upstreams upstreams;
    struct upstream hosts[3] = {{0}};

    upstreams_init(&upstreams, 0, 1);
    for (int i = 0; i < 1000; i++)
        assert_int_not_equal(upstreams_choose(&upstreams, hosts, 3, 1), 1);
    assert_int_equal(upstreams_choose(&upstreams, hosts, 1, 0), 0);
    hosts[0].out = true;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(upstreams_choose(&upstreams, hosts, 3, 1), 2);
}

static void the_same_seed_chooses_the_same(void **state)
{
    (void)state;
    struct upstreams one;
    struct upstreams other;
    const struct upstream hosts[HOSTS] = {{0}};

    upstreams_init(&one, 0, 42);
    upstreams_init(&other, 0, 42);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(upstreams_choose(&one, hosts, HOSTS, UINT32_MAX),
                         upstreams_choose(&other, hosts, HOSTS, UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_is_spread_and_the_busiest_is_never_chosen_of_two),
        cmocka_unit_test(a_heavier_one_gets_more),
        cmocka_unit_test(those_that_are_out_are_left_alone_unless_most_are),
        cmocka_unit_test(a_retry_goes_elsewhere_where_there_is_an_elsewhere),
        cmocka_unit_test(the_same_seed_chooses_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
