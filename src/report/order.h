/* SPDX-License-Identifier: Apache-2.0
 *
 * order: the order in which reports list entries (the worst first, errors at the end), and small
 * texts that several reports share.
 *
 * Threads: no state. */
#ifndef ASSAY_REPORT_ORDER_H
#define ASSAY_REPORT_ORDER_H

#include "base/strbuf.h"
#include "core/record/run.h"

enum report_group {
    GROUP_CRITICAL,
    GROUP_MAJOR,
    GROUP_FAILED, /* no baseline, a check failed */
    GROUP_ERROR,
    GROUP_MINOR,
    GROUP_IMPROVED,
    GROUP_FINE,
    GROUP_COUNT,
};

enum report_group report_group_of(const struct run_entry *entry);

/* "CRITICAL", "MAJOR", "FAILED", "ERROR", "minor", "improved", "ok". */
const char *report_group_name(enum report_group group);

/* Calls `visit` for every entry of the group, in the run's order, those that fell furthest
 * first. */
void report_visit(const struct run *run, enum report_group group,
                  void (*visit)(void *context, const struct run_entry *entry), void *context);

/* True where entries are asked of more than one target, so that each must say which. */
bool report_has_targets(const struct run *run);

/* The sample that shows a loss best: the lowest score; NULL where none was scored. */
const struct sample *report_worst_sample(const struct run_entry *entry);

/* A text that others wrote as one line for a terminal: white space folded, control characters made
 * visible, cut with "…" to so many columns; "(nothing)" where nothing is left. */
void report_add_line(struct strbuf *out, struct view text, size_t columns);

/* "fluency 0.972 → 0.412: the register changed …" where the entry's answers read worse than what
 * was accepted; nothing otherwise. */
void report_add_fluency(struct strbuf *out, const struct run_entry *entry);

/* "0.812", or "–" where absent. */
void report_add_score(struct strbuf *out, int32_t score_micro);

/* "$0.0123"; "< $0.0001" for less. */
void report_add_dollars(struct strbuf *out, int64_t nano_usd);

/* What to do, a sentence each, derived from what the run found; at most `max`. */
size_t report_advice(const struct run *run, struct strbuf *sentences, size_t max);

#endif
