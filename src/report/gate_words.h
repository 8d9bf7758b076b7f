/* SPDX-License-Identifier: Apache-2.0
 *
 * gate_words: what the gate found, in plain words that every report uses: both sides of it, what
 * the set could have seen, where a drop comes from, what is luck.
 *
 * The words hold names of the user's as they are: a report escapes them for its own form.
 * Threads: no state. */
#ifndef ASSAY_REPORT_GATE_WORDS_H
#define ASSAY_REPORT_GATE_WORDS_H

#include "base/strbuf.h"
#include "core/record/run.h"

enum { GATE_WORDS_EXPLANATIONS_MAX = 6 };

/* "severities fail, statistics pass"; nothing where nothing was compared. */
void gate_words_sides(const struct gate *gate, struct strbuf *out);

/* "mean change -0.021 (90 % interval -0.040 to -0.003), p = 0.0310; the smallest drop that these 24
 * entries could have shown is 0.026". */
void gate_words_statistics(const struct statistics *statistics, struct strbuf *out);

/* "similarity of entries in 'ja' fell by 0.082 over 12 entries (p = 0.0004, adjusted 0.0031)". */
void gate_words_explanation(const struct explanation *explanation, struct strbuf *out);

/* "the checks of 3 entries broke and of 1 healed (p = 0.3125)"; nothing where none did. */
void gate_words_checks(const struct gate *gate, struct strbuf *out);

/* What is to be known of an entry beside its reason, each in brackets after a space: within noise,
 * more than luck, signed off, in quarantine. */
void gate_words_entry(const struct run_entry *entry, struct strbuf *out);

/* "6 entries × 3", "6 entries × 2 to 10 (19 answers)". */
void gate_words_size(const struct run *run, struct strbuf *out);

#endif
