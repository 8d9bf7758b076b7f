/* SPDX-License-Identifier: Apache-2.0
 *
 * drift_chart: control lines, Nelson's rules and Page–Hinkley's statistic: see drift.h. Sources:
 * Nelson, "The Shewhart control chart: tests for special causes", 1984; Page, "Continuous
 * inspection schemes", 1954; Hinkley, "Inference about the change-point from cumulative sum
 * tests", 1971. */
#include <math.h>

#include "core/golden/drift_series.h"

/* 3 / d2 for ranges of two: what the mean moving range is short of three standard deviations. */
static const double RANGE_FACTOR = 2.66;

/* What Page–Hinkley lets pass as no change, in millionths of a score. */
static const double PASSED_MICRO = DRIFT_CHANGE_MIN_MICRO / 2.0;

enum { SIDE_RUNS = 9, TREND_RUNS = 6 };

/* Of the runs before a change, or of all where too few stand before it. */
static void draw_lines(const struct drift_series *series, struct drift *drift)
{
    size_t count = series->count;
    double sum = 0;
    double ranges = 0;

    if ((drift->fell || drift->rose) && count - drift->after_runs >= DRIFT_RUNS_MIN)
        count -= drift->after_runs;
    if (count < DRIFT_RUNS_MIN)
        return;
    for (size_t i = 0; i < count; i++) {
        sum += series->scores[i];
        if (i > 0)
            ranges += fabs((double)series->scores[i] - series->scores[i - 1]);
    }
    double mean = sum / (double)count / MICRO;
    double width = RANGE_FACTOR * ranges / (double)(count - 1) / MICRO;
    drift->lines = (struct drift_lines){.known = true,
                                        .runs = count,
                                        .mean = mean,
                                        .width = width,
                                        .low = fmax(0, mean - width),
                                        .high = fmin(1, mean + width)};
}

/* Where a score lies: in thirds of the distance from the mean to a line. */
static double place_of(const struct drift_lines *lines, int32_t score_micro)
{
    static const double ROUNDING = 1e-9;
    double distance = (double)score_micro / MICRO - lines->mean;

    if (fabs(distance) < ROUNDING)
        return 0;
    return lines->width > ROUNDING ? 3 * distance / lines->width : copysign(HUGE_VAL, distance);
}

static bool is_same_side(const struct drift_series *series, const struct drift_lines *lines,
                         size_t i)
{
    double place = place_of(lines, series->scores[i]);
    size_t from = i + 1 - SIDE_RUNS;

    for (size_t j = from; j <= i; j++)
        if (place * place_of(lines, series->scores[j]) <= 0)
            return false;
    return true;
}

static bool is_trend(const struct drift_series *series, size_t i)
{
    bool rises = true;
    bool falls = true;

    for (size_t j = i + 2 - TREND_RUNS; j <= i; j++) {
        rises = rises && series->scores[j] > series->scores[j - 1];
        falls = falls && series->scores[j] < series->scores[j - 1];
    }
    return rises || falls;
}

/* Two of the last three, this one among them, beyond two thirds on its side. */
static bool is_two_of_three(const struct drift_series *series, const struct drift_lines *lines,
                            size_t i)
{
    double place = place_of(lines, series->scores[i]);
    double sign = place > 0 ? 1 : -1;
    int others = 0;

    for (size_t back = 1; back <= 2 && back <= i; back++)
        others += sign * place_of(lines, series->scores[i - back]) > 2;
    return sign * place > 2 && others > 0;
}

static unsigned rules_at(const struct drift_series *series, const struct drift_lines *lines,
                         size_t i)
{
    unsigned rules = 0;

    if (!lines->known)
        return 0;
    if (fabs(place_of(lines, series->scores[i])) > 3)
        rules |= DRIFT_BEYOND;
    if (i + 1 >= SIDE_RUNS && is_same_side(series, lines, i))
        rules |= DRIFT_SAME_SIDE;
    if (i + 1 >= TREND_RUNS && is_trend(series, i))
        rules |= DRIFT_TREND;
    if (is_two_of_three(series, lines, i))
        rules |= DRIFT_TWO_OF_THREE;
    return rules;
}

void drift_draw(const struct drift_series *series, struct drift_mark *marks, size_t count,
                struct drift *drift)
{
    double sum = 0;
    double fallen = 0;
    double least = 0;

    draw_lines(series, drift);
    for (size_t i = 0; i < count && marks != NULL; i++)
        marks[i] = (struct drift_mark){0};
    for (size_t i = 0; i < series->count && marks != NULL; i++) {
        sum += series->scores[i];
        fallen += sum / (double)(i + 1) - series->scores[i] - PASSED_MICRO;
        least = fmin(least, fallen);
        marks[series->places[i]] = (struct drift_mark){
            .in_series = true,
            .rules = rules_at(series, &drift->lines, i),
            .page_hinkley = (fallen - least) / MICRO,
        };
    }
}
