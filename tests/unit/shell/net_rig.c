/* SPDX-License-Identifier: Apache-2.0
 *
 * net_rig: see net_rig.h. */
#include "net_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "shell/os/clock.h"

enum { BYTES_MAX = 64 * 1024 * 1024 };

void net_rig_init(struct net_rig *rig, const struct net_options *options)
{
    struct err err;

    assert_int_equal(loop_new(&rig->loop, &err), 0);
    assert_int_equal(net_new(rig->loop, options, &rig->net, &err), 0);
    rig->outside = net_outside(rig->net);
}

void net_rig_release(struct net_rig *rig)
{
    net_free(rig->net);
    loop_free(rig->loop);
}

void net_side_init(struct net_side *side, struct net_rig *rig)
{
    *side = (struct net_side){.rig = rig};
    strbuf_init(&side->bytes, BYTES_MAX);
}

void net_side_release(struct net_side *side)
{
    strbuf_release(&side->bytes);
}

static void heard_bytes(struct net_side *side, const struct outside_event *event)
{
    const struct outside_ops *ops = side->rig->outside->ops;

    side->pieces++;
    strbuf_add(&side->bytes, event->bytes);
    if (side->echo)
        assert_true(ops->write(side->rig->outside, event->connection, event->bytes) != ERR_CLOSED);
    if (side->on_bytes != NULL)
        side->on_bytes(side, event->connection, event->bytes);
}

static void on_event(void *context, const struct outside_event *event)
{
    struct net_side *side = context;
    struct outside *outside = side->rig->outside;

    assert_non_null(event->text);
    if (event->kind == OUTSIDE_CLOSED) {
        side->closed++;
        side->code = event->code;
        snprintf(side->text, sizeof side->text, "%s", event->text);
        return;
    }
    side->connection = event->connection;
    if (event->kind == OUTSIDE_OPENED || event->kind == OUTSIDE_ACCEPTED) {
        side->opened += event->kind == OUTSIDE_OPENED ? 1 : 0;
        side->accepted += event->kind == OUTSIDE_ACCEPTED ? 1 : 0;
        side->tls = event->tls;
        side->resumed = event->tls_resumed;
        snprintf(side->alpn, sizeof side->alpn, "%.*s", VIEW_ARG(event->alpn));
    }
    if (event->kind == OUTSIDE_ACCEPTED) {
        assert_true(id_equal(event->listening, side->listening));
        if (side->close_accepted)
            outside->ops->close(outside, event->connection);
    }
    if (event->kind == OUTSIDE_OPENED && side->pause_opened)
        outside->ops->pause(outside, event->connection, true);
    if (event->kind == OUTSIDE_BYTES)
        heard_bytes(side, event);
}

void net_side_open(struct net_side *side, const struct outside_endpoint *endpoint)
{
    struct outside *outside = side->rig->outside;

    assert_int_equal(outside->ops->open(outside, endpoint, on_event, side, &side->connection), 0);
}

void net_side_listen(struct net_side *side, const struct outside_port *port)
{
    struct outside *outside = side->rig->outside;
    struct err err = {0};

    if (outside->ops->listen(outside, port, on_event, side, &side->listening, &side->port, &err)
        != 0)
        fail_msg("%s", err.text);
}

void net_side_write(struct net_side *side, struct view bytes)
{
    struct outside *outside = side->rig->outside;
    int code = outside->ops->write(outside, side->connection, bytes);

    assert_true(code == 0 || code == ERR_BUSY);
}

void net_side_close(struct net_side *side)
{
    side->rig->outside->ops->close(side->rig->outside, side->connection);
}

static void on_time(void *context, uint64_t now_ns)
{
    (void)now_ns;
    loop_stop(context);
}

void net_rig_run(struct net_rig *rig, uint64_t for_ns)
{
    assert_int_equal(loop_wake_at(rig->loop, clock_now_ns() + for_ns, on_time, rig->loop), 0);
    loop_run(rig->loop);
}

void net_rig_await(struct net_rig *rig, const unsigned *count, unsigned wanted)
{
    for (int i = 0; i < 10000 && *count < wanted; i++)
        net_rig_run(rig, 2 * MS);
    assert_int_equal(*count, wanted);
}

void net_rig_await_bytes(struct net_side *side, size_t wanted)
{
    for (int i = 0; i < 10000 && side->bytes.len < wanted; i++)
        net_rig_run(side->rig, 2 * MS);
    assert_int_equal(side->bytes.len, wanted);
}

int net_raw_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000001)};
    int raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(raw >= 0);
    assert_int_equal(connect(raw, (struct sockaddr *)&address, sizeof address), 0);
    return raw;
}
