/* SPDX-License-Identifier: Apache-2.0
 *
 * bisect_state: what the files of bisect share: bisect.c (questions and phases), bisect_search.c
 * (which entries count, nodes, tests), bisect_result.c (what is told).
 *
 * Threads: one owner. */
#ifndef ASSAY_CORE_GOLDEN_BISECT_STATE_H
#define ASSAY_CORE_GOLDEN_BISECT_STATE_H

#include "base/rng.h"
#include "core/golden/bisect.h"

enum { BISECT_REPEAT_MIN = 3 };

/* One distinct question of an entry. */
struct bisect_cell {
    uint64_t version;
    uint32_t drawn; /* samples that were numbered */
    struct bisect_rate rate;
};

struct bisect_entry {
    bool is_asked;           /* differs between the ends */
    bool is_discordant;      /* fell most: is probed */
    struct bisect_rate good; /* of the survey */
    struct bisect_rate bad;
    struct bisect_rate ends_good; /* what its ends are known by: of the calibration, or of all */
    struct bisect_rate ends_bad;
};

/* Commits in a row that ask the same of all discordant entries. */
struct bisect_node {
    size_t first;
    size_t last; /* of those that load */
};

struct bisect {
    struct bisect_options options;
    struct rng rng;
    enum bisect_phase phase;
    enum bisect_outcome outcome;
    uint32_t repeat;
    uint64_t calls;

    struct bisect_cell *cells; /* of all entries, those of one entry in a row */
    size_t cell_count;
    size_t *cell_of; /* [commit × entries + entry] */
    struct bisect_entry *entries;
    size_t asked_count;
    size_t discordant_count;

    struct bisect_ask *asks; /* of this phase */
    size_t ask_count;
    size_t ask_room;
    size_t ask_next;
    size_t awaited;
    size_t errors; /* in a row */

    bool is_calibrated;
    size_t looks; /* at the ends, so far */
    struct bisect_contrast survey;
    struct bisect_contrast calibration;

    struct bisect_node *nodes;
    size_t node_count;
    size_t *node_of; /* of commits; SIZE_MAX for skipped ones */
    struct noisy_search search;
    bool is_searching;
    size_t *turns; /* discordant entries in the order of their next turns */
    size_t turn_next;

    size_t confirmed_commit;
    size_t confirmed_before;
    bool is_confirmed;
    struct bisect_contrast confirmation;
};

uint64_t bisect_version(const struct bisect *bisect, size_t commit, size_t entry);
struct bisect_cell *bisect_cell(const struct bisect *bisect, size_t commit, size_t entry);

/* Adds a question to those of this phase. */
MUST_CHECK int bisect_want(struct bisect *bisect, size_t commit, size_t entry);
MUST_CHECK int bisect_survey(struct bisect *bisect, enum bisect_phase phase);
/* All answers of the phase are there. */
MUST_CHECK int bisect_advance(struct bisect *bisect);
void bisect_end(struct bisect *bisect, enum bisect_outcome outcome);

/* bisect_search.c: picks the discordant entries by the survey; ret_any false where nothing fell. */
MUST_CHECK int bisect_choose(struct bisect *bisect, bool *ret_any);
/* 1: they do; 0: as good as settled that they do not; -1: more answers would tell. */
MUST_CHECK int bisect_ends_differ(struct bisect *bisect, int *ret_differ);
/* The survey's answers of the discordant entries are what their ends are known by. */
void bisect_keep_survey(struct bisect *bisect);
/* Nodes, prior, and what the ends showed. */
MUST_CHECK int bisect_search(struct bisect *bisect);
/* The discordant entry whose turn it is. */
size_t bisect_turn(struct bisect *bisect);
/* Asks what is missing to compare the likeliest commit with the one before. */
MUST_CHECK int bisect_confirm(struct bisect *bisect);

/* Both sides of an entry; false where one of them has no answer. */
typedef bool bisect_side(const struct bisect *bisect, size_t entry, struct bisect_rate *ret_before,
                         struct bisect_rate *ret_after);
MUST_CHECK int bisect_compare(const struct bisect *bisect, bisect_side *side,
                              struct bisect_contrast *ret_contrast);

/* The sides of the survey, the calibration and the confirmation. */
bisect_side bisect_side_survey;
bisect_side bisect_side_calibration;
bisect_side bisect_side_confirmation;

#endif
