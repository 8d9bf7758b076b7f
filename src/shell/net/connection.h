/* SPDX-License-Identifier: Apache-2.0
 *
 * connection: what the files of net share: a connection's states and data, and who does what.
 * Private to shell/net.
 *
 *   net.c      places, the table of functions, states, events, tasks
 *   lookup.c   names to addresses, off the loop; which addresses failed lately
 *   connect.c  from open to OPENED: addresses in turn, TLS handshake, the deadline
 *   tunnel.c   asking an HTTP proxy for a way through
 *   stream.c   an open connection: reading, writing, closing
 *   listen.c   ports of ours and who connects to them, their TLS handshakes
 *
 * A socket is a block of its own: libuv gives handles back late, while a connection's id is dead at
 * once. A socket's callback finds its connection by id, and nobody after it was let go. */
#ifndef ASSAY_SHELL_NET_CONNECTION_H
#define ASSAY_SHELL_NET_CONNECTION_H

#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/slots.h"
#include "base/strbuf.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "shell/net/tls.h"

enum {
    NET_ADDRESSES_MAX = 16,
    NET_HOST_SIZE = 256,
    NET_FAILED_MAX = 64,
    NET_READ_BYTES = 65536,
    NET_QUEUE_LOW = 64 * 1024,
    NET_QUEUE_HIGH = 256 * 1024,
    NET_QUEUE_LIMIT = 64 * 1024 * 1024,
};

struct net_connection;

struct net_socket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct net *net; /* NULL once it was let go */
    struct id connection;
};

struct net_addresses {
    struct sockaddr_storage at[NET_ADDRESSES_MAX];
    size_t count;
};

/* An address that did not answer, for a while. */
struct net_failed {
    struct sockaddr_storage at;
    uint64_t until_ns;
};

struct net_lookup {
    uv_getaddrinfo_t request;
    struct loop_task answer; /* of a resolver that stands in for the system's */
    struct net_addresses addresses;
    int status;
    struct net *net; /* NULL once the net is gone */
    struct net_lookup *next;
    uint16_t port;
    char host[NET_HOST_SIZE];
};

/* What a connection needs until it is open. */
struct net_opening {
    struct net_connection *connection;
    char host[NET_HOST_SIZE];
    char proxy_host[NET_HOST_SIZE]; /* "": none */
    uint16_t port;
    uint16_t proxy_port;
    char *authorization;         /* for the proxy, a secret; NULL: none */
    struct http1_parser *answer; /* the proxy's */
    bool with_tls;
    bool insecure;
    char *ca_file;
    char alpn[OUTSIDE_ALPN_BYTES_MAX];
    size_t alpn_len;
    uint64_t connect_in_ns;
    const struct net_lookup *lookup; /* awaited, NULL: none */
    struct net_addresses addresses;
    size_t next_address;
    struct net_socket *attempts[NET_ADDRESSES_MAX]; /* NULL where that one failed */
    size_t attempts_running;
    int failure; /* libuv's code of the first attempt that failed */
};

enum net_state {
    NET_FREE,
    NET_LOOKING_UP,
    NET_CONNECTING,
    NET_TUNNELLING, /* the proxy was asked for a way through */
    NET_HANDSHAKING,
    NET_SHAKING, /* the same with a peer who came: its owner has not heard of it */
    NET_OPEN,
    NET_LISTENING,
    NET_ENDED,   /* over, CLOSED will be said by the task */
    NET_CLOSING, /* closed by its owner, what was queued is being written */
    NET_STATES,
};

struct net_connection {
    struct net *net;
    struct id id;
    enum net_state state;
    outside_listener *listener;
    void *context;
    struct net_socket *socket; /* connected or listening; NULL before */
    struct net_opening *opening;
    struct tls *tls;
    struct tls_port *tls_port; /* of LISTENING with TLS */
    struct id listening;       /* of an accepted one: the port it came to */
    char *early;               /* what came through a proxy with its answer; NULL: nothing */
    size_t early_len;
    struct strbuf out;     /* plain bytes queued */
    struct strbuf sending; /* bytes on their way to the socket, from sending_at on */
    size_t sending_at;
    struct loop_task task; /* what must happen outside of a caller's call */
    char *end_text;        /* of ENDED; NULL: the code's own text */
    int end_code;
    int broken; /* libuv's code of a write that failed: nothing is written any more */
    bool accepted;
    bool stranger; /* it came, and its handshake has not ended well */
    bool paused;
    bool reading;
    bool writing;      /* libuv holds `sending` */
    bool busy_said;    /* WRITABLE is owed */
    bool accept_waits; /* of LISTENING: a peer waits for a free place, or a handshake's end */
    bool goodbye_said; /* of CLOSING: TLS's end was queued */
    bool shut;         /* of CLOSING: our side is shut down */
    bool peer_ended;   /* the peer sends nothing more */
    char deadline;     /* its address names the timer */
};

