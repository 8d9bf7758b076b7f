/* SPDX-License-Identifier: Apache-2.0
 *
 * host: the real world as one bundle: loop, net, child processes, AWS keys. A command makes one and
 * hands it to its drivers.
 *
 * Threads: the loop's, which is the command's main thread. */
#ifndef ASSAY_APP_HOST_H
#define ASSAY_APP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

struct keepers; /* app/keeper.h */
struct loop;
struct net;
struct outside;
struct processes;
struct proxy_choice; /* shell/net/proxy.h */

enum { HOST_PROCESSES_MAX = 128 };

struct host {
    struct loop *loop;
    struct net *net;
    struct processes *processes;
    struct outside *outside;
    struct keepers *keepers; /* of AWS keys, shared by all that sign the same way; may be NULL */
};

MUST_CHECK int host_open(struct host *host, struct err *reterr);
/* Which proxy leads to that host by this process's environment: the variables http_proxy (lower
 * case alone), https_proxy, all_proxy and no_proxy of shell/net/proxy.h, and where one is not set
 * its name in capitals. Plain HTTP goes through it by CONNECT too, as TLS does. The choice, for an
 * endpoint's proxy_host, proxy_port and proxy_user, lies in `room`, which holds a secret then.
 * ERR_CONFIG with the variable's name, ERR_LIMIT or ERR_MEMORY of room. */
MUST_CHECK int host_proxy(bool tls, struct view name, uint16_t port, struct strbuf *room,
                          struct proxy_choice *ret_choice, struct err *reterr);

/* Ends children and connections. Safe on a zeroed host. */
void host_close(struct host *host);

#endif
