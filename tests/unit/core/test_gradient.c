/* SPDX-License-Identifier: Apache-2.0
 *
 * One test a promise; the limit is found against a simulated service with so many workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "core/quota/gradient.h"

static const uint64_t SECOND = 1000000000;

enum { WORKERS_MAX = 200, FLIGHT_MAX = 1000 };

/* A service with so many workers, each busy for an exponential time, and one queue: its knee is at
 * as many requests at once as it has workers. Clients always want more than the limit. */
struct service {
    struct rng rng;
    uint32_t workers;
    double mean_ns;
    uint64_t now_ns;
    uint64_t sent_ns[FLIGHT_MAX]; /* in order of arrival; the first `working` are being served */
    uint64_t done_ns[FLIGHT_MAX];
    uint32_t working;
    uint32_t count;
};

static void begin_work(struct service *service)
{
    while (service->working < service->workers && service->working < service->count) {
        double took_ns = -service->mean_ns * log(1 - rng_unit(&service->rng));
        service->done_ns[service->working++] = service->now_ns + (uint64_t)took_ns;
    }
}

static void send(struct service *service)
{
    assert_true(service->count < FLIGHT_MAX);
    service->sent_ns[service->count++] = service->now_ns;
    begin_work(service);
}

/* The next answer: when it was sent. */
static uint64_t receive(struct service *service)
{
    uint32_t next = 0;

    assert_true(service->working > 0);
    for (uint32_t i = 1; i < service->working; i++)
        if (service->done_ns[i] < service->done_ns[next])
            next = i;
    uint64_t sent_ns = service->sent_ns[next];
    service->now_ns = service->done_ns[next];
    service->working--;
    service->count--;
    for (uint32_t i = next; i < service->count; i++) {
        service->sent_ns[i] = service->sent_ns[i + 1];
        if (i < service->working)
            service->done_ns[i] = service->done_ns[i + 1];
    }
    begin_work(service);
    return sent_ns;
}

/* Answers so many, with as many in flight as the limit lets; the mean limit of the second half, and
 * the least. */
static double run(struct gradient *gradient, struct service *service, int answers,
                  uint32_t *ret_least)
{
    double sum = 0;

    *ret_least = UINT32_MAX;
    for (int i = 0; i < answers; i++) {
        while (service->count < gradient_limit(gradient))
            send(service);
        uint32_t in_flight = service->count;
        uint64_t sent_ns = receive(service);
        gradient_add(gradient, service->now_ns,
                     &(struct gradient_sample){.sent_ns = sent_ns,
                                               .latency_ns = service->now_ns - sent_ns,
                                               .in_flight = in_flight});
        if (i >= answers / 2) {
            sum += gradient->limit;
            if ((uint32_t)gradient->limit < *ret_least)
                *ret_least = (uint32_t)gradient->limit;
        }
    }
    return sum / (answers - answers / 2);
}

static void it_finds_the_knee_and_does_not_collapse(void **state)
{
    (void)state;
    static const uint32_t workers[] = {20, 50, 100};
    static struct service service;

    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct gradient gradient;
            uint32_t least;
            service = (struct service){.workers = workers[i], .mean_ns = 1e9};
            rng_init(&service.rng, seed);
            const struct gradient_settings settings = {.limit_max = 500, .seed = seed};
            assert_int_equal(gradient_init(&gradient, &settings, 0), 0);
            double mean = run(&gradient, &service, 200000, &least);
            print_message("%u workers, seed %d: limit %.1f, least %u\n", workers[i], (int)seed,
                          mean, least);
            assert_true(mean > 0.8 * workers[i] && mean < 1.2 * workers[i]);
            assert_true(least > workers[i] / 2);
        }
}

static void it_follows_a_service_that_lost_half_its_workers_and_got_them_back(void **state)
{
    (void)state;
    static struct service service;
    struct gradient gradient;
    uint32_t least;

    service = (struct service){.workers = 80, .mean_ns = 1e9};
    rng_init(&service.rng, 3);
    assert_int_equal(
        gradient_init(&gradient, &(struct gradient_settings){.limit_max = 500, .seed = 3}, 0), 0);
    run(&gradient, &service, 100000, &least);
    service.workers = 40;
    while (service.working > 40) /* those that work finish first */
        receive(&service);
    double mean = run(&gradient, &service, 200000, &least);
    assert_true(mean > 0.8 * 40 && mean < 1.2 * 40);
    service.workers = 80;
    mean = run(&gradient, &service, 200000, &least);
    assert_true(mean > 0.8 * 80 && mean < 1.2 * 80);
}

