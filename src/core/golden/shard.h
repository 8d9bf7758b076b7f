/* SPDX-License-Identifier: Apache-2.0
 *
 * shard: which part of a run's items one process of many takes, by arithmetic alone: shard i of N
 * has the items i, i + N, i + 2N, …, so that no process has to know of another, each has its share
 * of every stretch of the golden set, and the parts put together are in the order of the whole.
 *
 * Which shard a process is can be said ("2/8", from 0) or left to what runs array jobs ("auto"):
 * Kubernetes, AWS Batch, Slurm, MPI and GitLab number their processes in the environment, which the
 * caller looks up.
 * Pure. Memory: none. Threads: values. Limit: SHARD_MAX shards. */
#ifndef ASSAY_CORE_GOLDEN_SHARD_H
#define ASSAY_CORE_GOLDEN_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum { SHARD_MAX = 100000 };

struct shard {
    uint32_t index; /* from 0 */
    uint32_t count; /* 0 or 1: the whole */
};

/* Whether the item belongs to the shard. */
static inline bool shard_has(const struct shard *shard, size_t item)
{
    return shard->count < 2 || item % shard->count == shard->index;
}

/* The place in the whole of the shard's n-th item. */
static inline size_t shard_item(const struct shard *shard, size_t n)
{
    return shard->count < 2 ? n : n * shard->count + shard->index;
}

/* How many of so many items the shard has. */
static inline size_t shard_size(const struct shard *shard, size_t items)
{
    return shard->count < 2        ? items
           : items <= shard->index ? 0
                                   : (items - shard->index - 1) / shard->count + 1;
}

/* The value of a variable; ptr NULL where it is not set. */
typedef struct view shard_lookup(void *context, struct view name);

/* Reads "I/N", "auto" or "auto/N". ERR_USAGE with what is wrong and what helps. */
MUST_CHECK int shard_read(struct view text, shard_lookup *lookup, void *context,
                          struct shard *ret_shard, struct err *reterr);

#endif
