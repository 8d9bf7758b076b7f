/* SPDX-License-Identifier: Apache-2.0
 *
 * net_rig: a loop and a net under test, and sides that remember what they heard. */
#ifndef ASSAY_TESTS_NET_RIG_H
#define ASSAY_TESTS_NET_RIG_H

#include "base/strbuf.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"

static const uint64_t MS = 1000000;

struct net_rig {
    struct loop *loop;
    struct net *net;
    struct outside *outside;
};

struct net_side {
    struct net_rig *rig;
    struct id connection; /* of the last event but for CLOSED, or what was opened */
    struct id listening;
    uint16_t port;
    unsigned opened, accepted, closed, pieces;
    int code;
    char text[ERR_TEXT_MAX];
    char alpn[64]; /* of the last OPENED or ACCEPTED */
    bool tls, resumed;
    struct strbuf bytes;
    bool echo;
    bool close_accepted;
    bool pause_opened;
    void (*on_bytes)(struct net_side *side, struct id from, struct view bytes);
    void *context;
};

void net_rig_init(struct net_rig *rig, const struct net_options *options);
void net_rig_release(struct net_rig *rig);

void net_side_init(struct net_side *side, struct net_rig *rig);
void net_side_release(struct net_side *side);

/* Fails the test where the outside refuses. */
void net_side_open(struct net_side *side, const struct outside_endpoint *endpoint);
void net_side_listen(struct net_side *side, const struct outside_port *port);
void net_side_write(struct net_side *side, struct view bytes);
void net_side_close(struct net_side *side);

void net_rig_run(struct net_rig *rig, uint64_t for_ns);
/* Lets time pass until the count is reached, 20 s at most: machines may be busy. */
void net_rig_await(struct net_rig *rig, const unsigned *count, unsigned wanted);
void net_rig_await_bytes(struct net_side *side, size_t wanted);

/* A blocking socket connected to the port of 127.0.0.1. */
int net_raw_connect(uint16_t port);

#endif
