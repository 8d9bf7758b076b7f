/* SPDX-License-Identifier: Apache-2.0
 *
 * stream: an open connection (see connection.h): reading with pauses, writing what a turn of the
 * loop queued in one go, closing in order.
 *
 *   write → out ──(tls)──→ sending → try_write, the rest by uv_write
 *   socket → cipher ──(tls)──→ plain → BYTES
 *
 * Closing: the queue is written, TLS says goodbye, our side is shut down; where a peer came to us,
 * what it still sends is read and thrown away until it ends too, since closing over unread bytes
 * makes the kernel send a reset that can overtake our last answer. It takes a second at most. */
#include "base/mem.h"
#include "shell/net/connection.h"

enum { BATCH_BYTES = 256 * 1024 };

static const uint64_t CLOSE_NS = 1000 * 1000 * 1000;

static size_t queued(const struct net_connection *connection)
{
    size_t sending = connection->sending.len - connection->sending_at;

    if (connection->writing)
        sending = uv_stream_get_write_queue_size((const uv_stream_t *)&connection->socket->tcp);
    return connection->out.len + sending;
}

/* Reading. */

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_room)
{
    struct net_socket *socket = handle->data;

    (void)wanted;
    *ret_room = socket->net != NULL ? uv_buf_init(socket->net->cipher, NET_READ_BYTES)
                                    : uv_buf_init(NULL, 0);
}

/* The peer's end of the byte stream, or its failure. */
static void read_ended(struct net_connection *connection, ssize_t status)
{
    connection->peer_ended = true;
    if (connection->state == NET_CLOSING) {
        net_release(connection);
    } else if (connection->state == NET_SHAKING) {
        net_end(connection, ERR_TLS, "a client left during the handshake");
    } else if (connection->state == NET_TUNNELLING) {
        const struct net_opening *opening = connection->opening;
        net_end(connection, ERR_UNREACHABLE,
                "the proxy %s:%u closed the connection before it answered; is it an HTTP proxy?",
                opening->proxy_host, opening->proxy_port);
    } else if (connection->state == NET_HANDSHAKING) {
        const struct net_opening *opening = connection->opening;
        net_end(connection, ERR_TLS,
                "TLS with %s:%u: the peer closed the connection during the handshake; does it "
                "speak TLS on this port?",
                opening->host, opening->port);
    } else if (status != UV_EOF) {
        net_end(connection, ERR_CLOSED, "the connection broke: %s", uv_strerror((int)status));
    } else if (connection->broken != 0) {
        net_end(connection, ERR_CLOSED, "the connection broke while sending: %s",
                uv_strerror(connection->broken));
    } else if (connection->tls != NULL) {
        net_end(connection, ERR_CLOSED,
                "the peer closed without ending TLS: what came may be cut short");
    } else {
        net_end(connection, 0, "the peer closed");
    }
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
    struct net_socket *socket = stream->data;
    struct net_connection *connection = net_socket_owner(socket);

    if (connection == NULL || len == 0)
        return;
    if (len < 0) {
        uv_read_stop(stream);
        connection->reading = false;
        if (connection->state != NET_ENDED)
            read_ended(connection, len);
        return;
    }
    if (connection->state == NET_ENDED || connection->state == NET_CLOSING)
        return;
    struct view bytes = view_make(room->base, (size_t)len);
    if (connection->state == NET_TUNNELLING) {
        net_tunnel_feed(connection, bytes);
        return;
    }
    if (connection->tls == NULL) {
        (void)!net_emit(connection, OUTSIDE_BYTES, bytes);
        return;
    }
    if (tls_feed(connection->tls, bytes) != 0)
        net_end(connection, ERR_CLOSED, "out of memory while receiving");
    else if (connection->state == NET_HANDSHAKING)
        net_connect_handshake(connection);
    else if (connection->state == NET_SHAKING)
        net_listen_handshake(connection);
    else
        net_stream_drain(connection);
}

void net_stream_read_start(struct net_connection *connection)
{
    if (connection->reading)
        return;
    int status = uv_read_start((uv_stream_t *)&connection->socket->tcp, on_room, on_read);
    if (status == 0)
        connection->reading = true;
    else
        read_ended(connection, status);
}

void net_stream_read_stop(struct net_connection *connection)
{
    if (connection->reading)
        uv_read_stop((uv_stream_t *)&connection->socket->tcp);
    connection->reading = false;
}

