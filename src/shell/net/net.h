/* SPDX-License-Identifier: Apache-2.0
 *
 * net: the outside (wire/outside.h) of the real world: TCP over libuv, TLS by OpenSSL.
 *
 * Connecting: name lookup off the loop (callers of one name share a lookup), then all addresses of
 * both families in turn, a new attempt every 250 ms (RFC 8305), then TLS ≥ 1.2, all under one
 * deadline. The peer's certificate and name are verified against the system's authorities and
 * tls_ca_file.
 * Writing: bytes queued in one turn of the loop leave together. BUSY above 256 KiB, WRITABLE below
 * 64 KiB, ERR_LIMIT above 64 MiB waiting.
 * Closing: what is queued is written, at most for a second.
 * Not here: TLS for accepted connections, protocols, pools.
 * Memory: places for connections at net_new, two shared 64 KiB read buffers; a queue each while
 * bytes wait. Threads: the loop's. */
#ifndef ASSAY_SHELL_NET_NET_H
#define ASSAY_SHELL_NET_NET_H

#include <stdint.h>

#include "base/err.h"
#include "wire/outside.h"

struct loop;
struct net;

struct net_options {
    uint32_t connections_max; /* open, opening and listening; 0: 4,096, or the limit of open files
                                 less 64 where that is lower */
};

MUST_CHECK int net_new(struct loop *loop, const struct net_options *options, struct net **ret_net,
                       struct err *reterr);

/* Closes all connections at once, with no event. NULL is fine. */
void net_free(struct net *net);

/* The net as an outside; lives as long as the net. */
struct outside *net_outside(struct net *net);

/* Connections, listening ports and closing ones that take a place now; 0 after all ended. */
uint32_t net_taken(const struct net *net);

#endif
