/* SPDX-License-Identifier: Apache-2.0
 *
 * leak_internal: what the files of leak share: cutting a spelling into words, the sorted secret
 * text, and the tail of a text that stands in it. For leak*.c alone.
 *
 * The secret text is an array of word numbers with a suffix array over it, sorted as deep as a run
 * is long. Words are numbered in the order of their bytes, so that all words with one beginning are
 * a range: thus an unfinished word can be looked for too.
 * Memory, threads: see leak.h. */
#ifndef ASSAY_TEXT_LEAK_INTERNAL_H
#define ASSAY_TEXT_LEAK_INTERNAL_H

#include "base/arena.h"
#include "base/map.h"
#include "text/leak.h"

enum {
    LEAK_QUARTERS = 4, /* of a word: what an ordinary word weighs */
    LEAK_WORD_BYTES = 4 * LEAK_WORD_LETTERS
};

/* ---- words ----------------------------------------------------------------------------------- */

struct leak_word {
    struct view text; /* folded; holds until the reader goes on */
    unsigned quarters;
    uint64_t start; /* bytes of the spelling */
    uint64_t end;
};

/* Zeroed is ready. */
struct leak_reader {
    uint64_t at;    /* the first byte of the spelling that was not read */
    uint64_t start; /* of the unfinished word, where len > 0 */
    uint64_t end;
    char word[LEAK_WORD_BYTES];
    size_t len;
    unsigned letters;
    bool is_told; /* the word was handed out and goes with the next call */
};

/* The next complete word of what is spelled; false: none yet. */
bool leak_reader_next(struct leak_reader *reader, const struct spelling *spelling,
                      struct leak_word *ret_word);
/* What there is of a word that is not complete, after leak_reader_next said false; may be empty. */
struct view leak_reader_unfinished(const struct leak_reader *reader);

/* ---- the secret text ------------------------------------------------------------------------- */

struct leak_index {
    struct arena arena;        /* words */
    struct map ids;            /* word → its struct leak_entry */
    const struct view *sorted; /* words in the order of their numbers */
    uint32_t *text;            /* the secret text as numbers of words */
    uint32_t *suffixes;        /* places of the text in the order of what follows there */
    unsigned char *excused;    /* a bit a place in that order; NULL: none */
    size_t count;              /* of text */
    unsigned quarters;         /* the run; 0 where nothing is looked for */
};

/* A place in that order, or LEAK_NOWHERE. */
#define LEAK_NOWHERE UINT32_MAX

/* The number of a word; LEAK_NOWHERE where the secret text lacks it. */
uint32_t leak_index_id(const struct leak_index *index, struct view word);
/* The numbers [*ret_low, *ret_high) of the words that begin so. */
void leak_index_prefix(const struct leak_index *index, struct view prefix, uint32_t *ret_low,
                       uint32_t *ret_high);
/* The first place where ids[0, count) stands, and behind it a word of [low, high). */
uint32_t leak_index_find(const struct leak_index *index, const uint32_t *ids, size_t count,
                         uint32_t low, uint32_t high);
bool leak_index_is_excused(const struct leak_index *index, uint32_t place);

/* Sorts places by what follows, at least `depth` words deep. `words`: how many numbers there are.
 * ERR_MEMORY. */
MUST_CHECK int leak_sort(const uint32_t *text, size_t count, uint32_t words, size_t depth,
                         uint32_t *ret_suffixes);

/* ---- the tail of a text that stands in it ---------------------------------------------------- */

struct leak_place {
    unsigned quarters;
    uint64_t start; /* bytes of the source */
    uint64_t end;
};

struct leak_tail {
    const struct leak_index *index;
    uint32_t *ids; /* of the words of the tail, from `first` on */
    struct leak_place *places;
    size_t room;
    size_t first;
    size_t count;
    unsigned quarters; /* of the words together */
};

MUST_CHECK int leak_tail_init(struct leak_tail *tail, const struct leak_index *index);
void leak_tail_release(struct leak_tail *tail);
void leak_tail_reset(struct leak_tail *tail);
/* Appends a word and drops from the front what does not stand in the secret text with it. */
void leak_tail_add(struct leak_tail *tail, struct view word, struct leak_place place);
/* While the tail weighs a run: says where it stands, then drops its first word. */
bool leak_tail_run(struct leak_tail *tail, uint64_t *ret_start, uint64_t *ret_end,
                   uint32_t *ret_place);
/* How many words of the tail, from its end, go on with a word that begins so: count + 1 of them in
 * a row stand in the secret text. False: not even the word alone. */
bool leak_tail_before(const struct leak_tail *tail, struct view prefix, size_t *ret_count);

#endif
