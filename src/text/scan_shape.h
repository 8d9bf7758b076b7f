/* SPDX-License-Identifier: Apache-2.0
 *
 * scan_shape: what an expression of PCRE2 can match, as a tree: characters, rows, choices,
 * repetitions; and from it how wide a match can be, how far it looks around, whether its
 * repetitions can share a text in too many ways.
 *
 * Reads what PCRE2 has compiled already (UTF, UCP), so that it need not find errors. What has no
 * bound by its form (references back, recursion, conditions, verbs, \K, \X) is refused.
 *
 * Memory: the caller's arena. Threads: no state. Limits: nesting SHAPE_DEPTH_MAX. */
#ifndef ASSAY_TEXT_SCAN_SHAPE_H
#define ASSAY_TEXT_SCAN_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/view.h"
#include "text/scan_chars.h"

enum { SHAPE_DEPTH_MAX = 100 };

enum shape_kind {
    SHAPE_CHARS,
    SHAPE_ROW,    /* children one behind the other; none: nothing */
    SHAPE_CHOICE, /* one of the children */
    SHAPE_REPEAT, /* the child, `min` to `max` times */
    SHAPE_AHEAD,  /* looks ahead for the child, which is no part of the match */
};

struct shape {
    enum shape_kind kind;
    struct scan_chars *chars;
    struct shape *child; /* the first */
    struct shape *next;  /* of the same parent */
    unsigned min;
    unsigned max; /* SHAPE_UNBOUNDED: any number */
};

#define SHAPE_UNBOUNDED (~0u)

struct shape_figures {
    size_t width_min; /* bytes */
    size_t width_max; /* SIZE_MAX: no bound */
    size_t ahead; /* the farthest look ahead of the end of what was matched; SIZE_MAX: no bound */
    double ways;  /* in which nested repetitions can share a text; infinite: no bound */
};

/* ERR_CONFIG with what cannot be read, ERR_MEMORY. */
MUST_CHECK int shape_read(struct arena *arena, struct view expression, bool caseless,
                          const struct shape **ret_shape, struct err *reterr);

/* Of this shape, of all that is in it. */
struct shape_figures shape_measure(const struct shape *shape);

#endif
