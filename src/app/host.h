/* SPDX-License-Identifier: Apache-2.0
 *
 * host: the real world as one bundle: loop, net, child processes, AWS keys. A command makes one and
 * hands it to its drivers.
 *
 * Threads: the loop's, which is the command's main thread. */
#ifndef ASSAY_APP_HOST_H
#define ASSAY_APP_HOST_H

#include "base/err.h"

struct keepers; /* app/keeper.h */
struct loop;
struct net;
struct outside;
struct processes;

enum { HOST_PROCESSES_MAX = 128 };

struct host {
    struct loop *loop;
    struct net *net;
    struct processes *processes;
    struct outside *outside;
    struct keepers *keepers; /* of AWS keys, shared by all that sign the same way; may be NULL */
};

MUST_CHECK int host_open(struct host *host, struct err *reterr);
/* Ends children and connections. Safe on a zeroed host. */
void host_close(struct host *host);

#endif
