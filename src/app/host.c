/* SPDX-License-Identifier: Apache-2.0
 *
 * host: see host.h. */
#include "app/host.h"

#include "app/keeper.h"
#include "shell/net/loop.h"
#include "shell/net/net.h"
#include "shell/net/proxy.h"
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

/* An empty value is none. */
static struct view variable(struct view lower, struct view upper)
{
    struct view value = env_get(lower);

    return value.len != 0 ? value : env_get(upper);
}

int host_proxy(bool tls, struct view name, uint16_t port, struct strbuf *room,
               struct proxy_choice *ret_choice, struct err *reterr)
{
    static const struct view http = VIEW("http_proxy"), https = VIEW("https_proxy"),
                             https_upper = VIEW("HTTPS_PROXY"), all = VIEW("all_proxy"),
                             all_upper = VIEW("ALL_PROXY"), no = VIEW("no_proxy"),
                             no_upper = VIEW("NO_PROXY");
    struct proxy_settings settings = {.http_proxy = env_get(http),
                                      .https_proxy = variable(https, https_upper),
                                      .all_proxy = variable(all, all_upper),
                                      .no_proxy = variable(no, no_upper)};

    return proxy_choose(&settings, tls, name, port, room, ret_choice, reterr);
}

void host_close(struct host *host)
{
    keepers_free(host->keepers);
    processes_free(host->processes);
    net_free(host->net);
    loop_free(host->loop);
    *host = (struct host){0};
}
