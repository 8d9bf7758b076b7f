/* SPDX-License-Identifier: Apache-2.0
 *
 * mcnemar: see mcnemar.h. Tails are summed from their largest term outwards. */
#include "stats/mcnemar.h"

#include <math.h>

static double log_factorial(uint64_t n)
{
    int sign = 0;
    return lgamma_r((double)n + 1, &sign);
}

/* P(X >= from) of Binomial(n, 1/2) for from > n/2: terms fall from the first on. */
static double upper_tail(uint64_t n, uint64_t from)
{
    double term =
        exp(log_factorial(n) - log_factorial(from) - log_factorial(n - from) - (double)n * log(2));
    double sum = 0;

    for (uint64_t k = from; k <= n && term > sum * 1e-18; k++) {
        sum += term;
        term *= (double)(n - k) / (double)(k + 1);
    }
    return sum;
}

/* P(X >= from), by the other tail where this one holds the middle. */
static double at_least(uint64_t n, uint64_t from)
{
    if (from == 0)
        return 1;
    if (from > n / 2)
        return upper_tail(n, from);
    return 1 - upper_tail(n, n - from + 1);
}

struct mcnemar mcnemar_exact(uint64_t broke, uint64_t healed)
{
    uint64_t n = broke + healed;
    double worse = at_least(n, broke);
    double better = at_least(n, healed);
    double twice = 2 * (worse < better ? worse : better);

    return (struct mcnemar){.p_worse = worse > 1 ? 1 : worse, .p = twice > 1 ? 1 : twice};
}
