/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_pool_checkout: nanoseconds to take a stream of an idle connection out of a pool and to give
 * it back: the machine alone, as a driver calls it, with its figures and histograms.
 *
 * Pools of several sizes with all but some connections in use, because the time must not depend on
 * that. Many rounds; the median counts. Prints a line for each pool, then one machine-readable
 * line. Threads: one. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/pool/pool.h"

enum { ROUNDS = 41, MEDIAN = ROUNDS / 2, CHECKOUTS = 20001, AT_ONCE = 3, TARGET_NS = 1000 };

static const struct {
    const char *name;
    uint32_t connections;
    uint32_t streams;
} sizes[] = {
    {"10 connections", 10, 1},
    {"50 connections", 50, 1},
    {"1000 connections", 1000, 1},
    {"5 connections of 100 streams", 5, 100},
};

enum { SIZES = sizeof sizes / sizeof sizes[0] };

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "bench_pool_checkout: %s\n", what);
    exit(1);
}

static struct id checkout(struct pool *pool, uint64_t at_ns, uint32_t slot)
{
    struct pool_effect effect;
    int code = pool_feed(pool, at_ns,
                         &(struct pool_event){.kind = POOL_WANT,
                                              .ticket = {.slot = slot, .generation = 1},
                                              .deadline_ns = UINT64_MAX});

    must(code == 0 && pool_next(pool, &effect), "a wish came to nothing");
    if (effect.kind != POOL_OPEN)
        return effect.connection;
    code = pool_feed(pool, at_ns,
                     &(struct pool_event){.kind = POOL_OPENED, .connection = effect.connection});
    must(code == 0 && pool_next(pool, &effect) && effect.kind == POOL_GRANT, "no stream came");
    return effect.connection;
}

static void checkin(struct pool *pool, uint64_t at_ns, uint32_t slot, struct id connection)
{
    int code = pool_feed(pool, at_ns,
                         &(struct pool_event){.kind = POOL_STREAM_DONE,
                                              .ticket = {.slot = slot, .generation = 1},
                                              .connection = connection,
                                              .reusable = true});
    must(code == 0, "a stream was unknown");
}

/* All in use, but the last three connections' worth. */
static void start(struct pool *pool, uint32_t connections, uint32_t streams)
{
    struct pool_settings settings = {
        .connections_max = connections,
        .streams_max = streams,
        .tickets_max = connections * streams + 1,
        .check_every_ns = 60000000000,
        .lifetime_ns = 3600000000000,
    };
    uint32_t all = connections * streams;

    must(pool_init(pool, &settings, 0) == 0, "out of memory");
    struct id *taken = calloc(all, sizeof *taken);
    must(taken != NULL, "out of memory");
    for (uint32_t i = 0; i < all; i++)
        taken[i] = checkout(pool, 0, i);
    for (uint32_t i = all - AT_ONCE * streams; i < all; i++)
        checkin(pool, 0, i, taken[i]);
    free(taken);
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Nanoseconds of a checkout and of a checkin. */
static void measure(uint32_t connections, uint32_t streams, double *ret_out_ns, double *ret_in_ns)
{
    static uint64_t out_ns[ROUNDS];
    static uint64_t both_ns[ROUNDS];
    uint32_t slot = connections * streams;
    uint64_t at_ns = 1;
    struct pool pool;

    start(&pool, connections, streams);
    for (size_t round = 0; round < ROUNDS; round++) {
        uint64_t from_ns = now_ns();
        for (size_t i = 0; i < CHECKOUTS; i++, at_ns += 1000)
            checkin(&pool, at_ns, slot, checkout(&pool, at_ns, slot));
        both_ns[round] = now_ns() - from_ns;
        /* Checkouts alone: three connections' worth at a time, given back off the clock. */
        struct id held[AT_ONCE];
        out_ns[round] = 0;
        for (size_t i = 0; i < CHECKOUTS / AT_ONCE; i++) {
            from_ns = now_ns();
            for (uint32_t k = 0; k < AT_ONCE; k++)
                held[k] = checkout(&pool, at_ns, slot - k);
            out_ns[round] += now_ns() - from_ns;
            for (uint32_t k = 0; k < AT_ONCE; k++)
                checkin(&pool, at_ns, slot - k, held[k]);
        }
    }
    pool_release(&pool);
    qsort(out_ns, ROUNDS, sizeof out_ns[0], by_value);
    qsort(both_ns, ROUNDS, sizeof both_ns[0], by_value);
    /* Reading the clock is a part of the first figure, a third of one reading each. */
    *ret_out_ns = (double)out_ns[MEDIAN] / CHECKOUTS;
    *ret_in_ns = (double)both_ns[MEDIAN] / CHECKOUTS - *ret_out_ns;
}

int main(void)
{
    double worst_ns = 0;

    for (size_t i = 0; i < SIZES; i++) {
        double out_ns;
        double in_ns;
        measure(sizes[i].connections, sizes[i].streams, &out_ns, &in_ns);
        printf("%-30s %6.0f ns a checkout, %6.0f ns a checkin\n", sizes[i].name, out_ns, in_ns);
        worst_ns = out_ns > worst_ns ? out_ns : worst_ns;
    }
    printf("bench pool_checkout worst_ns=%.0f target_ns=%d met=%s\n", worst_ns, TARGET_NS,
           worst_ns <= TARGET_NS ? "yes" : "no");
    return 0;
}
