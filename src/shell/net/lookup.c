/* SPDX-License-Identifier: Apache-2.0
 *
 * lookup: names to addresses (see connection.h). getaddrinfo blocks, so libuv runs it on a worker
 * thread; those are few, so all who ask for the same name at the same time share one lookup. A
 * lookup cannot be stopped: who gave up is simply not found when it ends. Answers are not kept, so
 * a name that moves is found; what is kept for a minute is which addresses did not answer. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/mem.h"
#include "shell/net/connection.h"

enum { LIST_MAX = 64 };

static const uint64_t FAILED_FOR_NS = 60ull * 1000 * 1000 * 1000;

static void port_text(uint16_t port, char ret_text[6])
{
    snprintf(ret_text, 6, "%u", (unsigned)port);
}

/* Families in turn, the resolver's favourite first (RFC 8305, 4). */
static void interleave(const struct sockaddr_storage *list, size_t count,
                       struct net_addresses *ret_addresses)
{
    size_t next[2] = {0, 0};
    int turn = 0;

    ret_addresses->count = 0;
    while ((next[0] < count || next[1] < count) && ret_addresses->count < NET_ADDRESSES_MAX) {
        size_t *at = &next[turn];
        while (*at < count && (list[*at].ss_family == list[0].ss_family) != (turn == 0))
            (*at)++;
        if (*at < count)
            ret_addresses->at[ret_addresses->count++] = list[(*at)++];
        turn = 1 - turn;
    }
}

void net_lookup_copy(const struct addrinfo *list, struct net_addresses *ret_addresses)
{
    struct sockaddr_storage flat[LIST_MAX];
    size_t count = 0;

    for (; list != NULL && count < LIST_MAX; list = list->ai_next) {
        if (list->ai_addrlen > sizeof flat[0])
            continue;
        memset(&flat[count], 0, sizeof flat[0]);
        memcpy(&flat[count++], list->ai_addr, list->ai_addrlen);
    }
    interleave(flat, count, ret_addresses);
}

/* Addresses that failed. */

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
    const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET)
        return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
    return a6->sin6_port == b6->sin6_port && a6->sin6_scope_id == b6->sin6_scope_id
           && memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

static struct net_failed *find_failed(struct net *net, const struct sockaddr_storage *address)
{
    for (size_t i = 0; i < NET_FAILED_MAX; i++) {
        if (net->failed[i].until_ns != 0 && same_address(&net->failed[i].at, address))
            return &net->failed[i];
    }
    return NULL;
}

void net_lookup_failed(struct net *net, const struct sockaddr_storage *address)
{
    struct net_failed *failed = find_failed(net, address);

    if (failed == NULL) {
        failed = &net->failed[net->failed_next];
        net->failed_next = (net->failed_next + 1) % NET_FAILED_MAX;
    }
    *failed = (struct net_failed){.at = *address, .until_ns = loop_now(net->loop) + FAILED_FOR_NS};
}

void net_lookup_worked(struct net *net, const struct sockaddr_storage *address)
{
    struct net_failed *failed = find_failed(net, address);

    if (failed != NULL)
        failed->until_ns = 0;
}

void net_lookup_sort(struct net *net, struct net_addresses *addresses)
{
    struct net_addresses sorted = {.count = 0};
    uint64_t now_ns = loop_now(net->loop);

    for (int late = 0; late < 2; late++) {
        for (size_t i = 0; i < addresses->count; i++) {
            const struct net_failed *failed = find_failed(net, &addresses->at[i]);
            bool lately = failed != NULL && failed->until_ns > now_ns;
            if (lately == (late == 1))
                sorted.at[sorted.count++] = addresses->at[i];
        }
    }
    *addresses = sorted;
}

/* Lookups. */

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

/* Tells all who wait for it. */
static void answer(struct net_lookup *lookup)
{
    struct net *net = lookup->net;
    struct id id;

    unlink_lookup(lookup);
    for (uint32_t slot = 0; slot < net->connections.capacity; slot++) {
        struct net_connection *connection = slots_at(&net->connections, slot, &id);
        if (connection != NULL && connection->state == NET_LOOKING_UP
            && connection->opening->lookup == lookup)
            net_connect_found(connection, lookup->status, &lookup->addresses);
    }
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct net_lookup *lookup = request->data;

    if (lookup->net != NULL) {
        loop_entered(lookup->net->loop);
        lookup->status = status;
        if (status == 0)
            net_lookup_copy(list, &lookup->addresses);
        answer(lookup);
    }
    uv_freeaddrinfo(list);
    mem_free(lookup);
}

static void on_hook_answer(void *context)
{
    struct net_lookup *lookup = context;

    answer(lookup);
    mem_free(lookup);
}

/* The resolver that stands in is asked at once; its answer comes as late as any other. */
static void ask_hook(struct net *net, struct net_lookup *lookup)
{
    struct sockaddr_storage list[LIST_MAX];
    size_t count = 0;

    memset(list, 0, sizeof list);
    lookup->status =
        net->lookup_hook(net->lookup_context, lookup->host, lookup->port, list, LIST_MAX, &count);
    if (lookup->status == 0)
        interleave(list, count, &lookup->addresses);
    lookup->answer = (struct loop_task){.run = on_hook_answer, .context = lookup};
    loop_defer(net->loop, &lookup->answer);
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
    int status = 0;
    if (net->lookup_hook != NULL)
        ask_hook(net, lookup);
    else
        status =
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
    struct net_lookup *next;

    for (struct net_lookup *lookup = net->lookups; lookup != NULL; lookup = next) {
        next = lookup->next;
        lookup->net = NULL;
        if (net->lookup_hook != NULL) {
            loop_undefer(net->loop, &lookup->answer);
            mem_free(lookup);
        } else {
            uv_cancel((uv_req_t *)&lookup->request);
        }
    }
    net->lookups = NULL;
}
