/* SPDX-License-Identifier: Apache-2.0
 *
 * score: the arithmetic of scores: parts into a total, drops into severities. Integers in
 * millionths throughout: in floating point the loss of the whole language part would be .1999….
 *
 * Source: the weights and thresholds are the product's own defaults (docs/scoring.md). Threads:
 * no state. */
#ifndef ASSAY_CORE_GOLDEN_SCORE_H
#define ASSAY_CORE_GOLDEN_SCORE_H

#include "core/record/run.h"

/* Hundredths of the total; a part that is absent leaves its share to the others. */
enum {
    WEIGHT_SIMILARITY = 40,
    WEIGHT_KEYWORDS = 25,
    WEIGHT_STRUCTURE = 15,
    WEIGHT_LANGUAGE = 20,
};

/* At which drop of a score a severity starts, in millionths. */
struct severity_limits {
    int32_t critical_micro;
    int32_t major_micro;
    int32_t minor_micro;
};

/* .20, .10, .05 */
struct severity_limits severity_limits_default(void);

/* The weighted total of the parts that are there, rounded to the nearest millionth;
 * SCORE_ABSENT where none is. */
int32_t score_total(const struct score *score);

/* The mean of each part over those scores that have it. */
struct score score_mean(const struct score *scores, size_t count);

/* Of a drop (baseline − now). A rise of at least the minor limit is an improvement. */
enum severity severity_of_drop(int32_t drop_micro, const struct severity_limits *limits);

/* The same where the entry was repeated: critical needs most of its answers to have fallen (by the
 * minor limit at least), major half of them; otherwise it is the next lighter one. */
enum severity severity_of_repeats(enum severity severity, size_t fell, size_t answers);

/* The similarity of a text to accepted answers, given its calibrated similarity to each: the mean,
 * over every way to leave one of them out, of the nearest of the rest; so that it compares fairly
 * with the accepted answers' own, which have one reference fewer. With one reference: its
 * similarity. `skip` is the index of the text itself where it is one of them (its own entry is
 * ignored and nothing further is left out), or `count`. SCORE_ABSENT where no reference remains. */
int32_t similarity_to_accepted(const int32_t *similarities_micro, size_t count, size_t skip);

#endif
