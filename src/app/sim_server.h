/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_server: the model simulator on a port: core/sim/serve over HTTP/1.1 and an outside (sockets
 * or a simulated network).
 *
 *     accept ──▶ READING ──▶ WAITING (its latency) ──▶ READING …      keep-alive, pipelining
 *                   │              └──▶ STALLED ──▶ READING …      while the peer does not read
 *                   └──▶ closed, after an answer that is the last
 *
 * Answers wait for their latency on one timer while other connections go on. Requests that cannot
 * be read get 400, 413, 414, 431, 501 or 505; past the budgets 503; then the connection closes.
 * Memory: base/mem: one block for the places of connections, a parser and buffers for those in use;
 * all freed by sim_server_free. Threads: that of the outside's loop.
 * Limits: the options; request bodies of 25 MB, 256 MiB of bodies and waiting bytes over all
 * connections; a connection has one request under way, further bytes wait. */
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
