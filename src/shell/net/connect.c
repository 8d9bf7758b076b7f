/* SPDX-License-Identifier: Apache-2.0
 *
 * connect: from open to OPENED (see connection.h): look the name up, try its addresses in turn with
 * a new attempt every 250 ms or as soon as one fails (RFC 8305), shake hands by TLS; all of it
 * under one deadline whose message names the phase that took too long. */
#include <stdio.h>

#include <openssl/crypto.h>

#include "base/mem.h"
#include "shell/net/connection.h"
#include "shell/os/env.h"
#include "wire/base64.h"
#include "wire/http1.h"

static const uint64_t STAGGER_NS = 250 * 1000 * 1000;

static const struct view alpn_http1 = VIEW("\x08http/1.1");

enum { AUTHORIZATION_MAX = 4096 };

/* What a proxy may answer with, before we call it a mistake. */
static const struct http1_limits answer_limits = {
    .start_line_bytes = 1024, .header_bytes = 16 * 1024, .headers = 50};

static void free_opening(struct net_opening *opening)
{
    if (opening == NULL)
        return;
    if (opening->authorization != NULL)
        OPENSSL_cleanse(opening->authorization, strlen(opening->authorization));
    mem_free(opening->authorization);
    http1_parser_free(opening->answer);
    mem_free(opening->ca_file);
    mem_free(opening);
}

void net_connect_release(struct net_connection *connection)
{
    struct net_opening *opening = connection->opening;

    if (opening == NULL)
        return;
    connection->opening = NULL;
    loop_wake_never(connection->net->loop, opening);
    for (size_t i = 0; i < opening->next_address; i++)
        net_socket_let_go(opening->attempts[i]);
    free_opening(opening);
}

/* libuv's code, its reason and what helps. */
struct trouble {
    int status;
    const char *text;
};

static const struct trouble troubles[] = {
    {UV_ECONNREFUSED, "the connection was refused: nothing listens there; start the server or "
                      "correct the url"},
    {UV_ENETUNREACH, "the network cannot be reached; check this machine's network"},
    {UV_EHOSTUNREACH, "the host cannot be reached; check its address and the network"},
    {UV_ETIMEDOUT, "no answer; check the address and firewalls"},
    {UV_ECONNRESET, "the connection was reset while it was made"},
    {UV_EACCES, "not allowed; check the firewall's rules"},
    {UV_EADDRNOTAVAIL, "no free local port or address; lower the rate of new connections"},
    {UV_ENOMEM, "out of memory"},
    {UV_EAI_NONAME, "no such host; check the name in the url"},
    {UV_EAI_NODATA, "the host has no address; check the name in the url"},
    {UV_EAI_AGAIN, "the name server does not answer; check this machine's network and DNS"},
    {UV_EAI_FAIL, "the name server failed; check this machine's DNS"},
};

static const char *trouble_text(int status)
{
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        if (troubles[i].status == status)
            return troubles[i].text;
    }
    return uv_strerror(status);
}

/* Whom TCP goes to: the peer, or the proxy before it. */
struct reached {
    const char *kind;
    const char *host;
    uint16_t port;
};

static struct reached reached_of(const struct net_opening *opening)
{
    if (opening->proxy_host[0] != '\0')
        return (struct reached){"the proxy ", opening->proxy_host, opening->proxy_port};
    return (struct reached){"", opening->host, opening->port};
}

static void end_unreachable(struct net_connection *connection, int status)
{
    const struct net_opening *opening = connection->opening;
    size_t tried = opening->addresses.count;
    struct reached reached = reached_of(opening);

    if (status == UV_EMFILE || status == UV_ENFILE) {
        net_end(connection, ERR_UNREACHABLE,
                "%s%s:%u: too many open files (limit %llu); lower the concurrency or raise "
                "'ulimit -n'",
                reached.kind, reached.host, reached.port, (unsigned long long)env_open_files_max());
    } else if (tried > 1) {
        net_end(connection, ERR_UNREACHABLE, "%s%s:%u: %s (%zu addresses tried)", reached.kind,
                reached.host, reached.port, trouble_text(status), tried);
    } else {
        net_end(connection, ERR_UNREACHABLE, "%s%s:%u: %s", reached.kind, reached.host,
                reached.port, trouble_text(status));
    }
}

