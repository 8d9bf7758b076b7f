/* SPDX-License-Identifier: Apache-2.0
 *
 * upstreams: see upstreams.h. */
#include "core/quota/upstreams.h"

#include "base/err.h"

static const int64_t MICRO = 1000000;
static const int64_t PANIC_SHARE_MICRO = 500000;

void upstreams_init(struct upstreams *upstreams, int64_t panic_share_micro, uint64_t seed)
{
    assert_always(panic_share_micro >= 0 && panic_share_micro <= MICRO);
    *upstreams = (struct upstreams){
        .panic_share_micro = panic_share_micro != 0 ? panic_share_micro : PANIC_SHARE_MICRO,
    };
    rng_init_named(&upstreams->rng, seed, (struct view)VIEW("upstreams"));
}

/* Who may be drawn. */
struct draw {
    const struct upstream *hosts;
    uint32_t count;
    uint32_t except;
    bool all; /* those that are out too */
};

static bool may_be(const struct draw *draw, uint32_t host)
{
    return host != draw->except && (draw->all || !draw->hosts[host].out);
}

static uint32_t how_many(const struct draw *draw)
{
    uint32_t many = 0;

    for (uint32_t i = 0; i < draw->count; i++)
        many += may_be(draw, i) ? 1 : 0;
    return many;
}

/* The n-th of those that may be drawn. */
static uint32_t nth(const struct draw *draw, uint64_t n)
{
    uint32_t host = 0;

    while (!may_be(draw, host) || n-- > 0)
        host++;
    assert_always(host < draw->count);
    return host;
}

/* In flight for its weight. Equal ones: the first. */
static uint32_t less_loaded(const struct upstream *hosts, uint32_t a, uint32_t b)
{
    uint64_t weight_a = hosts[a].weight == 0 ? 1 : hosts[a].weight;
    uint64_t weight_b = hosts[b].weight == 0 ? 1 : hosts[b].weight;

    return hosts[b].in_flight * weight_a < hosts[a].in_flight * weight_b ? b : a;
}

uint32_t upstreams_choose(struct upstreams *upstreams, const struct upstream *hosts, uint32_t count,
                          uint32_t except)
{
    assert_always(count >= 1 && count <= UPSTREAMS_MAX);
    struct draw draw = {.hosts = hosts, .count = count, .except = UINT32_MAX};
    uint32_t in = how_many(&draw);

    draw.all = (int64_t)in * MICRO < upstreams->panic_share_micro * (int64_t)count;
    draw.except = except;
    in = how_many(&draw);
    if (in == 0) { /* only the excepted one is left */
        draw.except = UINT32_MAX;
        in = how_many(&draw);
    }
    if (in == 1)
        return nth(&draw, 0);
    uint64_t one = rng_below(&upstreams->rng, in);
    uint64_t other = rng_below(&upstreams->rng, in - 1);
    return less_loaded(hosts, nth(&draw, one), nth(&draw, other < one ? other : other + 1));
}
