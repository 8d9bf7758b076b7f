/* SPDX-License-Identifier: Apache-2.0
 *
 * listen: ports of ours (see connection.h). A peer that finds all places taken waits in the
 * kernel's queue until one is free, and so does one that finds too many TLS handshakes under way:
 * strangers who connect and say nothing cost a bounded part of the places, for 10 s. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

#include "shell/net/connection.h"

enum { BACKLOG = 1024, FILE_SIZE = 4096 };

static const uint64_t TRY_AGAIN_NS = 100 * 1000 * 1000;

static const struct view alpn_http1 = VIEW("\x08http/1.1");

/* The peer is announced: from now on it is its owner's. */
static void announce(struct net_connection *fresh)
{
    static const struct view nothing = {0};

    if (net_emit(fresh, OUTSIDE_ACCEPTED, nothing) && fresh->state == NET_OPEN && !fresh->paused) {
        net_stream_read_start(fresh);
        net_stream_drain(fresh);
    }
}

static void on_handshake_deadline(void *context, uint64_t now_ns)
{
    struct net_connection *connection = net_of_deadline(context);

    (void)now_ns;
    connection->net->counts.handshakes_late++;
    net_release(connection);
}

void net_listen_handshake(struct net_connection *connection)
{
    struct net *net = connection->net;
    struct id id = connection->id;
    struct err err;
    int code = tls_handshake(connection->tls, &err);

    if (code != 0 && code != ERR_BUSY) {
        net->counts.handshakes_failed++;
        loop_wake_never(net->loop, &connection->deadline);
        net_stream_close(connection); /* the alert still tells the peer why */
        return;
    }
    net_stream_flush(connection);
    if (code != 0 || net_find(net, id) == NULL || connection->state != NET_SHAKING)
        return;
    loop_wake_never(net->loop, &connection->deadline);
    net_set_state(connection, NET_OPEN);
    announce(connection);
}

static void start_handshake(struct net_connection *fresh, struct tls_port *port)
{
    struct net *net = fresh->net;
    struct err err;

    if (tls_accept(port, &fresh->tls, &err) != 0
        || loop_wake_at(net->loop, loop_now(net->loop) + net->handshake_in_ns,
                        on_handshake_deadline, &fresh->deadline)
               != 0) {
        net_end(fresh, ERR_MEMORY, "out of memory for TLS");
        return;
    }
    net_stream_read_start(fresh);
}

static void on_try_again(void *context, uint64_t now_ns)
{
    (void)now_ns;
    net_listen_accept(net_of_deadline(context));
}

/* libuv listens no further until the peer that waits was accepted. */
static void accept_later(struct net_connection *listening, bool soon)
{
    struct loop *loop = listening->net->loop;

    listening->accept_waits = true;
    listening->net->accepts_wait = true;
    if (soon)
        (void)!loop_wake_at(loop, loop_now(loop) + TRY_AGAIN_NS, on_try_again,
                            &listening->deadline);
}

static void accept_one(struct net_connection *listening)
{
    struct net *net = listening->net;
    struct tls_port *port = listening->tls_port;
    int status = 0;
    struct net_connection *fresh = NULL;

    if (port == NULL || net->handshakes < net->handshakes_max)
        fresh = net_take(net, port != NULL ? NET_SHAKING : NET_OPEN, listening->listener,
                         listening->context);
    if (fresh == NULL) {
        accept_later(listening, false);
        return;
    }
    fresh->accepted = true;
    fresh->listening = listening->id;
    fresh->socket = net_socket_new(fresh, &status);
    if (fresh->socket == NULL) {
        net_release(fresh);
        accept_later(listening, true);
        return;
    }
    if (uv_accept((uv_stream_t *)&listening->socket->tcp, (uv_stream_t *)&fresh->socket->tcp)
        != 0) {
        net_release(fresh);
        return;
    }
    net_socket_tune(fresh->socket);
    if (port != NULL)
        start_handshake(fresh, port);
    else
        announce(fresh);
}

void net_listen_end(struct net_connection *listening)
{
    struct slots *connections = &listening->net->connections;
    struct id id;

    for (uint32_t slot = 0; slot < connections->capacity; slot++) {
        struct net_connection *connection = slots_at(connections, slot, &id);
        if (connection != NULL && connection->state == NET_SHAKING
            && id_equal(connection->listening, listening->id))
            net_release(connection);
    }
}

void net_listen_accept(struct net_connection *listening)
{
    if (listening->accept_waits) {
        listening->accept_waits = false;
        accept_one(listening);
    }
}

static void on_peer(uv_stream_t *stream, int status)
{
    struct net_connection *listening = net_socket_owner(stream->data);

    /* Out of descriptors libuv has turned the peer away already; the next one may have luck. */
    if (listening != NULL && status == 0)
        accept_one(listening);
}

