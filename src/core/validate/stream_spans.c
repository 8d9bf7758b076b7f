/* SPDX-License-Identifier: Apache-2.0
 *
 * stream_spans: see stream_spans.h. */
#include "core/validate/stream_spans.h"

#include "base/mem.h"

enum { CAPACITY_MIN = 16 };

void spans_release(struct mask_spans *spans)
{
    mem_free(spans->items);
    *spans = (struct mask_spans){0};
}

void spans_reset(struct mask_spans *spans)
{
    spans->first = 0;
    spans->count = 0;
}

/* Room for one more. */
static int make_room(struct mask_spans *spans)
{
    if (spans->first > spans->count / 2) {
        spans->count -= spans->first;
        memmove(spans->items, spans->items + spans->first, spans->count * sizeof *spans->items);
        spans->first = 0;
    }
    if (spans->count < spans->capacity)
        return 0;
    size_t capacity = spans->capacity == 0 ? CAPACITY_MIN : spans->capacity * 2;
    struct mask_span *grown = mem_resize(spans->items, capacity, sizeof *grown);
    if (grown == NULL)
        return ERR_MEMORY;
    spans->items = grown;
    spans->capacity = capacity;
    return 0;
}

static void join(struct mask_span *into, const struct mask_span *other)
{
    if (other->start < into->start || (other->start == into->start && other->rank < into->rank)) {
        into->start = other->start;
        into->label = other->label;
        into->rank = other->rank;
    }
    into->end = other->end > into->end ? other->end : into->end;
}

int spans_add(struct mask_spans *spans, const struct mask_span *span)
{
    struct mask_span joined = *span;

    if (make_room(spans) != 0)
        return ERR_MEMORY;
    size_t to = spans->count;
    while (to > spans->first && spans->items[to - 1].start > span->end)
        to--;
    size_t from = to; /* items[from, to) overlap or touch it */
    while (from > spans->first && spans->items[from - 1].end >= span->start)
        join(&joined, &spans->items[--from]);
    memmove(&spans->items[from + 1], &spans->items[to],
            (spans->count - to) * sizeof spans->items[0]);
    spans->items[from] = joined;
    spans->count = spans->count - (to - from) + 1;
    return 0;
}

const struct mask_span *spans_front(const struct mask_spans *spans)
{
    return spans->first < spans->count ? &spans->items[spans->first] : NULL;
}

void spans_pop(struct mask_spans *spans)
{
    spans->first++;
}

bool spans_cover(const struct mask_spans *spans, uint64_t from, uint64_t to)
{
    for (size_t i = spans->first; i < spans->count && spans->items[i].start <= from; i++)
        if (spans->items[i].end >= to)
            return true;
    return false;
}
