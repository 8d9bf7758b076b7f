/* SPDX-License-Identifier: Apache-2.0
 *
 * adaptive_repeats: see adaptive_repeats.h. An entry's noise is the spread of its own repeats,
 * drawn towards that of all entries, as though it had PRIOR_FREEDOM repeats more of their spread:
 * two answers alone say too little. */
#include "core/golden/adaptive_repeats.h"

#include <math.h>

#include "core/golden/gate_statistics.h"

enum { PRIOR_FREEDOM = 4, SURE_ANSWERS = 4, FIRM_ANSWERS = 3 };

static const double Z_OPEN = 1.645;   /* nearer to a limit than this, in standard errors: open */
static const double Z_FIRM = 3;       /* so far past the critical limit: firm */
static const double Z_EFFECT = 2.486; /* z_.95 + z_.80: the smallest effect, in standard errors */
static const double Z_MAJORITY = .82; /* half of Z_OPEN: of a count of answers about its half */
static const double FUTILE = .25;     /* of the baseline's share of the variance */

struct spread {
    double squares;
    double freedom;
};

static bool is_compared(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count > 0 && !entry->is_quarantined;
}

static struct spread spread_of(const struct run_entry *entry)
{
    struct spread spread = {0, (double)entry->scored_count - 1};

    for (size_t i = 0; i < entry->sample_count; i++)
        if (entry->samples[i].scored) {
            double away = (double)entry->samples[i].score.total_micro - entry->score.total_micro;
            spread.squares += away * away;
        }
    if (entry->baseline == NULL || entry->baseline->answer_count == 0)
        return spread;
    for (size_t i = 0; i < entry->baseline->answer_count; i++) {
        double away = (double)entry->baseline->answers[i].score.total_micro
                      - entry->baseline_score.total_micro;
        spread.squares += away * away;
    }
    spread.freedom += (double)entry->baseline->answer_count - 1;
    return spread;
}

static double pooled_variance(const struct run *run)
{
    struct spread all = {0, 0};

    for (size_t i = 0; i < run->entry_count; i++) {
        if (run->entries[i].scored_count == 0 || run->entries[i].is_quarantined)
            continue;
        struct spread spread = spread_of(&run->entries[i]);
        all.squares += spread.squares;
        all.freedom += spread.freedom;
    }
    return all.freedom > 0 ? all.squares / all.freedom : 0;
}

/* Of one answer of this entry. */
static double variance_of(const struct run_entry *entry, double pooled)
{
    struct spread spread = spread_of(entry);

    return (spread.squares + PRIOR_FREEDOM * pooled) / (spread.freedom + PRIOR_FREEDOM);
}

/* One standard error of the entry's difference. */
static double error_of(const struct run_entry *entry, double pooled)
{
    double variance = variance_of(entry, pooled);

    return sqrt(variance / (double)entry->scored_count
                + variance / (double)entry->baseline->answer_count);
}

/* ---- one entry ------------------------------------------------------------------------------ */

static bool fails_a_check(const struct sample *sample, enum severity least)
{
    for (size_t i = 0; i < sample->verdict.count; i++)
        if (sample->verdict.findings[i].severity >= least)
            return true;
    return false;
}

static size_t count_failing(const struct run_entry *entry, enum severity least)
{
    size_t count = 0;

    for (size_t i = 0; i < entry->sample_count; i++)
        count += entry->samples[i].scored && fails_a_check(&entry->samples[i], least);
    return count;
}

/* Whether most answers fail a check is not plain yet; or the checks turned over, one way or the
 * other, in fewer answers than make one sure. */
static bool is_check_open(const struct run_entry *entry)
{
    double answers = (double)entry->scored_count;
    size_t failing = count_failing(entry, SEVERITY_MAJOR);
    bool is_mixed = failing > 0 && failing < entry->scored_count;
    bool has_turned = is_compared(entry) && entry->baseline_passed != (failing == 0);

    if (is_mixed)
        return fabs((double)failing - answers / 2) < Z_MAJORITY * sqrt(answers);
    return has_turned && entry->scored_count < SURE_ANSWERS;
}

/* The size of the difference, whichever its direction, is near a limit. */
static bool is_severity_open(const struct run_entry *entry, const struct severity_limits *limits,
                             double pooled)
{
    const int32_t at[] = {limits->critical_micro, limits->major_micro};
    double size = entry->drop_micro <= 0     ? -(double)entry->drop_micro
                  : entry->counted_micro > 0 ? entry->counted_micro
                                             : 0;
    double error = error_of(entry, pooled);

    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        if (fabs(size - at[i]) < Z_OPEN * error)
            return true;
    return false;
}

