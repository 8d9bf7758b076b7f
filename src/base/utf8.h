/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8: reads UTF-8 strictly (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
 *
 * Threads: no state. */
#ifndef ASSAY_BASE_UTF8_H
#define ASSAY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

/* The code point at *pos, which moves past it. Of an invalid sequence one byte is passed and
 * U+FFFD returned with *ret_bad true (ret_bad may be NULL). *pos must lie inside the text. */
uint32_t utf8_next(struct view text, size_t *pos, bool *ret_bad);

/* True where all of it is valid; otherwise *ret_bad_at (may be NULL) is the first bad byte. */
bool utf8_valid(struct view text, size_t *ret_bad_at);

/* The number of code points; each invalid byte counts as one. */
size_t utf8_count(struct view text);

/* The longest prefix of at most `max` bytes that ends between characters. */
struct view utf8_cut(struct view text, size_t max);

/* How many bytes at the end are the start of a character that is not complete yet: 0 to 3. */
size_t utf8_tail(struct view text);

#endif
