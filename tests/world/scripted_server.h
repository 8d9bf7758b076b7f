/* SPDX-License-Identifier: Apache-2.0
 *
 * scripted_server: a server of the OpenAI API over any outside, real or simulated, that does what
 * the question tells it: a request whose body holds "do:close" gets the connection closed, and so
 * on. For tests.
 *
 * Memory: base/mem. Threads: the outside's loop. */
#ifndef ASSAY_TESTS_SCRIPTED_SERVER_H
#define ASSAY_TESTS_SCRIPTED_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/outside.h"

struct scripted_server;

struct scripted_figures {
    uint32_t connections;    /* accepted so far */
    uint32_t open;           /* now */
    uint32_t requests;       /* read whole so far */
    uint32_t under_way;      /* read and not answered, on connections that are open */
    uint32_t under_way_most; /* at any one time */
    uint32_t connections_most;
};

/* Listens on 127.0.0.1; answers wait for latency_ns. Fails the running test where it cannot. */
struct scripted_server *scripted_server_new(struct outside *outside, uint64_t latency_ns,
                                            uint16_t *ret_port);
/* The same on any port; over TLS it speaks what was chosen there. */
struct scripted_server *scripted_server_on(struct outside *outside, uint64_t latency_ns,
                                           const struct outside_port *port, uint16_t *ret_port);
void scripted_server_free(struct scripted_server *server);

/* Frozen, it hears nothing, as a machine that has lost its network. */
void scripted_server_freeze(struct scripted_server *server, bool frozen);

/* From now on: HTTP/2 by prior knowledge, on connections that come. */
void scripted_server_speak_http2(struct scripted_server *server);

struct scripted_figures scripted_server_figures(const struct scripted_server *server);

/* The last whole request it read, as it came; holds until the next one. */
const char *scripted_server_heard(const struct scripted_server *server);

/* Closes every connection, now. */
void scripted_server_drop(struct scripted_server *server);

#endif