static bool is_open(const struct adaptive_repeats *machine, const struct run_entry *entry,
                    double pooled)
{
    if (entry->scored_count == 0 || entry->is_quarantined)
        return false;
    if (!is_compared(entry))
        return is_check_open(entry);
    return machine->mode != GATE_STATISTICS
           && (is_check_open(entry) || is_severity_open(entry, &machine->limits, pooled));
}

/* The gate fails by this entry, whatever else is asked. */
static bool is_firm(const struct adaptive_repeats *machine, const struct run_entry *entry,
                    double pooled)
{
    if (entry->scored_count == 0 || entry->is_quarantined)
        return false;
    if (!is_compared(entry))
        return entry->scored_count >= FIRM_ANSWERS
               && count_failing(entry, SEVERITY_MAJOR) == entry->scored_count;
    if (machine->mode == GATE_STATISTICS || entry->severity != SEVERITY_CRITICAL)
        return false;
    if (entry->newly_failed && entry->scored_count >= SURE_ANSWERS
        && count_failing(entry, SEVERITY_CRITICAL) == entry->scored_count)
        return true;
    return entry->counted_micro > machine->limits.critical_micro + Z_FIRM * error_of(entry, pooled);
}

/* ---- the suite ------------------------------------------------------------------------------ */

/* Entries that changed are a family of their own, tested apart. */
static bool is_of(const struct run_entry *entry, bool changed)
{
    return is_compared(entry)
           && (entry->prompt_changed || entry->model_changed || entry->params_changed) == changed;
}

/* Whether noise alone hides a drop that matters, and asking again would help. */
static bool is_imprecise(const struct run *run, bool changed, double pooled, size_t *ret_fewest)
{
    double now = 0;
    double before = 0;
    double count = 0;

    *ret_fewest = SIZE_MAX;
    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (!is_of(entry, changed))
            continue;
        double variance = variance_of(entry, pooled);
        now += variance / (double)entry->scored_count;
        before += variance / (double)entry->baseline->answer_count;
        count++;
        if (entry->sample_count < *ret_fewest)
            *ret_fewest = entry->sample_count;
    }
    return count > 0 && Z_EFFECT * sqrt(now + before) / count > GATE_MARGIN_MICRO
           && now > FUTILE * before;
}

static uint32_t extra_of(const struct adaptive_repeats *machine, size_t answers)
{
    uint32_t asked = (uint32_t)answers;

    if (asked >= machine->most)
        return 0;
    uint32_t more = asked / 2 > 1 ? asked / 2 : 1;
    return more < machine->most - asked ? more : machine->most - asked;
}

static void level_up(const struct adaptive_repeats *machine, const struct run *run, double pooled,
                     uint32_t *ret_extra)
{
    size_t fewest;

    for (int changed = 0; changed < 2; changed++) {
        if (!is_imprecise(run, changed != 0, pooled, &fewest))
            continue;
        for (size_t i = 0; i < run->entry_count; i++)
            if (is_of(&run->entries[i], changed != 0) && run->entries[i].sample_count == fewest
                && ret_extra[i] == 0)
                ret_extra[i] = extra_of(machine, fewest);
    }
}

void adaptive_repeats_next(const struct adaptive_repeats *machine, const struct run *run,
                           uint32_t *ret_extra, struct adaptive_round *ret_round)
{
    double pooled = pooled_variance(run);
    struct adaptive_round round = {.ended = ADAPTIVE_GOES_ON};
    bool failed = false;

    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        bool open = is_open(machine, entry, pooled);
        ret_extra[i] = open ? extra_of(machine, entry->sample_count) : 0;
        round.undecided += open;
        failed = failed || is_firm(machine, entry, pooled);
    }
    if (machine->mode != GATE_SEVERITY)
        level_up(machine, run, pooled, ret_extra);
    for (size_t i = 0; i < run->entry_count; i++) {
        ret_extra[i] = failed ? 0 : ret_extra[i];
        round.questions += ret_extra[i];
    }
    if (failed)
        round.ended = ADAPTIVE_FAILED;
    else if (round.questions == 0)
        round.ended = round.undecided > 0 ? ADAPTIVE_EXHAUSTED : ADAPTIVE_DECIDED;
    *ret_round = round;
}
