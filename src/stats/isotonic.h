/* SPDX-License-Identifier: Apache-2.0
 *
 * isotonic: the nearest rising (or falling) sequence to what was measured, in weighted least
 * squares.
 *
 * Pool adjacent violators: Ayer and others, "An empirical distribution function for sampling with
 * incomplete information", 1955; in linear time. Threads: no state. */
#ifndef ASSAY_STATS_ISOTONIC_H
#define ASSAY_STATS_ISOTONIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* ret_fitted[i] for values[i] (the arrays may be the same), never falling; with `falls`, never
 * rising. `weights` are positive, or NULL for equal ones. ERR_INVALID where a value is not finite
 * or a weight not positive, ERR_MEMORY. */
MUST_CHECK int isotonic_fit(const double *values, const double *weights, size_t count, bool falls,
                            double *ret_fitted);

#endif
