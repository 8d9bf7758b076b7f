/* SPDX-License-Identifier: Apache-2.0
 *
 * view: borrowed bytes with a length. Who makes a view says until when it holds; a view owns
 * nothing and need not end in NUL.
 *
 * Threads: values, no shared state. */
#ifndef ASSAY_BASE_VIEW_H
#define ASSAY_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct view {
    const char *ptr;
    size_t len;
};

/* A string literal as a view, also in initialisers. */
#define VIEW(literal) \
    { \
        .ptr = (literal), .len = sizeof(literal) - 1 \
    }

/* For printf: printf("%.*s", VIEW_ARG(view)). Cut at INT_MAX. */
#define VIEW_ARG(view) (int)((view).len > 0x7fffffff ? 0x7fffffff : (view).len), (view).ptr

/* The view of a NUL-terminated string; NULL gives the empty view. */
static inline struct view view_of(const char *text)
{
    return (struct view){.ptr = text, .len = text != NULL ? strlen(text) : 0};
}

static inline struct view view_make(const void *ptr, size_t len)
{
    return (struct view){.ptr = ptr, .len = len};
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool view_is(struct view a, const char *text)
{
    return view_equal(a, view_of(text));
}

/* ASCII letters compare without case; all other bytes exactly. */
bool view_equal_nocase(struct view a, struct view b);

/* Less than, equal to or greater than 0, by bytes, a shorter prefix first. */
int view_compare(struct view a, struct view b);

bool view_starts(struct view whole, struct view prefix);
bool view_ends(struct view whole, struct view suffix);

/* The bytes from `from` (clamped) up to but without `to` (clamped). */
struct view view_slice(struct view whole, size_t from, size_t to);

/* The offset of the first occurrence at or after `from`; whole.len where there is none. An empty
 * needle is found at `from`. */
size_t view_find(struct view whole, struct view needle, size_t from);

/* The offset of the first such byte; whole.len where there is none. */
size_t view_find_byte(struct view whole, char byte);

/* Without ASCII spaces, tabs, CR and LF at both ends. */
struct view view_trim(struct view whole);

/* Cuts *rest at the first separator: returns what stood before it and leaves the remainder in
 * *rest; without a separator returns all and leaves *rest empty with ptr NULL. Loop while
 * rest.ptr != NULL. */
struct view view_split(struct view *rest, char separator);

/* Strict decimal, optional minus, no spaces, whole view. Returns ERR_INVALID outside int64. */
MUST_CHECK int view_to_int(struct view text, int64_t *ret_value);

/* JSON's number grammar, whole view, locale-independent; what is too large for a double becomes
 * infinite. Returns ERR_INVALID otherwise, and where it is written in 512 bytes or more. */
MUST_CHECK int view_to_double(struct view text, double *ret_value);

#endif