struct net {
    struct outside outside;
    struct loop *loop;
    struct slots connections;
    struct tls_trusts *trusts;
    struct net_lookup *lookups;
    net_lookup_hook *lookup_hook;
    void *lookup_context;
    struct net_failed failed[NET_FAILED_MAX];
    size_t failed_next;
    struct net_counts counts;
    uint32_t handshakes; /* strangers: in NET_SHAKING, or CLOSING from there */
    uint32_t handshakes_max;
    uint64_t handshake_in_ns;
    bool accepts_wait;
    char cipher[NET_READ_BYTES]; /* what a read brought; valid inside its callback */
    char plain[NET_READ_BYTES];
};

/* The connection whose deadline a timer's context is. */
static inline struct net_connection *net_of_deadline(void *context)
{
    return (void *)((char *)context - offsetof(struct net_connection, deadline));
}

/* net.c */
struct net_connection *net_find(const struct net *net, struct id id);
void net_set_state(struct net_connection *connection, enum net_state state);
struct net_connection *net_take(struct net *net, enum net_state state, outside_listener *listener,
                                void *context);
/* Gives sockets, memory and place back. */
void net_release(struct net_connection *connection);
/* Tells the listener; false where the connection is gone afterwards. */
bool net_emit(struct net_connection *connection, enum outside_event_kind kind, struct view bytes);
/* Over: from now on ENDED, CLOSED is said from the loop. The text is formatted. */
void net_end(struct net_connection *connection, int code, const char *format, ...)
    PRINTF_LIKE(3, 4);
struct net_socket *net_socket_new(struct net_connection *connection, int *ret_status);
void net_socket_let_go(struct net_socket *socket);
/* What every connection's socket wants: small writes at once, dead peers found. */
void net_socket_tune(struct net_socket *socket);
/* The connection a callback of the socket is about, NULL where it is gone. */
struct net_connection *net_socket_owner(const struct net_socket *socket);

/* lookup.c */
/* Addresses of a host that is an address; false where it is a name. */
bool net_lookup_numeric(const char *host, uint16_t port, struct net_addresses *ret_addresses);
/* Starts a lookup, or joins one that runs. net_connect_found follows for all who wait for it. */
MUST_CHECK int net_lookup_start(struct net *net, const char *host, uint16_t port,
                                const struct net_lookup **ret_lookup);
void net_lookup_copy(const struct addrinfo *list, struct net_addresses *ret_addresses);
void net_lookup_forget_all(struct net *net);
/* An address failed, or answered: those that failed lately are tried last. */
void net_lookup_failed(struct net *net, const struct sockaddr_storage *address);
void net_lookup_worked(struct net *net, const struct sockaddr_storage *address);
void net_lookup_sort(struct net *net, struct net_addresses *addresses);

/* connect.c */
int net_connect_open(struct outside *outside, const struct outside_endpoint *endpoint,
                     outside_listener *listener, void *context, struct id *ret_connection);
void net_connect_found(struct net_connection *connection, int status,
                       const struct net_addresses *addresses);
/* The way to the peer is there, and `early` came over it already: TLS starts, or the connection is
 * open. */
void net_connect_through(struct net_connection *connection, struct view early);
/* Ciphertext arrived during the handshake, or its start is due. */
void net_connect_handshake(struct net_connection *connection);
void net_connect_release(struct net_connection *connection);

/* tunnel.c */
void net_tunnel_start(struct net_connection *connection);
/* Bytes of the proxy; what follows its answer is the peer's. */
void net_tunnel_feed(struct net_connection *connection, struct view bytes);

/* stream.c */
void net_stream_read_start(struct net_connection *connection);
void net_stream_read_stop(struct net_connection *connection);
/* Hands on plain bytes that TLS holds already. */
void net_stream_drain(struct net_connection *connection);
/* Writes what is queued, as far as the socket takes it. May end the connection. */
void net_stream_flush(struct net_connection *connection);
int net_stream_write(struct outside *outside, struct id id, struct view bytes);
void net_stream_pause(struct outside *outside, struct id id, bool paused);
void net_stream_close(struct net_connection *connection);

/* listen.c */
int net_listen(struct outside *outside, const struct outside_port *port, outside_listener *listener,
               void *context, struct id *ret_listening, uint16_t *ret_port, struct err *reterr);
void net_listen_accept(struct net_connection *listening);
/* Ciphertext arrived during an accepted peer's handshake. */
void net_listen_handshake(struct net_connection *connection);
/* The port is closed: so are those who came to it and were not announced yet. */
void net_listen_end(struct net_connection *listening);

#endif