static void on_deadline(void *context, uint64_t now_ns)
{
    static const char *const phases[NET_STATES] = {
        [NET_LOOKING_UP] = "looking up the name",
        [NET_CONNECTING] = "connecting",
        [NET_TUNNELLING] = "its answer to CONNECT",
        [NET_HANDSHAKING] = "the TLS handshake",
    };
    struct net_connection *connection = net_of_deadline(context);
    const struct net_opening *opening = connection->opening;
    struct reached reached = {"", "", 0};

    (void)now_ns;
    assert_always(opening != NULL && phases[connection->state] != NULL);
    reached = reached_of(opening);
    if (connection->state == NET_HANDSHAKING)
        reached = (struct reached){"", opening->host, opening->port};
    for (size_t i = 0; i < opening->next_address; i++) {
        if (opening->attempts[i] != NULL)
            net_lookup_failed(connection->net, &opening->addresses.at[i]);
    }
    net_end(connection, ERR_TIMEOUT,
            "%s%s:%u: %s took longer than %.3g s; is the address right, "
            "and is the server up?",
            reached.kind, reached.host, reached.port, phases[connection->state],
            (double)opening->connect_in_ns / 1e9);
}

static void opened(struct net_connection *connection)
{
    struct view nothing = {0};

    loop_wake_never(connection->net->loop, &connection->deadline);
    net_connect_release(connection);
    net_set_state(connection, NET_OPEN);
    if (connection->paused) /* before it was open: the handshake was read all the same */
        net_stream_read_stop(connection);
    if (connection->out.len != 0 || connection->early != NULL)
        loop_defer(connection->net->loop, &connection->task);
    if (!net_emit(connection, OUTSIDE_OPENED, nothing) || connection->state != NET_OPEN)
        return;
    if (!connection->paused) {
        net_stream_read_start(connection);
        net_stream_drain(connection);
    }
}

void net_connect_handshake(struct net_connection *connection)
{
    struct net_opening *opening = connection->opening;
    struct net *net = connection->net;
    struct id id = connection->id;
    struct err err;
    int code = tls_handshake(connection->tls, &err);

    net_stream_flush(connection); /* of a failure too: the alert tells the peer why */
    if (net_find(net, id) == NULL || connection->opening != opening)
        return;
    if (code == 0)
        opened(connection);
    else if (code != ERR_BUSY)
        net_end(connection, code, "%s", err.text);
}

static void start_tls(struct net_connection *connection, struct view early)
{
    const struct net_opening *opening = connection->opening;
    struct err err;
    struct tls_wish wish = {
        .host = opening->host,
        .port = opening->port,
        .insecure = opening->insecure,
        .ca_file = opening->ca_file,
        .alpn = opening->alpn_len != 0 ? view_make(opening->alpn, opening->alpn_len) : alpn_http1,
    };
    int code = tls_new(connection->net->trusts, &wish, &connection->tls, &err);

    if (code != 0) {
        net_end(connection, ERR_TLS, "%s", err.text);
        return;
    }
    if (tls_feed(connection->tls, early) != 0) {
        net_end(connection, ERR_CLOSED, "out of memory while connecting");
        return;
    }
    net_set_state(connection, NET_HANDSHAKING);
    net_stream_read_start(connection);
    net_connect_handshake(connection);
}

void net_connect_through(struct net_connection *connection, struct view early)
{
    if (connection->opening->with_tls) {
        start_tls(connection, early);
        return;
    }
    if (early.len != 0) {
        connection->early = mem_new(early.len, 1);
        if (connection->early == NULL) {
            net_end(connection, ERR_CLOSED, "out of memory while connecting");
            return;
        }
        memcpy(connection->early, early.ptr, early.len);
        connection->early_len = early.len;
    }
    opened(connection);
}

/* The first attempt that succeeds is the connection; the others are let go. Those that began
 * before it and are still waiting are slow to answer, if they ever do: they come last for a while.
 */
