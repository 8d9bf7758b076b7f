/* SPDX-License-Identifier: Apache-2.0
 *
 * advice: see advice.h. */
#include "core/pool/advice.h"

static const char *const names[ADVICE_RULES] = {
    [ADVICE_BUSY] = "busy",
    [ADVICE_SLACK] = "slack",
    [ADVICE_TIMEOUTS] = "timeouts",
};

const char *advice_rule_name(enum advice_rule rule)
{
    return names[rule];
}

struct advice pool_advise(const struct pool_metrics *metrics)
{
    uint32_t size = metrics->connections_max;
    uint32_t half = size / 2 > ADVICE_SLACK_SIZE_LEAST ? size / 2 : ADVICE_SLACK_SIZE_LEAST;
    uint32_t more = size + size / 2 + size % 2;
    uint64_t wanted = metrics->checkouts + metrics->timeouts;
    struct advice advice = {
        .propose = {[ADVICE_BUSY] = more, [ADVICE_SLACK] = half, [ADVICE_TIMEOUTS] = more},
    };

    if (wanted != 0)
        advice.timeouts_micro = (uint32_t)((double)metrics->timeouts * 1e6 / (double)wanted + 0.5);
    advice.holds[ADVICE_BUSY] = metrics->utilization_micro > ADVICE_BUSY_ABOVE_MICRO;
    advice.holds[ADVICE_TIMEOUTS] = advice.timeouts_micro > ADVICE_TIMEOUTS_ABOVE_MICRO;
    advice.holds[ADVICE_SLACK] = metrics->utilization_micro < ADVICE_SLACK_BELOW_MICRO
                                 && size > ADVICE_SLACK_SIZE_ABOVE
                                 && !advice.holds[ADVICE_TIMEOUTS];
    return advice;
}

int pool_advise_size(const struct workload *workload, const struct rehearsal_wish *wish,
                     uint64_t wanted_ns, uint32_t bound, struct advice_size *ret_size)
{
    struct advice_size size = {.possible = true};
    struct rehearsal_wish tried = *wish;

    int code = pool_rehearse(workload, &tried, &size.now);
    if (code != 0)
        return code;
    tried.connections_max = bound;
    if (tried.connections_min > bound)
        tried.connections_min = bound;
    code = pool_size_for(workload, &tried, wanted_ns, &size.connections, &size.then);
    size.possible = code != ERR_LIMIT;
    if (code != 0 && code != ERR_LIMIT)
        return code;
    tried.connections_max = 2 * size.connections;
    code = pool_rehearse(workload, &tried, &size.doubled);
    if (code != 0)
        return code;
    *ret_size = size;
    return 0;
}
