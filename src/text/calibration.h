/* SPDX-License-Identifier: Apache-2.0
 *
 * calibration: the map from a scorer's raw cosine to a similarity of 0..1.
 *
 * Cosines of one model are not those of another (e5's lie in .72–1.0), so a floor of .75 means
 * nothing until each scorer has its map: unrelated texts near 0, texts that people call equivalent
 * near 1, an acceptable rewording well above the floor. A map is a logistic of the cosine, scaled
 * so that a cosine of 1 is exactly 1, with a small even part so that it rises strictly and never
 * changes a rank. The maps are fitted by tools/calibrate.py; docs/calibration.md has the figures.
 * Scores made with different maps are not comparable: compare `scorer` and `version` first.
 *
 * Memory: constant tables; a map of the user's own is a value. Threads: no state. */
#ifndef ASSAY_TEXT_CALIBRATION_H
#define ASSAY_TEXT_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum { CALIBRATION_NAME_SIZE = 64 };

struct calibration {
    char scorer[CALIBRATION_NAME_SIZE]; /* "e5-small-q4", "tfidf" */
    uint32_t version;                   /* of the map */
    double slope;                       /* of the logistic, above 0 */
    double middle;                      /* the cosine that the logistic maps to one half */
};

/* The map that ships for that scorer; NULL where there is none. */
const struct calibration *calibration_find(struct view scorer);
/* The tables, for printing: NULL past the end. */
const struct calibration *calibration_at(size_t index);

/* A map of the user's own; ERR_INVALID where the name is empty or too long, the slope is not in
 * (0, 10,000] or the middle is not in [−2, 2]. */
MUST_CHECK int calibration_make(struct view scorer, uint32_t version, double slope, double middle,
                                struct calibration *ret_calibration, struct err *reterr);

/* The map that gives .05 to the cosine that unrelated texts have (their median) and .80 to the one
 * that nine in ten acceptable rewordings reach. Both in millionths. ERR_INVALID unless the first is
 * below the second, and that below 1. */
MUST_CHECK int calibration_fit(struct view scorer, uint32_t version, int64_t unrelated_micro,
                               int64_t rewording_micro, struct calibration *ret_calibration,
                               struct err *reterr);

/* 0..1,000,000 for a cosine of −1,000,000..1,000,000 (clamped): rising, 1,000,000 exactly at
 * 1,000,000. */
int64_t calibration_map_micro(const struct calibration *calibration, int64_t cosine_micro);

#endif
