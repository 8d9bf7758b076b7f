/* SPDX-License-Identifier: Apache-2.0
 *
 * language: which languages a text is written in, sentence by sentence.
 *
 * By script first: kana says Japanese, hangul Korean. Han alone: a simplified glyph (in GB 2312,
 * outside CP932) says Chinese, as do several that are common in Traditional Chinese only; one
 * outside GB 2312 says Japanese; otherwise open. Latin: English where a third of the words are
 * small English ones; CLD2 (Compact Language Detector 2) on the first 200 letters of a line that
 * has LANGUAGE_LATIN_MIN; otherwise open. Other scripts that one language writes name it
 * (Thai, Greek, …), the rest go to CLD2. What a sentence leaves open it takes from its neighbours;
 * where they do not know, Han takes the language that has its words far more often (han.h); what
 * both have (中国) is left to the hint.
 *
 * A sentence belongs to the language that carries it: ONE PIECE inside a Japanese sentence and
 * 『鬼滅の刃』 inside an English one are names, not a change of language. Code, URLs, e-mail addresses
 * and numbers are not looked at. An English clause inside a Japanese sentence counts as English.
 *
 * Shares are of weight: a Japanese, Chinese or Korean character weighs 2, any other letter 1, since
 * the same thing said in English takes about twice as many.
 *
 * It does not tell dialects or related languages in Latin script from one another better than CLD2
 * does.
 * Memory: nothing is kept; language_segments fills the caller's arena. Threads: no state.
 * Limit: the first LANGUAGE_TEXT_MAX bytes are looked at. */
#ifndef ASSAY_TEXT_LANGUAGE_H
#define ASSAY_TEXT_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"

enum {
    LANGUAGE_CODE_SIZE = 8,
    LANGUAGE_SHARES_MAX = 8,
    LANGUAGE_LATIN_MIN = 30,
    LANGUAGE_TEXT_MAX = 4 * 1024 * 1024,
    LANGUAGE_PURE_MICRO = 900000,  /* share that one expected language must reach */
    LANGUAGE_MIXED_MICRO = 100000, /* share that `mixed` asks of Japanese and of Latin script */
    LANGUAGE_SECOND_MICRO = 200000 /* a second language of this share makes a text "mixed" */
};

struct language_share {
    char code[LANGUAGE_CODE_SIZE]; /* ISO 639-1, or CLD2's code where there is none */
    int64_t share_micro;           /* of the decided weight */
};

struct language_result {
    char detected[LANGUAGE_CODE_SIZE]; /* "ja", "en", …; "mixed"; "und" where nothing was decided */
    struct language_share shares[LANGUAGE_SHARES_MAX]; /* largest first */
    size_t share_count;
    uint64_t weight;         /* of all letters looked at */
    int64_t undecided_micro; /* share of weight without a language */
    int64_t japanese_micro;  /* share of weight in kana and Han, names included */
    int64_t latin_micro;     /* share of weight in Latin script, names included */
    size_t simplified_count; /* glyphs of simplified Chinese inside Japanese sentences */
    size_t simplified_at;    /* byte offset of the first */
    bool is_blank;           /* nothing but white space */
};

struct language_segment {
    size_t start; /* bytes of the text */
    size_t end;
    uint64_t weight;
    char code[LANGUAGE_CODE_SIZE]; /* "und" where undecided */
};

/* Detects. `hint` is the language to assume where the text leaves it open ("ja"; empty for none);
 * it is only believed where the script allows it. Never fails but for memory: ERR_MEMORY. */
MUST_CHECK int language_detect(struct view text, struct view hint,
                               struct language_result *ret_result);

/* The sentences that hold letters and their languages, in order. ERR_MEMORY. */
MUST_CHECK int language_segments(struct arena *arena, struct view text, struct view hint,
                                 struct language_segment **ret_segments, size_t *ret_count);

/* The script rule for one piece of text in one language, such as a word or a title, without
 * neighbours: an ISO code, or "und". */
void language_of_piece(struct view text, char ret_code[LANGUAGE_CODE_SIZE]);

/* Whether the text is in the language asked for: "any", "mixed" (Japanese and Latin script, each
 * with LANGUAGE_MIXED_MICRO), or a code, which must have LANGUAGE_PURE_MICRO of the decided weight.
 * Short Latin text that stayed undecided agrees with any language in that script, undecided Han
 * with "ja" and "zh", a text without letters with everything, a blank one with nothing but "any".
 * ret_score_micro (may be NULL) is the degree: 1,000,000 where it agrees, less where not. */
bool language_matches(struct view expected, const struct language_result *result,
                      int64_t *ret_score_micro);

/* True for what language_matches takes: "any", "mixed", or two or three small letters. */
bool language_is_expectation(struct view expected);

#endif
