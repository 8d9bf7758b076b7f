/* SPDX-License-Identifier: Apache-2.0
 *
 * leak: see leak.h. The watch keeps the tail of the text that stands in the secret text; where that
 * weighs a run, it is a leak, which grows while runs overlap it. */
#include "text/leak.h"

#include "base/mem.h"
#include "text/leak_internal.h"

struct span {
    uint64_t start; /* bytes of the source */
    uint64_t end;
};

struct leak_watch {
    const struct leak_index *index;
    struct leak_reader reader;
    struct leak_tail tail;
    struct span open; /* a leak that may go on, where is_open */
    bool is_open;
    uint64_t told;      /* where the last leak that was settled ended */
    struct span *spans; /* settled, from next_span on */
    size_t span_count;
    size_t span_room;
    size_t next_span;
};

int leak_watch_new(const struct leak_index *index, struct leak_watch **ret_watch)
{
    struct leak_watch *watch = mem_new(1, sizeof *watch);

    if (watch == NULL)
        return ERR_MEMORY;
    watch->index = index;
    if (leak_tail_init(&watch->tail, index) != 0) {
        mem_free(watch);
        return ERR_MEMORY;
    }
    *ret_watch = watch;
    return 0;
}

void leak_watch_free(struct leak_watch *watch)
{
    if (watch == NULL)
        return;
    leak_tail_release(&watch->tail);
    mem_free(watch->spans);
    mem_free(watch);
}

void leak_watch_reset(struct leak_watch *watch)
{
    leak_tail_reset(&watch->tail);
    watch->reader = (struct leak_reader){.at = 0};
    watch->is_open = false;
    watch->told = 0;
    watch->span_count = watch->next_span = 0;
}

static int settle(struct leak_watch *watch)
{
    if (watch->next_span > 0 && watch->next_span == watch->span_count)
        watch->next_span = watch->span_count = 0;
    if (watch->span_count == watch->span_room) {
        size_t room = watch->span_room > 0 ? 2 * watch->span_room : 8;
        struct span *spans = mem_resize(watch->spans, room, sizeof *spans);
        if (spans == NULL)
            return ERR_MEMORY;
        watch->spans = spans;
        watch->span_room = room;
    }
    watch->spans[watch->span_count++] = watch->open;
    watch->told = watch->open.end;
    watch->is_open = false;
    return 0;
}

/* A run of the secret text stands at [start, end). */
static int found(struct leak_watch *watch, uint64_t start, uint64_t end)
{
    int code = 0;

    if (watch->is_open && start >= watch->open.end)
        code = settle(watch);
    if (start < watch->told)
        start = watch->told;
    if (code != 0 || end <= start)
        return code;
    if (!watch->is_open)
        watch->open = (struct span){.start = start};
    watch->open.end = end;
    watch->is_open = true;
    return end - watch->open.start >= LEAK_SPAN_MAX ? settle(watch) : 0;
}

static int take(struct leak_watch *watch, const struct leak_word *word,
                const struct spelling *spelling)
{
    struct leak_place place = {.quarters = word->quarters,
                               .start = spelling_start(spelling, word->start),
                               .end = spelling_end(spelling, word->end - 1)};
    uint64_t start, end;
    uint32_t rank;
    int code = 0;

    leak_tail_add(&watch->tail, word->text, place);
    while (code == 0 && leak_tail_run(&watch->tail, &start, &end, &rank))
        if (!leak_index_is_excused(watch->index, rank))
            code = found(watch, start, end);
    bool is_over =
        watch->tail.count == 0 || watch->tail.places[watch->tail.first].start >= watch->open.end;
    return code == 0 && watch->is_open && is_over ? settle(watch) : code;
}

int leak_watch_advance(struct leak_watch *watch, const struct spelling *spelling)
{
    struct leak_word word;
    int code = 0;

    if (leak_index_is_empty(watch->index)) {
        struct view window = spelling_window(spelling, &watch->reader.at);
        watch->reader.at += window.len;
        return 0;
    }
    while (code == 0 && leak_reader_next(&watch->reader, spelling, &word))
        code = take(watch, &word, spelling);
    if (code == 0 && watch->is_open && spelling_is_finished(spelling))
        code = settle(watch);
    return code;
}

bool leak_watch_next(struct leak_watch *watch, uint64_t *ret_start, uint64_t *ret_end)
{
    if (watch->next_span == watch->span_count)
        return false;
    *ret_start = watch->spans[watch->next_span].start;
    *ret_end = watch->spans[watch->next_span++].end;
    return true;
}

uint64_t leak_watch_clear(const struct leak_watch *watch, const struct spelling *spelling)
{
    const struct leak_tail *tail = &watch->tail;
    struct view unfinished = leak_reader_unfinished(&watch->reader);
    uint64_t clear = spelling_start(spelling, watch->reader.at);
    size_t held = tail->count; /* words of the tail that may begin a leak */
    bool may_go_on = !spelling_is_finished(spelling);

    if (watch->next_span < watch->span_count)
        return watch->spans[watch->next_span].start;
    if (watch->is_open)
        return watch->open.start;
    if (may_go_on && unfinished.len > 0) {
        may_go_on = leak_tail_before(tail, unfinished, &held);
        clear = may_go_on ? spelling_start(spelling, watch->reader.start) : clear;
    }
    if (may_go_on && held > 0)
        clear = tail->places[tail->first + tail->count - held].start;
    return clear > watch->told ? clear : watch->told;
}

uint64_t leak_watch_needs(const struct leak_watch *watch)
{
    return leak_reader_unfinished(&watch->reader).len > 0 ? watch->reader.start : watch->reader.at;
}
