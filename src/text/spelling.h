/* SPDX-License-Identifier: Apache-2.0
 *
 * spelling: the one spelling in which patterns look at a text, made while the text streams in, with
 * the way back to its bytes.
 *
 * NFKC without case folding (normalise.h); default-ignorable characters (zero-width, bidirectional
 * controls, variation selectors, soft hyphens) vanish; letters of other scripts that look like
 * Latin ones become those where SPELLING_LOOKALIKES is set (lookalike.h); every kind of space is a
 * space, tabs too, and line ends stay. What it makes of a text does not depend on how the text was
 * cut: a character, or a cluster of combining marks (30 at most, Unicode's stream-safe format),
 * that is not complete yet is carried. Invalid UTF-8 is U+FFFD, a byte at a time.
 *
 *     spelling_feed ─▶ spelling_window … spelling_forget      spelling_finish at the end
 *
 * Positions count from the start of the whole text, in bytes of the spelling or of the source.
 * Memory: base/mem, the window and the way back of what was not forgotten.
 * Threads: one owner. */
#ifndef ASSAY_TEXT_SPELLING_H
#define ASSAY_TEXT_SPELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

enum { SPELLING_LOOKALIKES = 1 };

enum { SPELLING_MARKS_MAX = 30 }; /* of a cluster; what follows is a cluster of its own */

struct spelling;

MUST_CHECK int spelling_new(unsigned flags, struct spelling **ret_spelling);
void spelling_free(struct spelling *spelling); /* NULL is fine */
/* As new, its memory kept. */
void spelling_reset(struct spelling *spelling);

/* ERR_MEMORY. */
MUST_CHECK int spelling_feed(struct spelling *spelling, struct view source);
MUST_CHECK int spelling_finish(struct spelling *spelling);
bool spelling_is_finished(const struct spelling *spelling);

/* What is spelled and not forgotten; ret_at is the position of its first byte. */
struct view spelling_window(const struct spelling *spelling, uint64_t *ret_at);
/* Drops what stands before that position of the spelling. */
void spelling_forget(struct spelling *spelling, uint64_t before);

/* The source bytes from which the byte of the spelling at `at`, which must not be forgotten, came:
 * where they start and end. spelling_start also takes the end of the window: the first source byte
 * that is not spelled. */
uint64_t spelling_start(const struct spelling *spelling, uint64_t at);
uint64_t spelling_end(const struct spelling *spelling, uint64_t at);

#endif
