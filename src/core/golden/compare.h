/* SPDX-License-Identifier: Apache-2.0
 *
 * compare: two runs side by side, A and B: what differs entry by entry, by tag, by language and by
 * metric, how sure that is, and which side is better, in plain words. Neither needs a baseline.
 *
 * Entries are matched by id and target; what is left over by id alone, where an id is left once on
 * each side (the same entry asked of another target). What matches nothing is listed.
 * A metric of an entry is the mean of its scored answers; differences are B − A. Sides with another
 * number of repeats compare all the same, by those means. Scores of different scorers, and scores
 * of which one side lacks a part, are not compared: that is said instead.
 * p: two-sided sign flips over entries (whole prompts where there are at least 20 of them), the
 * interval: BCa, 95 %; of the composite over all entries always, of everything else while
 * COMPARE_DRAWN_MAX differences have not been spent on it, after which the normal limits of both
 * stand in (`is_drawn` false). The composite stands alone; all others are adjusted together by
 * Benjamini and Hochberg. Checks: exact McNemar over entries that pass on one side only.
 * Source: methods in docs/compare.md. Memory: the caller's arena, and the two runs, which must
 * outlive it. Threads: no state; the seed makes it repeatable. */
#ifndef ASSAY_CORE_GOLDEN_COMPARE_H
#define ASSAY_CORE_GOLDEN_COMPARE_H

#include "base/arena.h"
#include "core/golden/similar.h"
#include "core/record/run.h"
#include "core/validate/pairwise.h"

enum {
    COMPARE_GROUPS_MAX = 64,   /* languages and tags, the largest */
    COMPARE_ENTRIES_MIN = 5,   /* of a group: fewer can show nothing */
    COMPARE_DRAWN_MAX = 2000,  /* differences, all tests but the composite's together */
    COMPARE_CLUSTERS_MIN = 20, /* prompts */
};

enum compare_metric {
    COMPARE_SCORE,
    COMPARE_SIMILARITY,
    COMPARE_KEYWORDS,
    COMPARE_STRUCTURE,
    COMPARE_LANGUAGE,
    COMPARE_FLUENCY,
    COMPARE_METRICS, /* how many */
};

/* "score", "similarity", "keywords", "structure", "language", "fluency". */
const char *compare_metric_name(enum compare_metric metric);

enum compare_which { COMPARE_A, COMPARE_B };
enum compare_group_kind { COMPARE_ALL, COMPARE_BY_LANGUAGE, COMPARE_BY_TAG };

enum compare_outcome {
    COMPARE_UNDECIDED, /* they differ by no more than chance explains */
    COMPARE_EQUAL,     /* every answer and every figure is the same */
    COMPARE_A_BETTER,
    COMPARE_B_BETTER,
    COMPARE_MIXED, /* better by score, worse by checks or by the judge */
};

/* "undecided", "equal", "a_better", "b_better", "mixed". */
const char *compare_outcome_name(enum compare_outcome outcome);

/* An entry that both sides have. */
struct compared_entry {
    const struct run_entry *sides[2];
    struct view language; /* of the answers: A's, B's where A has none; empty: not known */
    int32_t metrics_micro[2][COMPARE_METRICS]; /* SCORE_ABSENT where not known */
    bool is_known[COMPARE_METRICS];            /* both sides have it, and may be compared */
    int32_t difference_micro[COMPARE_METRICS]; /* B − A; 0 where not known */
    bool is_tested; /* by its repeats: both sides have several scored answers */
    double p;       /* two-sided; 1 where not tested */
    double p_adjusted;
    bool passed[2];
    bool is_judged; /* both sides have an answer, so that `passed` means something */
    bool broke;     /* passed on side A alone */
    bool healed;    /* passed on side B alone */
    bool is_same;   /* both sides gave the same texts, repeat by repeat, or all one text */
    /* The pair of answers to show: where they differ, two that do. -1 where a side has none. */
    long shown[2];
    int32_t likeness_micro; /* of B's answers to A's, mean over B's of the nearest; SCORE_ABSENT */
    struct pairwise_pair *pair; /* the judge's verdict on the shown answers; NULL: not asked */
};

