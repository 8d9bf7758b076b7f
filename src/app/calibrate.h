/* SPDX-License-Identifier: Apache-2.0
 *
 * calibrate: the map of a suite's embedding target, measured on the suite's own accepted answers,
 * which are embedded anew or come from the cache of vectors.
 *
 * Threads: one owner. */
#ifndef ASSAY_APP_CALIBRATE_H
#define ASSAY_APP_CALIBRATE_H

#include "app/host.h"
#include "app/plan.h"
#include "core/golden/calibrate.h"
#include "text/calibration.h"

struct calibrate_result {
    struct calibrate_found found;
    struct calibration map;
};

/* The plan has a baseline, and its suite embeds by a target. Runs the host's loop until the vectors
 * are there. ERR_CONFIG, ERR_UNSUPPORTED, ERR_CANCELLED where the loop was stopped before, and what
 * the target answers. */
MUST_CHECK int calibrate_suite(const struct plan *plan, struct host *host,
                               struct calibrate_result *ret_result, struct err *reterr);

#endif
