/* SPDX-License-Identifier: Apache-2.0
 *
 * run_random: a golden run as nobody would have it: every member set or not by chance, texts that
 * hold whatever models and users write. For the law of reports and for merging. */
#ifndef ASSAY_TESTS_RUN_RANDOM_H
#define ASSAY_TESTS_RUN_RANDOM_H

#include "base/arena.h"
#include "base/rng.h"
#include "core/record/run.h"

/* The same seed, the same run; lives in the arena, which must not run out. */
void run_random(struct arena *arena, uint64_t seed, struct run *ret_run);

#endif
