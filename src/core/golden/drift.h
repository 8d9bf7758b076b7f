/* SPDX-License-Identifier: Apache-2.0
 *
 * drift: slow change in a series of scores, one a run: since when, how much, and how sure.
 *
 * Only comparable runs make a series: those of the newest point's family (template versions, model,
 * parameters, scorer, golden set, baseline). Another family is another series, so that a change
 * that somebody made is never called drift.
 *
 * The alarm needs no model of the noise. The t-th score's rank among the first t of its series,
 * ties broken by a seeded draw, r/t, is uniform whatever the scores' distribution as long as
 * nothing changed (exchangeable: Vovk, "Testing randomness online", 2021); 2r/t − 1 is bet on by
 * the e-CUSUM of stats/eprocess.h with margin 0. It promises a mean of at least 1/α runs to a false
 * alarm. A bet gains at most log 1.5 a run, so that an alarm takes log(1/α)/log 1.5 changed runs at
 * least (12 for α = .01): it is for slow change; the gate is for a run that falls at once. Many
 * series that are looked at together share α: each must reach their number over α (an average of
 * e-detectors is one). An alarm also asks that the level changed by at least `change_min`, which
 * makes alarms only rarer.
 *
 * For the picture alone: control lines of an individuals chart, mean ± 2.66 of the mean moving
 * range (Shewhart; the moving range keeps a change of level out of the width), from the runs before
 * the change, eight at least; four of Nelson's rules (1984), those that tell of changes of level
 * (drift_rule); Page–Hinkley's statistic.
 *
 * Pure. Memory: scratch from base/mem, given back; words in the caller's arena. Threads: no state.
 * Limit: DRIFT_POINTS_MAX newest points are looked at. */
#ifndef ASSAY_CORE_GOLDEN_DRIFT_H
#define ASSAY_CORE_GOLDEN_DRIFT_H

#include "base/arena.h"
#include "core/record/run.h"
#include "stats/energy.h"

enum {
    DRIFT_POINTS_MAX = 2000,
    DRIFT_VECTORS_MAX = 200,
    DRIFT_RUNS_MIN = 8,
    DRIFT_CHANGE_MIN_MICRO = 5000
};

static const double DRIFT_ALPHA = .01;

/* A run's mean, or an entry's in a run; points are given oldest first. */
struct drift_point {
    struct view run;
    int64_t started_unix_s; /* for words; its order does not matter */
    bool has_score;         /* others are passed over */
    int32_t score_micro;
    struct view family;
};

/* Bits. Each tells of another form of a changed level; Nelson's other four tell of alternation and
 * of mixed or wrongly divided samples, which runs of one golden set do not have. */
enum drift_rule {
    DRIFT_BEYOND = 1,       /* rule 1: beyond a control line */
    DRIFT_SAME_SIDE = 2,    /* rule 2: nine in a row on one side of the mean */
    DRIFT_TREND = 4,        /* rule 3: six in a row that rise, or fall */
    DRIFT_TWO_OF_THREE = 8, /* rule 5: two of three beyond two thirds of a line's distance, one
                               side */
};

struct drift_mark {
    bool in_series;      /* of the newest point's family, with a score */
    unsigned rules;      /* that this point ends */
    double page_hinkley; /* of a fall, in scores: 0 where the level stands */
};

struct drift_lines {
    bool known; /* there were DRIFT_RUNS_MIN runs to draw them from */
    size_t runs;
    double mean;  /* 0..1 */
    double width; /* from the mean to a line */
    double low;   /* the lines, held in 0..1 */
    double high;
};

struct drift_options {
    double alpha;             /* 0: DRIFT_ALPHA */
    int32_t change_min_micro; /* 0: DRIFT_CHANGE_MIN_MICRO */
    size_t series;            /* looked at together; 0: 1 */
    uint64_t seed;            /* of ties; the same series and seed give the same alarm */
};

struct drift {
    size_t runs;       /* points in the series */
    size_t first;      /* index of its first point */
    bool is_restarted; /* points of another family stand before it */
    struct drift_lines lines;
    double fall_evidence; /* e-CUSUM's logarithm over log(series/α): 1 and more is an alarm */
    double rise_evidence;
    bool fell; /* alarms */
    bool rose;
    size_t since;      /* with an alarm: index of the first point at the new level */
    size_t after_runs; /* points from there on */
    double before;     /* mean score before and from there on, 0..1 */
    double after;
};

/* `ret_marks` (count of them; NULL: not wanted). ERR_MEMORY. */
MUST_CHECK int drift_watch(const struct drift_point *points, size_t count,
                           const struct drift_options *options, struct drift_mark *ret_marks,
                           struct drift *ret_drift);

/* An alarm in words, "fell from 0.912 to 0.871 (-0.041) over the last 9 runs, since run X of
 * 2026-11-02"; `what` opens the sentence ("the mean score of suite 'manga'"). Empty without an
 * alarm. ERR_MEMORY. */
MUST_CHECK int drift_say(const char *what, const struct drift_point *points,
                         const struct drift *drift, struct arena *arena, struct view *ret_sentence);

/* The rules' names for people: "beyond a control line", … in the arena, joined by "; ". NULL
 * without memory. */
const char *drift_rules_text(unsigned rules, struct arena *arena);

/* ---- answers as a set ------------------------------------------------------------------------ */

/* An entry's vectors on both sides, all of one size. */
struct drift_vectors {
    const float *const *now;
    size_t now_count;
    const float *const *before;
    size_t before_count;
};

/* Energy distance of the answers as a set (stats/energy.h) with its p by ENERGY_DRAWS relabellings
 * within each entry: have they moved though their scores may stand? Each vector is taken less the
 * mean of its entry's vectors, both sides together, so that what the entries are about does not
 * drown how they are answered. As many vectors of each side are taken, DRIFT_VECTORS_MAX a side in
 * all; entries that lack a side are passed over. ERR_MISSING where fewer than DRIFT_RUNS_MIN a side
 * are left; ERR_MEMORY. */
MUST_CHECK int drift_vectors_test(const struct drift_vectors *entries, size_t count, size_t size,
                                  uint64_t seed, struct energy *ret_result);

#endif
