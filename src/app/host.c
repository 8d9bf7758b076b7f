/* SPDX-License-Identifier: Apache-2.0
 *
 * host: see host.h. */
#include "app/host.h"

#include "app/keeper.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "shell/os/env.h"
#include "shell/os/process.h"
#include "shell/os/signals.h"

int host_open(struct host *host, struct err *reterr)
{
    struct net_options options = {0};

    *host = (struct host){0};
    signals_ignore_pipe();
    env_raise_open_files();
    int code = loop_new(&host->loop, reterr);
    if (code == 0)
        code = net_new(host->loop, &options, &host->net, reterr);
    if (code == 0)
        code = processes_new(host->loop, HOST_PROCESSES_MAX, &host->processes, reterr);
    if (code == 0)
        code = keepers_new(&host->keepers, reterr);
    if (code != 0) {
        host_close(host);
        return code;
    }
    host->outside = net_outside(host->net);
    return 0;
}

void host_close(struct host *host)
{
    keepers_free(host->keepers);
    processes_free(host->processes);
    net_free(host->net);
    loop_free(host->loop);
    *host = (struct host){0};
}