/* What came with a proxy's answer and was not for the proxy. */
static void hand_on_early(struct net_connection *connection)
{
    char *early = connection->early;

    connection->early = NULL;
    (void)!net_emit(connection, OUTSIDE_BYTES, view_make(early, connection->early_len));
    mem_free(early);
}

void net_stream_drain(struct net_connection *connection)
{
    struct net *net = connection->net;
    struct err err;

    if (connection->state != NET_OPEN)
        return;
    if (connection->early != NULL && !connection->paused) {
        hand_on_early(connection);
        return; /* there is no TLS then */
    }
    if (connection->tls == NULL)
        return;
    while (!connection->paused) {
        size_t len = 0;
        int code = tls_read(connection->tls, net->plain, sizeof net->plain, &len, &err);
        if (code == ERR_BUSY)
            break;
        connection->peer_ended = code == ERR_CLOSED;
        if (code == ERR_CLOSED)
            net_end(connection, 0, "the peer closed");
        else if (code != 0)
            net_end(connection, code, "%s", err.text);
        if (code != 0)
            return;
        if (!net_emit(connection, OUTSIDE_BYTES, view_make(net->plain, len))
            || connection->state != NET_OPEN)
            return;
    }
    /* Reading may have made TLS answer (a key update). */
    if (tls_has_output(connection->tls))
        loop_defer(net->loop, &connection->task);
}

void net_stream_pause(struct outside *outside, struct id id, bool paused)
{
    struct net_connection *connection = net_find((struct net *)outside, id);

    if (connection == NULL || connection->paused == paused)
        return;
    connection->paused = paused;
    if (connection->state != NET_OPEN)
        return;
    if (!paused)
        loop_defer(connection->net->loop, &connection->task);
    else
        net_stream_read_stop(connection);
}

/* Writing. */

static void write_failed(struct net_connection *connection, int status)
{
    connection->broken = status;
    strbuf_release(&connection->out);
    strbuf_release(&connection->sending);
    connection->sending_at = 0;
    if (connection->state == NET_CLOSING)
        net_release(connection);
    else if (connection->state == NET_SHAKING)
        net_end(connection, ERR_TLS, "a client left during the handshake");
    else if (connection->state == NET_TUNNELLING)
        net_end(connection, ERR_UNREACHABLE, "the proxy %s:%u: the connection broke: %s",
                connection->opening->proxy_host, connection->opening->proxy_port,
                uv_strerror(status));
    else if (connection->state == NET_HANDSHAKING)
        net_end(connection, ERR_TLS,
                "TLS with %s:%u: the connection broke during the handshake: %s",
                connection->opening->host, connection->opening->port, uv_strerror(status));
    else if (connection->paused || (status != UV_EPIPE && status != UV_ECONNRESET))
        net_end(connection, ERR_CLOSED, "the connection broke: %s", uv_strerror(status));
    /* Otherwise the peer's last words may be waiting: reading them leads to the end. */
}

/* Moves plain bytes into `sending` (empty now), through TLS where there is one. */
static int refill(struct net_connection *connection)
{
    struct strbuf *out = &connection->out;

    strbuf_reset(&connection->sending);
    connection->sending_at = 0;
    if (connection->state == NET_TUNNELLING)
        return 0;
    if (connection->tls == NULL) {
        struct strbuf held = connection->sending;
        connection->sending = *out;
        *out = held;
        return 0;
    }
    if (connection->state != NET_HANDSHAKING && connection->state != NET_SHAKING) {
        size_t len = out->len < BATCH_BYTES ? out->len : BATCH_BYTES;
        int code = tls_write(connection->tls, view_slice(strbuf_view(out), 0, len));
        if (code != 0)
            return code;
        strbuf_consume(out, len);
    }
    if (connection->state == NET_CLOSING && out->len == 0 && !connection->goodbye_said) {
        connection->goodbye_said = true;
        tls_end(connection->tls);
    }
    tls_take(connection->tls, &connection->sending);
    return strbuf_status(&connection->sending);
}

static void on_written(uv_write_t *request, int status)
{
    struct net_connection *connection = net_socket_owner(request->data);

    if (connection == NULL)
        return;
    connection->writing = false;
    connection->sending_at = connection->sending.len;
    if (status != 0)
        write_failed(connection, status);
    else if (connection->state != NET_ENDED)
        net_stream_flush(connection);
}

