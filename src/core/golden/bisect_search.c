/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_search: which entries count, whether the ends differ, the nodes with their prior, and what
 * confirms a commit. */
#include "core/golden/bisect_state.h"

#include <math.h>

#include "base/mem.h"
#include "core/golden/gate_statistics.h"
#include "stats/normal.h"
#include "stats/permutation.h"

enum { EXACT_ANSWERS_MAX = 20000, LOOKS_MAX = 4 };

static const double LEVEL = .05;
/* Above it, more answers are not likely to show a difference. */
static const double P_OPEN = .5;
/* The least weight of a commit that changes a discordant entry at all. */
static const double WEIGHT_MIN = .1;

/* ---- the tests ------------------------------------------------------------------------------ */

static double rate_of(struct bisect_rate rate)
{
    return rate.answers > 0 ? (double)rate.passes / rate.answers : 0;
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Passes within an entry fall on its two sides by chance: hypergeometric. `weights` becomes the
 * distribution of the passes after, summed over the entries so far. */
static void add_entry(double *weights, size_t *width, struct bisect_rate before,
                      struct bisect_rate after, double *scratch)
{
    uint32_t passes = before.passes + after.passes;
    uint32_t least = passes > before.answers ? passes - before.answers : 0;
    uint32_t most = passes < after.answers ? passes : after.answers;
    double all = log_choose((double)before.answers + after.answers, passes);

    for (size_t i = 0; i < *width + most; i++)
        scratch[i] = 0;
    for (uint32_t x = least; x <= most; x++) {
        double p = exp(log_choose(after.answers, x) + log_choose(before.answers, passes - x) - all);
        for (size_t i = 0; i < *width; i++)
            scratch[i + x] += weights[i] * p;
    }
    *width += most;
    for (size_t i = 0; i < *width; i++)
        weights[i] = scratch[i];
}

/* The same by its mean and variance, with a continuity correction. */
static void add_moments(double *mean, double *variance, struct bisect_rate before,
                        struct bisect_rate after)
{
    double n = (double)before.answers + after.answers;
    double passes = (double)before.passes + after.passes;

    *mean += after.answers * passes / n;
    if (n > 1)
        *variance +=
            (double)after.answers * before.answers * passes * (n - passes) / (n * n) / (n - 1);
}

static double p_by_moments(const struct bisect *bisect, bisect_side *side, uint32_t passes)
{
    double mean = 0;
    double variance = 0;

    for (size_t i = 0; i < bisect->options.entries; i++) {
        struct bisect_rate before;
        struct bisect_rate after;
        if (side(bisect, i, &before, &after))
            add_moments(&mean, &variance, before, after);
    }
    return variance > 0 ? normal_cdf((passes + .5 - mean) / sqrt(variance)) : 1;
}

/* The probability of as few passes after, or fewer, were both sides alike in every entry. */
static int p_exact(const struct bisect *bisect, bisect_side *side, size_t answers, uint32_t passes,
                   double *ret_p)
{
    double *weights = mem_new(2 * (answers + 1), sizeof *weights);
    size_t width = 1;
    double p = 0;

    if (weights == NULL)
        return ERR_MEMORY;
    weights[0] = 1;
    for (size_t i = 0; i < bisect->options.entries; i++) {
        struct bisect_rate before;
        struct bisect_rate after;
        if (side(bisect, i, &before, &after))
            add_entry(weights, &width, before, after, weights + answers + 1);
    }
    for (size_t i = 0; i < width && i <= passes; i++)
        p += weights[i];
    mem_free(weights);
    *ret_p = p < 1 ? p : 1;
    return 0;
}

/* Rates after − before of each entry, and their sign-flip test. */
static int test_entries(const struct bisect *bisect, bisect_side *side,
                        struct bisect_contrast *contrast)
{
    int64_t *differences = mem_new(contrast->entries, sizeof *differences);
    struct permutation found = {.p = 1};
    size_t count = 0;
    int code = 0;

    if (differences == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < bisect->options.entries; i++) {
        struct bisect_rate before;
        struct bisect_rate after;
        if (!side(bisect, i, &before, &after))
            continue;
        differences[count] = llround((rate_of(after) - rate_of(before)) * MICRO);
        contrast->mean += (rate_of(after) - rate_of(before)) / (double)contrast->entries;
        count++;
    }
    if (count >= 2)
        code = permutation_drop(differences, NULL, count, bisect->options.seed, &found);
    mem_free(differences);
    contrast->p_entries = found.p;
    return code;
}

int bisect_compare(const struct bisect *bisect, bisect_side *side,
                   struct bisect_contrast *ret_contrast)
{
    struct bisect_contrast contrast = {.p_entries = 1, .p_answers = 1};
    int code = 0;

    for (size_t i = 0; i < bisect->options.entries; i++) {
        struct bisect_rate before;
        struct bisect_rate after;
        if (!side(bisect, i, &before, &after))
            continue;
        contrast.entries++;
        contrast.before.passes += before.passes;
        contrast.before.answers += before.answers;
        contrast.after.passes += after.passes;
        contrast.after.answers += after.answers;
    }
    if (contrast.entries > 0)
        code = test_entries(bisect, side, &contrast);
    if (code == 0 && contrast.after.answers > EXACT_ANSWERS_MAX)
        contrast.p_answers = p_by_moments(bisect, side, contrast.after.passes);
    else if (code == 0 && contrast.entries > 0)
        code = p_exact(bisect, side, contrast.after.answers, contrast.after.passes,
                       &contrast.p_answers);
    if (code == 0)
        *ret_contrast = contrast;
    return code;
}

bool bisect_side_survey(const struct bisect *bisect, size_t entry, struct bisect_rate *ret_before,
                        struct bisect_rate *ret_after)
{
    *ret_before = bisect->entries[entry].good;
    *ret_after = bisect->entries[entry].bad;
    return ret_before->answers > 0 && ret_after->answers > 0;
}

bool bisect_side_calibration(const struct bisect *bisect, size_t entry,
                             struct bisect_rate *ret_before, struct bisect_rate *ret_after)
{
    *ret_before = bisect->entries[entry].ends_good;
    *ret_after = bisect->entries[entry].ends_bad;
    return ret_before->answers > 0 && ret_after->answers > 0;
}

bool bisect_side_confirmation(const struct bisect *bisect, size_t entry,
                              struct bisect_rate *ret_before, struct bisect_rate *ret_after)
{
    uint64_t before = bisect_version(bisect, bisect->confirmed_before, entry);
    uint64_t after = bisect_version(bisect, bisect->confirmed_commit, entry);

    if (before == 0 || after == 0 || before == after)
        return false;
    *ret_before = bisect_cell(bisect, bisect->confirmed_before, entry)->rate;
    *ret_after = bisect_cell(bisect, bisect->confirmed_commit, entry)->rate;
    return ret_before->answers > 0 && ret_after->answers > 0;
}

/* ---- which entries count -------------------------------------------------------------------- */

static void choose_all(struct bisect *bisect)
{
    for (size_t i = 0; i < bisect->options.entries; i++)
        bisect->entries[i].is_discordant = bisect->entries[i].is_asked;
    bisect->discordant_count = bisect->asked_count;
}

int bisect_choose(struct bisect *bisect, bool *ret_any)
{
    const size_t last = bisect->options.commits - 1;
    double most = 0;

    for (size_t i = 0; i < bisect->options.entries; i++) {
        struct bisect_entry *entry = &bisect->entries[i];
        if (!entry->is_asked)
            continue;
        entry->good = bisect_cell(bisect, 0, i)->rate;
        entry->bad = bisect_cell(bisect, last, i)->rate;
        most = fmax(most, rate_of(entry->good) - rate_of(entry->bad));
    }
    int code = bisect_compare(bisect, bisect_side_survey, &bisect->survey);
    *ret_any = most > 0;
    if (code != 0 || !(most > 0))
        return code;
    for (size_t i = 0; i < bisect->options.entries; i++) {
        struct bisect_entry *entry = &bisect->entries[i];
        entry->is_discordant =
            entry->is_asked && rate_of(entry->good) - rate_of(entry->bad) >= most / 2;
        bisect->discordant_count += entry->is_discordant;
    }
    if (bisect->discordant_count * 4 >= bisect->asked_count * 3)
        choose_all(bisect);
    return 0;
}

void bisect_keep_survey(struct bisect *bisect)
{
    for (size_t i = 0; i < bisect->options.entries; i++) {
        struct bisect_entry *entry = &bisect->entries[i];
        entry->ends_good = entry->is_discordant ? entry->good : (struct bisect_rate){0};
        entry->ends_bad = entry->is_discordant ? entry->bad : (struct bisect_rate){0};
    }
}

int bisect_ends_differ(struct bisect *bisect, int *ret_differ)
{
    int code = bisect_compare(bisect, bisect_side_calibration, &bisect->calibration);

    if (code != 0)
        return code;
    bisect->looks++;
    if (bisect->calibration.p_answers < LEVEL / LOOKS_MAX && bisect->calibration.mean < 0) {
        *ret_differ = 1;
    } else if (gate_statistics_fail(bisect->survey.p_entries, bisect->survey.mean)) {
        choose_all(bisect); /* all fell a little, and those chosen were only unlucky */
        bisect_keep_survey(bisect);
        bisect->is_calibrated = false;
        *ret_differ = 1;
    } else {
        bool is_open = bisect->calibration.p_answers < P_OPEN && bisect->looks < LOOKS_MAX;
        *ret_differ = is_open ? -1 : 0;
    }
    return 0;
}

size_t bisect_turn(struct bisect *bisect)
{
    if (bisect->turn_next == 0) {
        for (size_t i = bisect->discordant_count; i-- > 1;) {
            size_t other = (size_t)rng_below(&bisect->rng, i + 1);
            size_t entry = bisect->turns[i];
            bisect->turns[i] = bisect->turns[other];
            bisect->turns[other] = entry;
        }
        bisect->turn_next = bisect->discordant_count;
    }
    return bisect->turns[--bisect->turn_next];
}

/* ---- nodes and prior ------------------------------------------------------------------------ */

static bool is_askable(const struct bisect *bisect, size_t commit)
{
    if (bisect->options.is_skipped[commit])
        return false;
    for (size_t i = 0; i < bisect->options.entries; i++)
        if (bisect->entries[i].is_discordant && bisect_version(bisect, commit, i) == 0)
            return false;
    return true;
}

/* How many discordant entries ask something else at one commit than at the other. */
static size_t count_changed(const struct bisect *bisect, size_t one, size_t other)
{
    size_t changed = 0;

    for (size_t i = 0; i < bisect->options.entries; i++)
        changed += bisect->entries[i].is_discordant
                   && bisect_version(bisect, one, i) != bisect_version(bisect, other, i);
    return changed;
}

static void make_nodes(struct bisect *bisect)
{
    bisect->node_count = 0;
    for (size_t commit = 0; commit < bisect->options.commits; commit++) {
        size_t last = bisect->node_count - 1; /* not used while there is none */
        bisect->node_of[commit] = SIZE_MAX;
        if (!is_askable(bisect, commit))
            continue;
        if (bisect->node_count == 0
            || count_changed(bisect, bisect->nodes[last].first, commit) > 0) {
            last = bisect->node_count++;
            bisect->nodes[last].first = commit;
        }
        bisect->nodes[last].last = commit;
        bisect->node_of[commit] = last;
    }
}

/* What asks the same as the good end is good, as the bad end bad: the first bad one lies between
 * the last of those and the first of these after it. */
static void find_bounds(const struct bisect *bisect, size_t *ret_after, size_t *ret_until)
{
    const size_t last = bisect->node_count - 1;

    *ret_after = 0;
    *ret_until = last;
    for (size_t i = 1; i < last; i++)
        if (count_changed(bisect, bisect->nodes[i].first, 0) == 0)
            *ret_after = i;
    for (size_t i = last; i-- > *ret_after + 1;)
        if (count_changed(bisect, bisect->nodes[i].first, bisect->nodes[last].first) == 0)
            *ret_until = i;
}

static void weigh_nodes(const struct bisect *bisect, double *ret_weights)
{
    size_t after;
    size_t until;

    find_bounds(bisect, &after, &until);
    for (size_t i = after + 1; i <= until; i++) {
        size_t changed = count_changed(bisect, bisect->nodes[i - 1].first, bisect->nodes[i].first);
        ret_weights[i] =
            WEIGHT_MIN + (1 - WEIGHT_MIN) * (double)changed / (double)bisect->discordant_count;
    }
}

/* What the ends showed. */
static void see_ends(struct bisect *bisect)
{
    for (size_t i = 0; i < bisect->options.entries; i++) {
        const struct bisect_entry *entry = &bisect->entries[i];
        if (!entry->is_discordant)
            continue;
        noisy_search_saw(&bisect->search, 0, entry->ends_good.passes,
                         entry->ends_good.answers - entry->ends_good.passes);
        noisy_search_saw(&bisect->search, bisect->node_count - 1, entry->ends_bad.passes,
                         entry->ends_bad.answers - entry->ends_bad.passes);
    }
}

int bisect_search(struct bisect *bisect)
{
    size_t turns = 0;

    make_nodes(bisect);
    if (bisect->node_count > NOISY_SEARCH_MAX)
        return ERR_LIMIT;
    double *weights = mem_new(bisect->node_count, sizeof *weights);
    if (weights == NULL)
        return ERR_MEMORY;
    weigh_nodes(bisect, weights);
    int code = noisy_search_init(&bisect->search, bisect->node_count, weights);
    mem_free(weights);
    if (code != 0)
        return code;
    bisect->is_searching = true;
    for (size_t i = 0; i < bisect->options.entries; i++)
        if (bisect->entries[i].is_discordant)
            bisect->turns[turns++] = i;
    see_ends(bisect);
    return 0;
}

/* ---- confirmation --------------------------------------------------------------------------- */

static int want_missing(struct bisect *bisect, size_t commit, size_t entry)
{
    int code = 0;

    for (uint32_t k = bisect_cell(bisect, commit, entry)->rate.answers;
         k < bisect->repeat && code == 0; k++)
        code = bisect_want(bisect, commit, entry);
    return code;
}

int bisect_confirm(struct bisect *bisect)
{
    double posterior = 0;
    size_t best = noisy_search_best(&bisect->search, &posterior);
    int code = 0;

    bisect->phase = BISECT_CONFIRM;
    bisect->confirmed_commit = bisect->nodes[best].first;
    bisect->confirmed_before = bisect->nodes[best - 1].last;
    for (size_t i = 0; i < bisect->options.entries && code == 0; i++) {
        uint64_t before = bisect_version(bisect, bisect->confirmed_before, i);
        uint64_t after = bisect_version(bisect, bisect->confirmed_commit, i);
        if (before == 0 || after == 0 || before == after)
            continue;
        code = want_missing(bisect, bisect->confirmed_before, i);
        if (code == 0)
            code = want_missing(bisect, bisect->confirmed_commit, i);
    }
    return code;
}
