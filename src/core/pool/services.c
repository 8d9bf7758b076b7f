/* SPDX-License-Identifier: Apache-2.0
 *
 * services: see services.h; the table is services.def. */
#include "core/pool/services.h"

#define MS(n) (UINT64_C(1000000) * (n))

static const struct service services[] = {
#define SERVICE(service_name, at_least, at_most, connect_ms, read_ms, checkout_ms) \
    { \
        .name = VIEW(service_name), \
        .connections_min = (at_least), \
        .connections_max = (at_most), \
        .connect_in_ns = MS(connect_ms), \
        .read_in_ns = MS(read_ms), \
        .checkout_in_ns = MS(checkout_ms), \
    },
#include "core/pool/services.def"
#undef SERVICE
};

enum { SERVICES = sizeof services / sizeof services[0] };

const struct service *service_find(struct view name)
{
    for (size_t i = 0; i < SERVICES; i++)
        if (view_equal(services[i].name, name))
            return &services[i];
    return &services[SERVICES - 1];
}

const struct service *service_at(size_t i)
{
    return i < SERVICES ? &services[i] : NULL;
}

struct pool_settings service_pool(const struct service *service, uint32_t tickets_max,
                                  uint64_t seed)
{
    return (struct pool_settings){
        .connections_min = service->connections_min,
        .connections_max = service->connections_max,
        .streams_max = 1,
        .tickets_max = tickets_max,
        .idle_ns = SERVICE_IDLE_NS,
        .connect_in_ns = service->connect_in_ns,
        .check_every_ns = SERVICE_CHECK_EVERY_NS,
        .check_in_ns = service->connect_in_ns,
        .lifetime_ns = SERVICE_LIFETIME_NS,
        .seed = seed,
    };
}
