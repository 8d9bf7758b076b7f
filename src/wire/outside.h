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
    uint64_t connect_in_ns;  /* DNS, TCP and TLS together must be done in this time */
};

enum outside_event_kind {
    OUTSIDE_OPENED,   /* connected, TLS done where asked for */
    OUTSIDE_BYTES,    /* bytes came in */
    OUTSIDE_WRITABLE, /* what was queued fell below the low mark after outside_write said BUSY */
    OUTSIDE_ACCEPTED, /* a peer connected to a port of ours; `connection` is the new one */
    OUTSIDE_CLOSED,   /* over, code says why (0: the peer closed cleanly); the id is dead now */
};

struct outside_event {
    enum outside_event_kind kind;
    struct id connection;
    struct view bytes;   /* of BYTES */
    struct id listening; /* of ACCEPTED: which port, as outside listen named it */
    int code;            /* of CLOSED: 0, ERR_UNREACHABLE, ERR_TLS, ERR_TIMEOUT, ERR_CLOSED */
    const char *text;    /* of CLOSED: what happened, for people; never NULL */
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
    /* Listens on an address ("127.0.0.1", "::1", a name) and port (0: any free one, told in
     * ret_port). Peers arrive as ACCEPTED; all events of their connections go to this listener and
     * context. ERR_UNREACHABLE with text in reterr where the address cannot be had. */
    int (*listen)(struct outside *outside, struct view host, uint16_t port,
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
