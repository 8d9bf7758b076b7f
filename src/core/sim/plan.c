/* SPDX-License-Identifier: Apache-2.0
 *
 * plan: what one sample follows and gets wrong; see job.h. */
#include "core/sim/job.h"

/* A small model misses twice as often. */
static const double SMALL_MISSES = 2.0;
/* The share of misses that stays at temperature 0. */
static const double COLD_MISSES = 0.2;

static bool follows(const struct job *job, enum sim_rule rule)
{
    double misses = 1.0 - job->sim->profile.reliability[rule];
    double heat = job->temperature < 1.0 ? job->temperature : 1.0;
    struct rng rng = job_rng(job, sim_rule_word(rule));

    misses *= (job->small ? SMALL_MISSES : 1.0) * (COLD_MISSES + (1.0 - COLD_MISSES) * heat);
    return rng_unit(&rng) >= misses;
}

static enum sim_language language_of(const struct job *job)
{
    const struct brief *brief = job->brief;
    enum sim_language language = brief->own_language;

    if (job->follows[SIM_RULE_LANGUAGE]) {
        if (brief->language == DETAIL_CUSTOMER)
            language = brief->question_language;
        else
            language = brief->language == DETAIL_JAPANESE ? SIM_JA : SIM_EN;
    }
    if (job->defects[SIM_DEFECT_LANGUAGE])
        language = language == SIM_EN ? SIM_JA : SIM_EN;
    return language;
}

static void plan_defects(struct job *job)
{
    for (int i = 0; i < SIM_DEFECT_COUNT; i++) {
        char purpose[40];
        snprintf(purpose, sizeof purpose, "defect %s", sim_defect_word((enum sim_defect)i));
        struct rng rng = job_rng(job, purpose);
        job->defects[i] = rng_unit(&rng) < job->sim->defects[i];
    }
    if (job->defects[SIM_DEFECT_KEYWORD])
        job->follows[SIM_RULE_TITLE] = job->follows[SIM_RULE_MENTION] =
            job->follows[SIM_RULE_FACTS] = job->follows[SIM_RULE_FORBID] = false;
    if (job->defects[SIM_DEFECT_HALLUCINATION])
        job->follows[SIM_RULE_GROUNDED] = false;
    if (job->defects[SIM_DEFECT_FORMAT] && !job->follows[SIM_RULE_JSON])
        job->follows[SIM_RULE_LIST] = job->follows[SIM_RULE_HEADING] =
            job->follows[SIM_RULE_TABLE] = false;
}

void job_plan(struct job *job)
{
    for (int i = 0; i < SIM_RULE_COUNT; i++)
        job->follows[i] = job->brief->wants[i] && follows(job, (enum sim_rule)i);
    plan_defects(job);
    job->language = language_of(job);
    job->polite = job->follows[SIM_RULE_POLITE];
}
