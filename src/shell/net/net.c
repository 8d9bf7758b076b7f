/* SPDX-License-Identifier: Apache-2.0
 *
 * net: see net.h and connection.h. */
#include "shell/net/net.h"

#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "shell/net/connection.h"
#include "shell/os/clock.h"
#include "shell/os/env.h"
#include "shell/os/signals.h"

enum {
    CONNECTIONS_DEFAULT = 4096,
    DESCRIPTORS_SPARED = 64,
    CONNECTIONS_MIN = 16,
    HANDSHAKES_DEFAULT = 256,
    KEEPALIVE_IDLE_S = 60,
    KEEPALIVE_EVERY_S = 10,
    KEEPALIVE_PROBES = 3,
};

static const uint64_t HANDSHAKE_DEFAULT_NS = 10ull * 1000 * 1000 * 1000;

/* The one table of what may follow what. */
static const bool legal[NET_STATES][NET_STATES] = {
    [NET_FREE] =
        {[NET_LOOKING_UP] = true, [NET_LISTENING] = true, [NET_SHAKING] = true, [NET_OPEN] = true},
    [NET_LOOKING_UP] = {[NET_CONNECTING] = true, [NET_ENDED] = true, [NET_FREE] = true},
    [NET_CONNECTING] = {[NET_TUNNELLING] = true,
                        [NET_HANDSHAKING] = true,
                        [NET_OPEN] = true,
                        [NET_ENDED] = true,
                        [NET_FREE] = true},
    [NET_TUNNELLING] =
        {[NET_HANDSHAKING] = true, [NET_OPEN] = true, [NET_ENDED] = true, [NET_FREE] = true},
    [NET_SHAKING] = {[NET_OPEN] = true, [NET_CLOSING] = true, [NET_FREE] = true},
    [NET_HANDSHAKING] = {[NET_OPEN] = true, [NET_ENDED] = true, [NET_FREE] = true},
    [NET_OPEN] = {[NET_ENDED] = true, [NET_CLOSING] = true, [NET_FREE] = true},
    [NET_LISTENING] = {[NET_FREE] = true},
    [NET_ENDED] = {[NET_CLOSING] = true, [NET_FREE] = true},
    [NET_CLOSING] = {[NET_FREE] = true},
};

static void accept_waiting(struct net *net);

void net_set_state(struct net_connection *connection, enum net_state state)
{
    struct net *net = connection->net;

    assert_always(legal[connection->state][state]);
    connection->state = state;
    if (state == NET_SHAKING) {
        connection->stranger = true;
        net->handshakes++;
    }
    if (!connection->stranger || (state != NET_OPEN && state != NET_FREE))
        return;
    connection->stranger = false;
    net->handshakes--;
    if (net->accepts_wait)
        accept_waiting(net);
}

struct net_connection *net_find(const struct net *net, struct id id)
{
    struct net_connection *connection = slots_get(&net->connections, id);

    return connection != NULL && connection->state != NET_CLOSING ? connection : NULL;
}

static void on_socket_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

struct net_socket *net_socket_new(struct net_connection *connection, int *ret_status)
{
    struct net_socket *socket = mem_new(1, sizeof *socket);
    if (socket == NULL) {
        *ret_status = UV_ENOMEM;
        return NULL;
    }
    int status = uv_tcp_init(loop_uv(connection->net->loop), &socket->tcp);
    if (status != 0) {
        mem_free(socket);
        *ret_status = status;
        return NULL;
    }
    socket->net = connection->net;
    socket->connection = connection->id;
    socket->tcp.data = socket;
    socket->connect.data = socket;
    socket->write.data = socket;
    socket->shutdown.data = socket;
    return socket;
}

void net_socket_let_go(struct net_socket *socket)
{
    if (socket == NULL)
        return;
    socket->net = NULL;
    uv_close((uv_handle_t *)&socket->tcp, on_socket_closed);
}

