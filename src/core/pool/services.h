/* SPDX-License-Identifier: Apache-2.0
 *
 * services: what pools to the known services are like where nobody says otherwise.
 *
 * Memory: a constant table. Threads: any. */
#ifndef ASSAY_CORE_POOL_SERVICES_H
#define ASSAY_CORE_POOL_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#include "base/view.h"
#include "core/pool/pool.h"

struct service {
    struct view name;
    uint32_t connections_min;
    uint32_t connections_max;
    uint64_t connect_in_ns;
    uint64_t read_in_ns;     /* of one attempt, from its sending to its response's end */
    uint64_t checkout_in_ns; /* a wait for a stream */
};

/* The same for every service. */
enum { SERVICE_ATTEMPTS = 3 };
#define SERVICE_IDLE_NS UINT64_C(300000000000)
#define SERVICE_CHECK_EVERY_NS UINT64_C(60000000000)
#define SERVICE_LIFETIME_NS UINT64_C(3600000000000)

/* The service of that name, in lower case; of any other name the last row. */
const struct service *service_find(struct view name);

/* The row of that number, the one for others last; NULL past the end. */
const struct service *service_at(size_t i);

/* Settings of a pool to it: HTTP/1.1, tickets_max and seed as given. */
struct pool_settings service_pool(const struct service *service, uint32_t tickets_max,
                                  uint64_t seed);

#endif
