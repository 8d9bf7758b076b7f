/* SPDX-License-Identifier: Apache-2.0
 *
 * scan: many patterns looked for at once in a text that streams by, with the same result however it
 * is cut, and how far it is certain that nothing is going on.
 *
 * What counts is what PCRE2 finds in the whole spelling: of one rule the leftmost match, then the
 * next behind it. It is found without PCRE2 going over the text: of each rule a filter is made, a
 * plain expression that every match begins with, as long as it takes to be rare; Vectorscan looks
 * for all filters in one pass, and PCRE2 looks only where one was met, matching partially, so that
 * it says itself when more text could change the result. Nothing is decided before that, so the
 * result cannot depend on how the text came.
 *
 * A rule's `accept` (a check digit) has the last word; it sees SCAN_CONTEXT bytes on either side. A
 * rule with a tail goes on after its match over bytes of that class: a long shape (eyJ…) is known
 * by its beginning, and told when it has ended.
 *
 *     rules → scan_plan → engine/patterns (compiles, caches) → struct scan_set → scanner
 *
 * Memory: a scanner's own, reused by scanner_reset; matches that are not taken. Threads: a set is
 * constant; a scanner has one owner and needs a scratch of its thread. */
#ifndef ASSAY_TEXT_SCAN_H
#define ASSAY_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "text/spelling.h"

enum {
    SCAN_CONTEXT = 32,     /* bytes around a match that may decide about it */
    SCAN_WIDTH_MAX = 1024, /* the widest match of a rule without SCAN_WIDE, bytes */
    SCAN_RULES_MAX = 10000,
    SCAN_EXPRESSION_MAX = 16 * 1024,
    SCAN_WORD_MAX = 64,         /* characters of a word that becomes an expression */
    SCAN_STEPS_MAX = 50 * 1000, /* of PCRE2 from one starting point */
};

enum scan_flag {
    SCAN_CASELESS = 1,
    SCAN_LITERAL = 2, /* `expression` is a text, not a regular expression */
    SCAN_WIDE = 4,    /* of no bounded width: only for whole texts, scan_rule_width says SIZE_MAX */
    SCAN_SECRET = 8,  /* what matched must not be shown */
    SCAN_LOOKALIKES = 16, /* the text is spelled with SPELLING_LOOKALIKES: so is the expression */
};

/* What a match goes on over, beyond the expression. */
enum scan_tail {
    SCAN_TAIL_NONE,
    SCAN_TAIL_TOKEN, /* A–Z a–z 0–9 _ - . = + / ~ */
    SCAN_TAIL_BLOCK, /* up to and with "-----END …-----", or the end of the text */
};

struct scan_rule {
    struct view name;       /* "personal_data.email", for messages */
    struct view expression; /* PCRE2 over the spelling; \b also stands between kana and letters */
    unsigned flags;
    enum scan_tail tail;
    /* NULL: every match counts. Otherwise whether this one does; may narrow it. `text` is the match
     * with SCAN_CONTEXT bytes around it, in whole characters; start and end are its bytes. */
    bool (*accept)(struct view text, size_t *start, size_t *end);
};

/* ---- planning: which rules a set has --------------------------------------------------------- */

struct scan_plan;

MUST_CHECK int scan_plan_new(struct scan_plan **ret_plan);
void scan_plan_free(struct scan_plan *plan); /* NULL is fine */
/* Adds the rule, which is copied, or finds an equal one; ret_index is its number in the set.
 * ERR_CONFIG with the reason for an expression that does not compile, may match nothing, has no
 * bounded width or one over SCAN_WIDTH_MAX, looks around farther than SCAN_CONTEXT, refers back to
 * what it matched (with SCAN_WIDE all of these but the first may be), or whose repetitions could
 * share a text in too many ways; ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int scan_plan_add(struct scan_plan *plan, const struct scan_rule *rule,
                             uint32_t *ret_index, struct err *reterr);
size_t scan_plan_count(const struct scan_plan *plan);

/* Writes the expression of a word, for a rule with SCAN_CASELESS: white space of any length, middle
 * dots and long-vowel marks vary as in keywords.h. With whole_word no letter of its own script may
 * stand beside it, which says nothing of kanji and hiragana. ERR_CONFIG for an empty word,
 * ERR_LIMIT for one of more than SCAN_WORD_MAX characters, ERR_MEMORY. */
MUST_CHECK int scan_word_expression(struct view word, bool whole_word, struct strbuf *out);

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
    bool too_costly; /* PCRE2 met its limit at `start`: what the rule says from there on is unknown,
                        and it is looked for no more in this text. Fail closed. */
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

/* No match of a held rule that scanner_next has not told can start before this byte of the source:
 * never more than is spelled, 0 while a rule with SCAN_WIDE is held and the text has not ended. */
uint64_t scanner_clear(const struct scanner *scanner, const struct spelling *spelling);
/* The first byte of the spelling that the scanner still needs. */
uint64_t scanner_needs(const struct scanner *scanner);

#endif
