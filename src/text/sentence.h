/* SPDX-License-Identifier: Apache-2.0
 *
 * sentence: cuts a text into sentences and counts what speaks for a language in each.
 *
 * A sentence ends at 。！？, at . ! ? before white space, and at the end of a line; inside Japanese
 * quotes only at the end of a line. Left out: fenced and inline code, URLs, e-mail addresses,
 * markup tags, words with digits or underscores in them. Counts are kept twice: of everything, and
 * of what stands outside quotes, since quotes hold titles of another language.
 *
 * Memory: none. Threads: a reader has one owner. */
#ifndef ASSAY_TEXT_SENTENCE_H
#define ASSAY_TEXT_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"
#include "text/chars.h"

enum { SENTENCE_LETTERS_MAX = 200, SENTENCE_SAMPLE_SIZE = 5 * SENTENCE_LETTERS_MAX };

/* What a stretch of text holds. */
struct letter_tally {
    uint32_t latin;         /* letters */
    uint32_t words;         /* Latin words */
    uint32_t verbal;        /* English words that make clauses (latin.h) */
    uint32_t articles;      /* English words that stand in titles too */
    uint32_t english;       /* words of English alone */
    uint32_t long_words;    /* of four letters and more */
    uint32_t capital_words; /* of them, with a capital first */
    uint32_t hiragana;
    uint32_t katakana;
    uint32_t han;
    uint32_t hangul;
    uint32_t other;
    uint32_t simplified; /* ideographs by what they say (han.h) */
    uint32_t japanese;
    uint32_t traditional;
    int32_t lean;            /* Han words: above 0 to Japanese, below to Chinese (han.h) */
    uint32_t longest_words;  /* of the longest run of Latin words: words, */
    uint32_t longest_verbal; /* and English ones that make clauses */
    uint32_t run_words;
    uint32_t run_verbal;
    uint32_t last; /* the last two letters */
    uint32_t before_last;
    bool hiragana_after_latin; /* ONEの: a particle */
    bool has_comma;            /* 、 or 。 */
};

struct sentence {
    size_t start; /* bytes of the text */
    size_t end;
    uint32_t line; /* from 0 */
    struct letter_tally all;
    struct letter_tally open; /* outside quotes */
    uint32_t first_other;     /* the first letter of another script */
    size_t simplified_at;     /* where the first simplified glyph stands */
};

struct sentence_reader {
    struct view text;
    size_t pos;
    uint32_t line;
    bool in_fence;
};

void sentence_reader_init(struct sentence_reader *reader, struct view text);

/* The next sentence that holds letters; false at the end. */
bool sentence_next(struct sentence_reader *reader, struct sentence *ret_sentence);

/* The words of a sentence without what is left out, one space between them, cut after
 * SENTENCE_LETTERS_MAX letters; appended to a sample that holds `letters` letters in `len` bytes.
 * Returns the letters now. */
struct letter_sample {
    char text[SENTENCE_SAMPLE_SIZE];
    size_t len;
    size_t letters;
};
void sentence_sample(struct view text, const struct sentence *sentence,
                     struct letter_sample *sample);

/* Letters' weight: 2 a Japanese, Chinese or Korean one, 1 any other. */
uint64_t letter_weight(const struct letter_tally *tally);

#endif
