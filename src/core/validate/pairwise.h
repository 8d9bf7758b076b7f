/* SPDX-License-Identifier: Apache-2.0
 *
 * pairwise: a model asked which of two answers is the better one, and what many such verdicts come
 * to: who wins how often, how sure that is, and how far the judge goes by the place an answer
 * stands in rather than by what it says.
 *
 * Each pair is shown in both orders. One round is one verdict in each order: where both name the
 * same answer, it won the round; where the verdict stays with the place (the first both times,
 * say), the round is a tie and counts as turned by the order. Rounds of one pair are settled by
 * majority. As in judge.h, texts stand as data between tags named by a digest of all of them, and
 * what is no verdict in strict JSON is no verdict.
 * Source: position bias as in Zheng et al., "Judging LLM-as-a-judge", 2023; the interval is
 * Wilson's, 1927; the test is the exact sign test over decided pairs.
 * Memory: the caller's arena. Threads: no state. Limits: PAIRWISE_ROUNDS_MAX rounds a pair,
 * JUDGE_REASON_MAX bytes of a reason. */
#ifndef ASSAY_CORE_VALIDATE_PAIRWISE_H
#define ASSAY_CORE_VALIDATE_PAIRWISE_H

#include "base/arena.h"
#include "base/err.h"
#include "provider/chat.h"

enum { PAIRWISE_ROUNDS_MAX = 25 };

struct pairwise_question {
    struct view rubric;
    struct view question;   /* that was answered; empty: not known */
    struct view answers[2]; /* in the order they are shown */
    uint64_t sample;        /* which repeat this is, from 0 */
};

/* What a rubric says where nobody gives one. */
extern const char *const pairwise_rubric;

/* The chat to ask the judge, in the arena. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int pairwise_chat(const struct pairwise_question *question, struct arena *arena,
                             struct chat *ret_chat);

enum pairwise_choice { PAIRWISE_NONE, PAIRWISE_FIRST, PAIRWISE_SECOND, PAIRWISE_TIE };

struct pairwise_verdict {
    enum pairwise_choice choice;
    struct view reason; /* one line, in the arena */
};

/* Reads {"better": "first"|"second"|"tie", "reason": "…"}, alone or in one fenced block.
 * ERR_PROTOCOL with what is wrong in words, ERR_MEMORY. */
MUST_CHECK int pairwise_read(struct view text, struct arena *arena,
                             struct pairwise_verdict *ret_verdict, struct err *reterr);

/* ---- what the verdicts come to --------------------------------------------------------------- */

enum pairwise_winner { PAIRWISE_UNKNOWN, PAIRWISE_A, PAIRWISE_B, PAIRWISE_EVEN };

/* One pair of answers: side A's and side B's. */
struct pairwise_pair {
    /* [round][0]: A was shown first; [round][1]: B was. PAIRWISE_NONE where no verdict came. */
    enum pairwise_choice votes[PAIRWISE_ROUNDS_MAX][2];
    size_t rounds;
    struct view reason; /* of a vote for the winner; empty where there is none */
    struct view error;  /* why a vote did not come; empty where all came */

    /* Filled by pairwise_settle. */
    enum pairwise_winner winner;
    size_t decided;  /* rounds with both votes */
    size_t turned;   /* of them, those that the order turned */
    size_t agreeing; /* of them, those of the commonest outcome */
};

void pairwise_settle(struct pairwise_pair *pair);

/* "a", "b", "tie", "unknown". */
const char *pairwise_winner_name(enum pairwise_winner winner);

/* Many settled pairs. */
struct pairwise_tally {
    size_t pairs;
    size_t wins[2]; /* of A, of B */
    size_t ties;
    size_t unknown;
    size_t rounds;      /* decided */
    size_t turned;      /* by the order */
    size_t agreeing;    /* with the commonest outcome of their pair */
    size_t votes;       /* for one of the two, either order */
    size_t votes_first; /* of them, for the one that was shown first */

    /* Filled by pairwise_conclude; 0 to 1. */
    double rate; /* B's wins among decided pairs; .5 where none is */
    double low;  /* Wilson's interval of that rate, 95 % */
    double high;
    double p; /* two-sided exact sign test; 1 where no pair is decided */
};

void pairwise_add(struct pairwise_tally *tally, const struct pairwise_pair *pair);
void pairwise_conclude(struct pairwise_tally *tally);

#endif
