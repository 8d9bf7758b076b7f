/* SPDX-License-Identifier: Apache-2.0
 *
 * support: what in an answer no source supports: values that stand in none (support.value), and
 * claims whose words hardly do (support.low).
 *
 * A value counts as supported where a source or the question has it in any form that values.h takes
 * for equal; where a part of a source's value says as much (the year of a date); where the source
 * has it rounded and the answer says "about"; where it is the count of the answer's own list; and
 * where it follows by arithmetic (support_reckon.c): a sum, difference or share of two numbers that
 * stand near each other in a source, what the answer or the question names the operands of, days
 * between two dates. A total or mean that the question asks for passes unless it looks like a slip.
 *
 * Low support: the share of the claim's content words, weighted by how rare they are in the sources
 * (IDF), that the best stretch of a source has. Words come from a morphology (Japanese nouns,
 * verbs, adjectives); without one, from runs of katakana and pairs of kanji. English words lose
 * common endings. A callback may add a calibrated similarity: the higher of both counts.
 *
 * This is not a judgement on truth: a value may be right and stand in no source, and a claim may
 * use every word of a source to say the opposite. Figures: docs/accuracy.md.
 *
 * Memory: struct support_sources from base/mem, constant and shareable; results in the caller's
 * arena. Threads: no state; the morphology has one user at a time. Time: linear in sources and
 * answer. Limits: the enum below; what is past them is not looked at, and is_partial says so. */
#ifndef ASSAY_TEXT_SUPPORT_H
#define ASSAY_TEXT_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "text/claims.h"
#include "text/morphology.h"
#include "text/values.h"

enum {
    SUPPORT_SOURCE_MAX = 16 * 1024 * 1024, /* bytes of all sources together */
    SUPPORT_ANSWER_MAX = 16 * 1024 * 1024,
    SUPPORT_VALUES_MAX = 1000000, /* of the sources */
    SUPPORT_FINDINGS_MAX = 100,   /* told; more are counted */
    SUPPORT_FLOOR_MICRO = 200000, /* below it a claim has low support */
};

/* ---- sources: read once, for any number of answers ------------------------------------------- */

struct support_sources;

/* The question counts as a source of values, and its words as known; empty: none. The texts are
 * borrowed and must outlive the result. The morphology may be NULL. ERR_MEMORY; what is past
 * SUPPORT_SOURCE_MAX is left out. */
MUST_CHECK int support_sources_new(const struct view *sources, size_t count, struct view question,
                                   const struct morphology *morphology,
                                   struct support_sources **ret_sources);
void support_sources_free(struct support_sources *sources); /* NULL is fine */

/* ---- an answer ------------------------------------------------------------------------------- */

struct support_options {
    int64_t floor_micro; /* of support.low; SUPPORT_FLOOR_MICRO is the default */
    bool values;         /* look for unsupported values */
    bool low;            /* score claims */
    /* Calibrated similarity of a claim to a stretch of a source, 0 to 1,000,000; negative: unknown.
     * NULL: words alone. */
    int64_t (*similarity)(void *context, struct view claim, struct view source);
    void *context;
};

/* A value of the answer that no source has. */
struct support_value {
    struct value value;  /* start, end: bytes of the answer */
    struct view nearest; /* the source's value of the same unit that is most like it; empty: none.
                            A view of a source */
    size_t claim;        /* index into the claims */
};

/* How well the sources carry one claim. */
struct support_claim {
    struct claim claim;
    int64_t score_micro; /* −1: not judged (a greeting, a question, no content words) */
    struct view best;    /* the stretch that carries it best; a view of a source; empty: none */
    uint32_t source;     /* its number */
    bool is_low;         /* below the floor */
};

struct support_report {
    const struct support_value
        *values; /* in the order of the answer, SUPPORT_FINDINGS_MAX at most */
    size_t value_count;
    size_t value_total; /* found, those not told included */
    size_t checked;     /* values of the answer that were looked for */
    const struct support_claim *claims;
    size_t claim_count;
    size_t judged;        /* claims with a score */
    size_t low_count;     /* of them below the floor */
    int64_t lowest_micro; /* −1 where none was judged */
    int64_t mean_micro;   /* weighted by the claims' content words; −1 likewise */
    bool is_partial;      /* a limit was met */
};

/* ERR_MEMORY, or what the morphology says. Without a source everything is empty: nothing can be
 * held against nothing. */
MUST_CHECK int support_judge(struct arena *arena, const struct support_sources *sources,
                             struct view answer, const struct morphology *morphology,
                             const struct support_options *options,
                             struct support_report *ret_report);

/* "3,500円 (money) stands in no source; the nearest is 3,000円", in the arena; NULL: no memory. */
char *support_value_message(struct arena *arena, struct view answer,
                            const struct support_value *found);
/* "the sources carry 12 % of the words of this claim", likewise. */
char *support_claim_message(struct arena *arena, const struct support_claim *found);

#endif
