/* SPDX-License-Identifier: Apache-2.0
 *
 * outside: what a driver may ask of the world outside, as one table of functions: time, one timer,
 * byte connections. shell/net implements it with sockets and TLS, world/ with a simulated network,
 * and the same driver runs over both.
 *
 * Every call returns at once; what comes of it arrives later through the listener, never from
 * inside a call. Views in an event hold until the listener returns.
 * Threads: an outside belongs to one loop, and calls its listeners from there. */
#ifndef ASSAY_WIRE_OUTSIDE_H
#define ASSAY_WIRE_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slots.h"
#include "base/view.h"

/* Where to connect and how. The views must hold until OPENED or CLOSED. */
struct outside_endpoint {
    struct view host; /* a name or an address, without brackets */
    uint16_t port;
    bool tls;
    bool tls_insecure;       /* true: the peer's certificate is not verified */
    struct view tls_ca_file; /* PEM of further trusted authorities; empty: the system's alone */
    uint64_t connect_in_ns;  /* DNS, TCP, proxy and TLS together must be done in this time */
    struct view alpn;        /* protocols to offer by TLS, in ALPN's wire form, as
                                "\x02h2\x08http/1.1"; empty: http/1.1 alone */
    struct view proxy_host;  /* an HTTP proxy to reach the peer through by CONNECT; empty: none */
    uint16_t proxy_port;
    struct view proxy_user; /* "user:password" for the proxy, empty: none. Secret: in no text */
};

/* Where to listen and how. The views must hold until listen returns. */
struct outside_port {
    struct view host;                 /* an address of ours ("127.0.0.1", "::1") or a name */
    uint16_t port;                    /* 0: any free one */
    struct view tls_certificate_file; /* PEM, the certificate and then those between it and its
                                         authority; empty (the key too): no TLS */
    struct view tls_key_file;         /* PEM */
    struct view alpn;                 /* protocols spoken, the favourite first, in ALPN's wire form;
                                         empty: http/1.1 alone */
};

/* More bytes than this in an alpn are refused. */
enum { OUTSIDE_ALPN_BYTES_MAX = 64 };

enum outside_event_kind {
    OUTSIDE_OPENED,   /* connected, TLS done where asked for */
    OUTSIDE_BYTES,    /* bytes came in */
    OUTSIDE_WRITABLE, /* what was queued fell below the low mark after outside_write said BUSY */
    OUTSIDE_ACCEPTED, /* a peer connected to a port of ours, TLS done where that port has it;
                         `connection` is the new one */
    OUTSIDE_CLOSED,   /* over, code says why (0: the peer closed cleanly); the id is dead now */
};

struct outside_event {
    enum outside_event_kind kind;
    struct id connection;
    struct view bytes;   /* of BYTES */
    struct id listening; /* of ACCEPTED: which port, as outside listen named it */
    int code;            /* of CLOSED: 0, ERR_UNREACHABLE, ERR_TLS, ERR_TIMEOUT, ERR_CLOSED */
    const char *text;    /* of CLOSED: what happened, for people; never NULL */
    struct view alpn;    /* of OPENED and ACCEPTED: the protocol that both chose by TLS, as "h2";
                            empty: none chosen, or no TLS */
    bool tls;            /* of OPENED and ACCEPTED: there is TLS */
    bool tls_resumed;    /* of OPENED and ACCEPTED: by a session of before, without certificates */
};

typedef void outside_listener(void *context, const struct outside_event *event);
typedef void outside_timer_listener(void *context, uint64_t now_ns);

struct outside;

struct outside_ops {
    /* Monotonic nanoseconds, the same until control returns to the loop. */
    uint64_t (*now)(struct outside *outside);
    /* Seconds since 1970 UTC, for dates and signatures. */
    int64_t (*unix_s)(struct outside *outside);
    /* Starts to connect. ERR_LIMIT where all places are taken, ERR_MEMORY. */
    int (*open)(struct outside *outside, const struct outside_endpoint *endpoint,
                outside_listener *listener, void *context, struct id *ret_connection);
    /* Listens as the port says; which one it is by number is told in ret_port (NULL is fine).
     * Peers arrive as ACCEPTED; all events of their connections go to this listener and context.
     * With text in reterr: ERR_UNREACHABLE where the address cannot be had, ERR_CONFIG where the
     * certificate, its key or the alpn cannot be used, ERR_LIMIT, ERR_MEMORY. */
    int (*listen)(struct outside *outside, const struct outside_port *port,
                  outside_listener *listener, void *context, struct id *ret_listening,
                  uint16_t *ret_port, struct err *reterr);
    /* Queues a copy of the bytes. ERR_BUSY: taken, but wait for WRITABLE before more; ERR_LIMIT:
     * not taken, the queue is full; ERR_CLOSED: the id is dead. */
    int (*write)(struct outside *outside, struct id connection, struct view bytes);
    /* Stops or resumes reading, for back-pressure. */
    void (*pause)(struct outside *outside, struct id connection, bool paused);
    /* Closes after what is queued was written (at most a second); no event follows. Also ends
     * listening. A dead id is fine. */
    void (*close)(struct outside *outside, struct id connection);
    /* Closes at once and drops what is queued; the peer hears of a reset. No event follows. A dead
     * id is fine. */
    void (*reset)(struct outside *outside, struct id connection);
    /* Calls the listener once at or after at_ns; a later call with the same context replaces it;
     * UINT64_MAX cancels it. ERR_LIMIT where all places are taken. */
    int (*wake_at)(struct outside *outside, uint64_t at_ns, outside_timer_listener *listener,
                   void *context);
};

/* The first member of every implementation. */
struct outside {
    const struct outside_ops *ops;
};

#endif