void net_socket_tune(struct net_socket *socket)
{
    int idle = KEEPALIVE_IDLE_S, every = KEEPALIVE_EVERY_S, probes = KEEPALIVE_PROBES;
    uv_os_fd_t descriptor;

    uv_tcp_nodelay(&socket->tcp, 1);
    if (uv_tcp_keepalive(&socket->tcp, 1, KEEPALIVE_IDLE_S) != 0
        || uv_fileno((uv_handle_t *)&socket->tcp, &descriptor) != 0)
        return;
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

struct net_connection *net_socket_owner(const struct net_socket *socket)
{
    if (socket->net == NULL)
        return NULL;
    loop_entered(socket->net->loop);
    return slots_get(&socket->net->connections, socket->connection);
}

bool net_emit(struct net_connection *connection, enum outside_event_kind kind, struct view bytes)
{
    struct net *net = connection->net;
    struct id id = connection->id;
    struct outside_event event = {.kind = kind, .connection = id, .bytes = bytes, .text = ""};

    if (kind == OUTSIDE_ACCEPTED)
        event.listening = connection->listening;
    if ((kind == OUTSIDE_OPENED || kind == OUTSIDE_ACCEPTED) && connection->tls != NULL) {
        event.tls = true;
        event.tls_resumed = tls_resumed(connection->tls);
        event.alpn = tls_alpn(connection->tls);
        net->counts.resumed += event.tls_resumed ? 1 : 0;
    }
    net->counts.opened += kind == OUTSIDE_OPENED ? 1 : 0;
    net->counts.accepted += kind == OUTSIDE_ACCEPTED ? 1 : 0;
    connection->listener(connection->context, &event);
    return net_find(net, id) != NULL;
}

void net_end(struct net_connection *connection, int code, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    /* Nobody has heard of it, so nobody has to hear of its end. */
    if (connection->state == NET_SHAKING) {
        connection->net->counts.handshakes_failed++;
        net_release(connection);
        return;
    }
    connection->net->counts.open_failed += connection->state != NET_OPEN ? 1 : 0;
    va_start(args, format);
    int wanted = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (wanted > 0) {
        size_t size = strlen(text) + 1;
        connection->end_text = mem_new(size, 1);
        if (connection->end_text != NULL)
            memcpy(connection->end_text, text, size);
    }
    connection->end_code = code;
    net_set_state(connection, NET_ENDED);
    net_connect_release(connection);
    loop_wake_never(connection->net->loop, &connection->deadline);
    loop_defer(connection->net->loop, &connection->task);
}

/* Says CLOSED. Bytes that were queued may still reach a peer who only stopped sending. */
static void say_closed(struct net_connection *connection)
{
    struct id id = connection->id;
    int code = connection->end_code;
    char *text = connection->end_text;
    outside_listener *listener = connection->listener;
    void *context = connection->context;
    struct outside_event event = {.kind = OUTSIDE_CLOSED, .connection = id, .code = code};

    connection->end_text = NULL;
    if (code == 0 && connection->socket != NULL)
        net_stream_close(connection);
    else
        net_release(connection);
    event.text = text != NULL ? text : code == 0 ? "the peer closed" : err_text(code);
    listener(context, &event);
    mem_free(text);
}

static void accept_waiting(struct net *net)
{
    struct id id;

    net->accepts_wait = false;
    for (uint32_t slot = 0; slot < net->connections.capacity; slot++) {
        struct net_connection *connection = slots_at(&net->connections, slot, &id);
        if (connection != NULL && connection->state == NET_LISTENING && connection->accept_waits)
            loop_defer(net->loop, &connection->task);
    }
}

/* The connection's task: whatever could not happen inside a caller's call. */
static void on_task(void *context)
{
    struct net_connection *connection = context;
    struct net *net = connection->net;
    struct id id = connection->id;

    switch (connection->state) {
    case NET_ENDED:
        say_closed(connection);
        return;
    case NET_LISTENING:
        net_listen_accept(connection);
        return;
    case NET_CLOSING:
        net_stream_flush(connection);
        return;
    case NET_OPEN:
        net_stream_flush(connection);
        if (net_find(net, id) != NULL && connection->state == NET_OPEN && !connection->paused) {
            net_stream_read_start(connection);
            net_stream_drain(connection);
        }
        return;
    case NET_FREE:
    case NET_LOOKING_UP:
    case NET_CONNECTING:
    case NET_TUNNELLING:
    case NET_HANDSHAKING:
    case NET_SHAKING:
    case NET_STATES:
        return;
    }
}

struct net_connection *net_take(struct net *net, enum net_state state, outside_listener *listener,
                                void *context)
{
    struct id id;
    struct net_connection *connection = slots_take(&net->connections, &id);
    if (connection == NULL)
        return NULL;

    connection->net = net;
    connection->id = id;
    connection->listener = listener;
    connection->context = context;
    connection->task = (struct loop_task){.run = on_task, .context = connection};
    strbuf_init(&connection->out, NET_QUEUE_LIMIT);
    /* Ciphertext is a little longer than what it carries. */
    strbuf_init(&connection->sending, NET_QUEUE_LIMIT + NET_QUEUE_LIMIT / 64);
    net_set_state(connection, state);
    return connection;
}

void net_release(struct net_connection *connection)
{
    struct net *net = connection->net;

    if (connection->state == NET_LISTENING)
        net_listen_end(connection);
    net_set_state(connection, NET_FREE);
    net_connect_release(connection);
    loop_undefer(net->loop, &connection->task);
    loop_wake_never(net->loop, &connection->deadline);
    net_socket_let_go(connection->socket);
    tls_free(connection->tls);
    tls_port_free(connection->tls_port);
    mem_free(connection->early);
    strbuf_release(&connection->out);
    strbuf_release(&connection->sending);
    mem_free(connection->end_text);
    slots_give(&net->connections, connection->id);
    if (net->accepts_wait)
        accept_waiting(net);
}

static uint64_t op_now(struct outside *outside)
{
    return loop_now(((struct net *)outside)->loop);
}

static int64_t op_unix_s(struct outside *outside)
{
    (void)outside;
    return clock_unix_s();
}

static void op_close(struct outside *outside, struct id id)
{
    struct net_connection *connection = net_find((struct net *)outside, id);

    if (connection == NULL)
        return;
    if (connection->state == NET_OPEN)
        net_stream_close(connection);
    else
        net_release(connection);
}

static void op_reset(struct outside *outside, struct id id)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct net_connection *connection = net_find((struct net *)outside, id);
    uv_os_fd_t file;

    if (connection == NULL)
        return;
    /* Closing a socket that does not linger makes the kernel send RST. */
    if (connection->socket != NULL
        && uv_fileno((const uv_handle_t *)&connection->socket->tcp, &file) == 0)
        (void)setsockopt(file, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    net_release(connection);
}

static int op_wake_at(struct outside *outside, uint64_t at_ns, outside_timer_listener *listener,
                      void *context)
{
    return loop_wake_at(((struct net *)outside)->loop, at_ns, listener, context);
}

static const struct outside_ops ops = {
    .now = op_now,
    .unix_s = op_unix_s,
    .open = net_connect_open,
    .listen = net_listen,
    .write = net_stream_write,
    .pause = net_stream_pause,
    .close = op_close,
    .reset = op_reset,
    .wake_at = op_wake_at,
};

static uint32_t capacity_of(const struct net_options *options)
{
    if (options->connections_max != 0)
        return options->connections_max;
    uint64_t files = env_open_files_max();
    if (files >= CONNECTIONS_DEFAULT + DESCRIPTORS_SPARED)
        return CONNECTIONS_DEFAULT;
    if (files <= CONNECTIONS_MIN + DESCRIPTORS_SPARED)
        return CONNECTIONS_MIN;
    return (uint32_t)files - DESCRIPTORS_SPARED;
}

/* Handshakes of strangers never take all places. */
static uint32_t handshakes_of(const struct net_options *options, uint32_t capacity)
{
    if (options->handshakes_max != 0)
        return options->handshakes_max;
    uint32_t quarter = capacity / 4 + 1;
    return quarter < HANDSHAKES_DEFAULT ? quarter : HANDSHAKES_DEFAULT;
}

int net_new(struct loop *loop, const struct net_options *options, struct net **ret_net,
            struct err *reterr)
{
    static const struct net_options usual = {0};
    struct net *net = mem_new(1, sizeof *net);
    if (net == NULL)
        return fail(reterr, ERR_MEMORY, "out of memory for network connections");

    if (options == NULL)
        options = &usual;
    signals_ignore_pipe(); /* libuv's writes would raise it */
    net->outside.ops = &ops;
    net->loop = loop;
    net->lookup_hook = options->lookup;
    net->lookup_context = options->lookup_context;
    net->handshakes_max = handshakes_of(options, capacity_of(options));
    net->handshake_in_ns =
        options->handshake_in_ns != 0 ? options->handshake_in_ns : HANDSHAKE_DEFAULT_NS;
    int code = tls_trusts_new(&net->trusts);
    if (code == 0)
        code = slots_init(&net->connections, capacity_of(options), sizeof(struct net_connection));
    if (code != 0) {
        tls_trusts_free(net->trusts);
        mem_free(net);
        return fail(reterr, code, "no room for the network connections asked for: %s",
                    err_text(code));
    }
    *ret_net = net;
    return 0;
}

void net_free(struct net *net)
{
    struct id id;

    if (net == NULL)
        return;
    net->accepts_wait = false;
    for (uint32_t slot = 0; slot < net->connections.capacity; slot++) {
        struct net_connection *connection = slots_at(&net->connections, slot, &id);
        if (connection != NULL)
            net_release(connection);
    }
    net_lookup_forget_all(net);
    slots_release(&net->connections);
    tls_trusts_free(net->trusts);
    mem_free(net);
}

struct outside *net_outside(struct net *net)
{
    return &net->outside;
}

struct net_counts net_counts(const struct net *net)
{
    return net->counts;
}

uint32_t net_taken(const struct net *net)
{
    return net->connections.taken;
}
