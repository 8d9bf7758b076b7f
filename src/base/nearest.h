/* SPDX-License-Identifier: Apache-2.0
 *
 * nearest: the name that was probably meant, for "did you mean".
 *
 * Damerau–Levenshtein distance (optimal string alignment: insert, delete, replace, swap
 * neighbours), ASCII letters without case. Threads: no state. Limit: names over 64 bytes are never
 * near. */
#ifndef ASSAY_BASE_NEAREST_H
#define ASSAY_BASE_NEAREST_H

#include <stddef.h>

#include "base/view.h"

enum { NEAREST_BYTES_MAX = 64 };

/* The edits that turn a into b, or NEAREST_BYTES_MAX + 1 where one of them is longer than that. */
size_t nearest_distance(struct view a, struct view b);

/* The closest of the names to `word`, the first of equals; the empty view with ptr NULL where none
 * is within a third of the word's length (1 at least). */
struct view nearest_of(struct view word, const struct view *names, size_t count);

/* The same over C strings, ended by NULL. */
struct view nearest_text(struct view word, const char *const *names);

#endif
