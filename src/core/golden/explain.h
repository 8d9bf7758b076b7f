/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: where a drop comes from, each answer with its own chance of being luck: the parts of the
 * score over the whole suite and over the entries of each language and tag; single entries; checks.
 *
 * The composite of the whole suite stands alone (gate_statistics.h decides by it). What explains it
 * is many tests at once: a one-sided sign-flip test for each metric and group, adjusted together by
 * Benjamini and Hochberg; those of an adjusted p <= .05 are kept. Groups of fewer than five entries
 * can show nothing (five coins fall alike once in 32) and are left out, and past the
 * EXPLAIN_GROUPS_MAX largest ones tags are not looked at. Over more than EXPLAIN_EXACT_MAX
 * entries the test's normal limit stands in for its draws. Entries in quarantine explain nothing.
 * Where an entry has one accepted answer its similarity to itself was 1: what such entries lose
 * by that alone is taken off, and while it is unknown they are left out of similarity and score.
 * Source: methods in docs/gate.md. Memory: the caller's arena; scratch from base/mem, given back.
 * Threads: no state; the run's seed makes it repeatable. */
#ifndef ASSAY_CORE_GOLDEN_EXPLAIN_H
#define ASSAY_CORE_GOLDEN_EXPLAIN_H

#include "base/arena.h"
#include "core/record/run.h"

enum { EXPLAIN_ENTRIES_MIN = 5, EXPLAIN_GROUPS_MAX = 64, EXPLAIN_EXACT_MAX = 1000 };

/* Fills run->gate.explanations. `noise_known`: how far entries with one accepted answer fall
 * unchanged was measured. ERR_MEMORY. */
MUST_CHECK int explain_suite(struct run *run, bool noise_known, struct arena *arena);

/* Fills run->gate.checks_broke, .checks_healed and .checks_p. */
void explain_checks(struct run *run);

/* Fills is_tested, p_fell and p_adjusted of each entry whose both sides were repeated. What is
 * tested is chosen by both sides taken together, so that choosing favours neither: scores where
 * they differ (permutation of the repeats), passing where some pass and some fail (Fisher exact);
 * where both can tell, twice the smaller p. ERR_MEMORY. */
MUST_CHECK int explain_entries(struct run *run);

#endif