/* One metric over one group of entries. */
struct compared_group {
    enum compare_group_kind kind;
    struct view value; /* "ja", "recommendation"; empty for all */
    enum compare_metric metric;
    size_t entries;
    double mean[2];
    double difference; /* of the means, −1..1 */
    double low;        /* 95 % */
    double high;
    double p;
    double p_adjusted;      /* of all but the composite over all entries, whose is p */
    double smallest_effect; /* seen eight times in ten by a set like this; 0 where unknown */
    bool is_drawn;
};

/* An amount an answer, in the unit of its name. */
struct compared_amount {
    bool is_known;   /* on both sides */
    double total[2]; /* of the entries that both have */
    double mean[2];  /* an answer */
    double ratio;    /* of the means, B / A; 0 where A's is 0 */
};

struct compared_latency {
    bool is_known;
    size_t answers[2];
    double median_ms[2];
    double p95_ms[2];
    double median_difference_ms; /* B − A, and its bootstrap interval, 95 % */
    double median_low_ms;
    double median_high_ms;
    double p95_difference_ms;
    double p95_low_ms;
    double p95_high_ms;
};

/* One tag or language that the judge's verdicts were counted for. */
struct compared_tally {
    enum compare_group_kind kind;
    struct view value;
    struct pairwise_tally tally;
};

/* The judge, where one was asked. */
struct compared_judging {
    struct view target;
    struct view rubric;
    size_t rounds;
    const struct compared_tally *tallies; /* the first is over all entries */
    size_t count;
    uint64_t asked;
    uint64_t failed;
    int64_t tokens_in;
    int64_t tokens_out;
    bool has_cost;
    int64_t cost_nano_usd;
    bool is_interrupted;
    bool is_over_budget; /* --max-cost was reached: some pairs were not judged */
};

struct comparison {
    const struct run *sides[2];
    struct view names[2]; /* as the caller named them: "@prev", "target:sonnet" */

    struct compared_entry *entries; /* in A's order */
    size_t count;
    const struct run_entry **only[2]; /* entries that the other side lacks */
    size_t only_count[2];
    size_t without_answer;  /* of `entries`: a side has no scored answer */
    size_t same;            /* of `entries`: both gave the same texts */
    size_t changed_prompts; /* of `entries`: their prompt's version differs */

    const struct compared_group *groups; /* the first is the composite over all, where known */
    size_t group_count;
    bool has_score; /* groups[0] is the composite over all entries */

    size_t broke;
    size_t healed;
    double checks_p; /* two-sided; 1 where none */
    size_t passed[2];

    struct compared_amount cost_usd;
    struct compared_amount tokens_in;
    struct compared_amount tokens_out;
    bool tokens_estimated;
    struct compared_latency latency;

    struct view likeness_measure; /* "e5-small-q4/1", "tfidf/1"; empty: not measured */
    int32_t likeness_micro;       /* mean over entries; SCORE_ABSENT where not measured */

    const struct compared_judging *judging; /* NULL: no judge was asked */

    enum compare_outcome outcome;
    struct view summary; /* which side is better, by how much, how sure: a sentence or three */
    const struct view *warnings;
    size_t warning_count;
};

struct compare_options {
    struct view names[2];
    const struct similar *similar; /* how likeness is measured; NULL: it is not */
    struct view likeness_measure;
    uint64_t seed;
};

/* Compares. ERR_CONFIG where the two have no entry in common, with what each has; ERR_MEMORY. A
 * vector that is no vector makes likeness unknown, with a warning. */
MUST_CHECK int compare_runs(const struct run *a, const struct run *b,
                            const struct compare_options *options, struct arena *arena,
                            struct comparison *ret_comparison, struct err *reterr);

/* Counts the settled pairs of the entries by language and tag, and says the outcome anew. */
MUST_CHECK int compare_judged(struct comparison *comparison, const struct compared_judging *judging,
                              struct arena *arena);

#endif
