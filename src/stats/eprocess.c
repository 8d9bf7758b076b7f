/* SPDX-License-Identifier: Apache-2.0
 *
 * eprocess: see eprocess.h. Wealth is kept as its logarithm, so that long histories neither
 * overflow nor vanish. */
#include "stats/eprocess.h"

#include <math.h>

static const double BET_MOST = .5;
static const double PRIOR_VARIANCE = .25;

struct eprocess eprocess_begin(double margin)
{
    return (struct eprocess){.margin = margin};
}

/* λ from the looks so far. */
static double bet_of(const struct eprocess *process)
{
    double looks = (double)process->looks;
    double mean = process->sum / (looks + 1);
    double variance = (PRIOR_VARIANCE + process->sum_squares) / (looks + 1) - mean * mean;

    if (mean >= 0)
        return 0;
    double bet = -mean / (fmax(variance, 0) + mean * mean);
    return fmin(bet, BET_MOST);
}

void eprocess_look(struct eprocess *process, double value)
{
    if (!isfinite(value))
        return;
    double excess = fmax(-1, fmin(1, value)) + process->margin;
    double gain = log1p(-bet_of(process) * excess);

    process->log_wealth += gain;
    process->log_most = fmax(process->log_most, process->log_wealth);
    if (process->log_cusum <= 0) {
        process->log_cusum = 0;
        process->since = process->looks;
    }
    process->log_cusum += gain;
    process->looks++;
    process->sum += excess;
    process->sum_squares += excess * excess;
}

bool eprocess_alarm(const struct eprocess *process, double alpha)
{
    return process->log_most >= -log(alpha);
}

bool eprocess_change(const struct eprocess *process, double alpha)
{
    return process->log_cusum >= -log(alpha);
}
