/* SPDX-License-Identifier: Apache-2.0
 *
 * lookup: names to addresses (see connection.h). getaddrinfo blocks, so libuv runs it on a worker
 * thread; those are few, so all who ask for the same name at the same time share one lookup. A
 * lookup cannot be stopped: who gave up is simply not found when it ends. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/mem.h"
#include "shell/net/connection.h"

static void port_text(uint16_t port, char ret_text[6])
{
    snprintf(ret_text, 6, "%u", (unsigned)port);
}

/* Families in turn, the resolver's favourite first (RFC 8305, 4). */
void net_lookup_copy(const struct addrinfo *list, struct net_addresses *ret_addresses)
{
    const struct addrinfo *of[2] = {list, list};
    int first = list != NULL ? list->ai_family : AF_UNSPEC;
    int turn = 0;

    ret_addresses->count = 0;
    while ((of[0] != NULL || of[1] != NULL) && ret_addresses->count < NET_ADDRESSES_MAX) {
        while (of[turn] != NULL && (of[turn]->ai_family == first) != (turn == 0))
            of[turn] = of[turn]->ai_next;
        const struct addrinfo *found = of[turn];
        if (found != NULL) {
            if (found->ai_addrlen <= sizeof ret_addresses->at[0])
                memcpy(&ret_addresses->at[ret_addresses->count++], found->ai_addr,
                       found->ai_addrlen);
            of[turn] = found->ai_next;
        }
        turn = 1 - turn;
    }
}

bool net_lookup_numeric(const char *host, uint16_t port, struct net_addresses *ret_addresses)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[6];

    port_text(port, service);
    if (getaddrinfo(host, service, &hints, &list) != 0)
        return false;
    net_lookup_copy(list, ret_addresses);
    freeaddrinfo(list);
    return true;
}

static void unlink_lookup(struct net_lookup *lookup)
{
    struct net_lookup **at = &lookup->net->lookups;

    while (*at != lookup)
        at = &(*at)->next;
    *at = lookup->next;
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct net_lookup *lookup = request->data;
    struct net *net = lookup->net;
    struct net_addresses addresses = {.count = 0};
    struct id id;

    if (net != NULL) {
        loop_entered(net->loop);
        unlink_lookup(lookup);
        if (status == 0)
            net_lookup_copy(list, &addresses);
        for (uint32_t slot = 0; slot < net->connections.capacity; slot++) {
            struct net_connection *connection = slots_at(&net->connections, slot, &id);
            if (connection != NULL && connection->state == NET_LOOKING_UP
                && connection->opening->lookup == lookup)
                net_connect_found(connection, status, &addresses);
        }
    }
    uv_freeaddrinfo(list);
    mem_free(lookup);
}

int net_lookup_start(struct net *net, const char *host, uint16_t port,
                     const struct net_lookup **ret_lookup)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[6];

    for (const struct net_lookup *known = net->lookups; known != NULL; known = known->next) {
        if (known->port == port && strcmp(known->host, host) == 0) {
            *ret_lookup = known;
            return 0;
        }
    }
    struct net_lookup *lookup = mem_new(1, sizeof *lookup);
    if (lookup == NULL)
        return ERR_MEMORY;
    lookup->net = net;
    lookup->port = port;
    lookup->request.data = lookup;
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    port_text(port, service);
    int status =
        uv_getaddrinfo(loop_uv(net->loop), &lookup->request, on_found, host, service, &hints);
    if (status != 0) {
        mem_free(lookup);
        return status == UV_ENOMEM ? ERR_MEMORY : ERR_UNREACHABLE;
    }
    lookup->next = net->lookups;
    net->lookups = lookup;
    *ret_lookup = lookup;
    return 0;
}

void net_lookup_forget_all(struct net *net)
{
    for (struct net_lookup *lookup = net->lookups; lookup != NULL; lookup = lookup->next) {
        lookup->net = NULL;
        uv_cancel((uv_req_t *)&lookup->request);
    }
    net->lookups = NULL;
}
