/* SPDX-License-Identifier: Apache-2.0
 *
 * The asker's contract over the simulated world: the same tests as over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asker_contract.h"
#include "bad_peers.h"
#include "base/mem.h"
#include "world/world.h"

struct world_stage {
    struct stage stage;
    struct world *world;
    bool stopped;
};

static void run(struct stage *stage)
{
    struct world_stage *simulated = (struct world_stage *)stage;

    simulated->stopped = false;
    assert_int_equal(world_run(simulated->world, UINT64_MAX), 0);
    assert_true(simulated->stopped);
}

static void stop(struct stage *stage)
{
    struct world_stage *simulated = (struct world_stage *)stage;

    simulated->stopped = true;
    world_stop(simulated->world);
}

struct stage *stage_new(void)
{
    struct world_stage *simulated = mem_new(1, sizeof *simulated);
    struct world_options options = {.seed = 7};
    /* Bytes come in pieces of any size, so that nothing can rely on how they were written. */
    struct world_link link = {.latency_ns = 100000, .jitter_ns = 50000, .piece_bytes = 100000};

    assert_non_null(simulated);
    assert_int_equal(world_new(&options, &simulated->world), 0);
    assert_int_equal(world_set_link(simulated->world, (struct view){0}, 0, &link), 0);
    simulated->stage =
        (struct stage){.outside = world_outside(simulated->world), .run = run, .stop = stop};
    return &simulated->stage;
}

void stage_free(struct stage *stage)
{
    struct world_stage *simulated = (struct world_stage *)stage;

    world_free(simulated->world);
    mem_free(simulated);
}

int main(void)
{
    int failed = asker_contract_run("asker over the simulated world, HTTP/1.1", ASKER_HTTP_1);

    failed += asker_contract_run("asker over the simulated world, HTTP/2", ASKER_HTTP_2);
    return failed + bad_peers_run("asker over the simulated world, bad peers");
}
