/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_state: a scanner as its parts share it: scan.c feeds Vectorscan and tells matches,
 * scan_decide.c has PCRE2 decide, scan_tail.c goes on behind matches, scan_clear.c says what cannot
 * be part of one.
 *
 * Positions are bytes of the spelling from the start of the text unless they say source. */
#ifndef ASSAY_TEXT_SCAN_STATE_H
#define ASSAY_TEXT_SCAN_STATE_H

#include "text/scan_set.h"

/* Where a rule's filter was met, close together: matches may start before `last`. */
struct scan_lead {
    uint32_t rule;
    uint64_t first; /* the first end of the filter */
    uint64_t last;
};

/* A match that goes on over its tail. */
struct scan_tail_state {
    bool is_open;
    uint64_t at;     /* looked at up to here */
    uint64_t start;  /* of the match, in the source */
    unsigned dashes; /* of a block: how much of its end mark was met */
    bool in_end;     /* behind "-----END" */
};

struct scan_rule_state {
    bool is_wanted;
    bool is_held;
    bool is_off;     /* too costly in this text */
    bool is_blocked; /* more text must come before it is decided what starts at `from` */
    uint64_t from;   /* nothing may start before */
    uint32_t lead;   /* 1 + its latest lead; 0: none */
    struct scan_tail_state tail;
};

/* Rules that share what may stand in their matches before the filter is met: a bit in each mask. */
enum { SCAN_GROUPS = 64, SCAN_REACH_STEP = 8 };

struct scan_groups {
    uint64_t member[256];                                    /* of a byte: groups it may stand in */
    uint64_t first[256];                                     /* and start */
    uint64_t reaching[SCAN_WIDTH_MAX / SCAN_REACH_STEP + 1]; /* how far their filters may end behind
                                                                the start of a match: in steps */
    unsigned count;
    size_t reach_max;
};

struct scanner {
    const struct scan_set *set;
    struct scan_scratch *scratch;
    hs_stream_t *stream; /* NULL: no rule has a filter */
    struct scan_rule_state *rules;
    bool has_wide;  /* among the wanted */
    bool wide_held; /* and among the held */

    uint64_t at; /* Vectorscan has seen what is before */
    bool is_finished;
    int failed; /* of what was called back */

    struct scan_lead *leads;
    size_t lead_count;
    size_t lead_capacity;
    uint32_t *tails; /* rules with an open tail: room for all */
    size_t tail_count;

    struct scan_match *matches;
    size_t match_head;
    size_t match_count;
    size_t match_capacity;

    struct scan_groups held; /* of the held rules */
    size_t reach_max;        /* of the wanted ones */
};

/* What is scanned now. */
struct scan_text {
    const struct spelling *spelling;
    struct view window;
    uint64_t at;  /* of its first byte */
    uint64_t end; /* behind its last one */
    bool is_finished;
};

/* Decides what can be decided of the lead: false where more text must come. ERR_MEMORY. */
MUST_CHECK int scan_decide(struct scanner *scanner, const struct scan_text *text,
                           const struct scan_lead *lead, bool *ret_done);
/* Looks for a rule without a bounded width in the whole text. ERR_MEMORY. */
MUST_CHECK int scan_decide_wide(struct scanner *scanner, const struct scan_text *text,
                                uint32_t rule);
/* Goes on over the tail of a rule. ERR_MEMORY. */
MUST_CHECK int scan_go_on(struct scanner *scanner, const struct scan_text *text, uint32_t rule);

MUST_CHECK int scan_tell(struct scanner *scanner, const struct scan_match *match);

void scan_groups_add(struct scan_groups *groups, const struct scan_filter *filter);
/* The first position from which a match may be under way whose filter is not met yet. */
uint64_t scan_groups_clear(const struct scan_groups *groups, const struct scan_text *text);

/* The position, or that of the character it lies in; and of the one behind. What stands before the
 * window stays as it is. */
uint64_t scan_back_to_character(const struct scan_text *text, uint64_t at);
uint64_t scan_on_to_character(const struct scan_text *text, uint64_t at);

#endif
