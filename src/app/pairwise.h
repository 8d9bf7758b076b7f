/* SPDX-License-Identifier: Apache-2.0
 *
 * pairwise: asks a target which of two answers is the better one, for every entry of a comparison
 * whose answers differ, in both orders, `rounds` times (core/validate/pairwise.h).
 *
 *   pairwise_new → pairwise_start → (the loop runs) → pairwise_finish → pairwise_free
 *
 * Answers that are the same are a tie without being asked about. Who could not be asked, or gave no
 * verdict, leaves a round undecided; ten failures in a row before any verdict end the asking. No
 * question is put once what was answered has cost `max_cost`, and none is begun that its mean cost
 * so far would not leave room for.
 * Memory: its arena, and the questions under way. Threads: the loop's.
 * Limit: PAIRWISE_AT_ONCE questions at once. */
#ifndef ASSAY_APP_PAIRWISE_H
#define ASSAY_APP_PAIRWISE_H

#include "app/host.h"
#include "config/settings.h"
#include "core/golden/compare.h"

struct pairwise;

enum { PAIRWISE_AT_ONCE = 20, PAIRWISE_FAILURES_MAX = 10 };

struct pairwise_options {
    const struct settings *settings;
    const struct settings_target *target;
    struct view rubric;        /* empty: pairwise_rubric */
    size_t rounds;             /* 1 to PAIRWISE_ROUNDS_MAX */
    uint32_t at_once;          /* 0: PAIRWISE_AT_ONCE */
    uint64_t seed;             /* of retry delays, and a simulator's */
    int64_t max_cost_nano_usd; /* −1: no bound */
    void (*progress)(void *context, size_t done, size_t total);
    void *progress_context;
};

/* Opens the target. The comparison and the options' pointers hold until pairwise_free, and the
 * comparison as long as the host's loop runs. Codes of target_prepare and target_open. */
MUST_CHECK int pairwise_new(const struct host *host, struct comparison *comparison,
                            const struct pairwise_options *options, struct pairwise **ret_pairwise,
                            struct err *reterr);
/* NULL is fine. */
void pairwise_free(struct pairwise *pairwise);

/* How many questions there are. */
size_t pairwise_total(const struct pairwise *pairwise);
/* What they may cost: tokens in, and dollars where a price is known (without the answers). */
MUST_CHECK int pairwise_forecast(const struct pairwise *pairwise, struct strbuf *out);

void pairwise_start(struct pairwise *pairwise, void (*ended)(void *context), void *context);
/* Asks nothing more; what is under way is cancelled, `ended` follows soon. */
void pairwise_interrupt(struct pairwise *pairwise);

/* Settles the pairs and puts them, and what they come to, into the comparison; texts live in
 * `arena`. ERR_MEMORY, and the reason where nothing could be had from the judge at all. */
MUST_CHECK int pairwise_finish(struct pairwise *pairwise, struct arena *arena, struct err *reterr);

#endif