static void a_limit_that_is_not_used_is_not_moved(void **state)
{
    (void)state;
    struct gradient gradient;

    assert_int_equal(gradient_init(&gradient,
                                   &(struct gradient_settings){.limit_max = 100, .limit_first = 40},
                                   0),
                     0);
    for (uint64_t i = 1; i < 10000; i++)
        gradient_add(&gradient, i * SECOND / 50,
                     &(struct gradient_sample){.sent_ns = i * SECOND / 50 - SECOND / 100,
                                               .latency_ns = SECOND / 100 * (i % 7),
                                               .in_flight = 5});
    assert_true(gradient.limit == 40);
}

static void overload_and_nothing_else_brings_the_limit_down_to_its_least(void **state)
{
    struct gradient gradient;

    (void)state;
    assert_int_equal(gradient_init(&gradient, &(struct gradient_settings){.limit_max = 100}, 1), 0);
    for (uint64_t i = 1; i <= 5000; i++)
        gradient_add(&gradient, i * SECOND / 100,
                     &(struct gradient_sample){.overloaded = true, .in_flight = 20});
    assert_int_equal(gradient_limit(&gradient), 1);
}

static void overload_takes_a_tenth_off_once_a_window(void **state)
{
    (void)state;
    struct gradient gradient;
    const struct gradient_settings settings = {
        .limit_max = 100, .limit_first = 50, .limit_min = 10};

    assert_int_equal(gradient_init(&gradient, &settings, 0), 0);
    for (int i = 0; i < 50; i++)
        gradient_add(&gradient, 1, &(struct gradient_sample){.overloaded = true, .in_flight = 50});
    assert_true(gradient.limit == 45);
}

static void it_stays_within_its_bounds(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rng rng;
        struct gradient gradient;
        uint64_t now_ns = 0;
        const struct gradient_settings settings = {
            .limit_min = 4, .limit_max = 30, .window_samples = 5, .seed = seed};
        rng_init(&rng, seed);
        assert_int_equal(gradient_init(&gradient, &settings, 0), 0);
        for (int i = 0; i < 3000; i++) {
            uint64_t latency_ns = rng_below(&rng, i % 1000 < 500 ? SECOND : SECOND / 100);
            now_ns += rng_below(&rng, SECOND);
            gradient_add(
                &gradient, now_ns,
                &(struct gradient_sample){.sent_ns = now_ns > latency_ns ? now_ns - latency_ns : 0,
                                          .latency_ns = latency_ns,
                                          .in_flight = (uint32_t)rng_below(&rng, 31),
                                          .overloaded = rng_below(&rng, 50) == 0});
            assert_in_range(gradient_limit(&gradient), 4, 30);
        }
    }
}

static void settings_out_of_range_are_refused(void **state)
{
    (void)state;
    struct gradient gradient;
    const struct gradient_settings wrong[] = {
        {.limit_max = 0},
        {.limit_max = 1 << 21},
        {.limit_max = 5, .limit_min = 6},
        {.limit_max = 5, .limit_first = 6},
        {.limit_max = 5, .smoothing_micro = 1000001},
        {.limit_max = 5, .tolerance_micro = 999999},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(gradient_init(&gradient, &wrong[i], 0), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_the_knee_and_does_not_collapse),
        cmocka_unit_test(it_follows_a_service_that_lost_half_its_workers_and_got_them_back),
        cmocka_unit_test(a_limit_that_is_not_used_is_not_moved),
        cmocka_unit_test(overload_and_nothing_else_brings_the_limit_down_to_its_least),
        cmocka_unit_test(overload_takes_a_tenth_off_once_a_window),
        cmocka_unit_test(it_stays_within_its_bounds),
        cmocka_unit_test(settings_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
