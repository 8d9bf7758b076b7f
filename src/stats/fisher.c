/* SPDX-License-Identifier: Apache-2.0
 *
 * fisher: see fisher.h. */
#include "stats/fisher.h"

#include <math.h>

#include "base/err.h"

/* Tables within this ratio of the one seen are as likely, whatever the last digits say (as in R).
 * */
static const double AS_LIKELY = 1 + 1e-7;

static double log_choose(uint64_t n, uint64_t k)
{
    int sign = 0;
    return lgamma_r((double)n + 1, &sign) - lgamma_r((double)k + 1, &sign)
           - lgamma_r((double)(n - k) + 1, &sign);
}

struct fisher fisher_exact(uint64_t before_passed, uint64_t before_total, uint64_t now_passed,
                           uint64_t now_total)
{
    assert_always(before_passed <= before_total && now_passed <= now_total);
    uint64_t passed = before_passed + now_passed;
    uint64_t total = before_total + now_total;
    uint64_t least = passed > before_total ? passed - before_total : 0;
    uint64_t most = passed < now_total ? passed : now_total;
    double all = log_choose(total, passed);
    double seen = log_choose(now_total, now_passed) + log_choose(before_total, before_passed) - all;
    struct fisher result = {0};

    for (uint64_t x = least; x <= most; x++) {
        double likely = log_choose(now_total, x) + log_choose(before_total, passed - x) - all;
        if (x <= now_passed)
            result.p_worse += exp(likely);
        if (likely <= seen + log(AS_LIKELY))
            result.p += exp(likely);
    }
    result.p_worse = result.p_worse > 1 ? 1 : result.p_worse;
    result.p = result.p > 1 ? 1 : result.p;
    return result;
}
