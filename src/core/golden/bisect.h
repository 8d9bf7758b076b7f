/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect: which commit of a line made the answers worse, where every answer is drawn by chance: the
 * machine that says whom to ask what next, and what follows from what came back.
 *
 * Commits 0 (good) … count − 1 (bad) in order. `versions` says what each entry asks at each commit,
 * as a number: equal numbers are the same question judged by the same rules, so that
 *   - entries that are the same at both ends are not asked at all,
 *   - neighbours that are the same in all entries that count are one: the later cannot be at fault,
 *   - an answer to a question is drawn once, wherever in the line that question stands.
 * One answer passes or fails (bisect_passes); the phases:
 *   survey     every entry that differs, `repeat` times at each end;
 *   calibrate  the entries that fell most (the discordant ones) once more, 15 answers an end, since
 *              those that chose them flatter; where three quarters of the entries fell, all count
 *              with the answers they have. As many again, three times at most, while it is open
 *              whether the ends differ;
 *   probe      the commit whose answer is expected to leave the least entropy (stats/noisy_search),
 *              with one of the discordant entries in turn, until one commit has .95;
 *   confirm    all entries that this commit changed, before it and at it.
 * The ends differ where the exact test of passes within entries says so (at .0125 in each of its
 * four looks), or the sign-flip test of rates over entries, with a mean fall of .03 at least, at
 * .05; otherwise nothing is searched.
 * The prior of a commit is the share of the discordant entries whose question it changes: of one
 * that changes none it is 0. Commits that cannot be asked are skipped, never blamed alone.
 *
 * Pure; the same answers give the same questions, which is how a search is taken up again.
 * Memory: base/mem, freed by bisect_free. Threads: one owner. Limits: NOISY_SEARCH_MAX commits that
 * differ, BISECT_CELLS_MAX commits × entries. */
#ifndef ASSAY_CORE_GOLDEN_BISECT_H
#define ASSAY_CORE_GOLDEN_BISECT_H

#include "core/golden/score.h"
#include "core/record/run.h"
#include "stats/noisy_search.h"

enum { BISECT_CELLS_MAX = 1 << 26, BISECT_ERRORS_MAX = 10, BISECT_CALIBRATION = 15 };

struct bisect;

struct bisect_options {
    size_t commits;
    size_t entries;
    const uint64_t *versions; /* [commit × entries + entry]; 0: cannot be asked there. Held until
                                 bisect_free */
    const bool *is_skipped;   /* of commits: does not load. Never 0 or the last */
    uint32_t repeat;          /* of the survey; 0: as many as give 15 answers an end, at least 3 */
    uint64_t calls_max;       /* 0: no bound */
    uint64_t seed;            /* of the order in which entries take their turn */
};

enum bisect_phase {
    BISECT_SURVEY_GOOD,
    BISECT_SURVEY_BAD,
    BISECT_CALIBRATE,
    BISECT_PROBE,
    BISECT_CONFIRM,
    BISECT_ENDED,
};

enum bisect_outcome {
    BISECT_RUNNING,
    BISECT_FOUND,       /* one commit has .95 */
    BISECT_SAME_ENDS,   /* good and bad do not differ measurably */
    BISECT_SAME_ASKED,  /* good and bad ask the very same questions */
    BISECT_BUDGET,      /* calls_max, or bisect_stop */
    BISECT_INTERRUPTED, /* bisect_stop */
    BISECT_UNANSWERED,  /* BISECT_ERRORS_MAX answers in a row could not be had */
};

/* One question: the sample-th draw of what the entry asks at that commit. */
struct bisect_ask {
    size_t commit;
    size_t entry;
    uint32_t sample;
};

enum bisect_answer { BISECT_PASSED, BISECT_FAILED, BISECT_NO_ANSWER };

/* Passes of answers, on one side. */
struct bisect_rate {
    uint32_t passes;
    uint32_t answers;
};

/* What was seen of two commits. */
struct bisect_contrast {
    struct bisect_rate before;
    struct bisect_rate after;
    size_t entries;   /* that were compared */
    double mean;      /* over entries: rate after − rate before */
    double p_entries; /* sign-flip over entries, one-sided; 1 with fewer than two */
    double p_answers; /* exact, of passes within entries, one-sided */
};

struct bisect_result {
    enum bisect_phase phase;
    enum bisect_outcome outcome;
    uint32_t repeat;
    uint64_t calls;
    size_t entries_asked; /* that differ between the ends */
    size_t discordant;    /* of them, those that are probed */
    size_t versions;      /* commits that differ from the one before in a discordant entry */
    struct bisect_contrast survey;
    bool is_calibrated;                 /* the discordant entries were asked anew */
    struct bisect_contrast calibration; /* of the discordant entries, which the test is of */
    double p_good;                      /* pass rates before and from the commit at fault on */
    double p_bad;
    bool is_searched;  /* best, before and posterior are known */
    size_t best;       /* the commit */
    size_t before;     /* the last one before it that loads */
    double posterior;  /* of best */
    bool is_confirmed; /* `confirmation` is known */
    struct bisect_contrast confirmation;
};

/* ERR_INVALID where the options make no line, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int bisect_new(const struct bisect_options *options, struct bisect **ret_bisect);
void bisect_free(struct bisect *bisect); /* NULL is fine */

/* How many questions the survey takes, before any is asked. */
uint64_t bisect_survey_calls(const struct bisect *bisect);

/* Another bound for all questions together; 0: none. */
void bisect_limit(struct bisect *bisect, uint64_t calls_max);

/* The next question; false where none can be asked until answers come, or all has ended. */
bool bisect_next(struct bisect *bisect, struct bisect_ask *ret_ask);

/* What came of a question. The answers of a phase may come in any order. */
MUST_CHECK int bisect_feed(struct bisect *bisect, const struct bisect_ask *ask,
                           enum bisect_answer answer);

/* Ends it: BISECT_BUDGET or BISECT_INTERRUPTED. What is known stays. */
void bisect_stop(struct bisect *bisect, enum bisect_outcome outcome);

struct bisect_result bisect_result(const struct bisect *bisect);

/* The posterior that the commit is the first bad one; 0 before the search. */
double bisect_posterior(const struct bisect *bisect, size_t commit);

/* Answers at that commit, of the discordant entries. */
struct bisect_rate bisect_seen(const struct bisect *bisect, size_t commit);

/* The commits of the smallest set with that share of the posterior, in order: room for all of them
 * in ret_commits. Returns how many. */
size_t bisect_credible(const struct bisect *bisect, double share, size_t *ret_commits);

/* True where the entry is one of those that are probed. */
bool bisect_is_discordant(const struct bisect *bisect, size_t entry);

/* "found", "same_ends", … */
const char *bisect_outcome_name(enum bisect_outcome outcome);

/* Whether one answer passes, held against the answers of the good end: its score is not lower than
 * theirs by the limit of a major regression, and no check fails in it that counts as major or worse
 * and did not fail in most of theirs. `good` NULL: by its checks alone. */
bool bisect_passes(const struct score *score, const struct verdict *verdict,
                   const struct baseline_entry *good, const struct severity_limits *limits);

#endif
