/* SPDX-License-Identifier: Apache-2.0
 *
 * calibration: see calibration.h. tools/calibrate.py prints the figures of the table. */
#include "text/calibration.h"

#include <math.h>

/* Where the two anchors of a map lie. */
static const double LOW = 0.05;
static const double HIGH = 0.80;
static const double ONE_MICRO = 1e6;

/* The share of a map that rises evenly from −1 to 1: where the logistic is flat, different cosines
 * still get different scores. */
static const double EVEN = 0.02;

enum { SLOPE_MAX = 10000, MIDDLE_MAX = 2, FIT_ROUNDS = 200 };

static const struct calibration table[] = {
    {.scorer = "e5-small-q4", .version = 2, .slope = 41.339, .middle = 0.8991},
    {.scorer = "tfidf", .version = 2, .slope = 16.120, .middle = 0.3615},
};

const struct calibration *calibration_at(size_t index)
{
    return index < sizeof table / sizeof table[0] ? &table[index] : NULL;
}

const struct calibration *calibration_find(struct view scorer)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (view_is(scorer, table[i].scorer))
            return &table[i];
    return NULL;
}

int calibration_make(struct view scorer, uint32_t version, double slope, double middle,
                     struct calibration *ret_calibration, struct err *reterr)
{
    struct calibration made = {.version = version, .slope = slope, .middle = middle};

    if (scorer.len == 0 || scorer.len >= sizeof made.scorer)
        return fail(reterr, ERR_INVALID, "a scorer's name has 1 to %zu bytes, this one %zu",
                    sizeof made.scorer - 1, scorer.len);
    if (!(slope > 0 && slope <= SLOPE_MAX))
        return fail(reterr, ERR_INVALID, "a map's slope lies above 0 and up to %d", (int)SLOPE_MAX);
    if (!(middle >= -MIDDLE_MAX && middle <= MIDDLE_MAX))
        return fail(reterr, ERR_INVALID, "a map's middle lies from %d to %d", -(int)MIDDLE_MAX,
                    (int)MIDDLE_MAX);
    memcpy(made.scorer, scorer.ptr, scorer.len);
    *ret_calibration = made;
    return 0;
}

static double logit(double p)
{
    return log(p / (1 - p));
}

/* What the logistic part has to give for the map to give `score` at that cosine. */
static double without_even(double score, double cosine)
{
    double rest = (score - EVEN * (cosine + 1) / 2) / (1 - EVEN);
    return rest > 0.001 ? rest : 0.001;
}

/* The scaling to 1 at a cosine of 1 depends on slope and middle, which depend on it: repeated until
 * it stands still, which it does at once where the rewording lies well below 1. */
int calibration_fit(struct view scorer, uint32_t version, int64_t unrelated_micro,
                    int64_t rewording_micro, struct calibration *ret_calibration,
                    struct err *reterr)
{
    double unrelated = (double)unrelated_micro / ONE_MICRO;
    double rewording = (double)rewording_micro / ONE_MICRO;
    double low = without_even(LOW, unrelated), high = without_even(HIGH, rewording);
    double scale = 1, slope = 1, middle = 0;

    if (!(unrelated >= -1 && unrelated < rewording && rewording < 1))
        return fail(
            reterr, ERR_INVALID,
            "the cosine of unrelated texts (%.6f) must lie below that of rewordings (%.6f), "
            "and that below 1",
            unrelated, rewording);
    for (int i = 0; i < FIT_ROUNDS; i++) {
        slope = (logit(high / scale) - logit(low / scale)) / (rewording - unrelated);
        middle = unrelated - logit(low / scale) / slope;
        scale = 1 + exp(-slope * (1 - middle));
    }
    return calibration_make(scorer, version, slope, middle, ret_calibration, reterr);
}

int64_t calibration_map_micro(const struct calibration *calibration, int64_t cosine_micro)
{
    double cosine = (double)cosine_micro / ONE_MICRO;

    cosine = cosine < -1 ? -1 : cosine > 1 ? 1 : cosine;
    double top = 1 + exp(-calibration->slope * (1 - calibration->middle));
    double bottom = 1 + exp(-calibration->slope * (cosine - calibration->middle));
    double score = (1 - EVEN) * top / bottom + EVEN * (cosine + 1) / 2;
    return llround(score * ONE_MICRO);
}
