/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_result: what a bisection tells, and when one answer passes. */
#include "core/golden/bisect_state.h"

#include "base/mem.h"

static void tell_search(const struct bisect *bisect, struct bisect_result *result)
{
    result->versions = bisect->node_count - 1;
    result->p_good = bisect->search.p_good;
    result->p_bad = bisect->search.p_bad;
    size_t best = noisy_search_best(&bisect->search, &result->posterior);
    result->is_searched = true;
    result->best = bisect->nodes[best].first;
    result->before = bisect->nodes[best - 1].last;
}

struct bisect_result bisect_result(const struct bisect *bisect)
{
    struct bisect_result result = {
        .phase = bisect->phase,
        .outcome = bisect->outcome,
        .repeat = bisect->repeat,
        .calls = bisect->calls,
        .entries_asked = bisect->asked_count,
        .discordant = bisect->discordant_count,
        .survey = bisect->survey,
        .is_calibrated = bisect->is_calibrated,
        .calibration = bisect->calibration,
        .is_confirmed = bisect->is_confirmed,
        .confirmation = bisect->confirmation,
    };

    if (bisect->is_searching)
        tell_search(bisect, &result);
    return result;
}

static size_t node_at(const struct bisect *bisect, size_t commit)
{
    return bisect->is_searching ? bisect->node_of[commit] : SIZE_MAX;
}

double bisect_posterior(const struct bisect *bisect, size_t commit)
{
    size_t node = node_at(bisect, commit);

    return node != SIZE_MAX && bisect->nodes[node].first == commit ? bisect->search.posterior[node]
                                                                   : 0;
}

struct bisect_rate bisect_seen(const struct bisect *bisect, size_t commit)
{
    size_t node = node_at(bisect, commit);

    if (node == SIZE_MAX || bisect->nodes[node].first != commit)
        return (struct bisect_rate){0};
    const struct noisy_commit *seen = &bisect->search.commits[node];
    return (struct bisect_rate){.passes = seen->passes, .answers = seen->passes + seen->failures};
}

size_t bisect_credible(const struct bisect *bisect, double share, size_t *ret_commits)
{
    size_t count = 0;

    if (!bisect->is_searching)
        return 0;
    bool *members = mem_new(bisect->node_count, sizeof *members);
    if (members == NULL)
        return 0;
    (void)noisy_search_credible(&bisect->search, share, members);
    for (size_t i = 0; i < bisect->node_count; i++)
        if (members[i])
            ret_commits[count++] = bisect->nodes[i].first;
    mem_free(members);
    return count;
}

bool bisect_is_discordant(const struct bisect *bisect, size_t entry)
{
    return bisect->entries[entry].is_discordant;
}

const char *bisect_outcome_name(enum bisect_outcome outcome)
{
    static const char *const names[] = {
        [BISECT_RUNNING] = "running",       [BISECT_FOUND] = "found",
        [BISECT_SAME_ENDS] = "same_ends",   [BISECT_SAME_ASKED] = "same_questions",
        [BISECT_BUDGET] = "budget",         [BISECT_INTERRUPTED] = "interrupted",
        [BISECT_UNANSWERED] = "unanswered",
    };
    return names[outcome];
}

/* ---- when one answer passes ----------------------------------------------------------------- */

/* A check that fails in half of the good answers or more says nothing about a commit. */
static bool failed_before(const struct baseline_entry *good, struct view check)
{
    size_t failed = 0;

    for (size_t i = 0; i < good->answer_count; i++) {
        const struct verdict *verdict = &good->answers[i].verdict;
        for (size_t j = 0; j < verdict->count; j++)
            if (view_equal(verdict->findings[j].check, check)) {
                failed++;
                break;
            }
    }
    return good->answer_count > 0 && failed * 2 >= good->answer_count;
}

static bool mean_total(const struct baseline_entry *good, int32_t *ret_micro)
{
    int64_t sum = 0;
    int64_t count = 0;

    for (size_t i = 0; i < good->answer_count; i++)
        if (good->answers[i].score.total_micro != SCORE_ABSENT) {
            sum += good->answers[i].score.total_micro;
            count++;
        }
    if (count > 0)
        *ret_micro = (int32_t)(sum / count);
    return count > 0;
}

bool bisect_passes(const struct score *score, const struct verdict *verdict,
                   const struct baseline_entry *good, const struct severity_limits *limits)
{
    int32_t mean_micro = 0;

    for (size_t i = 0; i < verdict->count; i++)
        if (verdict->findings[i].severity >= SEVERITY_MAJOR
            && (good == NULL || !failed_before(good, verdict->findings[i].check)))
            return false;
    if (good == NULL || score->total_micro == SCORE_ABSENT || !mean_total(good, &mean_micro))
        return true;
    return mean_micro - score->total_micro < limits->major_micro;
}
