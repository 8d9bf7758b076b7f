/* SPDX-License-Identifier: Apache-2.0
 *
 * asker_account: what an asker's pool did; see asker.h. */
#include "app/asker.h"
#include "app/carrier.h"

bool asker_account(const struct asker *asker, struct pool_account *ret_account)
{
    enum provider_kind kind = asker->options.target->kind;
    const struct pool *pool = &asker->machine.pool;

    if (kind == PROVIDER_SIM || kind == PROVIDER_EXEC)
        return false;
    *ret_account = (struct pool_account){
        .name = asker->options.target->name,
        .service = kind == PROVIDER_BEDROCK ? view_of("bedrock") : view_of(""),
        .connections_min = pool->settings.connections_min,
        .connections_max = pool->settings.connections_max,
        .streams_max = pool->settings.streams_max,
        .checkout_in_ns = asker->machine.settings.checkout_in_ns,
        .histograms = *pool_histograms(pool),
    };
    pool_metrics(pool, &ret_account->metrics);
    return true;
}