static int port_of(const struct net_socket *socket, uint16_t *ret_port)
{
    struct sockaddr_storage name;
    int len = sizeof name;
    int status = uv_tcp_getsockname(&socket->tcp, (struct sockaddr *)&name, &len);

    if (status != 0)
        return status;
    if (name.ss_family == AF_INET6)
        *ret_port = ntohs(((const struct sockaddr_in6 *)&name)->sin6_port);
    else
        *ret_port = ntohs(((const struct sockaddr_in *)&name)->sin_port);
    return 0;
}

/* Blocks for a name that needs a name server: it is asked once, at start. */
static int find(const char *host, uint16_t port, struct net_addresses *ret_addresses,
                struct err *reterr)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;

    if (net_lookup_numeric(host, port, ret_addresses))
        return 0;
    char service[6];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    int status = getaddrinfo(host, service, &hints, &list);
    if (status != 0)
        return fail(reterr, ERR_UNREACHABLE,
                    "cannot listen on '%s': %s; use an address of this machine, as 127.0.0.1", host,
                    gai_strerror(status));
    net_lookup_copy(list, ret_addresses);
    freeaddrinfo(list);
    return 0;
}

static int bind_and_listen(struct net_connection *listening, const struct sockaddr *address)
{
    int status = 0;

    listening->socket = net_socket_new(listening, &status);
    if (listening->socket == NULL)
        return status;
    /* libuv sets SO_REUSEADDR, so that a restart need not wait for old connections. */
    status = uv_tcp_bind(&listening->socket->tcp, address, 0);
    if (status != 0)
        return status;
    return uv_listen((uv_stream_t *)&listening->socket->tcp, BACKLOG, on_peer);
}

static const char *remedy_of(int status)
{
    switch (status) {
    case UV_EADDRINUSE:
        return "; choose another port or end what listens there";
    case UV_EACCES:
        return "; choose a port above 1023";
    case UV_EADDRNOTAVAIL:
        return "; use an address of this machine, as 127.0.0.1";
    case UV_EMFILE:
        return "; raise 'ulimit -n'";
    default:
        return "";
    }
}

/* TLS as the port wants it; nothing for a port without. */
static int make_tls(const struct outside_port *wanted, struct tls_port **ret_port,
                    struct err *reterr)
{
    char files[2][FILE_SIZE];
    const struct view views[2] = {wanted->tls_certificate_file, wanted->tls_key_file};

    if (views[0].len == 0 && views[1].len == 0)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        if (views[i].len >= FILE_SIZE)
            return fail(reterr, ERR_CONFIG, "tls.%s: a path of %zu bytes is too long",
                        i == 0 ? "certificate_file" : "key_file", views[i].len);
        snprintf(files[i], FILE_SIZE, "%.*s", VIEW_ARG(views[i]));
    }
    struct tls_port_wish wish = {.certificate_file = files[0],
                                 .key_file = files[1],
                                 .alpn = wanted->alpn.len != 0 ? wanted->alpn : alpn_http1};
    return tls_port_new(&wish, ret_port, reterr);
}

int net_listen(struct outside *outside, const struct outside_port *wanted,
               outside_listener *listener, void *context, struct id *ret_listening,
               uint16_t *ret_port, struct err *reterr)
{
    struct net *net = (struct net *)outside;
    struct view host = wanted->host;
    uint16_t port = wanted->port;
    struct net_addresses addresses = {.count = 0};
    char name[NET_HOST_SIZE];

    if (host.len == 0 || host.len >= sizeof name)
        return fail(reterr, ERR_UNREACHABLE, "cannot listen on '%.*s': it is no host name",
                    VIEW_ARG(host));
    snprintf(name, sizeof name, "%.*s", VIEW_ARG(host));
    int code = find(name, port, &addresses, reterr);
    if (code != 0)
        return code;
    struct net_connection *listening = net_take(net, NET_LISTENING, listener, context);
    if (listening == NULL)
        return fail(reterr, ERR_LIMIT, "cannot listen on %s:%u: all places are taken", name, port);
    code = make_tls(wanted, &listening->tls_port, reterr);
    if (code != 0) {
        net_release(listening);
        return code;
    }

    uint16_t bound_port = 0;
    int status = bind_and_listen(listening, (const struct sockaddr *)&addresses.at[0]);
    if (status == 0)
        status = port_of(listening->socket, &bound_port);
    if (status != 0) {
        net_release(listening);
        return fail(reterr, ERR_UNREACHABLE, "cannot listen on %s:%u: %s%s", name, port,
                    uv_strerror(status), remedy_of(status));
    }
    *ret_listening = listening->id;
    if (ret_port != NULL)
        *ret_port = bound_port;
    return 0;
}
