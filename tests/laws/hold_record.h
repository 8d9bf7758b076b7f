/* SPDX-License-Identifier: Apache-2.0
 *
 * hold_record: what the hold-back machine tells and lets out of a text that comes in given pieces,
 * written down, and what it should have let out, reckoned in the plainest way: for the law of
 * validated streams and for its fuzzer. */
#ifndef ASSAY_TESTS_HOLD_RECORD_H
#define ASSAY_TESTS_HOLD_RECORD_H

#include "base/rng.h"
#include "base/strbuf.h"
#include "core/validate/stream.h"

enum hold_row { ROW_PERSONAL, ROW_SECRET, ROW_INJECTION, ROW_WORD, ROW_LEAK, ROW_LATE, HOLD_ROWS };

/* The rules of the product and some more, compiled once. */
struct hold_rig {
    struct arena arena;
    struct scan_set *set;
    struct scan_scratch *scratch;
    struct leak_index *leaks;
    struct policy_check rows[HOLD_ROWS];
    bool *held;      /* all rules but those of ROW_LATE */
    bool *held_none; /* a machine that holds nothing back: the negative control */
};

/* What follows from each row, and when. */
struct hold_plan {
    const char *name;
    enum policy_action actions[HOLD_ROWS];
    enum policy_after after;
    unsigned flags;
    bool holds_nothing;
};

extern const struct hold_plan hold_plans[];
extern const size_t hold_plan_count;

/* The text that must not be repeated. */
extern const char hold_secret_prompt[];

void hold_rig_init(struct hold_rig *rig);
void hold_rig_release(struct hold_rig *rig);

struct hold_heard {
    struct strbuf released;
    struct strbuf matches;  /* one a line, in the order of their places */
    struct strbuf expected; /* the masked text as it should leave, reckoned from the matches */
    bool is_cut;
    unsigned too_long; /* cuts because of what stayed undecided */
    size_t kept_max;
};

void heard_init(struct hold_heard *heard);
void heard_release(struct hold_heard *heard);

struct hold_machine;
struct hold_machine *hold_machine_new(const struct hold_rig *rig, const struct hold_plan *plan);
void hold_machine_free(struct hold_machine *machine);

/* Runs the text through: cuts[i] is the length of the i-th piece, the last is repeated. */
void hold_run(struct hold_machine *machine, struct view text, const size_t *cuts, size_t cut_count,
              struct hold_heard *heard);

/* True where both heard the same. */
bool heard_equal(const struct hold_heard *a, const struct hold_heard *b);

/* What left is what the matches say; where sentences are cut, its beginning. */
bool heard_is_right(const struct hold_plan *plan, const struct hold_heard *heard);

/* A text of ordinary prose, secrets, personal data, forbidden words, parts of the secret prompt,
 * beginnings of all of them, and damage. */
void hold_text(struct rng *rng, size_t pieces, struct strbuf *out);

#endif
