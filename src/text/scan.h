/* SPDX-License-Identifier: Apache-2.0
 *
 * scan: many patterns looked for at once in a text that streams by, with the same result however it
 * is cut, and how far it is certain that nothing is going on.
 *
 * Vectorscan finds where patterns may end, in one pass; PCRE2 then finds where the match starts, in
 * a window of the pattern's own width and SCAN_CONTEXT bytes around it; the rule's own `accept`
 * (a check digit) has the last word. A match is settled when SCAN_CONTEXT bytes behind it are
 * there, or the text has ended: the window never depends on how the text came. Of one rule,
 * matches do not overlap, the earlier and longer wins. A rule with a tail goes on after its match
 * over bytes of that class: a long shape (eyJ…) is known by its beginning.
 *
 *     rules → scan_plan → engine/patterns (compiles, caches) → struct scan_set → scanner
 *
 * Memory: a scanner's own, reused by scanner_reset. Threads: a set is constant; a scanner has one
 * owner and needs a scratch of its thread. */
#ifndef ASSAY_TEXT_SCAN_H
#define ASSAY_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"
#include "text/spelling.h"

enum {
    SCAN_CONTEXT = 32,       /* bytes of the spelling behind a match that may decide about it */
    SCAN_WIDTH_MAX = 256,    /* the widest match of a rule without SCAN_WIDE, bytes */
    SCAN_RULES_MAX = 10000,
    SCAN_MATCHES_MAX = 1000, /* of one text: more are counted, not told */
};

enum scan_flag {
    SCAN_CASELESS = 1,
    SCAN_LITERAL = 2, /* `expression` is a text, not a regular expression */
    SCAN_WIDE = 4,    /* of no bounded width: only for whole texts, scan_rule_width says SIZE_MAX */
    SCAN_SECRET = 8,  /* what matched must not be shown */
};

/* What a match goes on over, beyond the expression. */
enum scan_tail {
    SCAN_TAIL_NONE,
    SCAN_TAIL_TOKEN, /* A–Z a–z 0–9 _ - . = + / ~ */
    SCAN_TAIL_BLOCK, /* up to and with "-----END …-----", or the end of the text */
};

struct scan_rule {
    struct view name;       /* "personal_data.email", for messages */
    struct view expression; /* PCRE2 over the spelling; lookaround of SCAN_CONTEXT bytes at most */
    unsigned flags;
    enum scan_tail tail;
    /* NULL: every match counts. Otherwise whether this one does; may narrow it (bytes of `text`,
     * which is the window in the spelling). */
    bool (*accept)(struct view text, size_t *start, size_t *end);
};

/* ---- planning: which rules a set has --------------------------------------------------------- */

struct scan_plan;

MUST_CHECK int scan_plan_new(struct scan_plan **ret_plan);
void scan_plan_free(struct scan_plan *plan); /* NULL is fine */
/* Adds the rule, which is copied, or finds an equal one; ret_index is its number in the set.
 * ERR_CONFIG for an expression that does not compile, whose width has no bound (without SCAN_WIDE)
 * or is over SCAN_WIDTH_MAX, or that is too expensive, with the reason; ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int scan_plan_add(struct scan_plan *plan, const struct scan_rule *rule,
                             uint32_t *ret_index, struct err *reterr);
size_t scan_plan_count(const struct scan_plan *plan);

/* ---- the compiled set: made by engine/patterns.h --------------------------------------------- */

struct scan_set;
struct scan_scratch;

size_t scan_set_count(const struct scan_set *set);
struct view scan_set_name(const struct scan_set *set, uint32_t rule);
/* The widest match of a rule, its tail left out, in bytes of the spelling; SIZE_MAX: no bound. */
size_t scan_set_width(const struct scan_set *set, uint32_t rule);

/* ---- scanning -------------------------------------------------------------------------------- */

struct scan_match {
    uint32_t rule;
    uint64_t start; /* bytes of the source text */
    uint64_t end;
    bool too_costly; /* PCRE2 met its limit: the rule could not be decided here */
};

struct scanner;

/* `wanted` has scan_set_count places: the rules that this scanner looks for; NULL: all. Those of
 * `held` (NULL: all wanted) count for scanner_clear. */
MUST_CHECK int scanner_new(const struct scan_set *set, const bool *wanted, const bool *held,
                           struct scan_scratch *scratch, struct scanner **ret_scanner);
void scanner_free(struct scanner *scanner); /* NULL is fine */
void scanner_reset(struct scanner *scanner);

/* Looks at what the spelling has new; call it after each feed and after finish. ERR_MEMORY. */
MUST_CHECK int scanner_advance(struct scanner *scanner, const struct spelling *spelling);

/* The next settled match, in the order in which they are settled; false: none now. */
bool scanner_next(struct scanner *scanner, struct scan_match *ret_match);

/* No match that is not yet told can start before this byte of the source. */
uint64_t scanner_clear(const struct scanner *scanner, const struct spelling *spelling);
/* The first byte of the spelling that the scanner still needs. */
uint64_t scanner_needs(const struct scanner *scanner);

#endif