static void attempt_succeeded(struct net_connection *connection, struct net_socket *socket)
{
    static const struct view nothing = {0};
    struct net_opening *opening = connection->opening;
    bool before = true;

    for (size_t i = 0; i < opening->next_address; i++) {
        if (opening->attempts[i] == socket) {
            net_lookup_worked(connection->net, &opening->addresses.at[i]);
            before = false;
        } else if (opening->attempts[i] != NULL) {
            if (before)
                net_lookup_failed(connection->net, &opening->addresses.at[i]);
            net_socket_let_go(opening->attempts[i]);
        }
        opening->attempts[i] = NULL;
    }
    loop_wake_never(connection->net->loop, opening);
    connection->socket = socket;
    net_socket_tune(socket);
    if (opening->proxy_host[0] != '\0')
        net_tunnel_start(connection);
    else
        net_connect_through(connection, nothing);
}

static void try_next(struct net_connection *connection);

static void attempt_failed(struct net_connection *connection, size_t at, int status)
{
    struct net_opening *opening = connection->opening;

    net_socket_let_go(opening->attempts[at]);
    opening->attempts[at] = NULL;
    net_lookup_failed(connection->net, &opening->addresses.at[at]);
    if (opening->failure == 0)
        opening->failure = status;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct net_socket *socket = request->data;
    struct net_connection *connection = net_socket_owner(socket);

    if (connection == NULL || connection->state != NET_CONNECTING)
        return;
    if (status == 0) {
        attempt_succeeded(connection, socket);
        return;
    }
    struct net_opening *opening = connection->opening;
    for (size_t i = 0; i < opening->next_address; i++) {
        if (opening->attempts[i] == socket)
            attempt_failed(connection, i, status);
    }
    opening->attempts_running--;
    try_next(connection);
}

static int start_attempt(struct net_connection *connection, size_t at)
{
    struct net_opening *opening = connection->opening;
    int status = 0;
    struct net_socket *socket = net_socket_new(connection, &status);

    opening->attempts[at] = socket;
    if (socket == NULL)
        return status;
    return uv_tcp_connect(&socket->connect, &socket->tcp,
                          (const struct sockaddr *)&opening->addresses.at[at], on_connected);
}

static void on_stagger(void *context, uint64_t now_ns)
{
    struct net_opening *opening = context;

    (void)now_ns;
    try_next(opening->connection);
}

/* Starts the next attempt there is; the connection ends where none is left nor running. */
static void try_next(struct net_connection *connection)
{
    struct net_opening *opening = connection->opening;
    struct loop *loop = connection->net->loop;

    loop_wake_never(loop, opening);
    while (opening->next_address < opening->addresses.count) {
        size_t at = opening->next_address++;
        int status = start_attempt(connection, at);
        if (status == 0) {
            opening->attempts_running++;
            /* Without a timer the next attempt waits for this one to fail. */
            if (opening->next_address < opening->addresses.count)
                (void)!loop_wake_at(loop, loop_now(loop) + STAGGER_NS, on_stagger, opening);
            return;
        }
        attempt_failed(connection, at, status);
    }
    if (opening->attempts_running == 0)
        end_unreachable(connection, opening->failure);
}

void net_connect_found(struct net_connection *connection, int status,
                       const struct net_addresses *addresses)
{
    struct net_opening *opening = connection->opening;

    opening->lookup = NULL;
    opening->addresses = *addresses;
    if (status != 0 || addresses->count == 0) {
        end_unreachable(connection, status != 0 ? status : UV_EAI_NODATA);
        return;
    }
    net_lookup_sort(connection->net, &opening->addresses);
    net_set_state(connection, NET_CONNECTING);
    try_next(connection);
}

/* "Basic …" of a proxy's user and password; NULL without memory. */
static char *authorization_of(struct view user)
{
    struct strbuf text;

    strbuf_init(&text, AUTHORIZATION_MAX);
    strbuf_add_text(&text, "Basic ");
    base64_encode(&text, user);
    if (strbuf_status(&text) == 0)
        return strbuf_take(&text);
    strbuf_release(&text);
    return NULL;
}

