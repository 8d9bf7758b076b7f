/* SPDX-License-Identifier: Apache-2.0
 *
 * merge: the runs of all shards of a golden set as the one run that a single process would have
 * made.
 *
 * The shards must be of one run: the same kind, suite, golden set, baseline, seed, repeats, scorer
 * and prompt versions, each shard once, none missing. What does not fit is named with the file it
 * came from. Entries come in the order of the whole (core/golden/shard.h), so that draws by chance
 * over them are the same; counts and costs add up, the pools' histograms too. The gate is not
 * decided here: judge_noise, fluent_mean and gate_decide do that over the whole.
 * Pure. Memory: the caller's arena; entries are copied as they are, their texts stay the parts'.
 * Threads: no state. */
#ifndef ASSAY_CORE_GOLDEN_MERGE_H
#define ASSAY_CORE_GOLDEN_MERGE_H

#include "base/arena.h"
#include "core/record/run.h"

struct merge_part {
    const char *name; /* its file, for messages */
    struct run run;
};

/* ERR_CONFIG with what does not fit and what helps, ERR_MISSING where shards are missing,
 * ERR_CORRUPT where a pool's account cannot be read, ERR_MEMORY. The parts may come in any order;
 * they are sorted by shard. */
MUST_CHECK int merge_runs(struct merge_part *parts, size_t count, struct arena *arena,
                          struct run *ret_run, struct err *reterr);

/* merge_check.c: whether the parts, sorted by shard, fit. */
MUST_CHECK int merge_check(const struct merge_part *parts, size_t count, struct err *reterr);

#endif
