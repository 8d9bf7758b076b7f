/* SPDX-License-Identifier: Apache-2.0
 *
 * leak: whether a text repeats a secret text, such as the system prompt, word for word, found while
 * the text streams by.
 *
 * The secret text is cut into words: runs of letters and digits, cut after LEAK_WORD_LETTERS, which
 * count 1; in Japanese and Chinese every character, which counts a half; in scripts without spaces
 * such as Thai every letter, which counts a quarter. Case, width and the signs between words do not
 * matter, combining marks are dropped. A run of `words` of them that stands in the secret text is a
 * leak. A secret text that is shorter than that is one run as a whole; below LEAK_WORDS_LEAST words
 * it is not looked for at all (it would be found in any text). What is common to the question, the
 * sources and the secret can be excused.
 *
 * It compares words, not hashes: what it tells does stand in the secret text. It does not see what
 * is translated, paraphrased, encoded, spelled with signs between the letters, or shorter than the
 * run. Works on the spelling (spelling.h); its result does not depend on how the text was cut.
 *
 * Memory: base/mem. An index takes about 12 bytes a word of the secret text, each different word
 * once, and while it is made twice that; a watch the words of one run. Time: an index n log n, a
 * watch log n a word. Threads: an index is constant, a watch has one owner.
 * Source of the default run: docs/accuracy.md. */
#ifndef ASSAY_TEXT_LEAK_H
#define ASSAY_TEXT_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"
#include "text/spelling.h"

enum {
    LEAK_SECRET_MAX = 1024 * 1024, /* bytes */
    LEAK_WORDS = 8,                /* the run where none is asked for */
    LEAK_WORDS_MAX = 64,
    LEAK_WORDS_LEAST = 5,   /* a secret text of fewer words is not looked for */
    LEAK_WORD_LETTERS = 64, /* a longer word counts as several */
    LEAK_SPAN_MAX = 4096    /* a leak of more bytes is told in pieces that touch */
};

struct leak_index;
struct leak_watch;

/* `words` is the run that counts (0: LEAK_WORDS). `spelling_flags` are those of the spelling that
 * will be watched. `excused` texts (may be none) are not secret where they share runs. ERR_LIMIT
 * for a secret text over LEAK_SECRET_MAX or a run over LEAK_WORDS_MAX, ERR_MEMORY. */
MUST_CHECK int leak_index_new(struct view secret, unsigned words, unsigned spelling_flags,
                              const struct view *excused, size_t excused_count,
                              struct leak_index **ret_index, struct err *reterr);
void leak_index_free(struct leak_index *index); /* NULL is fine */
/* True where the secret text is too short to be looked for. */
bool leak_index_is_empty(const struct leak_index *index);

/* The index must outlive the watch. */
MUST_CHECK int leak_watch_new(const struct leak_index *index, struct leak_watch **ret_watch);
void leak_watch_free(struct leak_watch *watch); /* NULL is fine */
/* Ready for another text; its memory kept. */
void leak_watch_reset(struct leak_watch *watch);

/* Looks at what the spelling has new; call it after each feed and after finish. ERR_MEMORY. */
MUST_CHECK int leak_watch_advance(struct leak_watch *watch, const struct spelling *spelling);
/* The next settled leak, bytes of the source; runs that overlap are one leak. */
bool leak_watch_next(struct leak_watch *watch, uint64_t *ret_start, uint64_t *ret_end);
/* No leak that is not yet told can start before this byte of the source. It stays behind the end of
 * what was seen only while the last words, the unfinished one too, stand in the secret text. */
uint64_t leak_watch_clear(const struct leak_watch *watch, const struct spelling *spelling);
/* The first byte of the spelling that the watch still needs. */
uint64_t leak_watch_needs(const struct leak_watch *watch);

#endif
