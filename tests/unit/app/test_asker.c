/* SPDX-License-Identifier: Apache-2.0
 *
 * The asker's contract over real sockets of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asker_contract.h"
#include "bad_peers.h"
#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"

static const uint64_t PATIENCE_NS = 60000000000;

struct shell_stage {
    struct stage stage;
    struct loop *loop;
    struct net *net;
    bool stopped;
};

static void run(struct stage *stage)
{
    struct shell_stage *shell = (struct shell_stage *)stage;

    shell->stopped = false;
    loop_run(shell->loop);
    assert_true(shell->stopped);
}

static void stop(struct stage *stage)
{
    struct shell_stage *shell = (struct shell_stage *)stage;

    shell->stopped = true;
    loop_stop(shell->loop);
}

/* Something never came: the loop ends without stop, and the test fails. */
static void lose_patience(void *context, uint64_t now_ns)
{
    struct shell_stage *shell = context;

    (void)now_ns;
    loop_stop(shell->loop);
}

struct stage *stage_new(void)
{
    struct shell_stage *shell = mem_new(1, sizeof *shell);
    struct err err = {0};

    assert_non_null(shell);
    assert_int_equal(loop_new(&shell->loop, &err), 0);
    assert_int_equal(net_new(shell->loop, &(struct net_options){0}, &shell->net, &err), 0);
    shell->stage = (struct stage){.outside = net_outside(shell->net), .run = run, .stop = stop};
    assert_int_equal(
        loop_wake_at(shell->loop, loop_now(shell->loop) + PATIENCE_NS, lose_patience, shell), 0);
    return &shell->stage;
}

void stage_free(struct stage *stage)
{
    struct shell_stage *shell = (struct shell_stage *)stage;

    loop_wake_never(shell->loop, shell);
    net_free(shell->net);
    loop_free(shell->loop);
    mem_free(shell);
}

int main(void)
{
    int failed = asker_contract_run("asker over sockets, HTTP/1.1", ASKER_HTTP_1);

    failed += asker_contract_run("asker over sockets, HTTP/2", ASKER_HTTP_2);
    return failed + bad_peers_run("asker over sockets, bad peers");
}
