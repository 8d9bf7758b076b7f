/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_server: the model simulator on a port: core/sim/serve over HTTP/1.1 and an outside (sockets
 * or a simulated network).
 *
 * Keep-alive and pipelining; answers wait for their latency on timers, in order, while other
 * connections go on. Bad requests get 400, 413, 431, 503 and the connection closes.
 * Memory: base/mem, one block for the places of connections and buffers for those in use; all freed
 * by sim_server_free. Threads: that of the outside's loop. Limits: the options; a connection holds at
 * most one request and answer at a time, further bytes wait unread. */
#ifndef ASSAY_APP_SIM_SERVER_H
#define ASSAY_APP_SIM_SERVER_H

#include "core/sim/sim.h"
#include "wire/outside.h"

struct sim_server_options {
    struct view host; /* empty: 127.0.0.1 */
    uint16_t port;    /* 0: any free one */
    struct sim sim;
    uint32_t connections_max; /* 0: 10,000 */
    uint64_t idle_in_ns; /* a connection without a whole request for so long is closed; 0: 5 min */
};

struct sim_server_figures {
    uint64_t connections; /* accepted since the start */
    uint64_t requests;
    uint64_t answers; /* with status 200 */
    uint64_t errors;  /* with any other */
};

struct sim_server;

/* Listens; *ret_port is the port it got. The outside must outlive the server. ERR_UNREACHABLE with
 * reterr where the address cannot be had, ERR_MEMORY. */
MUST_CHECK int sim_server_new(struct outside *outside, const struct sim_server_options *options,
                              struct sim_server **ret_server, uint16_t *ret_port,
                              struct err *reterr);

/* Stops listening, closes every connection. NULL is fine. */
void sim_server_free(struct sim_server *server);

struct sim_server_figures sim_server_figures(const struct sim_server *server);

#endif
