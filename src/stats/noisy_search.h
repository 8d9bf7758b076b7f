/* SPDX-License-Identifier: Apache-2.0
 *
 * noisy_search: which commit made it worse, where every test is a coin: a posterior over the first
 * bad commit.
 *
 * Commits 0 … count − 1 in order; commit 0 is known to be good, commit count − 1 to be bad, and the
 * hypotheses are "the first bad commit is b", b in 1 … count − 1. A commit before b passes one
 * question with probability p_good, from b on with p_bad; neither is known:
 *   P(b | data) ∝ prior(b) Σ over a grid of (p_good, p_bad) with p_good >= p_bad + gap of
 *                 p_good^passes before b (1 − p_good)^failures before b p_bad^… (1 − p_bad)^….
 * The next commit to ask is the one whose answer is expected to leave the least entropy.
 * Bayesian search with noise: Burnashev and Zigangirov 1974; Ben-Or and Hassidim 2008.
 *
 * Pure; the machine owns its arrays (noisy_search_release). Threads: one owner.
 * Limits: 2 … NOISY_SEARCH_MAX commits. */
#ifndef ASSAY_STATS_NOISY_SEARCH_H
#define ASSAY_STATS_NOISY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { NOISY_SEARCH_MAX = 4096 };

struct noisy_commit {
    uint32_t passes;
    uint32_t failures;
    bool is_skipped; /* cannot be asked: does not load; it may still be the first bad one */
};

struct bits;

struct noisy_search {
    struct noisy_commit *commits;
    double *prior;     /* of b, sums to 1; [0] is 0 */
    double *posterior; /* the same, given what was seen */
    double *good_rate; /* of each b: the posterior mean of p_good were it the first bad one */
    double *bad_rate;
    struct bits *scratch; /* of noisy_search_next: two for each commit */
    double gap;           /* by how much p_good exceeds p_bad at least; .05 by default */
    size_t count;
    double p_good; /* posterior means, once something was seen */
    double p_bad;
};

/* `weights` are the prior's, not negative, for commits 1 … count − 1 (weights[0] is ignored); NULL:
 * equal ones. ERR_INVALID where count or a weight is out of range or all are 0, ERR_MEMORY. */
MUST_CHECK int noisy_search_init(struct noisy_search *search, size_t count, const double *weights);
void noisy_search_release(struct noisy_search *search);

/* So many more questions passed and failed at that commit. Changes the posterior at the next
 * noisy_search_update. */
void noisy_search_saw(struct noisy_search *search, size_t commit, uint32_t passes,
                      uint32_t failures);
/* The commit cannot be asked. */
void noisy_search_skip(struct noisy_search *search, size_t commit);

/* Works out posterior, p_good and p_bad. */
void noisy_search_update(struct noisy_search *search);

/* The commit to ask next (never a skipped one): the least expected entropy after one more answer;
 * SIZE_MAX where none can be asked. After noisy_search_update. */
size_t noisy_search_next(const struct noisy_search *search);

/* The most likely first bad commit, and its posterior. */
size_t noisy_search_best(const struct noisy_search *search, double *ret_posterior);

/* Marks the smallest set of commits whose posterior reaches `share` (.95): ret_members[count].
 * Returns how many. */
size_t noisy_search_credible(const struct noisy_search *search, double share, bool *ret_members);

#endif
