/* SPDX-License-Identifier: Apache-2.0
 *
 * outside_rig: see outside_rig.h. A port that never answers is, among sockets, one whose queue of
 * connections is full: Linux then drops the SYN. */
#include "outside_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "world/world.h"

enum { FILLERS = 4 };

struct rig {
    enum rig_kind kind;
    struct loop *loop;
    struct net *net;
    struct world *world;
    int fillers[FILLERS + 1];
};

struct rig *rig_new(enum rig_kind kind, uint32_t connections_max)
{
    struct rig *rig = mem_new(1, sizeof *rig);
    struct err err;

    assert_always(rig != NULL);
    rig->kind = kind;
    if (kind == RIG_SOCKETS) {
        struct net_options options = {.connections_max = connections_max};
        assert_always(loop_new(&rig->loop, &err) == 0);
        assert_always(net_new(rig->loop, &options, &rig->net, &err) == 0);
    } else {
        struct world_options options = {.seed = 7, .connections_max = connections_max};
        assert_always(world_new(&options, &rig->world) == 0);
    }
    return rig;
}

void rig_free(struct rig *rig)
{
    net_free(rig->net);
    loop_free(rig->loop);
    world_free(rig->world);
    for (size_t i = 0; i <= FILLERS; i++) {
        if (rig->fillers[i] != 0)
            close(rig->fillers[i]);
    }
    mem_free(rig);
}

struct outside *rig_outside(struct rig *rig)
{
    return rig->kind == RIG_SOCKETS ? net_outside(rig->net) : world_outside(rig->world);
}

static void on_time(void *context, uint64_t now_ns)
{
    (void)now_ns;
    rig_stop(context);
}

void rig_run(struct rig *rig, uint64_t for_ns)
{
    struct outside *outside = rig_outside(rig);
    uint64_t until_ns = outside->ops->now(outside) + for_ns;

    if (rig->kind == RIG_WORLD) {
        assert_always(world_run(rig->world, until_ns) == 0);
        return;
    }
    assert_always(loop_wake_at(rig->loop, until_ns, on_time, rig) == 0);
    loop_run(rig->loop);
    loop_wake_never(rig->loop, rig);
}

void rig_stop(struct rig *rig)
{
    if (rig->kind == RIG_WORLD)
        world_stop(rig->world);
    else
        loop_stop(rig->loop);
}

uint16_t rig_silent_port(struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t len = sizeof address;

    if (rig->kind == RIG_WORLD) {
        static const struct view host = VIEW("127.0.0.1");
        struct world_link link = {.latency_ns = 1000, .hang_micro = 1000000};
        assert_always(world_set_link(rig->world, host, 9, &link) == 0);
        return 9;
    }
    rig->fillers[FILLERS] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int listening = rig->fillers[FILLERS];
    assert_always(bind(listening, (struct sockaddr *)&address, sizeof address) == 0);
    assert_always(listen(listening, 0) == 0);
    assert_always(getsockname(listening, (struct sockaddr *)&address, &len) == 0);
    for (size_t i = 0; i < FILLERS; i++) {
        rig->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(rig->fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    return ntohs(address.sin_port);
}
