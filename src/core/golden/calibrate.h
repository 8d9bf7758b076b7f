/* SPDX-License-Identifier: Apache-2.0
 *
 * calibrate: where the cosines of an embedding model lie, measured on a user's own accepted
 * answers: answers of different entries are unrelated, different answers of one entry are
 * acceptable rewordings. text/calibration.h makes the map of it.
 *
 * Memory: scratch only. Threads: no state. Limits: CALIBRATE_PAIRS pairs of each kind, drawn by a
 * fixed seed. */
#ifndef ASSAY_CORE_GOLDEN_CALIBRATE_H
#define ASSAY_CORE_GOLDEN_CALIBRATE_H

#include "core/golden/baseline.h"

enum { CALIBRATE_PAIRS = 2000, CALIBRATE_UNRELATED_MIN = 10, CALIBRATE_REWORDINGS_MIN = 20 };

struct calibrate_found {
    size_t unrelated_pairs;
    size_t rewording_pairs;
    int64_t unrelated_micro;   /* the median cosine of unrelated answers */
    int64_t rewording_micro;   /* the cosine that nine in ten rewordings reach */
    bool rewording_is_a_guess; /* fewer than CALIBRATE_REWORDINGS_MIN pairs: six tenths of the way
                                  from unrelated to equal */
    int64_t auroc_micro; /* how often a rewording lies above an unrelated pair; 0 without any */
};

/* `vector` gives the vector of a text, NULL where it is not there. ERR_CONFIG where there are fewer
 * than CALIBRATE_UNRELATED_MIN pairs to tell, or unrelated answers lie no lower than rewordings;
 * ERR_MEMORY. */
MUST_CHECK int
calibrate_measure(const struct baseline *baseline,
                  const float *(*vector)(void *context, struct view text, size_t *ret_count),
                  void *context, struct calibrate_found *ret_found, struct err *reterr);

#endif
