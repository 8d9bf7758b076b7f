/* SPDX-License-Identifier: Apache-2.0
 *
 * keywords: words and patterns that an answer must or must not hold, compiled once, looked for in
 * many answers.
 *
 * Both sides are normalised first (normalise.h): ＯＮＥ　ＰＩＥＣＥ is found by "one piece", ｶﾞﾝﾀﾞﾑ by ガンダム,
 * スパイダー・マン by スパイダーマン, コーヒー by コ－ヒ－. A keyword of four or more katakana that ends in the
 * long-vowel mark is found without it too (サーバー in "サーバが"). Kana and kanji variants are not
 * guessed: the entry lists them as alternatives.
 *
 * Regular expressions (PCRE2, UTF and UCP, not case-sensitive unless the pattern says (?-i)) run
 * over the NFKC form without the keyword folding. Full-width characters in a pattern are normalised
 * too and stay literal. \b and \B also hold between Japanese and other letters, so that \bONE\b is
 * found in "これはONEです". A match is bounded (PATTERN_STEPS_MAX): a pattern that backtracks for ever
 * is an error, not a hang.
 *
 * Whole words are those of ICU's word boundaries, by dictionary where Japanese is written without
 * spaces.
 *
 * Memory: a compiled list owns copies of everything, from base/mem; finding takes scratch memory
 * and gives it back. Threads: a compiled list is constant and may be shared.
 * Limits: KEYWORD_COUNT_MAX keywords, patterns as pattern.h, texts as normalise.h. */
#ifndef ASSAY_TEXT_KEYWORDS_H
#define ASSAY_TEXT_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum { KEYWORD_COUNT_MAX = 10000 };

enum keyword_kind {
    KEYWORD_TEXT,  /* `text` */
    KEYWORD_ANY,   /* one of the `any` */
    KEYWORD_MATCH, /* `text` is a regular expression */
};

struct keyword_spec {
    enum keyword_kind kind;
    struct view text;
    const struct view *any;
    size_t any_count;
    unsigned at_least; /* occurrences asked for; 0 means 1 */
    bool whole_word;   /* KEYWORD_TEXT and KEYWORD_ANY */
};

struct keyword_found {
    bool found;     /* count reached at_least */
    uint32_t count; /* occurrences that do not overlap */
    size_t start; /* of the first: bytes of the text as it was given; both 0 where there is none */
    size_t end;
};

struct keywords;

/* Compiles the list; the specs need not outlive the call. ERR_CONFIG for an empty keyword, an empty
 * list of alternatives or a bad regular expression, with reterr naming the keyword by its number
 * from 1 and, for an expression, the character; ERR_LIMIT; ERR_MEMORY. An empty list is fine. */
MUST_CHECK int keywords_new(const struct keyword_spec *specs, size_t count,
                            struct keywords **ret_keywords, struct err *reterr);
void keywords_free(struct keywords *keywords); /* NULL is fine */

size_t keywords_count(const struct keywords *keywords);

/* Looks for every keyword; ret_found has keywords_count places, in the order of the specs. To judge
 * expected and forbidden words together, put both in one list: the text is normalised once.
 * ERR_LIMIT where the text or a match is too large, ERR_MEMORY. */
MUST_CHECK int keywords_find(const struct keywords *keywords, struct view text,
                             struct keyword_found *ret_found, struct err *reterr);

/* The mean of (expected found / expected) and (1 − forbidden found / forbidden), of those that
 * there are, in millionths rounded to the nearest; 1,000,000 where there are neither. */
int64_t keywords_coverage_micro(size_t expected_found, size_t expected_total,
                                size_t forbidden_found, size_t forbidden_total);

#endif