/* False without memory. */
static bool take_proxy(struct net_opening *opening, const struct outside_endpoint *endpoint)
{
    if (endpoint->proxy_host.len == 0)
        return true;
    snprintf(opening->proxy_host, sizeof opening->proxy_host, "%.*s",
             VIEW_ARG(endpoint->proxy_host));
    opening->proxy_port = endpoint->proxy_port;
    opening->answer = http1_parser_new(HTTP1_READS_RESPONSES, &answer_limits);
    if (endpoint->proxy_user.len != 0)
        opening->authorization = authorization_of(endpoint->proxy_user);
    return opening->answer != NULL
           && (endpoint->proxy_user.len == 0 || opening->authorization != NULL);
}

static struct net_opening *new_opening(const struct outside_endpoint *endpoint)
{
    struct net_opening *opening = mem_new(1, sizeof *opening);
    if (opening == NULL)
        return NULL;

    opening->ca_file = mem_new(endpoint->tls_ca_file.len + 1, 1);
    if (opening->ca_file == NULL || !take_proxy(opening, endpoint)) {
        free_opening(opening);
        return NULL;
    }
    if (endpoint->tls_ca_file.len != 0)
        memcpy(opening->ca_file, endpoint->tls_ca_file.ptr, endpoint->tls_ca_file.len);
    snprintf(opening->host, sizeof opening->host, "%.*s", VIEW_ARG(endpoint->host));
    opening->port = endpoint->port;
    opening->alpn_len = endpoint->alpn.len;
    if (endpoint->alpn.len != 0)
        memcpy(opening->alpn, endpoint->alpn.ptr, endpoint->alpn.len);
    opening->with_tls = endpoint->tls;
    opening->insecure = endpoint->tls_insecure;
    opening->connect_in_ns = endpoint->connect_in_ns;
    return opening;
}

static bool is_host(struct view host)
{
    return host.len != 0 && host.len < NET_HOST_SIZE && memchr(host.ptr, '\0', host.len) == NULL;
}

/* The first step; what fails here is said later, as CLOSED. */
static int begin(struct net_connection *connection, const struct outside_endpoint *endpoint)
{
    struct net_opening *opening = connection->opening;
    struct net_addresses addresses = {.count = 0};
    struct reached reached = reached_of(opening);

    if (!is_host(endpoint->host)
        || (endpoint->proxy_host.len != 0 && !is_host(endpoint->proxy_host))) {
        net_end(connection, ERR_UNREACHABLE, "'%s' is no host name; correct the %s",
                is_host(endpoint->host) ? opening->proxy_host : opening->host,
                is_host(endpoint->host) ? "proxy's url" : "url");
        return 0;
    }
    if (net_lookup_numeric(reached.host, reached.port, &addresses)) {
        net_connect_found(connection, 0, &addresses);
        return 0;
    }
    int code = net_lookup_start(connection->net, reached.host, reached.port, &opening->lookup);
    if (code == ERR_UNREACHABLE) {
        end_unreachable(connection, UV_EAI_NONAME);
        return 0;
    }
    return code;
}

int net_connect_open(struct outside *outside, const struct outside_endpoint *endpoint,
                     outside_listener *listener, void *context, struct id *ret_connection)
{
    struct net *net = (struct net *)outside;
    if (endpoint->alpn.len > OUTSIDE_ALPN_BYTES_MAX)
        return ERR_LIMIT;
    struct net_connection *connection = net_take(net, NET_LOOKING_UP, listener, context);
    if (connection == NULL)
        return ERR_LIMIT;

    uint64_t now_ns = loop_now(net->loop);
    uint64_t deadline_ns = endpoint->connect_in_ns < UINT64_MAX - now_ns
                               ? now_ns + endpoint->connect_in_ns
                               : UINT64_MAX;
    connection->opening = new_opening(endpoint);
    int code = connection->opening != NULL
                   ? loop_wake_at(net->loop, deadline_ns, on_deadline, &connection->deadline)
                   : ERR_MEMORY;
    if (code == 0) {
        connection->opening->connection = connection;
        code = begin(connection, endpoint);
    }
    if (code != 0) {
        net_release(connection);
        return code;
    }
    *ret_connection = connection->id;
    return 0;
}