/* Hands `sending` to the socket. 0 where all went, 1 where libuv holds the rest, libuv's code. */
static int send_now(struct net_connection *connection)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->socket->tcp;
    struct view left = view_slice(strbuf_view(&connection->sending), connection->sending_at,
                                  connection->sending.len);

    if (left.len == 0)
        return 0;
    uv_buf_t buf = uv_buf_init((char *)left.ptr, (unsigned)left.len);
    int sent = uv_try_write(stream, &buf, 1);
    if (sent < 0 && sent != UV_EAGAIN)
        return sent;
    connection->sending_at += sent > 0 ? (size_t)sent : 0;
    if (connection->sending_at == connection->sending.len)
        return 0;
    buf = uv_buf_init(connection->sending.ptr + connection->sending_at,
                      (unsigned)(connection->sending.len - connection->sending_at));
    int status = uv_write(&connection->socket->write, stream, &buf, 1, on_written);
    if (status != 0)
        return status;
    connection->writing = true;
    return 1;
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct net_connection *connection = net_socket_owner(request->data);

    if (connection == NULL)
        return;
    if (status != 0 || !connection->accepted || connection->peer_ended)
        net_release(connection);
    else
        net_stream_read_start(connection);
}

/* The queue is empty: of a closing connection our side ends, of others WRITABLE may be owed. */
static void all_sent(struct net_connection *connection)
{
    strbuf_release(&connection->sending);
    strbuf_release(&connection->out);
    connection->sending_at = 0;
    if (connection->state != NET_CLOSING || connection->shut)
        return;
    connection->shut = true;
    if (uv_shutdown(&connection->socket->shutdown, (uv_stream_t *)&connection->socket->tcp,
                    on_shutdown)
        != 0)
        net_release(connection);
}

void net_stream_flush(struct net_connection *connection)
{
    struct view nothing = {0};

    while (!connection->writing && connection->broken == 0) {
        if (connection->sending_at == connection->sending.len) {
            int code = refill(connection);
            if (code != 0 && connection->state == NET_CLOSING)
                net_release(connection);
            else if (code != 0)
                net_end(connection, code == ERR_TLS ? ERR_TLS : ERR_CLOSED, "cannot send: %s",
                        err_text(code));
            if (code != 0)
                return;
        }
        if (connection->sending_at == connection->sending.len)
            break;
        int status = send_now(connection);
        if (status < 0) {
            write_failed(connection, status);
            return;
        }
    }
    if (connection->busy_said && connection->state == NET_OPEN
        && queued(connection) < NET_QUEUE_LOW) {
        connection->busy_said = false;
        if (!net_emit(connection, OUTSIDE_WRITABLE, nothing))
            return;
    }
    if (!connection->writing && queued(connection) == 0)
        all_sent(connection);
}

int net_stream_write(struct outside *outside, struct id id, struct view bytes)
{
    struct net_connection *connection = net_find((struct net *)outside, id);

    if (connection == NULL || connection->state == NET_LISTENING)
        return ERR_CLOSED;
    if (connection->broken != 0 || connection->state == NET_ENDED)
        return 0; /* CLOSED is on its way and will say why */
    size_t waiting = queued(connection);
    if (bytes.len > NET_QUEUE_LIMIT - (waiting < NET_QUEUE_LIMIT ? waiting : NET_QUEUE_LIMIT))
        return ERR_LIMIT;
    if (strbuf_room(&connection->out, bytes.len) == NULL) {
        connection->out.status = 0;
        return ERR_LIMIT;
    }
    strbuf_add(&connection->out, bytes);
    loop_defer(connection->net->loop, &connection->task);
    if (waiting + bytes.len <= NET_QUEUE_HIGH)
        return 0;
    connection->busy_said = true;
    return ERR_BUSY;
}

/* Closing. */

static void on_close_deadline(void *context, uint64_t now_ns)
{
    (void)now_ns;
    net_release(net_of_deadline(context));
}

void net_stream_close(struct net_connection *connection)
{
    struct loop *loop = connection->net->loop;

    bool owes_end = !connection->peer_ended && (connection->accepted || connection->tls != NULL);

    /* A client with nothing left to say just goes. */
    if (connection->broken != 0 || (queued(connection) == 0 && !owes_end)
        || loop_wake_at(loop, loop_now(loop) + CLOSE_NS, on_close_deadline, &connection->deadline)
               != 0) {
        net_release(connection);
        return;
    }
    net_set_state(connection, NET_CLOSING);
    net_stream_read_stop(connection);
    loop_defer(loop, &connection->task);
}
