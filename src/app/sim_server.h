/* SPDX-License-Identifier: Apache-2.0
 *
 * sim_server: the model simulator on a port: core/sim/service answers, app/server carries. It keeps
 * the times of what is served (the head after its latency, each piece when it is due) and carries
 * out how an answer ends: well, by a reset, cut short, or never.
 *
 * A GET of /ws becomes a WebSocket with the limits of Amazon API Gateway: each message
 * {"action": "message", "text": …} is answered by messages of its own, one answer after the other.
 *
 * Memory: base/mem; an arena for each answer under way. Threads: that of the outside's loop.
 * Limits: the server's options; on a WebSocket 1 MiB of messages that wait for their answers. */
#ifndef ASSAY_APP_SIM_SERVER_H
#define ASSAY_APP_SIM_SERVER_H

#include "app/server.h"
#include "core/sim/service.h"

struct sim_server_options {
    struct server_options server; /* `name` is ours */
    struct sim_service_options service;
};

struct sim_server_figures {
    struct server_figures server;
    uint64_t answers; /* sent whole with status 200, to messages on WebSockets too */
    uint64_t errors;  /* with any other, and what could not be read */
};

struct sim_server;

/* Listens; *ret_port is the port it got. The outside must outlive the server. Errors as of
 * server_new and sim_service_new. */
MUST_CHECK int sim_server_new(struct outside *outside, const struct sim_server_options *options,
                              struct sim_server **ret_server, uint16_t *ret_port,
                              struct err *reterr);

/* Stops listening, closes every connection. NULL is fine. */
void sim_server_free(struct sim_server *server);

/* As server_drain. */
void sim_server_drain(struct sim_server *server, uint64_t in_ns, void (*done)(void *context),
                      void *context);

struct sim_server_figures sim_server_figures(const struct sim_server *server);

#endif
