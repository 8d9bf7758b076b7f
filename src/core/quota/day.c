/* SPDX-License-Identifier: Apache-2.0
 *
 * day: see day.h. */
#include "core/quota/day.h"

static const int64_t LIMIT_MAX = 1000000000000;
static const uint64_t QUARTER_NS = 900000000000;

/* What the window holds at that quarter, without touching it. */
static int64_t taken_at(const struct day *day, uint64_t quarter)
{
    uint64_t passed = quarter - day->quarter;
    int64_t taken = day->taken;

    if (passed >= DAY_QUARTERS)
        return 0;
    for (uint64_t i = 1; i <= passed; i++)
        taken -= day->quarters[(day->quarter + i) % DAY_QUARTERS];
    return taken;
}

static void advance(struct day *day, uint64_t now_ns)
{
    uint64_t quarter = now_ns / QUARTER_NS;
    assert_always(quarter >= day->quarter);
    uint64_t passed = quarter - day->quarter;
    uint64_t cleared = passed < DAY_QUARTERS ? passed : DAY_QUARTERS;

    day->taken = taken_at(day, quarter);
    for (uint64_t i = 0; i < cleared; i++)
        day->quarters[(quarter - i) % DAY_QUARTERS] = 0;
    day->quarter = quarter;
}

int day_init(struct day *day, uint64_t now_ns, int64_t limit)
{
    if (limit < 1 || limit > LIMIT_MAX)
        return ERR_LIMIT;

    *day = (struct day){.limit = limit, .quarter = now_ns / QUARTER_NS};
    return 0;
}

int day_reserve(struct day *day, uint64_t now_ns, int64_t amount)
{
    assert_always(amount >= 0);
    if (amount > day->limit)
        return ERR_LIMIT;

    advance(day, now_ns);
    if (amount > day->limit - day->taken)
        return ERR_THROTTLED;
    day->taken += amount;
    day->quarters[day->quarter % DAY_QUARTERS] += amount;
    return 0;
}

uint64_t day_at(const struct day *day, uint64_t now_ns, int64_t amount)
{
    assert_always(amount >= 0 && amount <= day->limit);
    uint64_t quarter = now_ns / QUARTER_NS;

    if (amount <= day->limit - taken_at(day, quarter))
        return now_ns;
    do
        quarter++;
    while (amount > day->limit - taken_at(day, quarter));
    return quarter * QUARTER_NS;
}

void day_settle(struct day *day, uint64_t now_ns, uint64_t reserved_at_ns, int64_t reserved,
                int64_t used)
{
    assert_always(reserved >= 0 && used >= 0 && used <= LIMIT_MAX);
    uint64_t quarter = reserved_at_ns / QUARTER_NS;

    advance(day, now_ns);
    if (day->quarter - quarter >= DAY_QUARTERS)
        return;
    int64_t *held = &day->quarters[quarter % DAY_QUARTERS];
    int64_t change = used - reserved;
    *held += change;
    day->taken += change;
}
