/* SPDX-License-Identifier: Apache-2.0
 *
 * clusters: integers gathered by cluster: what flips, is drawn or is summed together.
 *
 * Memory: one block from base/mem, freed by clusters_release. Threads: one owner.
 * Limits: |value| <= 2^31, CLUSTERS_COUNT_MAX values, so that sums fit 64 bits. */
#ifndef ASSAY_STATS_CLUSTERS_H
#define ASSAY_STATS_CLUSTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CLUSTERS_COUNT_MAX = 1 << 24 };

struct cluster {
    uint32_t number;
    uint32_t size; /* values in it */
    int64_t sum;
};

struct clusters {
    struct cluster *list; /* by ascending number; each value by itself, in order, without numbers */
    size_t count;
    size_t values;
    int64_t sum;
};

/* numbers may be NULL. ERR_INVALID where count is 0 or a limit is passed, ERR_MEMORY. */
MUST_CHECK int clusters_init(struct clusters *clusters, const int64_t *values,
                             const uint32_t *numbers, size_t count);
void clusters_release(struct clusters *clusters);

#endif
