/* SPDX-License-Identifier: Apache-2.0
 *
 * explain_entries: single entries and checks, see explain.h. The test of an entry's scores goes
 * through all ways of choosing which of its answers are "now" where there are few; otherwise it
 * draws, and stops early once it is plain that p is not small (Besag and Clifford, "Sequential
 * Monte Carlo p-values", 1991: h hits in l draws, p = h / l, which is never too small). */
#include "core/golden/explain.h"

#include "base/mem.h"
#include "base/rng.h"
#include "stats/fdr.h"
#include "stats/fisher.h"
#include "stats/mcnemar.h"

enum { REPEATS_MAX = 2000, WAYS_MAX = 20000, DRAWS_MAX = 9999, HITS_MAX = 50 };

/* Both sides of an entry: the first `now` are today's answers. */
struct repeats {
    int64_t scores[REPEATS_MAX];
    bool passed[REPEATS_MAX];
    size_t now;
    size_t count;
};

/* A finding that was kept by its name alone failed when its answer was accepted. */
static bool is_failure(const struct finding *finding)
{
    return finding->severity >= SEVERITY_MAJOR || finding->message.len == 0;
}

static bool passes(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (is_failure(&verdict->findings[i]))
            return false;
    return true;
}

static void gather(const struct run_entry *entry, struct repeats *repeats)
{
    size_t count = 0;

    for (size_t i = 0; i < entry->sample_count && count < REPEATS_MAX / 2; i++)
        if (entry->samples[i].scored) {
            repeats->scores[count] = entry->samples[i].score.total_micro;
            repeats->passed[count++] = passes(&entry->samples[i].verdict);
        }
    repeats->now = count;
    for (size_t i = 0; i < entry->baseline->answer_count && count < REPEATS_MAX; i++) {
        repeats->scores[count] = entry->baseline->answers[i].score.total_micro;
        repeats->passed[count++] = passes(&entry->baseline->answers[i].verdict);
    }
    repeats->count = count;
}

/* ---- scores --------------------------------------------------------------------------------- */

/* Ways of choosing k of n, WAYS_MAX + 1 where there are more. */
static uint64_t ways_of(size_t n, size_t k)
{
    uint64_t ways = 1;

    for (size_t i = 1; i <= k; i++) {
        ways = ways * (n - k + i) / i;
        if (ways > WAYS_MAX)
            return WAYS_MAX + 1;
    }
    return ways;
}

/* The next choice in lexicographic order; false after the last. */
static bool choose_next(size_t *chosen, size_t k, size_t n)
{
    size_t i = k;

    while (i > 0 && chosen[i - 1] == n - k + i - 1)
        i--;
    if (i == 0)
        return false;
    chosen[i - 1]++;
    for (; i < k; i++)
        chosen[i] = chosen[i - 1] + 1;
    return true;
}

static double exact_p(const struct repeats *repeats, int64_t seen, uint64_t ways)
{
    size_t chosen[64];
    uint64_t as_low = 0;

    for (size_t i = 0; i < repeats->now; i++)
        chosen[i] = i;
    do {
        int64_t sum = 0;
        for (size_t i = 0; i < repeats->now; i++)
            sum += repeats->scores[chosen[i]];
        as_low += sum <= seen;
    } while (choose_next(chosen, repeats->now, repeats->count));
    return (double)as_low / (double)ways;
}

static double drawn_p(const struct repeats *repeats, int64_t seen, uint64_t seed)
{
    struct repeats shuffled = *repeats;
    struct rng rng;
    unsigned hits = 0;

    rng_init_named(&rng, seed, view_of("golden/explain"));
    for (unsigned draw = 1; draw <= DRAWS_MAX; draw++) {
        int64_t sum = 0;
        for (size_t i = 0; i < shuffled.now; i++) {
            size_t other = i + (size_t)rng_below(&rng, shuffled.count - i);
            int64_t score = shuffled.scores[other];
            shuffled.scores[other] = shuffled.scores[i];
            shuffled.scores[i] = score;
            sum += score;
        }
        hits += sum <= seen;
        if (hits == HITS_MAX)
            return (double)hits / draw;
    }
    return (1 + (double)hits) / (1 + (double)DRAWS_MAX);
}

