/* SPDX-License-Identifier: Apache-2.0
 *
 * eprocess: is a mean that is looked at again and again below −margin? Betting, so that any number
 * of looks is allowed.
 *
 * Each look brings one value d in −1..1 (the mean difference of a run). The e-process is the wealth
 * of one who bets against "the mean is at least −margin":
 *   E_t = Π (1 − λ_t (d_t + margin)),  0 <= λ_t <= 1/2, λ_t from earlier looks only;
 * under the null it ever reaches 1/α with probability at most α (Ville 1939; Waudby-Smith and
 * Ramdas, "Estimating means of bounded random variables by betting", 2024). For a fall that begins
 * at an unknown time the e-CUSUM restarts the bet where it stands below its stake:
 *   M_t = max(M_{t−1}, 1) (1 − λ_t (d_t + margin));
 * what it promises is a mean of at least 1/α looks to a false alarm (Shin, Ramdas and Rinaldo,
 * "E-detectors", 2023), not a probability of α. λ_t is the approximate growth-optimal bet of the
 * same paper: (μ + margin) / (σ² + (μ + margin)²) of earlier looks, negated, held in 0..1/2, with a
 * prior look of variance 1/4 at the margin itself.
 *
 * Pure values; the caller keeps the struct. Threads: no state. */
#ifndef ASSAY_STATS_EPROCESS_H
#define ASSAY_STATS_EPROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct eprocess {
    double margin;     /* >= 0 */
    double log_wealth; /* of the e-process */
    double log_cusum;  /* of the e-CUSUM */
    double log_most;   /* the highest log_wealth so far */
    size_t looks;
    size_t since; /* look, from 0, at which the e-CUSUM last stood at its stake: the fall began
                     after it */
    double sum;   /* of earlier values + margin */
    double sum_squares;
};

struct eprocess eprocess_begin(double margin);

/* One more look. A value that is not finite is passed over, one outside −1..1 is brought to its
 * end. */
void eprocess_look(struct eprocess *process, double value);

/* Whether the wealth ever reached 1/α; whether the e-CUSUM stands at 1/α or above now. */
bool eprocess_alarm(const struct eprocess *process, double alpha);
bool eprocess_change(const struct eprocess *process, double alpha);

#endif
