/* SPDX-License-Identifier: Apache-2.0
 *
 * leak: whether a text repeats a secret text, such as the system prompt, word for word, found while
 * the text streams by.
 *
 * The secret text is cut into words (runs of letters and digits; in Japanese and Chinese every
 * character is one), without regard to case, width and signs; a run of `words` of them that stands
 * in the secret text counts. What is common to the question, the sources and the secret can be
 * excused. Works on the spelling (spelling.h), so that its result does not depend on how the text
 * was cut.
 *
 * Memory: base/mem, bounded by LEAK_SECRET_MAX. Threads: an index is constant, a watch has one owner.
 * Source of the default run: docs/accuracy.md. */
#ifndef ASSAY_TEXT_LEAK_H
#define ASSAY_TEXT_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"
#include "text/spelling.h"

enum { LEAK_SECRET_MAX = 1024 * 1024, LEAK_WORDS = 8, LEAK_WORDS_MAX = 64 };

struct leak_index;
struct leak_watch;

/* `words` is the run that counts, in words; Japanese and Chinese characters count half a word.
 * `excused` texts (may be none) are not secret where they share runs. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK int leak_index_new(struct view secret, unsigned words, const struct view *excused,
                              size_t excused_count, struct leak_index **ret_index,
                              struct err *reterr);
void leak_index_free(struct leak_index *index); /* NULL is fine */

MUST_CHECK int leak_watch_new(const struct leak_index *index, struct leak_watch **ret_watch);
void leak_watch_free(struct leak_watch *watch); /* NULL is fine */

/* Looks at what the spelling has new; call it after each feed and after finish. ERR_MEMORY. */
MUST_CHECK int leak_watch_advance(struct leak_watch *watch, const struct spelling *spelling);
/* The next settled leak, bytes of the source; as long as the run goes on it is one leak. */
bool leak_watch_next(struct leak_watch *watch, uint64_t *ret_start, uint64_t *ret_end);
/* No leak that is not yet told can start before this byte of the source. */
uint64_t leak_watch_clear(const struct leak_watch *watch, const struct spelling *spelling);
/* The first byte of the spelling that the watch still needs. */
uint64_t leak_watch_needs(const struct leak_watch *watch);

#endif
