/* SPDX-License-Identifier: Apache-2.0
 *
 * pool_rig: short ways to tell a pool what happened and to expect what it does. */
#ifndef ASSAY_TESTS_POOL_RIG_H
#define ASSAY_TESTS_POOL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pool/pool.h"

#define SECOND UINT64_C(1000000000)

static inline struct id rig_ticket(uint32_t slot)
{
    return (struct id){.slot = slot, .generation = 1};
}

static inline void rig_start(struct pool *pool, const struct pool_settings *settings)
{
    assert_int_equal(pool_init(pool, settings, 0), 0);
}

static inline void rig_feed(struct pool *pool, uint64_t now_ns, struct pool_event event)
{
    assert_int_equal(pool_feed(pool, now_ns, &event), 0);
}

static inline void rig_want(struct pool *pool, uint64_t now_ns, uint32_t slot)
{
    rig_feed(pool, now_ns,
             (struct pool_event){.kind = POOL_WANT,
                                 .ticket = rig_ticket(slot),
                                 .deadline_ns = now_ns + 1000 * SECOND});
}

static inline void rig_tell(struct pool *pool, uint64_t now_ns, enum pool_event_kind kind,
                            struct id connection)
{
    rig_feed(pool, now_ns,
             (struct pool_event){.kind = kind, .connection = connection, .reusable = true});
}

static inline struct pool_effect rig_expect(struct pool *pool, enum pool_effect_kind kind)
{
    struct pool_effect effect;

    assert_true(pool_next(pool, &effect));
    assert_int_equal(effect.kind, kind);
    return effect;
}

static inline void rig_expect_nothing(struct pool *pool)
{
    struct pool_effect effect;
    assert_false(pool_next(pool, &effect));
}

/* Opens a connection for the ticket, which gets its first stream. */
static inline struct id rig_connect(struct pool *pool, uint64_t now_ns, uint32_t slot)
{
    rig_want(pool, now_ns, slot);
    struct id connection = rig_expect(pool, POOL_OPEN).connection;
    rig_tell(pool, now_ns, POOL_OPENED, connection);
    assert_int_equal(rig_expect(pool, POOL_GRANT).ticket.slot, slot);
    return connection;
}

static inline struct pool_metrics rig_metrics(const struct pool *pool)
{
    struct pool_metrics metrics;

    pool_metrics(pool, &metrics);
    return metrics;
}

#endif
