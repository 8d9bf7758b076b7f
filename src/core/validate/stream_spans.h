/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_spans: the spans of a text that leave as a mask, in their order: those that overlap or
 * touch are one, under the label of the first, in whatever order they are added. For stream*.c
 * only.
 *
 * Memory: base/mem. Threads: one owner. */
#ifndef ASSAY_CORE_VALIDATE_STREAM_SPANS_H
#define ASSAY_CORE_VALIDATE_STREAM_SPANS_H

#include <stdint.h>

#include "base/err.h"
#include "base/view.h"

struct mask_span {
    uint64_t start;
    uint64_t end;
    struct view label;
    uint64_t rank; /* of two that start together the lesser one's label counts */
};

struct mask_spans {
    struct mask_span *items; /* from `first` on: by start, with gaps between them */
    size_t first;
    size_t count; /* with those before `first` */
    size_t capacity;
};

void spans_release(struct mask_spans *spans);
void spans_reset(struct mask_spans *spans);

/* ERR_MEMORY. */
MUST_CHECK int spans_add(struct mask_spans *spans, const struct mask_span *span);

/* The first; NULL: none. Holds until the next add. */
const struct mask_span *spans_front(const struct mask_spans *spans);
void spans_pop(struct mask_spans *spans);

/* True where one span covers from..to. */
bool spans_cover(const struct mask_spans *spans, uint64_t from, uint64_t to);

#endif
