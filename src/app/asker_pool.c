/* SPDX-License-Identifier: Apache-2.0
 *
 * asker_pool: an asker's pool: its settings, what it did, its maximum that moves. See asker.h and
 * carrier.h. */
#include "app/asker.h"
#include "app/carrier.h"
#include "core/pool/services.h"

static uint64_t otherwise(uint64_t value, uint64_t instead)
{
    return value != 0 ? value : instead;
}

/* As many connections as may be in flight are always enough. */
static uint32_t connections_max(const struct asker_options *options)
{
    uint32_t max = options->pool.connections_max;

    return max != 0 && max < options->max_in_flight ? max : options->max_in_flight;
}

static uint32_t connections_min(const struct asker_options *options)
{
    uint32_t max = connections_max(options);

    return options->pool.connections_min < max ? options->pool.connections_min : max;
}

struct pool_settings asker_pool_settings(const struct asker *asker, uint32_t streams_max)
{
    const struct asker_options *options = &asker->options;

    return (struct pool_settings){
        .connections_min = connections_min(options),
        .connections_max = connections_max(options),
        .streams_max = streams_max,
        /* the carrier's own limit comes first: it knows why */
        .connect_in_ns = options->connect_in_ns + options->connect_in_ns / 10,
        .idle_ns = options->pool.idle_ns,
        .lifetime_ns = otherwise(options->pool.lifetime_ns, SERVICE_LIFETIME_NS),
        .check_every_ns = otherwise(options->pool.check_every_ns, SERVICE_CHECK_EVERY_NS),
        .seed = options->seed,
    };
}

const struct provider_target *asker_target(const struct asker *asker)
{
    return asker->options.target;
}

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

/* ---- a maximum that moves ------------------------------------------------------------------- */

static void set_max(struct asker *asker, uint32_t max)
{
    ring_push(&asker->pending, &(struct call_event){.kind = CALL_SET_MAX, .connections_max = max});
}

/* From half of its bound on, where that is not below the minimum. */
void asker_autosize_begin(struct asker *asker)
{
    uint32_t max = connections_max(&asker->options);
    uint32_t min = connections_min(&asker->options);
    uint32_t least = min != 0 ? min : 1;
    uint32_t first = max / 2 > least ? max / 2 : least;

    asker->autosize_ns = UINT64_MAX;
    if (!asker->options.pool.auto_size)
        return;
    autosize_init(&asker->autosize, least, max);
    asker->autosize_ns = asker_now(asker) + AUTOSIZE_WINDOW_NS;
    set_max(asker, first);
}

void asker_autosize(struct asker *asker, uint64_t now_ns)
{
    struct pool *pool = &asker->machine.pool;
    struct pool_metrics window;
    uint32_t max;

    if (now_ns < asker->autosize_ns)
        return;
    asker->autosize_ns = now_ns + AUTOSIZE_WINDOW_NS;
    pool_window_metrics(pool, &window);
    pool_window_reset(pool);
    enum autosize_reason reason = autosize_step(&asker->autosize, &window, &max);
    if (reason != AUTOSIZE_KEEP && asker->options.resized != NULL)
        asker->options.resized(asker->options.resized_context, asker, window.connections_max, max,
                               autosize_reason_text(reason));
    if (max != window.connections_max)
        set_max(asker, max);
}
