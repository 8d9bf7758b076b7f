/* SPDX-License-Identifier: Apache-2.0
 *
 * noisy_search: see noisy_search.h.
 *
 * The likelihood of b depends on the questions before b and from b on alone, so hypotheses between
 * two asked commits share it. The joint posterior of b and both rates is summed over a grid of
 * rates, finer towards 0 and 1. */
#include "stats/noisy_search.h"

#include <math.h>

#include "base/mem.h"

static const double RATES[] = {.005, .02, .05, .10, .15, .20, .25, .30, .35, .40, .45, .50,
                               .55,  .60, .65, .70, .75, .80, .85, .90, .95, .98, .995};
enum { RATE_COUNT = sizeof RATES / sizeof RATES[0] };
static const double GAP = .05;
static const double SLACK = 1e-9; /* .95 − .05 is a little less than .90 */

/* Sums of x and of x log x, from which the entropy of x / sum x follows. */
struct bits {
    double sum;
    double sum_log;
};

/* ---- life ----------------------------------------------------------------------------------- */

static int take_prior(struct noisy_search *search, const double *weights)
{
    double sum = 0;

    for (size_t b = 1; b < search->count; b++) {
        double weight = weights != NULL ? weights[b] : 1;
        if (!(weight >= 0 && isfinite(weight)))
            return ERR_INVALID;
        search->prior[b] = weight;
        sum += weight;
    }
    if (!(sum > 0 && isfinite(sum)))
        return ERR_INVALID;
    for (size_t b = 1; b < search->count; b++) {
        search->prior[b] /= sum;
        search->posterior[b] = search->prior[b];
    }
    return 0;
}

int noisy_search_init(struct noisy_search *search, size_t count, const double *weights)
{
    if (count < 2 || count > NOISY_SEARCH_MAX)
        return ERR_INVALID;
    *search = (struct noisy_search){
        .commits = mem_new(count, sizeof *search->commits),
        .prior = mem_new(count, sizeof(double)),
        .posterior = mem_new(count, sizeof(double)),
        .good_rate = mem_new(count, sizeof(double)),
        .bad_rate = mem_new(count, sizeof(double)),
        .scratch = mem_new(count, sizeof(struct bits) * 2),
        .gap = GAP,
        .count = count,
    };
    int code = search->commits == NULL || search->prior == NULL || search->posterior == NULL
                       || search->good_rate == NULL || search->bad_rate == NULL
                       || search->scratch == NULL
                   ? ERR_MEMORY
                   : take_prior(search, weights);
    if (code != 0) {
        noisy_search_release(search);
        return code;
    }
    noisy_search_update(search);
    return 0;
}

void noisy_search_release(struct noisy_search *search)
{
    mem_free(search->commits);
    mem_free(search->prior);
    mem_free(search->posterior);
    mem_free(search->good_rate);
    mem_free(search->bad_rate);
    mem_free(search->scratch);
    *search = (struct noisy_search){0};
}

void noisy_search_saw(struct noisy_search *search, size_t commit, uint32_t passes,
                      uint32_t failures)
{
    search->commits[commit].passes += passes;
    search->commits[commit].failures += failures;
}

void noisy_search_skip(struct noisy_search *search, size_t commit)
{
    search->commits[commit].is_skipped = true;
}

/* ---- posterior ------------------------------------------------------------------------------ */

/* What was seen on either side of a hypothesis. */
struct seen {
    double good_passes;
    double good_failures;
    double bad_passes;
    double bad_failures;
};

/* The likelihood summed over the grid, relative to exp(peak), and both rates weighted by it. */
struct evidence {
    double peak;
    double sum;
    double good;
    double bad;
};

static double log_likelihood(const struct seen *seen, double good, double bad)
{
    return seen->good_passes * log(good) + seen->good_failures * log1p(-good)
           + seen->bad_passes * log(bad) + seen->bad_failures * log1p(-bad);
}

static struct evidence weigh(const struct seen *seen, double gap)
{
    double logs[RATE_COUNT][RATE_COUNT];
    struct evidence evidence = {.peak = -INFINITY};

    for (size_t i = 0; i < RATE_COUNT; i++)
        for (size_t j = 0; j < RATE_COUNT && RATES[j] <= RATES[i] - gap + SLACK; j++) {
            logs[i][j] = log_likelihood(seen, RATES[i], RATES[j]);
            evidence.peak = fmax(evidence.peak, logs[i][j]);
        }
    for (size_t i = 0; i < RATE_COUNT; i++)
        for (size_t j = 0; j < RATE_COUNT && RATES[j] <= RATES[i] - gap + SLACK; j++) {
            double weight = exp(logs[i][j] - evidence.peak);
            evidence.sum += weight;
            evidence.good += weight * RATES[i];
            evidence.bad += weight * RATES[j];
        }
    return evidence;
}

