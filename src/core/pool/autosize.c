/* SPDX-License-Identifier: Apache-2.0
 *
 * autosize: see autosize.h. */
#include "core/pool/autosize.h"

static const char *const texts[] = {
    [AUTOSIZE_KEEP] = "as it should be",
    [AUTOSIZE_BUSY] = "in use over 80 % of the time",
    [AUTOSIZE_TIMEOUTS] = "over 1 % of checkouts timed out",
    [AUTOSIZE_SLACK] = "in use under 20 % of the time for five minutes",
    [AUTOSIZE_AT_MOST] = "too small, and as large as it may be",
};

const char *autosize_reason_text(enum autosize_reason reason)
{
    return texts[reason];
}

void autosize_init(struct autosize *autosize, uint32_t least, uint32_t most)
{
    *autosize = (struct autosize){.least = least, .most = most};
}

static uint32_t within(const struct autosize *autosize, uint32_t size)
{
    if (size < autosize->least)
        return autosize->least;
    return size > autosize->most ? autosize->most : size;
}

enum autosize_reason autosize_step(struct autosize *autosize, const struct pool_metrics *window,
                                   uint32_t *ret_connections_max)
{
    uint32_t size = window->connections_max;
    struct advice advice = pool_advise(window);
    bool grows = advice.holds[ADVICE_BUSY] || advice.holds[ADVICE_TIMEOUTS];

    *ret_connections_max = size;
    if (window->checkouts + window->timeouts < AUTOSIZE_CHECKOUTS_LEAST)
        return AUTOSIZE_KEEP;
    bool slack = window->utilization_micro < ADVICE_SLACK_BELOW_MICRO && !grows;
    autosize->slack_windows = slack ? autosize->slack_windows + 1 : 0;
    if (grows) {
        *ret_connections_max = within(autosize, size + (size + 3) / 4);
        if (*ret_connections_max <= size) {
            *ret_connections_max = size;
            return AUTOSIZE_AT_MOST;
        }
        return advice.holds[ADVICE_TIMEOUTS] ? AUTOSIZE_TIMEOUTS : AUTOSIZE_BUSY;
    }
    if (autosize->slack_windows < AUTOSIZE_SLACK_WINDOWS)
        return AUTOSIZE_KEEP;
    uint32_t less = within(autosize, size - (size + 9) / 10);
    if (less >= size || less < window->size)
        return AUTOSIZE_KEEP;
    autosize->slack_windows = 0;
    *ret_connections_max = less;
    return AUTOSIZE_SLACK;
}
