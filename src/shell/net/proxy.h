/* SPDX-License-Identifier: Apache-2.0
 *
 * proxy: which HTTP proxy leads to a host, by what the environment says, in the way of curl and
 * Python: https_proxy for TLS, http_proxy without, all_proxy where that one is not set, and
 * no_proxy for the hosts that are reached directly.
 *
 *     http_proxy=http://user:password@proxy.example:3128   or proxy.example:3128
 *     no_proxy=.example.com,10.0.0.0/8,host:8443,[::1]     or *
 *
 * A word of no_proxy is a name, and with it all names that end in it at a dot (a leading "." or
 * "*." changes nothing), an address, or a range of addresses; ":port" after it confines it to that
 * port; "*" is every host. A proxy without a port is at port 80. What is on this machine
 * (localhost, 127.0.0.0/8, ::1) is reached directly, whatever the environment says.
 *
 * Memory: what the caller's strbuf takes. Threads: no state.
 * Not here: reading the environment; proxies spoken to by TLS or SOCKS, which are refused. */
#ifndef ASSAY_SHELL_NET_PROXY_H
#define ASSAY_SHELL_NET_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"

/* What the variables of these names hold; empty: not set. */
struct proxy_settings {
    struct view http_proxy; /* of the lower-case name alone: a web server sets HTTP_PROXY from a
                               header of the request it serves */
    struct view https_proxy;
    struct view all_proxy;
    struct view no_proxy;
};

struct proxy_choice {
    struct view host; /* empty: the way is direct. Without brackets */
    uint16_t port;
    struct view user; /* "user:password", decoded; empty: none. Secret */
};

/* Chooses for a host (without brackets), its port, and whether TLS is spoken there. The choice lies
 * in `room`, which is emptied first and holds a secret afterwards. ERR_CONFIG with a text that
 * names the variable and, but for user and password, its value; ERR_LIMIT or ERR_MEMORY of room. */
MUST_CHECK int proxy_choose(const struct proxy_settings *settings, bool tls, struct view host,
                            uint16_t port, struct strbuf *room, struct proxy_choice *ret_choice,
                            struct err *reterr);

/* True where no_proxy names the host. */
bool proxy_is_bypassed(struct view no_proxy, struct view host, uint16_t port);

#endif
