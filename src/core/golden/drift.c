/* SPDX-License-Identifier: Apache-2.0
 *
 * drift: see drift.h. drift_chart.c draws the lines and marks, drift_words.c says it,
 * drift_vectors.c compares sets of answers. */
#include "core/golden/drift.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/golden/drift_series.h"
#include "stats/eprocess.h"

/* ---- ranks ---------------------------------------------------------------------------------- */

/* Scores seen so far, sorted. */
struct ranking {
    int32_t *sorted;
    size_t count;
    struct rng rng;
};

/* How many lie below; `ret_equal`: how many are equal. */
static size_t count_below(const struct ranking *ranking, int32_t score, size_t *ret_equal)
{
    size_t low = 0;
    size_t high = ranking->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranking->sorted[middle] < score)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < ranking->count && ranking->sorted[end] == score)
        end++;
    *ret_equal = end - low;
    return low;
}

/* Adds a score and returns its rank among all so far as a number in −1..1: uniform over the places
 * while nothing changes, hence of mean 0. */
static double rank_next(struct ranking *ranking, int32_t score)
{
    size_t equal;
    size_t below = count_below(ranking, score, &equal);
    double place = (double)below + .5 + (double)rng_below(&ranking->rng, equal + 1);

    memmove(ranking->sorted + below + 1, ranking->sorted + below,
            (ranking->count - below) * sizeof *ranking->sorted);
    ranking->sorted[below] = score;
    ranking->count++;
    return 2 * place / (double)ranking->count - 1;
}

/* ---- the e-CUSUM ---------------------------------------------------------------------------- */

/* A bet on one direction. What it learned is forgotten where it stands below its stake: a long
 * quiet past must not blunt it. The bet stays one that only the past decides. */
struct bet {
    struct eprocess process;
    size_t began; /* look, of the series */
};

static void bet_look(struct bet *bet, size_t look, double value)
{
    eprocess_look(&bet->process, value);
    if (bet->process.log_cusum < 0 || (bet->process.log_cusum <= 0 && bet->process.sum >= 0))
        *bet = (struct bet){.process = eprocess_begin(0), .began = look + 1};
}

/* ---- since when ----------------------------------------------------------------------------- */

/* The split at `from` or later that divides the series best into a level before and one after;
 * `sign` 1 for a fall, −1 for a rise. */
static size_t best_split(const struct drift_series *series, size_t from, double sign)
{
    double total = 0;
    double before = 0;
    double best = 0;
    size_t found = from > 0 ? from : 1;

    for (size_t i = 0; i < series->count; i++)
        total += series->scores[i];
    for (size_t i = 0; i + 1 < series->count; i++) {
        before += series->scores[i];
        size_t left = i + 1;
        size_t right = series->count - left;
        double change = before / (double)left - (total - before) / (double)right;
        double weight = (double)left * (double)right;
        if (left >= from && change * sign > 0 && weight * change * change > best) {
            best = weight * change * change;
            found = left;
        }
    }
    return found;
}

static void measure_change(const struct drift_series *series, size_t split, struct drift *drift)
{
    double before = 0;
    double after = 0;

    for (size_t i = 0; i < series->count; i++)
        *(i < split ? &before : &after) += series->scores[i];
    drift->before = before / (double)split / MICRO;
    drift->after = after / (double)(series->count - split) / MICRO;
    drift->since = series->places[split];
    drift->after_runs = series->count - split;
}

/* Keeps the alarm where the level changed by enough. */
static bool confirm(const struct drift_series *series, const struct bet *bet, double sign,
                    double change_min, struct drift *drift)
{
    struct drift measured = *drift;
    size_t split = best_split(series, bet->began, sign);

    if (split >= series->count)
        return false;
    measure_change(series, split, &measured);
    if ((measured.before - measured.after) * sign < change_min)
        return false;
    *drift = measured;
    return true;
}

static void watch(const struct drift_series *series, const struct drift_options *options,
                  struct ranking *ranking, struct drift *drift)
{
    double alpha = options->alpha > 0 ? options->alpha : DRIFT_ALPHA;
    double series_count = options->series > 1 ? (double)options->series : 1;
    double needed = log(series_count / alpha);
    int32_t least =
        options->change_min_micro > 0 ? options->change_min_micro : DRIFT_CHANGE_MIN_MICRO;
    struct bet fall = {.process = eprocess_begin(0)};
    struct bet rise = {.process = eprocess_begin(0)};

    for (size_t i = 0; i < series->count; i++) {
        double rank = rank_next(ranking, series->scores[i]);
        bet_look(&fall, i, rank);
        bet_look(&rise, i, -rank);
    }
    drift->fall_evidence = fall.process.log_cusum / needed;
    drift->rise_evidence = rise.process.log_cusum / needed;
    drift->fell =
        drift->fall_evidence >= 1 && confirm(series, &fall, 1, (double)least / MICRO, drift);
    drift->rose = !drift->fell && drift->rise_evidence >= 1
                  && confirm(series, &rise, -1, (double)least / MICRO, drift);
}

/* ---- the series ----------------------------------------------------------------------------- */

/* The newest points of the newest point's family. */
static void gather(const struct drift_point *points, size_t count, struct drift_series *series,
                   struct drift *drift)
{
    struct view family = count > 0 ? points[count - 1].family : view_of("");
    size_t from = count;

    for (size_t left = DRIFT_POINTS_MAX; from > 0 && left > 0 && family.len > 0; from--)
        left -= points[from - 1].has_score && view_equal(points[from - 1].family, family);
    for (size_t i = from; i < count && family.len > 0; i++) {
        bool is_same = view_equal(points[i].family, family);
        drift->is_restarted |= !is_same;
        if (!is_same || !points[i].has_score)
            continue;
        series->scores[series->count] = points[i].score_micro;
        series->places[series->count++] = i;
    }
    drift->runs = series->count;
    drift->first = series->count > 0 ? series->places[0] : count;
}

int drift_watch(const struct drift_point *points, size_t count, const struct drift_options *options,
                struct drift_mark *ret_marks, struct drift *ret_drift)
{
    size_t room = (count < DRIFT_POINTS_MAX ? count : DRIFT_POINTS_MAX) + 1;
    struct drift_series series = {.scores = mem_new(room, sizeof *series.scores),
                                  .places = mem_new(room, sizeof *series.places)};
    struct ranking ranking = {.sorted = mem_new(room, sizeof *ranking.sorted)};
    struct drift drift = {0};
    int code = 0;

    if (series.scores == NULL || series.places == NULL || ranking.sorted == NULL)
        code = ERR_MEMORY;
    if (code == 0) {
        rng_init_named(&ranking.rng, options->seed, view_of("drift"));
        gather(points, count, &series, &drift);
        watch(&series, options, &ranking, &drift);
        drift_draw(&series, ret_marks, count, &drift);
        *ret_drift = drift;
    }
    mem_free(series.scores);
    mem_free(series.places);
    mem_free(ranking.sorted);
    return code;
}