static struct seen seen_in_all(const struct noisy_search *search)
{
    struct seen seen = {0};

    for (size_t c = 0; c < search->count; c++) {
        seen.bad_passes += search->commits[c].passes;
        seen.bad_failures += search->commits[c].failures;
    }
    return seen;
}

/* Moves one commit from the bad side to the good one. */
static bool move_over(struct seen *seen, const struct noisy_commit *commit)
{
    seen->good_passes += commit->passes;
    seen->good_failures += commit->failures;
    seen->bad_passes -= commit->passes;
    seen->bad_failures -= commit->failures;
    return commit->passes + commit->failures > 0;
}

static void normalise(struct noisy_search *search, double peak)
{
    double sum = 0;

    for (size_t b = 1; b < search->count; b++) {
        search->posterior[b] = search->prior[b] > 0 ? exp(search->posterior[b] - peak) : 0;
        sum += search->posterior[b];
    }
    search->p_good = 0;
    search->p_bad = 0;
    for (size_t b = 1; b < search->count; b++) {
        search->posterior[b] /= sum;
        search->p_good += search->posterior[b] * search->good_rate[b];
        search->p_bad += search->posterior[b] * search->bad_rate[b];
    }
}

void noisy_search_update(struct noisy_search *search)
{
    struct seen seen = seen_in_all(search);
    struct evidence evidence = {0};
    double peak = -INFINITY;

    for (size_t b = 1; b < search->count; b++) {
        if (move_over(&seen, &search->commits[b - 1]) || b == 1)
            evidence = weigh(&seen, search->gap);
        search->good_rate[b] = evidence.good / evidence.sum;
        search->bad_rate[b] = evidence.bad / evidence.sum;
        if (!(search->prior[b] > 0))
            continue;
        search->posterior[b] = log(search->prior[b]) + evidence.peak + log(evidence.sum);
        peak = fmax(peak, search->posterior[b]);
    }
    normalise(search, peak);
}

/* ---- what to ask next ----------------------------------------------------------------------- */

static struct bits plus(struct bits bits, double x)
{
    if (x > 0) {
        bits.sum += x;
        bits.sum_log += x * log(x);
    }
    return bits;
}

static struct bits joined(struct bits a, struct bits b)
{
    return (struct bits){a.sum + b.sum, a.sum_log + b.sum_log};
}

/* The entropy times the probability of the outcome. */
static double weighted_entropy(struct bits bits)
{
    return bits.sum > 0 ? bits.sum * log(bits.sum) - bits.sum_log : 0;
}

size_t noisy_search_next(const struct noisy_search *search)
{
    struct bits *until = search->scratch;
    struct bits pass_after = {0}, fail_after = {0}; /* hypotheses for which c is good: b > c */
    struct bits pass_until = {0}, fail_until = {0}; /* for which it is bad: b <= c */
    size_t best = SIZE_MAX;
    double least = INFINITY;

    for (size_t c = 0; c < search->count; c++) {
        if (c > 0) {
            double share = search->posterior[c];
            pass_until = plus(pass_until, share * search->bad_rate[c]);
            fail_until = plus(fail_until, share * (1 - search->bad_rate[c]));
        }
        until[2 * c] = pass_until;
        until[2 * c + 1] = fail_until;
    }
    for (size_t c = search->count; c-- > 0;) {
        double left = weighted_entropy(joined(until[2 * c], pass_after))
                      + weighted_entropy(joined(until[2 * c + 1], fail_after));
        if (!search->commits[c].is_skipped && left < least - 1e-12) {
            least = left;
            best = c;
        }
        if (c > 0) {
            double share = search->posterior[c];
            pass_after = plus(pass_after, share * search->good_rate[c]);
            fail_after = plus(fail_after, share * (1 - search->good_rate[c]));
        }
    }
    return best;
}

size_t noisy_search_best(const struct noisy_search *search, double *ret_posterior)
{
    size_t best = 1;

    for (size_t b = 2; b < search->count; b++)
        if (search->posterior[b] > search->posterior[best])
            best = b;
    *ret_posterior = search->posterior[best];
    return best;
}

size_t noisy_search_credible(const struct noisy_search *search, double share, bool *ret_members)
{
    double reached = 0;
    size_t members = 0;

    for (size_t b = 0; b < search->count; b++)
        ret_members[b] = false;
    while (reached < share && members + 1 < search->count) {
        size_t next = 0;
        for (size_t b = 1; b < search->count; b++)
            if (!ret_members[b] && (next == 0 || search->posterior[b] > search->posterior[next]))
                next = b;
        if (!(search->posterior[next] > 0))
            break;
        ret_members[next] = true;
        reached += search->posterior[next];
        members++;
    }
    return members;
}
