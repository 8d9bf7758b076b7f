/* SPDX-License-Identifier: Apache-2.0
 *
 * net: the outside (wire/outside.h) of the real world: TCP over libuv, TLS by OpenSSL.
 *
 * Connecting: name lookup off the loop, anew for each connection (those who ask at the same time
 * share one), then all addresses of both families in turn, a new attempt every 250 ms (RFC 8305),
 * those that failed in the last minute at the end; through a proxy by CONNECT where one is named,
 * for plain HTTP too; then TLS ≥ 1.2, all under one deadline. The peer's certificate and name are
 * verified against the system's authorities and tls_ca_file; sessions are resumed (tls.h).
 * Accepting: with TLS a peer is announced after its handshake, for which it has 10 s.
 * Dead peers are found by TCP keepalive: after 60 s of silence, 3 probes of 10 s.
 * Writing: bytes queued in one turn of the loop leave together. BUSY above 256 KiB, WRITABLE below
 * 64 KiB, ERR_LIMIT above 64 MiB waiting.
 * Closing: what is queued is written, at most for a second.
 * Not here: which proxy (proxy.h), protocols, pools.
 * Memory: places for connections at net_new, two shared 64 KiB read buffers; a queue each while
 * bytes wait, none at rest. Threads: the loop's. */
#ifndef ASSAY_SHELL_NET_NET_H
#define ASSAY_SHELL_NET_NET_H

#include <stdint.h>

#include "base/err.h"
#include "wire/outside.h"

struct loop;
struct net;
struct sockaddr_storage;

/* A resolver that stands in for the system's, for tests: up to `max` addresses of the host with the
 * port, in the resolver's order. 0, or libuv's code (UV_EAI_NONAME …). */
typedef int net_lookup_hook(void *context, const char *host, uint16_t port,
                            struct sockaddr_storage *ret_addresses, size_t max, size_t *ret_count);

struct net_options {
    uint32_t connections_max; /* open, opening and listening; 0: 4,096, or the limit of open files
                                 less 64 where that is lower */
    uint32_t handshakes_max;  /* TLS handshakes of accepted peers under way, others wait in the
                                 kernel's queue; 0: 256, or a quarter of the places */
    uint64_t handshake_in_ns; /* what such a peer has for its handshake; 0: 10 s */
    net_lookup_hook *lookup;  /* NULL: the system's resolver */
    void *lookup_context;
};

/* What happened so far, each a count since net_new. */
struct net_counts {
    uint64_t opened;
    uint64_t open_failed; /* refused, unreachable, TLS: whatever CLOSED before OPENED */
    uint64_t resumed;     /* opened or accepted by a TLS session of before */
    uint64_t accepted;
    uint64_t handshakes_failed; /* of peers who came to a port with TLS */
    uint64_t handshakes_late;   /* those that took too long */
};

MUST_CHECK int net_new(struct loop *loop, const struct net_options *options, struct net **ret_net,
                       struct err *reterr);

/* Closes all connections at once, with no event. NULL is fine. */
void net_free(struct net *net);

/* The net as an outside; lives as long as the net. */
struct outside *net_outside(struct net *net);

struct net_counts net_counts(const struct net *net);

/* Connections, listening ports and closing ones that take a place now; 0 after all ended. */
uint32_t net_taken(const struct net *net);

#endif