static double scores_p(const struct repeats *repeats, uint64_t seed)
{
    int64_t seen = 0;
    uint64_t ways = ways_of(repeats->count, repeats->now);

    for (size_t i = 0; i < repeats->now; i++)
        seen += repeats->scores[i];
    return ways <= WAYS_MAX && repeats->now <= 64 ? exact_p(repeats, seen, ways)
                                                  : drawn_p(repeats, seen, seed);
}

/* ---- one entry ------------------------------------------------------------------------------ */

static double passing_p(const struct repeats *repeats)
{
    uint64_t now = 0;
    uint64_t before = 0;

    for (size_t i = 0; i < repeats->count; i++)
        *(i < repeats->now ? &now : &before) += repeats->passed[i];
    return fisher_exact(before, repeats->count - repeats->now, now, repeats->now).p_worse;
}

static double entry_p(const struct repeats *repeats, uint64_t seed)
{
    bool scores_differ = false;
    bool passing_differs = false;

    for (size_t i = 1; i < repeats->count; i++) {
        scores_differ = scores_differ || repeats->scores[i] != repeats->scores[0];
        passing_differs = passing_differs || repeats->passed[i] != repeats->passed[0];
    }
    double by_score = scores_differ ? scores_p(repeats, seed) : 1;
    double by_passing = passing_differs ? passing_p(repeats) : 1;
    if (!scores_differ || !passing_differs)
        return by_score < by_passing ? by_score : by_passing;
    double twice = 2 * (by_score < by_passing ? by_score : by_passing);
    return twice < 1 ? twice : 1;
}

static bool is_testable(const struct run_entry *entry)
{
    return entry->baseline != NULL && entry->scored_count >= 2
           && entry->baseline->answer_count >= 2;
}

int explain_entries(struct run *run)
{
    double *p = mem_new(run->entry_count + 1, sizeof *p);
    struct repeats *repeats = mem_new(1, sizeof *repeats);
    size_t count = 0;
    int code = p != NULL && repeats != NULL ? 0 : ERR_MEMORY;

    for (size_t i = 0; code == 0 && i < run->entry_count; i++) {
        struct run_entry *entry = &run->entries[i];
        entry->is_tested = is_testable(entry);
        if (!entry->is_tested)
            continue;
        gather(entry, repeats);
        entry->p_fell = entry_p(repeats, run->seed + i);
        p[count++] = entry->p_fell;
    }
    if (code == 0 && count > 0)
        code = fdr_adjust(FDR_BENJAMINI_HOCHBERG, p, count, p);
    for (size_t i = 0, at = 0; code == 0 && i < run->entry_count; i++)
        if (run->entries[i].is_tested)
            run->entries[i].p_adjusted = p[at++];
    mem_free(repeats);
    mem_free(p);
    return code;
}

/* ---- checks --------------------------------------------------------------------------------- */

void explain_checks(struct run *run)
{
    struct gate *gate = &run->gate;

    gate->checks_broke = 0;
    gate->checks_healed = 0;
    for (size_t i = 0; i < run->entry_count; i++) {
        const struct run_entry *entry = &run->entries[i];
        if (entry->baseline == NULL || entry->scored_count == 0 || entry->is_quarantined)
            continue;
        gate->checks_broke += entry->baseline_passed && !entry->passed;
        gate->checks_healed += !entry->baseline_passed && entry->passed;
    }
    gate->checks_p = gate->checks_broke + gate->checks_healed > 0
                         ? mcnemar_exact(gate->checks_broke, gate->checks_healed).p_worse
                         : 1;
}
